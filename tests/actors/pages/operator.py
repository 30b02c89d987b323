"""An operator at the pages of a channel, with somebody to act on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.actors.pages.browser import Browser, Pages, pages

__all__ = ("acted", "operating")


@asynccontextmanager
async def operating(path: Path, **options: Any) -> AsyncIterator[tuple[Pages, Browser]]:
    """Boss is signed in and may do everything; Bob is here too."""
    async with pages(path / "e.db", **options) as here, here.browser() as browser:
        await here.house.join("Boss", 5)
        await here.house.join("Bob")
        await browser.sign_in("Boss")
        yield here, browser


async def acted(here: Pages, browser: Browser, path: str, **fields: str) -> None:
    """Fill in a form, look at what will happen, and agree."""
    await browser.send(path, **fields)
    assert browser.page.status_code == 200, browser.text
    assert "This will happen" in browser.text, browser.text
    await browser.send(path)
    await here.house.settle()
