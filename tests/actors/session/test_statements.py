"""`history` page by page, `balance <date>` and the API's `statement`, from the PM to the answer."""

import re
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.api.helpers import Api, api
from tests.actors.house import CHANNEL, START_MS, House, house, settings_with

from kryten_economy.features.money.operations import Credit, Debit
from kryten_economy.users import UserKey

DAY_MS = 86_400_000
ALICE = UserKey.of(CHANNEL, "Alice")
PLAIN: dict[str, Any] = {
    "onboarding": {"welcome_wallet": 0},
    "presence": {"base_rate_per_minute": 0},
}


async def _give(h: House, amount_z: int, reason: str, at_ms: int | None = None) -> None:
    """A movement of Alice's of a given time, up or down."""
    when = h.now_ms if at_ms is None else at_ms
    day, kind = h.context.live.calendar.day(when), Credit if amount_z > 0 else Debit
    type_ = "admin_grant" if amount_z > 0 else "spend"
    act = kind(reason, ALICE, abs(amount_z), type_, "test", reason, when, day)
    await h.commit(act)


async def _said(h: House, text: str) -> str:
    return "\n".join(await h.pm("Alice", text))


def _numbers(text: str) -> list[int]:
    return [int(found) for found in re.findall(r"^#([0-9]+) ", text, re.MULTILINE)]


async def test_pages_of_history_follow_each_other(tmp_path: Path) -> None:
    """Each movement stands on exactly one page; a page tells how the next one is asked for."""
    async with house(tmp_path / "e.db", settings_with(**PLAIN)) as h:
        await h.join("Alice")
        for number in range(12):
            await _give(h, 5, f"gift-{number}")
        whole = _numbers(await _said(h, "history 25"))
        assert len(whole) == 12
        first = await _said(h, "history 5 page 1")
        assert first.splitlines()[-1] == "Older ones: 'history 5 page 2'"
        second = await _said(h, "history 5 page 2")
        third = await _said(h, "history page 3 5")
        assert "Older" not in third
        assert _numbers(first) + _numbers(second) + _numbers(third) == whole
        assert "no page 4" in await _said(h, "history 5 page 4")


async def test_history_shows_what_is_asked_for(tmp_path: Path) -> None:
    """By direction, by kind and by day, and all of these together."""
    async with house(tmp_path / "e.db", settings_with(**PLAIN)) as h:
        await h.join("Alice")
        await h.join("Bob")
        await h.minutes(30)
        await _give(h, 500, "early", START_MS - DAY_MS)
        await _give(h, -20, "lamp")
        assert "30 Z" in await _said(h, "tip bob 30")
        assert "lamp" in (out := await _said(h, "history out"))
        assert "early" not in out
        assert "early" in (came := await _said(h, "history in"))
        assert "lamp" not in came
        tips = await _said(h, "history tips")
        assert "30 Z" in tips
        assert len(_numbers(tips)) == 1
        assert len(_numbers(await _said(h, "history bought"))) == 1
        yesterday = await _said(h, "history 2026-11-19")
        assert "early" in yesterday
        assert len(_numbers(yesterday)) == 1
        assert _numbers(await _said(h, "history in yesterday")) == _numbers(yesterday)
        nothing = "No movements found: what went out, 2026-11-19."
        assert await _said(h, "history out yesterday") == nothing
        assert "No movements found" in await _said(h, "history games")


@pytest.mark.parametrize(
    "text",
    [
        "history page",
        "history page 0",
        "history page x",
        "history 5 flowers",
        "history 2026-02-30",
        "history 2027-01-01",
        "balance 2026-13-01",
        "balance 2999-01-01",
        "balance 31.12.2025",
        "balance 0",
    ],
)
async def test_what_is_no_page_or_day_is_told(tmp_path: Path, text: str) -> None:
    """A wrong page, filter or date is answered with what may be written."""
    async with house(tmp_path / "e.db", settings_with(**PLAIN)) as h:
        await h.join("Alice")
        await _give(h, 5, "gift")
        answer = await _said(h, text)
        assert "Usage" in answer
        assert "gift" not in answer


async def test_the_balance_of_a_day_is_that_of_its_end(tmp_path: Path) -> None:
    """In the zone of the channel: what was moved at its midnight belongs to the next day."""
    settings = settings_with(**PLAIN, timezone="Europe/Berlin")
    midnight = START_MS - 11 * 3_600_000
    async with house(tmp_path / "e.db", settings) as h:
        assert h.context.live.calendar.day_start_ms("2026-11-20") == midnight
        await h.join("Alice")
        await _give(h, 100, "old", midnight - DAY_MS)
        await _give(h, -30, "last", midnight - 1)
        await _give(h, 5, "first", midnight)
        assert "At the end of 2026-11-19 (Europe/Berlin) you had 70 Z" in await _said(
            h, "balance 2026-11-19"
        )
        assert "had 70 Z" in await _said(h, "balance yesterday")
        assert "had 0 Z" in await _said(h, "bal 2026-11-17")
        assert "So far on 2026-11-20" in (now := await _said(h, "balance today"))
        assert "had 75 Z" in now
        assert "had" not in await _said(h, "balance")


async def _statement(it: Api, **fields: object) -> dict[str, Any]:
    return await it.data("statement", username="alice", **fields)


async def test_a_statement_adds_up(tmp_path: Path) -> None:
    """Opening balance, each row on the one before, closing balance; the parts fit together."""
    async with api(tmp_path, settings_with(**PLAIN)) as it:
        h = it.house
        await h.join("Alice")
        await _give(h, 100, "before", START_MS - 2 * DAY_MS)
        for number in range(4):
            await _give(h, 10, f"in-{number}", START_MS - DAY_MS)
            await _give(h, -3, f"out-{number}", START_MS - DAY_MS)
        await _give(h, 7, "after")
        whole = await _statement(it, **{"from": "2026-11-19", "to": "2026-11-19"})
        assert (whole["opening_balance"], whole["closing_balance"]) == (100, 128)
        assert (whole["total_in"], whole["total_out"], whole["count"]) == (40, 12, 8)
        balance = whole["opening_balance"]
        for row in whole["rows"]:
            balance += row["amount"]
            assert row["balance"] == balance
            assert row["why"]
        assert balance == whole["closing_balance"]
        parts: list[Any] = []
        while len(parts) < whole["count"]:
            page = await _statement(
                it, **{"from": "2026-11-19", "to": "2026-11-19"}, limit=3, offset=len(parts)
            )
            assert page["opening_balance"] == 100
            parts += page["rows"]
        assert parts == whole["rows"]
        until_now = await _statement(it, **{"from": "2026-11-20"})
        assert [row["reason"] for row in until_now["rows"]] == ["after"]
        assert until_now["opening_balance"] == whole["closing_balance"]
        assert until_now["closing_balance"] == h.balance("alice")
        empty = await _statement(it, **{"from": "2026-11-01", "to": "2026-11-02"})
        assert (empty["opening_balance"], empty["closing_balance"], empty["rows"]) == (0, 0, [])


async def test_a_statement_tells_no_hidden_factor(tmp_path: Path) -> None:
    """What users may not see stands neither in the words nor in the metadata (P-EARN-15)."""
    crowd = {"high_population": {"min_users": 1, "multiplier": 1.25, "hidden": True}}
    settings = settings_with(onboarding={"welcome_wallet": 0}, multipliers=crowd)
    async with api(tmp_path, settings) as it:
        await it.house.join("Alice")
        await it.house.minutes(2)
        found = await _statement(it, **{"from": "2026-11-20"})
        assert found["rows"]
        for row in found["rows"]:
            told = f"{row['why']} {row['metadata']}"
            for hidden in ("crowd", "population", "1.25", "carried"):
                assert hidden not in told


async def test_a_statement_of_nobody_and_of_no_time_is_told(tmp_path: Path) -> None:
    """An unknown user has none; a wrong date or a range backwards is an error that says so."""
    async with api(tmp_path, settings_with(**PLAIN)) as it:
        nobody = await it.data("statement", username="ghost", **{"from": "2026-11-20"})
        assert nobody == {"found": False, "username": "ghost", "channel": CHANNEL}
        code, text = await it.refused("statement", username="alice")
        assert (code, "from is required" in text) == ("invalid_request", True)
        for wrong in ("2026-11-31", "yesterday", "20261120", 5):
            code, text = await it.refused("statement", username="alice", **{"from": wrong})
            assert code == "invalid_request"
            assert "from must be" in text
        code, text = await it.refused(
            "statement", username="alice", **{"from": "2026-11-20", "to": "2026-11-19"}
        )
        assert (code, "no later than" in text) == ("invalid_request", True)


async def test_statements_stay_what_they_were_when_minutes_are_folded(tmp_path: Path) -> None:
    """Opening and closing balance, sums and balances of days outlast the folding of presence."""
    settings = settings_with(onboarding={"welcome_wallet": 0})
    days = ("2026-11-19", "2026-11-20", "2026-11-21")
    async with api(tmp_path, settings) as it:
        await it.house.join("Alice")
        await it.house.minutes(20)
        await _give(it.house, 5, "gift")
        await it.house.minutes(10)
        before = [await _told(it, day) for day in days]
        assert before[1]["count"] == 31
    four_ms = START_MS + 42 * 3_600_000
    async with api(tmp_path, settings, scheduled=True, start_ms=four_ms - 1_000) as it:
        await anyio.sleep(120)
        await it.house.settle()
        after = [await _told(it, day) for day in days]
        assert after[1]["count"] == 3
        for old, new in zip(before, after, strict=True):
            assert {**old, "count": 0, "rows": 0} == {**new, "count": 0, "rows": 0}
        assert after[1]["closing_balance"] == 35


async def _told(it: Api, day: str) -> dict[str, Any]:
    return await _statement(it, **{"from": day, "to": day})
