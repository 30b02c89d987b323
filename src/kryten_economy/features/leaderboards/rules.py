"""Leaderboards (`progression.md` 3): their names, and who stands where."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from kryten_economy.config.ranks import Tier
from kryten_economy.features.ranks.rules import Ladder

__all__ = ("CATEGORIES", "Category", "category_of", "distribution", "places")


Category = Literal["earners", "rich", "lifetime", "ranks"]


CATEGORIES: Final[tuple[Category, ...]] = ("earners", "rich", "lifetime", "ranks")


_WORDS: Final[dict[str, Category]] = {
    "earners": "earners",
    "today": "earners",
    "rich": "rich",
    "balance": "rich",
    "balances": "rich",
    "lifetime": "lifetime",
    "all": "lifetime",
    "ranks": "ranks",
}


def category_of(word: str) -> Category | None:
    """The leaderboard that is meant, in any casing."""
    return _WORDS.get(word.lower())


def places(values: Sequence[int]) -> list[int]:
    """The places of values in falling order; equal values share one, the next is left out."""
    found: list[int] = []
    for number, value in enumerate(values, start=1):
        same = number > 1 and values[number - 2] == value
        found.append(found[-1] if same else number)
    return found


def distribution(
    tiers: Sequence[Tier], standings: Iterable[tuple[str, int, int, int | None]]
) -> dict[str, int]:
    """How many stand on each tier, in tier order, without empty ones.

    ``standings`` are stored rank, lifetime earnings, number of users, and where a hand-set rank
    holds from.
    """
    ladder = Ladder(tiers)
    counts = [0] * len(ladder.names)
    for stored, earned_z, users, held_from_z in standings:
        counts[ladder.effective(stored, earned_z, held_from_z)] += users
    return {name: count for name, count in zip(ladder.names, counts, strict=True) if count}
