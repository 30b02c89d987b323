"""An actor system: the task group, the timers and the root of one tree."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

import anyio
import structlog
from anyio.abc import TaskGroup

from economy_actors.runtime import orders
from economy_actors.runtime.actor import Actor
from economy_actors.runtime.cell import Cell, State
from economy_actors.runtime.faults import RootFailed
from economy_actors.runtime.observer import Observer
from economy_actors.runtime.ref import Ref
from economy_actors.runtime.timers import Timers

__all__ = ("ActorSystem", "DrainReport", "current_trace", "open_system")

M = TypeVar("M")

_current: ContextVar[Cell | None] = ContextVar("current_actor", default=None)
_log = structlog.get_logger("runtime")


def _loop_clock() -> Callable[[], float]:
    """The event loop's clock; bound once, since looking it up costs more than reading it."""
    try:
        return asyncio.get_running_loop().time
    except RuntimeError:
        return anyio.current_time


@dataclass(frozen=True, slots=True)
class DrainReport:
    """What a stop did with the messages that were still waiting."""

    drained: int
    dropped: int
    seconds: float


def current_trace() -> str | None:
    """The trace id of the message that the current task handles."""
    cell = _current.get()
    return cell.envelope.trace if cell is not None else None


class ActorSystem:
    """One tree of actors. Use `open_system`; chance is a callable giving numbers in [0, 1)."""

    def __init__(
        self, tasks: TaskGroup, *, observer: Observer, chance: Callable[[], float]
    ) -> None:
        self._tasks = tasks
        self.observer = observer
        self.chance = chance
        self.now_s = _loop_clock()
        self.timers = Timers(self.now_s)
        self.live: set[Cell] = set()
        self.stopping = False
        self.closed = False
        self.drained = 0
        self.dropped = 0
        self.failure: BaseException | None = None
        self._root: Cell | None = None
        self._failed = anyio.Event()

    # For the tree's own parts

    def start(self, run: Callable[..., Coroutine[Any, Any, None]], *arguments: object) -> None:
        """Run a coroutine in the system's task group."""
        self._tasks.start_soon(run, *arguments)

    def current(self) -> Cell | None:
        """The actor on whose behalf the current task runs."""
        return _current.get()

    def enter(self, cell: Cell) -> None:
        """Mark the current task as the one of ``cell``."""
        _current.set(cell)

    def root_failed(self, failure: BaseException) -> None:
        """The root has failed: nobody is left to restart it."""
        self.failure = failure
        self._failed.set()

    # For the composition root

    async def spawn_root(
        self, name: str, factory: Callable[[], Actor[M]], *, capacity: int = 64
    ) -> Ref[M]:
        """Start the root and wait until it has started; raises RootFailed."""
        self._root = Cell(
            self, None, name, factory, capacity=capacity, lazy=False, idle_s=None, kind=name
        )
        self._root.wake()
        assert self._root.settled is not None
        await self._root.settled.wait()
        if self._root.state is not State.LIVE:
            raise RootFailed(name) from self.failure
        return self._root.ref

    async def wait_failed(self) -> None:
        """Wait until the root has failed, then raise RootFailed."""
        await self._failed.wait()
        raise RootFailed("the tree has failed") from self.failure

    async def stop(self, within_s: float) -> DrainReport:
        """Drain the tree from the root downwards and report what was saved and what was lost."""
        began_s = self.now_s()
        self.stopping = True
        if self._root is not None:
            await orders.drain(self._root, began_s + within_s)
        self.closed = True
        report = DrainReport(self.drained, self.dropped, self.now_s() - began_s)
        _log.info("drained", drained=report.drained, dropped=report.dropped, seconds=report.seconds)
        return report

    def abandon(self) -> None:
        """With all tasks gone, end what was left: mailboxes close, open replies fail."""
        if self._root is not None:
            orders.abandon(self._root)

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
            tasks.start_soon(system.timers.run)
            try:
                yield system
            finally:
                system.closed = True
                tasks.cancel_scope.cancel()
    finally:
        if system is not None:
            system.abandon()
