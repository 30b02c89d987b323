"""Numbers and times as people read them."""

from zoneinfo import ZoneInfo

import pytest

from kryten_economy.text import templates


def test_amounts() -> None:
    """Amounts have thousands separators and the symbol; movements have their sign."""
    assert templates.thousands(1_234_567) == "1,234,567"
    assert templates.money(1250, "Z") == "1,250 Z"
    assert templates.signed_money(1250, "Z") == "+1,250 Z"
    assert templates.signed_money(-50, "Z") == "-50 Z"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0s"),
        (-3, "0s"),
        (59.9, "59s"),
        (3723, "1h 2m 3s"),
        (3600, "1h"),
        (90_061, "1d 1h 1m 1s"),
    ],
)
def test_durations(seconds: float, shown: str) -> None:
    """A duration names its units from days down and leaves out the empty ones."""
    assert templates.duration(seconds) == shown


def test_uptime_is_in_hours_minutes_and_seconds() -> None:
    """The uptime has all three units, and days count as hours."""
    assert templates.uptime(93_603.7) == "26h 0m 3s"
    assert templates.uptime(0) == "0h 0m 0s"


def test_instants_are_shown_to_the_minute_in_a_zone() -> None:
    """The same instant reads differently in each zone."""
    assert templates.minute_of(1_795_171_149_973) == "2026-11-20 10:39"
    assert templates.minute_of(1_795_171_149_973, ZoneInfo("Europe/Berlin")) == "2026-11-20 11:39"


def test_a_repeated_hour_is_two_hours() -> None:
    """Where the clocks go back, the hour before and the hour after are not the same."""
    berlin = ZoneInfo("Europe/Berlin")
    first = 1_792_888_200_000  # 2026-10-25 02:30, summer time
    assert templates.minute_of(first, berlin) == templates.minute_of(first + 3_600_000, berlin)
    assert templates.hour_of(first, berlin) != templates.hour_of(first + 3_600_000, berlin)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (12, "12th"),
        (13, "13th"),
        (21, "21st"),
        (111, "111th"),
        (1002, "1,002nd"),
        (0, "0th"),
    ],
)
def test_ordinals(number: int, shown: str) -> None:
    """Eleven to thirteen are irregular."""
    assert templates.ordinal(number) == shown


def test_shares_factors_and_plurals() -> None:
    """Only the whole is 100 %, a factor has no idle zeros, one is singular."""
    assert templates.percent(9_999, 10_000) == "99.9%"
    assert templates.percent(1, 1) == "100.0%"
    assert templates.factor(2.0) == "2x"
    assert templates.factor(1.25) == "1.25x"
    assert templates.factor(10.0) == "10x"
    assert templates.plural(1, "day") == "1 day"
    assert templates.plural(1200, "day") == "1,200 days"
    assert templates.plural(2, "entry", "entries") == "2 entries"
