"""Rain, ambient and by an operator's word (`earning.md` 7, `commands.md` 8)."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.house import PLAIN_MULTIPLIERS, house, settings_with

from economy_actors.outbox.message import Line, Pm
from kryten_economy.features.gifts import rain_pause_now_s

NO_WALLET: dict[str, Any] = {"onboarding": {"welcome_wallet": 0}}
RAIN = {"enabled": True, "interval_minutes": 10, "min_amount": 5, "max_amount": 5}


async def test_drop_falls_on_all_and_is_told_first(tmp_path: Path) -> None:
    """The channel hears of it before anybody's notice (P-MSG-3); quiet users hear nothing."""
    settings = settings_with(**NO_WALLET, rain=RAIN)
    async with house(tmp_path / "economy.db", settings) as home:
        await home.join("Alice")
        await home.join("Bob")
        await home.pm("Bob", "quiet")
        del home.heard[:]
        await anyio.sleep(13.1 * 60)
        await home.settle()
        drops = len(home.lines())
        assert drops in {1, 2}
        assert home.balance("Alice") == home.balance("Bob") == 5 * drops
        first = [each for each in home.heard if isinstance(each, Pm | Line)][:2]
        assert isinstance(first[0], Line)
        assert first[0].gate == "rain_drop"
        assert home.pms("Bob") == []
        assert len(home.pms("Alice")) == drops


async def test_a_shorter_interval_brings_the_next_drop_forward(tmp_path: Path) -> None:
    """A reload from ten hours to ten minutes does not wait ten hours for the drop under way."""
    slow = settings_with(**NO_WALLET, rain=RAIN | {"interval_minutes": 600})
    async with house(tmp_path / "economy.db", slow) as home:
        await home.join("Alice")
        await anyio.sleep(30 * 60)
        assert home.lines() == []
        home.context.live.swap(settings_with(**NO_WALLET, rain=RAIN))
        await anyio.sleep(61)
        await home.settle()
        # More than ten minutes and a third have gone by since the last one.
        assert len(home.lines()) == 1
        await anyio.sleep(13.1 * 60)
        await home.settle()
        assert len(home.lines()) in {2, 3}
        assert home.balance("Alice") == 5 * len(home.lines())


async def test_a_longer_interval_holds_from_the_next_drop_on(tmp_path: Path) -> None:
    """The one that is due falls when it was planned, and none follows for hours."""
    async with house(tmp_path / "economy.db", settings_with(**NO_WALLET, rain=RAIN)) as home:
        await home.join("Alice")
        home.context.live.swap(settings_with(**NO_WALLET, rain=RAIN | {"interval_minutes": 600}))
        await anyio.sleep(13.1 * 60)
        assert len(home.lines()) == 1
        await anyio.sleep(6 * 3600)
        await home.settle()
        assert len(home.lines()) == 1


@pytest.mark.parametrize(("minutes", "pause_s"), [(60, 900.0), (45, 900.0), (15, 300.0), (1, 60.0)])
def test_a_pause_follows_a_shorter_interval_only(minutes: int, pause_s: float) -> None:
    """In the share in which it was drawn, and never below a minute."""
    assert rain_pause_now_s(900.0, 45, minutes) == pause_s


async def test_scheduled_events_and_perks_make_more_rain(tmp_path: Path) -> None:
    """Events multiply rain, and the perk of the rank; off-peak does not."""
    event = {"name": "E", "cron": "0 9 * * *", "duration_hours": 9, "multiplier": 1.5}
    off_peak = {"days": [5], "hours": [10], "multiplier": 9, "announce": False}
    tiers = [{"name": "A", "min_lifetime_earned": 0, "perks": ["Rain drops +20%"]}]
    settings = settings_with(
        **NO_WALLET,
        rain=RAIN,
        multipliers=PLAIN_MULTIPLIERS | {"scheduled_events": [event], "off_peak": off_peak},
        ranks={"tiers": tiers},
        cytube_promotion={"enabled": False, "min_rank": "A"},
    )
    async with house(tmp_path / "economy.db", settings) as home:
        await home.join("Alice")
        await anyio.sleep(13.1 * 60)
        await home.settle()
        assert home.balance("Alice") == 9 * len(home.lines()) > 0


async def test_nobody_here_no_rain(tmp_path: Path) -> None:
    """An empty channel stays dry and silent."""
    async with house(tmp_path / "economy.db", settings_with(rain=RAIN)) as home:
        await anyio.sleep(60 * 60)
        assert home.heard == []


async def test_operator_rain_is_exact(tmp_path: Path) -> None:
    """All of it falls, the rest one each to the first names (P-MON-16)."""
    async with house(tmp_path / "economy.db", settings_with(**NO_WALLET)) as home:
        await home.userlist(("Boss", 4), ("alice", 1), ("Carl", 1))
        assert "11 Z fell on 3 users" in (await home.pm("Boss", "rain 11", trace="m1"))[-1]
        assert [home.balance(name) for name in ("alice", "Boss", "Carl")] == [4, 4, 3]
        (line,) = [each for each in home.heard if isinstance(each, Line)]
        assert line.gate is None
        told = [each for each in home.heard if isinstance(each, Line | Pm)]
        assert told.index(line) == 0
        assert "less than one each" in (await home.pm("Boss", "rain 2"))[0]
        assert "rain <total>" in (await home.pm("Boss", "rain 0"))[0]
        assert "admin" in (await home.pm("Carl", "rain 10"))[0].lower()
        assert home.balance("Carl") == 3


async def test_the_gate_keeps_ambient_rain_off_and_not_the_operators(tmp_path: Path) -> None:
    """Newcomers get no rain (`earning.md` 2.4); an operator's falls on all, to the coin."""
    settings = settings_with(onboarding={"welcome_wallet": 0, "min_messages_to_earn": 1}, rain=RAIN)
    async with house(tmp_path / "economy.db", settings) as home:
        await home.userlist(("Boss", 4), ("Alice", 1))
        await home.chat("Alice", "hello")
        await anyio.sleep(13.1 * 60)
        await home.settle()
        assert home.balance("Alice") == 5 * len(home.lines()) > 0
        assert home.balance("Boss") == 0
        before_z = home.balance("Alice")
        await home.pm("Boss", "rain 4")
        assert (home.balance("Alice"), home.balance("Boss")) == (before_z + 2, 2)
