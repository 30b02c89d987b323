"""The children of one actor: births, adoptions after a restart, and what becomes of failures."""

from collections import deque
from collections.abc import Callable
from typing import Any, Generic, Protocol, Self, TypeVar

import anyio

from economy_actors.runtime.actor import Actor, Strategy, Supervision
from economy_actors.runtime.dispatch import State, Tree
from economy_actors.runtime.mailbox import Mailbox
from economy_actors.runtime.system_lane import Escalate

__all__ = ("Child", "Children", "Parent")


class Parent(Protocol):
    """What the children need of the cell above them."""

    path: str
    tree: Tree
    state: State
    generation: int
    stopping: bool
    now_s: Callable[[], float]

    @property
    def in_a_hurry(self) -> bool:
        """Whether this instance is being cancelled."""
        ...

    def put_system(self, message: object, /) -> None:
        """Put a message ahead of the users' ones; an actor asleep needs none."""
        ...


class Child(Protocol):
    """What is asked of one cell by those who look after it."""

    name: str
    path: str
    kind: str
    factory: Callable[[], Actor[Any]]
    state: State
    stopping: bool
    mailbox: Mailbox | None
    settled: anyio.Event | None

    @property
    def has_mail(self) -> bool:
        """Whether user messages wait."""
        ...

    @property
    def waits_for_name(self) -> bool:
        """Whether somebody else of its name is still ending."""
        ...

    def wake(self) -> None:
        """Start a new instance, as soon as the name is free."""
        ...

    def inherit(self, predecessor: Self, /) -> None:
        """Take over a name from a cell that is ending; messages wait until it has ended."""
        ...

    def stop(self) -> None:
        """Close the intake; the instance ends when its mailbox is empty."""
        ...

    async def drain(self, deadline_s: float, /) -> None:
        """Stop and wait for the end; past the deadline the instance is cancelled."""
        ...

    async def suspend(self, deadline_s: float, /) -> None:
        """Finish the current message and stop the instance; the mailbox stays."""
        ...

    def kill(self) -> None:
        """Cancel the instance now and end."""
        ...

    def end(self) -> None:
        """End for good: what still waits is dead-lettered, watchers are told once."""
        ...

    def give_up(self) -> None:
        """Whoever waits for a start learns that there will be none."""
        ...


C = TypeVar("C", bound=Child)


class Children(Generic[C]):
    """The children of one cell in the order of their start, and how failures are dealt with.

    A failure restarts the child, or the child and all started after it, behind the same refs.
    Restarts under one parent happen one after the other; too many of them fail the parent.
    """

    __slots__ = (
        "_by_name",
        "_leaving",
        "_lock",
        "_orphans",
        "_parent",
        "_restarted_at_s",
        "_rules",
    )

    def __init__(self, parent: Parent, rules: Supervision) -> None:
        self._parent = parent
        self._rules = rules
        self._by_name: dict[str, C] = {}
        self._orphans: set[str] = set()
        # They are ending while somebody else has their name already.
        self._leaving: list[C] = []
        self._restarted_at_s: deque[float] = deque()
        self._lock = anyio.Lock()

    @property
    def none(self) -> bool:
        """Whether there are none."""
        return not (self._by_name or self._leaving)

    def all(self) -> list[C]:
        """Everybody, the youngest first and those who are leaving before them."""
        return [*self._leaving, *reversed(self._by_name.values())]

    # Birth and adoption

    def adopt(self, child: C, *, lazy: bool) -> C:
        """Start the child, unless an earlier instance of the parent left one of its name."""
        name = child.name
        if name in self._orphans:
            self._orphans.discard(name)
            factory = child.factory
            child = self._by_name.pop(name)
            child.factory = factory
        elif (named := self._by_name.pop(name, None)) is not None:
            if not named.stopping:
                self._by_name[name] = named
                raise ValueError(f"{self._parent.path} already has a child {name!r}")
            self._leaving.append(named)
            child.inherit(named)
        self._by_name[name] = child
        waiting = child.mailbox is not None and not child.mailbox.idle
        if child.state is not State.LIVE and (not lazy or waiting):
            child.wake()
        return child

    def end_orphans(self) -> None:
        """End the children that the parent's new instance did not ask for again."""
        for name in list(self._orphans):
            self._by_name[name].end()
        self._orphans.clear()

    def orphans_with_mail(self) -> tuple[str, ...]:
        """For whom of those that an earlier instance left messages wait."""
        return tuple(name for name in self._by_name if self._is_waited_for(name))

    def _is_waited_for(self, name: str) -> bool:
        return name in self._orphans and self._by_name[name].has_mail

    def forget(self, child: C) -> None:
        """A child has ended."""
        if child in self._leaving:
            self._leaving.remove(child)
        elif self._by_name.get(child.name) is child:
            del self._by_name[child.name]
            self._orphans.discard(child.name)

    # Failure

    def failed(self, child: C, failure: BaseException) -> None:
        """Restart the child after a pause, or give up on it and fail the parent."""
        parent, tree = self._parent, self._parent.tree
        if parent.state is not State.LIVE or parent.stopping:
            return
        pause_s = self._next_pause_s()
        if pause_s is None:
            child.give_up()
            parent.put_system(Escalate(child.name, failure))
        else:
            tree.observer.restarting(child.path, child.kind, pause_s)
            tree.start(self._restart, child, parent.generation, pause_s)

    def _next_pause_s(self) -> float | None:
        """The pause before this restart, or None when there were too many within the window.

        It doubles with each restart in the window and is stretched by up to one half, so that
        siblings do not return in step.
        """
        rules, at_s, now_s = self._rules, self._restarted_at_s, self._parent.now_s()
        while at_s and at_s[0] <= now_s - rules.within_s:
            at_s.popleft()
        at_s.append(now_s)
        if len(at_s) > rules.restarts_max:
            return None
        pause_s = min(rules.backoff_s * 2.0 ** (len(at_s) - 1), rules.backoff_max_s)
        return pause_s * (1.0 + self._parent.tree.chance() / 2.0)

    async def _restart(self, failed: C, generation: int, pause_s: float) -> None:
        parent = self._parent
        async with self._lock:
            affected = self._affected_by(failed)
            for child in reversed(affected[1:]):
                await child.suspend(self._deadline_s())
            await anyio.sleep(pause_s)
            for child in affected:
                if parent.generation != generation or parent.state is not State.LIVE:
                    return
                if child.state is State.SUSPENDED and not child.waits_for_name:
                    child.wake()
                    assert child.settled is not None
                    await child.settled.wait()
                    if child.state is State.SUSPENDED:
                        # It failed again; the restart that this caused takes the others along.
                        return

    def _affected_by(self, failed: C) -> list[C]:
        if self._rules.strategy is Strategy.ONE_FOR_ONE:
            return [failed]
        children = list(self._by_name.values())
        return children[children.index(failed) :] if failed in children else []

    # Orders from the parent

    async def suspend(self) -> None:
        """Stop all instances, the youngest first; refs and mailboxes wait for adoption."""
        for child in self.all():
            hurry = self._parent.in_a_hurry
            await child.suspend(self._parent.now_s() if hurry else self._deadline_s())
        self._orphans = set(self._by_name)

    async def drain(self) -> None:
        """End all: together where they are independent, else in reverse start order."""
        if self._rules.strategy is Strategy.REST_FOR_ONE:
            for child in self.all():
                await child.drain(self._deadline_s())
            return
        children, deadline_s = self.all(), self._deadline_s()
        for child in children:
            child.stop()
        for child in children:
            await child.drain(deadline_s)

    def end_all(self) -> None:
        """End all at once; what waits in their mailboxes is dead-lettered."""
        for child in self.all():
            child.kill()

    def _deadline_s(self) -> float:
        return self._parent.now_s() + self._rules.drain_s
