"""When a channel is looked at and who is told what of it (`progression.md` 5 and 6).

The hours of snapshots and digests are UTC, as their keys say; the days and weeks they speak of
are those of the channel's zone, like all days.
"""

from collections.abc import Sequence
from typing import NamedTuple

from kryten_economy.calendar import Calendar, day_before, weekday_of

__all__ = (
    "ADMIN_DIGEST",
    "LATE_MS",
    "SNAPSHOT",
    "SNAPSHOT_EVERY_MS",
    "USER_DIGEST",
    "Goal",
    "Tier",
    "days_back",
    "digest_day",
    "is_monday",
    "next_goal",
    "period_of",
    "snapshot_due",
)

SNAPSHOT, USER_DIGEST, ADMIN_DIGEST = "economy_snapshot", "user_digest", "admin_digest"
"""The jobs, as the books remember them."""

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_MONDAY = 1

SNAPSHOT_EVERY_MS = 6 * _HOUR_MS
LATE_MS = 2 * _HOUR_MS
"""A digest that is later than this is not sent at all."""


def snapshot_due(now_ms: int, started_ms: int, last_ms: int | None) -> bool:
    """Whether a snapshot is to be taken: at 0, 6, 12 and 18 o'clock UTC.

    Who has started since then takes one only if the last one is older than six hours. One of a
    time to come, from a clock that was ahead, does not stop those until then.
    """
    fired_ms = now_ms // SNAPSHOT_EVERY_MS * SNAPSHOT_EVERY_MS
    if last_ms is None or last_ms > now_ms:
        return True
    if last_ms >= fired_ms:
        return False
    return started_ms <= fired_ms or now_ms - last_ms > SNAPSHOT_EVERY_MS


def period_of(at_ms: int) -> str:
    """The quarter of a UTC day under which a snapshot of this instant is remembered."""
    return str(at_ms // SNAPSHOT_EVERY_MS)


def digest_day(calendar: Calendar, hour_utc: int, now_ms: int) -> str | None:
    """The day on which the digest that is due now is sent; None while none is due.

    It is due from its hour on, until it would be late.
    """
    fired_ms = now_ms // _DAY_MS * _DAY_MS + hour_utc * _HOUR_MS
    if fired_ms > now_ms:
        fired_ms -= _DAY_MS
    return calendar.day(fired_ms) if now_ms - fired_ms <= LATE_MS else None


def is_monday(day: str) -> bool:
    """Whether the digest of the week is sent on this day."""
    return weekday_of(day) == _MONDAY


def days_back(day: str, count: int) -> str:
    """The day so many days before."""
    for _ in range(count):
        day = day_before(day)
    return day


class Tier(NamedTuple):
    """A rank and the lifetime earnings it takes."""

    name: str
    threshold_z: int


class Goal(NamedTuple):
    """The rank to come, how much is missing and about how many days that takes."""

    rank: str
    left_z: int
    days: int


def next_goal(
    tiers: Sequence[Tier], index: int, lifetime_earned_z: int, week_earned_z: int
) -> Goal | None:
    """The way to the tier above ``index`` at the pace of the last seven days; None at the top."""
    if index + 1 >= len(tiers):
        return None
    above = tiers[index + 1]
    left_z = max(0, above.threshold_z - lifetime_earned_z)
    # Rounded up, without a fraction: left / max(1, week / 7).
    return Goal(above.name, left_z, max(1, -(-7 * left_z // max(7, week_earned_z))))
