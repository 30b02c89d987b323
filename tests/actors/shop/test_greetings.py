"""Bought greetings: posted when their owner really comes, several in one line (P-MSG-9)."""

from pathlib import Path
from typing import Any

import anyio
from tests.actors.house import CHANNEL, House, house, settings_with

from kryten_economy.features.bans import Ban
from kryten_economy.users import UserKey

GREETINGS: dict[str, Any] = {
    "onboarding": {"welcome_wallet": 1000},
    "vanity_shop": {"custom_greeting": {"cost": 1}},
}


async def _bought(h: House, *names: str) -> None:
    for name in names:
        await h.join(name)
        await h.pm(name, f"buy greeting {name} is here")
    for name in names:
        await h.leave(name)


def _greeted(h: House) -> list[str]:
    return [text for text in h.lines() if "is here" in text]


async def test_who_comes_back_after_half_an_hour_is_greeted(tmp_path: Path) -> None:
    """Three seconds after they came; sooner than 30 minutes they are not."""
    async with house(tmp_path / "e.db", settings_with(**GREETINGS)) as h:
        await _bought(h, "Alice")
        await h.minutes(28)
        await h.join("Alice")
        await anyio.sleep(5)
        assert _greeted(h) == []
        await h.leave("Alice")
        await h.minutes(31)
        await h.join("Alice")
        await anyio.sleep(2.5)
        assert _greeted(h) == []
        await anyio.sleep(1)
        assert _greeted(h) == ["👋 Alice is here"]


async def test_those_who_come_together_share_one_line_and_nobody_delays_it(
    tmp_path: Path,
) -> None:
    """P-MSG-9: counted from the first, whoever joins meanwhile; who left again is skipped."""
    async with house(tmp_path / "e.db", settings_with(**GREETINGS)) as h:
        await _bought(h, "Alice", "Bob", "Cyd", "Dee")
        await h.minutes(31)
        for name in ("Alice", "Bob", "Cyd"):
            await h.join(name)
            await anyio.sleep(0.9)
        await h.leave("Bob")
        await anyio.sleep(0.2)
        assert _greeted(h) == ["👋 Alice is here | 👋 Cyd is here"]
        await h.join("Dee")
        await anyio.sleep(4)
        assert _greeted(h)[1:] == ["👋 Dee is here"]


async def test_one_greeting_in_half_an_hour_even_where_the_threshold_is_lower(
    tmp_path: Path,
) -> None:
    """A user who comes and goes does not fill the channel."""
    settings = settings_with(**GREETINGS, presence={"greeting_absence_minutes": 10})
    async with house(tmp_path / "e.db", settings) as h:
        await _bought(h, "Alice")
        for minutes, greetings in ((11, 1), (11, 1), (21, 2)):
            await h.minutes(minutes)
            await h.join("Alice")
            await anyio.sleep(4)
            assert len(_greeted(h)) == greetings
            await h.leave("Alice")


async def test_who_is_found_in_a_list_is_not_greeted(tmp_path: Path) -> None:
    """After a start nobody has seen them come."""
    settings = settings_with(**GREETINGS)
    async with house(tmp_path / "e.db", settings) as h:
        await _bought(h, "Alice")
        start_ms = h.now_ms + 3_600_000
    async with house(tmp_path / "e.db", settings, start_ms=start_ms) as h:
        await h.userlist(("Alice", 1.0), stored=True)
        await h.userlist(("Alice", 1.0))
        await anyio.sleep(5)
        assert _greeted(h) == []


async def test_the_banned_are_not_greeted(tmp_path: Path) -> None:
    """A ban silences what they have bought."""
    async with house(tmp_path / "e.db", settings_with(**GREETINGS)) as h:
        await _bought(h, "Alice")
        await h.commit(Ban(UserKey.of(CHANNEL, "Alice"), "Alice", "Boss", "", h.now_ms))
        await h.minutes(31)
        await h.join("Alice")
        await anyio.sleep(5)
        assert _greeted(h) == []


async def test_a_greeting_is_never_taken_for_the_bots_own_words(tmp_path: Path) -> None:
    """Whatever the template says, a public line does not begin with words of a user."""
    announcements = {"templates": {"greeting": "{greeting}"}}
    settings = settings_with(**GREETINGS, announcements=announcements)
    async with house(tmp_path / "e.db", settings) as h:
        await h.join("Alice")
        await h.pm("Alice", "buy greeting !jackpot is here {user}")
        await h.leave("Alice")
        await h.minutes(31)
        await h.join("Alice")
        await anyio.sleep(4)
        assert _greeted(h) == ["👋 !jackpot is here {user}"]
