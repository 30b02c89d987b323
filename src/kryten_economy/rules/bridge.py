"""The bonus for being there at a weekend and on a weekday (`spec/earning.md` 6).

Both orders pay: the weekday before the weekend inside one ISO week, or the weekend and then a
weekday of the week after it. At most one bonus per ISO week.
"""

from datetime import date, timedelta
from enum import Enum, auto
from typing import NamedTuple

from kryten_economy.calendar import iso_week_of, weekday_of

__all__ = (
    "BridgeState",
    "BridgeStep",
    "bridge_step",
    "is_weekend",
    "must_remind",
    "pays",
    "seen",
)

_WEEK = timedelta(days=7)


class BridgeState(NamedTuple):
    """What is known of a user's week; ``week`` None: never seen, e.g. ``2026-W47``."""

    weekend_seen: bool = False
    weekday_seen: bool = False
    weekend_seen_last_week: bool = False
    claimed: bool = False
    week: str | None = None
    reminded_week: str | None = None


class BridgeStep(Enum):
    """What a user's bridge waits for."""

    PAID = auto()
    DUE = auto()
    WEEKDAY = auto()
    WEEKEND = auto()
    BOTH = auto()


def is_weekend(day: str) -> bool:
    """Whether a day is a Saturday or a Sunday."""
    return weekday_of(day) in {0, 6}


def seen(state: BridgeState, day: str) -> BridgeState:
    """The state after the user was there on ``day``, in a new week with fresh flags."""
    state = _in_week_of(state, day)
    if is_weekend(day):
        return state._replace(weekend_seen=True)
    return state._replace(weekday_seen=True)


def _in_week_of(state: BridgeState, day: str) -> BridgeState:
    week = iso_week_of(day)
    if state.week == week:
        return state
    before = iso_week_of((date.fromisoformat(day) - _WEEK).isoformat())
    return BridgeState(
        weekend_seen_last_week=state.week == before and state.weekend_seen,
        week=week,
        reminded_week=state.reminded_week,
    )


def bridge_step(state: BridgeState, day: str) -> BridgeStep:
    """What is missing on ``day``, which need not have counted yet."""
    state = _in_week_of(state, day)
    if state.claimed:
        return BridgeStep.PAID
    if state.weekend_seen and state.weekday_seen:
        return BridgeStep.DUE
    # Last week's weekend waits for a weekday of this week, and not any longer.
    if state.weekend_seen or (state.weekend_seen_last_week and not is_weekend(day)):
        return BridgeStep.WEEKDAY
    return BridgeStep.WEEKEND if state.weekday_seen else BridgeStep.BOTH


def pays(state: BridgeState, day: str) -> bool:
    """Whether the bonus is due, given the state with ``day`` in it."""
    inside = state.weekend_seen and state.weekday_seen
    across = state.weekend_seen_last_week and not is_weekend(day)
    return not state.claimed and (inside or across)


def must_remind(state: BridgeState, day: str) -> bool:
    """Whether a weekend visitor is to be asked back for a weekday, once per week."""
    return is_weekend(day) and not state.weekday_seen and state.reminded_week != state.week
