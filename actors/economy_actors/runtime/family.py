"""The children of one actor, and how their failures are dealt with.

A failure restarts the child, or the child and all started after it, behind the same refs.
Restarts of one family happen one after the other; too many of them fail the parent.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import anyio

from economy_actors.runtime import orders
from economy_actors.runtime.actor import Actor
from economy_actors.runtime.cell import Cell, State
from economy_actors.runtime.faults import Escalated
from economy_actors.runtime.supervision import Intensity, Strategy

if TYPE_CHECKING:
    from economy_actors.runtime.system import ActorSystem

__all__ = ("Family",)


class Family:
    """Children in the order in which they were started."""

    __slots__ = ("_intensity", "_lock", "_orphans", "children", "parent")

    def __init__(self, parent: Cell, intensity: Intensity) -> None:
        self.parent = parent
        self.children: dict[str, Cell] = {}
        self._orphans: set[str] = set()
        self._intensity = intensity
        self._lock = anyio.Lock()

    @property
    def _system(self) -> "ActorSystem":
        return self.parent.system

    # Birth and adoption

    def spawn(
        self,
        name: str,
        factory: Callable[[], Actor[Any]],
        capacity: int,
        kind: str,
        *,
        lazy: bool,
        idle_s: float | None,
    ) -> Cell:
        """A new child, or the one an earlier instance of the parent left behind."""
        if name in self._orphans:
            self._orphans.discard(name)
            child = self.children.pop(name)
            child.factory = factory
        elif name in self.children:
            raise ValueError(f"{self.parent.path} already has a child {name!r}")
        else:
            child = Cell(
                self._system,
                self.parent,
                name,
                factory,
                capacity=capacity,
                lazy=lazy,
                idle_s=idle_s,
                kind=kind,
            )
        self.children[name] = child
        waiting = child.mailbox is not None and not child.mailbox.idle
        if child.state is not State.LIVE and (not lazy or waiting):
            child.wake()
        return child

    def end_orphans(self) -> None:
        """End the children that the parent's new instance did not ask for again."""
        for name in self._orphans:
            if (child := self.children.get(name)) is not None:
                child.end()
        self._orphans.clear()

    def forget(self, child: Cell) -> None:
        """A child has ended."""
        if self.children.get(child.name) is child:
            del self.children[child.name]

    # Failure

    def child_failed(self, child: Cell, failure: BaseException) -> None:
        """Restart the child after a pause, or give up on it and fail the parent."""
        if self.parent.state is not State.LIVE or self.parent.stopping:
            return
        pause_s = self._intensity.next_backoff_s(self._system.now_s(), self._system.chance())
        if pause_s is None:
            child.readiness.fail(Escalated(child.path))
            self.parent.escalate(child.name, failure)
        else:
            self._system.observer.restarting(child.path, child.kind, pause_s)
            self._system.start(self._restart, child, self.parent.generation, pause_s)

    async def _restart(self, failed: Cell, generation: int, pause_s: float) -> None:
        async with self._lock:
            affected = self._affected_by(failed)
            for child in reversed(affected[1:]):
                await orders.suspend(child, self._deadline_s())
            await anyio.sleep(pause_s)
            for child in affected:
                if self.parent.generation != generation or self.parent.state is not State.LIVE:
                    return
                if child.state is State.SUSPENDED:
                    child.wake()
                    assert child.settled is not None
                    await child.settled.wait()
                    if child.state is State.SUSPENDED:
                        # It failed again; the restart that this caused takes the others along.
                        return

    def _affected_by(self, failed: Cell) -> list[Cell]:
        if self._intensity.rules.strategy is Strategy.ONE_FOR_ONE:
            return [failed]
        children = list(self.children.values())
        return children[children.index(failed) :] if failed in children else []

    # Orders from the parent

    async def suspend(self) -> None:
        """Stop all instances, the youngest first; refs and mailboxes wait for adoption."""
        hurry = self.parent.scope is not None and self.parent.scope.cancel_called
        for child in reversed(list(self.children.values())):
            deadline_s = self._system.now_s() if hurry else self._deadline_s()
            await orders.suspend(child, deadline_s)
        self._orphans = set(self.children)

    async def drain(self) -> None:
        """End all: together where they are independent, else in reverse start order."""
        children = list(reversed(self.children.values()))
        if self._intensity.rules.strategy is Strategy.REST_FOR_ONE:
            for child in children:
                await orders.drain(child, self._deadline_s())
            return
        deadline_s = self._deadline_s()
        for child in children:
            orders.stop(child)
        for child in children:
            await orders.drain(child, deadline_s)

    def end_all(self) -> None:
        """End all at once; what waits in their mailboxes is dead-lettered."""
        for child in reversed(list(self.children.values())):
            orders.kill(child)

    def _deadline_s(self) -> float:
        return self._system.now_s() + self._intensity.rules.drain_s
