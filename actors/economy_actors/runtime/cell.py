"""The life of one actor: its mailbox, its instances one after the other, and its children.

A cell is LIVE while an instance runs, ASLEEP while it has none and needs none, SUSPENDED while
its supervisor decides or waits, and ENDED for good. All state changes are synchronous; only the
instance's own code, draining and backoff wait.

    ASLEEP --wake--> LIVE --passivated--> ASLEEP
    LIVE --crashed, or suspended with its parent--> SUSPENDED --wake--> LIVE
    any --stopped, given up, cancelled--> ENDED
"""

from collections import deque
from collections.abc import Callable, Coroutine
from enum import Enum
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple, Protocol

import anyio
import anyio.lowlevel

from economy_actors.runtime.actor import Actor, Ended, Ref, Strategy, Supervision, Timer, running
from economy_actors.runtime.mailbox import (
    NEVER_S,
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

__all__ = ("Cell", "State", "Tree")

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
    live: "set[Cell]"
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


# What waits in the system lane


class Order(Enum):
    """What an instance is to do."""

    LOOK = "look"
    """See whether it is to stop or to sleep; its cell knows."""
    SUSPEND = "suspend"


class Fired(NamedTuple):
    """A timer of one generation."""

    generation: int
    message: Any


class Notice(NamedTuple):
    """A watched actor has ended; for one generation of the watcher."""

    generation: int
    ended: Ended


class Escalate(NamedTuple):
    """A child fails too often."""

    child: str
    cause: BaseException


class Request:
    """An open request of one generation; it waits in the lane once it is answered."""

    __slots__ = (
        "_asker",
        "_expiry",
        "_on_answer",
        "_ticket",
        "_to",
        "generation",
        "origin",
        "reply",
        "sent",
    )

    def __init__(
        self,
        asker: "Cell",
        to: "Cell",
        make: Callable[[Reply[Any]], Any],
        on_answer: Callable[[Any], Any],
        timeout_s: float,
    ) -> None:
        self._asker = asker
        self._to = to
        self._on_answer = on_answer
        self._ticket: tuple[Mailbox, int] | None = None
        self._expiry: Timer | None = None
        self.generation: int = asker.generation
        self.reply: Reply[Any] = Reply(self._completed)
        now_s = asker.now_s()
        # Whoever waits for the asker goes on waiting in the chain, but the asker does not.
        asking: Envelope = asker.envelope
        answered = asking.reply is not None and asking.reply.done
        self.origin: Envelope = asking._replace(
            reply=None, deadline_s=NEVER_S if answered else asking.deadline_s
        )
        deadline_s = min(now_s + timeout_s, self.origin.deadline_s)
        self.sent = Envelope(
            make(self.reply), self.reply, deadline_s, asking.trace, asking.chain, now_s
        )

    def dispatch(self) -> None:
        """Hand the message over, or have it wait for room; one that is refused is answered."""
        try:
            if not self._to.accept_now(self.sent):
                mailbox = self._to.mailbox
                assert mailbox is not None
                self._ticket = mailbox, mailbox.line_up(self.sent)
        except ActorGone:
            return
        if not self.reply.done:
            self._expiry = self._to.call_at(self.sent.deadline_s, self._expire)

    def _expire(self) -> None:
        if self._ticket is not None and self._ticket[0].withdraw(self._ticket[1]):
            self._to.lose(self.sent, DeadLetterReason.FULL)
        else:
            self.reply.fail(AskExpired(self._to.path))

    def _completed(self) -> None:
        # This runs in the task of whoever answers: nothing of the asker's code may run here.
        if self._expiry is not None:
            self._expiry.cancel()
        self._asker.answered(self)

    def answer(self) -> Envelope:
        """The message that the asker gets."""
        return self.origin._replace(message=self._on_answer(self.reply.result()))


class Cell:
    """Everything about one actor that outlives its instances."""

    __slots__ = (
        "_finished",
        "_heir",
        "_idle_s",
        "_readiness",
        "_scope",
        "_watchers",
        "accepting",
        "actor",
        "call_at",
        "capacity",
        "children",
        "ended",
        "envelope",
        "factory",
        "failure",
        "generation",
        "kind",
        "last_message_at_s",
        "mailbox",
        "name",
        "now_s",
        "open_replies",
        "parent",
        "passivate_asked",
        "path",
        "predecessor",
        "ref",
        "requests",
        "settled",
        "state",
        "stats",
        "stopping",
        "tree",
    )

    def __init__(
        self,
        tree: Tree,
        parent: "Cell | None",
        name: str,
        factory: Callable[[], Actor[Any]],
        *,
        capacity: int,
        idle_s: float | None = None,
        kind: str | None = None,
    ) -> None:
        self.tree = tree
        self.now_s = tree.now_s
        self.call_at = tree.call_at
        self.parent = parent
        self.name = name
        self.path: str = f"{parent.path}/{name}" if parent is not None else name
        self.factory: Callable[[], Actor[Any]] = factory
        self.capacity = capacity
        self.kind = kind or name
        self.stats = tree.observer.stats(self.kind)
        self.ref: Ref[Any] = Ref(self)
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
        self.failure: BaseException | None = None
        self.children: Children | None = None
        self.predecessor: Cell | None = None
        """Who had the name before and is still ending."""
        self.ended: anyio.Event | None = None
        self.settled: anyio.Event | None = None
        self.last_message_at_s = 0.0
        self._heir: Cell | None = None
        self._idle_s = idle_s
        self._scope: anyio.CancelScope | None = None
        self._finished: anyio.Event | None = None
        self._readiness: Reply[None] = Reply()
        self._watchers: list[tuple[Cell, int]] = []

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

    # Birth

    def wake(self) -> None:
        """Start a new instance, as soon as the name is free."""
        assert self.state in (State.ASLEEP, State.SUSPENDED), (self.path, self.state)
        if self.mailbox is None:
            self.mailbox = Mailbox(self.capacity)
            if self.generation:
                self.stats.passivated -= 1
        if self.predecessor is not None:
            self.state = State.SUSPENDED
            return
        self._clear_system_lane(self.mailbox.system)
        self.state = State.LIVE
        self.stats.live += 1
        self.generation += 1
        self.passivate_asked = False
        self.settled = anyio.Event()
        self.tree.live.add(self)
        self._scope = anyio.CancelScope()
        self.tree.start(self._run, self._scope)

    def _clear_system_lane(self, lane: deque[Any]) -> None:
        # Orders, notices and answers were meant for an earlier instance.
        for message in lane:
            if isinstance(message, Request):
                self._too_late(message)
        lane.clear()

    async def has_started(self) -> None:
        """Wait for the first instance to have started; raises Escalated or ActorGone."""
        await self._readiness.wait()

    async def _run(self, scope: anyio.CancelScope) -> None:
        """One instance from birth to its end."""
        try:
            await self._run_within(scope)
        except BaseException:
            # Everything around is being cancelled. Whoever waits for this end still learns of it.
            self.tree.live.discard(self)
            self.state = State.SUSPENDED
            self.end()
            raise

    async def _run_within(self, scope: anyio.CancelScope) -> None:
        running.set(self)
        # A cancelled instance counts as suspended; whether its cell ends is decided by its orders.
        outcome = Outcome.SUSPENDED
        failure: BaseException | None = None
        with scope:
            try:
                outcome = await self._live()
            except Exception as error:  # noqa: BLE001  # the cell is where failures are caught
                failure = error
        self.stats.live -= 1
        self.tree.live.discard(self)
        if outcome is Outcome.PASSIVATED and failure is None:
            return
        if scope.cancelled_caught and self.envelope is not NOTHING:
            self.lose(self.envelope, DeadLetterReason.STOPPED)
            self.envelope = NOTHING
        if failure is not None:
            self._report(failure)
        await self._finish(outcome, failure)

    async def _live(self) -> Outcome:
        actor = self.factory()
        actor._cell = self
        self.actor = actor
        try:
            await actor.started()
            self._started()
            outcome = await self._serve(actor)
            if outcome is Outcome.STOPPED:
                if self.children is not None:
                    await self.children.drain()
                await actor.stopping()
            return outcome
        finally:
            # A lock or thread that outlived its instance would bar the next one, or keep a
            # process whose tree has failed from ending.
            if type(actor).release is not Actor.release:
                with anyio.CancelScope(shield=True):
                    await actor.release()

    def _started(self) -> None:
        if self.children is not None:
            self.children.end_orphans()
        self._readiness.send(None)
        if self.settled is not None:
            self.settled.set()
        if self._idle_s is not None:
            self.last_message_at_s = self.now_s()
            self._look_when_idle(self._idle_s)

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

    # Own requests, timers and watches

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
        target = to._cell
        assert isinstance(target, Cell)
        request = Request(self, target, make, on_answer, timeout_s)
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

    def watch(self, ref: Ref[Any]) -> None:
        """Tell this cell's instance once when ``ref`` ends."""
        watched = ref._cell
        assert isinstance(watched, Cell)
        if watched.state is State.ENDED:
            self.put_system(Notice(self.generation, Ended(ref, watched.failure)))
        else:
            watched._watchers.append((self, self.generation))

    # Sleep

    def _fall_asleep(self, mailbox: Mailbox) -> bool:
        """Put this cell to sleep in one synchronous step, unless something waits."""
        if not self._may_sleep(mailbox):
            return False
        mailbox.close()
        self.mailbox = None
        self.actor = None
        self._scope = None
        self.settled = None
        self._finished = None
        self.state = State.ASLEEP
        self.stats.passivated += 1
        return True

    def _may_sleep(self, mailbox: Mailbox) -> bool:
        if not mailbox.idle or self.requests or self.stopping:
            return False
        self._trim_open_replies()
        return not self.open_replies and (self.children is None or self.children.none)

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
            mailbox.put_system(Order.LOOK)
        else:
            self._look_when_idle(self._idle_s)

    # The end of an instance

    def _report(self, failure: BaseException) -> None:
        self.tree.observer.failed(self.path, failure, self.envelope.trace)
        if self.envelope is NOTHING:
            return
        fatal, self.envelope = self.envelope, NOTHING
        self.lose(fatal, DeadLetterReason.CRASHED)
        if self.parent is not None and self.parent.actor is not None:
            self.parent.actor.child_crashed(self.ref, fatal.message)

    async def _finish(self, outcome: Outcome, failure: BaseException | None) -> None:
        self._abandon_open()
        self.actor = None
        if self.children is not None:
            await self.children.suspend()
        self.state = State.SUSPENDED
        if self.settled is not None:
            self.settled.set()
        # A crash costs one message, not the rest of a mailbox that is being drained.
        if self.stopping and failure is not None and self._readiness.done and self.has_mail:
            self.wake()
        elif self.stopping or (failure is None and outcome is Outcome.STOPPED):
            self.end(failure)
        elif failure is not None:
            self._tell_supervisor(failure)
        if self._finished is not None and self.state is not State.LIVE:
            self._finished.set()

    def _abandon_open(self) -> None:
        self.requests.clear()
        replies, self.open_replies = self.open_replies, []
        for reply in replies:
            reply.fail(AskFailed(self.path))

    def _tell_supervisor(self, failure: BaseException) -> None:
        if self.parent is None:
            self.tree.root_failed(failure)
        elif self.parent.children is not None:
            self.parent.children.failed(self, failure)

    def end(self, failure: BaseException | None = None) -> None:
        """End for good: what still waits is dead-lettered, watchers are told once."""
        if self.state is State.ENDED:
            return
        self._abandon_open()
        if self.children is not None:
            self.children.end_all()
        if self.state is State.ASLEEP and self.generation and self.mailbox is None:
            self.stats.passivated -= 1
        self.state = State.ENDED
        self.accepting = False
        self.failure = failure
        if self.mailbox is not None:
            mailbox, self.mailbox = self.mailbox, None
            self._clear_system_lane(mailbox.system)
            for envelope in mailbox.close():
                self.lose(envelope, DeadLetterReason.STOPPED)
        self._readiness.fail(ActorGone(self.path))
        if self.parent is not None and self.parent.children is not None:
            self.parent.children.forget(self)
        self._hand_on_the_name()
        for watcher, generation in self._watchers:
            watcher.put_system(Notice(generation, Ended(self.ref, failure)))
        self._watchers.clear()
        if self.ended is not None:
            self.ended.set()

    # A name that is used again

    def inherit(self, predecessor: "Cell") -> None:
        """Take over a name from a cell that is ending; messages wait until it has ended."""
        self.predecessor = predecessor
        predecessor._heir = self

    def _hand_on_the_name(self) -> None:
        heir, predecessor = self._heir, self.predecessor
        self._heir = self.predecessor = None
        if predecessor is not None:
            # This one never had its turn; whoever comes next still waits for the one before.
            predecessor._heir = heir
        if heir is None:
            return
        heir.predecessor = predecessor
        adopted = self.parent is not None and self.parent.actor is not None
        if predecessor is None and heir.state is State.SUSPENDED and (adopted or heir.stopping):
            heir.wake()

    # Orders

    def stop(self) -> None:
        """Close the intake; the instance ends when its mailbox is empty."""
        if self.state is State.ENDED or self.stopping:
            return
        self.accepting = False
        self.stopping = True
        if self.state is State.LIVE:
            self.put_system(Order.LOOK)
        elif self.has_mail and self.predecessor is not None:
            # It will be woken to drain what waits.
            return
        elif self.has_mail and self._readiness.done:
            # Caught between a crash and its restart: what waits is still to be drained.
            self.wake()
        else:
            self.end()

    async def drain(self, deadline_s: float) -> None:
        """Stop and wait for the end; past the deadline the instance is cancelled."""
        if self.state is State.ENDED:
            return
        ended = self.ended = self.ended or anyio.Event()
        self.stop()
        with anyio.CancelScope(deadline=deadline_s):
            await ended.wait()
        if not ended.is_set():
            self.kill()
            await ended.wait()

    async def suspend(self, deadline_s: float) -> None:
        """Finish the current message and stop the instance; the mailbox stays."""
        if self.state is not State.LIVE:
            return
        self.put_system(Order.SUSPEND)
        finished = self._finished = anyio.Event()
        with anyio.CancelScope(deadline=deadline_s):
            await finished.wait()
        if not finished.is_set() and self._scope is not None:
            self._scope.cancel()
            await finished.wait()

    def kill(self) -> None:
        """Cancel the instance now and end."""
        self.accepting = False
        self.stopping = True
        if self.state is State.LIVE and self._scope is not None:
            self._scope.cancel()
        else:
            self.end()

    def abandon(self) -> None:
        """End without an instance to care for, children first; the task group is gone."""
        if self.children is not None:
            for child in self.children.all():
                child.abandon()
        if self.state is State.LIVE:
            self.state = State.SUSPENDED
        self._heir = None
        self.end()

    @property
    def in_a_hurry(self) -> bool:
        """Whether this instance is being cancelled."""
        return self._scope is not None and self._scope.cancel_called

    def give_up(self) -> None:
        """Whoever waits for a start learns that there will be none."""
        self._readiness.fail(Escalated(self.path))

    # Children

    def spawn(
        self,
        name: str,
        factory: Callable[[], Actor[Any]],
        *,
        capacity: int,
        lazy: bool = False,
        idle_s: float | None = None,
        kind: str | None = None,
    ) -> "Cell":
        """Start a child, or adopt the one of that name which an earlier instance left.

        Without an instance there is nobody to have children: the ref leads nowhere then.
        """
        child = Cell(self.tree, self, name, factory, capacity=capacity, idle_s=idle_s, kind=kind)
        if self.actor is None:
            child.end()
            return child
        if self.children is None:
            self.children = Children(self, self.actor.supervision)
        return self.children.adopt(child, lazy=lazy)

    async def finish_child(self, ref: Ref[Any]) -> None:
        """Stop a child and wait for its end."""
        child, deadline_s = self._child(ref)
        await child.drain(deadline_s)

    def stop_child(self, ref: Ref[Any]) -> None:
        """Stop a child without waiting for its end."""
        child, deadline_s = self._child(ref)
        child.stop()
        if child.state is not State.ENDED:
            self.call_at(deadline_s, child.kill)

    def _child(self, ref: Ref[Any]) -> tuple["Cell", float]:
        child = ref._cell
        assert isinstance(child, Cell)
        assert child.parent is self, (self.path, child.path)
        drain_s = self.actor.supervision.drain_s if self.actor is not None else 0.0
        return child, self.now_s() + drain_s


class Children:
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

    def __init__(self, parent: Cell, rules: Supervision) -> None:
        self._parent = parent
        self._rules = rules
        self._by_name: dict[str, Cell] = {}
        self._orphans: set[str] = set()
        # They are ending while somebody else has their name already.
        self._leaving: list[Cell] = []
        self._restarted_at_s: deque[float] = deque()
        self._lock = anyio.Lock()

    @property
    def none(self) -> bool:
        """Whether there are none."""
        return not (self._by_name or self._leaving)

    def all(self) -> list[Cell]:
        """Everybody, the youngest first and those who are leaving before them."""
        return [*self._leaving, *reversed(self._by_name.values())]

    # Birth and adoption

    def adopt(self, child: Cell, *, lazy: bool) -> Cell:
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

    def forget(self, child: Cell) -> None:
        """A child has ended."""
        if child in self._leaving:
            self._leaving.remove(child)
        elif self._by_name.get(child.name) is child:
            del self._by_name[child.name]
            self._orphans.discard(child.name)

    # Failure

    def failed(self, child: Cell, failure: BaseException) -> None:
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

    async def _restart(self, failed: Cell, generation: int, pause_s: float) -> None:
        parent = self._parent
        async with self._lock:
            affected = self._affected_by(failed)
            for child in reversed(affected[1:]):
                await child.suspend(self._deadline_s())
            await anyio.sleep(pause_s)
            for child in affected:
                if parent.generation != generation or parent.state is not State.LIVE:
                    return
                if child.state is State.SUSPENDED and child.predecessor is None:
                    child.wake()
                    assert child.settled is not None
                    await child.settled.wait()
                    if child.state is State.SUSPENDED:
                        # It failed again; the restart that this caused takes the others along.
                        return

    def _affected_by(self, failed: Cell) -> list[Cell]:
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
