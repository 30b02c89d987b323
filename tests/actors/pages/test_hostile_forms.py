"""Every registered form, as somebody sends it who has no right to, or means harm."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
from tests.actors.api.strangers import LEAKS
from tests.actors.pages.browser import Browser, Pages
from tests.actors.pages.hostile import furnished, unharmed
from tests.actors.pages.hostile_forms import Sent, forms_of, once, send, token_of, visitors

from economy_actors.outbox.message import Pm
from economy_actors.pages.registry import PAGES, Who

pytestmark = pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)

NOT_NOW = {
    "/me/answer": "nothing was asked",
    "/me/play/trivia/answer": "no question is out",
    "/op/config/reload": "this house has no file",
    "/sign-in/code": "the code is a guess",
    "/sign-out/everywhere": "they are signed out",
}
"""What can't be done in these channels at the moment at which it is asked for."""


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
            foreign = {"origin": "https://evil.test"}
            tries = [
                await send(own, form, token, headers=headers)
                for headers in (foreign, {"origin": "null"}, {"sec-fetch-site": "cross-site"})
            ]
            if form.who is not Who.ANYONE:
                tries.append(await send(stranger, form, token))
                other = alice_token if own is boss else boss_token
                tries += [await send(own, form, each) for each in (None, "", "x" * 64, other)]
            if form.who is Who.OPERATOR:
                tries.append(await send(alice, form, alice_token))
                sure = replace(form, fields=form.fields | {"sure": "yes"})
                tries.append(await send(alice, sure, alice_token))
            assert set(tries) == {403}, (form, tries)
        await here.house.settle()
        assert unharmed(here) == before
        assert [each for each in here.house.heard[heard:] if isinstance(each, Pm)] == []
        assert {each.route for each in forms} == {each.path for each in PAGES if each.posts}


# Fields that hold what no page has put there


def _spoilt(value: str) -> Iterator[tuple[str, bytes]]:
    """What stands instead of a value, as bytes of a form."""
    value = value or "x"
    long = value + "9" * 10_000
    for how, text in (
        ("empty", ""),
        ("long", long),
        ("line", f"{value}\nx"),
        ("nul", f"{value}\0x"),
        ("separator", f"{value}\u2028{value}"),
        ("script", "<script>x</script>'onx="),
    ):
        yield how, urlencode({"": text}).encode()[1:]
    yield "bytes", b"%ff%fe"


ONCE = "once-00000000"
NEVER = {"line", "nul", "separator", "bytes", "twice"}
"""With these no field of an act is taken."""


def bodies(form: Sent, token: str) -> Iterator[tuple[str, str, bytes]]:
    """A form with one of its fields spoilt: the field, how, and what is sent."""
    whole = form.fields | {"token": token, "once": ONCE}
    for name, value in whole.items():
        others = {each: whole[each] for each in whole if each != name}
        rest = urlencode(others).encode() + b"&"
        yield name, "missing", rest[:-1]
        for how, spoilt in _spoilt(value):
            yield name, how, rest + name.encode() + b"=" + spoilt
        once_more = urlencode({name: value}).encode()
        yield name, "twice", rest + once_more + b"&" + once_more


async def test_whatever_a_field_holds_the_answer_is_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, anyio_backend: str
) -> None:
    """Nothing moves if the form says that it was not done, or if a field can't be sent as it is."""
    async with furnished(tmp_path, monkeypatch) as here, visitors(here) as (boss, alice, stranger):
        forms = await forms_of(boss, alice)
        boss_token, alice_token = await token_of(boss), await token_of(alice)
        worked: set[str] = set()
        for each in forms:
            form = each
            own, token = (boss, boss_token) if form.who is Who.OPERATOR else (alice, alice_token)
            own = stranger if form.who is Who.ANYONE else own
            statuses: set[int] = set()
            if form.who is Who.OPERATOR:
                statuses |= await _spoil(here, own, form, token, {"missing", "long", "script"})
                form = replace(form, fields=form.fields | {"sure": "yes"})
            statuses |= await _spoil(here, own, form, token)
            if {200, 303} & {*statuses, await send(own, form, token)}:
                worked.add(form.route)
        assert {each.path for each in PAGES if each.posts} - worked == set(NOT_NOW)


async def _spoil(
    here: Pages, own: Browser, form: Sent, token: str, hows: Collection[str] = ()
) -> set[int]:
    """Send a form with each field spoilt in each way, or in these."""
    statuses: set[int] = set()
    before = unharmed(here)
    for name, how, body in bodies(form, token):
        if hows and how not in hows:
            continue
        fresh = body.replace(ONCE.encode(), once().encode())
        status = await send(own, form, token, fresh)
        statuses.add(status)
        is_done = status in {200, 303}
        if is_done:
            await here.house.settle()
        else:
            assert len(own.text.split()) > 10, (form, name, how)
            assert not LEAKS.search(own.text), (form, name, how)
        if how in {"bytes", "twice"}:
            assert status in {400, 403}, (form, name, how, status)
        after = unharmed(here)
        if after != before:
            assert is_done, (form, name, how, status)
            # A page that shows nothing first does not look at what it was not asked.
            assert how not in NEVER or name == "sure", (form, name, how)
        before = after
    return statuses
