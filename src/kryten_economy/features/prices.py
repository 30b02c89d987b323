"""What things cost: one price for who is shown it and who pays it (`spending.md` 1 and 2).

And what an operator is told of it.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from statistics import linear_regression
from typing import NamedTuple

from kryten_economy.config.spending import Inflation
from kryten_economy.text.templates import duration, factor, money

__all__ = (
    "Outlook",
    "Price",
    "final_price",
    "inflated_price",
    "inflation_multiplier",
    "inflation_off",
    "inflation_shown",
    "outlook",
    "price",
    "price_tag",
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


class Outlook(NamedTuple):
    """Where prices go if the circulation goes on as it did; ``per_day_z`` is by how much."""

    days: int
    per_day_z: float
    float_z: int
    factor: Fraction


_DAY_MS = 86_400_000


def outlook(
    inflation: Inflation, past: Sequence[tuple[int, int]], float_z: int, days: int
) -> Outlook | None:
    """Along the straight line that fits what circulated best, from what circulates now.

    ``past`` are instants (UTC ms) with what circulated then; None where they lie less than a day
    apart, of which nothing can be said.
    """
    if not past or max(past)[0] - min(past)[0] < _DAY_MS:
        return None
    first_ms = min(past)[0]
    slope, _ = linear_regression(
        [(at_ms - first_ms) / _DAY_MS for at_ms, _ in past], [z for _, z in past]
    )
    then_z = max(0, round(float_z + slope * days))
    return Outlook(days, slope, then_z, inflation_multiplier(inflation, then_z))


# In words


def price_tag(price: Price, symbol: str) -> str:
    """``9,000 Z (10% off 10,000 Z)``; with the factor of the channel if that is felt."""
    told = money(price.final_z, symbol)
    reasons = []
    if price.discount > 0 and price.final_z < price.inflated_z:
        off = f"{float(price.discount * 100):g}% off"
        reasons.append(f"{off} {money(price.inflated_z, symbol)}")
    if abs(float(price.factor) - 1) >= 0.01:
        reasons.append(f"base {money(price.base_z, symbol)} x {float(price.factor):.2f}")
    return f"{told} ({', '.join(reasons)})" if reasons else told


_EXAMPLE_Z = 10_000


def inflation_off(float_z: int, symbol: str) -> str:
    """To an operator of a channel whose prices follow nothing."""
    circulates = f"In circulation: {money(float_z, symbol)}."
    return f"Inflation is off: everything costs its base price. {circulates}"


def inflation_shown(
    inflation: Inflation, float_z: int, prices: Mapping[str, int], symbol: str
) -> str:
    """Float, anchor and factor, and what they do to a price and to some that people know."""
    multiplier = inflation_multiplier(inflation, float_z)
    example = f"{money(_EXAMPLE_Z, symbol)} costs {_inflated(_EXAMPLE_Z, multiplier, symbol)}"
    anchor = money(inflation.anchor_float, symbol)
    lowest, highest = factor(inflation.min_multiplier), factor(inflation.max_multiplier)
    samples = ", ".join(
        f"{name} {base_z:,} → {inflated_price(base_z, multiplier):,}"
        for name, base_z in prices.items()
    )
    return (
        f"Prices are {float(multiplier):.3f} times their base: what is listed at {example}"
        " (before the discount of a rank).\n"
        f"In circulation: {money(float_z, symbol)}. The factor is that by the anchor of {anchor},"
        f" never below {lowest} nor above {highest}.\n"
        f"Read anew every {duration(inflation.update_interval_seconds)}. Now: {samples}."
    )


def _inflated(base_z: int, multiplier: Fraction, symbol: str) -> str:
    return money(inflated_price(base_z, multiplier), symbol)
