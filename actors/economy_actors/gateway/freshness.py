"""Which chat lines are new: CyTube repeats up to 15 old ones at every start of the robot.

A repeated line keeps the time at which it was said (`spec/wire.md` 0.4, 6). So per channel the
newest time counted is kept: what is not newer is old. Lines that were said while the robot was
away are newer, and count once. All times are epoch milliseconds of the CyTube server.
"""

__all__ = ("REPEATED_MAX", "START_MARGIN_MS", "Freshness")

START_MARGIN_MS = 10_000
"""How long before the own start a line may have been said; allows for clocks that differ."""
REPEATED_MAX = 15
"""CyTube keeps this many lines for those who come in."""
_SAME_TIME_MAX = 64

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

    def robot_came_up(self, channel: str, at_ms: int) -> None:
        """Without any line to compare with, the robot's start is as good as the own one."""
        times = self._channels.setdefault(channel, _Times(self._floor_ms))
        if not times.lines:
            times.newest_ms = max(times.newest_ms, at_ms - START_MARGIN_MS)


class _Times:
    """What one channel's newest lines were."""

    __slots__ = ("_late_ms", "_late_run", "lines", "newest_ms")

    def __init__(self, floor_ms: int) -> None:
        self.newest_ms = floor_ms
        self.lines: list[Line] = []
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
