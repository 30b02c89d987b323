"""How many commands a user may send: a rolling window per key (`commands.md` 3).

The time is an argument, in seconds of a clock that never goes back. Only what was
allowed counts, so somebody who keeps knocking is let in again when the window has moved.
What only reads counts half: looking up one's movements line by line is no flood.
Bounded: stale keys go every two minutes, and the longest idle ones when there are too many.
"""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field

__all__ = ("Allowed", "Decision", "RateLimiter", "Silent", "TellSlowDown")

_WINDOW_S = 60.0
_CLEANUP_EVERY_S = 120.0
_KEYS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Allowed:
    """Go on."""


@dataclass(frozen=True, slots=True)
class TellSlowDown:
    """Refused, and the user has not been told in this window."""

    retry_after_s: float


@dataclass(frozen=True, slots=True)
class Silent:
    """Refused; the user knows."""


Decision = Allowed | TellSlowDown | Silent

_ALLOWED = Allowed()
_SILENT = Silent()


@dataclass(slots=True)
class _Seen:
    """When one key was let in and what that cost, oldest first; when it was told to slow down.

    ``halves`` is the sum of the costs, in half commands.
    """

    allowed: deque[tuple[float, int]] = field(default_factory=deque)
    halves: int = 0
    told_at_s: float | None = None


_WHOLE = 2
_HALF = 1


class RateLimiter:
    """At most ``limit`` per key in any ``window_s``; ``limit`` may change while running.

    A try that counts half takes half of the room.

    Keys that mean the same user must be equal: use `UserKey`, whose name is in lower case.
    """

    __slots__ = ("_cleaned_at_s", "_keys_max", "_seen", "_window_s", "limit")

    def __init__(
        self, limit: int, *, window_s: float = _WINDOW_S, keys_max: int = _KEYS_MAX
    ) -> None:
        assert limit >= 1, limit
        assert keys_max >= 1, keys_max
        self.limit = limit
        self._window_s = window_s
        self._keys_max = keys_max
        self._seen: dict[Hashable, _Seen] = {}
        self._cleaned_at_s = float("-inf")

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._seen)

    def allow(self, key: Hashable, now_s: float, *, half: bool = False) -> Decision:
        """Count one more try of ``key`` and say what to do with it."""
        if now_s - self._cleaned_at_s >= _CLEANUP_EVERY_S:
            self.clean(now_s)
        # Taken out and put back: the dictionary stays ordered by last use.
        seen = self._seen.pop(key, None) or _Seen()
        if len(self._seen) >= self._keys_max:
            del self._seen[next(iter(self._seen))]
        self._seen[key] = seen
        return self._decide(seen, now_s, _HALF if half else _WHOLE)

    def clean(self, now_s: float) -> None:
        """Forget every key without a trace inside the window."""
        self._cleaned_at_s = now_s
        start_s = now_s - self._window_s
        self._seen = {
            key: seen
            for key, seen in self._seen.items()
            if (seen.allowed and seen.allowed[-1][0] > start_s)
            or (seen.told_at_s is not None and seen.told_at_s > start_s)
        }

    def _decide(self, seen: _Seen, now_s: float, cost: int) -> Decision:
        start_s = now_s - self._window_s
        while seen.allowed and seen.allowed[0][0] <= start_s:
            seen.halves -= seen.allowed.popleft()[1]
        excess = seen.halves + cost - self.limit * _WHOLE
        if excess <= 0:
            seen.allowed.append((now_s, cost))
            seen.halves += cost
            return _ALLOWED
        if seen.told_at_s is not None and seen.told_at_s > start_s:
            return _SILENT
        seen.told_at_s = now_s
        # A lowered limit leaves more entries than it allows, so more than one may have to go.
        for at_s, freed in seen.allowed:
            excess -= freed
            if excess <= 0:
                return TellSlowDown(at_s - start_s)
        raise AssertionError("the limit has room for one command")
