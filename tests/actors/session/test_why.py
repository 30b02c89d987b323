"""`why` from the PM to the answer: own movements, and nothing hidden."""

import re
from pathlib import Path
from typing import Any

from tests.actors.house import CHANNEL, PLAIN_MULTIPLIERS, House, house, settings_with

from kryten_economy.config import Settings
from kryten_economy.users import UserKey

NO_WALLET: dict[str, Any] = {"onboarding": {"welcome_wallet": 0}}
OFF_PEAK: dict[str, Any] = {"days": [5], "hours": [10], "multiplier": 2.0}
CROWD: dict[str, Any] = {"min_users": 1, "multiplier": 1.25}


def _many_factors() -> Settings:
    """A visible and a hidden factor, a rank that multiplies, the night watch."""
    return settings_with(
        **NO_WALLET,
        multipliers=PLAIN_MULTIPLIERS | {"off_peak": OFF_PEAK, "high_population": CROWD},
        presence={"night_watch": {"enabled": True, "hours": [10], "multiplier": 1.5}},
    )


async def _why(h: House, name: str, text: str = "why") -> str:
    return "\n".join(await h.pm(name, text))


async def _number(h: House, name: str) -> int:
    """The number of the newest line of `history`."""
    [answer] = await h.pm(name, "history")
    found = re.search(r"#([0-9]+) ", answer)
    assert found is not None, answer
    return int(found[1])


async def test_a_number_of_the_history_is_explained(tmp_path: Path) -> None:
    """`history` shows numbers, `why` takes them with or without the sign, alone it takes the last.

    The wallet is named with its setting.
    """
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        number = await _number(h, "Alice")
        answer = await _why(h, "Alice", f"why #{number}")
        assert "+100 Z" in answer
        assert "coming here for the first time" in answer
        assert "onboarding.welcome_wallet = 100" in answer
        assert await _why(h, "Alice", f"explain {number}") == answer
        assert await _why(h, "Alice") == answer


async def test_nobody_else_is_told(tmp_path: Path) -> None:
    """Another's number is answered like one that does not exist; an admin sees whose it is."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        number = await _number(h, "Alice")
        await h.join("Mallory")
        refused = await _why(h, "Mallory", f"why {number}")
        unknown = await _why(h, "Mallory", "why 999999")
        assert refused.replace(str(number), "N") == unknown.replace("999999", "N")
        await h.rank("Mallory", 4)
        assert f"#{number} of Alice" in await _why(h, "Mallory", f"why {number}")
        assert "no movement #999999" in await _why(h, "Mallory", "why 999999")


async def test_a_user_is_told_nothing_of_what_is_hidden(tmp_path: Path) -> None:
    """P-EARN-15: base and visible factors; only an admin reads of the crowd and the product."""
    async with house(tmp_path / "e.db", _many_factors()) as h:
        await h.join("Alice")
        await h.minutes(1)
        answer = await _why(h, "Alice")
        assert "Base: 1 Z" in answer
        assert "off-peak bonus 2x" in answer
        assert "night watch 1.5x" in answer
        for hidden in ("crowd", "population", "1.25", "3.75", "0.75"):
            assert hidden not in answer
        number = await _number(h, "Alice")
        await h.join("Boss")
        await h.rank("Boss", 4)
        answer = await _why(h, "Boss", f"why {number}")
        assert "crowd bonus 1.25x" in answer
        assert "Together 3.75x" in answer
        assert "0.75 Z carried on" in answer


async def test_settings_are_told_as_they_were_and_as_they_are(tmp_path: Path) -> None:
    """A reward that a reload has changed is named with both values."""
    before = settings_with(**NO_WALLET, chat_triggers={"long_message": {"reward": 2}})
    after = settings_with(**NO_WALLET, chat_triggers={"long_message": {"reward": 5}})
    async with house(tmp_path / "e.db", before) as h:
        await h.join("Alice")
        await h.chat("Alice", "x" * 40)
        rows = h.report(lambda r: r.transactions(UserKey.of(CHANNEL, "Alice"), 50))
        number = next(row.id for row in rows if row.trigger_id == "chat.long_message")
        h.context.live.swap(after)
        answer = await _why(h, "Alice", f"why {number}")
        assert "chat_triggers.long_message.reward = 2 then, 5 now" in answer


async def test_a_grant_names_who_gave_it_and_why(tmp_path: Path) -> None:
    """By whom, and the reason that was given."""
    async with house(tmp_path / "e.db", settings_with(**NO_WALLET)) as h:
        await h.userlist(("Boss", 4), ("Alice", 1))
        await h.pm("Boss", "grant alice 5 for the film")
        assert "Given by Boss: for the film (admin.grant)" in await _why(h, "Alice")
        await h.pm("Boss", "rain 4")
        assert "rain by Boss: 4 Z for 2 users" in await _why(h, "Alice")


async def test_rain_tells_what_made_more_of_it(tmp_path: Path) -> None:
    """The amount that fell on all, and the perk of the own rank."""
    settings = settings_with(
        **NO_WALLET,
        rain={"enabled": True, "interval_minutes": 10, "min_amount": 5, "max_amount": 5},
        ranks={"tiers": [{"name": "A", "min_lifetime_earned": 0, "perks": ["Rain drops +20%"]}]},
        cytube_promotion={"enabled": False, "min_rank": "A"},
        presence={"base_rate_per_minute": 0},
    )
    async with house(tmp_path / "e.db", settings) as h:
        await h.join("Alice")
        await h.minutes(14)
        answer = await _why(h, "Alice")
        assert "Base: 5 Z" in answer
        assert "rain perk of the rank 1.2x" in answer
        assert "rain.min_amount is 5 now" in answer


async def test_nonsense_gets_the_usage_and_an_empty_wallet_an_answer(tmp_path: Path) -> None:
    """Only numbers are understood; who has no movement is told so."""
    async with house(tmp_path / "e.db", settings_with(**NO_WALLET)) as h:
        await h.join("Alice")
        assert "no coin has moved" in await _why(h, "Alice")
        for text in ("why me", "why 1 2", "why -3", "why #", "why １", "why " + "9" * 40):
            assert "why [number]" in await _why(h, "Alice", text)
