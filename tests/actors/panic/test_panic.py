"""Panic levels from the outside: an admin's PM or request goes in, money stands still or moves."""

from pathlib import Path

import anyio
from tests.actors.api.helpers import Api, api
from tests.actors.house import CHANNEL, House, house, settings_with

from economy_actors.exporter import check_health

MINUTE_S = 60.0
SETTINGS = settings_with(
    presence={"base_rate_per_minute": 1, "active_bonus_per_minute": 0},
    onboarding={"welcome_wallet": 0, "min_account_age_minutes": 0, "min_messages": 0},
    gambling={"min_account_age_minutes": 0, "heist": {"enabled": True}},
    tipping={"min_account_age_minutes": 0},
    streaks={"daily": {"enabled": False}, "weekend_weekday_bridge": {"enabled": False}},
)


def level(home: House, what: str) -> float | None:
    """The gauge."""
    labels = {"channel": CHANNEL, "what": what}
    return home.context.metrics.registry.get_sample_value("economy_panic_level", labels)


async def _open(it: Api, *names: str, z: int = 100) -> None:
    await it.house.join("Boss", rank=5)
    for name in names:
        await it.account(name, z)
        await it.house.join(name)


async def _minute(home: House, count: int = 1) -> None:
    await home.minutes(count)


async def test_paused_earning_pays_nobody_and_ends_by_itself(tmp_path: Path) -> None:
    """Minutes count on and pay nothing; who asks is told once; after the time they pay again."""
    async with api(tmp_path, SETTINGS) as it:
        home = it.house
        await _open(it, "Alice")
        await _minute(home, 2)
        paid_z = home.balance("Alice")
        assert paid_z > 100
        (said,) = await home.pm("Boss", "pause earning 30m a trigger pays too much")
        assert "Earning is paused until" in said
        assert "a trigger pays too much" in said
        await _minute(home, 3)
        assert home.balance("Alice") == paid_z
        wallet = home.wallet("Alice")
        assert wallet is not None
        assert wallet.minutes_today >= 4
        assert level(home, "earning") == 1
        told = ["\n".join(await home.pm("Alice", "balance")) for _ in range(2)]
        assert ["Earning is paused here until" in text for text in told] == [True, False], told
        await _minute(home, 30)
        assert level(home, "earning") == 0
        await _minute(home, 2)
        assert home.balance("Alice") > paid_z


async def test_a_pause_ends_in_time_over_a_restart(tmp_path: Path) -> None:
    """It holds in the next process to its end, and one that ran out meanwhile is over at once."""
    path = tmp_path / "economy.db"
    async with house(path, SETTINGS) as home:
        await home.join("Boss", rank=5)
        await home.pm("Boss", "pause games 30m")
        await home.pm("Boss", "freeze @Alice 10m")
        await home.pm("Boss", "read-only")
        later_ms = home.now_ms + 20 * 60_000
    async with house(path, SETTINGS, start_ms=later_ms) as home:
        await home.settle()
        assert (level(home, "games"), level(home, "freeze"), level(home, "read-only")) == (1, 0, 1)
        await home.join("Boss", rank=5)
        (said,) = await home.pm("Boss", "panic")
        assert "Games are paused until" in said
        assert "Alice" not in said
        await anyio.sleep(9 * MINUTE_S)
        await home.settle()
        assert level(home, "games") == 1
        await anyio.sleep(2 * MINUTE_S)
        await home.settle()
        assert (level(home, "games"), level(home, "read-only")) == (0, 1)


async def test_paused_games_take_no_stake(tmp_path: Path) -> None:
    """A spin is refused with its end, and a round that has begun is played to its end."""
    async with api(tmp_path, SETTINGS) as it:
        home = it.house
        await _open(it, "Alice")
        hand = (await home.pm("Alice", "blackjack 10"))[-1]
        before = home.balance("Alice")
        await home.pm("Boss", "pause games 1h")
        for command in ("spin 10", "flip 10", "heist 20"):
            (said,) = await home.pm("Alice", command)
            assert "Games are paused by an admin until" in said, (command, said)
        assert home.balance("Alice") == before
        if "hit" in hand:
            await home.pm("Alice", "stand")
        held = home.report(lambda reports: reports.open_holds(CHANNEL))
        assert held == ()
        await home.pm("Boss", "resume games")
        assert "paused" not in (await home.pm("Alice", "spin 10"))[0]


async def test_paused_spending_and_read_only(tmp_path: Path) -> None:
    """A tip is refused under both, games under one; questions and help are answered."""
    async with api(tmp_path, SETTINGS) as it:
        home = it.house
        await _open(it, "Alice", "Bob")
        await home.pm("Boss", "pause spending")
        (said,) = await home.pm("Alice", "tip @Bob 5")
        assert "Spending is paused by an admin until further notice" in said
        assert "paused" not in (await home.pm("Alice", "flip 10"))[0]
        balance = home.balance("Alice")
        await home.pm("Boss", "resume all")
        await home.pm("Boss", "read-only 1h")
        for command in ("tip @Bob 5", "flip 10"):
            (said,) = await home.pm("Alice", command)
            assert "No money moves here by an admin's order until" in said
        (said,) = await home.pm("Boss", "grant @Alice 5")
        assert "No money moves here" in said
        assert f"{balance}" in (await home.pm("Alice", "balance"))[0]
        assert await home.pm("Alice", "help")
        await _minute(home, 2)
        assert home.balance("Alice") == balance
        code, text = await it.refused("balance.adjust", username="Alice", amount=5)
        assert (code, "No money moves" in text) == ("unavailable", True)
        await home.pm("Boss", "resume read-only")
        assert "Bob" in (await home.pm("Alice", "tip @Bob 5"))[0]
        assert home.balance("Alice") == balance - 5


async def test_a_frozen_user_neither_earns_nor_spends(tmp_path: Path) -> None:
    """They are told why and until when, and so is whoever would pay them; others go on."""
    async with api(tmp_path, SETTINGS) as it:
        home = it.house
        await _open(it, "Alice", "Bob")
        await _minute(home)
        (said,) = await home.pm("Boss", "freeze @alice 1h odd wins")
        assert "Alice is frozen until" in said
        assert [each for each in home.pms("Alice") if "frozen your account" in each]
        before = (home.balance("Alice"), home.balance("Bob"))
        (said,) = await home.pm("Alice", "tip @Bob 5")
        assert "An admin has frozen your account until" in said
        (said,) = await home.pm("Bob", "tip @Alice 5")
        assert "is frozen by an admin until" in said
        assert await home.pm("Alice", "balance")
        await _minute(home, 2)
        assert home.balance("Alice") == before[0]
        assert home.balance("Bob") > before[1]
        (said,) = await home.pm("Boss", "resume @Alice")
        assert "thawed" in said
        assert "no longer frozen" in home.pms("Alice")[-1]
        assert "Bob" in (await home.pm("Alice", "tip @Bob 5"))[0]


async def test_orders_that_are_no_orders(tmp_path: Path) -> None:
    """Wrong words and times are told with what is allowed, and change nothing."""
    async with api(tmp_path, SETTINGS) as it:
        home = it.house
        await _open(it, "Alice")
        for command, says in (
            ("pause", "pause earning|games|spending"),
            ("pause all", "pause earning|games|spending"),
            ("pause games 5x", "no time"),
            ("pause games 31d", "30d"),
            ("pause games 0m", "no time"),
            ("freeze", "freeze @user"),
            ("freeze @boss", "yourself"),
            ("freeze @ZCoinBot", "That's me"),
            ("resume", "resume earning"),
            ("resume games", "Nothing is paused here"),
            ("panic", "Nothing is stopped"),
        ):
            (said,) = await home.pm("Boss", command)
            assert says in said, (command, said)
        for command in ("pause games", "read-only", "freeze @boss", "resume all", "panic"):
            (said,) = await home.pm("Alice", command)
            assert "admin" in said or "moderator" in said or "may" in said, said
        assert home.context.halts[CHANNEL].value == ()


async def test_by_request(tmp_path: Path) -> None:
    """Set, state and clear; audited; health and the gauges tell it, and nothing is amiss."""
    async with api(tmp_path, SETTINGS) as it:
        await _open(it, "Alice")
        done = await it.data(
            "panic.set", **{"what": "games", "for": "2h", "reason": "Odd", "admin": "Zed"}
        )
        assert done["set"]["what"] == "games"
        assert done["set"]["until"] == "2026-11-20 12:00:00"
        frozen = await it.data("panic.set", what="freeze", username="@Alice")
        assert (frozen["set"]["username"], frozen["set"]["until"]) == ("Alice", None)
        state = await it.data("panic.state")
        assert {each["what"] for each in state["panic"]} == {"games", "freeze"}
        health = await it.data("system.health")
        assert any(
            "Games are paused until 2026-11-20 12:00 UTC" in each for each in health["panic"]
        )
        found = (await check_health(it.house.context)).as_json()
        assert found["panic"] == health["panic"]
        assert not [each for each in found["problems"] if "paused" in each]  # type: ignore[attr-defined]
        assert [(line.admin, line.command) for line in it.audit()][:1] == [("Zed", "panic.set")]
        cleared = await it.data("panic.clear", what="freeze", username="alice")
        assert [each["username"] for each in cleared["ended"]] == ["Alice"]
        assert [each["what"] for each in (await it.data("panic.clear"))["ended"]] == ["games"]
        assert (await it.data("panic.clear"))["ended"] == []
        for fields, says in (
            ({}, "what is required"),
            ({"what": "all"}, "what must be one of"),
            ({"what": "games", "for": "soon"}, "for must be a time"),
            ({"what": "freeze"}, "username is required"),
            ({"what": "games", "username": "Alice"}, "goes with what 'freeze' only"),
        ):
            code, text = await it.refused("panic.set", **fields)
            assert (code, says in text) == ("invalid_request", True), text
        code, text = await it.refused("panic.clear", what="freeze")
        assert (code, "username is required" in text) == ("invalid_request", True)


async def test_a_refusal_has_its_code(tmp_path: Path) -> None:
    """Callers tell a pause from a failure: disabled, unavailable for a while, or banned."""
    async with api(tmp_path, SETTINGS) as it:
        await _open(it, "Alice", z=50_000)
        for fields, code in (
            ({"what": "spending"}, "disabled"),
            ({"what": "read-only"}, "unavailable"),
            ({"what": "freeze", "username": "Alice"}, "banned"),
        ):
            await it.data("panic.set", **fields)
            asked = {"duration_sec": 600, "tier": "queue"}
            preview = await it.data("spending.queue_preview", username="Alice", **asked)
            assert (preview["available"], preview["error_code"]) == (False, code)
            whom = {"channel": CHANNEL, "username": "Alice", "request_id": "r-1"}
            answer = await it.raw({"command": "spending.queue"} | whom | asked)
            assert answer["error_code"] == code, answer
            await it.data("panic.clear")
        assert it.house.balance("Alice") == 50_000
