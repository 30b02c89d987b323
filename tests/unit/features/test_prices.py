"""The one formula of prices (`spending.md` 1, 2)."""

from fractions import Fraction

import pytest

from kryten_economy.config.spending import Inflation
from kryten_economy.features.prices import final_price, inflated_price, inflation_multiplier


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
