"""Every registered form as somebody would send it, filled in so that it could be done."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlencode

from tests.actors.pages.browser import ORIGIN, Browser, Pages
from tests.actors.pages.hostile import Found, harm, signed_in, somewhere, starts, walked

from economy_actors.pages.registry import PAGES, Who

__all__ = ("Sent", "forms_of", "once", "send", "token_of", "visitors", "without_tokens")

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
    "minutes": "300",
    "decision": "approve",
    "for": "5h",
    "rank": "auto",
    "text": "Hello",
}
"""What a form may hold where the page itself leaves a field empty."""

SPECIAL: dict[str, dict[str, str]] = {
    "/me/limits/set": {"what": "stakes", "amount": "5000"},
    "/me/play/challenge": {"name": "bob", "amount": "50"},
    "/me/shop/buy/{what}": {"text": "#FFD700"},
    "/sign-in": {"name": "bob", "to": "/me/"},
    "/op/panic/stop": {"what": "earning", "for": "5h", "reason": "why"},
    "/op/resume": {"what": "earning", "name": ""},
    "/op/keys/add": {"name": "bob", "read": "on"},
    "/op/events/start": {"multiplier": "2", "minutes": "300", "name": "Feast"},
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
    "/op/what-if/cancel": ("/op/what-if/cancel", {}),
    "/sign-in/code": ("/sign-in/code", {"ticket": "x", "code": "123456", "to": "/me/"}),
}
"""Forms that a page shows only at some moments."""


LAST = ("/sign-out", "/me/limits/pause")
"""After these nothing else works."""


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
        # A form that only asks for a page has no token.
        shown = [form for _, form in found.forms.get(spec.route, []) if "token" in form.fields]
        if shown:
            form = shown[0]
            action, given = form.action, form.fields | dict(form.buttons[:1])
        else:
            path, given = UNSEEN[spec.path]
            action = browsers[0].url(path)
        fields = {name: value or GOOD.get(name, "") for name, value in given.items()}
        fields |= SPECIAL.get(spec.path, {})
        made.append(Sent(spec.path, spec.who, action, without_tokens(fields)))
    return sorted(made, key=lambda each: (each.who is Who.OPERATOR, each.route.startswith(LAST)))


def without_tokens(fields: dict[str, str]) -> dict[str, str]:
    """What people fill in."""
    return {name: value for name, value in fields.items() if name not in {"token", "once"}}


_NUMBERS = count(1)


def once() -> str:
    """Another one-time token."""
    return f"once-{next(_NUMBERS):08}"


async def send(
    browser: Browser,
    form: Sent,
    token: str | None,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> int:
    """Send it with a one-time token of its own; the answer is a page that harms nobody."""
    fields = form.fields | {"once": once()}
    if token is not None:
        fields["token"] = token
    browser.page = await browser.client.post(
        form.action,
        content=urlencode(fields).encode() if body is None else body,
        headers={"content-type": KIND, "origin": ORIGIN} | somewhere() | dict(headers or {}),
    )
    assert browser.page.status_code < 500, (form, browser.text)
    # Codes are sent, and tried, so often only.
    assert browser.page.status_code != 429 or form.who is Who.ANYONE, (form, browser.text)
    if browser.page.status_code != 303:
        assert "<h1>" in browser.page.text or "<h2" in browser.page.text, form
        assert harm(browser.page.text) == [], form
    return browser.page.status_code


async def token_of(browser: Browser) -> str:
    """What the forms of a session hold."""
    await browser.get("/me/")
    return browser.form("/me/tip").fields["token"]
