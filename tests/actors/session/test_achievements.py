"""Achievements from an event or the clock to reward and message (`spec/progression.md` 2)."""

from pathlib import Path
from typing import Any

import pytest
from tests.actors.house import CHANNEL, House, house, settings_with
from tests.unit.rules.test_achievements import achievement

from economy_actors.channel.messages import SettingsChanged
from kryten_economy.config import Settings
from kryten_economy.ledger import Ban
from kryten_economy.users import UserKey

NO_WALLET = {"onboarding": {"welcome_wallet": 0}}


def _settings(*achievements: dict[str, Any], **sections: Any) -> Settings:
    return settings_with(**(NO_WALLET | sections), achievements=list(achievements))


def _won(h: House, name: str) -> list[str]:
    return [
        row.achievement_id
        for row in h.report(lambda reports: reports.awards(UserKey.of(CHANNEL, name)))
    ]


def _rewards(h: House, name: str) -> list[int]:
    user = UserKey.of(CHANNEL, name)
    rows = h.report(lambda reports: reports.transactions(user, 200))
    return [row.amount_z for row in rows if row.type == "achievement"]


async def test_the_chat_line_that_counts_wins(tmp_path: Path) -> None:
    """At the third message: reward, PM, public line, metric; never a second time."""
    talker = achievement("talker", "lifetime_messages", 3, reward=50)
    async with house(tmp_path / "e.db", _settings(talker)) as h:
        await h.join("Alice")
        for number in range(2):
            await h.chat("Alice", f"line {number}")
        assert _won(h, "alice") == []
        await h.chat("Alice", "line 3")
        assert _won(h, "alice") == ["talker"]
        assert _rewards(h, "alice") == [50]
        assert any("Did talker" in text and "50 Z" in text for text in h.pms("alice"))
        assert [line for line in h.lines() if "Alice" in line and "Did talker" in line]
        await h.chat("Alice", "line 4")
        h.world.won.clear()
        await h.chat("Alice", "line 5")
        assert _rewards(h, "alice") == [50]
        assert len([line for line in h.lines() if "Did talker" in line]) == 1
        assert b"economy_achievements_awarded_total 1.0" in h.world.metrics.render()


async def test_hours_are_looked_at_every_ten_minutes(tmp_path: Path) -> None:
    """An hour in the channel wins at the tick of the tenth minute at the latest."""
    settler = achievement("settler", "lifetime_presence_hours", 1, reward=7)
    async with house(tmp_path / "e.db", _settings(settler)) as h:
        await h.join("Alice")
        await h.minutes(59)
        assert _won(h, "alice") == []
        await h.minutes(11)
        assert _won(h, "alice") == ["settler"]
        assert _rewards(h, "alice") == [7]


async def test_minutes_alone_win_what_is_measured_in_earnings(tmp_path: Path) -> None:
    """`lifetime_earned` follows every credit, a presence minute's too, at that tick."""
    saver = achievement("saver", "lifetime_earned", 3, reward=9)
    async with house(tmp_path / "e.db", _settings(saver)) as h:
        await h.join("Alice")
        await h.minutes(2)
        assert _won(h, "alice") == []
        await h.minutes(2)
        assert _won(h, "alice") == ["saver"]
        assert _rewards(h, "alice") == [9]


async def test_a_promotion_wins_and_its_reward_may_win_once_more(tmp_path: Path) -> None:
    """`rank_reached` follows the promotion; its reward reaches `lifetime_earned` in one pass."""
    tiers = [
        {"name": "Extra", "min_lifetime_earned": 0},
        {"name": "Grip", "min_lifetime_earned": 2},
    ]
    settings = _settings(
        achievement("grip", "rank_reached", 1, reward=100),
        achievement("rich", "lifetime_earned", 100, reward=0, reward_percent_of_earnings=10),
        ranks={"tiers": tiers},
        cytube_promotion={"min_rank": "Grip"},
    )
    async with house(tmp_path / "e.db", settings) as h:
        await h.join("Alice")
        await h.minutes(2)
        assert sorted(_won(h, "alice")) == ["grip", "rich"]
        assert sorted(_rewards(h, "alice")) == [10, 100]


@pytest.mark.parametrize("how", ["quiet", "announce_public", "gate"])
async def test_what_is_muted_is_won_all_the_same(tmp_path: Path, how: str) -> None:
    """Quiet mutes the PM; the gate and ``announce_public: false`` mute the public line."""
    first = achievement("first", "lifetime_messages", 1, reward=5)
    gate = {"achievement_milestone": how != "gate"}
    if how == "announce_public":
        first["announce_public"] = False
    async with house(tmp_path / "e.db", _settings(first, announcements=gate)) as h:
        await h.join("Alice")
        if how == "quiet":
            await h.pm("Alice", "quiet")
        h.heard.clear()
        await h.chat("Alice", "hello")
        assert _rewards(h, "alice") == [5]
        assert any("Did first" in text for text in h.pms("alice")) == (how != "quiet")
        assert any("Did first" in text for text in h.lines()) == (how == "quiet")


async def test_the_banned_win_nothing(tmp_path: Path) -> None:
    """P-USR-6: a ban stops achievements as it stops every credit."""
    first = achievement("first", "lifetime_messages", 1, reward=5)
    async with house(tmp_path / "e.db", _settings(first)) as h:
        await h.join("Alice")
        await h.commit(Ban(UserKey.of(CHANNEL, "alice"), "Alice", "Boss", "", h.now_ms))
        await h.chat("Alice", "hello")
        assert _won(h, "alice") == []


async def test_achievements_of_a_reload_are_given_to_those_who_are_here(tmp_path: Path) -> None:
    """Whoever is connected is looked at once; others at their next arrival."""
    async with house(tmp_path / "e.db", _settings()) as h:
        await h.join("Alice")
        await h.chat("Alice", "hello")
        await h.join("Bob")
        await h.chat("Bob", "hello")
        await h.leave("Bob")
        h.world.live.swap(_settings(achievement("first", "lifetime_messages", 1, reward=5)))
        h.channel.tell(SettingsChanged())
        await h.settle()
        assert (_won(h, "alice"), _won(h, "bob")) == (["first"], [])
        await h.minutes(10)
        await h.join("Bob")
        assert _won(h, "bob") == ["first"]
