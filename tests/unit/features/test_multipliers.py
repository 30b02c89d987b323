"""When earning counts more, and by how much (`earning.md` 9)."""

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.actors.house import PLAIN_MULTIPLIERS, START_MS, settings_with

from kryten_economy.calendar import Calendar
from kryten_economy.config import Settings
from kryten_economy.features.events.rules import (
    PLAIN,
    AdHoc,
    Combined,
    Factor,
    active_multipliers,
    metadata,
    scheduled_now,
)
from kryten_economy.features.presence.minutes import (
    minute_rate,
    minute_worth,
    rank_factor,
    whole_part,
)
from kryten_economy.text.templates import exact

HOUR_MS = 3_600_000
UTC = Calendar()
FRIDAY = 5


def _with(**multipliers: Any) -> Settings:
    return settings_with(multipliers=PLAIN_MULTIPLIERS | multipliers)


def _now(config: Settings, at_ms: int = START_MS, population: int = 1) -> Combined:
    return active_multipliers(config, UTC, at_ms, population, None)


def _paid(amount: float, times: int) -> int:
    """The whole coins in an amount that comes so many times, each rest carried on."""
    paid_z, held = 0, 0.0
    for _ in range(times):
        whole_z, held = whole_part(held, amount)
        paid_z += whole_z
    return paid_z


def test_off_peak_needs_the_day_and_the_hour() -> None:
    """Off-peak holds on its days, counted from 0 = Sunday, in its hours."""
    config = _with(off_peak={"days": [FRIDAY], "hours": [10], "multiplier": 2.0})
    assert _now(config).product == 2
    assert _now(config, START_MS + HOUR_MS).product == 1
    assert _now(config, START_MS + 24 * HOUR_MS).product == 1


def test_off_peak_is_told_in_the_zone_of_the_channel() -> None:
    """Ten in the morning UTC is no ten o'clock in Tokyo."""
    config = _with(off_peak={"days": [FRIDAY], "hours": [19]})
    tokyo = Calendar("Asia/Tokyo")
    assert active_multipliers(config, tokyo, START_MS, 1, None).product == 2
    assert _now(config).product == 1


def test_crowd_counts_from_the_first_number_on() -> None:
    """Nine users are no crowd of ten."""
    config = _with(high_population={"min_users": 10, "multiplier": 1.5})
    assert _now(config, population=9).product == 1
    assert _now(config, population=10).product == Fraction(3, 2)


def test_holiday_is_a_day_of_the_zone() -> None:
    """A holiday holds from midnight to midnight of the channel's own clock."""
    config = _with(holidays={"dates": [{"date": "11-20", "name": "Now", "multiplier": 3}]})
    found = _now(config)
    assert found.product == 3
    assert found.factors[0].source == "holiday:Now"
    assert _now(config, START_MS + 14 * HOUR_MS).product == 1


def test_all_factors_multiply() -> None:
    """Two times and one and a half times are three times (`earning.md` 9.2)."""
    config = _with(off_peak={"days": [FRIDAY], "hours": [10]}, high_population={"min_users": 1})
    found = _now(config)
    assert found.product == 3
    assert json.loads(metadata(1, found) or "") == {
        "base": 1,
        "multiplier": 3.0,
        "sources": [
            {"source": "off_peak", "mult": 2.0},
            {"source": "population", "mult": 1.5, "hidden": True},
        ],
    }


def test_hidden_factor_is_not_in_the_product_that_is_shown() -> None:
    """Neither the list nor the number tells of a hidden multiplier (P-EARN-15)."""
    config = _with(off_peak={"days": [FRIDAY], "hours": [10]}, high_population={"min_users": 1})
    found = _now(config)
    assert [factor.source for factor in found.visible] == ["off_peak"]
    assert found.visible_product == 2


def test_overlapping_events_all_count() -> None:
    """An event does not replace another one (P-EARN-13)."""
    events = [
        {"name": "One", "cron": "0 9 * * *", "duration_hours": 2, "multiplier": 2},
        {"name": "Two", "cron": "30 9 * * *", "duration_hours": 1, "multiplier": 3},
    ]
    config = _with(scheduled_events=events)
    assert _now(config).product == 6
    assert _now(config).scheduled.product == 6
    assert _now(config, START_MS + HOUR_MS // 2).product == 2
    assert _now(config, START_MS + HOUR_MS).product == 1


def test_event_runs_also_if_nobody_saw_it_begin() -> None:
    """Active is what lies between the last fire and its end, however late one looks."""
    event = {"name": "Night", "cron": "0 20 * * 4", "duration_hours": 14.5}
    (found,) = scheduled_now(_with(scheduled_events=[event]), UTC, START_MS)
    assert (found.fired_at_ms, found.ends_at_ms) == (
        START_MS - 14 * HOUR_MS,
        START_MS + HOUR_MS // 2,
    )


def test_adhoc_event_ends_by_itself() -> None:
    """At the moment of its end it is over."""
    adhoc = AdHoc("Party", Fraction(2), START_MS, START_MS + 1000)
    config = _with()
    assert active_multipliers(config, UTC, START_MS + 999, 1, adhoc).product == 2
    assert active_multipliers(config, UTC, START_MS + 1000, 1, adhoc).product == 1


@pytest.mark.parametrize(
    ("night", "mult", "minutes", "coins"),
    [
        (1.5, 1.0, 2, 3),
        (1.5, 2.0, 1, 3),
        (1.0, 3.0, 1, 3),
        (1.0, 1.0, 10, 10),
        (1.1, 1.1, 100, 121),
    ],
)
def test_worked_examples(night: float, mult: float, minutes: int, coins: int) -> None:
    """Night watch, then the active multipliers (`earning.md` 11, P-EARN-1, P-EARN-2)."""
    watch = {"enabled": True, "hours": [10], "multiplier": night}
    rate = minute_rate(settings_with(presence={"night_watch": watch}), 10)
    combined = PLAIN.also(Factor("off_peak", exact(mult), ""))
    assert _paid(minute_worth(rate, 1, 0, combined).amount, minutes) == coins


def test_rank_multiplies() -> None:
    """0.05 per rank at index 4 pays 6 coins in 5 minutes, and says why."""
    config = settings_with(ranks={"earn_multiplier_per_rank": 0.05})
    worth = minute_worth(minute_rate(config, 10), 1, 0, PLAIN, rank_factor(config, 4))
    assert _paid(worth.amount, 5) == 6
    assert json.loads(worth.metadata or "")["sources"] == [{"source": "rank", "mult": 1.2}]


@settings(max_examples=60)
@given(st.lists(st.integers(min_value=1, max_value=400), max_size=4), st.integers(1, 300))
def test_fractions_are_never_lost_or_made(hundredths: list[int], minutes: int) -> None:
    """Whatever multiplies, the coins paid are the exact sum rounded down."""
    combined = PLAIN.also(*(Factor("x", Fraction(each, 100), "") for each in hundredths))
    rate = minute_rate(settings_with(), 10)
    paid_z = _paid(minute_worth(rate, 1, 0, combined).amount, minutes)
    assert paid_z == int(combined.product * minutes)
