"""The commands that only read (`admin-api.md` 3)."""

import json
import re
from pathlib import Path

import anyio
import pytest
from tests.actors.api.helpers import api
from tests.actors.house import CHANNEL

from kryten_economy.features.money.operations import Credit
from kryten_economy.ledger.records import SetReadOnly
from kryten_economy.users import UserKey


async def test_ping_and_about(tmp_path: Path) -> None:
    """Version and uptime, in the form existing clients show."""
    async with api(tmp_path) as it:
        assert await it.data("system.ping") == {"pong": True, "version": "1.2.3"}
        about = await it.data("system.about")
        assert set(about) == {"version", "uptime_seconds", "uptime_human"}
        assert isinstance(about["uptime_seconds"], int)
        assert re.fullmatch(r"\d+h \d+m \d+s", about["uptime_human"])


async def test_health_tells_sessions_and_a_real_query(tmp_path: Path) -> None:
    """Healthy means that the books answer and the bus is connected."""
    async with api(tmp_path) as it:
        await it.house.join("Alice")
        it.house.context.population = {CHANNEL: 1}
        health = await it.data("system.health")
        assert health["status"] == "healthy"
        assert health["database"] == "connected"
        assert health["active_sessions"] == 1
        assert isinstance(health["uptime_seconds"], int)
        it.house.context.bus_connected = lambda: False
        assert (await it.data("system.health"))["status"] == "degraded"


async def test_health_notices_books_that_do_not_answer(tmp_path: Path) -> None:
    """Reader or writer silent: disconnected, and the answer comes in time all the same."""
    async with api(tmp_path) as it:
        reader, it.house.context.reader = it.house.context.reader, it.mute("reader")
        began_s = anyio.current_time()
        health = await it.data("system.health")
        assert (health["status"], health["database"]) == ("degraded", "disconnected")
        it.house.context.reader = reader
        ledger, it.house.context.ledger = it.house.context.ledger, it.mute("ledger")
        health = await it.data("system.health")
        assert (health["status"], health["database"]) == ("degraded", "disconnected")
        assert anyio.current_time() - began_s < 2 * 4.0
        it.house.context.ledger = ledger


async def test_a_closed_channel_degrades_health(tmp_path: Path) -> None:
    """A channel whose books are closed needs an operator."""
    async with api(tmp_path) as it:
        await it.house.commit(SetReadOnly(CHANNEL, "mismatch", it.house.now_ms))
        health = await it.data("system.health")
        assert (health["status"], health["database"]) == ("degraded", "connected")


async def test_balance_get_finds_in_any_casing_and_creates_nothing(tmp_path: Path) -> None:
    """The stored display casing is returned; an unknown user is not found and stays unknown."""
    async with api(tmp_path) as it:
        await it.account("Alice", 150)
        found = await it.data("balance.get", channel="TESTCHAN", username="aLICE")
        assert found == {
            "found": True,
            "username": "Alice",
            "channel": CHANNEL,
            "balance": 150,
            "lifetime_earned": 150,
            "rank_name": "Extra",
        }
        assert await it.data("balance.get", username="Nobody") == {"found": False}
        assert it.house.wallet("nobody") is None


async def test_balance_search_takes_patterns_literally(tmp_path: Path) -> None:
    """P-OPS-11: ``_`` and ``%`` are characters; the richest come first."""
    async with api(tmp_path) as it:
        for name, balance_z in (("a_b", 1), ("axb", 9), ("Other_B", 5)):
            await it.account(name, balance_z)
        found = await it.data("balance.search", pattern="_b")
        assert [row["username"] for row in found["results"]] == ["Other_B", "a_b"]
        assert (found["channel"], found["pattern"], found["count"]) == (CHANNEL, "_b", 2)
        assert set(found["results"][0]) == {"username", "balance", "lifetime_earned", "rank_name"}
        assert (await it.data("balance.search", pattern="%"))["count"] == 0
        everybody = await it.data("balance.search", limit="2")
        assert [row["username"] for row in everybody["results"]] == ["axb", "Other_B"]
        assert (everybody["pattern"], everybody["count"]) == ("", 2)


async def test_transactions_list_pages_newest_first(tmp_path: Path) -> None:
    """Rows have the fields and the form of time that existing clients parse."""
    async with api(tmp_path) as it:
        await it.account("Alice", 100)
        for amount in (-10, -20):
            await it.data("balance.adjust", username="alice", amount=amount)
        page = await it.data("transactions.list", username="ALICE", limit=2)
        assert {key: page[key] for key in ("username", "channel", "limit", "offset")} == {
            "username": "Alice",
            "channel": CHANNEL,
            "limit": 2,
            "offset": 0,
        }
        newest = page["transactions"][0]
        assert [row["amount"] for row in page["transactions"]] == [-20, -10]
        assert list(newest) == [
            "id", "username", "channel", "amount", "type", "reason", "trigger_id",
            "related_user", "metadata", "created_at",
        ]  # fmt: skip
        assert re.fullmatch(r"2026-11-20 10:00:\d\d", newest["created_at"])
        rest = await it.data("transactions.list", username="alice", limit=2, offset=2)
        assert [row["amount"] for row in rest["transactions"]] == [100]
        nobody = await it.data("transactions.list", username="Nobody")
        assert (nobody["username"], nobody["transactions"]) == ("Nobody", [])


async def test_transactions_recent_shows_the_channel(tmp_path: Path) -> None:
    """The newest movements of all users; too large a limit is the largest one."""
    async with api(tmp_path) as it:
        await it.account("Alice", 1)
        await it.account("Bob", 2)
        recent = await it.data("transactions.recent", limit=100_000)
        assert (recent["channel"], recent["limit"]) == (CHANNEL, 500)
        assert [row["username"] for row in recent["transactions"]] == ["Bob", "Alice"]


async def test_float_counts_wallets(tmp_path: Path) -> None:
    """What all wallets hold, and how many there are; an empty channel has none."""
    async with api(tmp_path) as it:
        empty = {"channel": CHANNEL, "float": 0, "accounts": 0}
        assert await it.data("stats.float") == empty
        await it.account("Alice", 100)
        await it.account("Bob", 20)
        assert await it.data("stats.float") == empty | {"float": 120, "accounts": 2}


@pytest.mark.parametrize(
    "command", ["balance.get", "balance.search", "transactions.list", "stats.float"]
)
async def test_reading_needs_a_known_channel(tmp_path: Path, command: str) -> None:
    """Without channel or with a foreign one there is no data."""
    async with api(tmp_path) as it:
        code, text = await it.refused(command, channel="Elsewhere", username="alice")
        assert (code, "Elsewhere" in text) == ("unknown_channel", True)
        code, text = await it.refused(command, channel=None, username="alice")
        assert (code, text) == ("invalid_request", "channel is required")


async def test_reading_leaves_no_audit_line(tmp_path: Path) -> None:
    """The audit log is about changes."""
    async with api(tmp_path) as it:
        await it.data("balance.get", username="alice")
        await it.refused("balance.get")
        assert it.audit() == []


async def test_a_long_list_is_cut_where_the_bus_ends(tmp_path: Path) -> None:
    """What fits is sent, with where to go on; page by page everything arrives, once each."""
    async with api(tmp_path) as it:
        await it.account("Alice", 1000)
        for number in range(400):
            it.post(
                {
                    "command": "balance.adjust",
                    "channel": CHANNEL,
                    "username": "alice",
                    "amount": 1,
                    "reason": f"{number} " + "😀" * 490,
                }
            )
        await anyio.sleep(5)
        ids, offset = [], 0
        for _ in range(9):
            page = await it.data("transactions.list", username="alice", limit=500, offset=offset)
            assert len(json.dumps(page)) < 1_000_000
            ids += [row["id"] for row in page["transactions"]]
            if not page.get("truncated"):
                break
            assert page["next_offset"] == len(ids)
            offset = page["next_offset"]
        assert len(ids) == len(set(ids)) == 401
        assert offset > 0
        assert (await it.data("transactions.recent", limit=500))["truncated"] is True


async def test_a_search_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    """A misspelt pattern must not list everybody; what libraries add is no unknown key."""
    async with api(tmp_path) as it:
        await it.account("Alice", 1)
        code, text = await it.refused("balance.search", query="ali")
        assert (code, "pattern" in text) == ("invalid_request", True)
        assert (await it.data("balance.search", pattern="ali", service="economy"))["count"] == 1


async def test_the_other_user_is_spelled_as_they_spell_themself(tmp_path: Path) -> None:
    """The books keep names in lower case; lists show the account's spelling."""
    async with api(tmp_path) as it:
        await it.account("Alice", 1)
        await it.account("Bob", 1)
        user = UserKey.of(CHANNEL, "bob")
        await it.house.commit(
            Credit(
                "k", user, 5, "earn", "chat.kudos_received", "Kudos", it.house.now_ms,
                "2026-11-20", related_user="alice",
            )
        )  # fmt: skip
        page = await it.data("transactions.list", username="bob")
        assert page["transactions"][0]["related_user"] == "Alice"
