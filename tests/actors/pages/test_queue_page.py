"""Queueing on a page: searched, priced, asked about, paid, and seen by all."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.actors.house import CHANNEL
from tests.actors.pages.browser import Browser, Pages, pages
from tests.actors.queue.jukebox import Jukebox
from tests.actors.shelf import Shelf

from economy_actors.messages.channel import RobotPresence
from kryten_economy.features.catalogue import CatalogueItem
from kryten_economy.features.money.operations import SetBalance
from kryten_economy.users import UserKey

EVIL = "<script>alert(1)</script>"
FILMS = (
    CatalogueItem("trip", "A Trip to the Moon", 780),
    CatalogueItem("metro", "Metropolis", 9_000),
    CatalogueItem("reel", "Lost reel", 0),
    CatalogueItem("evil", f"Evil {EVIL}", 600),
)
DEAR_Z = 2_000_000
MEDIA: dict[str, Any] = {"base_url": "https://media.test/", "web_queue_redirect": False}
WINDOW = {"name": "Movie Night", "cron": "0 20 * * 5", "duration_hours": 4}


@asynccontextmanager
async def queueing(
    path: Path,
    mediacms: dict[str, Any] | None = None,
    *,
    shelf: Shelf | None = None,
    balance_z: int = 20_000,
    start: datetime | None = None,
    **spending: Any,
) -> AsyncIterator[tuple[Pages, Browser]]:
    """Alice and Bob are here with money; Alice is signed in."""
    sections = {
        "mediacms": MEDIA | (mediacms or {}),
        "spending": {"queue_cooldown_minutes": 0} | spending,
        "ranks": {"spend_discount_per_rank": 0},
        "onboarding": {"welcome_wallet": 0},
        "commands": {"rate_limit_per_minute": 1000},
    }
    options: dict[str, Any] = {
        "catalogue": lambda _: shelf or Shelf(FILMS),
        "gateway": Jukebox,
    }
    if start is not None:
        options["start_ms"] = int(start.timestamp() * 1000)
    async with (
        pages(path / "e.db", sections=sections, **options) as here,
        here.browser() as browser,
    ):
        for name in ("Alice", "Bob"):
            await here.house.join(name)
            user, at_ms = UserKey(CHANNEL, name.lower()), here.house.now_ms
            ask = SetBalance(f"set:{name}", user, balance_z, "Boss", "", at_ms, "2026-11-20")
            await here.house.commit(ask)
        await browser.sign_in("alice")
        yield here, browser


async def test_a_search_shows_prices_and_lengths(tmp_path: Path) -> None:
    """As `search` does, for each way to have it played; what has no length has no price.

    (pages queue 1)
    """
    async with queueing(tmp_path) as (here, browser):
        [told] = await here.house.pm("Alice", "search moon")
        assert "A Trip to the Moon | 13m | 2,500 Z" in told
        await browser.get("/me/queue?q=o")
        assert "A Trip to the Moon" in browser.text
        assert "13m" in browser.text
        assert "Queue · 2,500 Z" in browser.text
        assert "Play right now · " in browser.text
        assert "/me/queue/queue/reel" not in browser.page.text
        assert "no known length" in browser.text


async def test_a_film_is_paid_for_after_yes(tmp_path: Path) -> None:
    """The question with the price of the list, then the film stands there as one's own.

    (pages queue 2)
    """
    async with queueing(tmp_path) as (here, browser):
        await browser.get("/me/queue?q=moon")
        await browser.send("/me/queue/queue/trip")
        assert 'Queue: "A Trip to the Moon" (13m) for 2,500 Z?' in browser.said
        assert here.house.balance("Alice") == 20_000
        await browser.post("/me/answer", browser.form("/me/answer").fields | {"say": "yes"})
        assert "2,500 Z set aside" in browser.said
        await here.house.settle()
        assert here.house.balance("Alice") == 17_500
        await here.house.pm("Bob", "queue metro")
        await here.house.pm("Bob", "yes")
        await browser.get("/me/queue")
        words = " ".join(browser.text.split())
        assert "A Trip to the Moon 13m Alice (you) Queue" in words
        assert "Metropolis 2h 30m Bob Queue" in words
        assert browser.page.text.count('class="own"') == 1


async def test_no_is_no(tmp_path: Path) -> None:
    """Nothing is charged, and nothing is queued (pages queue 3)."""
    async with queueing(tmp_path) as (here, browser):
        await browser.get("/me/queue?q=moon")
        await browser.send("/me/queue/playnext/trip")
        await browser.post("/me/answer", browser.form("/me/answer").fields | {"say": "no"})
        await here.house.settle()
        assert here.house.balance("Alice") == 20_000
        await browser.get("/me/queue")
        assert "Nobody has paid for anything" in browser.text


async def test_what_waits_for_an_operator_is_shown_to_its_buyer_alone(tmp_path: Path) -> None:
    """Others see it once it is on its way (pages queue 4)."""
    async with (
        queueing(tmp_path, balance_z=DEAR_Z) as (here, browser),
        here.browser() as other,
    ):
        await browser.get("/me/queue?q=moon")
        await browser.send("/me/queue/forcenow/trip")
        await browser.post("/me/answer", browser.form("/me/answer").fields | {"say": "yes"})
        await browser.get("/me/queue")
        assert "waits for an operator" in browser.text
        await other.sign_in("bob")
        await other.get("/me/queue")
        assert "A Trip to the Moon" not in other.text


async def test_refusals_on_the_queue_page_are_the_pms(tmp_path: Path) -> None:
    """Too dear, unknown, badly written, no such way (pages queue 5)."""
    async with queueing(tmp_path, balance_z=5_000) as (here, browser):
        await browser.get("/me/queue?q=moon")
        fields = browser.form("/me/queue/queue/trip").fields
        for token in ("metro", "nothing", "a.b"):
            [by_pm] = await here.house.pm("Alice", f"queue {token}")
            await browser.get("/me/queue?q=moon")
            fields = browser.form("/me/queue/queue/trip").fields
            await browser.post(f"/me/queue/queue/{token}", fields)
            assert browser.page.status_code == 422
            assert browser.said == by_pm
        assert (await browser.post("/me/queue/grant/trip", fields)).status_code == 404
        await browser.get("/me/queue?q=zzz")
        assert "The catalogue has nothing for 'zzz'" in browser.said
        await browser.get("/me/queue?q=" + "x" * 201)
        assert "at most 200 characters" in browser.said


async def test_what_is_left_today_and_why_not_now(tmp_path: Path) -> None:
    """The sentence of the refusal that a purchase would meet (pages queue 6)."""
    async with queueing(tmp_path, max_queues_per_day=1) as (here, browser):
        await browser.get("/me/queue")
        assert "1 of 1" in " ".join(browser.text.split())
        await here.house.pm("Alice", "queue trip")
        await here.house.pm("Alice", "yes")
        [by_pm] = await here.house.pm("Alice", "queue trip")
        await browser.get("/me/queue")
        assert browser.said == by_pm
        assert "0 of 1" in " ".join(browser.text.split())


async def test_a_closed_queue_says_until_when(tmp_path: Path) -> None:
    """As the PM does; before it, when it closes next, in the configured zone (pages queue 7)."""
    friday = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
    async with queueing(tmp_path, start=friday, blackout_windows=[WINDOW]) as (here, browser):
        [by_pm] = await here.house.pm("Alice", "queue trip")
        await browser.get("/me/queue?q=moon")
        assert browser.said == by_pm
        assert "Movie Night until Sat 00:00 UTC" in by_pm
    (tmp_path / "b").mkdir()
    noon = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    async with queueing(tmp_path / "b", start=noon, blackout_windows=[WINDOW]) as (_, browser):
        await browser.get("/me/queue")
        assert '<time datetime="2026-11-20T20:00:00+00:00">2026-11-20 20:00 (UTC)' in (
            browser.page.text
        )


async def test_where_it_is_queued_elsewhere_the_page_says_where(tmp_path: Path) -> None:
    """No search of its own, and a link (pages queue 8)."""
    media = {"web_queue_redirect": True, "web_queue_url": "https://queue.test/"}
    async with queueing(tmp_path, media) as (here, browser):
        [by_pm] = await here.house.pm("Alice", "search moon")
        await browser.get("/me/queue?q=moon")
        assert browser.said == by_pm
        assert 'href="https://queue.test/"' in browser.page.text
        assert "A Trip to the Moon" not in browser.text


async def test_a_catalogue_that_is_away_is_told(tmp_path: Path) -> None:
    """In a sentence, and so is one that there isn't (pages queue 9)."""
    shelf = Shelf(FILMS)
    shelf.away = True
    async with queueing(tmp_path, shelf=shelf) as (_, browser):
        await browser.get("/me/queue?q=moon")
        assert browser.said.startswith("The media catalogue is unavailable")
    (tmp_path / "b").mkdir()
    async with queueing(tmp_path / "b", {"base_url": ""}) as (_, browser):
        await browser.get("/me/queue")
        assert "No media catalogue is set up here" in browser.text


async def test_script_in_titles_and_searches_is_text(tmp_path: Path) -> None:
    """Whoever has written them (pages queue 10)."""
    async with queueing(tmp_path) as (here, browser):
        await browser.get("/me/queue", params={"q": "evil"})
        assert "&lt;script&gt;alert(1)" in browser.page.text
        assert "<script>alert" not in browser.page.text
        await browser.send("/me/queue/queue/evil")
        await browser.post("/me/answer", browser.form("/me/answer").fields | {"say": "yes"})
        await here.house.settle()
        await browser.get("/me/queue", params={"q": EVIL})
        assert "<script>alert" not in browser.page.text
        assert browser.page.text.count("&lt;script&gt;alert(1)") >= 2


async def test_while_the_bot_is_away_it_says_so(tmp_path: Path) -> None:
    """Before anybody tries to pay (pages queue 11)."""
    async with queueing(tmp_path) as (here, browser):
        here.house.context.playlists[CHANNEL].tell(RobotPresence(here=False))
        await here.house.settle()
        [by_pm] = await here.house.pm("Alice", "queue trip")
        await browser.get("/me/queue")
        assert browser.said == by_pm
