"""Windows that open are told once, to those who are there (`earning.md` 9.3)."""

from pathlib import Path
from typing import Any

import anyio
from tests.actors.house import MINUTE_MS, PLAIN_MULTIPLIERS, START_MS, house, settings_with

from kryten_economy.config import Settings

EVE_MS = START_MS + (14 * 60 - 2) * MINUTE_MS
"""Two minutes before Saturday, 21 November 2026."""
DATES = [
    {"date": "11-21", "name": "Film Day", "multiplier": 3.0},
    {"date": "11-21", "name": "Second Feast", "multiplier": 1.5},
    {"date": "11-22", "name": "Day After", "multiplier": 2.0},
]
LINES = [
    "⏰ Film Day: 3x earnings from now on!",
    "⏰ Second Feast: 1.5x earnings from now on!",
]
OFF_PEAK = {"days": [5, 6], "hours": [0, 1, 23], "multiplier": 2.0}
"""Friday and Saturday, from 23 to 2 o'clock: one window over midnight."""


def _settings(**multipliers: Any) -> Settings:
    return settings_with(
        onboarding={"welcome_wallet": 0}, multipliers=PLAIN_MULTIPLIERS | multipliers
    )


async def test_a_holiday_is_told_once_over_restarts(tmp_path: Path) -> None:
    """Each holiday of the day gets a line as it begins; a restart right after tells none again."""
    path, settings = tmp_path / "e.db", _settings(holidays={"dates": DATES})
    async with house(path, settings, start_ms=EVE_MS) as h:
        await h.join("Alice")
        await anyio.sleep(119)
        assert h.lines() == []
        await anyio.sleep(2)
        assert h.lines() == LINES
        now_ms = h.now_ms
    for _ in range(2):
        async with house(path, settings, start_ms=now_ms) as h:
            await h.userlist(("Alice", 1), stored=True)
            await anyio.sleep(90)
            assert h.lines() == []
            now_ms = h.now_ms
    async with house(path, settings, start_ms=EVE_MS + 24 * 60 * MINUTE_MS) as h:
        await h.userlist(("Alice", 1), stored=True)
        await anyio.sleep(150)
        assert h.lines() == ["⏰ Day After: 2x earnings from now on!"]


async def test_a_holiday_begins_for_those_who_are_there(tmp_path: Path) -> None:
    """Nobody here, nothing told; a departing user is nobody; who comes later hears no opening."""
    settings = _settings(holidays={"dates": DATES})
    async with house(tmp_path / "e.db", settings, start_ms=EVE_MS) as h:
        await h.join("Alice")
        await h.leave("Alice")
        await anyio.sleep(10 * 60)
        await h.join("Bob")
        await anyio.sleep(10 * 60)
        assert h.lines() == []


async def test_a_holiday_may_begin_without_a_word(tmp_path: Path) -> None:
    """With `holidays.announce` off the day multiplies in silence."""
    settings = _settings(holidays={"dates": DATES, "announce": False})
    async with house(tmp_path / "e.db", settings, start_ms=EVE_MS) as h:
        await h.join("Alice")
        await anyio.sleep(150)
        assert h.lines() == []
        assert "Film Day: 3x" in (await h.pm("Alice", "events"))[0]


async def test_off_peak_hours_over_midnight_are_one_window(tmp_path: Path) -> None:
    """Told when the first of the hours begins and not again at midnight, nor after a restart."""
    path, settings = tmp_path / "e.db", _settings(off_peak=OFF_PEAK)
    line = "⏰ Off-peak bonus: 2x earnings from now on!"
    told: list[str] = []
    for start_min in (12 * 60 + 58, 13 * 60 + 1, 13 * 60 + 58):
        async with house(path, settings, start_ms=START_MS + start_min * MINUTE_MS) as h:
            await h.userlist(("Alice", 1), stored=True)
            await anyio.sleep(150)
            told += h.lines()
    assert told == [line]


async def test_off_peak_hours_may_begin_without_a_word(tmp_path: Path) -> None:
    """With `off_peak.announce` off the hours multiply in silence."""
    settings = _settings(off_peak=OFF_PEAK | {"announce": False})
    async with house(
        tmp_path / "e.db", settings, start_ms=START_MS + (12 * 60 + 58) * MINUTE_MS
    ) as h:
        await h.join("Alice")
        await anyio.sleep(150)
        assert h.lines() == []
        assert "2x" in (await h.pm("Alice", "events"))[0]
