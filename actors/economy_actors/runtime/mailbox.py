"""What travels between actors, and where it waits: faults, replies, envelopes, the mailbox.

A mailbox has a bounded user lane and a system lane that goes ahead of it. Stop, watch and timer
messages and the answers to an actor's own requests wait in the system lane, which has no bound
of its own: it holds at most a few messages per watcher, timer and open request. One receiver;
any number of senders. The lane is a plain deque and not an anyio stream, whose way of waiting
costs thrice as much: an actor waits after nearly every message.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import anyio

__all__ = (
    "NEVER_S",
    "NOTHING",
    "ActorGone",
    "AskCycle",
    "AskExpired",
    "AskFailed",
    "Envelope",
    "Escalated",
    "Mailbox",
    "MailboxFull",
    "Reply",
    "RootFailed",
    "RuntimeFault",
    "TooManyRequests",
    "Wake",
    "new_wake",
)

T = TypeVar("T")

NEVER_S = float("inf")


# What can go wrong between actors, and what to do about it


class RuntimeFault(Exception):  # noqa: N818  # the field calls these faults
    """Base of all faults of the actor runtime."""


class MailboxFull(RuntimeFault):
    """The receiver has no room. Shed the message or wait with send() or request()."""


class ActorGone(RuntimeFault):
    """The receiver has ended or takes no more messages. Drop its ref."""


class AskExpired(RuntimeFault):
    """No answer came before the deadline. The outcome is unknown; ask again with the same id."""


class AskFailed(RuntimeFault):
    """The receiver failed, or was stopped, before it answered. The outcome is unknown."""


class AskCycle(RuntimeFault):
    """An ask would wait for its own asker. Ask only downwards; tell or request upwards."""


class TooManyRequests(RuntimeFault):
    """The actor has as many open requests as it may have. Wait for an answer first."""


class Escalated(RuntimeFault):
    """A child failed more often than its supervisor tolerates."""


class RootFailed(RuntimeFault):
    """The root of the tree failed. The process must end and be started afresh."""


# Waking one sleeper once


class Wake(Protocol):
    """Something to wait for; setting it again changes nothing."""

    def set(self) -> object:
        """Wake the sleeper, or let it pass when it comes."""
        ...

    async def wait(self) -> None:
        """Sleep until set."""
        ...


class _FutureWake:
    """A bare future of asyncio does what an anyio event does, for a fraction of the cost."""

    __slots__ = ("_future",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._future = loop.create_future()

    def set(self) -> None:
        # A sleeper that was cancelled has taken its future along.
        if not self._future.done():
            self._future.set_result(None)

    async def wait(self) -> None:
        await self._future


def new_wake() -> Wake:
    """A wake that nobody has set, for the event loop that runs now."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return anyio.Event()
    return _FutureWake(loop)


# Messages on their way


class Reply(Generic[T]):
    """The one-shot answer of an ask: the receiver calls `send`, the asker waits or is notified.

    It is completed exactly once, by an answer or by a fault; whoever comes later is ignored,
    since a late answer to an expired ask has nobody left to read it. ``notify`` runs in the
    task of whoever answers, so it may only put something somewhere.
    """

    __slots__ = ("_fault", "_notify", "_value", "done")

    def __init__(self, notify: Callable[[], object] | None = None) -> None:
        self.done = False
        """Whether an answer or a fault has come."""
        self._notify = notify
        self._fault: RuntimeFault | None = None
        self._value: T | None = None

    def send(self, value: T) -> None:
        """Answer the asker."""
        if not self.done:
            self.done = True
            self._value = value
            if self._notify is not None:
                self._notify()

    def fail(self, fault: RuntimeFault) -> None:
        """End the ask without an answer."""
        if not self.done:
            self.done = True
            self._fault = fault
            if self._notify is not None:
                self._notify()

    def result(self) -> T | RuntimeFault:
        """The answer, or the fault that took its place."""
        assert self.done
        if self._fault is not None:
            return self._fault
        return self._value  # type: ignore[return-value]  # None only where T admits it

    async def wait(self) -> T:
        """The answer; raises the fault that took its place."""
        if not self.done:
            wake = new_wake()
            self._notify = wake.set
            await wake.wait()
        if self._fault is not None:
            raise self._fault
        return self._value  # type: ignore[return-value]  # None only where T admits it


class Envelope(NamedTuple):
    """A message with what travels beside it.

    ``chain`` holds a pair for each asker who waits for this message to be handled: the cell of
    the asker, and the reply it waits for.
    """

    message: Any
    reply: Reply[Any] | None
    deadline_s: float
    trace: str | None
    chain: tuple[tuple[Any, Reply[Any]], ...]
    sent_at_s: float


NOTHING = Envelope(None, None, NEVER_S, None, (), 0.0)
"""What is being handled when nothing is."""


class Mailbox:
    """Both lanes of one actor."""

    __slots__ = ("_capacity", "_lane", "_outside", "_sleeping", "_tickets", "system")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._lane: deque[Envelope] = deque()
        # Senders who wait for room, in the order in which they came.
        self._outside: dict[int, tuple[Envelope, Callable[[], object] | None]] = {}
        self._tickets = count()
        self._sleeping: Wake | None = None
        self.system: deque[Any] = deque()

    def offer(self, envelope: Envelope) -> bool:
        """Accept a message if there is room."""
        if len(self._lane) >= self._capacity:
            return False
        self._lane.append(envelope)
        if self._sleeping is not None:
            self._rouse()
        return True

    async def put(self, envelope: Envelope) -> None:
        """Accept a message as soon as there is room."""
        if self.offer(envelope):
            return
        let_in = new_wake()
        ticket = self.line_up(envelope, let_in.set)
        try:
            await let_in.wait()
        finally:
            self.withdraw(ticket)

    def line_up(self, envelope: Envelope, let_in: Callable[[], object] | None = None) -> int:
        """Have a message wait for room; the ticket is for `withdraw`."""
        ticket = next(self._tickets)
        self._outside[ticket] = envelope, let_in
        return ticket

    def withdraw(self, ticket: int) -> bool:
        """Take back a message that still waits for room; whether it did."""
        return self._outside.pop(ticket, None) is not None

    def put_system(self, message: Any) -> None:
        """Accept a system message and wake the receiver if it sleeps."""
        self.system.append(message)
        if self._sleeping is not None:
            self._rouse()

    def _rouse(self) -> None:
        sleeping, self._sleeping = self._sleeping, None
        if sleeping is not None:
            sleeping.set()

    def take(self) -> Envelope | None:
        """The next user message, or None."""
        if not self._lane:
            return None
        envelope = self._lane.popleft()
        # Whoever waits outside outranks later senders: without this a spinning teller would
        # starve them.
        if self._outside:
            entering, let_in = self._outside.pop(next(iter(self._outside)))
            self._lane.append(entering)
            if let_in is not None:
                let_in()
        return envelope

    async def wait(self) -> None:
        """Sleep until either lane has something."""
        if not self._lane and not self.system:
            self._sleeping = new_wake()
            await self._sleeping.wait()

    @property
    def depth(self) -> int:
        """User messages waiting, those of senders who wait for room included."""
        return len(self._lane) + len(self._outside)

    @property
    def waiting(self) -> int:
        """Messages that wait for room."""
        return len(self._outside)

    @property
    def oldest_sent_at_s(self) -> float | None:
        """When the oldest waiting user message was sent."""
        return self._lane[0].sent_at_s if self._lane else None

    @property
    def idle(self) -> bool:
        """Nothing waits in either lane, and no sender waits for room."""
        return not (self._lane or self.system or self._outside)

    def close(self) -> list[Envelope]:
        """Empty the user lane; what was still waiting is returned, its senders are let go."""
        left = []
        while (envelope := self.take()) is not None:
            left.append(envelope)
        return left
