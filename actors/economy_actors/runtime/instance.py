"""One instance of an actor: it starts, serves its mailbox, and stops, fails or falls asleep."""

from enum import Enum
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import anyio
import anyio.lowlevel

from economy_actors.runtime.actor import Actor, Ended
from economy_actors.runtime.faults import Escalated
from economy_actors.runtime.mailbox import Envelope, Mailbox
from economy_actors.runtime.observer import DeadLetterReason
from economy_actors.runtime.ref import NEVER_S
from economy_actors.runtime.reply import Reply

if TYPE_CHECKING:
    from economy_actors.runtime.cell import Cell

__all__ = ("NOTHING", "Escalate", "Fired", "IdleCheck", "Instance", "Notice", "Order", "Outcome")

TURN_BUDGET = 64
"""Messages handled before the loop gets a turn, so that no busy actor hogs it."""

NOTHING = Envelope(None, None, NEVER_S, None, (), 0.0)
"""What is being handled when nothing is."""


class Outcome(Enum):
    """Why an instance finished without failing."""

    STOPPED = "stopped"
    SUSPENDED = "suspended"
    PASSIVATED = "passivated"


class Order(Enum):
    """What a supervisor asks of an instance."""

    STOP = "stop"
    SUSPEND = "suspend"


class Fired(NamedTuple):
    """A timer of one generation."""

    generation: int
    message: Any


class IdleCheck(NamedTuple):
    """Time to see whether this generation has been idle."""

    generation: int


class Notice(NamedTuple):
    """A watched actor has ended; for one generation of the watcher."""

    generation: int
    ended: Ended


class Escalate(NamedTuple):
    """A child fails too often."""

    child: str
    cause: BaseException


class Instance:
    """The running part of a cell."""

    __slots__ = ("actor", "cell", "mailbox")

    def __init__(self, cell: "Cell", mailbox: Mailbox) -> None:
        self.cell = cell
        self.mailbox = mailbox
        self.actor: Actor[Any] = cell.factory()
        self.actor._cell = cell
        cell.actor = self.actor

    async def live(self) -> Outcome:
        """From birth to the end; a failure is raised."""
        try:
            await self.actor.started()
            self.cell.has_started()
            outcome = await self._serve()
            if outcome is Outcome.STOPPED:
                if self.cell.family is not None:
                    await self.cell.family.drain()
                await self.actor.stopping()
            return outcome
        finally:
            # A lock or thread that outlived its instance would bar the next one, or keep a
            # process whose tree has failed from ending.
            if type(self.actor).release is not Actor.release:
                with anyio.CancelScope(shield=True):
                    await self.actor.release()

    async def _serve(self) -> Outcome:
        mailbox = self.mailbox
        budget = TURN_BUDGET
        while True:
            while mailbox.system:
                outcome = await self._obey(mailbox.system.popleft())
                if outcome is not None:
                    return outcome
            envelope = mailbox.take_nowait()
            if envelope is None:
                outcome = self._rest()
                if outcome is not None:
                    return outcome
                if mailbox.system:
                    continue
                envelope = await mailbox.take()
                budget = TURN_BUDGET
                if envelope is None:
                    continue
            budget -= await self._handle(envelope)
            if budget <= 0:
                await anyio.lowlevel.checkpoint()
                budget = TURN_BUDGET

    def _rest(self) -> Outcome | None:
        """With nothing to take: stop or sleep if that was asked for, else wait."""
        cell = self.cell
        if cell.passivate_asked and cell.fall_asleep():
            return Outcome.PASSIVATED
        if cell.stopping and not self.mailbox.depth:
            return Outcome.STOPPED
        return None

    async def _handle(self, envelope: Envelope) -> int:
        """Handle a message, or a batch that begins with it; returns the budget spent."""
        if self.actor.batch_max > 1:
            await self._handle_batch(envelope)
            return TURN_BUDGET
        reply = envelope.reply
        if reply is not None and self._expired(envelope):
            return 1
        cell = self.cell
        began_s = perf_counter()
        cell.envelope = envelope
        await self.actor.receive(envelope.message)
        cell.envelope = NOTHING
        self._account(began_s, 1)
        if reply is not None and not reply.done:
            self._keep_open(reply)
        return 1

    async def _handle_batch(self, first: Envelope) -> None:
        batch = [first]
        while len(batch) < self.actor.batch_max:
            more = self.mailbox.take_nowait()
            if more is None:
                break
            batch.append(more)
        batch = [each for each in batch if each.reply is None or not self._expired(each)]
        if not batch:
            return
        began_s = perf_counter()
        try:
            await self.actor.receive_batch([each.message for each in batch])
        except BaseException:
            for each in batch:
                if each.reply is None or not each.reply.done:
                    self.cell.lose(each, DeadLetterReason.CRASHED)
            raise
        self._account(began_s, len(batch))
        for each in batch:
            if each.reply is not None and not each.reply.done:
                self._keep_open(each.reply)

    def _account(self, began_s: float, messages: int) -> None:
        cell = self.cell
        cell.stats.observe(perf_counter() - began_s)
        if cell.idle_s is not None:
            cell.last_message_at_s = cell.system.now_s()
        if cell.system.stopping:
            cell.system.drained += messages

    def _expired(self, envelope: Envelope) -> bool:
        reply = envelope.reply
        if reply is not None and (reply.done or envelope.deadline_s <= self.cell.system.now_s()):
            self.cell.lose(envelope, DeadLetterReason.EXPIRED)
            return True
        return False

    def _keep_open(self, reply: Reply[Any]) -> None:
        # A handler may answer later; a stop or a crash must then complete what it left open.
        cell = self.cell
        cell.open_replies = [each for each in cell.open_replies if not each.done]
        cell.open_replies.append(reply)

    async def _obey(self, message: object) -> Outcome | None:
        cell = self.cell
        match message:
            case Fired(generation, inner) if generation == cell.generation:
                began_s = perf_counter()
                cell.envelope = NOTHING._replace(message=inner)
                await self._receive_timer(inner)
                cell.envelope = NOTHING
                self._account(began_s, 1)
            case IdleCheck(generation) if generation == cell.generation:
                cell.check_idle()
            case Notice(generation, ended) if generation == cell.generation:
                await self.actor.on_ended(ended)
            case Escalate(child, cause):
                cell.system.observer.escalated(cell.path, child)
                raise Escalated(f"{child} in {cell.path}") from cause
            case Order.SUSPEND:
                return Outcome.SUSPENDED
            case _:
                # A stop order shows in `stopping`; anything else belongs to an older instance.
                pass
        return None

    async def _receive_timer(self, message: object) -> None:
        if self.actor.batch_max > 1:
            await self.actor.receive_batch([message])
        else:
            await self.actor.receive(message)
