"""The life of one actor: its mailbox, its instances one after the other, and its children.

A cell is LIVE while an instance runs, ASLEEP while it has none and needs none, SUSPENDED while
its supervisor decides or waits, and ENDED for good. All state changes are synchronous; only the
instance's own code, draining and backoff wait.

    ASLEEP --wake--> LIVE --passivated--> ASLEEP
    LIVE --crashed, or suspended with its parent--> SUSPENDED --wake--> LIVE
    any --stopped, given up, cancelled--> ENDED
"""

from collections.abc import Callable
from typing import Any

import anyio

from economy_actors.runtime.actor import Actor, Ended, Ref, running
from economy_actors.runtime.children import Children
from economy_actors.runtime.dispatch import Dispatch, Outcome, State, Tree
from economy_actors.runtime.mailbox import (
    NOTHING,
    ActorGone,
    AskFailed,
    Escalated,
    Mailbox,
    Reply,
)
from economy_actors.runtime.observer import DeadLetterReason
from economy_actors.runtime.system_lane import Notice, Order

__all__ = ("Cell",)


class Cell(Dispatch):
    """Everything about one actor that outlives its instances."""

    __slots__ = (
        "_finished",
        "_heir",
        "_readiness",
        "_scope",
        "_watchers",
        "children",
        "ended",
        "factory",
        "failure",
        "name",
        "parent",
        "predecessor",
        "ref",
        "settled",
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
        path = f"{parent.path}/{name}" if parent is not None else name
        super().__init__(tree, path, capacity=capacity, idle_s=idle_s, kind=kind or name)
        self.parent = parent
        self.name = name
        self.factory: Callable[[], Actor[Any]] = factory
        self.ref: Ref[Any] = Ref(self)
        self.failure: BaseException | None = None
        self.children: Children[Cell] | None = None
        self.predecessor: Cell | None = None
        """Who had the name before and is still ending."""
        self.ended: anyio.Event | None = None
        self.settled: anyio.Event | None = None
        self._heir: Cell | None = None
        self._scope: anyio.CancelScope | None = None
        self._finished: anyio.Event | None = None
        self._readiness: Reply[None] = Reply()
        self._watchers: list[tuple[Cell, int]] = []

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
            if type(actor).work is Actor.work:
                return await self._serve_to_the_end(actor)
            return await self._serve_beside_work(actor)
        finally:
            # A lock or thread that outlived its instance would bar the next one, or keep a
            # process whose tree has failed from ending.
            if type(actor).release is not Actor.release:
                with anyio.CancelScope(shield=True):
                    await actor.release()

    async def _serve_to_the_end(self, actor: Actor[Any]) -> Outcome:
        outcome = await self._serve(actor)
        if outcome is Outcome.STOPPED:
            if self.children is not None:
                await self.children.drain()
            await actor.stopping()
        return outcome

    async def _serve_beside_work(self, actor: Actor[Any]) -> Outcome:
        async def work() -> None:
            running.set(None)
            await actor.work()

        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(work)
                outcome = await self._serve_to_the_end(actor)
                tasks.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            # What has failed first is the reason; the other one was cancelled.
            raise group.exceptions[0] from None
        return outcome

    def _started(self) -> None:
        if self.children is not None:
            self.children.end_orphans()
        self._readiness.send(None)
        if self.settled is not None:
            self.settled.set()
        if self._idle_s is not None:
            self.last_message_at_s = self.now_s()
            self._look_when_idle(self._idle_s)

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

    # Watching

    def watch(self, ref: Ref[Any]) -> None:
        """Tell this cell's instance once when ``ref`` ends."""
        watched = ref._cell
        assert isinstance(watched, Cell)
        if watched.state is State.ENDED:
            self.put_system(Notice(self.generation, Ended(ref, watched.failure)))
        else:
            watched._watchers.append((self, self.generation))

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

    @property
    def waits_for_name(self) -> bool:
        """Whether somebody else of its name is still ending."""
        return self.predecessor is not None

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
            self.put_system(Order.CHECK)
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

    @property
    def children_with_mail(self) -> tuple[str, ...]:
        """The children of an earlier instance for whom messages wait."""
        return () if self.children is None else self.children.orphans_with_mail()

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
