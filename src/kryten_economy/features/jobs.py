"""What is done once a day, and for which day (`earning.md` 7 and 10).

Days and hours are those of the channel's zone. A job that was missed is due until its day is
over, or, for competitions, until two more days are.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import Literal, NamedTuple

from kryten_economy.calendar import Calendar, day_before
from kryten_economy.config import Settings

__all__ = (
    "COMPETITIONS",
    "FOLDING",
    "MAINTENANCE",
    "Due",
    "Terms",
    "daily_part",
    "folding_due",
    "jobs_due",
    "next_jobs",
    "terms_of",
)

MAINTENANCE = "balance_maintenance"


COMPETITIONS = "daily_competitions"


FOLDING = "presence_folding"


_MAINTENANCE_CRON = "0 3 * * *"
_FOLDING_CRON = "0 4 * * *"


_AFTER_MIDNIGHT_MS = 30_000
"""The last minute of a day is counted at midnight, so the day is judged a little later."""


class Due(NamedTuple):
    """A job of a channel for a day."""

    job: str
    channel: str
    day: str


class Terms(NamedTuple):
    """A day's interest or decay: ``rate`` of wallets from ``from_z`` on, ``most_z`` 0 = no cap."""

    mode: Literal["interest", "decay"]
    rate: Fraction
    from_z: int
    most_z: int
    reason: str


def jobs_due(
    settings: Settings, calendar: Calendar, now_ms: int, channels: Iterable[str]
) -> tuple[Due, ...]:
    """Everything that should have been done by now, the oldest first; some of it may be done."""
    today = calendar.day(now_ms)
    days = []
    if now_ms >= calendar.day_start_ms(today) + _AFTER_MIDNIGHT_MS:
        yesterday = day_before(today)
        days = [day_before(yesterday), yesterday]
    fired_ms = calendar.last_fire(_MAINTENANCE_CRON, now_ms)
    maintained = (
        terms_of(settings) is not None and fired_ms is not None and calendar.day(fired_ms) == today
    )
    found: list[Due] = []
    for channel in channels:
        found.extend(Due(COMPETITIONS, channel, day) for day in days)
        if maintained:
            found.append(Due(MAINTENANCE, channel, today))
    return tuple(found)


def next_jobs(
    settings: Settings, calendar: Calendar, now_ms: int, channels: Iterable[str]
) -> tuple[Due, ...]:
    """What the coming night brings; some of it may be done by now."""
    fires_ms = calendar.next_fire(_MAINTENANCE_CRON, now_ms)
    return () if fires_ms is None else jobs_due(settings, calendar, fires_ms, channels)


def folding_due(calendar: Calendar, now_ms: int, channels: Iterable[str]) -> tuple[Due, ...]:
    """Since four in the morning: what was before yesterday is folded.

    Of yesterday people still ask minute by minute.
    """
    today, fired_ms = calendar.day(now_ms), calendar.last_fire(_FOLDING_CRON, now_ms)
    if fired_ms is None or calendar.day(fired_ms) != today:
        return ()
    return tuple(Due(FOLDING, channel, day_before(today)) for channel in channels)


def terms_of(settings: Settings) -> Terms | None:
    """What the settings say about balances; None if they stay as they are."""
    maintenance = settings.balance_maintenance
    interest, decay = maintenance.interest, maintenance.decay
    match maintenance.mode:
        case "interest":
            # A cap of 0 lets nothing through; 0 in the terms means that there is no cap.
            if not interest.max_daily_interest:
                return None
            return Terms(
                "interest",
                _exact(interest.daily_rate),
                interest.min_balance_to_earn,
                interest.max_daily_interest,
                "Daily interest",
            )
        case "decay":
            return Terms("decay", _exact(decay.daily_rate), decay.exempt_below, 0, decay.label)
        case "none":
            return None


def daily_part(balance_z: int, rate: Fraction, most_z: int) -> int:
    """``rate`` of a balance, rounded down, at most ``most_z`` unless that is 0."""
    part_z = balance_z * rate.numerator // rate.denominator
    return min(part_z, most_z) if most_z else part_z


def _exact(rate: float) -> Fraction:
    return Fraction(str(rate))
