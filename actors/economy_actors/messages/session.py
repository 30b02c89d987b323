"""What one user's session takes."""

from dataclasses import dataclass, field

from kryten_economy.features.chat.triggers import NOTHING, Effect
from kryten_economy.ledger.wallet import Wallet

__all__ = (
    "Arriving",
    "AttendanceDue",
    "ChatLine",
    "Command",
    "Deserved",
    "GiveLevel",
    "LevelGiven",
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
class Command:
    """A private message that passed the rate limit; ``rank`` is the channel rank.

    ``in_chat``: it was said in the channel, as a move of a game.
    """

    display_name: str
    text: str = field(repr=False)
    rank: float
    at_ms: int
    in_chat: bool = False


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
