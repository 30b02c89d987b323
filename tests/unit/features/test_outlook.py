"""What `streak` looks ahead to."""

import pytest

from kryten_economy.features.streaks.rules import (
    BridgeState,
    BridgeStep,
    StreakState,
    StreakTerms,
    bridge_step,
    next_day,
    next_milestone,
)

TERMS = StreakTerms(((2, 10), (7, 100)), 200, 2000)


def test_the_next_day_is_today_until_today_has_counted() -> None:
    """Then it is tomorrow's; a gap begins anew."""
    state = StreakState(6, 9, "2026-11-19")
    following = next_day(state, "2026-11-20", TERMS)
    assert (following.is_today, following.days) == (True, 7)
    assert [award.amount_z for award in following.awards] == [100, 200]
    after = next_day(StreakState(7, 9, "2026-11-20"), "2026-11-20", TERMS)
    assert (after.is_today, after.days, [award.amount_z for award in after.awards]) == (
        False,
        8,
        [100],
    )
    assert next_day(state, "2026-11-25", TERMS)[:2] == (True, 1)
    assert next_day(StreakState(), "2026-11-25", TERMS)[:2] == (True, 1)
    assert next_day(StreakState(3, 3, "2026-11-27"), "2026-11-25", TERMS)[:2] == (False, 3)


@pytest.mark.parametrize(
    ("days", "bonus_z"), [(0, 200), (6, 200), (7, 2000), (29, 2000), (30, None), (99, None)]
)
def test_the_next_milestone_lies_ahead(days: int, bonus_z: int | None) -> None:
    """Seven, then thirty, then none; one that pays nothing is none."""
    found = next_milestone(days, TERMS)
    assert (None if found is None else found.amount_z) == bonus_z
    assert next_milestone(days, TERMS._replace(bonus_7_z=0, bonus_30_z=0)) is None


FRIDAY, SATURDAY, MONDAY = "2026-11-20", "2026-11-21", "2026-11-23"
WEEK, NEXT = "2026-W47", "2026-W48"


@pytest.mark.parametrize(
    ("state", "day", "step"),
    [
        (BridgeState(), FRIDAY, BridgeStep.BOTH),
        (BridgeState(weekday_seen=True, week=WEEK), FRIDAY, BridgeStep.WEEKEND),
        (BridgeState(weekend_seen=True, week=WEEK), SATURDAY, BridgeStep.WEEKDAY),
        (BridgeState(weekend_seen=True, week=WEEK), MONDAY, BridgeStep.WEEKDAY),
        (BridgeState(weekend_seen=True, week=WEEK), "2026-11-28", BridgeStep.BOTH),
        (BridgeState(weekend_seen=True, week="2026-W40"), MONDAY, BridgeStep.BOTH),
        (BridgeState(True, True, False, True, WEEK), FRIDAY, BridgeStep.PAID),
        (BridgeState(True, True, False, True, WEEK), MONDAY, BridgeStep.WEEKDAY),
        (BridgeState(True, True, False, False, WEEK), FRIDAY, BridgeStep.DUE),
        (BridgeState(False, False, True, False, NEXT), MONDAY, BridgeStep.WEEKDAY),
    ],
)
def test_the_bridge_says_what_is_missing(state: BridgeState, day: str, step: BridgeStep) -> None:
    """Of this ISO week, or a weekday after last week's weekend (`earning.md` 6)."""
    assert bridge_step(state, day) is step
