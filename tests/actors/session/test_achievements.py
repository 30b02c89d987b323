"""Achievements from an event or the clock to reward and message (`progression.md` 2)."""

from operator import methodcaller
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.house import CHANNEL, House, house, settings_with
from tests.unit.features.test_achievements import achievement

from economy_actors.messages.channel import Joined, MinutePassed, Said, SettingsChanged
from kryten_economy.config import Settings
from kryten_economy.features.bans import Ban, Unban
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
        await h.chat("Alice", "line 5")
        assert _rewards(h, "alice") == [50]
        assert len([line for line in h.lines() if "Did talker" in line]) == 1
        assert b"economy_achievements_awarded_total 1.0" in h.context.metrics.render()


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
        h.context.live.swap(_settings(achievement("first", "lifetime_messages", 1, reward=5)))
        h.channel.tell(SettingsChanged())
        await h.settle()
        assert (_won(h, "alice"), _won(h, "bob")) == (["first"], [])
        await h.minutes(10)
        await h.join("Bob")
        assert _won(h, "bob") == ["first"]


@pytest.mark.parametrize("hidden", [True, False])
@pytest.mark.parametrize("announce", [None, True])
async def test_a_hidden_one_is_announced_once_won(
    tmp_path: Path, hidden: bool, announce: bool | None
) -> None:
    """Hidden means not listed before; whoever wins it is told about in public like any other."""
    first = achievement("first", "lifetime_messages", 1, hidden=hidden, announce_public=announce)
    async with house(tmp_path / "e.db", _settings(first)) as h:
        await h.join("Alice")
        await h.chat("Alice", "hello")
        assert [line for line in h.lines() if "Alice" in line and "Did first" in line]


async def test_each_channel_has_achievements_of_its_own(tmp_path: Path) -> None:
    """What was won in one channel can be won in another, once in each."""
    first = achievement("first", "lifetime_messages", 1, reward=5)
    channels = (CHANNEL, "Other")
    async with house(tmp_path / "e.db", _settings(first), channels=channels) as h:
        for channel in channels:
            h.context.channels[channel].tell(Joined("Alice", 1, False, h.now_ms))
            await h.settle()
            for text in ("hello", "again"):
                h.context.channels[channel].tell(Said("Alice", text, h.now_ms))
                await h.settle()
        for user in (UserKey.of(channel, "alice") for channel in channels):
            assert len(h.report(methodcaller("awards", user))) == 1


async def test_the_casing_of_a_name_makes_no_second_winner(tmp_path: Path) -> None:
    """Alice and ALICE are one user (`storage.md` S5)."""
    first = achievement("first", "lifetime_messages", 1, reward=5)
    async with house(tmp_path / "e.db", _settings(first)) as h:
        for name in ("Alice", "ALICE"):
            await h.join(name)
            await h.chat(name, "hello")
            await h.leave(name)
            assert _rewards(h, "alice") == [5]


async def test_what_a_reward_of_a_reward_reaches_follows_at_once(tmp_path: Path) -> None:
    """Each reward is a fact of its own, and what it reaches follows from it."""
    tiers = [
        {"name": "Extra", "min_lifetime_earned": 0},
        {"name": "Grip", "min_lifetime_earned": 1_000},
    ]
    settings = _settings(
        achievement("one", "lifetime_earned", 1, reward=100),
        achievement("two", "lifetime_earned", 100, reward=1_000),
        achievement("three", "lifetime_earned", 1_000, reward=10_000),
        achievement("grip", "rank_reached", 1),
        ranks={"tiers": tiers},
        cytube_promotion={"min_rank": "Grip"},
    )
    async with house(tmp_path / "e.db", settings) as h:
        await h.join("Alice")
        await h.minutes(1)
        assert any("promoted to Grip" in text for text in h.pms("alice"))
        assert set(_won(h, "alice")) == {"one", "two", "grip", "three"}
        assert _rewards(h, "alice") == [10_000, 1_000, 100]


async def test_a_rank_set_by_hand_wins_at_once(tmp_path: Path) -> None:
    """`rank_reached` compares the tier that counts, and an admin's setting counts."""
    grip = achievement("grip", "rank_reached", 1, reward=5)
    async with house(tmp_path / "e.db", _settings(grip)) as h:
        await h.join("Alice")
        await h.join("Boss")
        await h.rank("Boss", 4)
        await h.pm("Boss", "set_rank alice Grip")
        assert _rewards(h, "alice") == [5]


async def test_a_streak_day_wins(tmp_path: Path) -> None:
    """`daily_streak` follows the day that makes it long enough."""
    loyal = achievement("loyal", "daily_streak", 2, reward=5)
    daily = {"daily": {"enabled": True, "min_presence_minutes": 2}}
    async with house(tmp_path / "e.db", _settings(loyal, streaks=daily)) as h:
        await h.join("Alice")
        await h.minutes(3)
        assert _won(h, "alice") == []
        await anyio.sleep(20 * 3600)
        h.channel.tell(MinutePassed(h.now_ms // 60_000 * 60_000))
        await h.minutes(3)
        assert _rewards(h, "alice") == [5]


async def test_the_banned_win_nothing_by_minutes_until_the_ban_is_lifted(tmp_path: Path) -> None:
    """What was reached before the ban is won at the first minute after it."""
    saver = achievement("saver", "lifetime_earned", 2, reward=5)
    async with house(tmp_path / "e.db", _settings()) as h:
        await h.join("Alice")
        await h.minutes(2)
        user = UserKey.of(CHANNEL, "alice")
        await h.commit(Ban(user, "Alice", "Boss", "", h.now_ms))
        h.context.live.swap(_settings(saver))
        h.channel.tell(SettingsChanged())
        await h.minutes(2)
        assert _won(h, "alice") == []
        await h.commit(Unban(user))
        await h.minutes(1)
        assert _rewards(h, "alice") == [5]


async def test_who_is_ignored_from_a_reload_on_wins_nothing_by_it(tmp_path: Path) -> None:
    """The same reload brings the achievement and the name on the list."""
    first = achievement("first", "lifetime_messages", 1, reward=5)
    async with house(tmp_path / "e.db", _settings()) as h:
        for name in ("Alice", "Bob"):
            await h.join(name)
            await h.chat(name, "hello")
        h.context.live.swap(_settings(first, ignored_users=["ALICE"]))
        h.channel.tell(SettingsChanged())
        await h.minutes(10)
        assert (_won(h, "alice"), _won(h, "bob")) == ([], ["first"])
