"""Which rank a lifetime of earning makes (`spec/progression.md` 1).

A rank is never lost by itself: the stored one counts where it is higher than what the earnings
make. One set by an admin holds, up or down, until the earnings cross a threshold above those at
which it was set (``held_from_z``; None where nobody has set one).
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from kryten_economy.config.ranks import Tier

__all__ = ("Ladder", "RankStep")


@dataclass(frozen=True, slots=True)
class RankStep:
    """The rank to be stored instead of the one that is; ``promoted`` if it is a higher one."""

    index: int
    name: str
    before: int
    promoted: bool


class Ladder:
    """The tiers, made ready for many questions; sorted by threshold, the first begins at 0."""

    __slots__ = ("_places", "_thresholds", "names")

    def __init__(self, tiers: Sequence[Tier]) -> None:
        self.names = tuple(tier.name for tier in tiers)
        self._places = {name: index for index, name in enumerate(self.names)}
        self._thresholds = [tier.min_lifetime_earned for tier in tiers]

    def computed(self, lifetime_earned_z: int) -> int:
        """The highest tier whose threshold is reached."""
        return max(0, bisect_right(self._thresholds, lifetime_earned_z) - 1)

    def effective(
        self, stored_name: str, lifetime_earned_z: int, held_from_z: int | None = None
    ) -> int:
        """The tier that counts; a stored name that no tier has counts for nothing."""
        computed = self.computed(lifetime_earned_z)
        stored = self._places.get(stored_name)
        if stored is None:
            return computed
        if held_from_z is not None and computed <= self.computed(held_from_z):
            return stored
        return max(computed, stored)

    def shown(
        self, stored_name: str, lifetime_earned_z: int, held_from_z: int | None = None
    ) -> str:
        """The name of the tier that counts."""
        return self.names[self.effective(stored_name, lifetime_earned_z, held_from_z)]

    def step(
        self, stored_name: str, lifetime_earned_z: int, held_from_z: int | None = None
    ) -> RankStep | None:
        """What is to be stored now, or None; several tiers at once are one step (P-USR-8)."""
        computed = self.computed(lifetime_earned_z)
        if held_from_z is None and self._places.get(stored_name) == computed:
            return None
        index = self.effective(stored_name, lifetime_earned_z, held_from_z)
        before = self._places.get(stored_name, index if stored_name else 0)
        over = held_from_z is not None and computed > self.computed(held_from_z)
        if self.names[index] == stored_name and not over:
            return None
        if not stored_name and not index:
            return None
        return RankStep(index, self.names[index], before, index > before)
