"""Who takes part, from CyTube's own events to balances (`earning.md` 1)."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.earning.street import earned, paying, street
from tests.actors.house import CHANNEL

from kryten_economy.config import Settings
from kryten_economy.users import UserKey

ALL = (
    "long_message",
    "laugh_received",
    "kudos_received",
    "first_message_of_day",
    "conversation_starter",
    "first_after_media_change",
    "comment_during_media",
    "greeted_newcomer",
    "mentioned_by_other",
)
FIRST_LINE = [
    ("chat.first_message_of_day", 5),
    ("chat.conversation_starter", 10),
    ("content.first_after_media_change", 3),
]


def _settings(**sections: Any) -> Settings:
    rain = {"enabled": True, "interval_minutes": 1, "min_amount": 7, "max_amount": 7}
    return paying(*ALL, **({"rain": rain, "ignored_users": ["halBOT"]} | sections))


@pytest.mark.parametrize("name", ["HalBot", "HALBOT", "ZCoinBot", "zcoinBOT"])
async def test_the_ignored_and_the_bot_take_no_part(tmp_path: Path, name: str) -> None:
    """P-USR-11: no session, no row, no count, no claim, no joke; nobody is paid on their account.

    What they say does not break a silence, in any casing of the name.
    """
    async with street(tmp_path / "e.db", _settings()) as it:
        home = it.house
        await it.join("Alice")
        await it.join(name)
        assert await home.present() == {"Alice"}
        await it.play("a")
        await it.chat(name, "a joke of more than thirty characters, Alice++ welcome Alice")
        assert earned(home, "Alice") == [[]]
        await it.chat("Alice", f"hi {name} {name}++ lol")
        assert earned(home, "Alice") == [FIRST_LINE]
        await anyio.sleep(540)
        await it.chat(name, "still here")
        drops = 7 * len(home.lines())
        before = home.balance("Alice")
        assert before == 18 + drops
        await anyio.sleep(60)
        await it.chat("Alice", "ok")
        assert ("chat.conversation_starter", 10) in earned(home, "Alice")[0][3:]
        assert await it.whisper(name, "balance") == []
        await home.minutes(1)
        assert home.wallet(name) is None
        assert home.pms(name.lower()) == []


async def test_a_bot_joined_by_name_only_is_a_user(tmp_path: Path) -> None:
    """Only `ignored_users` and `bot.username` decide who is a bot."""
    async with street(tmp_path / "e.db", paying("first_message_of_day")) as it:
        await it.join("HalBot")
        await it.chat("HalBot", "beep")
        assert it.house.balance("HalBot") == 5


async def test_the_shadow_muted_are_present_and_not_heard(tmp_path: Path) -> None:
    """P-USR-12: their lines and PMs are dropped first; minutes of presence are paid."""
    settings = _settings(presence={"base_rate_per_minute": 1}, rain={"enabled": False})
    async with street(tmp_path / "e.db", settings) as it:
        home = it.house
        await it.join("Alice")
        await it.join("Mallory")
        await it.play("a")
        await it.chat("Mallory", "Alice++, a joke of more than thirty characters", shadow=True)
        await it.chat("Alice", "lol")
        assert earned(home, "Alice", "Mallory") == [FIRST_LINE, []]
        await anyio.sleep(540)
        await it.chat("Mallory", "still here", shadow=True)
        await anyio.sleep(60)
        await it.chat("Alice", "ok")
        assert ("chat.conversation_starter", 10) in earned(home, "Alice")[0][3:]
        assert await it.whisper("Mallory", "balance", shadow=True) == []
        await home.minutes(2)
        wallet = home.wallet("Mallory")
        assert wallet is not None
        assert (wallet.lifetime_messages, wallet.minutes_today > 1) == (0, True)
        assert {trigger for trigger, _ in earned(home, "Mallory")[0]} == {"presence.base"}


async def test_guests_below_the_lowest_rank_take_no_part(tmp_path: Path) -> None:
    """Below `presence.min_cytube_rank`: no session, no row, nothing for or because of them."""
    settings = _settings(presence={"min_cytube_rank": 2, "base_rate_per_minute": 1})
    async with street(tmp_path / "e.db", settings) as it:
        home = it.house
        await it.join("Alice", rank=2)
        await it.join("Guest", rank=1)
        assert await home.present() == {"Alice"}
        await it.play("a")
        await it.chat("Guest", "a joke of more than thirty characters, Alice++ welcome Alice")
        await it.chat("Alice", "hi Guest Guest++ lol")
        assert earned(home, "Alice") == [FIRST_LINE]
        await anyio.sleep(90)
        await home.minutes(1)
        assert home.lines()
        assert home.wallet("Guest") is None


async def test_casing_makes_one_user(tmp_path: Path) -> None:
    """P-USR-1, P-USR-4: `Bob`, `bob` and `BOB` are one session, one account and one speaker."""
    async with street(tmp_path / "e.db", paying("first_message_of_day", "kudos_received")) as it:
        home = it.house
        await it.join("Alice")
        for name in ("Bob", "bob", "BOB"):
            await it.join(name)
            await it.chat(name, "hi")
        await it.chat("Alice", "bOB++ Bob++")
        await it.join("Boss", rank=4)
        await home.rank("Boss", 4)
        await it.whisper("Boss", "grant @bob 10")
        assert len(await home.present()) == 3
        assert home.balance("BOB") == 5 + 3 + 10
        found = home.report(lambda reports: reports.search(CHANNEL, "bob"))
        assert len(found) == 1
        assert UserKey.of(CHANNEL, "BOB").name == "bob"


async def test_text_is_judged_as_it_was_typed(tmp_path: Path) -> None:
    """8: CyTube's HTML is undone before characters are counted and names are looked for."""
    names = ("long_message", "mentioned_by_other", "kudos_received", "laugh_received")
    async with street(tmp_path / "e.db", paying(*names)) as it:
        home = it.house
        for name in ("Alice", "Bob", "Dr_Z_oid", "em"):
            await it.join(name)
        await it.chat("Alice", "<em>" + "x" * 28 + "</em> hi")
        await it.chat("Alice", "<strong>" + "x" * 21 + "</strong> &lt;3 hi")
        assert earned(home, "Alice") == [[("chat.long_message", 1)]], "tags typed as marks, then 28"
        await it.chat("Bob", "<em>lol</em>")
        await it.chat("Bob", "Dr<em>Z</em>oid++")
        rows = earned(home, "Alice", "Dr_Z_oid", "em")
        assert rows[0][1:] == [("chat.laugh_received", 2)]
        assert ("chat.kudos_received", 3) in rows[1]
        assert rows[2] == []


async def test_an_event_with_strange_fields_stops_no_trigger(tmp_path: Path) -> None:
    """P-EARN-12: chat has no `uid`; whatever else is missing or new, the line is judged whole."""
    async with street(tmp_path / "e.db", paying("first_message_of_day", "long_message")) as it:
        home = it.house
        await it.join("Alice")
        line = {"username": "Alice", "msg": "x" * 30, "time": home.now_ms, "new": [{}]}
        await it.see("chatMsg", line)
        assert earned(home, "Alice") == [
            [("chat.long_message", 1), ("chat.first_message_of_day", 5)]
        ]
