"""What operators ask of their channel, by message and by request (`progression.md` 7)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.actors.api.helpers import Api, api
from tests.actors.house import CHANNEL, settings_with

from kryten_economy.config import Settings
from kryten_economy.features.money.operations import Credit
from kryten_economy.features.reports.figures import figures_of
from kryten_economy.features.reports.snapshots import KeepSnapshot
from kryten_economy.users import UserKey

TODAY = "2026-11-20"
DAY_MS = 86_400_000


def plain(**sections: Any) -> Settings:
    """Nobody is given anything for coming."""
    return settings_with(
        **{
            "onboarding": {"welcome_wallet": 0},
            "tipping": {"min_account_age_minutes": 0},
            "achievements": [],
            "ranks": {"spend_discount_per_rank": 0.0},
            "vanity_shop": {"channel_gif": {"cost": 300}},
        }
        | sections
    )


@asynccontextmanager
async def staffed(path: Path, settings: Settings | None = None) -> AsyncIterator[Api]:
    """Boss runs the channel, Alice and Bob are here."""
    async with api(path, settings or plain()) as it:
        await it.house.join("Boss", 5)
        for name in ("Alice", "Bob"):
            await it.house.join(name)
        yield it


async def told(it: Api, text: str) -> str:
    return "\n".join(await it.house.pm("Boss", text))


async def test_stats_tell_the_size_and_the_day(tmp_path: Path) -> None:
    """Accounts, who is here, who was active, circulation, and what today has moved."""
    async with staffed(tmp_path) as it:
        await it.account("Alice", 2_000)
        await it.account("Gone", 5)
        await it.house.pm("Alice", "buy gif https://x.test/a.gif")
        assert await told(it, "econ:stats") == (
            "📊 Accounts 4 | Here now 3 | Active today 2\n"
            "In circulation: 2,005 Z (set aside: 300)\n"
            "Today (2026-11-20): earned 2,005, spent 300\n"
            "Games today: staked 0, paid 0, net +0"
        )


async def test_health_tells_where_the_coins_go(tmp_path: Path) -> None:
    """Change since the snapshot, median, participation, the day, and which way it goes."""
    async with staffed(tmp_path) as it:
        await it.account("Alice", 100)
        await it.account("Bob", 7)
        assert "no snapshot yet to compare with" in await told(it, "econ:health")
        found = it.house.report(lambda reports: figures_of(reports, CHANNEL, TODAY))
        await it.house.commit(KeepSnapshot(CHANNEL, found.as_snapshot(it.house.now_ms, 1.0)))
        await it.house.minutes(1)
        await it.house.pm("Alice", "tip Bob 20")
        await it.house.pm("Boss", "grant Bob 13")
        assert await told(it, "econ:health") == (
            "🩺 In circulation: 123 Z (+16 since 2026-11-20 10:00) | Median balance 41\n"
            "Participation today: 66.67 % (2 of 3 who were here)\n"
            "Today: earned 123, spent 0, games net +0\n"
            "Net flow: +123 Z, inflationary"
        )


async def test_health_tells_the_price_factor(tmp_path: Path) -> None:
    """Only where prices follow the circulation."""
    settings = plain(inflation={"enabled": True, "anchor_float": 100, "max_multiplier": 3})
    async with staffed(tmp_path, settings) as it:
        it.house.context.floats[CHANNEL] = 150
        assert "Prices are 1.500 times their base (inflation)." in await told(it, "econ:health")


async def test_triggers_are_told_by_hits_with_the_dead(tmp_path: Path) -> None:
    """Today, or seven days with `week`; users are distinct over all of them (P-TXT-11)."""
    settings = plain(
        chat_triggers={
            "long_message": {"min_chars": 30},
            "first_message_of_day": {"enabled": False},
            "conversation_starter": {"enabled": False},
        }
    )
    async with staffed(tmp_path, settings) as it:
        empty = await told(it, "econ:triggers")
        assert empty.splitlines()[1] == "No data: nothing has paid."
        assert "presence.base" in empty.splitlines()[-1]
        now_ms = it.house.now_ms
        first = Credit(
            "old", UserKey.of(CHANNEL, "Alice"), 9, "earn", "chat.long_message", "Long",
            now_ms - 3 * DAY_MS, "2026-11-17", create=True, display_name="Alice",
        )  # fmt: skip
        await it.house.commit(first)
        await it.house.commit(replace(first, op_id="older", day="2026-11-13"))
        await it.house.chat("Alice", "x" * 30)
        await it.house.minutes(1)
        today = (await told(it, "econ:triggers")).splitlines()
        assert today[:3] == [
            "📈 Triggers, today (2026-11-20)",
            "presence.base: 3 hits, 3 users, 3 Z",
            "chat.long_message: 1 hit, 1 user, 1 Z",
        ]
        assert today[-1].startswith("Without a hit: chat.")
        assert "presence.base" not in today[-1]
        week = (await told(it, "econ:triggers week")).splitlines()
        assert week[0] == "📈 Triggers, 2026-11-14 to 2026-11-20"
        assert "chat.long_message: 2 hits, 1 user, 10 Z" in week
        for wrong in ("econ:triggers month", "econ:triggers week week"):
            assert "econ:triggers [week]" in await told(it, wrong)


async def test_a_user_is_told_with_what_second_accounts_show_by(tmp_path: Path) -> None:
    """Balance, rank and who set it, games, what waits, tips of seven days by partner."""
    async with staffed(tmp_path) as it:
        h = it.house
        await it.account("Alice", 2_000)
        await it.account("Bob", 100)
        await h.pm("Alice", "buy gif https://x.test/a.gif")
        await h.pm("Bob", "tip Alice 30")
        await h.pm("Bob", "tip Alice 20")
        await h.pm("Alice", "tip Boss 5")
        await h.pm("Alice", "quiet")
        await h.pm("Boss", "set_rank Alice Gaffer")
        assert await told(it, "econ:user @aLICE") == (
            "👤 Alice | Balance 1,745 Z | Earned 2,000, spent 305 ever\n"
            "⭐ Rank: Gaffer (set by an admin) | 🏆 0 achievements\n"
            "Not banned.\n"
            "First seen 2026-11-20 10:00 | Last seen 2026-11-20 10:00 | Quiet on\n"
            "🎲 0 games, net +0 Z\n"
            "⏳ Waiting for approval: #1 channel_gif (300 Z)\n"
            "💸 Tips in 7 days: sent 5 Z in 1 (Boss 5) | received 50 Z in 2 (Bob 50)"
        )
        await h.pm("Boss", "ban Bob second account")
        bob = await told(it, "econ:user Bob")
        assert "🚫 Banned by Boss on 2026-11-20 10:00: second account" in bob
        assert "received none" in bob
        await h.pm("Boss", "ban Ghost")
        assert "Ghost has no account." in await told(it, "econ:user Ghost")


async def test_reports_are_for_admins_and_say_what_is_wrong(tmp_path: Path) -> None:
    """Others are refused; a name that nobody has, or none, is said to be so."""
    async with staffed(tmp_path) as it:
        for text in ("econ:stats", "econ:health", "econ:triggers", "econ:user Bob"):
            assert "needs admin rights" in "\n".join(await it.house.pm("Alice", text))
        assert "econ:user @user" in await told(it, "econ:user")
        assert "econ:user @user" in await told(it, "econ:user Alice Bob")
        assert "econ:user @user" in await told(it, "econ:user ???")
        assert "Nobody_here" in await told(it, "econ:user Nobody_here")
        assert it.house.wallet("Nobody_here") is None


async def test_summary_and_health_by_request(tmp_path: Path) -> None:
    """Field by field, with the games as `gambling.stats` tells them (admin-api.md 3)."""
    async with staffed(tmp_path) as it:
        await it.account("Alice", 2_000)
        await it.account("Bob", 7)
        await it.house.pm("Alice", "buy gif https://x.test/a.gif")
        await it.house.minutes(1)
        await it.house.commit(
            Credit(
                "old",
                UserKey.of(CHANNEL, "Bob"),
                9,
                "earn",
                "presence.base",
                "Here",
                it.house.now_ms - 6 * DAY_MS,
                "2026-11-14",
            )
        )
        totals = {"z_earned": 2_010, "z_spent": 300, "z_gambled_in": 0, "z_gambled_out": 0}
        assert await it.data("stats.summary") == {
            "channel": CHANNEL,
            "date": TODAY,
            "float": 2_019,
            "accounts": 3,
            "totals": totals,
            "gambling": await it.data("gambling.stats"),
            "net_flow_today": 1_710,
        }
        assert await it.data("stats.health") == {
            "channel": CHANNEL,
            "date": TODAY,
            "circulation": 2_019,
            "median_balance": 17,
            "accounts": 3,
            "active_today": 3,
            "daily": totals,
            "weekly": totals | {"z_earned": 2_019},
            "daily_net": 1_710,
            "participation_rate": 33.33,
        }


@pytest.mark.parametrize("command", ["stats.summary", "stats.health"])
async def test_a_channel_has_to_be_named(tmp_path: Path, command: str) -> None:
    """One that is not served, or none, is refused with its code."""
    async with staffed(tmp_path) as it:
        code, text = await it.refused(command, channel="elsewhere")
        assert code == "unknown_channel"
        code, text = await it.refused(command, channel=None)
        assert (code, "channel is required" in text) == ("invalid_request", True)
        code, _ = await it.refused(command, channel=7)
        assert code == "invalid_request"
