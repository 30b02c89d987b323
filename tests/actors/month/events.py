"""What the service hears in a month, as plain values. Times are UTC epoch milliseconds."""

from dataclasses import dataclass

__all__ = (
    "AdHoc",
    "Afk",
    "BotLine",
    "DayOver",
    "Event",
    "In",
    "Like",
    "List",
    "Listed",
    "Media",
    "Out",
    "Room",
    "Say",
    "Start",
    "Stop",
)


@dataclass(frozen=True, slots=True)
class In:
    """Somebody comes in; ``rank`` is what CyTube says."""

    at_ms: int
    name: str
    rank: int = 1


@dataclass(frozen=True, slots=True)
class Out:
    """Somebody goes."""

    at_ms: int
    name: str


@dataclass(frozen=True, slots=True)
class Afk:
    """CyTube's flag changes."""

    at_ms: int
    name: str
    afk: bool


@dataclass(frozen=True, slots=True)
class Say:
    """A chat line."""

    at_ms: int
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class BotLine:
    """The bot account says something that is not the service's own."""

    at_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Like:
    """The private message ``like``."""

    at_ms: int
    name: str


@dataclass(frozen=True, slots=True)
class Media:
    """An item begins, or is told again: the same one, or one that has begun unheard."""

    at_ms: int
    key: str
    duration_s: int
    begins: bool = True


@dataclass(frozen=True, slots=True)
class Room:
    """What the robot's store says at a start: the emotes, and the item with its duration."""

    at_ms: int
    emotes: tuple[str, ...]
    item: tuple[str, int] | None


@dataclass(frozen=True, slots=True)
class AdHoc:
    """An operator's private message starts an event."""

    at_ms: int
    name: str
    multiplier: str
    minutes: int


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of a user list."""

    name: str
    rank: int
    afk: bool


@dataclass(frozen=True, slots=True)
class List:
    """A user list; ``stored`` is the one read at the start of the service."""

    at_ms: int
    users: tuple[Listed, ...]
    stored: bool


@dataclass(frozen=True, slots=True)
class Stop:
    """The service stops, or is killed and saves nothing more."""

    at_ms: int
    killed: bool


@dataclass(frozen=True, slots=True)
class Start:
    """The service starts on the file that is there."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class DayOver:
    """A day is over and judged: time to compare the books. ``day`` is ``YYYY-MM-DD``."""

    at_ms: int
    day: str


Event = In | Out | Afk | Say | BotLine | Like | Media | Room | AdHoc | List | Stop | Start | DayOver
