"""What one writes to make an actor, and how others reach it.

An actor is a class with a message type and `receive`. A ref is its address: tell, send, ask. A
ref outlives restarts and passivation. Both lean on a host, the cell that lives in `cell`.
"""

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from economy_actors.runtime.mailbox import (
    NEVER_S,
    ActorGone,
    AskCycle,
    AskExpired,
    Envelope,
    Mailbox,
    MailboxFull,
    Reply,
    RuntimeFault,
)
from economy_actors.runtime.observer import DeadLetterReason

__all__ = (
    "Actor",
    "Ended",
    "Host",
    "Ref",
    "Strategy",
    "Supervision",
    "Timer",
    "current_trace",
    "running",
)

M = TypeVar("M")
C = TypeVar("C")
T = TypeVar("T")
M_contra = TypeVar("M_contra", contravariant=True)


class Strategy(Enum):
    """Who is restarted with a failed child."""

    ONE_FOR_ONE = "one_for_one"
    """Only the child that failed; children do not depend on each other."""
    REST_FOR_ONE = "rest_for_one"
    """The child and all that were started after it, since those depend on it."""


@dataclass(frozen=True, slots=True)
class Supervision:
    """How a supervisor reacts to failing children; times in seconds."""

    strategy: Strategy = Strategy.ONE_FOR_ONE
    restarts_max: int = 5
    within_s: float = 60.0
    backoff_s: float = 0.05
    backoff_max_s: float = 10.0
    drain_s: float = 5.0
    """How long one child may take to drain before it is cancelled."""


class Timer:
    """A pending call; `cancel` forgets it."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[[], None]) -> None:
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        """Forget the call; harmless when it has happened."""
        self.call = None


class Host(Protocol):
    """What a ref and an actor may ask of the cell behind them."""

    path: str
    ref: "Ref[Any]"
    now_s: Callable[[], float]
    mailbox: Mailbox | None
    envelope: Envelope
    accepting: bool
    passivate_asked: bool

    @property
    def children_with_mail(self) -> tuple[str, ...]:
        """The children of an earlier instance for whom messages wait."""
        ...

    def accept(self, envelope: Envelope, /) -> None:
        """Take a message, or dead-letter it and raise MailboxFull or ActorGone."""
        ...

    def accept_now(self, envelope: Envelope, /) -> bool:
        """Take a message if there is room; raises ActorGone."""
        ...

    async def accept_before(self, envelope: Envelope, deadline_s: float, /) -> bool:
        """Wait for room in a full mailbox; False when the deadline came first."""
        ...

    def lose(self, envelope: Envelope, reason: DeadLetterReason, /) -> None:
        """Dead-letter a message; its asker learns what became of it."""
        ...

    def call_at(self, when_s: float, call: Callable[[], None], /) -> Timer:
        """Call something that neither waits nor raises at the given loop time."""
        ...

    def after(self, delay_s: float, message: Any, /) -> Timer:
        """Deliver a message to this instance through the system lane."""
        ...

    def request(
        self,
        to: "Ref[Any]",
        make: Callable[[Reply[Any]], Any],
        on_answer: Callable[[Any], Any],
        timeout_s: float,
        /,
    ) -> None:
        """Ask another actor; the answer comes as a message."""
        ...

    def spawn(
        self,
        name: str,
        factory: "Callable[[], Actor[Any]]",
        /,
        *,
        capacity: int,
        lazy: bool = False,
        idle_s: float | None = None,
        kind: str | None = None,
    ) -> "Host":
        """Start or adopt a child."""
        ...

    async def has_started(self) -> None:
        """Wait for the first instance to have started; raises Escalated or ActorGone."""
        ...

    async def finish_child(self, ref: "Ref[Any]", /) -> None:
        """Stop a child and wait for its end."""
        ...

    def stop_child(self, ref: "Ref[Any]", /) -> None:
        """Stop a child without waiting for its end."""
        ...

    def watch(self, ref: "Ref[Any]", /) -> None:
        """Tell the instance once when ``ref`` ends."""
        ...


running: ContextVar[Host | None] = ContextVar("running_actor", default=None)
"""The host of the actor on whose behalf the current task runs."""


def current_trace() -> str | None:
    """The trace id of the message that the current task handles."""
    host = running.get()
    return host.envelope.trace if host is not None else None


class Ref(Generic[M_contra]):
    """The address of one actor that takes messages of type ``M_contra``."""

    __slots__ = ("_cell",)

    def __init__(self, cell: Host) -> None:
        self._cell = cell

    def __repr__(self) -> str:
        return f"<Ref {self._cell.path}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ref) and other._cell is self._cell

    def __hash__(self) -> int:
        return id(self._cell)

    @property
    def address(self) -> str:
        """The path of the actor in the tree."""
        return self._cell.path

    @property
    def depth(self) -> int:
        """How many messages wait, those included that wait for room."""
        mailbox = self._cell.mailbox
        return mailbox.depth if mailbox is not None else 0

    @property
    def is_open(self) -> bool:
        """Whether the actor takes messages: not from the beginning of its stop on."""
        return self._cell.accepting

    @property
    def waiting(self) -> int:
        """How many messages wait for room."""
        mailbox = self._cell.mailbox
        return mailbox.waiting if mailbox is not None else 0

    def tell(self, message: M_contra, *, trace: str | None = None) -> None:
        """Hand over a message without waiting; raises MailboxFull or ActorGone."""
        cell = self._cell
        if trace is None and (sender := running.get()) is not None:
            trace = sender.envelope.trace
        cell.accept(Envelope(message, None, NEVER_S, trace, (), cell.now_s()))

    def offer(self, message: M_contra, *, trace: str | None = None) -> bool:
        """Like `tell`, but sheds the message (counted as a dead letter) instead of raising."""
        try:
            self.tell(message, trace=trace)
        except (MailboxFull, ActorGone):
            return False
        return True

    async def send(self, message: M_contra, *, timeout_s: float, trace: str | None = None) -> None:
        """Hand over a message as soon as there is room; raises MailboxFull after the timeout."""
        cell = self._cell
        now_s = cell.now_s()
        if trace is None and (sender := running.get()) is not None:
            trace = sender.envelope.trace
        envelope = Envelope(message, None, NEVER_S, trace, (), now_s)
        if not (cell.accept_now(envelope) or await cell.accept_before(envelope, now_s + timeout_s)):
            raise MailboxFull(self.address)

    async def ask(
        self,
        make: Callable[[Reply[T]], M_contra],
        *,
        timeout_s: float,
        trace: str | None = None,
    ) -> T:
        """Send the message that ``make`` builds around a reply, and wait for the answer.

        Room and answer share one deadline; an asker's own deadline is inherited. Raises
        AskExpired, AskFailed, ActorGone or AskCycle; after the first two the outcome is unknown.
        """
        cell = self._cell
        now_s = cell.now_s()
        deadline_s = now_s + timeout_s
        reply: Reply[T] = Reply()
        chain: tuple[tuple[Any, Reply[Any]], ...] = ()
        if (asker := running.get()) is not None:
            asking = asker.envelope
            deadline_s = min(deadline_s, asking.deadline_s)
            chain = (*asking.chain, (asker, reply))
            for waiting, awaited in chain:
                if waiting is cell and not awaited.done:
                    path = " -> ".join(each.path for each, _ in chain)
                    raise AskCycle(f"{path} -> {cell.path}")
            trace = trace or asking.trace
        envelope = Envelope(make(reply), reply, deadline_s, trace, chain, now_s)
        if not (cell.accept_now(envelope) or await cell.accept_before(envelope, deadline_s)):
            raise AskExpired(self.address)
        timer = cell.call_at(deadline_s, lambda: reply.fail(AskExpired(cell.path)))
        try:
            return await reply.wait()
        finally:
            timer.cancel()
            if not reply.done:
                # An asker that was cancelled no longer wants the message to be executed.
                reply.fail(AskExpired(cell.path))


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
    requests_max: ClassVar[int] = 64
    """How many requests may be open at once."""

    _cell: Host

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

    async def work(self) -> None:
        """Runs beside `receive`, from `started` until the instance ends; it may end earlier.

        For a server that others make for us: whatever it starts asks on nobody's behalf. It is
        cancelled when the instance ends, after `stopping`; where it fails, the instance does.
        """

    async def stopping(self) -> None:
        """Say farewell: mailbox and children are drained, the instance ends after this."""

    async def release(self) -> None:
        """Let go of files, threads and connections; called once, however the instance ends.

        Also after a failed start, a crash, a suspension or a cancellation, which then waits
        for it. Nothing may be asked here; what is offered may find nobody.
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
    def children_with_mail(self) -> tuple[str, ...]:
        """In `started`: the children of the instance before for whom messages wait.

        They lose them unless they are spawned again.
        """
        return self._cell.children_with_mail

    def now_s(self) -> float:
        """Monotonic seconds of the event loop."""
        return self._cell.now_s()

    def after(self, delay_s: float, message: M) -> Timer:
        """Receive ``message`` after a delay, unless this instance has ended by then."""
        return self._cell.after(delay_s, message)

    def request(
        self,
        to: Ref[C],
        make: Callable[[Reply[T]], C],
        on_answer: Callable[[T | RuntimeFault], M],
        *,
        timeout_s: float,
    ) -> None:
        """Ask without waiting: the answer, or the fault in its place, comes as a message.

        ``on_answer`` makes that message, in this actor's own task when it is its turn; it goes
        ahead of the mailbox and needs no room there. A full receiver is waited for: MailboxFull
        says that there was no room in time, so nothing was done, AskExpired that the outcome is
        unknown. An actor with open requests is not idle, and a stop waits for them. After a
        restart late answers are dead letters. Raises TooManyRequests above ``requests_max``.
        """
        self._cell.request(to, make, on_answer, timeout_s)

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
        ``idle_s`` is passivated when it had no message for so long. Where a child of this name
        is just ending, the new one takes messages at once and starts after that end.
        """
        return self._cell.spawn(
            name, factory, capacity=capacity, lazy=lazy, idle_s=idle_s, kind=kind
        ).ref

    async def spawn_started(
        self,
        name: str,
        factory: Callable[[], "Actor[C]"],
        *,
        capacity: int = 64,
        kind: str | None = None,
    ) -> Ref[C]:
        """Start a child and wait until its ``started`` has returned; raises Escalated."""
        child = self._cell.spawn(name, factory, capacity=capacity, kind=kind)
        await child.has_started()
        return child.ref

    async def finish_child(self, ref: Ref[Any]) -> None:
        """Let a child finish its mailbox and end, and wait for that."""
        await self._cell.finish_child(ref)

    def stop_child(self, ref: Ref[Any]) -> None:
        """Let a child finish its mailbox and end, within ``drain_s``; its name is free at once."""
        self._cell.stop_child(ref)

    def watch(self, ref: Ref[Any]) -> None:
        """Get one ``on_ended`` when that actor ends, also if it already has."""
        self._cell.watch(ref)

    def passivate(self) -> None:
        """Ask to be put to sleep as soon as nothing waits; the next message wakes it."""
        self._cell.passivate_asked = True
