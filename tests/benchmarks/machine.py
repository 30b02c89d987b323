"""One line that says what the numbers were taken on, the disk's own sync time included."""

import os
import platform
import statistics
import subprocess
import time
from pathlib import Path
from tempfile import NamedTemporaryFile

from economy_sandbox.nats import find_nats_server

__all__ = ("machine_line",)

_SYNCS = 50
_BLOCK = b"\0" * 4096


def machine_line(workdir: Path) -> str:
    """CPU, memory, kernel, Python, nats-server, and what a durable 4 kB write costs here."""
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    server = subprocess.run(
        [find_nats_server(), "--version"], check=True, capture_output=True, text=True
    ).stdout.strip()
    return ", ".join(
        [
            f"{_processor()} × {os.cpu_count()}",
            f"{memory_gb:.0f} GB",
            f"Linux {platform.release()}",
            f"Python {platform.python_version()}",
            server,
            f"databases on {_file_system(workdir)}",
            f"fdatasync of 4 kB {_sync_ms(workdir):.2f} ms (median of {_SYNCS})",
        ]
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _file_system(workdir: Path) -> str:
    found = "", "unknown"
    for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        _, point, kind, *_ = line.split()
        if workdir.resolve().is_relative_to(point) and len(point) >= len(found[0]):
            found = point, kind
    return found[1]


def _sync_ms(workdir: Path) -> float:
    times_ms = []
    with NamedTemporaryFile(dir=workdir) as file:
        for _ in range(_SYNCS):
            file.write(_BLOCK)
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            times_ms.append((time.perf_counter() - began) * 1000)
    return statistics.median(times_ms)
