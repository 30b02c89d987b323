"""Which colours can be bought, and how well they can be read (`spending.md` 9.1 and 9.2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kryten_economy.config.vanity import ChatColor
from kryten_economy.features.colours.rules import parsed_colour, readability

REFERENCE = [
    ("#FFFFFF", 107.4, 107.4, "ok"),
    ("#FF0000", 37.0, 0.0, "reject"),
    ("#800000", 9.0, 0.0, "reject"),
    ("#AA0000", 17.3, 0.0, "reject"),
    ("#DC143C", 29.0, 14.5, "reject"),
    ("#FF3300", 38.9, 12.4, "reject"),
    ("#0000FF", 15.7, 15.7, "reject"),
    ("#000080", 0.0, 0.0, "reject"),
    ("#4169E1", 28.0, 28.0, "reject"),
    ("#008080", 28.6, 28.6, "reject"),
    ("#FF1493", 39.6, 39.6, "warn"),
    ("#CD5C5C", 34.6, 34.6, "warn"),
    ("#888888", 38.1, 38.1, "warn"),
    ("#FF69B4", 50.6, 50.6, "ok"),
    ("#FF7F50", 53.0, 53.0, "ok"),
    ("#FF6347", 46.3, 46.3, "ok"),
    ("#50C878", 60.4, 60.4, "ok"),
    ("#FFD700", 83.7, 83.7, "ok"),
    ("#DA70D6", 46.6, 46.6, "ok"),
    ("#AAAAAA", 55.7, 55.7, "ok"),
]


@pytest.mark.parametrize(("colour", "lc", "score", "level"), REFERENCE)
def test_reference_values(colour: str, lc: float, score: float, level: str) -> None:
    """The published values on the default page, to the decimal (P-CSS-8)."""
    found = readability(colour, ChatColor())
    assert (found.lc, found.score, found.level) == (lc, score, level)


@pytest.mark.parametrize(
    ("colour", "page", "lc"), [("#FFFFFF", "#000000", 107.9), ("#888888", "#FFFFFF", 63.1)]
)
def test_other_pages(colour: str, page: str, lc: float) -> None:
    """The page's own colour counts, dark or light."""
    assert readability(colour, ChatColor(contrast_bg=page)).lc == lc


def test_what_would_help() -> None:
    """A red that is light enough lacks green and blue; a dark grey is only dark."""
    assert readability("#FF0000", ChatColor()).lacks_chroma
    assert not readability("#555555", ChatColor()).lacks_chroma


def test_the_guard_can_be_off() -> None:
    """Without it every colour is acceptable, and its level is told all the same."""
    found = readability("#FF0000", ChatColor(enforce_contrast=False))
    assert (found.level, found.acceptable) == ("reject", True)
    assert not readability("#FF0000", ChatColor()).acceptable


def test_limits_are_configured() -> None:
    """Below the first limit a colour is rejected, below the second one is warned about."""
    strict = ChatColor(min_contrast_lc=60, warn_contrast_lc=90)
    assert readability("#50C878", strict).level == "warn"
    assert readability("#AAAAAA", strict).level == "reject"


@pytest.mark.parametrize(
    ("text", "colour"),
    [("#dc143c", "#DC143C"), ("DC143C", "#DC143C"), (" #AbCdEf ", "#ABCDEF")],
)
def test_six_digits_are_a_colour(text: str, colour: str) -> None:
    """With or without a hash, in any case, stored one way."""
    assert parsed_colour(text) == colour


@pytest.mark.parametrize(
    "text", ["", "#fff", "red", "#GGGGGG", "##123456", "#1234567", "rgb(1,2,3)", "#12345\u0666"]
)
def test_nothing_else_is_a_colour(text: str) -> None:
    """Short forms, names and functions are refused."""
    assert parsed_colour(text) is None


@given(st.integers(0, 0xFFFFFF), st.integers(0, 0xFFFFFF))
def test_every_colour_on_every_page_has_a_score(colour: int, page: int) -> None:
    """A score lies between nothing and the contrast itself."""
    found = readability(f"#{colour:06X}", ChatColor(contrast_bg=f"#{page:06X}"))
    assert 0 <= found.score <= found.lc <= 110
