"""When paid queueing takes a break (`config.md` 7, ``spending.blackout_windows``)."""

from fractions import Fraction
from typing import NamedTuple

from kryten_economy.calendar import Calendar
from kryten_economy.config import Settings
from kryten_economy.config.spending import Inflation
from kryten_economy.features.events.rules import exact

__all__ = (
    "Break",
    "break_now",
    "final_price",
    "inflated_price",
    "inflation_multiplier",
    "next_break",
)


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


def inflation_multiplier(inflation: Inflation, float_z: int) -> Fraction:
    """What prices are multiplied with while so much is in circulation; 1 when disabled."""
    if not inflation.enabled:
        return Fraction(1)
    lowest = Fraction(str(inflation.min_multiplier))
    highest = Fraction(str(inflation.max_multiplier))
    return max(lowest, min(highest, Fraction(float_z, inflation.anchor_float)))


def inflated_price(base_z: int, multiplier: Fraction) -> int:
    """The price before any discount; halves are rounded to even."""
    return base_z if multiplier == 1 else max(1, round(base_z * multiplier))


def final_price(inflated_z: int, discount: Fraction) -> int:
    """What a user pays; ``discount`` is a part of 1."""
    return max(1, int(inflated_z * (1 - discount)))
