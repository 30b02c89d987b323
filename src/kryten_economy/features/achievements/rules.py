"""Which achievements the facts about a user call for (`progression.md` 2)."""

from collections.abc import Callable, Collection, Sequence
from operator import attrgetter
from typing import NamedTuple

from kryten_economy.config.achievements import Achievement, AchievementType

__all__ = ("BY_MINUTE", "Facts", "earned_now", "is_open", "progress_of")


BY_MINUTE: frozenset[AchievementType] = frozenset(
    {
        "unique_tip_recipients",
        "unique_tip_senders",
        "lifetime_earned",
        "lifetime_spent",
        "lifetime_gambled",
        "gambling_biggest_win",
        "rank_reached",
    }
)
"""What others may bring about, so that nothing the user does need follow."""


class Facts(NamedTuple):
    """What is known about a user; None where nobody has looked."""

    earned_z: int
    spent_z: int
    gambled_z: int
    biggest_win_z: int
    tip_recipients: int
    tip_senders: int
    messages: int | None = None
    streak_days: int | None = None
    rank: int | None = None
    minutes_present: int | None = None
    emotes_used: int | None = None


def _hours(facts: Facts) -> int | None:
    return None if facts.minutes_present is None else facts.minutes_present // 60


_VALUES: dict[AchievementType, Callable[[Facts], int | None]] = {
    "lifetime_messages": attrgetter("messages"),
    "lifetime_presence_hours": _hours,
    "daily_streak": attrgetter("streak_days"),
    "unique_tip_recipients": attrgetter("tip_recipients"),
    "unique_tip_senders": attrgetter("tip_senders"),
    "lifetime_earned": attrgetter("earned_z"),
    "lifetime_spent": attrgetter("spent_z"),
    "lifetime_gambled": attrgetter("gambled_z"),
    "gambling_biggest_win": attrgetter("biggest_win_z"),
    "rank_reached": attrgetter("rank"),
    "unique_emotes_used_lifetime": attrgetter("emotes_used"),
}


def progress_of(kind: AchievementType, facts: Facts) -> int | None:
    """The value that is compared with the threshold; None where it is not known."""
    return _VALUES[kind](facts)


def earned_now(
    achievements: Sequence[Achievement], facts: Facts, won: Collection[str] = ()
) -> tuple[Achievement, ...]:
    """Those whose condition is met and that are not among the ``won`` ids."""
    return tuple(
        each
        for each in achievements
        if each.id not in won
        and (value := progress_of(each.condition.type, facts)) is not None
        and value >= each.condition.threshold
    )


def is_open(
    achievements: Sequence[Achievement], kind: AchievementType, won: Collection[str]
) -> bool:
    """Whether there is anything of this type left to be won."""
    return any(each.condition.type == kind and each.id not in won for each in achievements)
