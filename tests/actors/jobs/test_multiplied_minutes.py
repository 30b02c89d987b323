"""Multipliers reach the balance (`earning.md` 2.1 and 9)."""

import json
from pathlib import Path
from typing import Any

from tests.actors.house import CHANNEL, PLAIN_MULTIPLIERS, house, settings_with

from kryten_economy.users import UserKey

NO_WALLET: dict[str, Any] = {"onboarding": {"welcome_wallet": 0}}
OFF_PEAK: dict[str, Any] = {"days": [5], "hours": [10], "multiplier": 2.0}
CROWD: dict[str, Any] = {"min_users": 2, "multiplier": 1.5}


async def test_each_minute_counts_threefold(tmp_path: Path) -> None:
    """Off-peak and a crowd of two make three coins of one, and the row says why (P-EARN-1)."""
    multipliers = PLAIN_MULTIPLIERS | {"off_peak": OFF_PEAK, "high_population": CROWD}
    settings = settings_with(**NO_WALLET, multipliers=multipliers)
    async with house(tmp_path / "economy.db", settings) as home:
        await home.join("Alice")
        await home.minutes(1)
        assert home.balance("Alice") == 2
        await home.join("Bob")
        await home.minutes(2)
        assert (home.balance("Alice"), home.balance("Bob")) == (8, 6)
        user = UserKey.of(CHANNEL, "Bob")
        row = home.report(lambda reports: reports.transactions(user, 1, 0))[0]
        row = json.loads(row.metadata)
        assert row["multiplier"] == 3.0
        assert [each["source"] for each in row["sources"]] == ["off_peak", "population"]


async def test_half_coins_are_paid_when_they_are_whole(tmp_path: Path) -> None:
    """One and a half coins a minute are 1, then 2 (P-EARN-2)."""
    multipliers = PLAIN_MULTIPLIERS | {"high_population": CROWD | {"min_users": 1}}
    settings = settings_with(**NO_WALLET, multipliers=multipliers)
    async with house(tmp_path / "economy.db", settings) as home:
        await home.join("Alice")
        await home.minutes(1)
        assert home.balance("Alice") == 1
        await home.minutes(1)
        assert home.balance("Alice") == 3


async def test_half_a_coin_waits_for_its_owner_to_return(tmp_path: Path) -> None:
    """Parts of a coin outlive a visit; they are stored with the minute (`earning.md` 2.2)."""
    multipliers = PLAIN_MULTIPLIERS | {"high_population": CROWD | {"min_users": 1}}
    settings = settings_with(**NO_WALLET, multipliers=multipliers)
    async with house(tmp_path / "economy.db", settings) as home:
        await home.join("Alice")
        await home.minutes(1)
        await home.leave("Alice")
        await home.minutes(6)
        await home.join("Alice")
        await home.minutes(1)
        assert home.balance("Alice") == 3


async def test_rank_makes_more_of_a_minute(tmp_path: Path) -> None:
    """The rank's part is added for those who have the rank."""
    ranks = {
        "earn_multiplier_per_rank": 1.0,
        "tiers": [{"name": "A", "min_lifetime_earned": 0}, {"name": "B", "min_lifetime_earned": 2}],
    }
    settings = settings_with(
        **NO_WALLET, ranks=ranks, cytube_promotion={"enabled": False, "min_rank": "A"}
    )
    async with house(tmp_path / "economy.db", settings) as home:
        await home.join("Alice")
        await home.minutes(2)
        assert home.balance("Alice") == 2
        await home.minutes(1)
        assert home.balance("Alice") == 4
