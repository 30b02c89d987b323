"""The real ledger, reader and start-up sweep of the service, and a crowd that asks at once.

Used by a process that is going to be killed and, on a failing disk, by the test's own one.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import anyio
from tests.actors.house import settings_with
from tests.faults.load import ASKERS, CHANNEL, NOW_MS, Crowd
from tests.faults.play import HOUR_MS
from tests.faults.play_witness import Told, opens
from tests.faults.witness import told

from economy_actors.clock import SteppedClock
from economy_actors.context import Context, LiveSettings
from economy_actors.gateway.bus import Bus
from economy_actors.ledger import LEDGER_MAILBOX, Executor, Ledger
from economy_actors.messages.ledger import LedgerMessage, commit, query
from economy_actors.messages.tables import GiveBackSlot, SlotTaken, TakeSlot
from economy_actors.metrics.metrics import Metrics
from economy_actors.root import Parts, Root
from economy_actors.runtime import (
    Actor,
    ActorGone,
    AskExpired,
    AskFailed,
    Observer,
    Ref,
    Reply,
    open_system,
)
from kryten_economy.dice import Dice
from kryten_economy.features.games.tables import open_rounds
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.operation import Act, Request
from kryten_economy.refusals import CoolingDown, Occupied

__all__ = (
    "ASKING",
    "LAST_STEPS",
    "LOADING",
    "REPLAY",
    "RESUMED",
    "SWEPT",
    "Report",
    "Rig",
    "run_crowd",
    "run_script",
)

SWEPT, RESUMED, LOADING, ASKING, REPLAY = "swept", "resumed", "loading", "asking", -1
LAST_STEPS = 36
"""So many steps each asker takes in the run that ends a file in peace."""
_PATIENCE = 12
"""How often an asker who got no answer asks again before it counts as a lost answer."""

Report = Callable[[list[object]], None]
"""Takes ``[asker, step, told]``, ``[REPLAY, index, told]``, ``["swept"]`` and the like."""


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
    in_peace: bool = False
    """Whether nobody disturbs it: then it is given the time to end what was left."""
    unknowns: int = field(default=0, init=False)

    def learn(self, request: Request[Any], words: Told) -> None:
        """Once it is told, everybody may use it."""
        if isinstance(request, Act):
            self.crowd.numbers.update(opens(request, words))


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
        await self.spawn_started("announcers", lambda: Deaf(context))
        await self.spawn_started("floors", self._floors())


class Deaf(Actor[Any]):
    """Stands for what tells things to the channel; nobody is there to hear them."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def started(self) -> None:
        """Be told everything there is to tell."""
        self._context.outboxes[CHANNEL] = self.ref

    async def receive(self, _message: object) -> None:
        """Tell nobody."""


def _hear_nothing(_told: object) -> None:
    """There is no channel to hear what has changed, and no operator."""


def _context(generation: int) -> Context:
    settings = settings_with(channels=[{"domain": "cytube.test", "channel": CHANNEL}])
    metrics = Metrics(channels=[CHANNEL], commands=[])
    clock = SteppedClock(NOW_MS + generation * HOUR_MS)
    return Context(LiveSettings(settings), clock, metrics, Dice(1), "torture")


@asynccontextmanager
async def service(rig: Rig, report: Report) -> AsyncIterator[Context]:
    """The books, their reader, and the floor with its tables, which take up what was left."""
    context = _context(rig.crowd.generation)
    bus = Bus(context.live.settings)
    parts = Parts(rig.books, rig.reports, bus, None, _hear_nothing, _hear_nothing)
    async with open_system(observer=Observer()) as system:
        await system.spawn_root("root", lambda: BooksOnly(context, parts, (CHANNEL,)))
        report([SWEPT])
        async with anyio.create_task_group() as watch:
            watch.start_soon(system.wait_failed)
            yield context
            watch.cancel_scope.cancel()
        await system.stop(9)


async def run_crowd(rig: Rig, report: Report) -> None:
    """Start, sweep, repeat the past, ask for new things, and stop with everything drained."""
    async with service(rig, report) as context, anyio.create_task_group() as watch:
        watch.start_soon(_await_floor, context, report)
        left = await _left(context) if rig.in_peace else set()
        await _repeat(rig, context.ledger, report)
        report([LOADING])
        with anyio.move_on_after(rig.load_s if rig.load_s is not None else float("inf")):
            async with anyio.create_task_group() as tasks:
                for asker in range(ASKERS):
                    tasks.start_soon(_ask_on, rig, asker, context.ledger, report)
        if rig.in_peace:
            await _until_settled(context, left)
        watch.cancel_scope.cancel()


async def run_script(rig: Rig, report: Report) -> None:
    """Ask for one thing after the other, and wait to be killed."""
    async with service(rig, report) as context:
        for index, request in enumerate(rig.replays):
            report([ASKING, index])
            report([REPLAY, index, await _ask(rig, context.ledger, request)])
        await anyio.sleep_forever()


async def _await_floor(context: Context, report: Report) -> None:
    """Say so when the floor has seen to the rounds that an earlier run has left."""
    floor = context.floors[CHANNEL]
    while True:
        with suppress(AskExpired, AskFailed, ActorGone):
            answer = await floor.ask(_take_slot, timeout_s=5)
            if isinstance(answer, SlotTaken):
                floor.offer(GiveBackSlot(answer.token))
                report([RESUMED])
                return
        await anyio.sleep(0.005)


def _take_slot(reply: Reply[SlotTaken | Occupied | CoolingDown]) -> TakeSlot:
    return TakeSlot("heist", reply)


async def _left(context: Context) -> set[int]:
    """The rounds that are not over, by their numbers."""
    rows = await query(context.reader, lambda reader: open_rounds(reader, CHANNEL))
    return {each.number for each in rows}


async def _until_settled(context: Context, left: set[int]) -> None:
    """Wait until nothing is left of the rounds of earlier runs, which are overdue by now."""
    with anyio.fail_after(20):
        while left & await _left(context):  # noqa: ASYNC110 - the books give no event
            await anyio.sleep(0.02)


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
        words = await _ask(rig, ledger, request)
        report([REPLAY, index, words])
        rig.learn(request, words)


async def _ask_on(rig: Rig, asker: int, ledger: Ref[LedgerMessage], report: Report) -> None:
    step = 0
    while rig.steps is None or step < rig.steps:
        request = rig.crowd.request(asker, step)
        words = await _ask(rig, ledger, request)
        report([asker, step, words])
        rig.learn(request, words)
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
