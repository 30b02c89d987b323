"""When each of the regulars is there: habits, thrown with dice into visits."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from tests.actors.month.cases import Case

__all__ = ("BOSS", "DAY_MS", "MINUTE_MS", "Regular", "Visit", "quiet_minute", "regulars")

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
BOSS = "Boss"


@dataclass(frozen=True, slots=True)
class Visit:
    """From coming in to going, in milliseconds; with CyTube's AFK flag meanwhile or not."""

    in_ms: int
    out_ms: int
    afk: bool = False


@dataclass(frozen=True, slots=True)
class Regular:
    """Somebody of the channel; ``place`` keeps simultaneous steps of several apart."""

    name: str
    place: int
    rank: int
    visits: list[Visit] = field(default_factory=list)


class _Days:
    """The days of a month in its zone."""

    def __init__(self, case: Case) -> None:
        self.zone = ZoneInfo(case.zone)
        self.days = [case.first_day + timedelta(days=n) for n in range(case.days)]

    def at(self, day: date, hour: int, minute: int = 0) -> int:
        """The instant of a wall-clock time; by the clock before where it is skipped or twice."""
        wall = datetime.combine(day, time(hour, minute), self.zone)
        return int(wall.timestamp()) * 1000

    @property
    def changes(self) -> list[date]:
        """The days on which the clocks change."""
        return [
            day
            for day in self.days
            if self.at(day + timedelta(days=1), 0) - self.at(day, 0) != DAY_MS
        ]


Habit = Callable[[_Days, Random], Iterator[tuple[int, int]]]
"""Yields (instant of coming, minutes of staying)."""


def _some_days(chance: float, hours: tuple[int, int], minutes: tuple[int, int]) -> Habit:
    return _on(lambda _n, _day: True, chance, hours, minutes)


def _on(
    fits: Callable[[int, date], bool],
    chance: float,
    hours: tuple[int, int],
    minutes: tuple[int, int],
) -> Habit:
    def habit(days: _Days, dice: Random) -> Iterator[tuple[int, int]]:
        for n, day in enumerate(days.days):
            if fits(n, day) and dice.random() < chance:
                start = days.at(day, dice.randint(*hours), dice.randrange(60))
                yield start, dice.randint(*minutes)

    return habit


def _lamp(days: _Days, dice: Random) -> Iterator[tuple[int, int]]:
    """Never goes out: over the change of the clocks, and over two plain days."""
    for day in (*days.days[4:5], *days.changes):
        start = days.at(day - timedelta(days=1), 23, dice.randint(10, 50))
        end = days.at(day + timedelta(days=1), 0, dice.randint(10, 50))
        yield start, (end - start) // MINUTE_MS


def _bouncer(days: _Days, dice: Random) -> Iterator[tuple[int, int]]:
    """Falls out of the channel again and again, for less or more than the window."""
    for day in days.days:
        at_ms = days.at(day, dice.randint(15, 20), dice.randrange(60))
        for _ in range(dice.randint(2, 3)):
            minutes = dice.randint(6, 20)
            yield at_ms, minutes
            at_ms += (minutes + dice.choice((1, 2, 3, 4, 5, 5, 6, 9))) * MINUTE_MS


def _is_weekend(_n: int, day: date) -> bool:
    return day.weekday() >= 5


def _is_weekday(_n: int, day: date) -> bool:
    return day.weekday() < 5


_HABITS: tuple[tuple[str, int, Habit], ...] = (
    ("Daily", 40, _some_days(1.0, (12, 22), (18, 45))),
    ("Steady", 20, _some_days(0.93, (17, 21), (16, 75))),
    ("Weekend", 24, _on(_is_weekend, 0.9, (11, 21), (30, 100))),
    ("Working", 24, _on(_is_weekday, 0.7, (12, 22), (16, 45))),
    # Sunday and the Monday after it: the bridge in its other order.
    ("Sunmon", 8, _on(lambda _n, day: day.weekday() in {6, 0}, 1.0, (15, 22), (16, 40))),
    ("Casual", 40, _some_days(0.35, (13, 22), (10, 60))),
    ("Owl", 10, _some_days(0.12, (22, 23), (200, 390))),
    ("Lamp", 2, _lamp),
    ("Away", 8, _on(lambda n, _day: n < 6 or n >= 14, 1.0, (16, 20), (16, 35))),
    # Fourteen minutes are no streak day, fifteen are.
    ("Short", 8, _some_days(0.9, (14, 22), (13, 17))),
    ("Bouncer", 8, _bouncer),
    ("Idle", 6, _some_days(0.6, (13, 18), (60, 190))),
    ("Early", 2, _some_days(0.6, (6, 9), (40, 120))),
)


def regulars(case: Case, dice: Random) -> list[Regular]:
    """Everybody, the operator first; every habit is there, however few they are."""
    days = _Days(case)
    boss = Regular(BOSS, 0, 5)
    boss.visits.extend(_visits(days, boss, _some_days(0.5, (16, 21), (12, 20)), dice))
    found = [boss]
    for name, habit in _shares(case.regulars):
        place = len(found)
        person = Regular(f"{name}{place}", place, 1)
        person.visits.extend(_visits(days, person, habit, dice))
        found.append(person)
    return found


def _shares(count: int) -> list[tuple[str, Habit]]:
    whole = sum(share for _, share, _ in _HABITS)
    found = [
        (name, habit)
        for name, share, habit in _HABITS
        for _ in range(max(1, round(share * count / whole)))
    ]
    return found[: max(count, len(_HABITS))]


def quiet_minute(wall: datetime) -> bool:
    """The minutes in which a day is judged and interest paid: nobody comes, goes or speaks.

    Whether a coin of 03:00:20 bears interest of 03:00 is nothing that anybody promises.
    """
    return (wall.hour, wall.minute) in {(0, 0), (3, 0)}


def _visits(days: _Days, person: Regular, habit: Habit, dice: Random) -> Iterator[Visit]:
    """Visits that do not overlap, inside the month, each step at an instant of its own."""
    first_ms = days.at(days.days[0], 0, 2)
    last_ms = days.at(days.days[-1], 23, 50)
    free_ms = first_ms
    own_ms = person.place * 4
    idle = person.name.startswith("Idle")
    for start_ms, minutes in sorted(habit(days, dice)):
        begin_ms = max(start_ms, free_ms)
        end_ms = min(begin_ms + minutes * MINUTE_MS, last_ms)
        if end_ms - begin_ms < 2 * MINUTE_MS:
            continue
        # Bouncers go and come on the same second, so that some absences are exactly the window.
        second = 30_000 if person.name.startswith("Bouncer") else 6_000
        yield Visit(
            _past_quiet(days, begin_ms) + second + own_ms,
            _past_quiet(days, end_ms) + 30_000 + own_ms,
            idle and dice.random() < 0.7,
        )
        free_ms = end_ms + MINUTE_MS


def _past_quiet(days: _Days, at_ms: int) -> int:
    """The minute, or the one after it where nothing is to happen."""
    wall = datetime.fromtimestamp(at_ms // 1000, days.zone)
    return at_ms + MINUTE_MS if quiet_minute(wall) else at_ms
