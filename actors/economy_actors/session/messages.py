"""What one user's session takes."""

from dataclasses import dataclass, field

from kryten_economy.features.chat.rules import NOTHING, Effect
from kryten_economy.features.chat.operations import PayTriggers, RecordChat

__all__ = (
    "Arriving",
    "ChatLine",
    "Command",
    "Deed",
    "Deserved",
    "Dwelt",
    "LevelGiven",
    "ProgressDue",
    "SessionMessage",
    "Unsettled",
)

Deed = RecordChat | PayTriggers
"""What a session tells the books of and does not wait for."""


@dataclass(frozen=True, slots=True)
class Arriving:
    """The user came in and no session was known; times are UTC epoch milliseconds."""

    display_name: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class ChatLine:
    """The user said something in the channel; ``effect`` is what that set off."""

    display_name: str
    text: str = field(repr=False)
    at_ms: int
    effect: Effect = NOTHING


@dataclass(frozen=True, slots=True)
class Deserved:
    """What others set off for the user, to be booked."""

    effect: Effect
    at_ms: int


@dataclass(frozen=True, slots=True)
class Command:
    """A private message that passed the rate limit; ``rank`` is the channel rank."""

    display_name: str
    text: str = field(repr=False)
    rank: float
    at_ms: int


@dataclass(frozen=True, slots=True)
class LevelGiven:
    """CyTube has confirmed the level that came with the user's rank."""

    level: int


@dataclass(frozen=True, slots=True)
class ProgressDue:
    """The user has reached something by what was booked elsewhere.

    ``minutes_present`` are those of the user's lifetime, where somebody has added them up.
    """

    minutes_present: int | None = None


@dataclass(frozen=True, slots=True)
class Dwelt:
    """The user has been here for so many ``minutes`` of ``day``, which something waits for."""

    day: str
    minutes: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Nobody knows whether this is in the books; it is to be asked for again, by its id."""

    deed: Deed


SessionMessage = (
    Arriving | ChatLine | Deserved | Unsettled | Command | ProgressDue | LevelGiven | Dwelt
)
