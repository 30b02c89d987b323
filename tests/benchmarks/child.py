"""A service as a child process: start, resource use from /proc, stop.

Linux only. CPU time has the resolution of the kernel's clock tick (usually 10 ms), so a round
should burn some hundred milliseconds at least.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import STDOUT

import anyio
from anyio.abc import Process

__all__ = ("Child", "Usage", "start_child")

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_STOP_S = 15.0
_TAIL_LINES = 12


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has used so far: CPU seconds of all its threads, memory in MB."""

    cpu_s: float
    rss_mb: float
    rss_peak_mb: float


@dataclass(frozen=True, slots=True)
class Child:
    """A running service under test; its output goes to ``log``."""

    process: Process
    log: Path

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self.process.returncode is not None

    def cpu_s(self) -> float:
        """CPU seconds used by all threads so far, user and system."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii")
        # The command name may hold spaces; the numbers begin after its closing bracket.
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S

    def usage(self) -> Usage:
        """CPU and memory as the kernel counts them now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        sizes = {
            key: int(rest.split()[0]) / 1024
            for key, _, rest in (line.partition(":") for line in status.splitlines())
            if key in {"VmRSS", "VmHWM"}
        }
        return Usage(cpu_s=self.cpu_s(), rss_mb=sizes["VmRSS"], rss_peak_mb=sizes["VmHWM"])

    def tail(self) -> str:
        """The last lines the service has written."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-_TAIL_LINES:])

    async def stop(self) -> None:
        """Ask the service to end; kill it when it has not ended after 15 s."""
        with suppress(ProcessLookupError):
            self.process.terminate()
            with anyio.move_on_after(_STOP_S):
                await self.process.wait()
                return
            self.process.kill()
            await self.process.wait()


async def start_child(command: Sequence[str], log: Path, env: Mapping[str, str]) -> Child:
    """Start a command with its output in ``log``; it does not outlive the harness.

    Raises:
        OSError: the program can't be started.
    """
    guard = shutil.which("setpriv")
    if guard is not None:
        command = [guard, "--pdeathsig", "KILL", *command]
    with log.open("wb") as sink:
        process = await anyio.open_process(
            command, stdin=None, stdout=sink, stderr=STDOUT, env={**os.environ, **env}
        )
    return Child(process=process, log=log)
