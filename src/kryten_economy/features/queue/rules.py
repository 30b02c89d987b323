"""What queueing costs, how often it may be done, and when it may not (`spending.md` 4).

Lengths are compared exactly: 900 seconds are 15 minutes, 901 are not (P-MON-14).
"""

from fractions import Fraction
from typing import Literal, NamedTuple, TypeAlias

from kryten_economy.calendar import Calendar
from kryten_economy.config import Settings
from kryten_economy.config.spending import BlackoutWindow, QueueTier, Spending
from kryten_economy.refusals import CoolingDown, DailyLimit

__all__ = (
    "Action",
    "Blackout",
    "Media",
    "QueueLimits",
    "base_price_z",
    "blackout_at",
    "in_whole_minutes",
    "next_blackout",
    "queue_limits",
    "tier_of",
    "too_often",
)

Action: TypeAlias = Literal["queue", "playnext", "forcenow"]

_MINUTE_MS = 60_000
_LEAD_MS = 60 * _MINUTE_MS
"""So long before a window opens nothing is queued that might run into it."""


class Media(NamedTuple):
    """An item of the catalogue as CyTube takes it."""

    type: str
    id: str
    title: str
    seconds: int


# What it costs


def tier_of(spending: Spending, seconds: int) -> QueueTier:
    """The first tier that is long enough, else the last; ``seconds`` must be known."""
    assert seconds > 0, seconds
    fitting = (tier for tier in spending.queue_tiers if seconds <= tier.max_minutes * 60)
    return next(fitting, spending.queue_tiers[-1])


def base_price_z(spending: Spending, action: str, seconds: int) -> int:
    """The price before inflation and discount; an action that is none costs what `queue` does."""
    tier_z = tier_of(spending, seconds).cost
    match action:
        case "forcenow":
            return spending.force_play_now
        case "playnext" if spending.playnext_premium:
            return max(tier_z, spending.interrupt_play_next)
        case _:
            return tier_z


# How often


class QueueLimits(NamedTuple):
    """How many a day somebody may queue, and how long after one the next may come."""

    per_day: int
    cooldown_ms: int


def queue_limits(spending: Spending, queue_bonus: int) -> QueueLimits:
    """The limits of somebody whose rank brings so many more a day (P-USR-9)."""
    return QueueLimits(
        spending.max_queues_per_day + queue_bonus, spending.queue_cooldown_minutes * _MINUTE_MS
    )


def too_often(
    limits: QueueLimits, action: str, used_today: int, cooldown_left_ms: int
) -> DailyLimit | CoolingDown | None:
    """Why somebody may not queue any more now; a film that is forced in waits for no cooldown."""
    if used_today >= limits.per_day:
        return DailyLimit("queued video", limits.per_day)
    if action == "forcenow" or not cooldown_left_ms:
        return None
    return CoolingDown("Queueing", cooldown_left_ms)


def in_whole_minutes(wait: CoolingDown) -> CoolingDown:
    """As people are told of it: begun minutes count, so that nobody comes too early."""
    return CoolingDown(wait.what, -(-wait.left_ms // _MINUTE_MS) * _MINUTE_MS)


# When not


class Blackout(NamedTuple):
    """A time without paid queueing, running or to come; times are UTC epoch milliseconds.

    ``factor`` is what the scheduled event of the same name multiplies earnings with, if any.
    """

    name: str
    starts_at_ms: int
    ends_at_ms: int
    factor: Fraction | None

    def runs(self, now_ms: int) -> bool:
        """Whether it has begun; it ends the moment it says."""
        return self.starts_at_ms <= now_ms < self.ends_at_ms


def blackout_at(settings: Settings, calendar: Calendar, now_ms: int) -> Blackout | None:
    """The window that forbids queueing now: one that runs, or opens within the hour (P-QUE-8)."""
    running = _running(settings, calendar, now_ms)
    if running is not None:
        return running
    ahead = next_blackout(settings, calendar, now_ms)
    return ahead if ahead is not None and ahead.starts_at_ms - now_ms <= _LEAD_MS else None


def next_blackout(settings: Settings, calendar: Calendar, now_ms: int) -> Blackout | None:
    """The next window to open."""
    opening = []
    for window in settings.spending.blackout_windows:
        starts_ms = calendar.next_fire(window.cron, now_ms)
        if starts_ms is not None:
            opening.append(_blackout(settings, window, starts_ms))
    return min(opening, key=lambda each: each.starts_at_ms, default=None)


def _running(settings: Settings, calendar: Calendar, now_ms: int) -> Blackout | None:
    """The window that runs now; of several the one that ends last."""
    begun = []
    for window in settings.spending.blackout_windows:
        starts_ms = calendar.last_fire(window.cron, now_ms)
        if starts_ms is not None:
            begun.append(_blackout(settings, window, starts_ms))
    running = (each for each in begun if each.runs(now_ms))
    return max(running, key=lambda each: each.ends_at_ms, default=None)


def _blackout(settings: Settings, window: BlackoutWindow, starts_ms: int) -> Blackout:
    length_ms = int(Fraction(str(window.duration_hours)) * 3_600_000)
    factor = next(
        (
            Fraction(str(event.multiplier))
            for event in settings.multipliers.scheduled_events
            if event.name.lower() == window.name.lower()
        ),
        None,
    )
    return Blackout(window.name, starts_ms, starts_ms + length_ms, factor)
