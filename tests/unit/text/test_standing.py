"""Texts and orders of standing (`progression.md` 3, `commands.md` 6)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kryten_economy.config.ranks import Ranks
from kryten_economy.features.leaderboards import BoardRow, category_of, distribution, places, top
from kryten_economy.features.ranks.texts import NextRank, rank_report
from kryten_economy.text.templates import bar


@given(part=st.integers(0, 10**9), whole=st.integers(1, 10**9), width=st.sampled_from([10, 20]))
@settings(max_examples=200)
def test_a_bar_is_full_only_at_the_end(part: int, whole: int, width: int) -> None:
    """It has always the same length, and its last cell is filled when the goal is reached."""
    shown = bar(part, whole, width)
    assert len(shown) == width
    assert (shown == "█" * width) == (part >= whole)


def test_a_rank_report_shows_the_way_to_the_next() -> None:
    """Rank, lifetime, what is left, a bar of 20, the percentage with one decimal, perks."""
    text = rank_report("Grip", 2_345, NextRank("Key Grip", 5_000), ("1 free",), 2.0, "Z")
    for part in ("Grip", "2,345 Z", "Key Grip", "2,655 Z", "█████████░", "46.9%", "1 free", "2%"):
        assert part in text


def test_at_the_top_it_says_so() -> None:
    """There is no next rank above the last."""
    assert "maximum" in rank_report("Mogul", 9_000_000, None, (), 18.0, "Z")


def test_a_hand_set_lower_rank_is_not_more_than_full() -> None:
    """With more earned than the next tier takes, the way there is 100 %."""
    text = rank_report("Extra", 6_000, NextRank("Grip", 1_000), (), 0.0, "Z")
    assert "100.0%" in text
    assert "0 Z to go" in text


def test_ties_share_a_place() -> None:
    """Two firsts are followed by a third."""
    assert places([9, 9, 5, 5, 5, 1]) == [1, 1, 3, 3, 3, 6]
    assert places([]) == []


def test_the_first_three_places_have_medals() -> None:
    """Medals follow the place and not the line."""
    rows = [BoardRow(1, "Al", 9), BoardRow(1, "Bo", 9), BoardRow(3, "Cy", 5), BoardRow(4, "Di", 1)]
    text = top("rich", rows, BoardRow(17, "Eve", 1), 1, "Z")
    assert [line[:2].strip() for line in text.splitlines()[1:5]] == ["🥇", "🥇", "🥉", "4."]
    assert text.splitlines()[-1] == "You: 17. Eve: 1 Z"


@pytest.mark.parametrize(
    ("word", "category"),
    [
        ("earners", "earners"),
        ("TODAY", "earners"),
        ("rich", "rich"),
        ("balance", "rich"),
        ("balances", "rich"),
        ("lifetime", "lifetime"),
        ("all", "lifetime"),
        ("ranks", "ranks"),
        ("nonsense", None),
    ],
)
def test_leaderboards_have_aliases(word: str, category: str | None) -> None:
    """Every word of the old service is still understood."""
    assert category_of(word) == category


def test_ranks_are_counted_by_the_rank_that_counts() -> None:
    """Stored, earned and set by hand; empty tiers are left out, the others in tier order."""
    rows = [
        ("", 0, 3, None),
        ("Grip", 0, 1, None),
        ("Extra", 6_000, 1, 6_000),
        ("", 5_000, 2, None),
    ]
    assert distribution(Ranks().tiers, rows) == {"Extra": 4, "Grip": 1, "Key Grip": 2}
