"""PM ``queue``: does the offer of a film come as fast as a ``balance``.

One service with a catalogue behind it answers both in turn. The film has been looked up before, as
it has after a search; a first look-up takes as long as the catalogue's own server.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Final

from tests.benchmarks.balance import BalanceRound, askers_of, balance_round
from tests.benchmarks.plan import Plan
from tests.benchmarks.rig import BALANCE, Rig, RigError, crowd, rig
from tests.benchmarks.subjects import Subject

from economy_sandbox.catalogue import MediaCmsSite, films

__all__ = ("QUEUE_TO_BALANCE_MAX", "PromptResult", "prompt")

QUEUE_TO_BALANCE_MAX: Final = 1.25
"""The offer's time may be that many times the balance's."""

_FUNDS_Z: Final = 1_000_000
_WARM_UP_S: Final = 0.5
_ANSWER_S: Final = 10.0
_ALONE: Final = 200


@dataclass(slots=True)
class PromptResult:
    """Rounds in turn, and of one user alone the ratio of the median waits, one for each round."""

    offers: list[BalanceRound] = field(default_factory=list)
    balances: list[BalanceRound] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)


async def prompt(plan: Plan, subject: Subject, progress: Callable[[str], None]) -> PromptResult:
    """Measure ``queue`` against ``balance``.

    Raises:
        RigError: the service did not come up, or offers no film.
    """
    found = PromptResult()
    film = films()[0]
    offer = json.dumps(f"queue {film.token}")
    async with (
        MediaCmsSite() as site,
        rig(replace(subject, catalogue_url=site.url), crowd(1, 200), plan.workdir) as running,
    ):
        await _furnish(running, offer)
        for number in range(plan.rounds + 1):
            progress(f"queue beside balance, round {number} of {plan.rounds}")
            round_s = plan.round_s if number else _WARM_UP_S
            offers = await balance_round(running, round_s, offer)
            balances = await balance_round(running, round_s)
            ratio = await _alone(running, offer)
            if number:
                found.offers.append(offers)
                found.balances.append(balances)
                found.alone.append(ratio)
    return found


async def _furnish(running: Rig, offer: str) -> None:
    """Give everybody the money they need to be offered something, and see that they are."""
    channel, users = askers_of(running)
    for user in users:
        given = await running.robot.api(
            "balance.adjust", channel=channel, username=user, amount=_FUNDS_Z, reason="benchmark"
        )
        if given is None:
            raise RigError(f"{running.subject.name} gives no money to {user}")
    asked = await running.robot.ask(channel, users[0], offer, timeout_s=_ANSWER_S)
    answer = running.robot.last_reply(channel, users[0])
    if not asked or "YES" not in answer:
        raise RigError(f"{running.subject.name} offers no film: {answer or 'no answer'}")


async def _alone(running: Rig, offer: str) -> float:
    """How much longer one user waits for an offer while nobody else asks, in the median of many.

    The two take turns one by one, so that whatever else the machine does falls on both.
    """
    channel, users = askers_of(running)
    waits_s: dict[str, list[float]] = {offer: [], BALANCE: []}
    for question in (offer, BALANCE) * _ALONE:
        asked_at = time.perf_counter()
        if not await running.robot.ask(channel, users[0], question, timeout_s=_ANSWER_S):
            raise RigError(f"{running.subject.name} no longer answers")
        waits_s[question].append(time.perf_counter() - asked_at)
    return median(waits_s[offer]) / median(waits_s[BALANCE])
