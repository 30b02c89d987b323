"""Public pages are drawn once in some seconds for all who are not signed in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope
from tests.actors.pages.browser import Pages, opened, pages

from economy_actors.pages.registry import PAGES, Who
from economy_actors.pages.shared import KEPT_MAX, Shared

BOARDS_S = 5.0


@asynccontextmanager
async def shared_pages(path: Path) -> AsyncIterator[Pages]:
    """Pages as the service opens them."""
    async with pages(path) as here:
        yield opened(here.house, replace(here.site, shared=Shared()))


def asked(path: str, *headers: tuple[bytes, bytes], method: str = "GET") -> Scope:
    """A request for this page."""
    return {"method": method, "path": path, "query_string": b"", "headers": [*headers]}


async def test_all_who_ask_within_some_seconds_see_the_same(tmp_path: Path) -> None:
    """Who has come meanwhile is seen by whoever asks after that time."""
    async with shared_pages(tmp_path / "e.db") as here, here.browser() as browser:
        await here.house.join("Alice")
        before = (await browser.get("/boards")).text
        await here.house.join("Bob")
        assert (await browser.get("/boards")).text == before
        await anyio.sleep(BOARDS_S)
        after = (await browser.get("/boards")).text
        assert after != before
        assert "Bob" in after


async def test_a_crowd_at_once_costs_one_drawing() -> None:
    """Who comes while the page is being drawn waits for that drawing and gets it."""
    shared, drawn, seen = Shared(), 0, []

    async def draw() -> Response:
        nonlocal drawn
        drawn += 1
        await anyio.sleep(0.2)
        return HTMLResponse(f"drawing {drawn}")

    async def ask() -> None:
        seen.append(bytes((await shared.answer(asked("/boards"), "/boards", 1.0, draw)).body))

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(ask)
    assert seen == [b"drawing 1"] * 50


async def test_where_the_books_are_silent_all_who_wait_are_told_at_once() -> None:
    """A hundred visitors of one page wait as long as the first of them, and not in turn."""
    shared, told = Shared(), []

    async def fail() -> Response:
        await anyio.sleep(5.0)
        raise HTTPException(503, "The books are busy right now.")

    async def ask() -> None:
        try:
            await shared.answer(asked("/boards"), "/boards", 1.0, fail)
        except HTTPException as error:
            told.append((error.status_code, anyio.current_time() - began_s))

    began_s = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        for _ in range(100):
            tasks.start_soon(ask)
    assert [status for status, _ in told] == [503] * 100
    assert max(after_s for _, after_s in told) < 6


async def test_a_drawing_that_failed_is_not_kept() -> None:
    """The next visitor has another try."""
    shared = Shared()

    async def fail() -> Response:
        raise HTTPException(503)

    async def draw() -> Response:
        return HTMLResponse("well")

    with pytest.raises(HTTPException):
        await shared.answer(asked("/"), "/", 1.0, fail)
    assert (await shared.answer(asked("/"), "/", 1.0, draw)).body == b"well"


async def test_who_is_signed_in_sees_their_own(tmp_path: Path) -> None:
    """Neither is a page of theirs shown to others, nor one of others to them."""
    async with (
        shared_pages(tmp_path / "e.db") as here,
        here.browser() as stranger,
        here.browser() as browser,
    ):
        await here.house.join("Alice")
        strange = (await stranger.get("/")).text
        await browser.sign_in("Alice")
        own = (await browser.get("/")).text
        assert "Sign out" in own
        assert "Sign out" not in strange
        assert (await stranger.get("/")).text == strange


async def test_what_is_kept_is_for_strangers_only() -> None:
    """A cookie of any kind, another verb, or a drawing that is too old leads to the page itself."""
    shared = Shared()

    async def draw() -> Response:
        return HTMLResponse("well")

    await shared.answer(asked("/boards"), "/boards", 1.0, draw)
    name, response = shared.found(asked("/boards", (b"accept", b"*/*"))) or ("", Response())
    assert (name, response.body) == ("/boards", b"well")
    assert shared.found(asked("/boards", (b"cookie", b"a=b"))) is None
    assert shared.found(asked("/boards", method="POST")) is None
    assert shared.found(asked("/other")) is None
    await anyio.sleep(1.0)
    assert shared.found(asked("/boards")) is None


async def test_what_is_kept_is_answered_as_what_was_drawn(tmp_path: Path) -> None:
    """With the same headers, and counted as the same page."""
    async with shared_pages(tmp_path / "e.db") as here, here.browser() as browser:
        await here.house.join("Alice")
        first, second = [await browser.get("/boards") for _ in range(2)]
        assert first.text == second.text
        assert {**first.headers} == {**second.headers}
        registry = here.house.context.metrics.registry
        counted = {"page": "/boards", "result": "ok"}
        assert registry.get_sample_value("economy_page_requests_total", counted) == 2


async def test_another_question_is_another_page(tmp_path: Path) -> None:
    """What stands behind the question mark counts, and so does the channel."""
    async with shared_pages(tmp_path / "e.db") as here, here.browser() as browser:
        await here.house.join("Alice")
        assert (await browser.get("/boards")).text != (
            await browser.get("/boards?board=earners")
        ).text


async def test_what_is_kept_is_bounded(tmp_path: Path) -> None:
    """Whatever visitors think of as a question, so many pages are kept and no more."""
    async with shared_pages(tmp_path / "e.db") as here, here.browser() as browser:
        await here.house.join("Alice")
        first = (await browser.get("/boards?any=0")).text
        await here.house.join("Bob")
        for number in range(1, KEPT_MAX + 1):
            await browser.get(f"/boards?any={number}")
        assert (await browser.get("/boards?any=0")).text != first


async def test_only_public_pages_are_shared() -> None:
    """A page that takes a sign-in is never kept for the next visitor."""
    assert {each.who for each in PAGES if each.shared_s} == {Who.ANYONE}
