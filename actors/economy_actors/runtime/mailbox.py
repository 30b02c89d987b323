"""A mailbox: a bounded user lane, and a system lane that goes ahead of it.

Stop, watch and timer messages wait in the system lane, which has no bound of its own: it holds
at most a few messages per watcher and timer. One receiver; any number of senders. The lane is a
plain deque and not an anyio stream, whose way of waiting costs thrice as much: an actor waits
after nearly every message.
"""

from collections import deque
from typing import Any, NamedTuple

from economy_actors.runtime.faults import MailboxFull
from economy_actors.runtime.reply import Reply
from economy_actors.runtime.wake import Wake, new_wake

__all__ = ("Envelope", "Mailbox")


class Envelope(NamedTuple):
    """A message with what travels beside it."""

    message: Any
    reply: Reply[Any] | None
    deadline_s: float
    trace: str | None
    chain: tuple[Any, ...]
    sent_at_s: float


class Mailbox:
    """Both lanes of one actor."""

    __slots__ = ("_capacity", "_lane", "_outside", "_sleeping", "system")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._lane: deque[Envelope] = deque()
        # Senders who wait for room, in the order in which they came.
        self._outside: dict[Wake, Envelope] = {}
        self._sleeping: Wake | None = None
        self.system: deque[Any] = deque()

    def put_nowait(self, envelope: Envelope) -> None:
        """Accept a message or raise MailboxFull."""
        if len(self._lane) >= self._capacity:
            raise MailboxFull
        self._lane.append(envelope)
        if self._sleeping is not None:
            self._rouse()

    async def put(self, envelope: Envelope) -> None:
        """Accept a message as soon as there is room."""
        if len(self._lane) < self._capacity:
            self.put_nowait(envelope)
            return
        let_in = new_wake()
        self._outside[let_in] = envelope
        try:
            await let_in.wait()
        finally:
            self._outside.pop(let_in, None)

    def put_system(self, message: Any) -> None:
        """Accept a system message and wake the receiver if it sleeps."""
        self.system.append(message)
        if self._sleeping is not None:
            self._rouse()

    def _rouse(self) -> None:
        sleeping, self._sleeping = self._sleeping, None
        if sleeping is not None:
            sleeping.set()

    def take_nowait(self) -> Envelope | None:
        """The next user message, or None."""
        if not self._lane:
            return None
        envelope = self._lane.popleft()
        # Whoever waits outside outranks later senders: without this a spinning teller would
        # starve them.
        if self._outside:
            let_in = next(iter(self._outside))
            self._lane.append(self._outside.pop(let_in))
            let_in.set()
        return envelope

    async def take(self) -> Envelope | None:
        """Wait for the next user message; None when the system lane has filled instead."""
        if not self._lane and not self.system:
            self._sleeping = new_wake()
            await self._sleeping.wait()
        return None if self.system else self.take_nowait()

    @property
    def depth(self) -> int:
        """User messages waiting, those of senders who wait for room included."""
        return len(self._lane) + len(self._outside)

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
        while (envelope := self.take_nowait()) is not None:
            left.append(envelope)
        return left
