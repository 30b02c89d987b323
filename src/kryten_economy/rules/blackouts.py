"""When paid queueing takes a break (`spec/config.md` 7, ``spending.blackout_windows``)."""

from typing import NamedTuple

from kryten_economy.calendar import Calendar
from kryten_economy.config import Settings
from kryten_economy.rules.multipliers import exact

__all__ = ("Break", "break_now", "next_break")


class Break(NamedTuple):
    """One occurrence of a window, up to, not including, its end."""

    name: str
    starts_at_ms: int
    ends_at_ms: int


def break_now(settings: Settings, calendar: Calendar, at_ms: int) -> Break | None:
    """The break that runs; of several the one that lasts longest."""
    found = [
        Break(window.name, fired_at_ms, fired_at_ms + _length_ms(window.duration_hours))
        for window in settings.spending.blackout_windows
        if (fired_at_ms := calendar.last_fire(window.cron, at_ms)) is not None
    ]
    running = [each for each in found if at_ms < each.ends_at_ms]
    return max(running, key=lambda each: each.ends_at_ms, default=None)


def next_break(settings: Settings, calendar: Calendar, at_ms: int) -> Break | None:
    """The first break that begins after an instant."""
    found = [
        Break(window.name, fires_at_ms, fires_at_ms + _length_ms(window.duration_hours))
        for window in settings.spending.blackout_windows
        if (fires_at_ms := calendar.next_fire(window.cron, at_ms)) is not None
    ]
    return min(found, key=lambda each: each.starts_at_ms, default=None)


def _length_ms(hours: float) -> int:
    return round(exact(hours) * 3_600_000)
