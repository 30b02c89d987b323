"""The command line as a child: it gives way, stays within its limits, and ends with its parent."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kryten_economy.cli.child import FAILED, TOO_MUCH


@contextmanager
def child(does: str) -> Iterator["subprocess.Popen[str]"]:
    """A child whose command does this instead of what the command line would."""
    started = (
        "import time; from kryten_economy.cli import child\n"
        f"child.main = lambda arguments: {does}\nchild.run()"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", started], stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as process:
        yield process
        process.kill()


def test_it_gives_way_and_ends_with_its_parent() -> None:
    """Everybody else goes first; when its input is closed, as a dead parent's is, it ends."""
    with child("print('here', flush=True) or time.sleep(600)") as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "here\n"
        assert os.getpriority(os.PRIO_PROCESS, process.pid) == 19
        process.stdin.close()
        assert process.wait(20) == FAILED


@pytest.mark.parametrize(
    ("does", "code", "said"),
    [
        ("len(bytearray(2**30))", TOO_MUCH, "MemoryError"),
        ("1 / 0", FAILED, "ZeroDivisionError"),
        ("1", 1, ""),
        ("0", 0, ""),
    ],
)
def test_its_end_tells_what_happened(does: str, code: int, said: str) -> None:
    """A defect and too much memory are other codes than what the command answers."""
    with child(does) as process:
        assert process.wait(20) == code
        assert process.stderr is not None
        assert said in process.stderr.read()
