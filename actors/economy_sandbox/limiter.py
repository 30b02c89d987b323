"""CyTube's rate limiter, decision for decision: a burst, then a steady rate.

Pure: the time comes in with each question. The numbers are those of `wire.md` 4.
"""

from dataclasses import dataclass
from typing import NamedTuple

__all__ = ("ANTIFLOOD", "CHAT", "QUEUE", "Limiter", "Rate")


class Rate(NamedTuple):
    """``burst`` messages at once, then ``per_s`` a second; refilled after ``refill_s`` of quiet."""

    burst: int
    per_s: float
    refill_s: float

    @property
    def wait_ms(self) -> int:
        """What the ``cooldown`` event tells the throttled sender."""
        return int(1000 / self.per_s)


CHAT = Rate(20, 10, 2)
ANTIFLOOD = Rate(4, 1, 4)
QUEUE = Rate(10, 2, 5)


@dataclass(slots=True)
class Limiter:
    """One sender's count; refused messages do not lengthen the wait."""

    _count: int = 0
    _last_s: float = float("-inf")

    def admits(self, rate: Rate, now_s: float) -> bool:
        """Count a message sent at ``now_s`` (seconds); False if the server drops it."""
        if now_s - self._last_s > rate.refill_s:
            self._count = 1
        elif self._count < rate.burst:
            self._count += 1
        elif now_s - self._last_s < 1 / rate.per_s:
            return False
        self._last_s = now_s
        return True
