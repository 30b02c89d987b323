"""The whole service asks a catalogue over HTTP, and lives on without one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import anyio
import pytest
from tests.integration.service.house import House, OpenHouse

from economy_actors.handlers.answers import Code, Failed, Refused
from economy_actors.handlers.catalogue import find_item, search_items
from economy_actors.handlers.registry import Call
from economy_sandbox.catalogue import MediaCmsSite, films
from kryten_economy.features.catalogue import CatalogueItem

FILM = films()[0]
FOUND = CatalogueItem(FILM.token, FILM.title, FILM.seconds)


@dataclass
class Desk:
    house: House
    site: MediaCmsSite

    @property
    def call(self) -> Call:
        assert self.house.service is not None
        return Call(self.house.service.context, self.house.channel, "alice", "op", None)

    def requests(self, result: str) -> float:
        return self.house.metric("economy_catalogue_requests_total", result=result)


@pytest.fixture
async def desk(make_house: OpenHouse) -> AsyncIterator[Desk]:
    async with MediaCmsSite() as site:
        yield Desk(await make_house(mediacms={"base_url": site.url}), site)


async def test_films_are_found(desk: Desk) -> None:
    """Items and searches; what is known is not asked for again."""
    for _ in range(2):
        assert await find_item(desk.call, FILM.token) == FOUND
        assert await search_items(desk.call, FILM.title) == (FOUND,)
    gone = await find_item(desk.call, "nowhere")
    assert isinstance(gone, Refused)
    assert gone.code is Code.NOT_FOUND
    assert (desk.requests("ok"), desk.requests("not_found")) == (2, 1)


async def test_a_reload_leads_to_another_catalogue(desk: Desk) -> None:
    """At once, though the old answer is still young (P-CFG-2)."""
    assert await find_item(desk.call, FILM.token) == FOUND
    async with MediaCmsSite([]) as empty:
        desk.house.write_config(mediacms={"base_url": empty.url})
        assert "reloaded" in await desk.house.ask("boss", "reload")
        gone = await find_item(desk.call, FILM.token)
        assert isinstance(gone, Refused)
        assert gone.code is Code.NOT_FOUND


async def test_without_its_catalogue_the_service_answers(desk: Desk) -> None:
    """A catalogue that takes for ever delays its asker by seconds and a balance not at all."""
    desk.site.delay_s = 60

    async def in_vain() -> None:
        answer = await find_item(desk.call, FILM.token)
        assert isinstance(answer, Failed)
        assert "slow to answer" in answer.text

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(in_vain)
        with anyio.fail_after(2):
            assert "balance" in (await desk.house.ask("alice", "balance")).lower()
    began_s = anyio.current_time()
    await desk.house.stop()
    assert anyio.current_time() - began_s < 5
