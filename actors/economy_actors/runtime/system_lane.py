"""What waits in the system lane of a mailbox, ahead of the users' messages.

Orders, timers, endings of watched actors and answers to the actor's own requests. All but orders
belong to one generation of an actor: an instance never gets what was meant for an earlier one.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple, Protocol

from economy_actors.runtime.actor import Ended, Host, Timer
from economy_actors.runtime.mailbox import (
    NEVER_S,
    ActorGone,
    AskExpired,
    Envelope,
    Mailbox,
    Reply,
)
from economy_actors.runtime.observer import DeadLetterReason

__all__ = ("Asker", "Escalate", "Fired", "Notice", "Order", "Request")


class Order(Enum):
    """What an instance is to do."""

    CHECK = "check"
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


class Asker(Protocol):
    """Whose instance has asked, and gets the answer."""

    generation: int
    envelope: Envelope
    now_s: Callable[[], float]

    def answered(self, request: "Request", /) -> None:
        """Keep an answer for the instance that wants it."""
        ...


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
        asker: Asker,
        to: Host,
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
