"""What a channel hears: the bus in the economy's own words, and the clock.

All texts are what the person typed; no raw wire text comes this far. Times are UTC epoch
milliseconds. Names have the casing in which they came.
"""

from dataclasses import dataclass, field

from economy_actors.messages.session import FromPage
from economy_actors.messages.vanity import VanityMessage
from economy_actors.runtime import Reply, RuntimeFault
from kryten_economy.features.chat.operations import PayTriggers, RecordChat
from kryten_economy.features.media.rules import Medium
from kryten_economy.features.ranks.rules import LastRankUp
from kryten_economy.features.reports.rows import RankFacts
from kryten_economy.ledger.facts import Facts
from kryten_economy.ledger.records import OwedNotice
from kryten_economy.ledger.wallet import Wallet

__all__ = (
    "AfkChanged",
    "AttendanceSettled",
    "BooksChanged",
    "BotSpoke",
    "ChannelMessage",
    "ChannelView",
    "EmoteChanged",
    "EmotesListed",
    "Joined",
    "Left",
    "LevelDue",
    "LinesBooked",
    "LinesReady",
    "Listed",
    "ListedUser",
    "MediaChanged",
    "MinuteBooked",
    "MinutePassed",
    "Newcomer",
    "NoticeDue",
    "NoticeOwed",
    "OwedRead",
    "PageCommand",
    "PastKnown",
    "PlaylistEmptied",
    "PrivateMessage",
    "RankChanged",
    "RankUpsDue",
    "RankUpsRead",
    "RobotPresence",
    "RoomStored",
    "Said",
    "SettingsChanged",
    "ShowPresence",
    "ShownUser",
    "WalletsRead",
)


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody came in; ``rank`` is the account's global rank."""

    name: str
    rank: float
    afk: bool
    at_ms: int


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody went away."""

    name: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class ListedUser:
    """One user of a user list; ``rank`` is the channel rank. ``afk`` None means not told."""

    name: str
    rank: float
    afk: bool | None


@dataclass(frozen=True, slots=True)
class Listed:
    """The whole truth about who is present.

    ``stored`` marks the list read from the robot's store at start, where nobody arrives.
    """

    users: tuple[ListedUser, ...]
    at_ms: int
    stored: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """A chat line, as typed."""

    name: str
    text: str = field(repr=False)
    at_ms: int


@dataclass(frozen=True, slots=True)
class PrivateMessage:
    """A private message to the bot, as typed; ``in_chat``: a move of a game said in public."""

    name: str
    text: str = field(repr=False)
    at_ms: int
    in_chat: bool = False


@dataclass(frozen=True, slots=True)
class PageCommand:
    """A command by who is signed in on the pages, taken as a PM of theirs, here or not."""

    name: str
    text: str = field(repr=False)
    at_ms: int
    page: FromPage


@dataclass(frozen=True, slots=True)
class AfkChanged:
    """CyTube's AFK flag."""

    name: str
    afk: bool


@dataclass(frozen=True, slots=True)
class RankChanged:
    """A channel rank as CyTube announced it."""

    name: str
    rank: float


@dataclass(frozen=True, slots=True)
class RobotPresence:
    """The robot (or the bus) went away or came back."""

    here: bool


@dataclass(frozen=True, slots=True)
class MinutePassed:
    """The scheduler's tick; ``at_ms`` is the whole minute that ends.

    ``steady_ms`` is the same instant by the clock that says how many have passed since the last
    one; None is now.
    """

    at_ms: int
    steady_ms: int | None = None


@dataclass(frozen=True, slots=True)
class NoticeOwed:
    """An act has made this notice owed, and the books keep it until it is told."""

    owed: OwedNotice


@dataclass(frozen=True, slots=True)
class NoticeDue:
    """Its time has come."""

    owed: OwedNotice


@dataclass(frozen=True, slots=True)
class OwedRead:
    """What the instance before was still to tell, and when it last told rank-ups.

    None: the report could not say; ``waited`` once it is time to ask again.
    """

    owed: tuple[OwedNotice, ...] | None
    rank_ups_told: LastRankUp | None = None
    waited: bool = False


@dataclass(frozen=True, slots=True)
class LevelDue:
    """A user's rank brings this CyTube level; ``waited`` once their channel rank must be known."""

    name: str
    level: int
    waited: bool = False


@dataclass(frozen=True, slots=True)
class RankUpsDue:
    """Time to see which of the rank-ups that have come together still hold, and to tell those."""


@dataclass(frozen=True, slots=True)
class RankUpsRead:
    """What the books say of those whose rank-ups are due; None if they could not say."""

    due: tuple[OwedNotice, ...]
    facts: tuple[RankFacts, ...] | None


@dataclass(frozen=True, slots=True)
class AttendanceSettled:
    """What so many minutes of a day brought a user (``name`` in lower case) is in the books."""

    name: str
    day: str
    minutes: int


@dataclass(frozen=True, slots=True)
class BotSpoke:
    """The bot account said something in public that this service had not sent."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class MediaChanged:
    """An item begins, or the current one is told again; ``position_s`` is how far it is."""

    medium: Medium
    at_ms: int
    position_s: float = 0.0


@dataclass(frozen=True, slots=True)
class PlaylistEmptied:
    """Nothing is left to play; ``is_seen`` if the last item ended just now, for all to see."""

    at_ms: int
    is_seen: bool


@dataclass(frozen=True, slots=True)
class EmotesListed:
    """All emotes of the channel, by name."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class EmoteChanged:
    """An emote was added or changed, or taken away."""

    name: str
    exists: bool


@dataclass(frozen=True, slots=True)
class RoomStored:
    """What the robot's store says of emotes and of what plays; None where it says nothing."""

    emotes: frozenset[str] | None
    medium: Medium | None


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A user's session has found that this was a genuine arrival."""

    name: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class LinesReady:
    """A session has decided what lines of its user (``name`` in lower case) earn."""

    name: str
    lines: tuple[RecordChat | PayTriggers, ...]


@dataclass(frozen=True, slots=True)
class LinesBooked:
    """The books have answered about a batch of lines; ``waited`` once it is to be asked again."""

    fault: RuntimeFault | None
    waited: bool = False


@dataclass(frozen=True, slots=True)
class MinuteBooked:
    """The books have answered about a minute, or a fault came instead."""

    answer: object
    waited: bool = False


@dataclass(frozen=True, slots=True)
class BooksChanged:
    """What a commit has changed in this channel."""

    facts: Facts


@dataclass(frozen=True, slots=True)
class PastKnown:
    """What a report says of the time before the start; not ``known`` where it could not say.

    ``last_activity_ms`` None: nobody has ever said anything. ``minute`` is the highest number of
    a minute in the books, and its time.
    """

    last_activity_ms: int | None
    cut_off: tuple[int, tuple[tuple[str, int], ...]] | None
    known: bool = True
    minute: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class WalletsRead:
    """The wallets of those who are here, to be looked at under new settings."""

    wallets: tuple[Wallet, ...]


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """New settings are in force."""


@dataclass(frozen=True, slots=True)
class ShownUser:
    """A connected user as others may know them."""

    name: str
    rank: float
    afk: bool


@dataclass(frozen=True, slots=True)
class ChannelView:
    """Who is connected (departing users are not); ``known`` once a user list has been heard."""

    channel: str
    users: tuple[ShownUser, ...]
    known: bool = True


@dataclass(frozen=True, slots=True)
class ShowPresence:
    """Ask who is connected."""

    reply: Reply[ChannelView]


ChannelMessage = (
    VanityMessage
    | Joined
    | Left
    | Listed
    | Said
    | BotSpoke
    | MediaChanged
    | PlaylistEmptied
    | EmotesListed
    | EmoteChanged
    | RoomStored
    | Newcomer
    | LinesReady
    | LinesBooked
    | MinuteBooked
    | BooksChanged
    | PastKnown
    | WalletsRead
    | PrivateMessage
    | PageCommand
    | AfkChanged
    | RankChanged
    | RobotPresence
    | MinutePassed
    | NoticeOwed
    | NoticeDue
    | OwedRead
    | RankUpsDue
    | RankUpsRead
    | LevelDue
    | AttendanceSettled
    | SettingsChanged
    | ShowPresence
)
