"""Emotes from the list to the day's count and the achievement (`earning.md` 8.6, P-EARN-9)."""

from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import apsw
import pytest
from tests.actors.api.helpers import spawn
from tests.actors.house import CHANNEL, NO_TRIGGERS, START_MS, House, house, settings_with
from tests.unit.features.test_achievements import achievement

from economy_actors.messages.channel import ChannelMessage, EmoteChanged, EmotesListed, RoomStored
from economy_actors.messages.gateway import GatewayMessage, ReadRoom
from economy_actors.runtime import Actor
from kryten_economy.config import Settings
from kryten_economy.features.bans import Ban
from kryten_economy.users import UserKey

KAPPA, PEPE, NEW = ":kappa:", "/pepe", ":new:"
LISTED = EmotesListed(frozenset({KAPPA, PEPE}))
HOUR_S = 3600
LATE_MS = START_MS + 13 * HOUR_S * 1000
"""An hour before midnight."""


async def tell(home: House, message: ChannelMessage) -> None:
    home.channel.tell(message)
    await home.settle()


def used_today(home: House, name: str) -> int:
    """What the daily competitions count."""
    with closing(apsw.Connection(str(home.path))) as books:
        return sum(
            row[0]
            for row in books.execute(
                "SELECT unique_emotes_used FROM daily_activity AS d"
                " JOIN account AS a ON a.id = d.account_id WHERE a.name = ? AND d.day = ?",
                (name.lower(), home.context.live.calendar.day(home.now_ms)),
            )
        )


async def test_distinct_emotes_of_a_day(tmp_path: Path) -> None:
    """Whole tokens in their own casing, each name once a day, whatever else is in the line."""
    async with house(tmp_path / "e.db") as home:
        await home.join("Alice")
        await home.chat("Alice", f"{KAPPA} that nobody knows yet")
        assert used_today(home, "Alice") == 0
        await tell(home, LISTED)
        await home.chat("Alice", f"{KAPPA} {KAPPA} x{PEPE} {KAPPA}! :KAPPA:")
        assert used_today(home, "Alice") == 1
        await home.chat("Alice", f"again {KAPPA}")
        await home.chat("Alice", f"and\n{PEPE}")
        assert used_today(home, "Alice") == 2


async def test_a_new_day_counts_anew(tmp_path: Path) -> None:
    """The same emote counts once more after midnight."""
    async with house(tmp_path / "e.db", start_ms=LATE_MS) as home:
        await home.join("Alice")
        await tell(home, LISTED)
        await home.chat("Alice", f"{KAPPA} {PEPE}")
        assert used_today(home, "Alice") == 2
        await anyio.sleep(2 * HOUR_S)
        await home.chat("Alice", KAPPA)
        assert used_today(home, "Alice") == 1


async def test_the_list_changes(tmp_path: Path) -> None:
    """An emote counts from its event on, and no longer after its removal; a list replaces all."""
    async with house(tmp_path / "e.db") as home:
        await home.join("Alice")
        await tell(home, LISTED)
        await tell(home, EmoteChanged(NEW, True))
        await tell(home, EmoteChanged(KAPPA, False))
        await home.chat("Alice", f"{KAPPA} {NEW}")
        assert used_today(home, "Alice") == 1
        await tell(home, EmotesListed(frozenset({KAPPA})))
        await home.chat("Alice", f"{KAPPA} {PEPE}")
        assert used_today(home, "Alice") == 2


async def test_the_stored_list(tmp_path: Path) -> None:
    """A store that has no list, or can't be read, takes nothing away."""
    async with house(tmp_path / "e.db") as home:
        await home.join("Alice")
        await tell(home, RoomStored(frozenset({KAPPA, PEPE}), None))
        await home.chat("Alice", KAPPA)
        await tell(home, RoomStored(None, None))
        await home.chat("Alice", PEPE)
        assert used_today(home, "Alice") == 2
        await tell(home, RoomStored(frozenset(), None))
        await home.chat("Alice", f"{KAPPA} {PEPE}")
        assert used_today(home, "Alice") == 2


async def test_the_banned_use_none(tmp_path: Path) -> None:
    """8.6: their counters do not change."""
    async with house(tmp_path / "e.db") as home:
        await tell(home, LISTED)
        await home.join("Mallory")
        await home.commit(Ban(UserKey(CHANNEL, "mallory"), "Mallory", "boss", "", home.now_ms))
        await home.chat("Mallory", KAPPA)
        assert used_today(home, "Mallory") == 0


class _Gateway(Actor[GatewayMessage]):
    """Counts how often the store is to be read."""

    def __init__(self, asked: list[str]) -> None:
        self._asked = asked

    async def receive(self, message: GatewayMessage) -> None:
        if isinstance(message, ReadRoom):
            self._asked.append(message.channel)


async def test_the_store_is_read_once_an_hour(tmp_path: Path) -> None:
    """With the first minute of each hour, also where that is not the hour's own first."""
    asked: list[str] = []
    async with house(tmp_path / "e.db", start_ms=START_MS + 58 * 60_000) as home:
        await home.settle()
        home.context.gateway = spawn(home, "gateway", lambda: _Gateway(asked))
        await home.minutes(1)
        assert asked == []
        await home.minutes(2)
        assert asked == [CHANNEL]
        await anyio.sleep(HOUR_S + 300)
        await home.minutes(2)
        assert asked == [CHANNEL] * 2


def collecting(threshold: int, **sections: Any) -> Settings:
    goal = achievement(
        "collector", "unique_emotes_used_lifetime", threshold, reward=9, hidden=False
    )
    return settings_with(onboarding={"welcome_wallet": 0}, achievements=[goal], **sections)


@pytest.mark.parametrize("paid", [False, True])
async def test_collecting_emotes_wins(tmp_path: Path, paid: bool) -> None:
    """Distinct emotes of all days count, whether the line pays for something else or not."""
    terms = {"long_message": {"enabled": paid, "min_chars": 3, "reward": 1}}
    settings = collecting(3, chat_triggers=NO_TRIGGERS["chat_triggers"] | terms)
    async with house(tmp_path / "e.db", settings, start_ms=LATE_MS) as home:
        await home.join("Alice")
        await tell(home, EmotesListed(frozenset({KAPPA, PEPE, NEW})))
        await home.chat("Alice", f"{KAPPA} {KAPPA} {PEPE}")
        assert home.balance("Alice") == int(paid)
        assert any("2/3" in text for text in await home.pm("Alice", "achievements"))
        await anyio.sleep(2 * HOUR_S)
        await home.chat("Alice", NEW)
        assert home.balance("Alice") == 9 + 2 * int(paid)
        assert any("Did collector" in text for text in home.pms("Alice"))
        await home.chat("Alice", f"{KAPPA} {PEPE} {NEW}")
        assert home.balance("Alice") == 9 + 3 * int(paid)
