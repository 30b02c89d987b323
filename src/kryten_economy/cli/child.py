"""``python -m kryten_economy.cli.child``: the command line as a child of the running service.

It gives way to everybody else, takes no more than its share, and ends with whoever started it:
its input is open for as long as they live, and nothing is ever written there. Where the system
forbids one of the limits it goes without.
"""

import os
import resource
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Final

from kryten_economy.cli.main import main

__all__ = ("CPU_S", "FAILED", "MEMORY_BYTES", "TOO_MUCH", "run")

FAILED: Final = 70
"""EX_SOFTWARE of sysexits.h: a defect; standard error tells which."""

TOO_MUCH: Final = 71
"""EX_OSERR: it would have taken more memory than it may."""

MEMORY_BYTES: Final = 384 * 2**20
CPU_S: Final = 240
_NICE: Final = 19


def run() -> None:
    """Do what the arguments say, then end the process."""
    _limit()
    sys.excepthook = _failed
    Thread(target=_end_with_parent, daemon=True).start()
    raise SystemExit(main(sys.argv[1:]))


def _limit() -> None:
    with suppress(OSError):
        os.nice(_NICE)
    for kind, most in ((resource.RLIMIT_DATA, MEMORY_BYTES), (resource.RLIMIT_CPU, CPU_S)):
        with suppress(OSError, ValueError):
            resource.setrlimit(kind, (most, most))
    with suppress(OSError):
        # Where memory is short it is this process that goes, and not the service.
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _end_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os._exit(FAILED)


def _failed(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
    traceback.print_exception(kind, error, where)
    sys.stderr.flush()
    os._exit(TOO_MUCH if issubclass(kind, MemoryError) else FAILED)


if __name__ == "__main__":
    run()
