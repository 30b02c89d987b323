"""How fast the bot may speak: the one place where the pace is decided."""

import math
from typing import NamedTuple, Self

__all__ = ("Pace",)


class Pace(NamedTuple):
    """The pace of one channel's outgoing messages; a message waits for both rules.

    Bucket: ``burst`` messages at once, then ``per_second`` (infinite: no such rule).
    Gap: at least ``gap_s`` seconds plus up to ``jitter_s`` random ones between two messages.
    """

    burst: int
    per_second: float
    gap_s: float
    jitter_s: float

    @classmethod
    def bucket(cls, burst: int, per_second: float) -> Self:
        """A burst, then an even stream."""
        return cls(burst, per_second, 0.0, 0.0)

    @classmethod
    def gap(cls, gap_s: float, jitter_s: float) -> Self:
        """One message at a time; 0 and 0 is no pacing at all."""
        return cls(1, math.inf, gap_s, jitter_s)

    @property
    def unpaced(self) -> bool:
        """Whether no message ever waits."""
        return math.isinf(self.per_second) and self.gap_s == 0 and self.jitter_s == 0
