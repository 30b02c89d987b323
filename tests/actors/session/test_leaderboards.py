"""Who stands where, from credits to the answer of `top` (`progression.md` 3)."""

from pathlib import Path

from tests.actors.earning.street import paying
from tests.actors.house import CHANNEL, House, house

from kryten_economy.features.tips import Tip
from kryten_economy.users import UserKey

TIERS = [{"name": name, "min_lifetime_earned": z} for name, z in (("A", 0), ("B", 50), ("C", 99))]
RANKS = {"ranks": {"tiers": TIERS}, "cytube_promotion": {"min_rank": "A"}}


async def _rows(home: House, words: str) -> list[str]:
    [answer] = await home.pm("Boss", words)
    return answer.splitlines()[1:]


async def test_each_board_has_its_measure(tmp_path: Path) -> None:
    """Earners by today's coins, rich by balance, lifetime by all earned; tips move only `rich`.

    Empty wallets are not rich, and ranks are counted in their order, empty ones left out.
    """
    settings = paying(**RANKS, commands={"rate_limit_per_minute": 99})
    async with house(tmp_path / "e.db", settings) as home:
        await home.userlist(("Boss", 4), ("Ann", 1), ("Ben", 1), ("Cat", 1), ("Dan", 1))
        for name, z in (("Ann", 60), ("Ben", 20), ("Cat", 10)):
            await home.pm(name, "balance")
            await home.pm("Boss", f"grant {name} {z}")
        await home.pm("Dan", "balance")
        for giver, taker, z in (("ann", "ben", 45), ("cat", "ben", 10)):
            users = UserKey(CHANNEL, giver), UserKey(CHANNEL, taker)
            tip = Tip(f"tip:{giver}", *users, z, home.now_ms, "2026-11-20")
            await home.commit(tip)
        earners = ["🥇 Ann: 60 Z", "🥈 Ben: 20 Z", "🥉 Cat: 10 Z"]
        assert (await _rows(home, "top"))[:-1] == earners
        assert (await _rows(home, "top lifetime"))[:3] == earners
        assert (await _rows(home, "top rich"))[:-1] == ["🥇 Ben: 75 Z", "🥈 Ann: 15 Z"]
        assert (await _rows(home, "top ranks"))[:-1] == ["A: 4 users", "B: 1 user"]


async def test_yesterdays_earners_are_on_no_list_of_today(tmp_path: Path) -> None:
    """Midnight empties the list of earners and no other."""
    path, settings = tmp_path / "e.db", paying(**RANKS)
    async with house(path, settings) as home:
        await home.userlist(("Boss", 4))
        await home.pm("Boss", "balance")
        await home.pm("Boss", "grant Boss 5")
        assert await _rows(home, "top") == ["🥇 Boss: 5 Z (you)"]
        tomorrow_ms = home.now_ms + 86_400_000
    async with house(path, settings, start_ms=tomorrow_ms) as home:
        await home.userlist(("Boss", 4))
        assert (await _rows(home, "top"))[0] == "Nobody yet."
        assert await _rows(home, "top lifetime") == ["🥇 Boss: 5 Z (you)"]
