"""Lengths in UTF-16 units and cuts that tear nothing apart."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kryten_economy.text.markup import clip, split, units

_TEXTS = st.text(
    st.sampled_from("ab \n😀👍🏽\u200d\u0301é🇩🇪\ufe0f") | st.characters(codec="utf-8"), max_size=120
)


@given(_TEXTS)
def test_units_are_those_of_utf_16(text: str) -> None:
    """The length is the one JavaScript sees: an emoji counts two."""
    assert units(text) == len(text.encode("utf-16-le")) // 2


@given(_TEXTS, st.integers(2, 40))
@settings(max_examples=200)
def test_parts_fit_and_lose_nothing(text: str, max_units: int) -> None:
    """P-MSG-2: each part fits and is not blank; together they hold all but white space."""
    parts = split(text, max_units)
    assert all(0 < units(part) <= max_units for part in parts)
    assert all(part.strip() for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_short_text_is_one_part() -> None:
    """What fits stays whole, inner line breaks and indentation included."""
    assert split("  a\n  b", 240) == ["  a\n  b"]
    assert split("", 240) == split(" \n ", 240) == []


def test_cuts_prefer_lines_then_words() -> None:
    """The last line break that fits is taken, else the last space, else the limit."""
    assert split("one two\nthree four", 12) == ["one two", "three four"]
    assert split("one two three", 8) == ["one two", "three"]
    assert split("one two", 3) == ["one", "two"]
    assert split("x" * 500, 240) == ["x" * 240, "x" * 240, "x" * 20]


@pytest.mark.parametrize(
    "cluster",
    [
        "👍🏽",
        "👨\u200d👩\u200d👧",
        "e\u0301\u0302",
        "🇩🇪",
        "❤\ufe0f",
        "\U0001f3f4\U000e0067\U000e007f",
        "1\ufe0f\u20e3",
    ],
)
def test_clusters_stay_whole(cluster: str) -> None:
    """A hard cut falls before or behind an emoji sequence, a flag or a marked letter."""
    size = units(cluster)
    for max_units in range(size, size * 3 + 1):
        for part in split(cluster * 7, max_units):
            assert part == cluster * (len(part) // len(cluster))


def test_a_cluster_beyond_the_limit_is_cut_all_the_same() -> None:
    """Endless combining marks do not get past the limit, and no code point is torn."""
    parts = split("e" + "\u0301" * 50, 10)
    assert [len(part) for part in parts] == [10, 10, 10, 10, 10, 1]


def test_clip() -> None:
    """A text that is too long ends in an ellipsis within the limit."""
    assert clip("hello", 5) == "hello"
    assert clip("hello world", 7) == "hello…"
    assert clip("😀😀😀", 4) == "😀…"
    assert clip("abc", 1) == "…"


@given(_TEXTS, st.integers(1, 40))
def test_clip_fits(text: str, max_units: int) -> None:
    """A clipped text never exceeds its limit."""
    assert units(clip(text, max_units)) <= max_units
