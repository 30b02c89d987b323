"""How others reach an actor: tell, send, ask. A ref outlives restarts and passivation."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from economy_actors.runtime.faults import ActorGone, AskCycle, AskExpired, MailboxFull
from economy_actors.runtime.mailbox import Envelope
from economy_actors.runtime.reply import Reply

if TYPE_CHECKING:
    from economy_actors.runtime.cell import Cell

__all__ = ("NEVER_S", "Ref")

M_contra = TypeVar("M_contra", contravariant=True)
T = TypeVar("T")

NEVER_S = float("inf")


class Ref(Generic[M_contra]):
    """The address of one actor that takes messages of type ``M_contra``."""

    __slots__ = ("_cell",)

    def __init__(self, cell: "Cell") -> None:
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
        """How many messages wait."""
        mailbox = self._cell.mailbox
        return mailbox.depth if mailbox is not None else 0

    def tell(self, message: M_contra, *, trace: str | None = None) -> None:
        """Hand over a message without waiting; raises MailboxFull or ActorGone."""
        cell = self._cell
        if trace is None and (sender := cell.system.current()) is not None:
            trace = sender.envelope.trace
        cell.accept(Envelope(message, None, NEVER_S, trace, (), cell.system.now_s()))

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
        now_s = cell.system.now_s()
        if trace is None and (sender := cell.system.current()) is not None:
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
        now_s = cell.system.now_s()
        deadline_s = now_s + timeout_s
        chain: tuple[Any, ...] = ()
        asker = cell.system.current()
        if asker is not None:
            asking = asker.envelope
            deadline_s = min(deadline_s, asking.deadline_s)
            chain = (*asking.chain, asker)
            if cell in chain:
                raise AskCycle(" -> ".join(each.path for each in (*chain, cell)))
            trace = trace or asking.trace
        reply: Reply[T] = Reply()
        envelope = Envelope(make(reply), reply, deadline_s, trace, chain, now_s)
        if not (cell.accept_now(envelope) or await cell.accept_before(envelope, deadline_s)):
            raise AskExpired(self.address)
        timer = cell.system.timers.at(deadline_s, partial(_expire, reply, self.address))
        try:
            return await reply.wait()
        finally:
            timer.cancel()
            # An asker that was cancelled no longer wants the message to be executed.
            reply.fail(AskExpired(self.address))


def _expire(reply: Reply[Any], address: str) -> None:
    reply.fail(AskExpired(address))
