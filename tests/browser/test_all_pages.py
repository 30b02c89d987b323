"""What holds for each page there is, whoever may see it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page
from tests.browser.evening import live_an_evening
from tests.browser.stage import OPERATOR_RANK, Stage, Visitor, on_stage
from tests.browser.walk import Found, found_pages, specs

from economy_actors.pages.registry import Who

_SERIOUS = {"serious", "critical"}
_NARROW = {"width": 390, "height": 844}
_TABS_MAX = 400
_LATER = {"/c/{channel}/fair/round/{number:int}"}
"""The data of a round can be had when its day is over, and its seed is told."""


@pytest.fixture(scope="session")
def evening(stage: Stage) -> None:
    """The channel has seen something."""
    stage.portal.call(live_an_evening, stage)


@asynccontextmanager
async def _operator(stage: Stage, **options: object) -> AsyncIterator[tuple[Visitor, list[Found]]]:
    """An operator in front of a browser, and what pages they find."""
    name = await stage.newcomer("Chief", rank=OPERATOR_RANK, funds_z=500)
    await stage.robot.ask(name, "flip 20")
    async with stage.visitor(name, **options) as visitor:
        await visitor.sign_in()
        yield visitor, [each for each in await found_pages(visitor) if each.is_html]


@on_stage
async def test_links_lead_to_every_page(stage: Stage, evening: None) -> None:
    """Each registered page can be reached by links from those in the navigation, and is shown; a
    visitor who is not signed in gets the public ones and no other."""
    async with _operator(stage) as (visitor, _):
        reached = {each.spec.route for each in await found_pages(visitor)}
    assert {each.route for each in specs()} - reached <= _LATER
    async with stage.visitor() as stranger:
        public = {each.spec.route for each in await found_pages(stranger)}
    assert public == {each.route for each in specs() if each.who is Who.ANYONE} & reached


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@on_stage
async def test_axe_finds_no_serious_fault(stage: Stage, evening: None, scheme: str) -> None:
    """axe-core finds nothing serious or critical on any page, wide or narrow, light or dark."""
    faults: list[str] = []
    async with _operator(stage, color_scheme=scheme) as (visitor, pages):
        for number, each in enumerate(pages):
            if number % 2 == (scheme == "dark"):
                await visitor.page.set_viewport_size({"width": 1280, "height": 900})
            else:
                await visitor.page.set_viewport_size({"width": 390, "height": 844})
            await visitor.page.goto(stage.address + each.address)
            faults += [f"{each.address}: {fault}" for fault in await _faults(visitor.page)]
    async with stage.visitor(color_scheme=scheme) as stranger:
        await stranger.go("/sign-in")
        faults += await _faults(stranger.page)
    assert faults == []


async def _faults(page: Page) -> list[str]:
    results = await Axe().run(page)
    return [
        f"{each['id']} ({each['impact']}): {node['html'][:200]} {node.get('failureSummary', '')}"
        for each in results.response["violations"]
        if each["impact"] in _SERIOUS
        for node in each["nodes"]
    ]


@pytest.mark.timeout(300)
@on_stage
async def test_no_page_is_wider_than_a_phone(stage: Stage, evening: None) -> None:
    """At 390 px nothing has to be scrolled sideways but tables, within themselves."""
    wide: list[str] = []
    async with _operator(stage, viewport=_NARROW) as (visitor, pages):
        for each in pages:
            await visitor.page.goto(stage.address + each.address)
            width = await visitor.page.evaluate("document.documentElement.scrollWidth")
            if width > _NARROW["width"]:
                wide.append(f"{each.address}: {width} px")
    assert wide == []


@on_stage
async def test_names_in_tables_are_not_broken_on_a_phone(stage: Stage, evening: None) -> None:
    """A name without a hyphen stands on one line, however narrow its column might be."""
    async with _operator(stage, viewport=_NARROW) as (visitor, _):
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


@pytest.mark.timeout(300)
@on_stage
async def test_every_form_is_reached_by_keyboard(stage: Stage, evening: None) -> None:
    """Tab leads through all fields and buttons of all forms, and one sees where one is."""
    missed: list[str] = []
    async with _operator(stage) as (visitor, pages):
        for each in pages:
            page = visitor.page
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


@pytest.mark.timeout(300)
@on_stage
async def test_every_form_is_there_without_script(stage: Stage, evening: None) -> None:
    """Without JavaScript each page has the same forms with the same fields, and each form a
    button that sends it."""
    async with _operator(stage) as (visitor, pages):
        with_script = {each.address: await _forms(visitor, each) for each in pages}
        cookies = await visitor.context.cookies()
        async with stage.visitor(visitor.name, java_script_enabled=False) as plain:
            await plain.context.add_cookies(cookies)  # type: ignore[arg-type]  # what it gave
            without = {each.address: await _forms(plain, each) for each in pages}
    assert without == with_script
    lame = [
        (address, action)
        for address, forms in without.items()
        for action, _, buttons in forms
        if not buttons
    ]
    assert lame == []


async def _forms(visitor: Visitor, page: Found) -> list[tuple[str, list[str], bool]]:
    """Each form's target, the names of its fields, and whether a button sends it."""
    answer = await visitor.page.goto(visitor.stage.address + page.address)
    assert answer is not None
    forms = visitor.page.locator("form")
    found = []
    for number in range(await forms.count()):
        form = forms.nth(number)
        fields = form.locator("[name]")
        names = [
            await fields.nth(i).get_attribute("name") or "" for i in range(await fields.count())
        ]
        buttons = await form.locator("button:not([type]), button[type=submit]").count()
        found.append((await form.get_attribute("action") or "", names, bool(buttons)))
    return found
