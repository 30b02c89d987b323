"""How one actor gets its messages: what is taken in, and the loop that hands it to the instance.

Intake and loop are synchronous but for the actor's own code and the waiting for a message, so
nothing else runs between a look at the state and what follows from it.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Coroutine
from enum import Enum
from functools import partial
from time import perf_counter
from typing import Any, Protocol

import anyio
import anyio.lowlevel

from economy_actors.runtime.actor import Actor, Ref, Timer
from economy_actors.runtime.mailbox import (
    NOTHING,
    ActorGone,
    AskExpired,
    AskFailed,
    Envelope,
    Escalated,
    Mailbox,
    MailboxFull,
    Reply,
    RuntimeFault,
    TooManyRequests,
)
from economy_actors.runtime.observer import DeadLetterReason, Observer
from economy_actors.runtime.system_lane import Escalate, Fired, Notice, Order, Request

__all__ = ("Dispatch", "Outcome", "State", "Tree")


TURN_BUDGET = 64
"""Messages handled before the loop gets a turn, so that no busy actor hogs it."""

_REPLIES_TRIMMED_EVERY = 64

_FAULTS: dict[DeadLetterReason, type[RuntimeFault]] = {
    DeadLetterReason.FULL: MailboxFull,
    DeadLetterReason.GONE: ActorGone,
    DeadLetterReason.EXPIRED: AskExpired,
}
"""What the asker of a lost message learns; for any other reason it is AskFailed."""


class Tree(Protocol):
    """What all cells of a system share."""

    observer: Observer
    chance: Callable[[], float]
    now_s: Callable[[], float]
    live: "set[Dispatch]"
    stopping: bool
    closed: bool
    drained: int
    dropped: int

    def start(self, run: Callable[..., Coroutine[Any, Any, None]], /, *arguments: object) -> None:
        """Run a coroutine in the system's task group."""
        ...

    def call_at(self, when_s: float, call: Callable[[], None], /) -> Timer:
        """Call something that neither waits nor raises at the given loop time."""
        ...

    def root_failed(self, failure: BaseException, /) -> None:
        """The root has failed: nobody is left to restart it."""
        ...


class State(Enum):
    """Where a cell is in its life."""

    ASLEEP = "asleep"
    LIVE = "live"
    SUSPENDED = "suspended"
    ENDED = "ended"


class Outcome(Enum):
    """Why an instance finished without failing."""

    STOPPED = "stopped"
    SUSPENDED = "suspended"
    PASSIVATED = "passivated"


class Dispatch(ABC):
    """The mailbox of one actor, and the loop that its instances serve it with."""

    __slots__ = (
        "_idle_s",
        "accepting",
        "actor",
        "call_at",
        "capacity",
        "envelope",
        "generation",
        "kind",
        "last_message_at_s",
        "mailbox",
        "now_s",
        "open_replies",
        "passivate_asked",
        "path",
        "requests",
        "state",
        "stats",
        "stopping",
        "tree",
    )

    def __init__(
        self, tree: Tree, path: str, *, capacity: int, idle_s: float | None, kind: str
    ) -> None:
        self.tree = tree
        self.now_s = tree.now_s
        self.call_at = tree.call_at
        self.path = path
        self.capacity = capacity
        self.kind = kind
        self.stats = tree.observer.stats(kind)
        self.state = State.ASLEEP
        self.generation: int = 0
        self.accepting = True
        self.stopping = False
        self.passivate_asked = False
        self.mailbox: Mailbox | None = None
        self.actor: Actor[Any] | None = None
        self.envelope: Envelope = NOTHING
        self.open_replies: list[Reply[Any]] = []
        self.requests: set[Request] = set()
        self.last_message_at_s = 0.0
        self._idle_s = idle_s

    @abstractmethod
    def wake(self) -> None:
        """Start a new instance, as soon as the name is free."""

    @abstractmethod
    def _fall_asleep(self, mailbox: Mailbox) -> bool:
        """Put this cell to sleep in one synchronous step, unless something waits."""

    @abstractmethod
    def _may_sleep(self, mailbox: Mailbox) -> bool:
        """Whether nothing waits, is open or has to be looked after."""

    # Intake

    def accept(self, envelope: Envelope) -> None:
        """Take a message, or dead-letter it and raise MailboxFull or ActorGone."""
        mailbox = self.mailbox
        if mailbox is None or not self.accepting:
            mailbox = self._open_mailbox(envelope)
        if not mailbox.offer(envelope):
            self.lose(envelope, DeadLetterReason.FULL)
            raise MailboxFull(self.path)

    def accept_now(self, envelope: Envelope) -> bool:
        """Take a message if there is room; raises ActorGone."""
        mailbox = self.mailbox
        if mailbox is None or not self.accepting:
            mailbox = self._open_mailbox(envelope)
        return mailbox.offer(envelope)

    async def accept_before(self, envelope: Envelope, deadline_s: float) -> bool:
        """Wait for room in a full mailbox; False when the deadline came first."""
        mailbox = self.mailbox
        assert mailbox is not None
        with anyio.CancelScope(deadline=deadline_s):
            await mailbox.put(envelope)
            return True
        self.lose(envelope, DeadLetterReason.FULL)
        return False

    def _open_mailbox(self, envelope: Envelope) -> Mailbox:
        if not self.accepting or self.state is State.ENDED or self.tree.closed:
            self.lose(envelope, DeadLetterReason.GONE)
            raise ActorGone(self.path)
        self.wake()
        assert self.mailbox is not None
        return self.mailbox

    def put_system(self, message: object) -> None:
        """Put a message ahead of the users' ones; an actor asleep needs none."""
        if self.mailbox is not None:
            self.mailbox.put_system(message)

    def lose(self, envelope: Envelope, reason: DeadLetterReason) -> None:
        """Dead-letter a message; its asker learns what became of it."""
        self._dead_letter(envelope.message, reason, envelope.trace)
        if reason is DeadLetterReason.STOPPED:
            self.tree.dropped += 1
        if envelope.reply is not None:
            fault = _FAULTS.get(reason, AskFailed)
            envelope.reply.fail(fault(f"{self.path}: {reason.value}"))

    def _dead_letter(self, message: object, reason: DeadLetterReason, trace: str | None) -> None:
        self.tree.observer.dead_letter(self.path, message, reason, trace, kind=self.kind)

    @property
    def has_mail(self) -> bool:
        """Whether user messages wait."""
        return self.mailbox is not None and self.mailbox.depth > 0

    @property
    def at_rest(self) -> bool:
        """Whether nothing is being handled, waits or is asked for."""
        idle = self.mailbox is None or self.mailbox.idle
        return idle and self.envelope is NOTHING and not self.requests

    # Serving

    async def _serve(self, actor: Actor[Any]) -> Outcome:
        mailbox = self.mailbox
        assert mailbox is not None
        batches = actor.batch_max > 1
        budget = TURN_BUDGET
        while True:
            if budget <= 0:
                await anyio.lowlevel.checkpoint()
                budget = TURN_BUDGET
            if mailbox.system:
                outcome = await self._obey(actor, mailbox.system.popleft())
                if outcome is not None:
                    return outcome
                budget -= 1
                continue
            envelope = mailbox.take()
            if envelope is None:
                outcome = self._rest(mailbox)
                if outcome is not None:
                    return outcome
                await mailbox.wait()
                budget = TURN_BUDGET
            elif batches:
                await self._handle_batch(actor, envelope, mailbox)
                budget = 0
            else:
                await self._handle(actor, envelope)
                budget -= 1

    def _rest(self, mailbox: Mailbox) -> Outcome | None:
        """With nothing to take: stop or sleep if that was asked for, else wait."""
        if self.passivate_asked and self._fall_asleep(mailbox):
            return Outcome.PASSIVATED
        if self.stopping and mailbox.idle and not self.requests:
            return Outcome.STOPPED
        return None

    async def _handle(self, actor: Actor[Any], envelope: Envelope) -> None:
        reply = envelope.reply
        if reply is not None and self._expired(envelope, reply):
            return
        began_s = perf_counter()
        self.envelope = envelope
        await actor.receive(envelope.message)
        self.envelope = NOTHING
        self._account(began_s, 1)
        if reply is not None and not reply.done:
            self._keep_open(reply)

    async def _handle_batch(
        self, actor: Actor[Any], first: Envelope, mailbox: Mailbox | None = None
    ) -> None:
        batch = [first]
        while mailbox is not None and len(batch) < actor.batch_max:
            more = mailbox.take()
            if more is None:
                break
            batch.append(more)
        batch = [
            each for each in batch if each.reply is None or not self._expired(each, each.reply)
        ]
        if not batch:
            return
        began_s = perf_counter()
        try:
            await actor.receive_batch([each.message for each in batch])
        except BaseException:
            for each in batch:
                if each.reply is None or not each.reply.done:
                    self.lose(each, DeadLetterReason.CRASHED)
            raise
        self._account(began_s, len(batch))
        for each in batch:
            if each.reply is not None and not each.reply.done:
                self._keep_open(each.reply)

    async def _obey(self, actor: Actor[Any], message: object) -> Outcome | None:
        match message:
            case Fired(generation, inner) if generation == self.generation:
                await self._handle_own(actor, NOTHING._replace(message=inner))
            case Request() if message.generation == self.generation:
                self.requests.discard(message)
                self.envelope = message.origin._replace(message=message.reply.result())
                answer = message.answer()
                self.envelope = NOTHING
                await self._handle_own(actor, answer)
            case Notice(generation, ended) if generation == self.generation:
                await actor.on_ended(ended)
            case Escalate(child, cause):
                self.tree.observer.escalated(self.path, child)
                raise Escalated(f"{child} in {self.path}") from cause
            case Order.SUSPEND:
                return Outcome.SUSPENDED
            case _:
                # A look has no more to say than that it is time for one; anything else belongs
                # to an older instance.
                pass
        return None

    async def _handle_own(self, actor: Actor[Any], envelope: Envelope) -> None:
        """Handle what the actor has sent itself through the system lane."""
        if actor.batch_max > 1:
            await self._handle_batch(actor, envelope)
        else:
            await self._handle(actor, envelope)

    def _account(self, began_s: float, messages: int) -> None:
        self.stats.observe(perf_counter() - began_s)
        if self._idle_s is not None:
            self.last_message_at_s = self.now_s()
        if self.tree.stopping:
            self.tree.drained += messages

    def _expired(self, envelope: Envelope, reply: Reply[Any]) -> bool:
        if reply.done or envelope.deadline_s <= self.now_s():
            self.lose(envelope, DeadLetterReason.EXPIRED)
            return True
        return False

    def _keep_open(self, reply: Reply[Any]) -> None:
        # A handler may answer later; a stop or a crash must then complete what it left open.
        if len(self.open_replies) % _REPLIES_TRIMMED_EVERY == 0:
            self._trim_open_replies()
        self.open_replies.append(reply)

    def _trim_open_replies(self) -> None:
        self.open_replies = [each for each in self.open_replies if not each.done]

    # Own requests and timers

    def request(
        self,
        to: Ref[Any],
        make: Callable[[Reply[Any]], Any],
        on_answer: Callable[[Any], Any],
        timeout_s: float,
    ) -> None:
        """Ask another actor; the answer comes as a message."""
        assert self.actor is not None, self.path
        if len(self.requests) >= self.actor.requests_max:
            raise TooManyRequests(self.path)
        request = Request(self, to._cell, make, on_answer, timeout_s)
        self.requests.add(request)
        request.dispatch()

    def answered(self, request: Request) -> None:
        """Keep an answer for the instance that wants it."""
        if request.generation == self.generation and self.mailbox is not None:
            self.mailbox.put_system(request)
        else:
            self._too_late(request)

    def _too_late(self, request: Request) -> None:
        self._dead_letter(request.reply.result(), DeadLetterReason.LATE, request.origin.trace)

    def after(self, delay_s: float, message: object) -> Timer:
        """Deliver ``message`` through the system lane, to this generation only."""
        fired = Fired(self.generation, message)
        return self.call_at(self.now_s() + delay_s, lambda: self.put_system(fired))

    def _clear_system_lane(self, lane: deque[Any]) -> None:
        # Orders, notices and answers were meant for an earlier instance.
        for message in lane:
            if isinstance(message, Request):
                self._too_late(message)
        lane.clear()

    # Idleness

    def _look_when_idle(self, delay_s: float) -> None:
        self.call_at(self.now_s() + delay_s, partial(self._check_idle, self.generation))

    def _check_idle(self, generation: int) -> None:
        """Ask for sleep after so long without a message, with nothing open."""
        mailbox = self.mailbox
        if generation != self.generation or self._idle_s is None or mailbox is None:
            return
        left_s = self.last_message_at_s + self._idle_s - self.now_s()
        if left_s > 0:
            self._look_when_idle(left_s)
        elif self.envelope is NOTHING and self._may_sleep(mailbox):
            self.passivate_asked = True
            mailbox.put_system(Order.CHECK)
        else:
            self._look_when_idle(self._idle_s)
