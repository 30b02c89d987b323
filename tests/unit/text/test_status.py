"""`status` in words."""

from fractions import Fraction

from kryten_economy.features.events.rules import Combined, Factor
from kryten_economy.features.events.texts import status
from kryten_economy.text.markup import units


def test_the_longest_status_is_one_message() -> None:
    """Whatever names people give to films and events."""
    name = "🎉" * 100
    factors = tuple(Factor(f"scheduled:{n}", Fraction(1234, 100), name) for n in range(3))
    assert units(status(999, name, Combined(factors), 120)) <= 240
