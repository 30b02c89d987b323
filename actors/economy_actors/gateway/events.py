"""What an event of the bus becomes, and what is asked of every event before it is read.

Which chat lines and events are new: CyTube repeats old lines, and a bus may deliver twice.

At every start of the robot up to 15 old lines come again, each with the time at which it was
said. So per channel the newest time counted is kept: what is not newer is old. Lines that were
said while the robot was away are newer, and count once. A line whose time lies ahead of our own
clock says nothing about other lines: it is known by its text. All times are epoch milliseconds.
"""

from collections import OrderedDict
from datetime import datetime
from typing import Final, NamedTuple, Protocol

from kryten import RawEvent

from economy_actors.clock import Clock
from economy_actors.context import LiveSettings
from economy_actors.gateway.payloads import epoch_ms
from economy_actors.gateway.robots import Places
from economy_actors.messages.channel import (
    AfkChanged,
    EmoteChanged,
    EmotesListed,
    Joined,
    Left,
    Listed,
    MediaChanged,
    PlaylistEmptied,
    PrivateMessage,
    RankChanged,
    Said,
)
from economy_actors.messages.colours import BotRanked, StylesheetTold
from economy_actors.metrics.families import GatewayDrop
from economy_actors.outbox.protocol import Echoed, PmFailed, RobotGone, Throttled

__all__ = (
    "AHEAD_MAX_MS",
    "IDS_MAX",
    "IGNORED",
    "REPEATED_MAX",
    "SPAN_MS",
    "START_MARGIN_MS",
    "Domestic",
    "Door",
    "Dropped",
    "Event",
    "Freshness",
    "Nothing",
    "RecentIds",
    "Translated",
    "Translation",
    "malformed",
    "payload_of",
)

AHEAD_MAX_MS = 60_000
"""A time that lies further ahead of our clock than this is not believed."""
SPAN_MS = 300_000
"""Ids are remembered for this long at least, and for twice as long at most."""
IDS_MAX = 16_384
"""With more ids than this in one span, the span ends sooner."""

START_MARGIN_MS = 10_000
"""How long before the own start a line may have been said; allows for clocks that differ."""
REPEATED_MAX = 15
"""CyTube keeps this many lines for those who come in."""
_SAME_TIME_MAX = 64
_AHEAD_KEPT_MAX = 256

Line = tuple[str, str]


class Freshness:
    """``came_up_ms`` is the moment the service came up."""

    __slots__ = ("_channels", "_floor_ms")

    def __init__(self, came_up_ms: int) -> None:
        self._floor_ms = came_up_ms - START_MARGIN_MS
        self._channels: dict[str, _Times] = {}

    def is_new(self, channel: str, at_ms: int, line: Line) -> bool:
        """Whether this line (who and what) has not been said before; a new one is remembered."""
        times = self._channels.get(channel)
        if times is None:
            times = self._channels[channel] = _Times(self._floor_ms)
        if at_ms > times.newest_ms:
            times.count(at_ms, line)
            return True
        return times.is_twin(at_ms, line) or times.has_gone_back(at_ms, line)

    def is_new_ahead(self, channel: str, said_ms: int, line: Line) -> bool:
        """The same for a line from the future, which leaves the newest time as it is."""
        times = self._channels.setdefault(channel, _Times(self._floor_ms))
        return times.is_new_ahead(said_ms, line)

    def robot_came_up(self, channel: str, at_ms: int) -> None:
        """Without any line to compare with, the robot's start is as good as the own one."""
        times = self._channels.setdefault(channel, _Times(self._floor_ms))
        if not times.lines:
            times.newest_ms = max(times.newest_ms, at_ms - START_MARGIN_MS)


class _Times:
    """What one channel's newest lines were."""

    __slots__ = ("_ahead", "_late_ms", "_late_run", "lines", "newest_ms")

    def __init__(self, floor_ms: int) -> None:
        self.newest_ms = floor_ms
        self.lines: list[Line] = []
        self._ahead: OrderedDict[tuple[int, Line], None] = OrderedDict()
        self._late_ms = 0
        self._late_run = 0

    def count(self, at_ms: int, line: Line) -> None:
        """This is the newest line now."""
        self.newest_ms = at_ms
        self.lines = [line]
        self._late_run = 0

    def is_twin(self, at_ms: int, line: Line) -> bool:
        """Whether another line was said in the very millisecond of the newest one."""
        if at_ms != self.newest_ms or not self.lines or line in self.lines:
            return False
        if len(self.lines) >= _SAME_TIME_MAX:
            return False
        self.lines.append(line)
        return True

    def is_new_ahead(self, said_ms: int, line: Line) -> bool:
        """Whether this line from the future is none of the last ones of its kind."""
        if (said_ms, line) in self._ahead:
            return False
        self._ahead[said_ms, line] = None
        if len(self._ahead) > _AHEAD_KEPT_MAX:
            self._ahead.popitem(last=False)
        return True

    def has_gone_back(self, at_ms: int, line: Line) -> bool:
        """Whether the server's clock was set back: more old lines in order than it ever repeats.

        Without this a clock put right by an hour would silence the channel for an hour.
        """
        self._late_run = self._late_run + 1 if at_ms > self._late_ms else 1
        self._late_ms = at_ms
        if self._late_run <= REPEATED_MAX:
            return False
        self.count(at_ms, line)
        return True


class RecentIds:
    """Two sets that take turns: the older one is forgotten as a whole."""

    __slots__ = ("_clock", "_current", "_previous", "_turn_ms")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._current: set[str] = set()
        self._previous: set[str] = set()
        self._turn_ms = clock.now_ms() + SPAN_MS

    def __len__(self) -> int:
        return len(self._current) + len(self._previous)

    def is_repeated(self, event_id: str) -> bool:
        """Whether this id came before; one that did not is remembered. "" is no id."""
        if event_id in self._current or event_id in self._previous:
            return True
        if event_id:
            now_ms = self._clock.now_ms()
            if now_ms >= self._turn_ms or len(self._current) >= IDS_MAX:
                self._previous, self._current = self._current, set()
                self._turn_ms = now_ms + SPAN_MS
            self._current.add(event_id)
        return False


Domestic = (
    Joined
    | Left
    | Listed
    | Said
    | PrivateMessage
    | MediaChanged
    | PlaylistEmptied
    | EmotesListed
    | EmoteChanged
    | AfkChanged
    | RankChanged
    | Echoed
    | PmFailed
    | Throttled
    | RobotGone
    | BotRanked
    | StylesheetTold
)
"""What an event can become: a message for the channel, its outbox or its stylesheet."""


class Event(Protocol):
    """What all of kryten-py's events have in common."""

    channel: str
    domain: str
    timestamp: datetime
    correlation_id: str


class Translated(NamedTuple):
    """A message for ``channel``, which is spelled as configured."""

    channel: str
    message: Domestic


class Dropped(NamedTuple):
    """An event that goes no further; ``detail`` says what was wrong with a malformed one."""

    reason: GatewayDrop
    detail: str = ""


class Nothing(NamedTuple):
    """An event of ``channel`` that only shows that its robot lives."""

    channel: str


Translation = Translated | Dropped | Nothing

IGNORED: Final = Dropped("ignored")
_UNKNOWN_CHANNEL: Final = Dropped("unknown_channel")
_DUPLICATE: Final = Dropped("duplicate")


def malformed(detail: str) -> Dropped:
    """An event that can't be read."""
    return Dropped("malformed", detail)


def payload_of(event: Event) -> object:
    """What CyTube sent; nothing for an event that kryten-py typed although it should not."""
    return event.payload if isinstance(event, RawEvent) else None


class Door:
    """Lets in what is ours and new, and tells when it happened."""

    def __init__(self, live: LiveSettings, clock: Clock) -> None:
        self.live = live
        self.places = Places(live.settings.channels)
        self._clock = clock
        self._recent = RecentIds(clock)

    def place(self, event: Event) -> str | Dropped:
        """The channel of an event that is ours and new."""
        channel = self.places.find(event.domain, event.channel)
        if channel is None:
            return _UNKNOWN_CHANNEL
        return _DUPLICATE if self._recent.is_repeated(event.correlation_id) else channel

    def time_of(self, event: Event) -> int:
        """When it happened, in epoch milliseconds, as far as that is believed."""
        return self.believed(epoch_ms(event.timestamp))

    def believed(self, said_ms: int) -> int:
        """The same time; now for one that is still to come, by more than clocks differ."""
        now_ms = self._clock.now_ms()
        return said_ms if said_ms <= now_ms + AHEAD_MAX_MS else now_ms

    def unless_ignored(self, channel: str, name: str, message: Domestic) -> Translation:
        """The message, if it is about somebody who takes part."""
        return IGNORED if self.live.ignores(name) else Translated(channel, message)
