"""Ranks, leaderboards and accounts by request (`admin-api.md` 3, 6)."""

from pathlib import Path

import pytest
from tests.actors.api.helpers import api
from tests.actors.house import CHANNEL


async def test_a_rank_is_set_and_given_back(tmp_path: Path) -> None:
    """`rank.set` takes a tier in any casing or ``auto``; the user is told, the act is logged."""
    async with api(tmp_path) as it:
        await it.account("Alice", 10)
        answer = await it.data("rank.set", username="alice", rank_name="key grip", admin="Zed")
        assert answer.pop("undo_id") == 1
        assert answer == {"username": "Alice", "channel": CHANNEL, "rank_name": "Key Grip"}
        assert (await it.data("balance.get", username="alice"))["rank_name"] == "Key Grip"
        assert any("Key Grip" in text for text in it.house.pms("alice"))
        answer = await it.data("rank.set", username="alice", rank_name="auto")
        assert answer["rank_name"] == "Extra"
        assert [line.admin for line in it.audit()] == ["Zed", "system"]


async def test_a_rank_that_can_not_be_set_is_refused(tmp_path: Path) -> None:
    """An unknown tier, an unknown user, a missing name."""
    async with api(tmp_path) as it:
        await it.account("Alice", 10)
        code, text = await it.refused("rank.set", username="alice", rank_name="Emperor")
        assert code == "invalid_request"
        assert "Studio Mogul" in text
        code, _ = await it.refused("rank.set", username="ghost", rank_name="auto")
        assert code == "not_found"
        code, _ = await it.refused("rank.set", username="alice")
        assert code == "invalid_request"


async def test_leaderboards_have_their_fields(tmp_path: Path) -> None:
    """Each category and each alias has the fields existing callers read; unknown ones fail."""
    async with api(tmp_path) as it:
        await it.account("Alice", 20)
        await it.account("Bob", 900)
        await it.house.join("Carol")
        await it.house.minutes(1)
        data = await it.data("leaderboard", category="balances", limit=2)
        assert data == {
            "channel": CHANNEL,
            "category": "balances",
            "rows": [
                {"username": "Bob", "balance": 900, "rank_name": "Extra"},
                {"username": "Carol", "balance": 101, "rank_name": "Extra"},
            ],
        }
        data = await it.data("leaderboard")
        assert {"username": "Carol", "earned_today": 101} in data["rows"]
        data = await it.data("leaderboard", category="all", limit=1)
        assert data["rows"][0] == {
            "username": "Bob",
            "lifetime_earned": 900,
            "rank_name": "Extra",
        }
        data = await it.data("leaderboard", category="ranks")
        assert data == {"channel": CHANNEL, "category": "ranks", "distribution": {"Extra": 3}}
        code, text = await it.refused("leaderboard", category="losers")
        assert code == "invalid_request"
        assert "earners" in text


@pytest.mark.parametrize(("earned_z", "percent"), [(1, 0.1), (804, 80.4), (806, 80.6), (999, 99.9)])
async def test_progress_has_a_place_behind_the_point(
    tmp_path: Path, earned_z: int, percent: float
) -> None:
    """Of the lifetime figure that the next rank takes."""
    async with api(tmp_path) as it:
        await it.account("Alice", earned_z)
        found = await it.data("account.summary", username="alice")
        assert found["next_rank"]["progress_percent"] == percent


async def test_progress_is_rounded_to_the_nearest(tmp_path: Path) -> None:
    """As web pages have always got it."""
    async with api(tmp_path) as it:
        await it.account("Alice", 3_333)
        found = await it.data("account.summary", username="alice")
        assert found["next_rank"]["progress_percent"] == 66.7


async def test_an_account_summary_has_what_the_web_page_shows(tmp_path: Path) -> None:
    """Rank, next rank, perks, discount, prices before and after the discount; no row is made."""
    async with api(tmp_path) as it:
        assert await it.data("account.summary", username="ghost") == {
            "found": False,
            "username": "ghost",
            "channel": CHANNEL,
        }
        await it.house.join("Alice")
        await it.data("rank.set", username="alice", rank_name="Gaffer")
        data = await it.data("account.summary", username="ALICE")
        assert data["found"] is True
        assert (data["username"], data["balance"], data["lifetime_earned"]) == ("Alice", 100, 100)
        assert data["rank"] == {
            "name": "Gaffer",
            "index": 3,
            "level": 4,
            "tier_count": 10,
            "min_lifetime_earned": 15_000,
        }
        assert data["next_rank"] == {
            "name": "Best Boy",
            "min_lifetime_earned": 40_000,
            "remaining": 39_900,
            "progress_percent": 0.2,
        }
        assert data["spend_discount_percent"] == 6.0
        assert "rain drops +20%" in data["perks"]
        assert data["vanity"] == {"custom_greeting": None, "custom_color": None}
        assert data["vanity_costs"]["custom_greeting"] == 5_000
        assert data["vanity_final_costs"]["custom_greeting"] == 4_700
        assert data["vanity_enabled"]["shoutout"] is True
        assert (data["quiet_mode"], data["banned"], data["streak"]) == (False, False, 0)
        await it.data("rank.set", username="alice", rank_name="studio mogul")
        assert (await it.data("account.summary", username="alice"))["next_rank"] is None


async def test_a_user_in_detail(tmp_path: Path) -> None:
    """Every account field is there under its old name; times are UTC in the old form."""
    async with api(tmp_path) as it:
        assert (await it.data("user.detail", username="ghost"))["found"] is False
        await it.house.join("Alice")
        await it.data("user.ban", username="alice")
        data = await it.data("user.detail", username="alice")
        assert (data["found"], data["banned"], data["achievements"]) == (True, True, [])
        account = data["account"]
        assert (account["username"], account["balance"]) == ("Alice", 100)
        assert account["economy_banned"] is account["welcome_wallet_claimed"] is True
        assert account["first_seen"].startswith("2026-11-20 10:")
        assert account["rank_name"] == "Extra"
        assert data["gambling"]["net_profit"] == 0


async def test_who_opted_out_is_on_no_leaderboard_of_the_api(tmp_path: Path) -> None:
    """'quiet top' counts for requests as well; the counts per rank name nobody."""
    async with api(tmp_path) as it:
        await it.house.join("Alice")
        await it.house.join("Bob")
        await it.house.pm("Alice", "quiet top")
        for category in ("earners", "rich", "lifetime"):
            rows = (await it.data("leaderboard", category=category))["rows"]
            assert [row["username"] for row in rows] == ["Bob"]
        assert (await it.data("leaderboard", category="ranks"))["distribution"] == {"Extra": 2}
