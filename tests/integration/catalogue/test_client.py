"""The catalogue's client against a server that misbehaves in every way we could think of."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import anyio
import pytest
from tests.integration.catalogue.library import (
    FILM,
    Handler,
    Library,
    as_bytes,
    as_json,
    endless,
    gone,
    half,
    library,
    silent,
    status,
    trickling,
)

from economy_actors.catalogue.client import Answer, MediaCmsServer, Question, item, search
from kryten_economy.features.catalogue import CatalogueAway, CatalogueItem, NotInCatalogue

NOSFERATU = CatalogueItem("aB3_-x", "Nosferatu", 5640)
TIMEOUT_S = 0.2
"""Attempts of tests that time out end so soon."""


class Desk:
    """Server and client in one hand."""

    def __init__(self, library: Library, client: MediaCmsServer) -> None:
        self.library = library
        self.client = client

    async def find(self, **settings: Any) -> Answer:
        return await self._ask(item("aB3_-x", self.library.settings(**settings)))

    async def search(self, query: str = "nosferatu", **settings: Any) -> Answer:
        return await self._ask(search(query, self.library.settings(**settings)))

    async def in_a_hurry(self) -> Answer:
        question = item("aB3_-x", self.library.settings())
        return await self._ask(replace(question, timeout_s=TIMEOUT_S))

    async def _ask(self, question: Question) -> Answer:
        with anyio.fail_after(20):
            return await self.client.ask(question)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with library() as (here, client):
        yield Desk(here, client)


async def test_an_item_is_asked_for_by_its_token(desk: Desk) -> None:
    """One request, at the address that MediaCMS has for it (`spending.md`)."""
    assert await desk.find() == NOSFERATU
    assert desk.library.paths == ["/api/v1/media/aB3_-x"]
    assert desk.library.results == ["ok"]


async def test_a_slash_at_the_end_of_the_address_does_not_matter(desk: Desk) -> None:
    """The path is the same, also below a folder."""
    await desk.find(base_url=desk.library.url + "/")
    await desk.find(base_url=desk.library.url + "/cms/")
    assert desk.library.paths == ["/api/v1/media/aB3_-x", "/cms/api/v1/media/aB3_-x"]


async def test_a_search_sends_the_words(desk: Desk) -> None:
    """Whatever characters they have, they arrive as the query and as nothing else."""
    desk.library.will(as_json({"results": [FILM]}))
    assert await desk.search("  Größe & 100% #1?q=/../x ") == (NOSFERATU,)
    (request,) = desk.library.asked
    assert request.path == "/api/v1/media"
    assert dict(request.query) == {"q": "größe & 100% #1?q=/../x"}


async def test_results_are_cut_here(desk: Desk) -> None:
    """The server ignores any wish for fewer (P-QUE-5); a bare list has results as well."""
    films = [{**FILM, "friendly_token": f"t{n}"} for n in range(50)]
    desk.library.will(as_json({"count": 50, "results": films}), as_json(films))
    for _ in range(2):
        found = await desk.search(search_results_limit=3)
        assert found == tuple(NOSFERATU._replace(token=f"t{n}") for n in range(3))


async def test_no_results_are_an_answer(desk: Desk) -> None:
    """An empty list is something else than no answer (P-QUE-6)."""
    desk.library.will(as_json({"results": []}))
    assert await desk.search() == ()
    assert desk.library.results == ["ok"]


async def test_an_item_that_is_not_there(desk: Desk) -> None:
    """404 says so at once."""
    desk.library.will(status(404))
    assert await desk.find() == NotInCatalogue("aB3_-x")
    assert desk.library.results == ["not_found"]


async def test_a_search_that_is_not_there(desk: Desk) -> None:
    """A server without a catalogue is no empty catalogue."""
    desk.library.will(status(404))
    assert isinstance(await desk.search(), CatalogueAway)
    assert desk.library.results == ["rejected"]


@pytest.mark.parametrize(
    ("trouble", "result"),
    [
        (status(500), "server_error"),
        (status(502), "server_error"),
        (status(503, Retry_After="3600"), "server_error"),
        (status(429), "throttled"),
        (half, "unreachable"),
    ],
)
async def test_what_passes_is_tried_again(desk: Desk, trouble: Handler, result: str) -> None:
    """Three attempts, after 1 s and after 2 s more; the third may succeed."""
    desk.library.will(trouble, trouble, as_json(FILM))
    assert await desk.find() == NOSFERATU
    assert desk.library.results == [result, result, "ok"]
    assert desk.library.pauses_s == [1, 2]
    desk.library.will(trouble)
    assert isinstance(await desk.find(), CatalogueAway)
    assert desk.library.results[3:] == [result] * 3, "there is no fourth"
    assert desk.library.pauses_s == [1, 2, 1, 2]


async def test_a_connection_that_breaks_without_a_word_is_tried_again(desk: Desk) -> None:
    """The HTTP library itself does so once within each attempt."""
    desk.library.will(gone, gone, gone, as_json(FILM))
    assert await desk.find() == NOSFERATU
    assert desk.library.results == ["unreachable", "ok"]
    desk.library.will(gone)
    assert isinstance(await desk.find(), CatalogueAway)
    assert desk.library.results[2:] == ["unreachable"] * 3


@pytest.mark.parametrize("trouble", [silent, trickling])
async def test_an_answer_that_takes_too_long_is_given_up(desk: Desk, trouble: Handler) -> None:
    """The limit is for the whole attempt, however busily the server sends."""
    desk.library.will(trouble, as_json(FILM))
    assert await desk.in_a_hurry() == NOSFERATU
    assert desk.library.results == ["timeout", "ok"]


async def test_nobody_there(desk: Desk) -> None:
    """A refused connection is tried again as well."""
    answer = await desk.find(base_url="http://127.0.0.1:1")
    assert isinstance(answer, CatalogueAway)
    assert desk.library.results == ["unreachable"] * 3


@pytest.mark.parametrize("number", [400, 401, 403, 405, 410, 418, 304])
async def test_other_refusals_are_final(desk: Desk, number: int) -> None:
    """Asking again would change nothing."""
    desk.library.will(status(number))
    assert isinstance(await desk.find(), CatalogueAway)
    assert desk.library.results == ["rejected"]
    assert desk.library.pauses_s == []


@pytest.mark.parametrize(
    "answer",
    [
        as_bytes(b"<!DOCTYPE html><title>Sign in</title>", "text/html"),
        as_bytes(b""),
        as_bytes(b'{"friendly_token": "aB3_-x"'),
        as_bytes(b"\xff\xfe\x00"),
        as_bytes(b"[" * 500_000),
        as_bytes(b"9" * 100_000),
        as_json(None),
        as_json("Nosferatu"),
        as_json(7),
        as_json([FILM]),
        as_json({"friendly_token": "../../etc", "title": "Nosferatu", "duration": 5640}),
        status(204),
        endless,
    ],
)
async def test_what_is_no_item_is_no_answer(desk: Desk, answer: Handler) -> None:
    """A page for people, half a document, another type or no end: the catalogue is away."""
    desk.library.will(answer)
    assert isinstance(await desk.find(), CatalogueAway)
    assert desk.library.results == ["malformed"]


@pytest.mark.parametrize(
    "answer",
    [
        as_bytes(b"<html></html>", "text/html"),
        as_json({"detail": "Not now."}),
        as_json({"results": {"a": FILM}}),
        as_json({"results": "none"}),
        as_json([1, None, "x", {"title": "without a token"}]),
        as_json(None),
        endless,
    ],
)
async def test_what_is_no_list_is_no_answer(desk: Desk, answer: Handler) -> None:
    """An outage never looks like a search without results (P-QUE-6)."""
    desk.library.will(answer)
    assert isinstance(await desk.search(), CatalogueAway)
    assert desk.library.results == ["malformed"]


async def test_json_counts_whatever_it_is_called(desk: Desk) -> None:
    """Some proxies lose the content type."""
    desk.library.will(as_bytes(json.dumps(FILM).encode(), "text/plain"))
    assert await desk.find() == NOSFERATU


@pytest.mark.parametrize("token", ["", "your-token-here"])
async def test_no_token_no_header(desk: Desk, token: str) -> None:
    """The shipped placeholder is no token."""
    await desk.find(api_token=token)
    assert "Authorization" not in desk.library.asked[0].headers


async def test_the_token_is_sent_as_mediacms_wants_it(desk: Desk) -> None:
    """With every attempt."""
    desk.library.will(status(500), as_json(FILM))
    await desk.find(api_token="s3cret")
    assert [each.headers["Authorization"] for each in desk.library.asked] == ["Token s3cret"] * 2


async def test_a_token_that_no_header_can_carry(desk: Desk) -> None:
    """A line break in it is the operator's mistake and breaks nothing."""
    answer = await desk.find(api_token="two\r\nX-Lines: yes")
    assert isinstance(answer, CatalogueAway)
    assert "two" not in answer.reason
    assert desk.library.asked == []
    assert await desk.find() == NOSFERATU


@pytest.mark.parametrize("base_url", ["ftp://127.0.0.1/", "http://127.0.0.1:99999", "http://["])
async def test_an_address_that_is_none(desk: Desk, base_url: str) -> None:
    """Also a mistake that is told and breaks nothing."""
    assert isinstance(await desk.find(base_url=base_url), CatalogueAway)
    assert set(desk.library.results) == {"rejected"}


async def test_redirects_on_the_same_host_are_followed(desk: Desk) -> None:
    """With the token, since it is the same server."""
    there = "/api/v1/media/aB3_-x/"
    desk.library.will(status(301, Location=there), as_json(FILM))
    assert await desk.find(api_token="s3cret") == NOSFERATU
    assert desk.library.paths[1] == there
    assert desk.library.asked[1].headers["Authorization"] == "Token s3cret"


async def test_no_redirect_leads_to_another_host(desk: Desk) -> None:
    """Nobody else is asked, with the token or without."""
    async with library() as (other, _client):
        for place in (
            f"{other.url}/api/v1/media/aB3_-x",
            "http://localhost:1/",
            "//elsewhere.test/x",
            "file:///etc/passwd",
            "http://[",
            "",
        ):
            desk.library.will(status(302, Location=place))
            answer = await desk.find(api_token="s3cret")
            assert isinstance(answer, CatalogueAway), place
        assert other.asked == []
    assert set(desk.library.results) == {"rejected"}


async def test_redirects_in_a_circle_end(desk: Desk) -> None:
    """After three nobody follows any more."""
    desk.library.will(status(307, Location="/api/v1/media/aB3_-x"))
    assert isinstance(await desk.find(), CatalogueAway)
    assert len(desk.library.asked) == 4


async def test_proxies_of_the_environment_are_not_used(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is set for other programs on the machine must not see the token."""
    async with library() as (proxy, _client):
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert await desk.find(api_token="s3cret") == NOSFERATU
        assert proxy.asked == []


async def test_reasons_hold_neither_words_nor_token(desk: Desk) -> None:
    """They go to the log, which has no text of users and no secrets."""
    for trouble in (status(403), status(500), half, as_bytes(b"<html>")):
        desk.library.will(trouble)
        answer = await desk.search("my private words", api_token="s3cret")
        assert isinstance(answer, CatalogueAway)
        assert "private" not in answer.reason
        assert "s3cret" not in answer.reason
