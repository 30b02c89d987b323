"""Ranks, their perks, and who hears of a promotion (`progression.md` 1)."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from kryten_economy.config.ranks import Ranks, Tier
from kryten_economy.features.ranks.rules import (
    Ladder,
    LastRankUp,
    Perks,
    RankStep,
    RankUp,
    by_rank,
    discount_percent,
    may_tell,
    perks_of,
    perks_shown,
)

RANKS = Ranks()
LADDER = Ladder(RANKS.tiers)
DAY_MS = 86_400_000


def test_exactly_at_a_threshold_counts() -> None:
    """The tier is reached with its threshold, not one above it."""
    assert [LADDER.computed(z) for z in (0, 999, 1000, 4_999, 5_000_000)] == [0, 0, 1, 1, 9]


def test_a_raised_threshold_takes_no_rank_away() -> None:
    """P-USR-8: the stored rank counts where the earnings make a lower one, and nothing is told."""
    assert LADDER.effective("Gaffer", 10) == 3
    assert LADDER.step("Gaffer", 10) is None


def test_a_stored_name_that_no_tier_has_gives_way_to_the_earnings_in_silence() -> None:
    """A tier that was renamed in the file is no promotion."""
    assert LADDER.effective("Archduke", 5_000) == 2
    assert LADDER.step("Archduke", 5_000) == RankStep(2, "Key Grip", 2, promoted=False)


def test_several_tiers_at_once_are_one_promotion() -> None:
    """From the bottom to the highest tier that was crossed."""
    assert LADDER.step("", 20_000) == RankStep(3, "Gaffer", 0, promoted=True)
    assert LADDER.step("", 999) is None


def test_an_override_holds_until_a_threshold_above_it_is_crossed() -> None:
    """P-USR-7: up or down, the setting stays; then the higher of both counts."""
    assert LADDER.effective("Extra", 6_000, 6_000) == 0
    assert LADDER.step("Extra", 14_999, 6_000) is None
    assert LADDER.step("Extra", 15_000, 6_000) == RankStep(3, "Gaffer", 0, promoted=True)
    assert LADDER.effective("Director", 1_000, 0) == 7
    assert LADDER.step("Director", 1_000, 0) == RankStep(7, "Director", 7, promoted=False)


@given(
    stored=st.sampled_from(["", "Gone", *LADDER.names]),
    earned=st.integers(0, 6_000_000),
    more=st.integers(0, 6_000_000),
    held=st.none() | st.integers(0, 6_000_000),
)
@settings(max_examples=200)
def test_earning_never_lowers_a_rank(stored: str, earned: int, more: int, held: int | None) -> None:
    """Whatever is stored or set: with more earned the rank is the same or a higher one."""
    if held is not None:
        held = min(held, earned)
    before = LADDER.effective(stored, earned, held)
    assert LADDER.effective(stored, earned + more, held) >= before


def test_perks_of_lower_tiers_stay() -> None:
    """A Producer keeps Best Boy's queue, Gaffer's rain and Grip's fortune."""
    perks = perks_of(RANKS, 6)
    assert perks == Perks(Fraction(12, 100), Fraction(1), 1, 20, 1)
    assert perks_of(RANKS, 7).queue_bonus == 2
    assert perks_of(RANKS, 0) == Perks(Fraction(0), Fraction(1), 0, 0, 0)


def test_perks_are_read_in_any_casing() -> None:
    """The texts are people's; the numbers in them count."""
    tier = Tier(
        name="X", min_lifetime_earned=0, perks=("+3 QUEUES/day", "RAIN +15%", "2 Free Fortunes")
    )
    perks = perks_of(Ranks(tiers=(tier,)), 0)
    assert (perks.queue_bonus, perks.rain_bonus_percent, perks.free_fortunes) == (3, 15, 2)


def test_the_discount_is_the_formula_and_no_text_states_another() -> None:
    """The last two tiers' texts speak of 15 % and 20 %; the formula gives 16 % and 18 %."""
    assert [discount_percent(RANKS, index) for index in (0, 1, 5, 8, 9)] == [0, 2, 10, 16, 18]
    for index in range(len(RANKS.tiers)):
        assert not [text for text in perks_shown(RANKS, index) if "discount" in text]
    worded = Tier(name="X", min_lifetime_earned=0, perks=("50% OFF everything", "2 off days"))
    assert perks_shown(Ranks(tiers=(worded,)), 0) == ("2 off days",)


def test_only_the_best_of_a_kind_is_shown() -> None:
    """A Director sees two queues a day and no longer one."""
    shown = perks_shown(RANKS, 7)
    assert "+2 queues/day" in shown
    assert "+1 queue/day" not in shown
    assert "rain drops +20%" in shown


def test_rank_ups_are_told_first_of_the_day_or_higher_or_an_hour_later() -> None:
    """Everything else is dropped, so that the channel is not bored."""
    grip, gaffer = RankUp("Bob", 1, "Grip"), RankUp("Eve", 3, "Gaffer")
    noon = 20_000 * DAY_MS + DAY_MS // 2
    told = may_tell(None, [grip], noon)
    assert told == LastRankUp(noon, 1)
    assert may_tell(told, [grip], noon + 3_599_999) is None
    assert may_tell(told, [grip], noon + 3_600_000) == LastRankUp(noon + 3_600_000, 1)
    assert may_tell(told, [grip, gaffer], noon + 1) == LastRankUp(noon + 1, 3)
    assert may_tell(LastRankUp(noon, 3), [grip], noon + DAY_MS // 2) is not None
    assert may_tell(None, [], noon) is None


def test_several_rank_ups_are_grouped_by_rank() -> None:
    """The highest rank first; whoever rose twice stands once."""
    ups = [RankUp("Bob", 1, "Grip"), RankUp("Eve", 3, "Gaffer"), RankUp("bob", 2, "Key Grip")]
    assert by_rank([*ups, RankUp("Al", 3, "Gaffer")]) == [
        ("Gaffer", ["Al", "Eve"]),
        ("Key Grip", ["bob"]),
    ]
