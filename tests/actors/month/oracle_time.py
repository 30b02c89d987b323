"""The oracle's clock: days, hours and multipliers of a zone, from the words of the config file.

Part of the oracle: shares nothing with the service but the specification.
"""

from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

__all__ = ("WallClock", "fraction")

MINUTE_MS = 60_000


def fraction(number: float) -> Fraction:
    """The decimal fraction as it is written."""
    return Fraction(str(number))


class WallClock:
    """Local time, and what multiplies by the clock alone (earning.md 3.5, 9.1, 9.4)."""

    def __init__(self, zone: str, first_day: date, days: int, terms: dict[str, Any]) -> None:
        self._zone = ZoneInfo(zone)
        multipliers, night = terms["multipliers"], terms["presence"]["night_watch"]
        self._off_peak = multipliers["off_peak"]
        self._holidays = {
            each["date"]: fraction(each["multiplier"]) for each in multipliers["holidays"]["dates"]
        }
        self._night_hours = frozenset(night["hours"])
        self._night = fraction(night["multiplier"])
        self.events = [
            (each["name"], at_ms, at_ms + round(each["duration_hours"] * 3_600_000), each)
            for each in multipliers["scheduled_events"]
            for at_ms in self._fires(each["cron"], first_day, days)
        ]

    def local(self, at_ms: int) -> datetime:
        return datetime.fromtimestamp(at_ms // 1000, self._zone)

    def instant(self, day: date, hour: int, minute: int = 0) -> int:
        """Skipped: by the clock before the change. Twice: the first time."""
        return int(datetime.combine(day, time(hour, minute), self._zone).timestamp()) * 1000

    def night(self, wall: datetime) -> Fraction:
        return self._night if wall.hour in self._night_hours else Fraction(1)

    def product(self, wall: datetime, at_ms: int) -> Fraction:
        """Off-peak, holidays and scheduled events together."""
        found = self.scheduled(at_ms)
        if wall.isoweekday() % 7 in self._off_peak["days"] and wall.hour in self._off_peak["hours"]:
            found *= fraction(self._off_peak["multiplier"])
        return found * self._holidays.get(wall.strftime("%m-%d"), Fraction(1))

    def scheduled(self, at_ms: int) -> Fraction:
        """The part of scheduled events, which rain follows as well."""
        found = Fraction(1)
        for _, from_ms, until_ms, event in self.events:
            if from_ms <= at_ms < until_ms:
                found *= fraction(event["multiplier"])
        return found

    def _fires(self, cron: str, first_day: date, days: int) -> list[int]:
        """Only ``minute hour * * weekday`` is understood, which is all that the terms use."""
        minute, hour, _, _, weekday = cron.split()
        run = [first_day + timedelta(days=n) for n in range(-7, days + 1)]
        return [
            self.instant(day, int(hour), int(minute))
            for day in run
            if day.isoweekday() % 7 == int(weekday)
        ]
