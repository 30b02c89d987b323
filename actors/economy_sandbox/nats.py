"""A real ``nats-server`` process on a free loopback port, for as long as a block lasts.

Promises: the server chooses its port itself, so no two servers race for one; ``stop`` and
``start`` keep port and store, which is an outage as clients see it; the process ends with
the block, with the interpreter, and (where ``setpriv`` exists) with a killed parent.
Limits: loopback only, one server, no cluster.

The robot's connection to NATS: subjects, buckets, lifecycle messages, requests answered.

It knows how the robot speaks, not what it says: commands and queries are functions given
to it. Limits: one channel per robot, as in reality (`wire.md` 10).
"""

import atexit
import json
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import anyio
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from economy_sandbox.mirror import BUCKETS
from economy_sandbox.outbox import Outbox, Post, SandboxError, arrived, connect, make_bucket
from economy_sandbox.queries import VERSION

__all__ = (
    "COMMAND_SUBJECT",
    "Link",
    "NatsServer",
    "SandboxError",
    "event_subject",
    "find_nats_server",
)

COMMAND_SUBJECT = "kryten.robot.command"
_DROPPED = re.compile(r"[.!@#$%^&*()+=\[\]{}|\\:;\"'<>,?/]")

Handler = Callable[[Msg], Awaitable[None]]


def event_subject(channel: str, event_name: str) -> str:
    """``kryten.events.cytube.<channel>.<event>``, normalised as in `wire.md` 1."""

    def token(text: str) -> str:
        return _DROPPED.sub("", text.lower().replace(" ", "-"))[:100]

    return f"kryten.events.cytube.{token(channel)}.{token(event_name)}"


class Link:
    """One robot's connection; everything it publishes goes through its outbox, in order."""

    def __init__(
        self,
        url: str,
        *,
        domain: str,
        channel: str,
        now_s: Callable[[], float],
        retries_s: Sequence[float],
        reconnect_wait_s: float,
    ) -> None:
        self.url = url
        self.domain = domain
        self.channel = channel
        self.outbox = Outbox(f"kryten_{channel}", retries_s)
        self._now_s = now_s
        self._reconnect_wait_s = reconnect_wait_s
        self._started_s = 0.0
        self._connection: Client | None = None
        self._subscriptions: list[Subscription] = []

    @property
    def is_connected(self) -> bool:
        """Whether NATS is reachable now."""
        return self._connection is not None and self._connection.is_connected

    @property
    def uptime_s(self) -> float:
        """Seconds since this robot process started."""
        return self._now_s() - self._started_s

    async def open(self, handlers: Mapping[str, Sequence[Handler]]) -> None:
        """Connect, make the buckets, serve the subjects, say that a robot has started."""
        self._started_s = self._now_s()
        self._connection = connection = await connect(
            self.url, "kryten-robot", reconnect_wait_s=self._reconnect_wait_s
        )
        self.outbox.use(connection)
        self._subscriptions.clear()
        try:
            self.tell("startup")
            self.tell("connected", target="NATS", servers=[self.url.rsplit("@", 1)[-1]])
            await self._make_buckets(connection)
            for subject, several in handlers.items():
                for handler in several:
                    subscription = await connection.subscribe(subject, cb=handler)
                    self._subscriptions.append(subscription)
            await arrived(connection)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self.close(kill=True)
            raise

    async def close(self, *, kill: bool) -> None:
        """Disconnect; ``kill`` leaves unsaid what has not left yet."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if kill:
            self.outbox.forget()
        else:
            # Without this the server may route a request to a robot that is already gone.
            for subscription in self._subscriptions:
                await subscription.unsubscribe()
            await self.outbox.settled(is_flushed=True)
        self.outbox.use(None)
        await connection.close()

    def envelope(self, event_name: str, payload: Any, **overrides: Any) -> dict[str, Any]:  # noqa: ANN401 - wire data
        """An event as the robot wraps it now; ``overrides`` replace envelope fields."""
        return {
            "event_name": event_name,
            "payload": payload,
            "channel": self.channel,
            "domain": self.domain,
            "timestamp": self._iso(),
            "correlation_id": str(uuid.uuid4()),
            **overrides,
        }

    def post(self, event_name: str, payload: Any, **overrides: Any) -> Post:  # noqa: ANN401 - wire data
        """An event to be published; its envelope is made when its turn comes."""
        make = partial(self.envelope, event_name, payload, **overrides)
        return Post(event_subject(self.channel, event_name), lambda: json.dumps(make()).encode())

    def tell(self, kind: str, **fields: object) -> None:
        """Queue a lifecycle message ``kryten.lifecycle.robot.<kind>`` (`wire.md` 7)."""

        def body() -> bytes:
            return json.dumps(
                {
                    "service": "robot",
                    "version": VERSION,
                    "hostname": "sandbox",
                    "timestamp": self._iso(),
                    "uptime_seconds": round(self.uptime_s, 6),
                    **fields,
                }
            ).encode()

        self.outbox.add([Post(f"kryten.lifecycle.robot.{kind}", body)])

    async def reply(self, msg: Msg, body: Mapping[str, Any]) -> None:
        """Answer a request; a message without reply subject gets none."""
        if msg.reply and self._connection is not None and self._connection.is_connected:
            await self._connection.publish(msg.reply, json.dumps(body).encode())

    async def _make_buckets(self, connection: Client) -> None:
        jetstream = connection.jetstream()
        for bucket in BUCKETS:
            await make_bucket(jetstream, f"kryten_{self.channel}_{bucket}")

    def _iso(self) -> str:
        return datetime.fromtimestamp(self._now_s(), UTC).isoformat(timespec="microseconds")


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
