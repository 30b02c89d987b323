"""An actor system: the task group, the timers and the root of one tree."""

import asyncio
import heapq
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeVar

import anyio
import structlog
from anyio.abc import TaskGroup

from economy_actors.runtime.actor import Actor, Ref, Timer
from economy_actors.runtime.cell import Cell
from economy_actors.runtime.dispatch import Dispatch, State
from economy_actors.runtime.mailbox import NEVER_S, RootFailed
from economy_actors.runtime.observer import Observer

__all__ = ("ActorSystem", "DrainReport", "open_system")

M = TypeVar("M")

_TIDY_AT = 1_024
"""So many timers are never looked through for cancelled ones."""

_log = structlog.get_logger("runtime")


def _loop_clock() -> Callable[[], float]:
    """The event loop's clock; bound once, since looking it up costs more than reading it."""
    try:
        return asyncio.get_running_loop().time
    except RuntimeError:
        return anyio.current_time


class _Timers:
    """All timers of a system: one task calls whoever is due, so that none costs a task."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = count()
        self._tidy_at = _TIDY_AT
        self._wake = anyio.Event()
        self._next_s = NEVER_S

    def at(self, when_s: float, call: Callable[[], None]) -> Timer:
        """Call ``call`` (which must neither wait nor raise) at the given loop time."""
        timer = Timer(call)
        heapq.heappush(self._heap, (when_s, next(self._order), timer))
        if when_s < self._next_s:
            self._wake.set()
        if len(self._heap) > self._tidy_at:
            self._tidy()
        return timer

    def _tidy(self) -> None:
        """Drop cancelled timers: each ask has one, and would leave it here until its deadline."""
        self._heap = [each for each in self._heap if each[2].call is not None]
        heapq.heapify(self._heap)
        self._tidy_at = max(_TIDY_AT, 2 * len(self._heap))

    async def run(self) -> None:
        """Serve timers until cancelled."""
        while True:
            self._wake = anyio.Event()
            now_s = self._now_s()
            while self._heap and (self._heap[0][0] <= now_s or self._heap[0][2].call is None):
                timer = heapq.heappop(self._heap)[2]
                if timer.call is not None:
                    call, timer.call = timer.call, None
                    call()
            self._next_s = self._heap[0][0] if self._heap else NEVER_S
            if self._wake.is_set():
                continue
            with anyio.CancelScope(deadline=self._next_s):
                await self._wake.wait()


@dataclass(frozen=True, slots=True)
class DrainReport:
    """What a stop did with the messages that were still waiting."""

    drained: int
    dropped: int
    seconds: float


class ActorSystem:
    """One tree of actors. Use `open_system`; chance is a callable giving numbers in [0, 1)."""

    def __init__(
        self, tasks: TaskGroup, *, observer: Observer, chance: Callable[[], float]
    ) -> None:
        self._tasks = tasks
        self.observer = observer
        self.chance = chance
        self.now_s = _loop_clock()
        self._timers = _Timers(self.now_s)
        self.call_at = self._timers.at
        self.live: set[Dispatch] = set()
        self.stopping = False
        self.closed = False
        self.drained = 0
        self.dropped = 0
        self.failure: BaseException | None = None
        self._root: Cell | None = None
        self._failed = anyio.Event()
        observer.attach(lambda delay_s, call: self.call_at(self.now_s() + delay_s, call))
        self.start(self._timers.run)

    # For the tree's own parts

    def start(self, run: Callable[..., Coroutine[Any, Any, None]], *arguments: object) -> None:
        """Run a coroutine in the system's task group."""
        self._tasks.start_soon(run, *arguments)

    def root_failed(self, failure: BaseException) -> None:
        """The root has failed: nobody is left to restart it."""
        self.failure = failure
        self._failed.set()

    # For the composition root

    async def spawn_root(
        self, name: str, factory: Callable[[], Actor[M]], *, capacity: int = 64
    ) -> Ref[M]:
        """Start the root and wait until it has started; raises RootFailed."""
        root = self._root = Cell(self, None, name, factory, capacity=capacity)
        root.wake()
        assert root.settled is not None
        await root.settled.wait()
        if root.state is not State.LIVE:
            raise RootFailed(name) from self.failure
        return root.ref

    async def wait_failed(self) -> None:
        """Wait until the root has failed, then raise RootFailed."""
        await self._failed.wait()
        raise RootFailed("the tree has failed") from self.failure

    async def stop(self, within_s: float) -> DrainReport:
        """Drain the tree from the root downwards and report what was saved and what was lost."""
        began_s = self.now_s()
        self.stopping = True
        if self._root is not None:
            await self._root.drain(began_s + within_s)
        self.closed = True
        self.observer.flush()
        report = DrainReport(self.drained, self.dropped, self.now_s() - began_s)
        _log.info("drained", drained=report.drained, dropped=report.dropped, seconds=report.seconds)
        return report

    def abandon(self) -> None:
        """With all tasks gone, end what was left: mailboxes close, open replies fail."""
        if self._root is not None:
            self._root.abandon()
        self.observer.flush()

    # For whoever looks from outside

    def at_rest(self) -> bool:
        """Whether no actor handles, holds or awaits anything.

        Those who handle whole batches do not show what they are at.
        """
        return all(cell.at_rest for cell in self.live)

    def depths(self) -> dict[str, tuple[int, float]]:
        """Per class of actor: messages waiting, and the age in seconds of the oldest."""
        now_s = self.now_s()
        result = dict.fromkeys(self.observer.classes, (0, 0.0))
        for cell in self.live:
            if cell.mailbox is None:
                continue
            depth, age_s = result[cell.kind]
            oldest_s = cell.mailbox.oldest_sent_at_s
            waited_s = 0.0 if oldest_s is None else now_s - oldest_s
            result[cell.kind] = (depth + cell.mailbox.depth, max(age_s, waited_s))
        return result


@asynccontextmanager
async def open_system(
    *, observer: Observer | None = None, chance: Callable[[], float] = lambda: 0.0
) -> AsyncIterator[ActorSystem]:
    """A system whose tasks all end with the block."""
    system: ActorSystem | None = None
    try:
        async with anyio.create_task_group() as tasks:
            system = ActorSystem(tasks, observer=observer or Observer(), chance=chance)
            try:
                yield system
            finally:
                system.closed = True
                tasks.cancel_scope.cancel()
    finally:
        if system is not None:
            system.abandon()
