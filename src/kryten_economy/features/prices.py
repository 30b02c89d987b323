"""What things cost: one price for who is shown it and who pays it (`spending.md` 1 and 2)."""

from fractions import Fraction
from typing import NamedTuple

from kryten_economy.config.spending import Inflation

__all__ = (
    "Price",
    "final_price",
    "inflated_price",
    "inflation_multiplier",
    "price",
)


class Price(NamedTuple):
    """A price in Z and how it came about; ``discount`` is a part of 1."""

    base_z: int
    inflated_z: int
    final_z: int
    factor: Fraction
    discount: Fraction


def price(base_z: int, factor: Fraction, discount: Fraction) -> Price:
    """The price of something for somebody: inflation first, then the discount of the rank."""
    inflated_z = inflated_price(base_z, factor)
    return Price(base_z, inflated_z, final_price(inflated_z, discount), factor, discount)


def inflation_multiplier(inflation: Inflation, float_z: int) -> Fraction:
    """What prices are multiplied with while so much is in circulation; 1 when disabled."""
    if not inflation.enabled:
        return Fraction(1)
    lowest = Fraction(str(inflation.min_multiplier))
    highest = Fraction(str(inflation.max_multiplier))
    return max(lowest, min(highest, Fraction(float_z, inflation.anchor_float)))


def inflated_price(base_z: int, multiplier: Fraction) -> int:
    """The price before any discount; halves are rounded to even."""
    return base_z if multiplier == 1 else max(1, round(base_z * multiplier))


def final_price(inflated_z: int, discount: Fraction) -> int:
    """What a user pays; ``discount`` is a part of 1."""
    return max(1, int(inflated_z * (1 - discount)))
