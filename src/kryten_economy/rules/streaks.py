"""Days in a row: counting them and what they earn (`spec/earning.md` 5)."""

from typing import NamedTuple

from kryten_economy.calendar import day_after, day_before
from kryten_economy.config.streaks import DailyStreak

__all__ = (
    "ANNOUNCED",
    "NextDay",
    "Reward",
    "StreakState",
    "StreakTerms",
    "counted",
    "next_day",
    "next_milestone",
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


class Reward(NamedTuple):
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
