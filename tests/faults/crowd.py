"""The real ledger, reader and start-up sweep of the service, and a crowd that asks at once.

Used by a process that is going to be killed and, on a failing disk, by the test's own one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import anyio
from tests.actors.house import settings_with
from tests.faults.load import ASKERS, CHANNEL, Crowd
from tests.faults.witness import Told, told

from economy_actors.clock import SystemClock
from economy_actors.context import Context, LiveSettings
from economy_actors.gateway.bus import Bus
from economy_actors.ledger import LEDGER_MAILBOX, Executor, Ledger
from economy_actors.messages.ledger import LedgerMessage, commit
from economy_actors.metrics.metrics import Metrics
from economy_actors.root import Parts, Root
from economy_actors.runtime import ActorGone, AskExpired, AskFailed, Observer, Ref, open_system
from kryten_economy.dice import Dice
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.operation import Request

__all__ = ("LOADING", "REPLAY", "SWEPT", "Report", "Rig", "run_crowd")

SWEPT, LOADING, REPLAY = "swept", "loading", -1
_PATIENCE = 12
"""How often an asker who got no answer asks again before it counts as a lost answer."""

Report = Callable[[list[object]], None]
"""Takes ``[asker, step, told]``, ``[REPLAY, index, told]``, ``["swept"]`` or ``["loading"]``."""


@dataclass(slots=True)
class Rig:
    """What a run is made of."""

    books: Callable[[], Executor[Books]]
    reports: Callable[[], Executor[Reports]]
    crowd: Crowd
    replays: Sequence[Request[Any]] = ()
    steps: int | None = None
    """How many steps each asker takes; without limit until the process is killed."""
    load_s: float | None = None
    """When to stop cleanly in the middle of the load."""
    unknowns: int = field(default=0, init=False)


class BooksOnly(Root):
    """The service's root as far as the books go, with its own sweep of what is orphaned."""

    async def started(self) -> None:
        context, parts = self._context, self._parts
        context.ledger = await self.spawn_started(
            "ledger",
            lambda: Ledger(parts.books, context.metrics, _hear_nothing, _hear_nothing),
            capacity=LEDGER_MAILBOX,
        )
        context.reader = await self.spawn_started("reader", self._reader)
        await self._settle_the_past()


def _hear_nothing(_told: object) -> None:
    """There is no channel to hear what has changed, and no operator."""


def _context() -> Context:
    settings = settings_with(channels=[{"domain": "cytube.test", "channel": CHANNEL}])
    metrics = Metrics(channels=[CHANNEL], commands=[])
    return Context(LiveSettings(settings), SystemClock(), metrics, Dice(1), "torture")


async def run_crowd(rig: Rig, report: Report) -> None:
    """Start, sweep, repeat the past, ask for new things, and stop with everything drained."""
    context = _context()
    bus = Bus(context.live.settings)
    parts = Parts(rig.books, rig.reports, bus, None, _hear_nothing, _hear_nothing)
    async with open_system(observer=Observer()) as system:
        await system.spawn_root("root", lambda: BooksOnly(context, parts, (CHANNEL,)))
        report([SWEPT])
        async with anyio.create_task_group() as watch:
            watch.start_soon(system.wait_failed)
            await _repeat(rig, context.ledger, report)
            report([LOADING])
            with anyio.move_on_after(rig.load_s if rig.load_s is not None else float("inf")):
                async with anyio.create_task_group() as tasks:
                    for asker in range(ASKERS):
                        tasks.start_soon(_ask_on, rig, asker, context.ledger, report)
            watch.cancel_scope.cancel()
        await system.stop(9)


async def _repeat(rig: Rig, ledger: Ref[LedgerMessage], report: Report) -> None:
    """Everything that may have been done before is asked again by its id."""
    todo = iter(enumerate(rig.replays))
    async with anyio.create_task_group() as tasks:
        for _ in range(ASKERS):
            tasks.start_soon(partial(_repeat_some, rig, todo, ledger, report))


async def _repeat_some(
    rig: Rig, todo: Iterator[tuple[int, Request[Any]]], ledger: Ref[LedgerMessage], report: Report
) -> None:
    for index, request in todo:
        report([REPLAY, index, await _ask(rig, ledger, request)])


async def _ask_on(rig: Rig, asker: int, ledger: Ref[LedgerMessage], report: Report) -> None:
    step = 0
    while rig.steps is None or step < rig.steps:
        report([asker, step, await _ask(rig, ledger, rig.crowd.request(asker, step))])
        step += 1


async def _ask(rig: Rig, ledger: Ref[LedgerMessage], request: Request[Any]) -> Told:
    """The service's own way to ask; who still has no answer waits and asks again by id."""
    for _ in range(_PATIENCE):
        try:
            return told(await commit(ledger, request))
        except (AskExpired, AskFailed):
            rig.unknowns += 1
            await anyio.sleep(0.01)
        except ActorGone:
            # The books are gone for good; the tree's end, which takes a moment, ends the asker.
            rig.unknowns += 1
            await anyio.sleep(2)
    raise AssertionError(f"no answer to {request}")
