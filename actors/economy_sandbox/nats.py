"""A real ``nats-server`` process on a free loopback port, for as long as a block lasts.

Promises: the server chooses its port itself, so no two servers race for one; ``stop`` and
``start`` keep port and store, which is an outage as clients see it; the process ends with
the block, with the interpreter, and (where ``setpriv`` exists) with a killed parent.
Limits: loopback only, one server, no cluster.
"""

import atexit
import json
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import anyio

from economy_sandbox.bus import SandboxError

__all__ = ("NatsServer", "SandboxError", "find_nats_server")

_READY_S = 10.0
_STOP_S = 5.0
_POLL_S = 0.01


def find_nats_server() -> str:
    """The path of the ``nats-server`` binary: beside this interpreter, else on the PATH.

    Raises:
        SandboxError: there is none.
    """
    here = Path(sys.executable).parent
    for place in (str(here), None):
        found = shutil.which("nats-server", path=place)
        if found:
            return found
    raise SandboxError(
        "The program nats-server was not found. Install it with: pip install 'kryten-economy[demo]'"
    )


class NatsServer:
    """``async with NatsServer() as server:`` runs a server; connect clients to ``server.url``.

    ``port`` 0 lets the server choose a free one. ``store_dir`` keeps its files (store, log,
    configuration); without one a temporary folder is used and removed at the end.
    ``config`` is text of a nats-server configuration file, e.g. users and their permissions.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        jetstream: bool = True,
        store_dir: Path | str | None = None,
        config: str | None = None,
    ) -> None:
        self.port = port
        self._jetstream = jetstream
        self._config = config
        self._given_dir = None if store_dir is None else Path(store_dir)
        self._dir = Path()
        self._process: subprocess.Popen[bytes] | None = None
        self._cleanup = ExitStack()

    @property
    def url(self) -> str:
        """The address for clients that need no password."""
        return f"nats://127.0.0.1:{self.port}"

    @property
    def log_path(self) -> Path:
        """The file the server writes its log to."""
        return self._dir / "nats-server.log"

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def url_for(self, user: str, password: str) -> str:
        """The address with a user's name and password in it."""
        return f"nats://{user}:{password}@127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        """Start the server and wait until it takes connections."""
        with ExitStack() as stack:
            self._dir = self._given_dir or Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="kryten-economy-nats-"))
            )
            self._dir.mkdir(parents=True, exist_ok=True)
            stack.callback(self._end)
            # A crash that skips __aexit__ still passes through the interpreter's exit.
            atexit.register(self._end)
            stack.callback(atexit.unregister, self._end)
            await self.start()
            self._cleanup = stack.pop_all()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the process and remove a temporary folder."""
        self._cleanup.close()

    async def start(self) -> None:
        """Start the process on the same port and store as before; no effect while it runs.

        Raises:
            SandboxError: the binary is missing, or the server did not come up.
        """
        if self.is_running:
            return
        for old in self._dir.glob("*.ports"):
            old.unlink()
        self._process = self._spawned()
        try:
            with anyio.fail_after(_READY_S):
                self.port = await self._announced_port()
                await self._answers()
        except TimeoutError:
            self._end()
            raise SandboxError(f"nats-server did not get ready: {self._log_tail()}") from None
        except BaseException:
            self._end()
            raise

    async def stop(self, *, kill: bool = False) -> None:
        """End the process, as an outage does; ``kill`` gives it no chance to say goodbye."""
        if self._process is None:
            return
        if kill:
            self._process.kill()
        else:
            self._process.terminate()
        with anyio.move_on_after(_STOP_S):
            while self._process.poll() is None:  # noqa: ASYNC110 - a process sets no event
                await anyio.sleep(_POLL_S)
        self._end()

    def _spawned(self) -> subprocess.Popen[bytes]:
        # Not anyio's process: that one lives in a loop, and _end must work without one.
        return subprocess.Popen(  # noqa: S603 - our own binary, no shell
            self._command(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Ctrl-C at a terminal goes to all of its group; the bus must outlive the service.
            start_new_session=True,
        )

    def _command(self) -> list[str]:
        command = [find_nats_server()]
        guard = shutil.which("setpriv")
        if guard is not None:
            # Without it a killed test run would leave the server behind.
            command = [guard, "--pdeathsig", "KILL", *command]
        command += ["-a", "127.0.0.1", "-p", str(self.port or -1), "-l", str(self.log_path)]
        command += ["--ports_file_dir", str(self._dir)]
        if self._jetstream:
            command += ["-js", "-sd", str(self._dir / "store")]
        if self._config is not None:
            path = self._dir / "nats-server.conf"
            path.write_text(self._config, encoding="utf-8")
            command += ["-c", str(path)]
        return command

    async def _announced_port(self) -> int:
        while True:
            for path in self._dir.glob("*.ports"):
                text = path.read_text(encoding="utf-8")
                if text.endswith("}"):
                    return int(json.loads(text)["nats"][0].rsplit(":", 1)[1])
            assert self._process is not None
            if self._process.poll() is not None:
                raise SandboxError(f"nats-server ended at once: {self._log_tail()}")
            await anyio.sleep(_POLL_S)

    async def _answers(self) -> None:
        while True:
            try:
                stream = await anyio.connect_tcp("127.0.0.1", self.port)
            except OSError:
                await anyio.sleep(_POLL_S)
                continue
            async with stream:
                await stream.receive()
            return

    def _log_tail(self) -> str:
        if not self.log_path.exists():
            return "it wrote no log"
        return self.log_path.read_text(encoding="utf-8", errors="replace")[-500:].strip()

    def _end(self) -> None:
        """End the process now, without awaiting: also for exits where no loop runs."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()
