"""The service as operators run it: a process with a configuration file, signals and a log."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import anyio
from tests.integration.service.house import free_port, settings_of

__all__ = ("ServiceProcess", "run_once", "write_config")

COMMAND = (sys.executable, "-m", "kryten_economy", "--config")


def write_config(folder: Path, url: str, channel: str, **changes: Any) -> Path:
    """A configuration file whose books are ``economy.db`` beside it. JSON is YAML."""
    metrics = {"enabled": True, "host": "127.0.0.1", "port": free_port()}
    settings = settings_of(folder, url, channel, **{"metrics": metrics, **changes})
    path = folder / "config.yaml"
    path.write_text(json.dumps(settings), encoding="utf-8")
    return path


def run_once(config: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """A start that is expected to end by itself."""
    command = [*COMMAND, str(config), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)


class ServiceProcess:
    """``async with ServiceProcess(config) as service:``; killed at the end if it still runs."""

    def __init__(self, config: Path) -> None:
        self.config = config
        settings = json.loads(config.read_text(encoding="utf-8"))
        self.books = Path(settings["database"]["path"])
        self.health_url = f"http://127.0.0.1:{settings['metrics']['port']}/health"
        self._log = config.parent / f"log-{time.monotonic_ns()}"
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        with self._log.open("wb") as stream:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - forking takes a millisecond
                [*COMMAND, str(self.config)], stderr=stream, stdout=stream, start_new_session=True
            )
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        with anyio.CancelScope(shield=True):
            await self.kill()
        if error is not None:
            lines = self.raw_log().splitlines()
            print(
                "\n".join([*(each for each in lines if not each.startswith("<6>")), *lines[-20:]])
            )

    def terminate(self) -> None:
        """What systemd sends first."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    async def kill(self) -> None:
        """End it without a chance to say goodbye."""
        if self._process is not None and self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGKILL)
            await self.ended(30)

    async def ended(self, within_s: float) -> int:
        """Wait for the end; the exit code."""
        assert self._process is not None
        with anyio.fail_after(within_s):
            while (code := self._process.poll()) is None:  # noqa: ASYNC110 - a process gives no event
                await anyio.sleep(0.01)
        return code

    def log(self) -> Iterator[dict[str, Any]]:
        """The lines so far, as journald would get them."""
        for line in self._log.read_text(encoding="utf-8").splitlines():
            if line.startswith("<") and line.endswith("}"):
                yield json.loads(line[line.index("{") :])

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The lines about something."""
        return [line for line in self.log() if event in str(line.get("event"))]

    def raw_log(self) -> str:
        """All that was printed."""
        return self._log.read_text(encoding="utf-8")

    async def until_logged(self, event: str, within_s: float = 30.0) -> dict[str, Any]:
        """Wait for a line about something."""
        with anyio.fail_after(within_s):
            while not (lines := self.logged(event)):  # noqa: ASYNC110 - a file gives no event
                await anyio.sleep(0.02)
        return lines[0]

    async def health(self) -> int:
        """The status of /health; 0 while nobody answers."""
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(self.health_url, timeout=aiohttp.ClientTimeout(5)) as response,
            ):
                return response.status
        except (aiohttp.ClientError, TimeoutError):
            return 0

    async def until_health(self, status: int, within_s: float = 30.0) -> None:
        """Wait until /health answers so."""
        seen = -1
        with anyio.move_on_after(within_s):
            while (seen := await self.health()) != status:
                assert self._process is not None
                assert self._process.poll() is None, self.raw_log()[-2000:]
                await anyio.sleep(0.05)
            return
        raise TimeoutError(f"/health answered {seen}, not {status}")
