"""A few rounds of the torture; a failing one prints its seed, and ``TORTURE_SEED`` repeats it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.faults.load import ASKERS, Crowd
from tests.faults.play_audit import PLAYED

from kryten_economy.features.games.rules import GAMES
from kryten_economy.features.games.tables import OpenRound

TURNS = 240
PROJECT = Path(__file__).parents[2]


def test_the_crowd_plays_every_game() -> None:
    """Whoever adds an act to a game has the crowd ask for it while it is killed."""
    crowd = Crowd(1, 0)
    asked = {type(crowd.request(asker, step)) for step in range(TURNS) for asker in range(ASKERS)}
    assert asked >= PLAYED, PLAYED - asked
    games = {
        each.game
        for step in range(1, TURNS, 2)
        for asker in range(ASKERS)
        if isinstance(each := crowd.request(asker, step), OpenRound)
    }
    opened_by_themselves = {"spin", "flip", "blackjack", "challenge", "raffle"}
    assert games | opened_by_themselves == GAMES.keys()


@pytest.mark.slow
@pytest.mark.timeout(240)
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
