"""Which marks of the day are due, on values."""

from hypothesis import given
from hypothesis import strategies as st
from tests.actors.presence.helpers import only

from kryten_economy.features.presence.rules import Attendance, marks, milestones_met, qualifies

DAY, NEXT = "2026-11-20", "2026-11-21"


def test_the_marks_are_those_of_what_is_on() -> None:
    """Hours in minutes, the full day at 1438, the streak's minutes if streak or bridge is on."""
    assert marks(only()) == ()
    hours = {"hourly_milestones": {24: 1, 1: 1, 5: 1}}
    assert marks(only(presence=hours)) == (60, 300, 1438)
    bridge = only(presence=hours, streaks={"weekend_weekday_bridge": {"enabled": True}})
    assert marks(bridge) == (15, 60, 300, 1438)


def test_milestones_come_shortest_first() -> None:
    """Everything reached is met, in order of hours."""
    assert milestones_met({24: 9, 2: 1, 7: 3}, 1437) == [(2, 1), (7, 3)]
    assert milestones_met({24: 9, 2: 1}, 1438) == [(2, 1), (24, 9)]


def test_a_day_qualifies_only_while_something_waits_for_it() -> None:
    """With streak and bridge off no minutes are enough."""
    on = only(streaks={"daily": {"enabled": True, "min_presence_minutes": 20}})
    assert [qualifies(on, minutes) for minutes in (19, 20)] == [False, True]
    assert not qualifies(only(), 999)


def test_due_again_until_settled_and_anew_each_day() -> None:
    """What was told and not confirmed is told again; another day begins at nothing."""
    attendance = Attendance()
    assert attendance.due([("bob", 61)], DAY, (60, 180)) == ["bob"]
    assert attendance.due([("bob", 62)], DAY, (60, 180)) == ["bob"]
    attendance.settle("bob", DAY, 62)
    assert attendance.due([("bob", 179), ("eve", 10)], DAY, (60, 180)) == []
    assert attendance.due([("bob", 180)], DAY, (60, 180)) == ["bob"]
    assert attendance.due([("bob", 60)], NEXT, (60, 180)) == ["bob"]
    attendance.settle("bob", NEXT, 60)
    attendance.settle("bob", DAY, 999)
    assert attendance.due([("bob", 180)], NEXT, (60, 180)) == ["bob"]


@given(
    st.lists(st.integers(1, 1440), unique=True, max_size=5).map(sorted).map(tuple),
    st.lists(st.tuples(st.integers(1, 90), st.booleans()), max_size=40),
)
def test_each_mark_reached_is_told_at_least_once(
    due_at: tuple[int, ...], ticks: list[tuple[int, bool]]
) -> None:
    """However minutes jump and answers get lost, what is settled was told, and nothing else."""
    attendance, minutes, told, settled = Attendance(), 0, 0, 0
    for jump, confirmed in ticks:
        minutes += jump
        due = attendance.due([("bob", minutes)], DAY, due_at)
        reached = sum(1 for mark in due_at if mark <= minutes)
        assert bool(due) == (reached > settled)
        if due:
            told = reached
            if confirmed:
                attendance.settle("bob", DAY, minutes)
                settled = reached
        assert told == reached
