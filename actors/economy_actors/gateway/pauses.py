"""When to tell of what fails again and again: at once, and then ever more seldom."""

import anyio

__all__ = ("GrowingPause",)

_FIRST_S = 15.0
_GROWTH = 3
_LONGEST_S = 900.0


class GrowingPause:
    """Counts attempts that failed, and says which are worth a line."""

    __slots__ = ("_attempts", "_pause_s", "_told_at_s")

    def __init__(self) -> None:
        self._attempts = 0
        self._pause_s = 0.0
        self._told_at_s = float("-inf")

    def attempts_to_tell(self) -> int:
        """One more has failed: how many have since all was well, or 0 if it is too soon to say."""
        self._attempts += 1
        now_s = anyio.current_time()
        if now_s - self._told_at_s < self._pause_s:
            return 0
        self._told_at_s = now_s
        self._pause_s = min(_GROWTH * self._pause_s or _FIRST_S, _LONGEST_S)
        return self._attempts

    def over(self) -> None:
        """All is well: the next failure is news."""
        self._attempts, self._pause_s, self._told_at_s = 0, 0.0, float("-inf")
