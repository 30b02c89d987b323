"""What visitors send that no page has asked for: a clear page, and nothing else happens."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import httpx
import pytest
from starlette.requests import Request
from tests.actors.pages.browser import pages

from economy_actors.messages.session import Asked, PageAnswer
from economy_actors.pages.assets import assets
from economy_actors.pages.registry import PAGES, Who
from economy_actors.pages.view import View
from kryten_economy.config.web import Web


async def test_every_answer_keeps_browsers_from_asking_anybody_else(tmp_path: Path) -> None:
    """Pages, errors and assets alike; no page may stand in another site's frame."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        for path in ("/", "/sign-in", "/nothing", "/me/"):
            page = await browser.get(path)
            policy = page.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert page.headers["x-frame-options"] == "DENY"
            assert page.headers["cache-control"] == "no-store"
            assert "<script>" not in page.text
            assert "style=" not in page.text
            assert "http://" not in page.text.replace("http://www.w3.org", "")
        assert (await browser.client.get("/static/pages.css")).headers["x-content-type-options"]


async def test_the_stylesheet_is_kept_until_it_changes(tmp_path: Path) -> None:
    """Under its digest for a year, under its name for minutes."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        digest = assets()["pages.css"].digest
        page = await browser.client.get(f"/static/pages.css?v={digest}")
        assert "immutable" in page.headers["cache-control"]
        page = await browser.client.get("/static/pages.css?v=old")
        assert page.headers["cache-control"] == "public, max-age=300"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e/%2e%2e/app.py",
        "/static/templates/layout.html",
        "/static/",
        "/c/Nowhere/",
        "/c/",
        "/c/TestChan/me/../../Nowhere/x",
        "/c/..%2f..%2fetc/passwd",
        "/%00",
        "/c/TestChan%0d%0aX: y/",
    ],
)
async def test_paths_that_lead_nowhere(tmp_path: Path, path: str) -> None:
    """A page that says that there is no such page."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        page = await browser.client.get(path)
        assert page.status_code == 404
        assert "There is no such" in page.text


async def test_a_channel_is_found_in_any_casing(tmp_path: Path) -> None:
    """Its links are spelled as it is configured; the last slash may be left out."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        page = await browser.client.get("/c/testchan?board=earners")
        assert page.status_code == 200
        assert "/c/TestChan/sign-in" in page.text
        assert (await browser.client.get("/")).url.path == "/c/TestChan/"


async def test_a_wrong_method_is_told(tmp_path: Path) -> None:
    """A page takes no form, and a form shows no page."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        assert (await browser.get("/me/tip")).status_code == 405
        assert (await browser.client.put("/c/TestChan/")).status_code == 405


async def test_large_bodies_are_not_read(tmp_path: Path) -> None:
    """10 MB are refused at their announcement, or where nothing was announced after 16 KB."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await here.house.join("Alice")
        await browser.sign_in("alice")
        token = browser.form("/me/tip").fields["token"]
        fields = {"token": token, "to": "b" * 10_000_000}
        assert (await browser.post("/me/tip", fields)).status_code == 413
        read = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal read
            while True:
                read += 1_000
                yield b"a" * 1_000

        headers = {"content-type": "application/x-www-form-urlencoded"}
        page = await browser.client.post(browser.url("/me/tip"), content=endless(), headers=headers)
        assert page.status_code == 413
        assert read < 20_000


async def test_slow_bodies_are_cut(tmp_path: Path) -> None:
    """A form that drips has ten seconds to arrive."""
    async with pages(tmp_path / "e.db") as here, here.browser(timeout=60) as browser:

        async def dripping() -> AsyncIterator[bytes]:
            while True:
                await anyio.sleep(1)
                yield b"a"

        headers = {"content-type": "application/x-www-form-urlencoded"}
        url = browser.url("/sign-in")
        page = await browser.client.post(url, content=dripping(), headers=headers)
        assert page.status_code == 408


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"x", "multipart/form-data; boundary=x", 415),
        (b"", "", 415),
        (b"name=%ff%fe", "application/x-www-form-urlencoded", 400),
        (b"name=\xff", "application/x-www-form-urlencoded", 400),
        (b"name=a&name=b", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"f%d=1" % n for n in range(70)), "application/x-www-form-urlencoded", 400),
    ],
)
async def test_what_is_no_form(tmp_path: Path, content: bytes, kind: str, status: int) -> None:
    """Is refused with a page that says so."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        headers = {"content-type": kind} if kind else {}
        url = browser.url("/sign-in")
        page = await browser.client.post(url, content=content, headers=headers)
        assert page.status_code == status
        assert "<h1>" in page.text


async def test_every_page_of_members_asks_who_comes(tmp_path: Path) -> None:
    """Whoever is not signed in is led to the sign-in by each, and no form of theirs is taken."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        for spec in PAGES:
            if spec.who is Who.ANYONE or "{" in spec.path:
                continue
            if spec.posts:
                assert (await browser.post(spec.path, {"once": "x" * 20})).status_code == 403
            else:
                page = await browser.get(spec.path)
                assert page.url.path == "/c/TestChan/sign-in"


async def test_an_address_asks_only_so_often(tmp_path: Path) -> None:
    """A flood from one address is turned away without a look at the books; others are served."""
    web = Web(trusted_proxies=("127.0.0.1",))
    async with pages(tmp_path / "e.db", web) as here, here.browser() as browser:
        flood = {"x-forwarded-for": "7.7.7.7"}
        statuses = [(await browser.get("/sign-in", headers=flood)).status_code for _ in range(230)]
        assert statuses[:200] == [200] * 200
        assert statuses[-1] == 429
        other = {"x-forwarded-for": "8.8.8.8"}
        assert (await browser.get("/sign-in", headers=other)).status_code == 200
        await anyio.sleep(10)
        assert (await browser.get("/sign-in", headers=flood)).status_code == 200


async def test_a_question_has_its_buttons(tmp_path: Path) -> None:
    """Yes and no, a field for a code, or a button for each number: all in plain forms."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        scope = {"type": "http", "path": "/c/TestChan/me/x", "query_string": b"", "headers": []}
        view = View(here.site, Request(scope), "TestChan", None)
        asked = Asked("some id", yes=True, code=True, choices=3)
        answer = PageAnswer("Sure <b>?", asked=asked)
        shown = view.show("answer.html", answer=answer, back="/me/")
        browser.page = httpx.Response(200, content=bytes(shown.body))
        buttons = [
            each
            for form in browser.forms
            if form.action.endswith("/me/answer")
            for each in form.buttons
        ]
        assert buttons == [("say", "yes"), ("say", "no"), ("say", "1"), ("say", "2"), ("say", "3")]
        assert 'name="say" value="confirm"' in browser.page.text
        assert browser.said == "Sure <b>?"
