"""Races that are cut short: stops, kills, failures, and a race that lasts too long."""

import shutil
from pathlib import Path

import anyio
from tests.actors.games.test_race import BANK_Z, DURATION_S, LIVE, POOL, SURE, held, rich, view
from tests.actors.house import CHANNEL, START_MS, House, house, settings_with

from economy_actors.messages.tables import News


async def test_a_stop_while_bets_are_open_gives_them_back(tmp_path: Path) -> None:
    """A clean stop calls the race off, whether the starter waits or not (G7)."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 blue")
    async with house(tmp_path / "e.db", POOL, start_ms=START_MS + 60_000) as h:
        await h.settle()
        assert (h.balance("Ann"), held(h)) == (BANK_Z, 0)


async def test_a_stop_during_the_race_pays_what_was_drawn(tmp_path: Path) -> None:
    """The winner is known to the books: nobody gets another race."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann", "Bob")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 blue")
        await h.pm("Bob", "race 100 red")
        await anyio.sleep(25)
        assert held(h) == 200
    async with house(tmp_path / "e.db", POOL, start_ms=START_MS + 60_000) as h:
        await h.settle()
        assert (h.balance("Ann"), h.balance("Bob"), held(h)) == (1090, 900, 0)


def killed(h: House, tmp_path: Path) -> Path:
    """The books as a killed process leaves them."""
    left = tmp_path / "left"
    left.mkdir()
    for file in h.path.parent.glob(f"{h.path.name}*"):
        shutil.copy(file, left / file.name)
    return left / h.path.name


async def test_a_kill_while_bets_are_open_gives_them_back(tmp_path: Path) -> None:
    """Nothing was drawn: the stakes return at the next start, and their owners are told."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 blue")
        path = killed(h, tmp_path)
    async with house(path, POOL, start_ms=START_MS + 60_000) as h:
        await h.settle()
        assert (h.balance("Ann"), held(h)) == (BANK_Z, 0)
        assert "called off" in h.pms("Ann")[-1]
        await h.join("Ann")
        [answer] = await h.pm("Ann", "race")
        assert "Bets are open" in answer


async def test_a_kill_during_the_race_pays_what_was_drawn(tmp_path: Path) -> None:
    """Also a bet that was made while it ran; everybody is told after the next start."""
    async with house(tmp_path / "e.db", LIVE) as h:
        await rich(h, "Ann", "Bob")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 red")
        await anyio.sleep(21)
        await h.pm("Bob", "race 100 blue")
        path = killed(h, tmp_path)
    async with house(path, LIVE, start_ms=START_MS + 60_000) as h:
        await h.settle()
        assert (h.balance("Ann"), h.balance("Bob"), held(h)) == (900, 1090, 0)
        assert "got 190 Z" in h.pms("Bob")[-1]


async def test_a_table_that_fails_while_bets_are_open_goes_on(tmp_path: Path) -> None:
    """The bets are in the books, and the race begins when it was to begin."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann", "Bob")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 blue")
        await anyio.sleep(10)
        h.context.floors[CHANNEL].tell(News(view(h).number, "what nobody understands"))
        await anyio.sleep(1)
        await h.pm("Bob", "race 100 red")
        assert [each.name for each in view(h).bets] == ["Ann", "Bob"]
        assert view(h).closes_in_s(h.context.clock.steady_ms()) in {8, 9}
        await anyio.sleep(10 + DURATION_S + 2)
        assert (h.balance("Ann"), h.balance("Bob")) == (1090, 900)
        assert len(h.lines()) == 5


async def test_a_table_that_fails_during_the_race_pays_at_once(tmp_path: Path) -> None:
    """The books know the winner; the picture ends, with the same winner, and all is told."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann", "Bob")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 blue")
        await h.pm("Bob", "race 100 red")
        await anyio.sleep(25)
        h.context.floors[CHANNEL].tell(News(view(h).number, "what nobody understands"))
        await anyio.sleep(3)
        assert (h.balance("Ann"), h.balance("Bob")) == (1090, 900)
        assert view(h).phase == "finished"
        assert "Blue" in h.lines()[-2]
        assert "net +90 Z" in h.pms("Ann")[-1]


async def test_a_race_that_lasts_too_long_is_settled(tmp_path: Path) -> None:
    """After the longest time of a spectacle the stage is free, and nobody's stake stays held."""
    gambling = {
        "min_account_age_minutes": 0,
        "spectacle_max_duration_seconds": 30,
        "race": {"odds_profiles": SURE, "target_duration_seconds": 3000},
    }
    async with house(tmp_path / "e.db", settings_with(gambling=gambling)) as h:
        await rich(h, "Ann", "Bob")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 blue")
        await h.pm("Bob", "race 100 red")
        await anyio.sleep(40)
        assert (h.balance("Ann"), h.balance("Bob"), held(h)) == (1090, 900, 0)
        assert h.context.races[CHANNEL].value is None
