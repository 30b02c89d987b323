"""What one writes to make an actor: a class with a message type and ``receive``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from economy_actors.runtime.ref import Ref
from economy_actors.runtime.supervision import Supervision
from economy_actors.runtime.timers import Timer

if TYPE_CHECKING:
    from economy_actors.runtime.cell import Cell

__all__ = ("Actor", "Ended")

M = TypeVar("M")
C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Ended:
    """A watched actor has ended; ``failure`` is None after an ordered stop."""

    ref: Ref[Any]
    failure: BaseException | None


class Actor(Generic[M]):
    """One instance lives from ``started`` until it stops, fails or is passivated.

    ``receive`` handles one message at a time. An exception ends this instance; the supervisor
    makes a new one behind the same ref and mailbox, which rebuilds its state in ``started``.
    An actor with ``batch_max`` above 1 gets ``receive_batch`` instead.
    """

    supervision: ClassVar[Supervision] = Supervision()
    """How this actor treats its own children."""
    batch_max: ClassVar[int] = 1

    _cell: "Cell"

    async def started(self) -> None:
        """Build the state; messages wait meanwhile."""

    async def receive(self, message: M) -> None:
        """Handle one message."""
        raise AssertionError(f"{type(self).__name__} does not take {message!r}")

    async def receive_batch(self, messages: Sequence[M]) -> None:
        """Handle up to ``batch_max`` messages at once."""
        raise AssertionError(f"{type(self).__name__} does not take batches: {messages!r}")

    async def on_ended(self, ended: Ended) -> None:
        """A watched actor has ended."""

    def child_crashed(self, _ref: Ref[Any], message: object) -> None:
        """A child failed over ``message``, which is lost; must neither wait nor raise.

        Whoever is owed an answer can be told here; the restart is the supervisor's business.
        """

    async def stopping(self) -> None:
        """Say farewell: mailbox and children are drained, the instance ends after this."""

    async def release(self) -> None:
        """Let go of files, threads and connections; called once, however the instance ends.

        Also after a failed start, a crash, a suspension or a cancellation, which then waits
        for it. Nothing may be told or asked here.
        """

    @property
    def ref(self) -> Ref[M]:
        """The own address."""
        return self._cell.ref

    @property
    def trace(self) -> str | None:
        """The trace id of the message being handled."""
        return self._cell.envelope.trace

    @property
    def is_ending(self) -> bool:
        """Whether the own address takes no more messages, for a stop was ordered."""
        return not self._cell.accepting

    def now_s(self) -> float:
        """Monotonic seconds of the event loop."""
        return self._cell.system.now_s()

    def after(self, delay_s: float, message: M) -> Timer:
        """Receive ``message`` after a delay, unless this instance has ended by then."""
        return self._cell.after(delay_s, message)

    def spawn(
        self,
        name: str,
        factory: Callable[[], "Actor[C]"],
        *,
        capacity: int = 64,
        lazy: bool = False,
        idle_s: float | None = None,
        kind: str | None = None,
    ) -> Ref[C]:
        """Start a child; after a restart the child of the same name keeps ref and mailbox.

        A lazy child is born at its first message and again after each passivation. One with
        ``idle_s`` is passivated when it had no message for so long.
        """
        return self._cell.spawn(
            name, factory, self.supervision, capacity=capacity, lazy=lazy, idle_s=idle_s, kind=kind
        ).ref

    async def spawn_started(
        self, name: str, factory: Callable[[], "Actor[C]"], *, capacity: int = 64
    ) -> Ref[C]:
        """Start a child and wait until its ``started`` has returned; raises Escalated."""
        child = self._cell.spawn(name, factory, self.supervision, capacity=capacity)
        await child.readiness.wait()
        return child.ref

    async def finish_child(self, ref: Ref[Any]) -> None:
        """Let a child finish its mailbox and end; afterwards its name is free again."""
        from economy_actors.runtime import orders  # noqa: PLC0415  # orders know cells, cells actors

        child = ref._cell
        assert child.parent is self._cell, (self._cell.path, child.path)
        await orders.drain(child, self._cell.system.now_s() + self.supervision.drain_s)

    def watch(self, ref: Ref[Any]) -> None:
        """Get one ``on_ended`` when that actor ends, also if it already has."""
        self._cell.watch(ref)

    def passivate(self) -> None:
        """Ask to be put to sleep as soon as nothing waits; the next message wakes it."""
        self._cell.passivate_asked = True
