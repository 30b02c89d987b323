"""How long somebody must be here in a day until something is due (`earning.md` 4 to 6).

A mark is a number of minutes of one day. What was met and is not known to be settled is due
again and again, so that neither a crash nor a restart between the minute and the award loses
one; paying once is the matter of the books.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kryten_economy.config import Settings

__all__ = ("FULL_DAY_MINUTES", "Attendance", "marks", "milestones_met", "qualifies")


FULL_DAY_MINUTES = 1438
"""The 24-hour milestone: start-up and scheduling make 1,440 minutes unreachable."""


class _Settled(NamedTuple):
    day: str
    minutes: int


def _minutes_of(hours: int) -> int:
    return FULL_DAY_MINUTES if hours == 24 else 60 * hours


def milestones_met(milestones: Mapping[int, int], minutes_today: int) -> list[tuple[int, int]]:
    """The (hours, reward in Z) that so many minutes have reached, the shortest first."""
    return [
        (hours, reward_z)
        for hours, reward_z in sorted(milestones.items())
        if _minutes_of(hours) <= minutes_today
    ]


def qualifies(settings: Settings, minutes_today: int) -> bool:
    """Whether the day counts for the streak or the bridge, as far as either is on."""
    streaks = settings.streaks
    wanted = streaks.daily.enabled or streaks.weekend_weekday_bridge.enabled
    return wanted and minutes_today >= streaks.daily.min_presence_minutes


def marks(settings: Settings) -> tuple[int, ...]:
    """All minutes of a day at which something becomes due, in order."""
    found = {_minutes_of(hours) for hours in settings.presence.hourly_milestones}
    streaks = settings.streaks
    if streaks.daily.enabled or streaks.weekend_weekday_bridge.enabled:
        found.add(streaks.daily.min_presence_minutes)
    return tuple(sorted(found))


class Attendance:
    """For whom which marks of the day are settled; what is not known here is due."""

    __slots__ = ("_settled",)

    def __init__(self) -> None:
        self._settled: dict[str, _Settled] = {}

    def due(
        self, minutes: Iterable[tuple[str, int]], day: str, due_at: tuple[int, ...]
    ) -> list[str]:
        """The names for whom a mark was met on ``day`` that is not settled.

        ``minutes`` pairs lower-case names with the minutes of that day.
        """
        if not due_at:
            return []
        return [
            name
            for name, present in minutes
            if present >= due_at[0]
            and bisect_right(due_at, present) > self._reached(name, day, due_at)
        ]

    def settle(self, name: str, day: str, minutes: int) -> None:
        """Everything up to so many minutes of a day is done for this user."""
        known = self._settled.get(name)
        if known is None or (known.day, known.minutes) < (day, minutes):
            self._settled[name] = _Settled(day, minutes)

    def forget(self, name: str) -> None:
        """The user has gone."""
        self._settled.pop(name, None)

    def forget_all(self) -> None:
        """Other marks may be in force now."""
        self._settled.clear()

    def _reached(self, name: str, day: str, due_at: tuple[int, ...]) -> int:
        known = self._settled.get(name)
        if known is None or known.day != day:
            return 0
        return bisect_right(due_at, known.minutes)
