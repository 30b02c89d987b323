"""How a supervisor reacts to a failing child: who is restarted, how soon, how often."""

from collections import deque
from dataclasses import dataclass, field
from enum import Enum

__all__ = ("Intensity", "Strategy", "Supervision")


class Strategy(Enum):
    """Who is restarted with a failed child."""

    ONE_FOR_ONE = "one_for_one"
    """Only the child that failed; children do not depend on each other."""
    REST_FOR_ONE = "rest_for_one"
    """The child and all that were started after it, since those depend on it."""


@dataclass(frozen=True, slots=True)
class Supervision:
    """Rules for the children of one actor; times in seconds."""

    strategy: Strategy = Strategy.ONE_FOR_ONE
    restarts_max: int = 5
    within_s: float = 60.0
    backoff_s: float = 0.05
    backoff_max_s: float = 10.0
    drain_s: float = 5.0
    """How long one child may take to drain before it is cancelled."""


@dataclass(slots=True)
class Intensity:
    """Counts restarts in a sliding window."""

    rules: Supervision
    at_s: deque[float] = field(default_factory=deque)

    def next_backoff_s(self, now_s: float, jitter: float) -> float | None:
        """The pause before this restart, or None when there were too many.

        ``jitter`` is a number in [0, 1); the pause doubles with each restart in the window
        and is stretched by up to one half, so that siblings do not return in step.
        """
        while self.at_s and self.at_s[0] <= now_s - self.rules.within_s:
            self.at_s.popleft()
        self.at_s.append(now_s)
        if len(self.at_s) > self.rules.restarts_max:
            return None
        pause_s = self.rules.backoff_s * 2.0 ** (len(self.at_s) - 1)
        return min(pause_s, self.rules.backoff_max_s) * (1.0 + jitter / 2.0)
