"""What another channel has is not there for who is signed in to one's own."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.actors.house import CHANNEL
from tests.actors.pages.browser import Pages
from tests.actors.pages.hostile import (
    MARKS,
    OTHER,
    ZEDS_Z,
    furnished,
    signed_in,
    somewhere,
    spec_of,
    starts,
    unharmed,
    walked,
)
from tests.actors.pages.hostile_forms import Sent, send, token_of, without_tokens

from economy_actors.pages.registry import PAGES, Who

pytestmark = pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)


async def test_nothing_of_another_channel_is_found_by_its_identifiers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, anyio_backend: str
) -> None:
    """What its pages and forms name is asked for in one's own channel, and is not there."""
    async with furnished(tmp_path, monkeypatch, write=(OTHER,)) as here:
        asked, sent = await _named_elsewhere(here)
        async with signed_in(here, "Boss") as boss, signed_in(here, "Alice") as alice:
            before = unharmed(here, OTHER)
            own = unharmed(here, CHANNEL)
            tokens = [(boss, await token_of(boss)), (alice, await token_of(alice))]
            for browser, token in tokens:
                for path in sorted(asked):
                    page = await browser.client.get(path, headers=somewhere())
                    may = browser is boss or "/op/" not in path
                    assert page.status_code == (404 if may else 403), (path, page.status_code)
                    assert not _of_elsewhere(page.text), path
                for form in sent:
                    await send(browser, form, token)
                    assert not _of_elsewhere(browser.page.text), form
            await here.house.settle()
            assert unharmed(here, CHANNEL) == own
            # An operator who goes through with it acts in their own channel, or nowhere.
            for form in sent:
                sure = replace(form, fields=form.fields | {"sure": "yes", "reason": "x"})
                await send(boss, sure, tokens[0][1])
                assert not _of_elsewhere(boss.page.text), form
            await here.house.settle()
            assert unharmed(here, OTHER) == before
        # The walk has found something to try.
        assert {spec.path for path in asked if (spec := spec_of(path, posts=False))} == {
            each.path for each in PAGES if not each.posts and "{" in each.path
        } - SHARED
        assert {each.route for each in sent} >= NAMING


SHARED = {"/op/config/version/{number:int}"}
"""What belongs to the service, and is told to the operators of each channel."""

NAMING = {
    "/op/approvals/decide",
    "/op/keys/revoke",
    "/op/shop/stock",
    "/op/audit/{number:int}/undo",
    "/me/play/challenge/{said}/{name}",
}
"""Forms that name something of a channel by number, by key or in their path."""


_TAGS = re.compile(rf"\b(?:{'|'.join(MARKS)})else\b|\b{ZEDS_Z:,}\b")


def _of_elsewhere(html: str) -> bool:
    """Whether a page tells a text or an amount of the other channel."""
    return _TAGS.search(html) is not None


async def _named_elsewhere(here: Pages) -> tuple[set[str], list[Sent]]:
    """What only the other channel has: addresses and forms, as they are in one's own."""
    found: dict[str, tuple[set[str], dict[tuple[str, str], Sent]]] = {}
    for channel in (CHANNEL, OTHER):
        paths: set[str] = set()
        forms: dict[tuple[str, str], Sent] = {}
        for name in ("Boss", "Alice"):
            async with signed_in(here, name, channel) as browser:
                walk = await walked(browser, starts(channel))
            htmls = [page.text for pages in walk.pages.values() for page in pages]
            assert any(_of_elsewhere(each) for each in htmls) is (channel == OTHER)
            for route, pages in walk.pages.items():
                if "{" in route.replace("{channel}", ""):
                    paths |= {
                        _here(page.url.path, channel)
                        for page in pages
                        if page.status_code == 200 or channel == OTHER
                    }
            for route, shown in walk.forms.items():
                spec = next(each for each in PAGES if each.posts and each.route == route)
                for _, form in shown:
                    fields = without_tokens(form.fields) | dict(form.buttons[:1])
                    action = _here(form.action, channel)
                    key = (action, repr(sorted(fields.items())))
                    if "token" in form.fields:
                        forms[key] = Sent(spec.path, spec.who, action, fields)
        found[channel] = (paths, forms)
    (own_paths, own_forms), (paths, forms) = found[CHANNEL], found[OTHER]
    only = [form for key, form in forms.items() if key not in own_forms]
    undo = [
        Sent("/op/audit/{number:int}/undo", Who.OPERATOR, f"{path}/undo", {})
        for path in sorted(paths - own_paths)
        if "/op/audit/" in path
    ]
    # The same people are in both, but for one.
    paths = {each for each in paths if "/op/user/" not in each} | {f"/c/{CHANNEL}/op/user/Zed"}
    return paths - own_paths, only + undo


def _here(path: str, channel: str) -> str:
    return path.replace(f"/{channel}/", f"/{CHANNEL}/", 1)
