"""What minutes of presence are worth (`earning.md` 2.1, 3.3 and 3.5)."""

from dataclasses import dataclass
from fractions import Fraction

from kryten_economy.config import Settings
from kryten_economy.features.events.rules import (
    NIGHT_WATCH,
    PLAIN,
    RANK,
    Combined,
    Factor,
    metadata,
)
from kryten_economy.features.ranks.rules import Ladder
from kryten_economy.text.templates import exact

__all__ = (
    "EarningTerms",
    "MinuteRate",
    "MinuteWorth",
    "minute_rate",
    "minute_worth",
    "rank_factor",
    "whole_part",
)


@dataclass(frozen=True, slots=True)
class MinuteRate:
    """Coins per minute at one hour of the day, before whole coins are taken out.

    ``night_factor`` is 1.0 and ``night_bonus`` 0 outside the night watch.
    """

    base: int
    active_bonus: int
    night_factor: float
    night_bonus: int

    def plain(self, minutes: int, active_minutes: int) -> int:
        """What the minutes earn without the night watch."""
        return self.base * minutes + self.active_bonus * active_minutes

    @property
    def is_night(self) -> bool:
        """Whether the night watch changes the amount."""
        return self.night_factor != 1.0 or self.night_bonus != 0


@dataclass(frozen=True, slots=True)
class MinuteWorth:
    """What some minutes earn, in coins and parts of coins, and the JSON that tells why.

    ``night`` is the part of the amount that the night watch added, 0 where it took some.
    """

    amount: float
    night: float
    metadata: str | None


def minute_rate(settings: Settings, hour: int) -> MinuteRate:
    """The rate in force at an hour (0 to 23) of the channel's zone."""
    presence = settings.presence
    night = presence.night_watch
    on = night.enabled and hour in night.hours
    return MinuteRate(
        base=presence.base_rate_per_minute,
        active_bonus=presence.active_bonus_per_minute,
        night_factor=night.multiplier if on else 1.0,
        night_bonus=night.bonus_per_minute if on else 0,
    )


def rank_factor(settings: Settings, tier_index: int) -> Factor:
    """What the rank multiplies earning by: 0.05 per rank and index 4 give 1.2."""
    step = exact(settings.ranks.earn_multiplier_per_rank)
    return Factor(RANK, 1 + step * tier_index, "rank bonus")


def minute_worth(
    rate: MinuteRate,
    minutes: int,
    active_minutes: int,
    combined: Combined = PLAIN,
    rank: Factor | None = None,
) -> MinuteWorth:
    """Night watch on the base, then the rank, then everything that is active in the channel."""
    plain = rate.plain(minutes, active_minutes)
    night = Factor(NIGHT_WATCH, exact(rate.night_factor), "night watch")
    after_night = plain * night.mult + rate.night_bonus * minutes
    others = combined if rank is None else combined.also(rank)
    amount = Fraction(after_night) * others.product
    added = max(Fraction(0), Fraction(after_night - plain) * others.product)
    why = metadata(
        plain,
        others.also(night),
        minutes=minutes if minutes != 1 else 0,
        active_bonus=rate.active_bonus * active_minutes,
        night_bonus=rate.night_bonus * minutes,
    )
    return MinuteWorth(float(amount), float(added), why)


_REMEMBERED_MAX = 1_000


class EarningTerms:
    """What is in force in a channel at one moment: settings, the ladder of ranks, the factors.

    Amounts are worked out once and remembered: most users of a minute share very few cases.
    """

    __slots__ = ("_cases", "_combined", "_ladder", "_ranks_count", "_settings", "_worth")

    def __init__(self, settings: Settings, ladder: Ladder, combined: Combined) -> None:
        self._settings = settings
        self._ladder = ladder
        self._combined = combined
        self._ranks_count = bool(settings.ranks.earn_multiplier_per_rank)
        self._worth: dict[tuple[float, int], tuple[float, str | None]] = {}
        self._cases: dict[tuple[MinuteRate, int, int, int], MinuteWorth] = {}

    def __repr__(self) -> str:
        return "EarningTerms()"

    def tier(self, rank_name: str, lifetime_earned_z: int, held_from_z: int | None) -> int:
        """The rank index that multiplies; 0 where ranks do not."""
        if not self._ranks_count:
            return 0
        return self._ladder.effective(rank_name, lifetime_earned_z, held_from_z)

    def of(self, amount: float, tier: int) -> tuple[float, str | None]:
        """``amount`` Z multiplied for a rank index, and the metadata that tells why."""
        worth = self._worth.get((amount, tier))
        if worth is None:
            factors = self._combined.also(rank_factor(self._settings, tier))
            worth = float(exact(amount) * factors.product), metadata(amount, factors)
            if len(self._worth) < _REMEMBERED_MAX:
                self._worth[amount, tier] = worth
        return worth

    def minutes(self, rate: MinuteRate, minutes: int, active: int, tier: int) -> MinuteWorth:
        """What minutes of presence are worth for a rank index."""
        case = (rate, minutes, active, tier)
        worth = self._cases.get(case)
        if worth is None:
            rank = rank_factor(self._settings, tier) if self._ranks_count else None
            worth = minute_worth(rate, minutes, active, self._combined, rank)
            if len(self._cases) < _REMEMBERED_MAX:
                self._cases[case] = worth
        return worth

    def in_force(self, at_ms: int) -> bool:
        """Whether none of the factors has ended; ends are UTC epoch milliseconds."""
        ends = (each.ends_at_ms for each in self._combined.factors)
        return all(end is None or at_ms < end for end in ends)


def whole_part(held: float, amount: float) -> tuple[int, float]:
    """The whole coins in what was held and what is added, and what is left to hold.

    Adding binary fractions may lose a little: a sum this close to whole is whole.
    """
    total = held + amount
    whole = int(total + _ROUNDING)
    rest = max(0.0, total - whole)
    return whole, rest if rest > _ROUNDING else 0.0


_ROUNDING = 1e-9
