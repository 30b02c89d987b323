"""A few rounds of the torture; a failing one prints its seed, and ``TORTURE_SEED`` repeats it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize("how", ["kill", "disk"])
def test_every_acknowledged_act_is_there_once(how: str) -> None:
    """Killed or on a breaking disk, 20 times: what was told is in the books, and nothing else."""
    # In a process of its own: this one may have threads, and then must not fork.
    command = [sys.executable, "-m", "tests.faults.torture", "--rounds", "20"]
    if how == "disk":
        command.append("--disk")
    if (seed := os.environ.get("TORTURE_SEED")) is not None:
        command += ["--seed", seed]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PROJECT)
    print(ended.stdout, ended.stderr)
    assert ended.returncode == 0, "see the seed above"
