"""What a rank is good for (`spec/progression.md` 1.1).

Perks are read from their texts, in any casing, and accumulate: of each kind the best value of
the tier and all below it holds. The discount comes from the formula alone; texts that state one
are never shown.
"""

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from kryten_economy.config.ranks import Ranks

__all__ = ("Perks", "discount_percent", "perks_of", "perks_shown")

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
