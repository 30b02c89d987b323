"""Which rank a lifetime of earning makes (`progression.md` 1).

A rank is never lost by itself: the stored one counts where it is higher than what the earnings
make. One set by an admin holds, up or down, until the earnings cross a threshold above those at
which it was set (``held_from_z``; None where nobody has set one).
"""

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from kryten_economy.config.ranks import Ranks, Tier

__all__ = (
    "Ladder",
    "LastRankUp",
    "Perks",
    "RankStep",
    "RankUp",
    "brings",
    "by_rank",
    "discount_percent",
    "may_tell",
    "perks_of",
    "perks_shown",
)


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
        place = bisect_right(self._thresholds, lifetime_earned_z)
        return place - 1 if place else 0

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
        stored = self._places.get(stored_name, -1 if stored_name else 0)
        if stored == computed and held_from_z is None:
            # Nearly always so: what is stored, or nothing for the first tier, is what was reached.
            return None
        index = self.effective(stored_name, lifetime_earned_z, held_from_z)
        before = self._places.get(stored_name, index if stored_name else 0)
        over = held_from_z is not None and computed > self.computed(held_from_z)
        if self.names[index] == stored_name and not over:
            return None
        if not stored_name and not index:
            return None
        return RankStep(index, self.names[index], before, index > before)


_DAY_MS = 86_400_000


_GAP_MS = 3_600_000


class RankUp(NamedTuple):
    """Somebody has reached a tier."""

    user: str
    tier: int
    rank: str


class LastRankUp(NamedTuple):
    """The last time rank-ups were told, and the highest tier told on that UTC day."""

    at_ms: int
    highest: int


def may_tell(last: LastRankUp | None, ups: list[RankUp], now_ms: int) -> LastRankUp | None:
    """What to remember if these may be told now, None if they are dropped.

    They may as the first of the UTC day, for a tier above those told today, or an hour later.
    """
    if not ups:
        return None
    highest = max(up.tier for up in ups)
    if last is None or last.at_ms // _DAY_MS != now_ms // _DAY_MS:
        return LastRankUp(now_ms, highest)
    if highest > last.highest or now_ms - last.at_ms >= _GAP_MS:
        return LastRankUp(now_ms, max(highest, last.highest))
    return None


def by_rank(ups: list[RankUp]) -> list[tuple[str, list[str]]]:
    """Names by rank, the highest rank first; who rose twice stands at the higher one."""
    latest = {up.user.lower(): up for up in sorted(ups, key=lambda up: up.tier)}
    ranks: dict[tuple[int, str], list[str]] = {}
    for up in sorted(latest.values(), key=lambda up: (-up.tier, up.user.lower())):
        ranks.setdefault((up.tier, up.rank), []).append(up.user)
    return [(rank, users) for (_, rank), users in ranks.items()]


_QUEUE = re.compile(r"\+\s*([0-9]{1,6})(?![0-9]*\s*%)", re.ASCII)


_RAIN = re.compile(r"\+\s*([0-9]{1,6})\s*%", re.ASCII)


_DISCOUNT = re.compile(r"discount|[0-9]\s*%\s*off\b")


_NUMBER = re.compile(r"[0-9]{1,6}", re.ASCII)


class Perks(NamedTuple):
    """``discount`` is a part of 1, ``earn_factor`` at least 1; the counts are per day."""

    discount: Fraction
    earn_factor: Fraction
    queue_bonus: int
    rain_bonus_percent: int
    free_fortunes: int


def perks_of(ranks: Ranks, index: int) -> Perks:
    """The perks of the tier with this index."""
    texts = [text.lower() for tier in ranks.tiers[: index + 1] for text in tier.perks]
    return Perks(
        discount=min(Fraction(1), _exact(ranks.spend_discount_per_rank) * index),
        earn_factor=1 + _exact(ranks.earn_multiplier_per_rank) * index,
        queue_bonus=_best(_queue(text) for text in texts),
        rain_bonus_percent=_best(_rain(text) for text in texts),
        free_fortunes=_best(_fortunes(text) for text in texts),
    )


def perks_shown(ranks: Ranks, index: int) -> tuple[str, ...]:
    """The perks in force as the file words them, the newest first, without discounts."""
    best = perks_of(ranks, index)
    shown: dict[str, str] = {}
    for tier in reversed(ranks.tiers[: index + 1]):
        for text in tier.perks:
            lowered = text.lower()
            beaten = (
                0 < _queue(lowered) < best.queue_bonus
                or 0 < _rain(lowered) < best.rain_bonus_percent
                or 0 < _fortunes(lowered) < best.free_fortunes
            )
            if not beaten and not _DISCOUNT.search(lowered):
                shown.setdefault(lowered, text)
    return tuple(shown.values())


def discount_percent(ranks: Ranks, index: int) -> float:
    """The real discount in percent, one decimal."""
    return round(float(perks_of(ranks, index).discount * 100), 1)


_NEEDED: dict[str, frozenset[str]] = {
    "queue": frozenset({"queue"}),
    "fortune": frozenset({"fortune"}),
    "vanity": frozenset({"buy"}),
    "custom": frozenset({"buy"}),
    "shoutout": frozenset({"shoutout"}),
    "wager": frozenset({"spin", "flip"}),
    "spin": frozenset({"spin"}),
    "heist": frozenset({"heist"}),
    "race": frozenset({"race"}),
    "trivia": frozenset({"trivia"}),
    "blackjack": frozenset({"blackjack"}),
}
"""A perk that speaks of such a thing is one only where one of its commands can be used."""

_BUYING = frozenset({"queue", "buy", "shoutout", "fortune", "playnext", "forcenow"})


def brings(ranks: Ranks, index: int, usable: Collection[str]) -> tuple[tuple[str, ...], float]:
    """The perks and the discount in percent that a rank brings where these commands are usable."""
    perks = tuple(text for text in perks_shown(ranks, index) if _is_there(text.lower(), usable))
    return perks, discount_percent(ranks, index) if _BUYING & set(usable) else 0.0


def _is_there(text: str, usable: Collection[str]) -> bool:
    return all(needed & set(usable) for word, needed in _NEEDED.items() if word in text)


def _exact(value: float) -> Fraction:
    # Through its text a rate is the number that stands in the file (P-MON-14).
    return Fraction(str(value))


def _best(values: Iterable[int]) -> int:
    return max(values, default=0)


def _queue(text: str) -> int:
    found = _QUEUE.search(text) if "queue" in text else None
    return int(found[1]) if found else 0


def _rain(text: str) -> int:
    found = _RAIN.search(text) if "rain" in text else None
    return int(found[1]) if found else 0


def _fortunes(text: str) -> int:
    found = _NUMBER.search(text) if "free" in text and "fortune" in text else None
    return int(found[0]) if found else 0
