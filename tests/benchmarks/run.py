"""One run: all services side by side, their rounds taking turns.

Interleaving (A B C A B C) spreads whatever else the machine does over all services alike. A
service that fails is named in the notes and left out; the others go on.
"""

import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TypeVar

import anyio
from tests.benchmarks.balance import BalanceRound, balance_round
from tests.benchmarks.big import BigResult, big
from tests.benchmarks.burst import BurstResult, burst
from tests.benchmarks.chat import ChatRound, chat_round
from tests.benchmarks.ledger import LedgerRound, ledger_rounds
from tests.benchmarks.pages import PagesResult, pages
from tests.benchmarks.plan import Plan
from tests.benchmarks.presence import PresenceResult, presence
from tests.benchmarks.prompt import PromptResult, prompt
from tests.benchmarks.rig import Rig, RigError, crowd, rig
from tests.benchmarks.subjects import OURS, Subject, living_subject, talk_subjects

__all__ = ("Findings", "run_all")

_WARM_UP_S = 0.5
_Round = TypeVar("_Round")


@dataclass(slots=True)
class Findings:
    """Everything measured, by service; of the books alone by kind of request."""

    ledger: dict[str, list[LedgerRound]] = field(default_factory=dict)
    chat: dict[str, list[ChatRound]] = field(default_factory=dict)
    balance: dict[str, list[BalanceRound]] = field(default_factory=dict)
    prompt: PromptResult | None = None
    burst: BurstResult | None = None
    presence: dict[str, PresenceResult] = field(default_factory=dict)
    big: BigResult | None = None
    pages: PagesResult | None = None
    notes: list[str] = field(default_factory=list)

    def failed(self, failure: RigError) -> None:
        """Keep what a service died of: its last line for the report, all of it for the terminal."""
        first, *rest = str(failure).splitlines()
        note = " ".join([first, *rest[-1:]])
        if note not in self.notes:
            self.notes.append(note)
        _progress(str(failure))


async def run_all(plan: Plan, subjects: Sequence[Subject]) -> Findings:
    """Measure every part of the plan for every service."""
    found = Findings()
    ours = next((subject for subject in subjects if subject.name == OURS), None)
    if "ledger" in plan.parts and ours is not None:
        found.ledger = await ledger_rounds(plan.workdir, plan.rounds, plan.round_s, _progress)
    if plan.parts & {"chat", "balance"}:
        await _town(plan, subjects, found)
    if "balance" in plan.parts and ours is not None:
        try:
            found.prompt = await prompt(plan, ours, _progress)
        except RigError as failure:
            found.failed(failure)
    if "burst" in plan.parts and ours is not None:
        await _burst(plan, ours, found)
    if "presence" in plan.parts:
        await _presence(plan, subjects, found)
    if "big" in plan.parts and ours is not None:
        try:
            found.big = await big(plan, ours, _progress)
        except RigError as failure:
            found.failed(failure)
    if "pages" in plan.parts and ours is not None:
        try:
            found.pages = await pages(plan, ours, _progress)
        except RigError as failure:
            found.failed(failure)
    return found


async def _town(plan: Plan, subjects: Sequence[Subject], found: Findings) -> None:
    async with AsyncExitStack() as stack:
        rigs: list[Rig] = []
        for subject in subjects:
            _progress(f"starting {subject.name}")
            try:
                start = rig(subject, crowd(1, plan.town_users), plan.workdir)
                rigs.append(await stack.enter_async_context(start))
            except RigError as failure:
                found.failed(failure)
        if "balance" in plan.parts:
            await _interleave("balance", balance_round, plan, rigs, found.balance, found)
        if "chat" in plan.parts:
            await _interleave("chat", chat_round, plan, rigs, found.chat, found)
    ours = [subject for subject in subjects if subject.name == OURS]
    if "chat" in plan.parts and ours:
        await _talk(plan, talk_subjects(*ours), found)


async def _talk(plan: Plan, pair: Sequence[Subject], found: Findings) -> None:
    """What a line costs that only counts, and what one that all triggers judge."""
    async with AsyncExitStack() as stack:
        try:
            rigs = [
                await stack.enter_async_context(
                    rig(subject, crowd(1, plan.town_users), plan.workdir)
                )
                for subject in pair
            ]
        except RigError as failure:
            found.failed(failure)
            return
        await _interleave("talk", chat_round, plan, rigs, found.chat, found)


async def _burst(plan: Plan, subject: Subject, found: Findings) -> None:
    """A service of its own, by itself: the burst takes all that there is."""
    _progress(f"burst of {plan.burst:,} lines")
    try:
        async with rig(subject, crowd(1, plan.town_users), plan.workdir) as running:
            found.burst = await burst(running, plan.burst)
    except RigError as failure:
        found.failed(failure)


async def _interleave(
    part: str,
    measure: Callable[[Rig, float], Awaitable[_Round]],
    plan: Plan,
    rigs: list[Rig],
    rounds: dict[str, list[_Round]],
    found: Findings,
) -> None:
    for number in range(plan.rounds + 1):
        for running in list(rigs):
            name = running.subject.name
            _progress(f"{part}, round {number} of {plan.rounds}: {name}")
            try:
                outcome = await measure(running, plan.round_s if number else _WARM_UP_S)
            except RigError as failure:
                found.failed(failure)
                rigs.remove(running)
                continue
            if number:
                rounds.setdefault(name, []).append(outcome)


async def _presence(plan: Plan, subjects: Sequence[Subject], found: Findings) -> None:
    """All services wait for their minutes at the same time: a minute is mostly waiting."""
    async with anyio.create_task_group() as tasks:
        for subject in subjects:
            tasks.start_soon(_one_presence, plan, subject, found)
    # By itself: at the same full minute it would take the cores from the others.
    for subject in subjects:
        if subject.name == OURS and plan.minutes:
            await _one_presence(plan, living_subject(subject), found)


async def _one_presence(plan: Plan, subject: Subject, found: Findings) -> None:
    channels = min(plan.channels, max(1, subject.users_max // plan.users_each))
    users_each = min(plan.users_each, subject.users_max)
    _progress(f"presence: {subject.name} with {channels * users_each} users")
    try:
        async with rig(subject, crowd(channels, users_each), plan.workdir) as running:
            found.presence[subject.name] = await presence(running, plan.minutes)
    except RigError as failure:
        found.failed(failure)
    _progress(f"presence: {subject.name} done")


def _progress(text: str) -> None:
    sys.stderr.write(f"{text}\n")
