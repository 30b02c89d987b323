"""What one user's session takes."""

from dataclasses import dataclass, field
from typing import Literal

from economy_actors.runtime import Reply
from kryten_economy.features.chat.triggers import NOTHING, Effect
from kryten_economy.ledger.wallet import Wallet

__all__ = (
    "Arriving",
    "Asked",
    "AttendanceDue",
    "ChatLine",
    "Command",
    "Deserved",
    "FromPage",
    "GiveLevel",
    "LevelGiven",
    "PageAnswer",
    "PersonKnown",
    "ProgressMade",
    "PromptDue",
    "SessionMessage",
)


@dataclass(frozen=True, slots=True)
class Arriving:
    """The user came in and no session was known; times are UTC epoch milliseconds.

    Not ``seen_coming`` is who was found in a user list: that is no moment to greet them.
    """

    display_name: str
    at_ms: int
    seen_coming: bool = True


@dataclass(frozen=True, slots=True)
class ChatLine:
    """The user said something in the channel; ``effect`` is what that set off."""

    display_name: str
    text: str = field(repr=False)
    at_ms: int
    effect: Effect = NOTHING


@dataclass(frozen=True, slots=True)
class Deserved:
    """What others set off for the user, to be booked; ``key`` tells it from what came with it."""

    effect: Effect
    at_ms: int
    key: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that waits for an answer; ``id`` tells it from every other one.

    ``yes`` or ``code``: for YES, or for the code that its text tells. ``choices``: for a number
    from 1 to that.
    """

    id: str
    yes: bool = False
    code: bool = False
    choices: int = 0


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """What came of a command that was given on a page: the text that a PM would have brought.

    ``code`` says why it was refused or failed, "" if it was not; "slow_down" is too many in a
    minute. ``asked`` is the question that ``text`` puts.
    """

    text: str
    result: Literal["ok", "refused", "error"] = "ok"
    code: str = ""
    asked: Asked | None = None


@dataclass(frozen=True, slots=True)
class FromPage:
    """A command that was given on a page, and is answered there.

    ``answers`` is the id of the question that it answers, and "" for a command of its own.
    """

    reply: Reply[PageAnswer]
    answers: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A private message that passed the rate limit; ``rank`` is the channel rank.

    ``in_chat``: it was said in the channel, as a move of a game. ``page``: it came from a page.
    """

    display_name: str
    text: str = field(repr=False)
    rank: float
    at_ms: int
    in_chat: bool = False
    page: FromPage | None = None


@dataclass(frozen=True, slots=True)
class GiveLevel:
    """The user's rank brings a CyTube level, and CyTube has told a lower one."""

    display_name: str
    level: int


@dataclass(frozen=True, slots=True)
class LevelGiven:
    """CyTube has confirmed the level that came with the user's rank."""

    level: int


@dataclass(frozen=True, slots=True)
class ProgressMade:
    """The user has reached something: the wallet that a commit has left says so."""

    wallet: Wallet


@dataclass(frozen=True, slots=True)
class AttendanceDue:
    """The user has been here for so many ``minutes`` of ``day``, which something waits for."""

    day: str
    minutes: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class PersonKnown:
    """kryten-userstats has said which of the names are the user's own (lower case)."""

    due: "tuple[Deserved, ...]"
    own: frozenset[str]


@dataclass(frozen=True, slots=True)
class PromptDue:
    """Time to see whether what the user was asked is over."""


SessionMessage = (
    Arriving
    | ChatLine
    | Deserved
    | PersonKnown
    | Command
    | ProgressMade
    | GiveLevel
    | LevelGiven
    | AttendanceDue
    | PromptDue
)
