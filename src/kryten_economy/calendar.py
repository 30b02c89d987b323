"""Days, weeks, hours, windows and cron times in one IANA time zone (`config.md` 10).

Instants are UTC epoch milliseconds; days are ``YYYY-MM-DD``. A day runs from its first
instant to that of the next day, so it has 23 or 25 hours where the clocks change.
Cron: a time the clocks skip fires as late as they jump; a time that comes twice fires
the first time only, except for entries of every hour. Limit: years 1970 to 9998.
"""

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, croniter

__all__ = (
    "Calendar",
    "day_after",
    "day_before",
    "days_between",
    "hours_from",
    "is_cron",
    "is_day",
    "iso_week_of",
    "weekday_of",
)

_DAY = timedelta(days=1)
_CHANGE_MAX = timedelta(hours=3)  # no zone moves its clocks further at once


def days_between(earlier: str, later: str) -> int:
    """Whole days from one day to another; negative if ``later`` is before ``earlier``."""
    return (date.fromisoformat(later) - date.fromisoformat(earlier)).days


def day_before(day: str) -> str:
    """The previous day."""
    return (date.fromisoformat(day) - _DAY).isoformat()


def day_after(day: str) -> str:
    """The next day."""
    return (date.fromisoformat(day) + _DAY).isoformat()


def weekday_of(day: str) -> int:
    """0 = Sunday to 6 = Saturday, as config files count."""
    return date.fromisoformat(day).isoweekday() % 7


def is_day(text: str) -> bool:
    """Whether a text is a day that there is, ``YYYY-MM-DD``, in the years of a calendar."""
    try:
        return "1970-01-02" <= date.fromisoformat(text).isoformat() == text <= "9997-12-31"
    except ValueError:
        return False


def iso_week_of(day: str) -> str:
    """The ISO week of a day: ``2026-W53``; it belongs to the year of its Thursday."""
    year, week, _ = date.fromisoformat(day).isocalendar()
    return f"{year:04}-W{week:02}"


def hours_from(start_hour: int, end_hour: int) -> frozenset[int]:
    """The hours from start up to, not including, end; past midnight if end is not later."""
    count = (end_hour - start_hour) % 24 or 24
    return frozenset((start_hour + step) % 24 for step in range(count))


def is_cron(cron: str) -> bool:
    """Whether `Calendar.next_fire` understands the expression."""
    return bool(croniter.is_valid(cron))


class Calendar:
    """The calendar of one zone; `zoneinfo.ZoneInfoNotFoundError` for an unknown name."""

    __slots__ = ("_day", "_end_ms", "_fires", "_start_ms", "zone")

    def __init__(self, zone: str = "UTC") -> None:
        self.zone = ZoneInfo(zone)
        self._day = ""
        self._start_ms = self._end_ms = 0
        self._fires: dict[str, tuple[int, int]] = {}

    def day(self, at_ms: int) -> str:
        """The day of an instant. Called for every event, so the last day is remembered."""
        if not self._start_ms <= at_ms < self._end_ms:
            self._day = self.local(at_ms).date().isoformat()
            self._start_ms = self.day_start_ms(self._day)
            self._end_ms = self.day_start_ms(day_after(self._day))
        return self._day

    def local(self, at_ms: int) -> datetime:
        """The wall clock at an instant, to the second."""
        return datetime.fromtimestamp(at_ms // 1000, self.zone)

    def hour(self, at_ms: int) -> int:
        """The hour of the wall clock, 0 to 23."""
        return self.local(at_ms).hour

    def weekday(self, at_ms: int) -> int:
        """0 = Sunday to 6 = Saturday, as config files count."""
        return weekday_of(self.day(at_ms))

    def day_start_ms(self, day: str) -> int:
        """The first instant of a day; where midnight is skipped, the moment the clocks jump."""
        first = datetime.combine(date.fromisoformat(day), datetime.min.time(), self.zone)
        return int(first.timestamp()) * 1000

    def next_midnight_ms(self, at_ms: int) -> int:
        """The end of the day of an instant: the first instant of the next day."""
        return self.day_start_ms(day_after(self.day(at_ms)))

    def in_hours(self, at_ms: int, hours: Collection[int]) -> bool:
        """Whether the hour of an instant is one of ``hours`` (see `hours_from` for ranges)."""
        return self.hour(at_ms) in hours

    def last_fire(self, cron: str, at_ms: int) -> int | None:
        """The latest instant at or before ``at_ms`` at which the cron entry fires.

        Asked for every event and minute, so it is remembered until the entry fires again.
        ``cron`` is an entry of the config file: there are few, and they come again and again.
        """
        last_ms, next_ms = self._fires.get(cron, (0, 0))
        if last_ms <= at_ms < next_ms:
            return last_ms
        last, following = self._nearest(cron, at_ms, forward=False), self.next_fire(cron, at_ms)
        if last is not None and following is not None:
            self._fires[cron] = (last, following)
        return last

    def next_fire(self, cron: str, at_ms: int) -> int | None:
        """The earliest instant after ``at_ms`` at which the cron entry fires; None: never."""
        last_ms, next_ms = self._fires.get(cron, (0, 0))
        if last_ms <= at_ms < next_ms:
            return next_ms
        return self._nearest(cron, at_ms, forward=True)

    def _nearest(self, cron: str, at_ms: int, *, forward: bool) -> int | None:
        # Wall-clock times near a change of the clocks do not come in the order of their
        # instants, so the search starts early and goes on a little past the first find.
        sign = 1 if forward else -1
        wall = self.local(at_ms).replace(tzinfo=None)
        best: int | None = None
        limit = wall
        for fire in self._walls(cron, wall - sign * self._margin(wall), forward=forward):
            if best is not None and (fire - limit) * sign > timedelta(0):
                break
            for instant in self._instants(fire, every_hour=_fires_every_hour(cron)):
                fits = instant > at_ms if forward else instant <= at_ms
                if fits and (best is None or (best - instant) * sign > 0):
                    best = instant
                    limit = fire + sign * self._margin(fire)
        return best

    @staticmethod
    def _walls(cron: str, wall: datetime, *, forward: bool) -> Iterator[datetime]:
        """The wall-clock times of a cron entry, forward after ``wall``, back including it."""
        start = wall if forward else wall + timedelta(seconds=1)
        entry = croniter(cron, start, datetime)
        try:
            while True:
                yield entry.get_next() if forward else entry.get_prev()
        except CroniterBadDateError:
            return

    def _margin(self, wall: datetime) -> timedelta:
        """How far wall clock and instants may disagree in order around this time."""
        around = {(wall + sign * _DAY).replace(tzinfo=self.zone).utcoffset() for sign in (-1, 1)}
        return _CHANGE_MAX if len(around) > 1 else timedelta(0)

    def _instants(self, wall: datetime, *, every_hour: bool) -> list[int]:
        """The instants of a wall-clock time; a skipped time counts by the clock before."""
        folds = (0, 1) if every_hour else (0,)
        found: list[int] = []
        for fold in folds:
            instant = wall.replace(tzinfo=self.zone, fold=fold).astimezone(UTC)
            shown = instant.astimezone(self.zone).replace(tzinfo=None, fold=0)
            # Read by the clock after the change, a skipped time would fire too early.
            if fold == 0 or shown == wall:
                found.append(int(instant.timestamp()) * 1000)
        return found


def _fires_every_hour(cron: str) -> bool:
    fields = cron.split()
    return cron == "@hourly" or (len(fields) > 1 and fields[1] in {"*", "*/1", "0-23"})
