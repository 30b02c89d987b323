"""Days in a row: counting them and what they earn (`earning.md` 5)."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum, auto
from typing import NamedTuple

from kryten_economy.calendar import day_after, day_before, iso_week_of, weekday_of
from kryten_economy.config.streaks import DailyStreak

__all__ = (
    "ANNOUNCED",
    "BridgeState",
    "BridgeStep",
    "NextDay",
    "Reward",
    "StreakState",
    "StreakTerms",
    "bridge_step",
    "counted",
    "is_weekend",
    "must_remind",
    "next_day",
    "next_milestone",
    "pays",
    "seen",
    "streak_awards",
    "terms",
)


ANNOUNCED = frozenset({7, 30})
"""The days of a streak that the channel hears of."""


class StreakTerms(NamedTuple):
    """What streaks pay: (day, Z) sorted by day, and the bonuses of days 7 and 30."""

    rewards: tuple[tuple[int, int], ...]
    bonus_7_z: int
    bonus_30_z: int


class StreakState(NamedTuple):
    """Where a user's streak stands; ``last_day`` None: never counted."""

    days: int = 0
    longest: int = 0
    last_day: str | None = None


@dataclass(frozen=True, slots=True)
class Reward:
    """A ledger row to be paid."""

    trigger_id: str
    reason: str
    amount_z: int


class NextDay(NamedTuple):
    """The day of the streak that comes next: today's, or tomorrow's if today has counted."""

    is_today: bool
    days: int
    awards: tuple[Reward, ...]


def terms(daily: DailyStreak) -> StreakTerms:
    """The terms that the settings state."""
    rewards = tuple(sorted(daily.rewards.items()))
    return StreakTerms(rewards, daily.milestone_7_bonus, daily.milestone_30_bonus)


def counted(state: StreakState, day: str) -> StreakState | None:
    """The streak with ``day`` in it, or None if that day (or a later one) was counted before."""
    if state.last_day is not None and state.last_day >= day:
        return None
    days = state.days + 1 if state.last_day == day_before(day) else 1
    return StreakState(days, max(state.longest, days), day)


def streak_awards(days: int, pay: StreakTerms) -> tuple[Reward, ...]:
    """What the n-th day in a row earns, each award a row of its own; the first day nothing."""
    reward_z = 0
    if days >= 2:
        reward_z = next((z for day, z in reversed(pay.rewards) if day <= days), 0)
    bonuses = (each for each in _milestones(pay) if each[0] == days)
    awards = (
        Reward(f"streak.day{days}", f"Streak day {days}", reward_z),
        *(award for _, award in bonuses),
    )
    return tuple(award for award in awards if award.amount_z)


def next_day(state: StreakState, day: str, pay: StreakTerms) -> NextDay:
    """What the streak stands to gain, given what is stored on ``day``."""
    today = counted(state, day)
    coming = today or counted(state, day_after(day))
    # Only a day from the future, as after a change of the zone, leaves nothing to count.
    days = state.days if coming is None else coming.days
    return NextDay(today is not None, days, streak_awards(days, pay))


def next_milestone(days: int, pay: StreakTerms) -> Reward | None:
    """The bonus of the next long streak; None behind the last."""
    ahead = (award for day, award in _milestones(pay) if day > days and award.amount_z)
    return next(ahead, None)


def _milestones(pay: StreakTerms) -> tuple[tuple[int, Reward], ...]:
    bonuses = ((7, pay.bonus_7_z), (30, pay.bonus_30_z))
    return tuple(
        (day, Reward(f"streak.milestone.{day}", f"{day} days in a row", z)) for day, z in bonuses
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
