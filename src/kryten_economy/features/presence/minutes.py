"""What minutes of presence are worth (`earning.md` 2.1, 3.3 and 3.5)."""

from collections.abc import Hashable
from dataclasses import dataclass
from fractions import Fraction

from kryten_economy.config import Settings
from kryten_economy.features.events.rules import (
    NIGHT_WATCH,
    PLAIN,
    RANK,
    Combined,
    Factor,
    exact,
    metadata,
)

__all__ = (
    "Accumulator",
    "MinuteRate",
    "MinuteWorth",
    "Rates",
    "minute_rate",
    "minute_worth",
    "rank_factor",
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


class Rates:
    """Made for one settings object and the factors that are active in a channel."""

    __slots__ = ("_combined", "_settings", "_worth")

    def __init__(self, settings: Settings, combined: Combined) -> None:
        self._settings = settings
        self._combined = combined
        self._worth: dict[tuple[float, int], tuple[float, str | None]] = {}

    def of(self, amount: float, tier: int) -> tuple[float, str | None]:
        """``amount`` Z multiplied for a rank index, and the metadata that tells why (2.1)."""
        worth = self._worth.get((amount, tier))
        if worth is None:
            factors = self._combined.also(rank_factor(self._settings, tier))
            worth = float(exact(amount) * factors.product), metadata(amount, factors)
            if len(self._worth) < _REMEMBERED_MAX:
                self._worth[amount, tier] = worth
        return worth

    def in_force(self, at_ms: int) -> bool:
        """Whether none of the factors has ended; ends are UTC epoch milliseconds."""
        ends = (each.ends_at_ms for each in self._combined.factors)
        return all(end is None or at_ms < end for end in ends)


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
