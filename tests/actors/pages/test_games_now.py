"""What is played at this moment, as a page shows it: no more than PMs and requests tell."""

import re
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.games.crowd import social_settings
from tests.actors.games.test_race import DURATION_S, SURE
from tests.actors.house import CHANNEL
from tests.actors.pages.browser import Pages, pages
from tests.actors.pages.test_live import Reader, watched

from economy_actors.handlers.race import race_shown
from economy_actors.pages import live
from kryten_economy.features.games.race.frame import web_frame

SCRIPT = "<script>alert(1)</script>"
_WAY = re.compile(r'<progress max="100" value="([0-9.]+)"')


def _sections(**race: Any) -> dict[str, Any]:
    settings = social_settings({"race": {"odds_profiles": SURE, **race}})
    return {
        "gambling": settings.gambling,
        "onboarding": {"welcome_wallet": 1000},
        "commands": {"rate_limit_per_minute": 1000},
    }


async def _here(here: Pages) -> None:
    await here.house.join("Boss", 5)
    for name in ("Alice", "Bob"):
        await here.house.join(name)


@pytest.mark.parametrize("path", [f"/c/{CHANNEL}/games", f"/embed/{CHANNEL}/race"])
async def test_a_race_from_its_bets_to_its_end(tmp_path: Path, path: str) -> None:
    """What lies on whom, how far each is, who has won, and what it has brought."""
    sections = _sections(live_betting={"enabled": False})
    async with pages(tmp_path / "e.db", sections=sections) as here, here.browser() as browser:
        await _here(here)
        page = await browser.client.get(path)
        assert "No race is on" in page.text
        await here.house.pm("Alice", "race")
        await here.house.pm("Alice", "race 100 blue")
        await here.house.pm("Bob", "race 40 red")
        page = await browser.client.get(path)
        assert "Bets are taken for 20 s more" in page.text
        assert "140 Z" in page.text
        assert "100 Z by 1" in page.text
        assert _WAY.findall(page.text) == ["0.0", "0.0"]
        await anyio.sleep(20 + DURATION_S / 2)
        page = await browser.client.get(path)
        assert "They run!" in page.text
        assert all(float(way) > 0 for way in _WAY.findall(page.text))
        await anyio.sleep(DURATION_S / 2 + 1)
        page = await browser.client.get(path)
        assert "has won" in page.text
        assert "Alice: +" in page.text
        await anyio.sleep(21)
        page = await browser.client.get(path)
        assert "No race is on" in page.text


async def test_a_page_tells_of_a_race_what_its_request_tells(tmp_path: Path) -> None:
    """As long as bets are taken nothing of what is to come (P-GAM-13)."""
    async with (
        pages(tmp_path / "e.db", sections=_sections()) as here,
        here.browser() as browser,
    ):
        await _here(here)
        await here.house.pm("Alice", "race")
        await here.house.pm("Alice", "race 100 red")
        context = here.house.context
        for _ in range(10):
            await anyio.sleep(5)
            page = await browser.get("/games")
            shown = race_shown(context, CHANNEL)
            assert shown is not None
            frame = web_frame(shown, context.clock.steady_ms(), "Z")
            assert _WAY.findall(page.text) == [str(each["pct"]) for each in frame["racers"]]
            if shown.takes_bets(context.clock.steady_ms()):
                assert "has won" not in page.text
                assert "frames" not in page.text


async def test_a_race_is_told_each_second_while_it_runs(tmp_path: Path) -> None:
    """By the stream of the page; nothing when there is none."""
    async with pages(tmp_path / "e.db", sections=_sections()) as here:
        await _here(here)
        reader = Reader(here.site)
        async with watched(here, reader):
            await live.beat(here.site)
            await here.house.pm("Alice", "race")
            for _ in range(3):
                await live.beat(here.site)
                await anyio.sleep(1)
            assert reader.text.count("event: race\n") == 3
            assert "Bets are taken for" in reader.text


async def test_a_prediction_with_its_pools(tmp_path: Path) -> None:
    """Each outcome with what lies on it; nobody is named but by the question's own words."""
    async with (
        pages(tmp_path / "e.db", sections=_sections()) as here,
        here.browser() as browser,
    ):
        await _here(here)
        await browser.get("/games")
        assert "No question is open" in browser.text
        await here.house.pm("Boss", f'predict open 5 "Who {SCRIPT}?" Red {SCRIPT[:8]} | Blue')
        await here.house.pm("Alice", "predict 70 1")
        await here.house.pm("Bob", "predict 30 2")
        page = await browser.get("/games")
        text = " ".join(browser.text.split())
        assert "100 Z in the pool. Bets are taken until 10:05:0" in text
        assert "2) Blue 30 Z 1" in text
        assert "70 Z" in text
        assert "Alice" not in text
        assert "<script>alert" not in page.text
        await anyio.sleep(301)
        await browser.get("/games")
        assert "Bets are closed" in browser.text
        await here.house.pm("Boss", "predict settle 2")
        await browser.get("/games")
        assert "No question is open" in browser.text


async def test_an_auction_and_a_raffle(tmp_path: Path) -> None:
    """The highest bid and the next one; the pot and the tickets."""
    async with (
        pages(tmp_path / "e.db", sections=_sections()) as here,
        here.browser() as browser,
    ):
        await _here(here)
        await here.house.pm("Boss", f'auction open 5 50 "A {SCRIPT} poster"')
        await here.house.pm("Alice", "bid 60")
        page = await browser.get("/games")
        text = " ".join(browser.text.split())
        assert "Highest bid 60 Z By Alice" in text
        assert "<script>alert" not in page.text
        await here.house.pm("Boss", "auction cancel")
        await here.house.pm("Boss", "raffle open 5 10 prize 100")
        await here.house.pm("Bob", "raffle 3")
        await browser.get("/games")
        text = " ".join(browser.text.split())
        assert "Nothing is sold" in text
        assert "The winner gets 130 Z" in text
        assert "Sold 3" in text


async def test_a_bet_reaches_an_open_page(tmp_path: Path) -> None:
    """The pools are told anew after a commit."""
    async with pages(tmp_path / "e.db", sections=_sections()) as here:
        await _here(here)
        await here.house.pm("Boss", 'predict open 5 "Rain?" Yes | No')
        reader = Reader(here.site)
        async with watched(here, reader):
            await here.house.pm("Alice", "predict 70 1")
            await live.beat(here.site)
            await here.house.settle()
        assert "70 Z" in reader.text.partition("event: rounds\n")[2]


async def test_a_channel_without_games_says_so(tmp_path: Path) -> None:
    """The page is there, and nothing is offered."""
    sections = {"gambling": {"enabled": False}}
    async with pages(tmp_path / "e.db", sections=sections) as here, here.browser() as browser:
        await browser.get("/games")
        assert "Games are switched off in this channel" in browser.text
        await browser.get("/fair")
        assert "Games are switched off in this channel" in browser.text
