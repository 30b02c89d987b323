"""A browser without a screen: it asks the pages of a house, keeps cookies, and fills in forms."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Protocol

import httpx
from tests.actors.house import House, house, settings_with

from economy_actors.context import Context
from economy_actors.pages.app import pages_app
from economy_actors.pages.assets import environment
from economy_actors.pages.codes import SignIn
from economy_actors.pages.shared import Shared
from economy_actors.pages.view import Site
from economy_actors.pages.what_if import WhatIf
from economy_actors.runtime import Actor
from kryten_economy.config.web import Web
from kryten_economy.ledger.facts import Facts

__all__ = ("ORIGIN", "Browser", "Form", "Pages", "Room", "opened", "opening", "pages")

ORIGIN = "http://pages.test"
_CODE = re.compile(r": ([0-9]{6}) \(5 minutes\)")


@dataclass(slots=True)
class Form:
    """A form as a browser would send it: by its action, with the values it came with."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(given["action"])
            self.forms.append(self._open)
        elif self._open is not None and tag in {"input", "select", "textarea"}:
            if given.get("type") not in {"checkbox", "radio"} or "checked" in given:
                self._open.fields[given["name"]] = given.get("value", "")
        elif self._open is not None and tag == "button" and "name" in given:
            self._open.buttons.append((given["name"], given["value"]))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


class Room(Protocol):
    """Where the PMs arrive that a visitor has asked for."""

    def pms(self, name: str) -> list[str]:
        """What a user was sent."""
        ...

    async def settle(self) -> None:
        """Let what is under way arrive."""
        ...


@dataclass(slots=True)
class Browser:
    """One visitor."""

    house: Room
    client: httpx.AsyncClient
    channel: str
    page: httpx.Response = field(init=False)

    def url(self, path: str) -> str:
        return f"/c/{self.channel}{path}"

    async def get(self, path: str, **options: Any) -> httpx.Response:
        self.page = await self.client.get(self.url(path), **options)
        return self.page

    async def post(self, path: str, fields: dict[str, str], **options: Any) -> httpx.Response:
        """Send fields as they are, without any of the page's own."""
        origin = str(self.client.base_url).rstrip("/")
        headers = {"origin": origin, "sec-fetch-site": "same-origin"} | options.pop("headers", {})
        self.page = await self.client.post(self.url(path), data=fields, headers=headers, **options)
        return self.page

    def form(self, path: str) -> Form:
        """The form of the page at hand that is sent to this path."""
        [found] = [each for each in self.forms if each.action == self.url(path)]
        return found

    @property
    def forms(self) -> list[Form]:
        """All forms of the page at hand."""
        reader = _Forms()
        reader.feed(self.page.text)
        return reader.forms

    async def send(self, path: str, **fields: str) -> httpx.Response:
        """Fill in a form of the page at hand and send it; follows where that leads."""
        return await self.post(path, self.form(path).fields | fields)

    @property
    def text(self) -> str:
        """The page at hand, entities resolved, without tags."""
        return unescape(re.sub(r"<[^>]+>", " ", self.page.text))

    @property
    def said(self) -> str:
        """What the page at hand answers."""
        found = re.search(r'<p class="note[^>]*>(.*?)</p>', self.page.text, re.DOTALL)
        assert found is not None, self.page.text
        return unescape(found[1])

    def code(self, name: str) -> str:
        """The newest code that a user was sent by PM."""
        return [
            found[1] for each in self.house.pms(name.lstrip("@")) if (found := _CODE.search(each))
        ][-1]

    async def sign_in(self, name: str) -> httpx.Response:
        """Through both pages, with the code that has come."""
        await self.get("/sign-in")
        await self.send("/sign-in", name=name)
        await self.house.settle()
        return await self.send("/sign-in/code", code=self.code(name))


@dataclass(slots=True)
class Pages:
    """A house and the application of its pages."""

    house: House
    site: Site
    transport: httpx.ASGITransport

    @asynccontextmanager
    async def browser(self, channel: str = "", **options: Any) -> AsyncIterator[Browser]:
        async with httpx.AsyncClient(
            transport=self.transport, base_url=ORIGIN, follow_redirects=True, **options
        ) as client:
            yield Browser(self.house, client, channel or next(iter(self.house.context.channels)))


def opening(web: Web | None = None) -> tuple[list[Site], dict[str, Any]]:
    """Where the site of a house will be, and what the house takes so that it has one."""
    made: list[Site] = []

    def start(root: Actor[Any], context: Context) -> None:
        sign_in = root.spawn("sign_in", lambda: SignIn(context))
        what_if = root.spawn("what_if", lambda: WhatIf(context))
        # The clock stands still between two steps of a test, and a page shows each.
        shared = Shared(is_on=False)
        made.append(Site(context, web or Web(), sign_in, what_if, environment(), shared=shared))

    def committed(facts: Facts) -> None:
        if made:
            made[0].live.note(facts)

    return made, {"more": start, "facts_to": committed}


def opened(here: House, site: Site) -> Pages:
    """The pages of a house that has begun."""
    return Pages(here, site, httpx.ASGITransport(pages_app(site), raise_app_exceptions=False))


@asynccontextmanager
async def pages(path: Path, web: Web | None = None, **options: Any) -> AsyncIterator[Pages]:
    """The pages of a house; what it takes beside may be given by name."""
    settings = settings_with(tipping={"min_account_age_minutes": 0}, **options.pop("sections", {}))
    made, more = opening(web)
    async with house(path, settings, **more, **options) as here:
        yield opened(here, made[0])
