"""Leaderboards on pages, their own and those of others, against what PMs say."""

import re
from pathlib import Path

import pytest
from tests.actors.house import CHANNEL
from tests.actors.pages.browser import Pages, pages

from kryten_economy.config.web import Web
from kryten_economy.features.money.operations import Credit
from kryten_economy.features.vanity.rules import TITLE
from kryten_economy.users import UserKey

SCRIPT = "<script>alert(1)</script>"
SECTIONS = {"onboarding": {"welcome_wallet": 0}, "commands": {"rate_limit_per_minute": 1000}}
_ROW = re.compile(
    r'<td class="number">(\d+)</td><th scope="row">(.*?)</th><td class="number">(.*?)</td>'
)
_LINE = re.compile(r"^(🥇|🥈|🥉|\d+\.) (.*?): (.*?)(?: \(you\))?$")
_MEDALS = {"🥇": "1", "🥈": "2", "🥉": "3"}


async def _crowd(here: Pages, *amounts: int) -> None:
    """Alice asks; the others have earned these."""
    await here.house.join("Alice")
    for number, amount_z in enumerate(amounts):
        user = UserKey(CHANNEL, f"user{number:02}")
        await here.house.commit(
            Credit(
                f"t:{number}",
                user,
                amount_z,
                "admin_grant",
                "admin.grant",
                "",
                here.house.now_ms,
                "2026-11-20",
                create=True,
                display_name=f"User{number:02}",
            )
        )


@pytest.mark.parametrize("board", ["rich", "earners", "lifetime"])
async def test_a_board_is_the_pm_s(tmp_path: Path, board: str) -> None:
    """The same places, names and amounts; equal amounts share a place, on both."""
    amounts = (50, 70, 70, 20, 20, 20, 90, 10)
    async with (
        pages(tmp_path / "e.db", sections=SECTIONS) as here,
        here.browser() as browser,
    ):
        await _crowd(here, *amounts)
        for name in ("Ann", "Ben"):
            await here.house.join(name)
        await here.house.pm("Alice", "quiet top")
        await here.house.minutes(3)
        [told] = await here.house.pm("Ann", f"top {board}")
        lines = [found.groups() for line in told.splitlines() if (found := _LINE.match(line))]
        await browser.get("/boards", params={"board": board})
        rows = _ROW.findall(browser.page.text)
        assert [(_MEDALS.get(mark, mark.rstrip(".")), *rest) for mark, *rest in lines] == rows
        assert rows
        assert "Alice" not in browser.text


async def test_ranks_are_counted_as_by_pm(tmp_path: Path) -> None:
    """How many stand on each rank."""
    async with (
        pages(tmp_path / "e.db", sections=SECTIONS) as here,
        here.browser() as browser,
    ):
        await _crowd(here, *(5, 7, 9))
        [told] = await here.house.pm("Alice", "top ranks")
        await browser.get("/boards?board=ranks")
        for line in told.splitlines()[1:-1]:
            rank, count = line.split(": ")
            row = f'<th scope="row">{rank}</th><td class="number">{count.split()[0]}</td>'
            assert row in browser.page.text


async def test_one_s_own_place_is_shown(tmp_path: Path) -> None:
    """Also to who is on no list for others."""
    async with (
        pages(
            tmp_path / "e.db", sections=SECTIONS | {"onboarding": {"welcome_wallet": 60}}
        ) as here,
        here.browser() as browser,
    ):
        await _crowd(here, 50, 70)
        await browser.sign_in("alice")
        await here.house.pm("Alice", "quiet top")
        await browser.get("/boards")
        text = " ".join(browser.text.split())
        assert "You: place 2 with 60 Z. Only you see your line" in text
        assert "User00" in text
        browser.client.cookies.clear()
        await browser.get("/boards")
        assert "You:" not in browser.text


@pytest.mark.parametrize("query", ["board=nothing", "page=0", "page=-3", "page=x", "page=999999"])
async def test_a_wrong_address_shows_a_board(tmp_path: Path, query: str) -> None:
    """A board there is none of is the first one, and a page is drawn into its bounds."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        page = await browser.get(f"/boards?{query}")
        assert page.status_code == 200
        assert "<h1>Richest</h1>" in page.text


async def test_a_page_behind_the_last_leads_to_the_first(tmp_path: Path) -> None:
    """And not through all the empty ones before it."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        page = await browser.get("/boards?board=lifetime&page=9")
        assert "Nobody on this page" in page.text
        assert '<a href="/c/TestChan/boards?board=lifetime">To the first page</a>' in page.text
        assert "Previous" not in page.text


async def test_a_title_is_text(tmp_path: Path) -> None:
    """People are named as the bot names them, and what they have chosen runs nowhere."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _crowd(here, 50)
        context = here.house.context
        context.adornments[UserKey(CHANNEL, "user00")] = {TITLE: SCRIPT}
        for path in ("/", "/boards"):
            page = await browser.get(path)
            assert "&lt;script&gt;alert(1)" in page.text
            assert "<script>alert" not in page.text


# In the pages of others


async def test_a_board_stands_in_configured_pages(tmp_path: Path) -> None:
    """Those may frame it; it holds no form, no navigation, and sets no cookie."""
    web = Web(embed_origins=("https://club.test",))
    async with (
        pages(tmp_path / "e.db", web, sections=SECTIONS) as here,
        here.browser() as browser,
    ):
        await _crowd(here, *range(1, 30))
        for path in ("board", "board?board=earners", "race"):
            page = await browser.client.get(f"/embed/{CHANNEL}/{path}")
            assert page.status_code == 200
            policy = page.headers["content-security-policy"]
            assert "frame-ancestors https://club.test" in policy
            assert "x-frame-options" not in page.headers
            assert "set-cookie" not in page.headers
            assert "<form" not in page.text
            assert "<nav" not in page.text
        page = await browser.client.get(f"/embed/{CHANNEL.lower()}/board")
        assert [place for place, *_ in _ROW.findall(page.text)] == [str(n) for n in range(1, 11)]
        # Nothing else of the service may stand in a frame.
        assert (await browser.get("/boards")).headers["x-frame-options"] == "DENY"


async def test_without_origins_nothing_is_framed(tmp_path: Path) -> None:
    """Whoever has configured none has not allowed it to anybody."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        page = await browser.client.get(f"/embed/{CHANNEL}/board")
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert page.headers["x-frame-options"] == "DENY"
        assert (await browser.client.get("/embed/Nowhere/board")).status_code == 404


async def test_an_embedded_board_lists_who_wants_to_be_listed(tmp_path: Path) -> None:
    """And is the same for who is signed in."""
    async with pages(tmp_path / "e.db", sections=SECTIONS) as here, here.browser() as browser:
        await _crowd(here, 5)
        await here.house.join("Bob")
        await browser.sign_in("alice")
        await here.house.pm("Alice", "quiet top")
        page = await browser.client.get(f"/embed/{CHANNEL}/board")
        assert "User00" in page.text
        assert "Alice" not in page.text
