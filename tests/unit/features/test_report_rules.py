"""When snapshots and digests are due, and the way to the next rank (`progression.md` 5 and 6)."""

from datetime import UTC, datetime

import pytest

from kryten_economy.calendar import Calendar
from kryten_economy.config.announcements import UserDigest
from kryten_economy.features.reports.rules import (
    Goal,
    Tier,
    digest_day,
    is_monday,
    next_goal,
    period_of,
    snapshot_due,
)
from kryten_economy.features.reports.texts import Day as DaySums
from kryten_economy.features.reports.texts import (
    DayOfUser,
    Health,
    econ_health,
    econ_triggers,
    user_digest,
)

HOUR_MS = 3_600_000
TIERS = (Tier("A", 0), Tier("B", 100), Tier("C", 1_000))


def at(text: str) -> int:
    """The instant of a UTC time of day."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


@pytest.mark.parametrize(
    ("now", "started", "last", "due"),
    [
        ("2026-11-20T12:00:05", "2026-11-20T07:00", "2026-11-20T07:00", True),
        ("2026-11-20T12:01:05", "2026-11-20T07:00", "2026-11-20T12:00:05", False),
        ("2026-11-20T11:59:05", "2026-11-20T05:00", "2026-11-20T06:00:05", False),
        ("2026-11-20T12:07:05", "2026-11-20T07:00", "2026-11-20T07:00", True),
        ("2026-11-20T13:00:00", "2026-11-20T13:00", "2026-11-20T07:30", False),
        ("2026-11-20T13:00:00", "2026-11-20T13:00", "2026-11-20T06:59:59", True),
        ("2026-11-20T13:00:00", "2026-11-20T13:00", None, True),
        ("2026-11-20T18:00:05", "2026-11-20T13:00", "2026-11-20T13:00", True),
        ("2026-11-20T13:00:00", "2026-11-20T07:00", "2027-11-20T07:00", True),
    ],
)
def test_a_snapshot_is_due_every_six_hours(
    now: str, started: str, last: str | None, due: bool
) -> None:
    """At 0, 6, 12 and 18 UTC; at a start only if the last one is older than that."""
    last_ms = None if last is None else at(last)
    assert snapshot_due(at(now), at(started), last_ms) is due


def test_quarters_of_a_day_have_a_name_each() -> None:
    """Two instants between two snapshots have the same one, and no others."""
    assert period_of(at("2026-11-20T06:00")) == period_of(at("2026-11-20T11:59:59"))
    assert period_of(at("2026-11-20T05:59:59")) != period_of(at("2026-11-20T06:00"))


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2026-11-20T03:59:59", None),
        ("2026-11-20T04:00:00", "2026-11-20"),
        ("2026-11-20T06:00:00", "2026-11-20"),
        ("2026-11-20T06:00:01", None),
    ],
)
def test_a_digest_is_late_after_two_hours(now: str, day: str | None) -> None:
    """It is due from its hour on, and skipped when that was more than two hours ago."""
    assert digest_day(Calendar(), 4, at(now)) == day


def test_a_digest_of_the_last_hour_is_due_past_midnight() -> None:
    """It still is the one of the day before."""
    assert digest_day(Calendar(), 23, at("2026-11-21T00:30")) == "2026-11-20"


def test_the_hour_is_utc_and_the_day_that_of_the_zone() -> None:
    """Four o'clock UTC is still the evening before in Los Angeles."""
    west, east = Calendar("America/Los_Angeles"), Calendar("Asia/Tokyo")
    assert digest_day(west, 4, at("2026-11-23T04:00:05")) == "2026-11-22"
    assert digest_day(east, 20, at("2026-11-22T20:00:05")) == "2026-11-23"
    assert digest_day(west, 4, at("2026-11-22T20:00:00")) is None


def test_weeks_begin_on_monday() -> None:
    """The digest of the week is sent on this day only."""
    assert [is_monday(f"2026-11-{day}") for day in range(22, 25)] == [False, True, False]


@pytest.mark.parametrize(
    ("index", "lifetime_z", "week_z", "goal"),
    [
        (0, 40, 70, Goal("B", 60, 6)),
        (0, 40, 69, Goal("B", 60, 7)),
        (0, 40, 0, Goal("B", 60, 60)),
        (0, 99, 7_000, Goal("B", 1, 1)),
        (0, 500, 70, Goal("B", 0, 1)),
        (1, 500, 7, Goal("C", 500, 500)),
        (2, 5_000, 70, None),
    ],
)
def test_the_way_to_the_next_rank(
    index: int, lifetime_z: int, week_z: int, goal: Goal | None
) -> None:
    """At the pace of the last seven days, at least 1 Z a day and at least one day; none at top."""
    assert next_goal(TIERS, index, lifetime_z, week_z) == goal


def test_the_user_digest_says_what_its_template_names() -> None:
    """Each variable of the page has its value, with separators (P-MSG-14)."""
    day = DayOfUser(1_250, 30, 4_000, "Grip", 8, "Gaffer, 900 Z to go", 3)
    currency = {"symbol": "Z", "currency": "Coin", "currency_plural": "Coins"}
    assert user_digest(UserDigest().message, day, currency) == (
        "📊 Daily Summary:\n"
        "Earned: 1,250 Z | Spent: 30 | Balance: 4,000\n"
        "Rank: Grip | Streak: 8 days 🔥\n"
        "Next goal: Gaffer, 900 Z to go (3 days away)"
    )
    assert user_digest("{streak}: {currency}", day, currency) == "8: Z"


@pytest.mark.parametrize(
    ("net_z", "words"),
    [(3, "+3 Z, inflationary"), (-3, "-3 Z, deflationary"), (0, "+0 Z, neither")],
)
def test_the_net_flow_has_a_name(net_z: int, words: str) -> None:
    """Above 0 coins become more, below 0 fewer."""
    told = econ_health(Health(9, None, "", 3, 0, 0, 0.0, net_z, ""), DaySums(1, 2, 3, 4), "Z")
    assert f"Net flow: {words}" in told
    assert "no snapshot yet" in told


def test_no_data_is_said_and_the_dead_are_listed_still() -> None:
    """Nothing has paid: that is told, with what could have."""
    told = econ_triggers("today", (), ("presence.base",), "Z")
    assert told == "📈 Triggers, today\nNo data: nothing has paid.\nWithout a hit: presence.base"
