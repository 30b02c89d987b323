"""What time it is for the economy, real or driven by a replay, and how much of it has passed.

Dates belong to the wall clock, which somebody may set; durations belong to the steady one, which
nobody can (`architecture.md` 8).
"""

import time
from typing import Protocol

__all__ = ("Clock", "SteppedClock", "SystemClock")

_LOOK_AGAIN_S = 30.0
"""A machine's clock may be set while somebody sleeps; nobody sleeps longer than this on it."""

_STEP_POLL_S = 0.005


class Clock(Protocol):
    """The source of both; what waits inside the loop uses anyio's own clock."""

    def now_ms(self) -> int:
        """UTC epoch milliseconds."""
        ...

    def steady_ms(self) -> int:
        """Milliseconds since some moment, which setting the machine's clock does not change."""
        ...

    def wait_s(self, at_ms: int) -> float:
        """How long to sleep before it is worth looking whether ``at_ms`` has come."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """UTC epoch milliseconds."""
        return time.time_ns() // 1_000_000

    def steady_ms(self) -> int:
        """The machine's monotonic clock."""
        return time.monotonic_ns() // 1_000_000

    def wait_s(self, at_ms: int) -> float:
        """The time left, but not so long that a clock set meanwhile goes unnoticed."""
        return min(max(0.0, (at_ms - self.now_ms()) / 1000), _LOOK_AGAIN_S)


class SteppedClock:
    """A clock that stands still until a replay moves it."""

    def __init__(self, at_ms: int) -> None:
        self._now_ms = at_ms

    def now_ms(self) -> int:
        """UTC epoch milliseconds."""
        return self._now_ms

    def steady_ms(self) -> int:
        """The same clock: it only goes where the replay moves it, and never back."""
        return self._now_ms

    def move_to(self, at_ms: int) -> None:
        """Let time pass; it never goes back."""
        self._now_ms = max(self._now_ms, at_ms)

    def wait_s(self, at_ms: int) -> float:
        """A moment: nobody knows when the clock will be moved."""
        return 0.0 if at_ms <= self._now_ms else _STEP_POLL_S
