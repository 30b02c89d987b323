"""Every registered form and page, as somebody sends it who has no right to, or means harm."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import anyio
import pytest
from tests.actors.pages.browser import ORIGIN, Browser, Pages
from tests.actors.pages.hostile import (
    Found,
    furnished,
    harm,
    signed_in,
    starts,
    unharmed,
    walked,
)

from economy_actors.outbox.message import Pm
from economy_actors.pages.registry import PAGES, Who

pytestmark = pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)

KIND = "application/x-www-form-urlencoded"

GOOD = {
    "amount": "10",
    "to": "bob",
    "name": "bob",
    "reason": "why",
    "outcome": "1",
    "letter": "A",
    "do": "quiet",
    "what": "stakes",
    "multiplier": "2",
    "minutes": "30",
    "decision": "approve",
    "for": "5m",
    "rank": "auto",
    "text": "Hello",
}
"""What a form may hold where the page itself leaves a field empty."""

SPECIAL: dict[str, dict[str, str]] = {
    "/sign-in": {"name": "bob", "to": "/me/"},
    "/op/panic/stop": {"what": "earning", "for": "5m", "reason": "why"},
    "/op/resume": {"what": "earning", "name": ""},
    "/op/keys/add": {"name": "bob", "read": "on"},
    "/op/events/start": {"multiplier": "2", "minutes": "30", "name": "Feast"},
    "/op/shop/put": {"id": "cup", "price": "7", "effect": "title", "text": "Sir", "name": "Cup",
                     "about": "a", "stock": "3", "limit": "1", "wait": "", "rank": "", "x": "",
                     "minutes": ""},
    "/op/shop/stock": {"id": "poster", "stock": "3"},
}  # fmt: skip
"""Where a field of that name takes something else."""

UNSEEN: dict[str, tuple[str, dict[str, str]]] = {
    "/me/answer": ("/me/answer", {"say": "yes", "question": "1"}),
    "/me/limits/pause": ("/me/limits/pause", {"time": "1d"}),
    "/me/play/race/bet": ("/me/play/race/bet", {"amount": "10", "colour": "blue"}),
    "/me/play/trivia/answer": ("/me/play/trivia/answer", {"letter": "A"}),
    "/op/audit/{number:int}/undo": ("/op/audit/1/undo", {"partial": ""}),
    "/op/config/reload": ("/op/config/reload", {}),
    "/sign-in/code": ("/sign-in/code", {"ticket": "x", "code": "123456", "to": "/me/"}),
}
"""Forms that a page shows only at some moments."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A form as somebody sends it: the route of its spec, who may, where to, with what."""

    route: str
    who: Who
    action: str
    fields: dict[str, str]


@asynccontextmanager
async def visitors(here: Pages) -> AsyncIterator[tuple[Browser, Browser, Browser]]:
    """Boss, an operator; Alice, a member; and a stranger."""
    async with (
        signed_in(here, "Boss") as boss,
        signed_in(here, "Alice") as alice,
        signed_in(here, "") as stranger,
    ):
        yield boss, alice, stranger


async def forms_of(*browsers: Browser) -> list[Sent]:
    """One of each registered form, filled in so that it could be done; none is left out."""
    found = Found()
    for browser in browsers:
        each = await walked(browser, starts(browser.channel))
        for route, forms in each.forms.items():
            found.forms.setdefault(route, []).extend(forms)
    made: list[Sent] = []
    for spec in PAGES:
        if not spec.posts:
            continue
        shown = found.forms.get(spec.route)
        if shown:
            form = shown[0][1]
            action, given = form.action, form.fields | dict(form.buttons[:1])
        else:
            path, given = UNSEEN[spec.path]
            action = browsers[0].url(path)
        fields = {name: value or GOOD.get(name, "") for name, value in given.items()}
        fields |= SPECIAL.get(spec.path, {})
        made.append(Sent(spec.path, spec.who, action, without_tokens(fields)))
    return sorted(made, key=lambda each: each.route.startswith("/sign-out"))


def without_tokens(fields: dict[str, str]) -> dict[str, str]:
    """What people fill in."""
    return {name: value for name, value in fields.items() if name not in {"token", "once"}}


_sent = 0


async def send(
    browser: Browser, form: Sent, token: str | None, body: bytes | None = None, **headers: str
) -> int:
    """Send it with a one-time token of its own; the answer is a page that harms nobody."""
    global _sent
    _sent += 1
    if _sent % 60 == 0:
        await anyio.sleep(4)
    fields = form.fields | {"once": f"once-{_sent:08}"}
    if token is not None:
        fields["token"] = token
    browser.page = await browser.client.post(
        form.action,
        content=urlencode(fields).encode() if body is None else body,
        headers={"content-type": KIND, "origin": ORIGIN} | headers,
    )
    assert browser.page.status_code < 500, (form, browser.text)
    assert browser.page.status_code != 429, (form, browser.text)
    if browser.page.status_code != 303:
        assert "<h1>" in browser.page.text or "<h2" in browser.page.text, form
        assert harm(browser.page.text) == [], form
    return browser.page.status_code


async def token_of(browser: Browser) -> str:
    """What the forms of a session hold."""
    await browser.get("/me/")
    return browser.form("/me/tip").fields["token"]


async def test_no_form_is_taken_from_who_may_not_send_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, anyio_backend: str
) -> None:
    """Signed out, without the rank, with another's token or none, or from another site: 403."""
    async with furnished(tmp_path, monkeypatch) as here, visitors(here) as (boss, alice, stranger):
        forms = await forms_of(boss, alice)
        boss_token, alice_token = await token_of(boss), await token_of(alice)
        before, heard = unharmed(here), len(here.house.heard)
        for form in forms:
            own, token = (boss, boss_token) if form.who is Who.OPERATOR else (alice, alice_token)
            tries = []
            foreign = {"origin": "https://evil.test"}
            for headers in (foreign, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
                tries.append(await send(own, form, token, **headers))
            if form.who is not Who.ANYONE:
                tries.append(await send(stranger, form, token))
                other = alice_token if own is boss else boss_token
                tries += [await send(own, form, each) for each in (None, "", "x" * 64, other)]
            if form.who is Who.OPERATOR:
                tries.append(await send(alice, form, alice_token))
                sure = Sent(form.route, form.who, form.action, form.fields | {"sure": "yes"})
                tries.append(await send(alice, sure, alice_token))
            assert set(tries) == {403}, (form, tries)
        await here.house.settle()
        assert unharmed(here) == before
        assert [each for each in here.house.heard[heard:] if isinstance(each, Pm)] == []
        assert {each.route for each in forms} == {each.path for each in PAGES if each.posts}
