"""What minutes of presence are worth (`spec/earning.md` 2.1, 3.3 and 3.5)."""

from dataclasses import dataclass
from fractions import Fraction

from kryten_economy.config import Settings
from kryten_economy.rules.multipliers import (
    NIGHT_WATCH,
    PLAIN,
    RANK,
    Combined,
    Factor,
    exact,
    metadata,
)

__all__ = ("MinuteRate", "MinuteWorth", "minute_rate", "minute_worth", "rank_factor")


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
