"""Days, weeks, hours and cron times are right on every day of the year."""

import timeit
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from croniter import croniter
from hypothesis import given, settings
from hypothesis import strategies as st

from kryten_economy.calendar import (
    Calendar,
    day_after,
    day_before,
    days_between,
    hours_from,
    is_cron,
    iso_week_of,
    weekday_of,
)

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/Los_Angeles", "Australia/Lord_Howe", "America/Havana"]
)
_YEAR_2020_MS = 1_577_836_800_000
_INSTANTS = st.integers(_YEAR_2020_MS, _YEAR_2020_MS + 12 * 366 * _DAY_MS)
# Instants at which clocks change, where the mistakes are.
_CHANGES_MS = [
    int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000
    for text in (
        "2026-03-29T01:00",  # Berlin, forward
        "2026-10-25T01:00",  # Berlin, back
        "2026-03-08T10:00",  # Los Angeles, forward
        "2026-11-01T09:00",  # Los Angeles, back
        "2026-10-03T15:30",  # Lord Howe, forward by half an hour
        "2026-04-04T15:00",  # Lord Howe, back by half an hour
        "2026-03-08T05:00",  # Havana, forward at midnight
        "2026-11-01T05:00",  # Havana, back to midnight
    )
]
_NEAR_CHANGES = st.builds(
    lambda change_ms, offset_s: change_ms + offset_s * 1000,
    st.sampled_from(_CHANGES_MS),
    st.integers(-36 * 3600, 36 * 3600),
)
_CRONS = st.sampled_from(
    [
        "0 20 * * 5",
        "30 2 * * *",
        "*/15 * * * *",
        "0 * * * *",
        "15,45 1-3 * * *",
        "0 0 1 * *",
        "0 0 * * *",
        "10 2 * * 0",
        "5 0-23 * * *",
    ]
)


def _ms(text: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1000


@given(_ZONES, _INSTANTS | _NEAR_CHANGES)
@settings(max_examples=300)
def test_a_day_runs_from_its_start_to_the_next(zone: str, at_ms: int) -> None:
    """Every instant lies in exactly the day which the wall clock shows."""
    calendar = Calendar(zone)
    day = calendar.day(at_ms)
    assert day == datetime.fromtimestamp(at_ms // 1000, ZoneInfo(zone)).date().isoformat()
    start_ms, end_ms = calendar.day_start_ms(day), calendar.next_midnight_ms(at_ms)
    assert start_ms <= at_ms < end_ms
    assert calendar.day(start_ms) == calendar.day(end_ms - 1) == day
    assert calendar.day(end_ms) == day_after(day)
    assert calendar.day(start_ms - 1) == day_before(day)


@given(st.lists(_INSTANTS | _NEAR_CHANGES, min_size=2, max_size=8), _ZONES)
def test_the_remembered_day_never_lies(instants: list[int], zone: str) -> None:
    """Asking in any order, back in time too, gives what a fresh calendar gives."""
    calendar = Calendar(zone)
    for at_ms in instants:
        assert calendar.day(at_ms) == Calendar(zone).day(at_ms)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("America/Los_Angeles", "2026-03-08", 23),
        ("America/Los_Angeles", "2026-11-01", 25),
        ("America/Los_Angeles", "2026-11-02", 24),
        ("America/Havana", "2026-03-08", 23),
        ("America/Havana", "2026-11-01", 25),
        ("UTC", "2026-03-29", 24),
    ],
)
def test_days_with_a_change_are_shorter_or_longer(zone: str, day: str, hours: int) -> None:
    """A day has 23 hours where the clocks go forward and 25 where they go back."""
    calendar = Calendar(zone)
    start_ms = calendar.day_start_ms(day)
    assert calendar.next_midnight_ms(start_ms) - start_ms == hours * _HOUR_MS


def test_the_zone_decides_the_day() -> None:
    """Eleven in the evening in Los Angeles is tomorrow in Berlin."""
    at_ms = _ms("2026-11-20T23:00", "America/Los_Angeles")
    assert Calendar("America/Los_Angeles").day(at_ms) == "2026-11-20"
    assert Calendar("Europe/Berlin").day(at_ms) == Calendar().day(at_ms) == "2026-11-21"
    assert Calendar("America/Los_Angeles").hour(at_ms) == 23
    with pytest.raises(ZoneInfoNotFoundError):
        Calendar("Europe/Nowhere")


def test_weekdays_count_from_sunday() -> None:
    """As config files do."""
    calendar = Calendar("Europe/Berlin")
    sunday_ms = _ms("2026-11-22T12:00")
    assert calendar.weekday(sunday_ms) == weekday_of("2026-11-22") == 0
    assert calendar.weekday(sunday_ms - _DAY_MS) == 6


def test_iso_weeks_belong_to_the_year_of_their_thursday() -> None:
    """The turn of the year does not break a week in two."""
    assert iso_week_of("2027-01-03") == iso_week_of("2026-12-28") == "2026-W53"
    assert iso_week_of("2027-01-04") == "2027-W01"
    assert iso_week_of("2026-11-20") == "2026-W47"


@given(st.dates(), st.integers(-400, 400))
def test_day_arithmetic(day: object, days: int) -> None:
    """Days between two days are counted by the calendar, never by hours."""
    first = str(day)
    try:
        second = (datetime.fromisoformat(first) + timedelta(days=days)).date().isoformat()
    except OverflowError:
        return
    assert days_between(first, second) == days == -days_between(second, first)
    if days > 0:
        assert days_between(first, day_before(second)) == days - 1
        assert day_before(day_after(first)) == first


def test_hour_windows_wrap_around_midnight() -> None:
    """From 22 to 3 means five hours; the end is not part of it."""
    assert hours_from(22, 3) == {22, 23, 0, 1, 2}
    assert hours_from(2, 6) == {2, 3, 4, 5}
    assert hours_from(5, 5) == frozenset(range(24))
    calendar = Calendar("Europe/Berlin")
    assert calendar.in_hours(_ms("2026-11-20T23:30", "Europe/Berlin"), hours_from(22, 3))
    assert not calendar.in_hours(_ms("2026-11-20T03:00", "Europe/Berlin"), hours_from(22, 3))


@pytest.mark.parametrize(
    ("zone", "cron", "after", "fire_utc"),
    [
        # Friday 20:00 stays 20:00 on the wall in summer and in winter.
        ("Europe/Berlin", "0 20 * * 5", "2026-03-21T00:00", "2026-03-27T19:00"),
        ("Europe/Berlin", "0 20 * * 5", "2026-03-28T00:00", "2026-04-03T18:00"),
        # 02:30 is skipped: it fires an hour later by the new clock, and once.
        ("Europe/Berlin", "30 2 * * *", "2026-03-28T12:00", "2026-03-29T01:30"),
        ("Europe/Berlin", "30 2 * * *", "2026-03-29T01:30", "2026-03-30T00:30"),
        ("America/Los_Angeles", "30 2 * * *", "2026-03-08T00:00", "2026-03-08T10:30"),
        # 02:30 comes twice: it fires the first time only.
        ("Europe/Berlin", "30 2 * * *", "2026-10-24T12:00", "2026-10-25T00:30"),
        ("Europe/Berlin", "30 2 * * *", "2026-10-25T00:30", "2026-10-26T01:30"),
        ("America/Los_Angeles", "30 1 * * *", "2026-11-01T00:00", "2026-11-01T08:30"),
        # An entry of every hour fires in the repeated hour too.
        ("Europe/Berlin", "30 * * * *", "2026-10-25T00:30", "2026-10-25T01:30"),
        ("Europe/Berlin", "30 * * * *", "2026-10-25T01:30", "2026-10-25T02:30"),
        # A change of half an hour: 02:10 is shown as 02:40.
        ("Australia/Lord_Howe", "10,30 2 * * *", "2026-10-03T15:00", "2026-10-03T15:30"),
        ("Australia/Lord_Howe", "10,30 2 * * *", "2026-10-03T15:30", "2026-10-03T15:40"),
        ("UTC", "0 0 29 2 *", "2026-01-01T00:00", "2028-02-29T00:00"),
    ],
)
def test_next_fire(zone: str, cron: str, after: str, fire_utc: str) -> None:
    """Cron entries follow the wall clock over the changes of the clocks."""
    calendar = Calendar(zone)
    fire_ms = _ms(fire_utc)
    assert calendar.next_fire(cron, _ms(after)) == fire_ms
    assert calendar.last_fire(cron, fire_ms) == fire_ms
    previous = calendar.last_fire(cron, fire_ms - 1)
    assert previous is not None
    assert previous <= _ms(after)


def _every_fire(zone: str, cron: str, around_ms: int) -> list[int]:
    """The plain rule, minute by minute over five days of wall clock: slow and simple."""
    place = ZoneInfo(zone)
    hourly = cron.split()[1] in {"*", "0-23"}
    wall = datetime.fromtimestamp(around_ms // 1000, place).replace(
        tzinfo=None, hour=0, minute=0, second=0
    ) - timedelta(days=2)
    found: set[int] = set()
    for fire in _walls(cron, wall, wall + timedelta(days=5)):
        found.add(int(fire.replace(tzinfo=place).timestamp()) * 1000)
        second = fire.replace(tzinfo=place, fold=1)
        if hourly and second.astimezone(UTC).astimezone(place).replace(tzinfo=None) == fire:
            found.add(int(second.timestamp()) * 1000)
    return sorted(found)


def _walls(cron: str, start: datetime, end: datetime) -> list[datetime]:
    entry = croniter(cron, start - timedelta(seconds=1), datetime)
    walls: list[datetime] = []
    while (fire := entry.get_next()) < end:
        walls.append(fire)
    return walls


@given(_ZONES, _CRONS, _NEAR_CHANGES)
@settings(max_examples=150)
def test_fires_follow_the_plain_rule(zone: str, cron: str, at_ms: int) -> None:
    """Around every change, last and next fire are those of the rule applied naively."""
    calendar = Calendar(zone)
    fires = _every_fire(zone, cron, at_ms)
    before = [fire for fire in fires if fire <= at_ms]
    after = [fire for fire in fires if fire > at_ms]
    if before:
        assert calendar.last_fire(cron, at_ms) == before[-1]
    if after:
        assert calendar.next_fire(cron, at_ms) == after[0]


@given(_ZONES, _CRONS, _INSTANTS)
@settings(max_examples=100)
def test_last_and_next_fire_are_neighbours(zone: str, cron: str, at_ms: int) -> None:
    """Nothing fires between the last and the next fire of any instant."""
    calendar = Calendar(zone)
    last_ms, next_ms = calendar.last_fire(cron, at_ms), calendar.next_fire(cron, at_ms)
    assert last_ms is not None
    assert next_ms is not None
    assert last_ms <= at_ms < next_ms
    assert calendar.next_fire(cron, last_ms) == next_ms
    assert calendar.last_fire(cron, next_ms - 1) == last_ms


@given(_ZONES, _CRONS, st.lists(_NEAR_CHANGES, min_size=2, max_size=6))
@settings(max_examples=60)
def test_the_remembered_fire_never_lies(zone: str, cron: str, instants: list[int]) -> None:
    """A calendar that was asked before answers like a new one."""
    calendar = Calendar(zone)
    for at_ms in instants:
        last_ms = Calendar(zone).last_fire(cron, at_ms)
        next_ms = Calendar(zone).next_fire(cron, at_ms)
        assert last_ms is not None
        assert next_ms is not None
        for near_ms in (at_ms, last_ms, next_ms - 1, next_ms, at_ms):
            expected_ms = next_ms if near_ms == next_ms else last_ms
            assert calendar.last_fire(cron, near_ms) == expected_ms


def test_an_entry_that_never_fires() -> None:
    """The 30th of February has neither a next nor a last time."""
    assert is_cron("0 0 30 2 *")
    assert Calendar().next_fire("0 0 30 2 *", _YEAR_2020_MS) is None
    assert Calendar().last_fire("0 0 30 2 *", _YEAR_2020_MS) is None
    assert not is_cron("0 25 * * *")
    assert not is_cron("")


def test_the_day_of_an_event_is_cheap() -> None:
    """Asking for the day of every event costs less than a microsecond each."""
    calendar = Calendar("Europe/Berlin")
    at_ms = _ms("2026-11-20T12:00")
    calls = 20_000
    seconds = min(timeit.repeat(lambda: calendar.day(at_ms), number=calls, repeat=5))
    assert seconds / calls < 1e-6
