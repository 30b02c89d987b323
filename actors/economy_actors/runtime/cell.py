"""The life of one actor: its mailbox, its instances one after the other, and its children.

A cell is LIVE while an instance runs, ASLEEP while it has none and needs none, SUSPENDED while
its supervisor decides or waits, and ENDED for good. All state changes are synchronous; only the
instance's own code, draining and backoff wait.
"""

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any

import anyio

from economy_actors.runtime.actor import Actor, Ended
from economy_actors.runtime.faults import ActorGone, AskExpired, AskFailed, MailboxFull
from economy_actors.runtime.instance import (
    NOTHING,
    Escalate,
    Fired,
    IdleCheck,
    Instance,
    Notice,
    Outcome,
)
from economy_actors.runtime.mailbox import Envelope, Mailbox
from economy_actors.runtime.observer import DeadLetterReason
from economy_actors.runtime.ref import Ref
from economy_actors.runtime.reply import Reply
from economy_actors.runtime.supervision import Intensity, Supervision
from economy_actors.runtime.timers import Timer

if TYPE_CHECKING:
    from economy_actors.runtime.family import Family
    from economy_actors.runtime.system import ActorSystem

__all__ = ("Cell", "State")


class State(Enum):
    """Where a cell is in its life."""

    ASLEEP = "asleep"
    LIVE = "live"
    SUSPENDED = "suspended"
    ENDED = "ended"


class Cell:
    """Everything about one actor that outlives its instances."""

    __slots__ = (
        "_watchers",
        "accepting",
        "actor",
        "capacity",
        "ended",
        "envelope",
        "factory",
        "failure",
        "family",
        "finished",
        "generation",
        "idle_s",
        "kind",
        "last_message_at_s",
        "lazy",
        "mailbox",
        "name",
        "open_replies",
        "parent",
        "passivate_asked",
        "path",
        "readiness",
        "ref",
        "scope",
        "settled",
        "state",
        "stats",
        "stopping",
        "system",
    )

    def __init__(
        self,
        system: "ActorSystem",
        parent: "Cell | None",
        name: str,
        factory: Callable[[], Actor[Any]],
        *,
        capacity: int,
        lazy: bool,
        idle_s: float | None,
        kind: str,
    ) -> None:
        self.system = system
        self.parent = parent
        self.name = name
        self.path: str = f"{parent.path}/{name}" if parent is not None else name
        self.factory: Callable[[], Actor[Any]] = factory
        self.capacity = capacity
        self.lazy = lazy
        self.idle_s = idle_s
        self.kind = kind
        self.stats = system.observer.stats(kind)
        self.ref: Ref[Any] = Ref(self)
        self.state = State.ASLEEP
        self.generation = 0
        self.accepting = True
        self.stopping = False
        self.passivate_asked = False
        self.mailbox: Mailbox | None = None
        self.actor: Actor[Any] | None = None
        self.scope: anyio.CancelScope | None = None
        self.envelope = NOTHING
        self.open_replies: list[Reply[Any]] = []
        self.failure: BaseException | None = None
        self.family: Family | None = None
        self.ended: anyio.Event | None = None
        self.settled: anyio.Event | None = None
        self.finished: anyio.Event | None = None
        self.readiness: Reply[None] = Reply()
        self._watchers: list[tuple[Cell, int]] = []
        self.last_message_at_s = 0.0

    # Intake

    def accept(self, envelope: Envelope) -> None:
        """Take a message, or dead-letter it and raise MailboxFull or ActorGone."""
        mailbox = self.mailbox
        if mailbox is None or not self.accepting:
            mailbox = self._open_mailbox(envelope)
        try:
            mailbox.put_nowait(envelope)
        except MailboxFull:
            self.lose(envelope, DeadLetterReason.FULL)
            raise MailboxFull(self.path) from None

    def accept_now(self, envelope: Envelope) -> bool:
        """Take a message if there is room."""
        mailbox = self.mailbox
        if mailbox is None or not self.accepting:
            mailbox = self._open_mailbox(envelope)
        try:
            mailbox.put_nowait(envelope)
        except MailboxFull:
            return False
        return True

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
        if not self.accepting or self.state is State.ENDED or self.system.closed:
            self.lose(envelope, DeadLetterReason.GONE)
            raise ActorGone(self.path)
        self.wake()
        assert self.mailbox is not None
        return self.mailbox

    def lose(self, envelope: Envelope, reason: DeadLetterReason) -> None:
        """Dead-letter a message; its asker learns that the outcome is unknown."""
        self.system.observer.dead_letter(self.path, envelope.message, reason, envelope.trace)
        if reason is DeadLetterReason.STOPPED:
            self.system.dropped += 1
        if envelope.reply is not None:
            fault = AskExpired if reason is DeadLetterReason.EXPIRED else AskFailed
            envelope.reply.fail(fault(f"{self.path}: {reason.value}"))

    # Birth, sleep and death

    def wake(self) -> None:
        """Start a new instance."""
        assert self.state in (State.ASLEEP, State.SUSPENDED), (self.path, self.state)
        if self.mailbox is None:
            self.mailbox = Mailbox(self.capacity)
            if self.generation:
                self.stats.passivated -= 1
        # Orders and notices in the system lane were meant for an earlier instance.
        self.mailbox.system.clear()
        self.state = State.LIVE
        self.stats.live += 1
        self.generation += 1
        self.passivate_asked = False
        self.settled = anyio.Event()
        self.system.live.add(self)
        self.scope = anyio.CancelScope()
        self.system.start(self._run, self.scope)

    async def _run(self, scope: anyio.CancelScope) -> None:
        """One instance from birth to its end."""
        try:
            await self._run_within(scope)
        except BaseException:
            # Everything around is being cancelled. Whoever waits for this end still learns of it.
            self.system.live.discard(self)
            self.state = State.SUSPENDED
            self.end()
            raise

    async def _run_within(self, scope: anyio.CancelScope) -> None:
        self.system.enter(self)
        # A cancelled instance counts as suspended; whether its cell ends is decided by its orders.
        outcome = Outcome.SUSPENDED
        failure: BaseException | None = None
        with scope:
            try:
                assert self.mailbox is not None
                outcome = await Instance(self, self.mailbox).live()
            except Exception as error:  # noqa: BLE001  # the cell is where failures are caught
                failure = error
        self.stats.live -= 1
        self.system.live.discard(self)
        if outcome is Outcome.PASSIVATED and failure is None:
            return
        if scope.cancelled_caught and self.envelope is not NOTHING:
            self.lose(self.envelope, DeadLetterReason.STOPPED)
            self.envelope = NOTHING
        if failure is not None:
            self._report(failure)
        await self._finish(outcome, failure)

    def has_started(self) -> None:
        """The instance is ready to serve."""
        if self.family is not None:
            self.family.end_orphans()
        self.readiness.send(None)
        if self.settled is not None:
            self.settled.set()
        if self.idle_s is not None:
            self.last_message_at_s = self.system.now_s()
            self._arm_idle_check(self.last_message_at_s + self.idle_s)

    def _report(self, failure: BaseException) -> None:
        self.system.observer.failed(self.path, failure, self.envelope.trace)
        if self.envelope is NOTHING:
            return
        fatal, self.envelope = self.envelope, NOTHING
        self.lose(fatal, DeadLetterReason.CRASHED)
        if self.parent is not None and self.parent.actor is not None:
            self.parent.actor.child_crashed(self.ref, fatal.message)

    async def _finish(self, outcome: Outcome, failure: BaseException | None) -> None:
        for reply in self.open_replies:
            reply.fail(AskFailed(self.path))
        self.open_replies.clear()
        self.actor = None
        if self.family is not None:
            await self.family.suspend()
        self.state = State.SUSPENDED
        if self.settled is not None:
            self.settled.set()
        if self._drains_on(failure):
            self.wake()
        elif self.stopping or (failure is None and outcome is Outcome.STOPPED):
            self.end(failure)
        elif failure is not None:
            self._tell_supervisor(failure)
        if self.finished is not None and self.state is not State.LIVE:
            self.finished.set()

    def _drains_on(self, failure: BaseException | None) -> bool:
        """A crash costs one message, not the rest of a mailbox that is being drained."""
        return self.stopping and failure is not None and self.readiness.done and self.has_mail

    @property
    def has_mail(self) -> bool:
        """Whether user messages wait."""
        return self.mailbox is not None and self.mailbox.depth > 0

    def _tell_supervisor(self, failure: BaseException) -> None:
        if self.parent is None:
            self.system.root_failed(failure)
        elif self.parent.family is not None:
            self.parent.family.child_failed(self, failure)

    def end(self, failure: BaseException | None = None) -> None:
        """End for good: what still waits is dead-lettered, watchers are told once."""
        if self.state is State.ENDED:
            return
        if self.family is not None:
            self.family.end_all()
        if self.state is State.ASLEEP and self.generation and self.mailbox is None:
            self.stats.passivated -= 1
        self.state = State.ENDED
        self.accepting = False
        self.failure = failure
        if self.mailbox is not None:
            mailbox, self.mailbox = self.mailbox, None
            for envelope in mailbox.close():
                self.lose(envelope, DeadLetterReason.STOPPED)
        self.readiness.fail(ActorGone(self.path))
        if self.parent is not None and self.parent.family is not None:
            self.parent.family.forget(self)
        for watcher, generation in self._watchers:
            watcher.put_notice(generation, Ended(self.ref, failure))
        self._watchers.clear()
        if self.ended is not None:
            self.ended.set()

    # Sleep

    def fall_asleep(self) -> bool:
        """Put this cell to sleep in one synchronous step, unless something waits."""
        mailbox = self.mailbox
        assert mailbox is not None
        if not mailbox.idle or self.open_replies or self.stopping:
            return False
        if self.family is not None and self.family.children:
            return False
        mailbox.close()
        self.mailbox = None
        self.actor = None
        self.scope = None
        self.settled = None
        self.finished = None
        self.state = State.ASLEEP
        self.stats.passivated += 1
        return True

    def check_idle(self) -> None:
        """Go to sleep after `idle_s` without a message."""
        assert self.idle_s is not None
        due_s = self.last_message_at_s + self.idle_s
        if due_s <= self.system.now_s():
            self.passivate_asked = True
        else:
            self._arm_idle_check(due_s)

    def _arm_idle_check(self, due_s: float) -> None:
        generation = self.generation
        self.system.timers.at(due_s, lambda: self.put_system(IdleCheck(generation)))

    # Timers, watches, family

    def put_system(self, message: object) -> None:
        """Put a message ahead of the users' ones; an actor asleep needs none."""
        if self.mailbox is not None:
            self.mailbox.put_system(message)

    def after(self, delay_s: float, message: object) -> Timer:
        """Deliver ``message`` through the system lane, to this generation only."""
        fired = Fired(self.generation, message)
        return self.system.timers.at(self.system.now_s() + delay_s, lambda: self.put_system(fired))

    def watch(self, ref: Ref[Any]) -> None:
        """Tell this cell's instance once when ``ref`` ends."""
        watched = ref._cell
        if watched.state is State.ENDED:
            self.put_notice(self.generation, Ended(ref, watched.failure))
        else:
            watched._watchers.append((self, self.generation))

    def put_notice(self, generation: int, ended: Ended) -> None:
        """Deliver the end of a watched actor."""
        self.put_system(Notice(generation, ended))

    def escalate(self, child: str, cause: BaseException) -> None:
        """Fail this cell, since a child fails too often."""
        self.put_system(Escalate(child, cause))

    def spawn(
        self,
        name: str,
        factory: Callable[[], Actor[Any]],
        rules: Supervision,
        *,
        capacity: int,
        lazy: bool = False,
        idle_s: float | None = None,
        kind: str | None = None,
    ) -> "Cell":
        """Start a child, or adopt the one of that name which an earlier instance left."""
        from economy_actors.runtime.family import Family  # noqa: PLC0415  # a cell has cells

        if self.family is None:
            self.family = Family(self, Intensity(rules))
        return self.family.spawn(name, factory, capacity, kind or name, lazy=lazy, idle_s=idle_s)
