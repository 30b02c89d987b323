"""Amounts below one coin are kept until they make a whole one (`spec/earning.md` 2.2)."""

from collections.abc import Hashable

__all__ = ("Accumulator",)

_ROUNDING = 1e-9
"""What repeated addition of binary fractions may lose; a sum this close to whole is whole."""

_HELD_MAX = 100_000
"""Remainders kept at most, or whoever looks in once would be remembered for ever."""


class Accumulator:
    """Remainders in [0, 1) by (user, trigger); lost at a restart, which costs below one coin.

    They outlive the visits of their users. Only where there are too many, the one that has
    waited for the longest is dropped.
    """

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: dict[Hashable, float] = {}

    def add(self, key: Hashable, amount: float) -> int:
        """Add ``amount`` ≥ 0 and take out what has become whole."""
        assert amount >= 0, amount
        total = self._held.pop(key, 0.0) + amount
        whole = int(total + _ROUNDING)
        rest = total - whole
        if rest > _ROUNDING:
            self._held[key] = rest
            if len(self._held) > _HELD_MAX:
                del self._held[next(iter(self._held))]
        return whole

    def held(self, key: Hashable) -> float:
        """The remainder that waits for more."""
        return self._held.get(key, 0.0)
