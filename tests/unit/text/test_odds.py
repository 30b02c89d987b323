"""What games return, in words."""

from fractions import Fraction

from kryten_economy.features.games.rules import Edge, in_words
from kryten_economy.features.games.texts import OddsRow, odds


def test_ways_that_return_the_same_are_told_once() -> None:
    """Neighbours with one return are a span, each game has a line."""
    rows = [
        OddsRow("Flip", "any stake", "90 %"),
        OddsRow("Heist", "crew of 3", "94.25 %"),
        *(OddsRow("Heist", f"crew of {size}", "98.25 %") for size in (4, 5, 6)),
    ]
    assert odds(rows).splitlines()[1:] == [
        "Flip: 90 % (any stake)",
        "Heist: 94.25 % (crew of 3), 98.25 % (crew of 4 to crew of 6)",
    ]


def test_an_error_is_told_where_it_can_be_seen() -> None:
    """An error below the last digit that is shown is left out."""
    assert in_words(Edge("x", Fraction(1, 2), Fraction(1, 200))) == "50 % ± 0.5 %"
    assert in_words(Edge("x", Fraction(1, 2), Fraction(1, 10**9))) == "50 %"
