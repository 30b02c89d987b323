"""Amounts below one coin are kept until they make a whole one (`spec/earning.md` 2.2)."""

from collections.abc import Hashable

__all__ = ("Accumulator",)

_ROUNDING = 1e-9
"""What repeated addition of binary fractions may lose; a sum this close to whole is whole."""


class Accumulator:
    """Remainders in [0, 1) by (user, trigger); lost at a restart, which costs below one coin."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: dict[Hashable, float] = {}

    def add(self, key: Hashable, amount: float) -> int:
        """Add ``amount`` ≥ 0 and take out what has become whole."""
        assert amount >= 0, amount
        total = self._held.get(key, 0.0) + amount
        whole = int(total + _ROUNDING)
        rest = total - whole
        if rest > _ROUNDING:
            self._held[key] = rest
        else:
            self._held.pop(key, None)
        return whole

    def held(self, key: Hashable) -> float:
        """The remainder that waits for more."""
        return self._held.get(key, 0.0)

    def forget(self, key: Hashable) -> None:
        """Drop the remainder of a user who has left for good."""
        self._held.pop(key, None)
