"""Days in a row and what they pay, on values (`earning.md` 5 and 11)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kryten_economy.calendar import day_after
from kryten_economy.config.streaks import DailyStreak
from kryten_economy.features.streaks.rules import StreakState, counted, streak_awards, terms

PAY = terms(DailyStreak())


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (StreakState(), StreakState(1, 1, "2026-03-01")),
        (StreakState(4, 9, "2026-02-28"), StreakState(5, 9, "2026-03-01")),
        (StreakState(9, 9, "2026-02-28"), StreakState(10, 10, "2026-03-01")),
        (StreakState(12, 12, "2026-02-27"), StreakState(1, 12, "2026-03-01")),
        (StreakState(3, 3, "2026-03-01"), None),
        (StreakState(3, 3, "2026-03-02"), None),
    ],
)
def test_yesterday_goes_on_and_anything_older_begins_anew(
    state: StreakState, expected: StreakState | None
) -> None:
    """A day counts once, and never before one that was counted."""
    assert counted(state, "2026-03-01") == expected


@pytest.mark.parametrize(
    ("days", "amounts"),
    [(1, []), (2, [10]), (6, [75]), (7, [100, 200]), (8, [100]), (30, [100, 2000]), (365, [100])],
)
def test_the_highest_day_reached_pays(days: int, amounts: list[int]) -> None:
    """Day 1 nothing, later days the highest key that is not above, 7 and 30 a bonus row."""
    assert [award.amount_z for award in streak_awards(days, PAY)] == amounts


def test_without_a_fitting_entry_only_the_bonus_is_paid() -> None:
    """Rewards that begin later pay nothing before."""
    pay = terms(DailyStreak(rewards={10: 5}))
    assert [award.trigger_id for award in streak_awards(7, pay)] == ["streak.milestone.7"]
    assert streak_awards(9, pay) == ()


@given(st.lists(st.booleans(), max_size=60))
def test_the_streak_is_the_run_of_days_up_to_now(present: list[bool]) -> None:
    """Over any pattern of days: the run that ends today, and the longest run ever."""
    state, day, run, longest = StreakState(), "2026-01-01", 0, 0
    for here in present:
        run = run + 1 if here else 0
        longest = max(longest, run)
        if here:
            state = counted(state, day) or state
            assert (state.days, state.longest) == (run, longest)
        day = day_after(day)
