"""Hourly milestones, from the minute to the balance and the notice (`earning.md` 4)."""

from pathlib import Path
from typing import Any

from tests.actors.house import CHANNEL, START_MS, house
from tests.actors.presence.helpers import DAY, been_here, only, triggers

from economy_actors.messages.channel import MinutePassed, SettingsChanged
from kryten_economy.config import Settings
from kryten_economy.features.bans import Ban
from kryten_economy.features.presence.operations import ClaimMilestone
from kryten_economy.users import UserKey


def quiet_house(milestones: dict[int, int], **sections: Any) -> Settings:
    """Only these milestones pay."""
    return only(presence={"hourly_milestones": milestones}, **sections)


async def test_an_hour_pays_once_and_is_told(tmp_path: Path) -> None:
    """At 60 minutes and not before, one row and one notice, whatever comes after."""
    async with house(tmp_path / "e.db", quiet_house({1: 10})) as h:
        await h.join("Alice")
        await h.minutes(59)
        assert h.balance("alice") == 0
        await h.minutes(6)
        assert triggers(h, "alice") == [("dwell.1h", 10)]
        [notice] = h.pms("alice")
        assert "1 hour" in notice
        assert "10 Z" in notice


async def test_any_hours_value_works_and_pays_once(tmp_path: Path) -> None:
    """P-PRES-7: 2 and 5 hours are claimed like any other and never paid every minute."""
    async with house(tmp_path / "e.db", quiet_house({2: 7, 5: 9})) as h:
        await been_here(h, "Alice", 118)
        await h.join("Alice")
        await h.minutes(5)
        assert triggers(h, "alice") == [("dwell.2h", 7)]
        assert h.wallet("alice").minutes_today == 123  # type: ignore[union-attr]


async def test_several_milestones_pay_in_one_tick(tmp_path: Path) -> None:
    """After a restart everything reached and not claimed is caught up at once."""
    async with house(tmp_path / "e.db", quiet_house({1: 10, 3: 30, 6: 75})) as h:
        await been_here(h, "Alice", 200)
        await h.userlist(("Alice", 1), stored=True)
        await h.minutes(1)
        assert triggers(h, "alice") == [("dwell.1h", 10), ("dwell.3h", 30)]


async def test_the_full_day_is_met_at_1438_minutes(tmp_path: Path) -> None:
    """P-PRES-5: 1437 minutes are not a day, 1438 are."""
    async with house(tmp_path / "e.db", quiet_house({24: 1000})) as h:
        await been_here(h, "Alice", 1436)
        await h.join("Alice")
        await h.minutes(1)
        assert h.balance("alice") == 0
        await h.minutes(1)
        assert triggers(h, "alice") == [("dwell.24h", 1000)]


async def test_quiet_mode_mutes_the_notice_and_not_the_money(tmp_path: Path) -> None:
    """A notice nobody wants is not sent; the milestone is paid all the same."""
    async with house(tmp_path / "e.db", quiet_house({1: 10})) as h:
        await h.join("Alice")
        await h.pm("Alice", "quiet")
        told = len(h.pms("alice"))
        await h.minutes(61)
        assert (h.balance("alice"), len(h.pms("alice"))) == (10, told)


async def test_the_banned_claim_for_nothing(tmp_path: Path) -> None:
    """P-USR-6: skipped silently, and not paid later either."""
    async with house(tmp_path / "e.db", quiet_house({1: 10})) as h:
        await h.join("Mallory")
        await h.commit(Ban(UserKey(CHANNEL, "mallory"), "Mallory", "boss", "", h.now_ms))
        await h.minutes(62)
        assert (h.balance("mallory"), h.pms("mallory")) == (0, [])


async def test_what_was_withheld_by_the_gate_is_not_paid_later(tmp_path: Path) -> None:
    """`earning.md` 2.4: minutes count, the milestone is gone, the next one pays."""
    gated = quiet_house({1: 10, 2: 20}, onboarding={"min_account_age_minutes": 90})
    async with house(tmp_path / "e.db", gated) as h:
        await h.join("Alice")
        await h.minutes(125)
        assert triggers(h, "alice") == [("dwell.2h", 20)]


async def test_a_milestone_that_a_reload_adds_is_paid(tmp_path: Path) -> None:
    """New settings are new marks: what they ask for is looked at again."""
    async with house(tmp_path / "e.db", quiet_house({3: 30})) as h:
        await h.join("Alice")
        await h.minutes(65)
        h.context.live.settings = quiet_house({1: 10, 3: 30})
        h.channel.tell(SettingsChanged())
        await h.minutes(1)
        assert triggers(h, "alice") == [("dwell.1h", 10)]


async def test_another_service_cannot_pay_a_claimed_hour_again(tmp_path: Path) -> None:
    """Claims outlive the process and also a change of the reward (P-PRES-8)."""
    path = tmp_path / "e.db"
    async with house(path, quiet_house({1: 10})) as h:
        await h.join("Alice")
        await h.minutes(61)
    async with house(path, quiet_house({1: 99})) as h:
        await h.userlist(("Alice", 1), stored=True)
        await h.settle()
        for minute in range(62, 70):
            h.channel.tell(MinutePassed(START_MS + minute * 60_000))
            await h.settle()
        assert triggers(h, "alice") == [("dwell.1h", 10)]
        again = ClaimMilestone(
            "other", UserKey(CHANNEL, "alice"), h.now_ms, DAY, hours=1, amount_z=99
        )
        assert (await h.commit(again)).paid_z == 0
        assert h.balance("alice") == 10
