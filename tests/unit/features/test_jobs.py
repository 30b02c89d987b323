"""Which daily jobs are due, who wins, and what a balance gets (`earning.md` 7 and 10)."""

from typing import Any

import pytest
from tests.actors.house import CHANNEL, settings_with

from kryten_economy.calendar import Calendar
from kryten_economy.config import Settings
from kryten_economy.features.competitions import FIELDS, DayOf, judge
from kryten_economy.features.gifts import percent_of
from kryten_economy.features.jobs import COMPETITIONS, MAINTENANCE, Due, jobs_due, terms_of

UTC = Calendar()
DAY = "2026-11-20"
HOUR_MS = 3_600_000
INTEREST = {"mode": "interest"}


def _at(hours: float, zone: Calendar = UTC) -> int:
    return zone.day_start_ms(DAY) + round(hours * HOUR_MS)


def _due(now_ms: int, zone: Calendar = UTC, mode: str = "interest") -> list[tuple[str, str]]:
    config = settings_with(balance_maintenance={"mode": mode})
    return [(each.job, each.day) for each in jobs_due(config, zone, now_ms, [CHANNEL])]


def test_day_is_judged_after_its_last_minute() -> None:
    """Not at midnight, where the last minute is being counted, but half a minute later."""
    assert _due(_at(0) + 29_999) == []
    assert _due(_at(0) + 30_000) == [(COMPETITIONS, "2026-11-18"), (COMPETITIONS, "2026-11-19")]


def test_interest_is_due_from_three_to_midnight() -> None:
    """A run that was missed is made up for on the same day only."""
    assert (MAINTENANCE, DAY) not in _due(_at(2.99))
    assert (MAINTENANCE, DAY) in _due(_at(3))
    assert (MAINTENANCE, DAY) in _due(_at(23.99))
    assert (MAINTENANCE, DAY) not in _due(_at(24.01))
    assert (MAINTENANCE, DAY) not in _due(_at(3), mode="none")


def test_days_are_those_of_the_zone() -> None:
    """Three in the morning is local."""
    tokyo = Calendar("Asia/Tokyo")
    assert (MAINTENANCE, DAY) in _due(_at(3, tokyo), tokyo)
    assert (MAINTENANCE, DAY) not in _due(_at(2.99, tokyo), tokyo)


def test_each_channel_has_its_own_jobs() -> None:
    """Whatever one channel has done, the other has not."""
    config = settings_with(balance_maintenance=INTEREST)
    due = jobs_due(config, UTC, _at(3), ["A", "B"])
    assert Due(MAINTENANCE, "A", DAY) in due
    assert Due(MAINTENANCE, "B", DAY) in due


def test_cap_of_nothing_pays_nothing() -> None:
    """A cap of 0 is no missing cap."""
    config = settings_with(
        balance_maintenance={"mode": "interest", "interest": {"max_daily_interest": 0}}
    )
    assert terms_of(config) is None


def _competition(kind: str, field: str, **more: Any) -> Settings:
    condition = {"type": kind, "field": field} | {
        key: more.pop(key) for key in list(more) if key == "threshold"
    }
    entry = {"id": "x", "description": "X", "condition": condition} | more
    return settings_with(daily_competitions=[entry])


def _day(name: str, *, banned: bool = False, **values: int) -> DayOf:
    return DayOf(name.lower(), name, banned, dict.fromkeys(FIELDS, 0) | values)


def _won(config: Settings, *days: DayOf, ignored: tuple[str, ...] = ()) -> list[tuple[str, int]]:
    found = judge(config.daily_competitions, days, ignored)
    return [(each.display_name, each.amount_z) for each in found]


def test_threshold_pays_all_who_reach_it() -> None:
    """Nine is not ten; the banned and the ignored cannot win."""
    config = _competition("daily_threshold", "messages_sent", threshold=10, reward=50)
    days = [
        _day("A", messages_sent=10),
        _day("B", messages_sent=9),
        _day("C", messages_sent=11, banned=True),
        _day("D", messages_sent=12),
        _day("E", messages_sent=13),
    ]
    assert _won(config, *days, ignored=("e",)) == [("A", 50), ("D", 50)]


def test_all_who_tie_win() -> None:
    """The highest value above 0 wins, whoever has it (P-EARN-17)."""
    config = _competition("daily_top", "kudos_given", reward=5)
    days = [_day("A", kudos_given=3), _day("B", kudos_given=3), _day("C", kudos_given=2)]
    assert _won(config, *days) == [("A", 5), ("B", 5)]
    assert _won(config, _day("A")) == []


@pytest.mark.parametrize(("earned", "percent", "reward"), [(1234, 25, 308), (3, 1, 1)])
def test_percentage_of_the_days_earnings(earned: int, percent: float, reward: int) -> None:
    """A quarter of 1234 is 308; at least one."""
    config = _competition("daily_top", "z_earned", reward=7, reward_percent_of_earnings=percent)
    assert _won(config, _day("A", z_earned=earned)) == [("A", reward)]


def test_percentages_are_exact() -> None:
    """0.7 percent of 1000 is 7, though no float is 0.7 (P-MON-14)."""
    assert percent_of(1000, 0.7) == 7
