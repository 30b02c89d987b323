"""Script in what users, operators and films are called and say stays text on every page."""

from html import unescape
from pathlib import Path

import anyio
import pytest
from tests.actors.games.quiz import BETS_S
from tests.actors.house import CHANNEL
from tests.actors.pages.browser import Pages
from tests.actors.pages.hostile import (
    MARKS,
    evil,
    furnished,
    harm,
    signed_in,
    starts,
    walked,
)
from tests.actors.pages.test_live import Reader, watched

from economy_actors.pages import live
from economy_actors.pages.registry import PAGES
from kryten_economy.features.media.rules import Medium


@pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)
async def test_script_in_texts_stays_text_on_every_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, anyio_backend: str
) -> None:
    """Each text is seen somewhere, as the text it is, by members, operators and strangers."""
    async with furnished(tmp_path, monkeypatch) as here:
        htmls: list[str] = []
        seen: set[str] = set()
        async with signed_in(here, "Bob") as bob:
            await bob.get("/me/play")
            await bob.send("/me/play/stake/trivia", amount="10")
            assert bob.page.status_code == 200, bob.text
            await anyio.sleep(BETS_S + 1)
            for path in ("/me/play", "/games"):
                page = await bob.get(path)
                assert harm(page.text) == []
                htmls.append(page.text)
        for name in ("", "Alice", "Boss"):
            async with signed_in(here, name) as browser:
                found = await walked(browser, starts(browser.channel))
                for route, answers in found.pages.items():
                    for answer in answers:
                        assert answer.status_code < 500, (route, answer.url)
                        assert answer.headers["x-content-type-options"] == "nosniff"
                        if not answer.headers["content-type"].startswith("text/html"):
                            continue
                        assert harm(answer.text) == [], (route, answer.url)
                        assert "<script>" not in answer.text, answer.url
                        htmls.append(answer.text)
                seen |= set(found.pages)
        registered = {each.route for each in PAGES if not each.posts}
        assert registered - seen == {"/c/{channel}/live"}
        htmls.append(await _streamed(here))
        told = unescape("\n".join(htmls))
        unseen = [what for mark, what in MARKS.items() if f"{mark}here" not in told]
        assert unseen == []


async def _streamed(here: Pages) -> str:
    """What an open page is told of the channel, as news, and it is as harmless."""
    reader = Reader(here.site)
    async with watched(here, reader):
        await live.beat(here.site)
        await here.house.pm("Boss", f"event start 3 30 {evil('af')}")
        await here.house.pm("Alice", "flip 10")
        here.house.context.playing[CHANNEL] = Medium("yt:x", evil("au"), 600, 9)
        await live.beat(here.site)
        await here.house.settle()
    assert "afhere" in reader.text
    assert "auhere" in reader.text.partition("event: playing\n")[2]
    assert harm(reader.text) == []
    return reader.text
