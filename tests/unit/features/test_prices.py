"""The one formula of prices (`spending.md` 1, 2)."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kryten_economy.config.spending import Inflation
from kryten_economy.features.prices import (
    final_price,
    inflated_price,
    inflation_multiplier,
    inflation_shown,
    price,
)

BASES = st.integers(0, 10**12)
FLOATS = st.integers(0, 2**53)
DISCOUNTS = st.integers(0, 10_000).map(lambda parts: Fraction(parts, 10_000))


@pytest.mark.parametrize(
    ("float_z", "multiplier"), [(100, 1), (400, 4), (10, Fraction(1, 4)), (10_000, 8)]
)
def test_prices_follow_the_coins_between_two_limits(float_z: int, multiplier: Fraction) -> None:
    """The float by the anchor, clamped; disabled it is 1 whatever the float is."""
    assert inflation_multiplier(Inflation(enabled=True, anchor_float=100), float_z) == multiplier
    assert inflation_multiplier(Inflation(anchor_float=100), float_z) == 1


def test_discounts_are_exact_and_nothing_is_free() -> None:
    """10000 less 10 % is 9000, at factor 2 it is 18000, and the least price is 1."""
    assert final_price(inflated_price(10_000, Fraction(1)), Fraction("0.1")) == 9_000
    assert final_price(inflated_price(10_000, Fraction(2)), Fraction("0.1")) == 18_000
    assert final_price(5, Fraction(1)) == 1


@given(BASES, FLOATS, st.integers(1, 10**15), DISCOUNTS)
def test_a_price_is_what_exact_decimals_make_of_it(
    base_z: int, float_z: int, anchor_z: int, discount: Fraction
) -> None:
    """Inflation is rounded half to even, the discount down, each with every digit there is."""
    terms = Inflation(enabled=True, anchor_float=anchor_z)
    factor = inflation_multiplier(terms, float_z)
    with localcontext(prec=200):
        exact = Decimal(base_z) * factor.numerator / Decimal(factor.denominator)
        inflated = max(Decimal(1), exact.quantize(Decimal(1), ROUND_HALF_EVEN))
        part = Decimal(discount.numerator) / discount.denominator
        final = max(Decimal(1), (inflated * (1 - part)).quantize(Decimal(1), ROUND_DOWN))
    got = price(base_z, factor, discount)
    if factor != 1:
        assert got.inflated_z == inflated
        assert got.final_z == final
    else:
        assert got.inflated_z == base_z


@given(BASES, FLOATS, st.integers(1, 10**9), DISCOUNTS)
def test_more_coins_never_make_anything_cheaper(
    base_z: int, float_z: int, more_z: int, discount: Fraction
) -> None:
    """A larger float, a higher base and a smaller discount never lower a price; the least is 1."""
    terms = Inflation(enabled=True, anchor_float=1_000_000)
    now, later = (inflation_multiplier(terms, each) for each in (float_z, float_z + more_z))
    cheap = price(base_z, now, discount).final_z
    assert 1 <= cheap <= price(base_z, later, discount).final_z
    assert cheap <= price(base_z + more_z, now, discount).final_z
    assert cheap <= price(base_z, now, discount / 2).final_z
    assert Fraction("0.25") <= now <= later <= 8


def test_an_operator_reads_what_inflation_does_to_a_price() -> None:
    """Float, anchor, factor with its limits, what 10,000 Z become, and prices people know."""
    terms = Inflation(enabled=True, anchor_float=1_000, update_interval_seconds=1_800)
    text = inflation_shown(terms, 2_000, {"movie": 10_000, "shoutout": 500}, "Z")
    assert "2.000 times" in text
    assert "listed at 10,000 Z costs 20,000 Z" in text
    assert "In circulation: 2,000 Z" in text
    assert "anchor of 1,000 Z" in text
    assert "never below 0.25x nor above 8x" in text
    assert "every 30m" in text
    assert "movie 10,000 → 20,000, shoutout 500 → 1,000" in text
