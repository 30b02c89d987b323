"""How much rain falls, and when (`earning.md` 7)."""

from fractions import Fraction

from kryten_economy.config.gifts import Rain
from kryten_economy.dice import Dice
from kryten_economy.features.events.rules import RAIN_PERK, Factor

__all__ = ("percent_of", "rain_amount", "rain_pause_s", "rain_perk", "rounded", "split_evenly")


_SPREAD = 0.3


_PAUSE_MIN_S = 60.0


def rain_pause_s(rain: Rain, dice: Dice) -> float:
    """Seconds until the next drop: the interval more or less by up to 0.3 of it."""
    return max(_PAUSE_MIN_S, dice.jitter(rain.interval_minutes * 60, _SPREAD))


def rain_amount(base_z: int, events: Fraction, bonus_percent: int) -> int:
    """One user's part: scheduled events and the rain perk of the rank count, at least 1."""
    return max(1, rounded(base_z * events * rain_perk(bonus_percent).mult))


def rain_perk(bonus_percent: int) -> Factor:
    """What the perk of a rank multiplies rain by."""
    return Factor(RAIN_PERK, Fraction(100 + bonus_percent, 100), "rain perk")


def split_evenly(total_z: int, users: int) -> list[int] | None:
    """Parts that add up to ``total_z`` and differ by one at most, the larger ones first.

    None if there is nobody, or not one coin for each.
    """
    if not 0 < users <= total_z:
        return None
    each, rest = divmod(total_z, users)
    return [each + (place < rest) for place in range(users)]


def percent_of(amount_z: int, percent: float) -> int:
    """A part in percent, rounded down; exact for every percentage that can be written down."""
    return int(amount_z * Fraction(str(percent)) / 100)


def rounded(amount: Fraction) -> int:
    """The nearest whole coin, halves up."""
    return int(amount + Fraction(1, 2))
