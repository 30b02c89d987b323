"""How fast a channel may be written to: a token bucket or a gap, and the limits of public lines.

CyTube drops what comes faster than burst 20, then 10 per second (`wire.md` 4), and other
services share the bot; so the default stays at 8 and 4 (architecture.md 7).
"""

from collections import deque
from collections.abc import Callable

from kryten_economy.config import Pace

__all__ = ("LINE_GAP_S", "LINE_WINDOW_S", "SLOP_S", "LineClock", "Pacer")

LINE_GAP_S = 2.0
"""At most one public line in this time (`announcements.md` 1, Batching)."""
LINE_WINDOW_S = 60.0
"""The window of ``announcements.max_per_minute``."""
SLOP_S = 1e-6
"""Timers round; without this a wake-up a nanosecond early would wait once more."""


class Pacer:
    """Says when the next message may go.

    The bucket is kept as the time at which it would be full again, so nothing needs refilling.
    ``chance`` gives numbers in [0, 1) for the jitter.
    """

    def __init__(self, pace: Pace, chance: Callable[[], float]) -> None:
        self._pace = pace
        self._chance = chance
        self._full_at_s = float("-inf")
        self._last_s = float("-inf")
        self._stretch = 0.0

    @property
    def unpaced(self) -> bool:
        """Whether the configuration asks for no pacing at all."""
        return self._pace.unpaced

    def ready_at_s(self) -> float:
        """When the next message may go; in the past if it may go now."""
        pace = self._pace
        by_bucket_s = self._full_at_s - (pace.burst - 1) / pace.per_second
        return max(by_bucket_s, self._last_s + pace.gap_s + pace.jitter_s * self._stretch)

    def spend(self, now_s: float) -> None:
        """Count a message sent now."""
        self._last_s = now_s
        self._stretch = self._chance()
        self._full_at_s = max(self._full_at_s, now_s) + 1.0 / self._pace.per_second

    def change(self, pace: Pace) -> None:
        """Go on with other numbers; what was spent stays spent."""
        self._pace = pace


class LineClock:
    """When the next public line may go: the gap, and the rolling minute."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._sent_at_s: deque[float] = deque()
        self._last_s = float("-inf")

    def spend(self, now_s: float) -> None:
        """Count a line sent now."""
        self._last_s = now_s
        self._sent_at_s.append(now_s)

    def full(self, now_s: float) -> bool:
        """Whether the rolling minute holds all the lines it may."""
        return self._room_at_s(now_s) > now_s + SLOP_S

    def ready_at_s(self, now_s: float, gap_s: float) -> float:
        """When the next line may go that keeps ``gap_s`` to the line before it."""
        return max(self._last_s + gap_s, self._room_at_s(now_s))

    def _room_at_s(self, now_s: float) -> float:
        while self._sent_at_s and self._sent_at_s[0] + LINE_WINDOW_S <= now_s + SLOP_S:
            self._sent_at_s.popleft()
        over = len(self._sent_at_s) - self.per_minute
        return self._sent_at_s[over] + LINE_WINDOW_S if over >= 0 else float("-inf")
