"""Finding the outside programs that check the files under ``ops/``."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

__all__ = ("OPS", "checked_by", "run")

OPS = Path(__file__).parents[3] / "ops"


def checked_by(program: str, *, required_in_ci: bool) -> str:
    """The program's path; without it the test is skipped, or fails where CI must have it."""
    found = shutil.which(program)
    if found is None and required_in_ci and os.environ.get("CI") == "true":
        pytest.fail(f"{program} is not installed, and CI must have it")
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


def run(command: Sequence[str | Path], **environ: str) -> None:
    """Run a checker and fail with what it said."""
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        capture_output=True,
        text=True,
        timeout=50,
        env=os.environ | environ,
    )
    assert done.returncode == 0, done.stdout + done.stderr
