"""What the outbox takes: private messages and public lines, and how urgent each is.

Order of urgency: command replies, then game results and money notices, then
public announcements, then bulk notices, then digests. All times are monotonic seconds.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum

__all__ = ("Line", "LineKind", "Loss", "Medium", "Outgoing", "Pm", "Priority", "medium_of")


class Priority(IntEnum):
    """The lower, the sooner; the names are the labels of ``economy_outbox_wait_seconds``."""

    REPLY = 0
    RESULT = 1
    PUBLIC = 2
    BULK = 3
    DIGEST = 4

    @property
    def label(self) -> str:
        """The value of the metric label."""
        return self.name.lower()


class LineKind(Enum):
    """Who wants a public line."""

    RESULT = "result"
    PAID = "paid"
    ADMIN = "admin"
    ORDINARY = "ordinary"

    @property
    def kept(self) -> bool:
        """Whether nothing at all may drop the line: somebody paid for it or ordered it."""
        return self in {LineKind.PAID, LineKind.ADMIN}


@dataclass(frozen=True, slots=True)
class Pm:
    """A private message, of any length.

    ``to`` is the display name. A ``mutable`` message is one that quiet mode would have stopped:
    it ends with the hint about ``quiet``. Messages with ``merge`` that wait for the same user go
    out as one; replies never merge. ``expires_at_s`` None means the lifetime of the priority.
    """

    to: str
    text: str
    priority: Priority = Priority.REPLY
    mutable: bool = False
    merge: bool = False
    expires_at_s: float | None = None
    trace: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A public line, final but for cleaning and splitting.

    ``gate`` is the key of ``announcements`` that can switch the line off. Lines with
    ``batch`` that wait together become one line. ``pause_s`` is the least time since the public
    line before it, for stories told in steps. With a ``receipt`` the channel is told under it
    whether the line was said; such a line stands alone.
    """

    text: str
    kind: LineKind = LineKind.ORDINARY
    gate: str | None = None
    dedup: bool = True
    batch: bool = False
    pause_s: float = 0.0
    expires_at_s: float | None = None
    trace: str | None = None
    receipt: str | None = None

    @property
    def priority(self) -> Priority:
        """Ordinary lines are announcements, all others go with the results."""
        return Priority.PUBLIC if self.kind is LineKind.ORDINARY else Priority.RESULT


Outgoing = Pm | Line


class Medium(Enum):
    """How a text travels."""

    PM = "pm"
    CHAT = "chat"


class Loss(Enum):
    """Why a message was not delivered."""

    GATE = "gate"
    DUPLICATE = "duplicate"
    RATE = "rate"
    EMPTY = "empty"
    ABSENT = "absent"
    EXPIRED = "expired"
    OVERFLOW = "overflow"
    NO_ECHO = "no_echo"
    SEND_FAILED = "send_failed"


def medium_of(message: Outgoing) -> Medium:
    """How a message travels."""
    return Medium.PM if isinstance(message, Pm) else Medium.CHAT
