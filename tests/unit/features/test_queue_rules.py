"""What queueing costs and when it may not be: pure rules, to the second."""

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.actors.house import settings_with

from kryten_economy.calendar import Calendar
from kryten_economy.config import Settings
from kryten_economy.config.ranks import Ranks
from kryten_economy.features.queue.rules import (
    base_price_z,
    blackout_at,
    next_blackout,
    queue_limits,
    tier_of,
)
from kryten_economy.features.ranks.rules import perks_of

PLAIN = settings_with().spending
PREMIUM = settings_with(spending={"playnext_premium": True}).spending


@pytest.mark.parametrize(
    ("seconds", "label"),
    [
        (1, "Short / Music Video"),
        (900, "Short / Music Video"),
        (901, "30-min Episode"),
        (2_100, "30-min Episode"),
        (3_900, "60-min Episode"),
        (3_901, "Movie"),
        (999 * 60, "Movie"),
        (10_000_000, "Movie"),
    ],
)
def test_a_tier_ends_with_its_last_second(seconds: int, label: str) -> None:
    """15 minutes are short and a second more is not; beyond all tiers the last one counts."""
    assert tier_of(PLAIN, seconds).label == label


@pytest.mark.parametrize(
    ("action", "plain_z", "premium_z"),
    [
        ("queue", 5_000, 5_000),
        ("playnext", 5_000, 100_000),
        ("forcenow", 1_000_000, 1_000_000),
        ("encore", 5_000, 5_000),
    ],
)
def test_what_an_action_costs(action: str, plain_z: int, premium_z: int) -> None:
    """Playing next costs what queueing does, unless the operator asks for more."""
    assert base_price_z(PLAIN, action, 1_800) == plain_z
    assert base_price_z(PREMIUM, action, 1_800) == premium_z


def test_playing_next_is_never_cheaper_than_queueing() -> None:
    """With the premium it costs the higher of both prices."""
    cheap = settings_with(spending={"playnext_premium": True, "interrupt_play_next": 100}).spending
    assert base_price_z(cheap, "playnext", 9_000) == 10_000


def test_a_rank_brings_its_largest_bonus() -> None:
    """The largest +N of this tier and those below counts, for both ways to queue (P-USR-9)."""
    ranks = Ranks.model_validate(
        {
            "tiers": [
                {"name": "Extra", "min_lifetime_earned": 0},
                {"name": "Grip", "min_lifetime_earned": 9, "perks": ["+2 queue slots a day"]},
                {"name": "Gaffer", "min_lifetime_earned": 99, "perks": ["+1 queue", "+9% rain"]},
            ]
        }
    )
    allowed = [queue_limits(PLAIN, perks_of(ranks, tier).queue_bonus).per_day for tier in range(3)]
    assert allowed == [3, 5, 5]


# Windows


def at(day: int, hour: int, minute: int = 0, second: int = 0) -> int:
    """An instant of a week that begins on Monday, 16 November 2026, UTC."""
    return int(datetime(2026, 11, 15 + day, hour, minute, second, tzinfo=UTC).timestamp() * 1000)


def windows(*given: dict[str, Any], **sections: Any) -> Settings:
    return settings_with(spending={"blackout_windows": list(given)}, **sections)


FRIDAY = {"name": "Movie Night", "cron": "0 20 * * 5", "duration_hours": 4}
HALF = {"name": "Short", "cron": "0 21 * * 5", "duration_hours": 0.5}


@pytest.mark.parametrize(
    ("now_ms", "blocked"),
    [
        (at(5, 18, 59, 59), False),
        (at(5, 19), True),
        (at(5, 19, 59, 59), True),
        (at(5, 20), True),
        (at(5, 23, 59, 59), True),
        (at(6, 0), False),
    ],
)
def test_a_window_is_closed_an_hour_ahead(now_ms: int, blocked: bool) -> None:
    """Its hour before and its begin are included, its end is not (P-QUE-8)."""
    found = blackout_at(windows(FRIDAY), Calendar(), now_ms)
    assert (found is not None) is blocked
    assert found is None or (found.name, found.starts_at_ms, found.ends_at_ms) == (
        "Movie Night",
        at(5, 20),
        at(6, 0),
    )


def test_windows_are_of_the_configured_zone() -> None:
    """20:00 is 20:00 where the channel is at home."""
    berlin = Calendar("Europe/Berlin")
    assert blackout_at(windows(FRIDAY), berlin, at(5, 17, 59)) is None
    found = blackout_at(windows(FRIDAY), berlin, at(5, 18))
    assert found is not None
    assert found.starts_at_ms == at(5, 19)


def test_the_window_that_ends_last_is_told() -> None:
    """While two run at once, the one that lets wait longer is named."""
    found = blackout_at(windows(HALF, FRIDAY), Calendar(), at(5, 21, 10))
    assert found is not None
    assert found.name == "Movie Night"


def test_the_factor_is_that_of_the_event_of_the_same_name() -> None:
    """What a window multiplies earnings with is looked up, and nothing is told where none is."""
    event = {"name": "movie night", "cron": "0 20 * * 5", "duration_hours": 4, "multiplier": 2.5}
    multipliers = {"scheduled_events": [event]}
    found = blackout_at(windows(FRIDAY, multipliers=multipliers), Calendar(), at(5, 20))
    other = blackout_at(windows(HALF, multipliers=multipliers), Calendar(), at(5, 21))
    assert found is not None
    assert other is not None
    assert found.factor == 2.5
    assert other.factor is None


def test_the_next_window_is_known() -> None:
    """Of several the one that opens first, however far away."""
    found = next_blackout(windows(HALF, FRIDAY), Calendar(), at(1, 0))
    assert found is not None
    assert (found.name, found.starts_at_ms) == ("Movie Night", at(5, 20))
    assert next_blackout(windows(), Calendar(), at(1, 0)) is None
