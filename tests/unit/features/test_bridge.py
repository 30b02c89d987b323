"""Weekend and weekday, in both orders, once per ISO week (`earning.md` 6)."""

from hypothesis import given
from hypothesis import strategies as st

from kryten_economy.calendar import day_after, iso_week_of
from kryten_economy.features.streaks.rules import BridgeState, is_weekend, must_remind, pays, seen

FRIDAY, SATURDAY, SUNDAY, MONDAY = "2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23"


def after(*days: str) -> BridgeState:
    state = BridgeState()
    for day in days:
        state = seen(state, day)
    return state


def test_inside_a_week_the_weekend_completes_it() -> None:
    """A weekday alone pays nothing, the weekend after it does."""
    assert not pays(after(FRIDAY), FRIDAY)
    assert pays(after(FRIDAY, SATURDAY), SATURDAY)


def test_across_weeks_the_weekday_completes_it() -> None:
    """A weekend alone pays nothing, a weekday of the next week does."""
    assert not pays(after(SATURDAY, SUNDAY), SUNDAY)
    assert pays(after(SUNDAY, MONDAY), MONDAY)


def test_a_weekend_two_weeks_ago_is_forgotten() -> None:
    """Only the week just before counts, also over a turn of the year with week 53."""
    assert not pays(after(SATURDAY, "2026-11-30"), "2026-11-30")
    assert iso_week_of("2027-01-03") == "2026-W53"
    assert pays(after("2027-01-03", "2027-01-04"), "2027-01-04")


def test_the_reminder_is_for_weekend_visitors_not_seen_on_a_weekday() -> None:
    """Not on a weekday, not to whoever was there on one, and once per week."""
    assert not must_remind(after(FRIDAY), FRIDAY)
    assert not must_remind(after(FRIDAY, SATURDAY), SATURDAY)
    state = after(SATURDAY)
    assert must_remind(state, SATURDAY)
    state = state._replace(reminded_week=state.week)
    assert not must_remind(seen(state, SUNDAY), SUNDAY)
    assert must_remind(seen(state, "2026-11-28"), "2026-11-28")


@given(st.lists(st.booleans(), max_size=70))
def test_at_most_one_bonus_per_week_and_never_without_both_sides(present: list[bool]) -> None:
    """Over any pattern of days each paid week has a weekday, and a weekend in it or before it."""
    state, day = BridgeState(), "2026-10-01"
    visited: list[str] = []
    paid_weeks: list[str] = []
    for here in present:
        if here:
            visited.append(day)
            state = seen(state, day)
            if pays(state, day):
                state = state._replace(claimed=True)
                paid_weeks.append(iso_week_of(day))
                week = [each for each in visited if iso_week_of(each) == iso_week_of(day)]
                assert any(not is_weekend(each) for each in week)
                assert any(is_weekend(each) for each in visited[-12:])
        day = day_after(day)
    assert len(paid_weeks) == len(set(paid_weeks))
