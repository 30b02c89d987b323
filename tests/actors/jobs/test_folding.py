"""Minutes of days that are long over become few rows, by the clock and in pieces."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.house import CHANNEL, START_MS, House, house, settings_with

from economy_actors.jobs import daily
from kryten_economy.features.money.operations import Credit, Posted
from kryten_economy.features.reports.rows import TransactionRow
from kryten_economy.ledger.records import SetReadOnly
from kryten_economy.users import UserKey

HOUR_MS = 3_600_000
FOUR_MS = START_MS + 42 * HOUR_MS
"""Four in the morning, two days after the house was opened at ten."""

NO_WALLET: dict[str, Any] = {"onboarding": {"welcome_wallet": 0}}
NAMES = ("Alice", "Bob")


async def _stay(home: House, minutes: int) -> None:
    for name in NAMES:
        await home.join(name)
    await home.minutes(minutes)
    for name in NAMES:
        await home.leave(name)


async def _gift(home: House, op_id: str, amount_z: int) -> None:
    """Something else on Alice's wallet."""
    who, day = UserKey.of(CHANNEL, "Alice"), home.context.live.calendar.day(home.now_ms)
    gift = Credit(op_id, who, amount_z, "admin_grant", "admin.grant", "Gift", home.now_ms, day)
    assert isinstance(await home.commit(gift), Posted)


async def _until(home: House, at_ms: int) -> None:
    await anyio.sleep((at_ms - home.now_ms) / 1000)
    await home.settle()


async def _three_days(path: Path) -> None:
    """Half an hour with a gift in it on the first day, less on the next two."""
    async with house(path, settings_with(**NO_WALLET)) as home:
        await _stay(home, 20)
        await _gift(home, "gift", 5)
        await _stay(home, 10)
        await _until(home, START_MS + 24 * HOUR_MS)
        await _stay(home, 8)
        await _until(home, START_MS + 41 * HOUR_MS)
        await _stay(home, 4)


def _rows(home: House, name: str) -> list[TransactionRow]:
    return list(home.report(lambda reports: reports.transactions(UserKey.of(CHANNEL, name), 1000)))


def _minutes(home: House, day: str) -> int:
    """In how many rows the presence of a day is kept."""
    calendar = home.context.live.calendar
    return sum(
        row.trigger_id == "presence.base" and calendar.day(row.created_at_ms) == day
        for name in NAMES
        for row in _rows(home, name)
    )


async def _told(home: House) -> list[Any]:
    """What people and operators see of the books."""
    day = home.context.live.calendar.day(home.now_ms)
    return [
        home.report(lambda reports: reports.wallets(CHANNEL, day)),
        home.report(lambda reports: reports.float_of(CHANNEL)),
        home.report(lambda reports: reports.daily_totals(CHANNEL, "2026-11-20", day)),
        [await home.pm(name, f"history {count}") for name in NAMES for count in (3, 10)],
        [await home.pm(name, "why") for name in NAMES],
    ]


async def test_the_minutes_of_the_day_before_yesterday_are_folded(tmp_path: Path) -> None:
    """At four; yesterday and today stay minute by minute, and nobody sees a difference."""
    path = tmp_path / "economy.db"
    await _three_days(path)
    settings = settings_with(**NO_WALLET)
    async with house(path, settings, scheduled=True, start_ms=FOUR_MS - 120_000) as home:
        before = await _told(home)
        others = [row for name in NAMES for row in _rows(home, name) if row.type != "earn"]
        await _until(home, FOUR_MS)
        assert [_minutes(home, f"2026-11-{day}") for day in (20, 21, 22)] == [60, 16, 8]
        await _until(home, FOUR_MS + 120_000)
        assert [_minutes(home, f"2026-11-{day}") for day in (20, 21, 22)] == [3, 16, 8]
        assert await _told(home) == before
        assert [row for name in NAMES for row in _rows(home, name) if row.type != "earn"] == others
        [line] = [each for each in home.report(lambda r: r.audit(10)) if each.admin == "system"]
        assert (line.command, line.result) == ("presence.fold", "57 rows folded away")


async def test_folding_leaves_room_and_goes_on_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A piece reads a few rows, money moves before the next, and what is folded stays folded."""
    monkeypatch.setattr(daily, "FOLDING_ROWS", 10)
    path, seen = tmp_path / "economy.db", []
    await _three_days(path)
    settings = settings_with(**NO_WALLET)
    async with house(path, settings, scheduled=True, start_ms=FOUR_MS - 1_000) as home:
        before_z = home.balance("Alice")
        await _until(home, FOUR_MS + 29_800)
        for _ in range(4):
            seen.append(_minutes(home, "2026-11-20"))
            await _gift(home, f"gift{home.now_ms}", 1)
            await anyio.sleep(daily.FOLDING_PAUSE_S)
    assert seen[0] == 60
    assert all(0 <= more - fewer <= 10 for more, fewer in pairwise(seen))
    assert 3 < seen[-1] < 60, "in the middle of it the service ends"
    async with house(path, settings, scheduled=True, start_ms=FOUR_MS + HOUR_MS) as home:
        assert 3 < _minutes(home, "2026-11-20") <= seen[-1]
        await _until(home, home.now_ms + 60_000)
        assert _minutes(home, "2026-11-20") == 3
        assert home.balance("Alice") == before_z + 4


async def test_days_that_nobody_folded_are_caught_up(tmp_path: Path) -> None:
    """After a week without the service each day is folded by itself."""
    path = tmp_path / "economy.db"
    await _three_days(path)
    settings = settings_with(**NO_WALLET)
    week_ms = FOUR_MS + 7 * 24 * HOUR_MS
    async with house(path, settings, scheduled=True, start_ms=week_ms) as home:
        await _until(home, home.now_ms + 120_000)
        assert [_minutes(home, f"2026-11-{day}") for day in (20, 21, 22)] == [3, 2, 2]


async def test_a_channel_that_takes_no_money_is_not_folded(tmp_path: Path) -> None:
    """What books that do not balance look like may be needed."""
    path = tmp_path / "economy.db"
    await _three_days(path)
    settings = settings_with(**NO_WALLET)
    async with house(path, settings, scheduled=True, start_ms=FOUR_MS) as home:
        await home.commit(SetReadOnly(CHANNEL, "they do not balance", home.now_ms))
        await _until(home, FOUR_MS + 120_000)
        assert _minutes(home, "2026-11-20") == 60
