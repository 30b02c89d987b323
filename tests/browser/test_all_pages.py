"""What holds for each page there is, whoever may see it."""

import re
from functools import partial

from playwright.async_api import Route
from tests.browser.stage import Stage, on_stage
from tests.browser.walk import LATER, found_pages, operator, specs

from economy_actors.pages.registry import Who

_NARROW = {"width": 390, "height": 844}
_TABS_MAX = 400


@on_stage
async def test_links_lead_to_every_page(stage: Stage, evening: None) -> None:
    """Each registered page can be reached by links from those in the navigation, and is shown; a
    visitor who is not signed in gets the public ones and no other."""
    async with operator(stage) as (visitor, _):
        reached = {each.spec.route for each in await found_pages(visitor)}
    assert {each.route for each in specs()} - reached <= LATER
    async with stage.visitor() as stranger:
        public = {each.spec.route for each in await found_pages(stranger)}
    assert public == {each.route for each in specs() if each.who is Who.ANYONE} & reached


@on_stage
async def test_no_page_is_wider_than_a_phone(stage: Stage, evening: None) -> None:
    """At 390 px nothing has to be scrolled sideways but tables, within themselves."""
    wide: list[str] = []
    async with operator(stage, viewport=_NARROW) as (visitor, pages):
        for each in pages:
            await visitor.page.goto(stage.address + each.address)
            width = await visitor.page.evaluate("document.documentElement.scrollWidth")
            if width > _NARROW["width"]:
                wide.append(f"{each.address}: {width} px")
    assert wide == []


@on_stage
async def test_names_in_tables_are_not_broken_on_a_phone(stage: Stage, evening: None) -> None:
    """A name without a hyphen stands on one line, however narrow its column might be."""
    async with operator(stage, viewport=_NARROW) as (visitor, _):
        await visitor.go("/op/users")
        broken = await visitor.page.evaluate(
            "[...document.querySelectorAll('tbody th a')].filter((one) =>"
            " !one.textContent.includes('-') && one.getClientRects().length > 1)"
            ".map((one) => one.textContent)"
        )
        assert broken == []


_CONTROLS = """
() => {
  const shown = (one) => one.checkVisibility() && !one.disabled;
  const seen = new Set(window.reached || []);
  const all = [...document.querySelectorAll('form :is(input, select, textarea, button)')];
  // Of the choices of one group the keyboard reaches the chosen one, arrows the others.
  const missed = all.filter((one) => shown(one) && one.type !== 'radio' && !seen.has(one));
  return missed.map((one) => one.outerHTML.slice(0, 160));
}
"""
_NOTE = """
() => {
  window.reached = window.reached || [];
  const one = document.activeElement;
  // The parts of a date are stops within one field, and show themselves.
  if (window.reached.at(-1) === one) return [false, ''];
  const known = window.reached.includes(one);
  if (one !== document.body) window.reached.push(one);
  const shows = one === document.body || getComputedStyle(one).outlineStyle !== 'none';
  return [known || one === document.body, shows ? '' : one.outerHTML.slice(0, 160)];
}
"""


@on_stage
async def test_every_form_is_reached_by_keyboard(stage: Stage, evening: None) -> None:
    """Tab leads through all fields and buttons of all forms, and one sees where one is."""
    missed: list[str] = []
    async with operator(stage) as (visitor, pages):
        page = visitor.page
        # News bring new fields in the place of those that were reached before.
        await page.route(re.compile("/live$"), lambda route: route.abort())
        for each in pages:
            await page.goto(stage.address + each.address)
            await page.evaluate("document.activeElement.blur()")
            # Places to open hold forms as well.
            await page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            for _ in range(_TABS_MAX):
                await page.keyboard.press("Tab")
                is_round, unseen = await page.evaluate(_NOTE)
                missed += [f"{each.address}: no outline: {unseen}"] if unseen else []
                if is_round:
                    break
            missed += [f"{each.address}: {one}" for one in await page.evaluate(_CONTROLS)]
    assert missed == []


@on_stage
async def test_every_form_is_there_without_script(stage: Stage, evening: None) -> None:
    """Without JavaScript each page has the same forms with the same fields, and each form a
    button that sends it.

    Both browsers get the same answer of the service: what is on in the channel goes on meanwhile.
    """
    with_script, without = {}, {}
    async with operator(stage) as (visitor, pages):
        cookies = await visitor.context.cookies()
        async with stage.visitor(visitor.name, java_script_enabled=False) as plain:
            await plain.context.add_cookies(cookies)  # type: ignore[arg-type]  # what it gave
            for each in pages:
                address = stage.address + each.address
                answer = await plain.page.goto(address)
                assert answer is not None
                without[each.address] = await plain.page.evaluate(_FORMS)
                again = partial(_again, body=await answer.body(), headers=answer.headers)
                await visitor.page.route(re.compile(f"^{re.escape(address)}$"), again)
                await visitor.page.goto(address)
                with_script[each.address] = await visitor.page.evaluate(_FORMS)
                await visitor.page.unroute_all(behavior="ignoreErrors")
    assert without == with_script
    assert sum(map(len, without.values())) > len(pages)
    lame = [
        (address, action)
        for address, forms in without.items()
        for action, _, has_button in forms
        if not has_button
    ]
    assert lame == []


_FORMS = """
() => [...document.forms].map((one) => [
  one.getAttribute('action') || '',
  [...one.querySelectorAll('[name]')].map((field) => field.getAttribute('name')),
  one.querySelector('button:not([type]), button[type=submit]') !== null,
])
"""
"""Each form's target, the names of its fields, and whether a button sends it."""


async def _again(route: Route, *, body: bytes, headers: dict[str, str]) -> None:
    kept = {name: headers[name] for name in ("content-type", "content-security-policy")}
    await route.fulfill(status=200, body=body, headers=kept)
