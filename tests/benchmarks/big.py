"""Does a long past slow down the present: ``balance`` with millions of transfers and with none.

Two of our service side by side take turns, one on an empty file, one on a file with a past. A
service checks all sums of its books after it starts; one round falls into that time on purpose,
the others come when it is through.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.balance import BalanceRound, balance_round
from tests.benchmarks.child import Usage
from tests.benchmarks.fill import filled_file
from tests.benchmarks.plan import Plan
from tests.benchmarks.rig import Rig, crowd, rig, wait_quiet
from tests.benchmarks.subjects import Subject

__all__ = ("BigResult", "big")

_WARM_UP_S = 0.5


@dataclass(frozen=True, slots=True)
class BigResult:
    """Rounds with either file, and what the big one costs besides."""

    transfers: int
    file_mb: float
    empty: list[BalanceRound]
    filled: list[BalanceRound]
    while_checking: BalanceRound
    started_in_s: float
    checked_in_s: float
    usage: Usage


async def big(plan: Plan, subject: Subject, progress: Callable[[str], None]) -> BigResult:
    """Measure ``balance`` with a past of ``plan.transfers`` transfers against an empty ledger."""
    town = crowd(1, plan.town_users)
    [(channel, names)] = town.items()
    progress(f"big: {plan.transfers:,} transfers")
    past = filled_file(plan.keep or plan.workdir, channel, names, plan.transfers)

    def furnish(database: Path) -> None:
        shutil.copyfile(past, database)

    async with (
        rig(subject, town, plan.workdir) as empty,
        rig(subject, town, plan.workdir, furnish) as filled,
    ):
        answered_at = time.perf_counter()
        while_checking = await balance_round(filled, plan.round_s)
        await wait_quiet(filled)
        checked_in_s = filled.started_in_s + time.perf_counter() - answered_at
        rounds = await _take_turns(plan, [empty, filled], progress)
        return BigResult(
            transfers=plan.transfers,
            file_mb=past.stat().st_size / 1e6,
            empty=rounds[0],
            filled=rounds[1],
            while_checking=while_checking,
            started_in_s=filled.started_in_s,
            checked_in_s=checked_in_s,
            usage=filled.child.usage(),
        )


async def _take_turns(
    plan: Plan, rigs: list[Rig], progress: Callable[[str], None]
) -> list[list[BalanceRound]]:
    for running in rigs:
        await balance_round(running, _WARM_UP_S)
    rounds: list[list[BalanceRound]] = [[] for _ in rigs]
    for number in range(plan.rounds):
        progress(f"big, round {number + 1} of {plan.rounds}")
        for running, found in zip(rigs, rounds, strict=True):
            found.append(await balance_round(running, plan.round_s))
    return rounds
