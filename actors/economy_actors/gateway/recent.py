"""The ids of the last minutes, so that an event delivered twice counts once (design.md 3)."""

from economy_actors.clock import Clock

__all__ = ("IDS_MAX", "SPAN_MS", "RecentIds")

SPAN_MS = 300_000
"""Ids are remembered for this long at least, and for twice as long at most."""
IDS_MAX = 16_384
"""With more ids than this in one span, the span ends sooner."""


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
