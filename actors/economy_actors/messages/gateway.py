"""What the gateway is told; what comes from the bus reaches it by callbacks instead."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from economy_actors.runtime import Reply

__all__ = (
    "Connect",
    "FindPersons",
    "GatewayMessage",
    "GiveRank",
    "LinkChanged",
    "Opened",
    "PlaylistRead",
    "Pulse",
    "PulseReturned",
    "ReadPlaylist",
    "ReadRoom",
    "ReadUserlist",
    "Refuse",
    "Remembered",
    "RivalCame",
    "RobotCommand",
    "RobotInDoubt",
    "RobotStarted",
    "RoomRead",
    "RoomsRead",
    "Search",
    "Searched",
    "Watch",
)


@dataclass(frozen=True, slots=True)
class Connect:
    """Try to connect to the bus."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The bus is open: it carries what it is given, as far as the library knows."""


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """The library has lost its connection, or has it back."""

    up: bool


@dataclass(frozen=True, slots=True)
class Pulse:
    """Time to see whether the bus still carries what we send."""


@dataclass(frozen=True, slots=True)
class PulseReturned:
    """What we sent to ourselves has come back."""


@dataclass(frozen=True, slots=True)
class RobotStarted:
    """A robot has started and knows nobody yet."""


@dataclass(frozen=True, slots=True)
class RivalCame:
    """Another service of our name serves a channel of ours, and may not know of us yet."""


@dataclass(frozen=True, slots=True)
class RobotInDoubt:
    """One of several robots went away without saying which."""


@dataclass(frozen=True, slots=True)
class ReadUserlist:
    """Read a channel's user list from the robot's store and tell the channel."""

    channel: str


@dataclass(frozen=True, slots=True)
class ReadRoom:
    """Read a channel's emotes and what plays there from the robot's store; tell the channel."""

    channel: str


@dataclass(frozen=True, slots=True)
class GiveRank:
    """Have the bot give a user a channel rank; CyTube confirms it by telling the new rank."""

    channel: str
    name: str
    rank: int


@dataclass(frozen=True, slots=True)
class RobotCommand:
    """Have the robot do something. Nobody waits for it: its events show what it did."""

    channel: str
    command: str
    args: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ReadPlaylist:
    """Read a channel's playlist from the robot's store and tell its playlist."""

    channel: str


@dataclass(frozen=True, slots=True)
class PlaylistRead:
    """What the store holds of a channel's playlist, raw; None where nothing."""

    channel: str
    items: object
    current: object


@dataclass(frozen=True, slots=True)
class Search:
    """Time to look once more for a robot, and for the user lists that are wanted."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Time to see whether the robots still answer."""


@dataclass(frozen=True, slots=True)
class Searched:
    """What the search found: the channels whose robot answers, and raw lists by channel.

    ``patient``: each had time enough to answer, so that silence tells something.
    """

    present: frozenset[str]
    lists: tuple[tuple[str, list[object] | None], ...]
    patient: bool = False


@dataclass(frozen=True, slots=True)
class Remembered:
    """The only robot's channel and the raw list in its memory; None where it can't be had."""

    found: tuple[str, list[object]] | None


@dataclass(frozen=True, slots=True)
class RoomRead:
    """What the store holds of a channel, raw: emotes and what plays; None where nothing.

    ``news`` is how many events had told of emotes when the reading was asked for.
    """

    channel: str
    news: int
    emotes: object
    items: object
    current: object


@dataclass(frozen=True, slots=True)
class RoomsRead:
    """What was found in the store."""

    rooms: tuple[RoomRead, ...]


@dataclass(frozen=True, slots=True)
class Refuse:
    """The API has no room for this request."""

    body: bytes = field(repr=False)
    reply_to: str = ""


GatewayMessage = (
    Connect
    | Opened
    | LinkChanged
    | Pulse
    | PulseReturned
    | RobotStarted
    | RivalCame
    | RobotInDoubt
    | ReadUserlist
    | ReadRoom
    | GiveRank
    | RobotCommand
    | ReadPlaylist
    | PlaylistRead
    | Search
    | Searched
    | Watch
    | Remembered
    | RoomsRead
    | Refuse
)


@dataclass(frozen=True, slots=True)
class FindPersons:
    """Which of the lower-case names belong to the same person as ``speaker``?"""

    speaker: str
    names: tuple[str, ...]
    reply: Reply[frozenset[str]]
