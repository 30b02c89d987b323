"""The sandbox's MediaCMS: found by the service's own client, played by the simulated CyTube."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from kryten import KrytenClient

from economy_actors.catalogue.client import MediaCmsServer, item, search
from economy_sandbox.catalogue import Film, MediaCmsSite, films
from economy_sandbox.robot import SimulatedRobot
from kryten_economy.config.spending import MediaCms
from kryten_economy.features.catalogue import (
    CatalogueAway,
    CatalogueItem,
    NotInCatalogue,
    cytube_media,
    is_token,
)

FILM = films()[0]


@pytest.fixture
async def site() -> AsyncIterator[MediaCmsSite]:
    async with MediaCmsSite() as running:
        yield running


@pytest.fixture
async def server() -> AsyncIterator[MediaCmsServer]:
    async def no_pause(_seconds: float) -> None:
        pass

    client = MediaCmsServer(lambda _result: None, connections_max=4, sleep=no_pause)
    yield client
    await client.close()


def as_found(film: Film) -> CatalogueItem:
    return CatalogueItem(film.token, film.title, film.seconds)


def test_the_shelves_are_worth_a_search() -> None:
    """Some sixty things of every price tier, each under a token of its own."""
    stock = films()
    assert 55 <= len(stock) <= 70
    assert len({film.token for film in stock}) == len(stock)
    assert all(is_token(film.token) for film in stock)
    minutes = [film.seconds / 60 for film in stock]
    for above, most in ((0, 15), (15, 35), (35, 65), (65, 999)):
        assert sum(above < each <= most for each in minutes) >= 5, most


async def test_films_are_found_by_words(site: MediaCmsSite, server: MediaCmsServer) -> None:
    """All words count, in title or description and in any casing."""
    settings = MediaCms(base_url=site.url)
    found = await server.ask(search("BARNABY beaver", settings))
    assert found == tuple(as_found(each) for each in films() if "Barnaby" in each.title)
    assert await server.ask(search("beaver noir", settings)) == ()
    noir = await server.ask(search("film noir 1944", settings))
    assert noir == tuple(as_found(each) for each in films() if "(1944)" in each.title)


async def test_a_page_is_longer_than_anybody_wants(site: MediaCmsSite) -> None:
    """As with the real server, which takes no wish for fewer (P-QUE-5)."""
    address = f"{site.url}/api/v1/media?q=&page_size=3"
    async with aiohttp.ClientSession() as session, session.get(address) as response:
        page = await response.json()
    assert page["count"] == len(films())
    assert len(page["results"]) == 50


async def test_an_item_by_its_token(site: MediaCmsSite, server: MediaCmsServer) -> None:
    """Until it is taken out; an outage is something else."""
    question = item(FILM.token, MediaCms(base_url=site.url))
    assert await server.ask(question) == as_found(FILM)
    site.failure = 503
    assert await server.ask(question) == CatalogueAway("status 503")
    site.failure = None
    site.remove(FILM.token)
    assert await server.ask(question) == NotInCatalogue(FILM.token)


async def test_cytube_plays_the_manifest(
    site: MediaCmsSite, robot: SimulatedRobot, client: KrytenClient
) -> None:
    """Queued by the manifest's address, a film has the title and length it has in there."""
    site.stock(robot.room.playlist.library)
    media_type, address = cytube_media(site.url, FILM.token)
    async with aiohttp.ClientSession() as session, session.get(address) as response:
        manifest = await response.json()
    added = await client.add_media(robot.channel, media_type, address)
    assert added["data"] == {"success": True, "uid": 0}
    media = robot.room.playlist.items[0].media
    assert (media.title, media.seconds) == (FILM.title, FILM.seconds)
    assert (manifest["title"], manifest["duration"]) == (media.title, media.seconds)


async def test_cytube_refuses_what_left_the_catalogue(
    site: MediaCmsSite, robot: SimulatedRobot, client: KrytenClient
) -> None:
    """Between search and YES a film may be taken out."""
    site.stock(robot.room.playlist.library)
    site.remove(FILM.token)
    added = await client.add_media(robot.channel, *cytube_media(site.url, FILM.token))
    assert added["data"]["error"] == "Expected HTTP 200 OK, not 404 Not Found"
    assert robot.room.playlist.items == []
