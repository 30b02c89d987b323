"""Which chat lines and events are new: CyTube repeats old lines, and a bus may deliver twice.

At every start of the robot up to 15 old lines come again, each with the time at which it was
said. So per channel the newest time counted is kept: what is not newer is old. Lines that were
said while the robot was away are newer, and count once. A line whose time lies ahead of our own
clock says nothing about other lines: it is known by its text. All times are epoch milliseconds.
"""

from collections import OrderedDict

from economy_actors.clock import Clock

__all__ = (
    "AHEAD_MAX_MS",
    "IDS_MAX",
    "REPEATED_MAX",
    "SPAN_MS",
    "START_MARGIN_MS",
    "Freshness",
    "RecentIds",
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
