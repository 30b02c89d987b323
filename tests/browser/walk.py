"""A walk over all registered pages, by the links that lead to them.

A page with a place in its path (``/op/user/{name}``) is found by the first link to one; so a page
that no link leads to is noticed, and new pages are walked over without being listed anywhere.
"""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from typing import Final
from urllib.parse import urlsplit

import httpx
from starlette.routing import compile_path
from tests.browser.stage import CHANNEL, OPERATOR_RANK, Stage, Visitor

from economy_actors.pages.app import TOPICS
from economy_actors.pages.registry import PAGES, PageSpec, Who

__all__ = ("LATER", "Found", "found_pages", "operator", "specs")

LATER: Final = {"/c/{channel}/fair/round/{number:int}"}
"""The data of a round can be had when its day is over, and its seed is told."""

_SHOWN: Final = {200, 422}
"""A page that takes what a form asks for says what is missing, without it."""
_LINK = re.compile(r'<(?:a|iframe)\b[^>]*?\b(?:href|src)="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Found:
    """A page and where it was found."""

    spec: PageSpec
    address: str
    is_html: bool

    @property
    def title(self) -> str:
        """A name for it that can be part of a file's name."""
        words = re.sub(r"\{(\w+)(?::\w+)?\}", r"\1", self.spec.name).strip("/")
        return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-") or "home"


def specs() -> list[PageSpec]:
    """All pages there are; forms are found on them."""
    assert TOPICS
    return [each for each in PAGES if not each.posts]


async def found_pages(visitor: Visitor) -> list[Found]:
    """Every page that this visitor can be shown, each once, as far as links lead to it."""
    cookies = {str(each["name"]): str(each["value"]) for each in await visitor.context.cookies()}
    known = {spec.route: compile_path(spec.route)[0] for spec in specs()}
    waiting = [
        spec.route.replace("{channel}", CHANNEL)
        for spec in specs()
        if "{" not in spec.path and (spec.who is Who.ANYONE or visitor.name)
    ]
    found: dict[str, Found] = {}
    async with httpx.AsyncClient(
        base_url=visitor.stage.address,
        cookies=cookies,
        headers={"x-forwarded-for": visitor.address},
    ) as client:
        while waiting:
            address = waiting.pop(0)
            spec = _spec_at(address, known)
            if spec is None or spec.route in found:
                continue
            page = await _fetched(client, address)
            if page is None:
                continue
            found[spec.route] = Found(spec, address, page.startswith("<"))
            waiting += [unescape(each) for each in _LINK.findall(page)]
    return [found[spec.route] for spec in specs() if spec.route in found]


@asynccontextmanager
async def operator(stage: Stage, **options: object) -> AsyncIterator[tuple[Visitor, list[Found]]]:
    """An operator in front of a browser, and what pages they find."""
    name = await stage.newcomer("Chief", rank=OPERATOR_RANK, funds_z=500)
    await stage.robot.ask(name, "flip 20")
    async with stage.visitor(name, **options) as visitor:
        await visitor.sign_in()
        yield visitor, [each for each in await found_pages(visitor) if each.is_html]


def _spec_at(address: str, known: Mapping[str, re.Pattern[str]]) -> PageSpec | None:
    """The page at an address of the service; the first that fits, as its router does."""
    parts = urlsplit(address)
    if parts.netloc:
        return None
    return next((each for each in specs() if known[each.route].fullmatch(parts.path)), None)


async def _fetched(client: httpx.AsyncClient, address: str) -> str | None:
    """The text of a page, "" of what is no page of HTML, None of what isn't to be seen."""
    async with client.stream("GET", address) as answer:
        if answer.status_code == 429:
            # A download that was made a moment ago.
            return ""
        if answer.status_code not in _SHOWN:
            return None
        if not answer.headers["content-type"].startswith("text/html"):
            return ""
        return (await answer.aread()).decode().lstrip()
