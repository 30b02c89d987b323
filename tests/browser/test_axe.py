"""axe-core finds no serious fault: on each page, each kind of answer, and each way to be refused.

Everything is looked at at 390 and 1280 px, light and dark; of dark ones the colours alone, since
nothing else depends on them.
"""

from collections.abc import Sequence

import anyio
import httpx
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page
from tests.browser.stage import CHANNEL, Stage, Visitor, on_stage, until
from tests.browser.walk import LATER, found_pages, operator, specs

_SERIOUS = {"serious", "critical"}
_WIDTHS = (390, 1280)
_ALL = {"resultTypes": ["violations"]}
_COLOURS = _ALL | {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
_DATA = (".json", ".jsonl", ".csv", "/live")
_CODES_MAX = 4


async def _faults(page: Page) -> list[str]:
    """What axe-core finds on the page at hand."""
    found = []
    axe = Axe()
    await page.evaluate(axe.axe_script)
    for width in _WIDTHS:
        await page.set_viewport_size({"width": width, "height": 844})
        for is_dark, options in ((False, _ALL), (True, _COLOURS)):
            await page.emulate_media(color_scheme="dark" if is_dark else "light")
            result = await page.evaluate("options => axe.run(options)", options)
            assert result["passes"] or is_dark, page.url
            scheme = "dark" if is_dark else "light"
            found += [
                f"{page.url} ({width} px, {scheme}): {each['id']} ({each['impact']}):"
                f" {node['html'][:200]} {node.get('failureSummary', '')}"
                for each in result["violations"]
                if each["impact"] in _SERIOUS
                for node in each["nodes"]
            ]
    return found


@on_stage
async def test_no_page_has_a_serious_fault(stage: Stage, evening: None) -> None:
    """All registered pages are looked at but those that are data: one that no link leads to, or
    that can't be shown, is missed."""
    faults: list[str] = []
    async with operator(stage) as (visitor, pages):
        reached = {each.spec.route for each in await found_pages(visitor)}
        for each in pages:
            await visitor.page.goto(stage.address + each.address)
            faults += await _faults(visitor.page)
        await visitor.page.goto(f"{stage.address}/api/v1/")
        faults += await _faults(visitor.page)
    assert faults == []
    assert {each.route for each in specs()} - reached == LATER
    data = reached - {each.spec.route for each in pages}
    assert [each for each in data if not each.endswith(_DATA)] == []


@on_stage
async def test_no_answer_has_a_serious_fault(stage: Stage) -> None:
    """What was done, what was refused, what is asked and what is shown before it is done."""
    async with operator(stage) as (visitor, _):
        friend = await stage.newcomer("Friend", funds_z=20)
        answers: Sequence[tuple[str, str, dict[str, str], str]] = (
            ("/me/", "/me/tip", {"to": friend, "amount": "5"}, "5 Z"),
            ("/me/", "/me/tip", {"to": friend, "amount": "999999"}, "You can send"),
            ("/me/", "/me/tip", {"to": "two words", "amount": "5"}, "Nothing was done"),
            ("/me/play", "/me/play/stake/spin", {"amount": "5"}, "5 Z"),
            ("/me/shop", "/me/shop/buy/popcorn", {}, "Popcorn"),
            (f"/op/user/{friend}", "/op/grant", {"amount": "7", "reason": "so"}, "7 Z"),
            (f"/op/user/{friend}", "/op/grant", {"amount": "much", "reason": "so"}, "much"),
        )
        faults: list[str] = []
        for at, path, fields, told in answers:
            await visitor.go(at)
            await visitor.form.fill(path, **fields)
            assert told in await visitor.page.locator("main").inner_text()
            faults += await _faults(visitor.page)
        faults += await _asked_for_a_code(visitor)
    assert faults == []


async def _asked_for_a_code(visitor: Visitor) -> list[str]:
    """An operator takes back what several have got."""
    stage = visitor.stage
    # Enough for everybody whom the tests have brought here.
    await stage.robot.pm(visitor.name, "rain 900")
    await until(lambda: stage.received(visitor.name, "admin_rain"), "it rains")
    await visitor.go("/op/audit")
    rains = visitor.page.get_by_role("row").filter(has_text=visitor.name)
    await rains.first.locator('a[href*="/op/audit/"]').first.click()
    undo = visitor.page.locator('form[action$="/undo"]')
    async with visitor.page.expect_navigation(wait_until="domcontentloaded"):
        await undo.get_by_role("button").first.click()
    assert await visitor.page.get_by_label("The code that stands above").is_visible()
    return await _faults(visitor.page)


@on_stage
async def test_no_page_of_the_sign_in_has_a_serious_fault(stage: Stage) -> None:
    """The name, a wrong one, the code, a wrong one, and too many codes."""
    name = await stage.newcomer("Guest")
    faults: list[str] = []
    async with stage.visitor(name) as visitor:
        steps: Sequence[tuple[str, str, dict[str, str], str]] = (
            ("", "/sign-in", {"name": "no name at all"}, "can't be a CyTube name"),
            ("/sign-in", "/sign-in", {"name": name}, "private message"),
            ("", "/sign-in/code", {"code": "12"}, "not the code"),
            *[("/sign-in", "/sign-in", {"name": name}, "code")] * (_CODES_MAX - 1),
        )
        await visitor.go("/sign-in")
        faults += await _faults(visitor.page)
        for at, path, fields, told in steps:
            if at:
                await visitor.go(at)
            await visitor.form.fill(path, **fields)
            assert told in await visitor.page.locator("main").inner_text()
            faults += await _faults(visitor.page)
        assert "Too many codes" in await visitor.said()
    assert faults == []


@on_stage
async def test_no_page_of_an_error_has_a_serious_fault(stage: Stage) -> None:
    """What isn't there, what one may not see, a form from elsewhere, and who asks for too much."""
    name = await stage.newcomer("Member")
    faults: list[str] = []
    async with stage.visitor(name) as visitor:
        page = visitor.page
        await visitor.sign_in()
        for path, status in (
            (f"/c/{CHANNEL}/nothing", 404),
            ("/c/elsewhere/", 404),
            ("/nothing", 404),
            (f"/c/{CHANNEL}/fair/round/999999", 404),
            (f"/c/{CHANNEL}/op/", 403),
        ):
            answer = await page.goto(stage.address + path)
            assert answer is not None
            assert answer.status == status
            faults += await _faults(page)
        await visitor.go("/me/")
        await page.evaluate("document.querySelectorAll('[name=token]').forEach(e => e.value = 'x')")
        await visitor.form.fill("/me/tip", to="boss", amount="1")
        assert "too old" in await visitor.said()
        faults += await _faults(page)
        await _turned_away(visitor)
        faults += await _faults(page)
    assert faults == []


async def _turned_away(visitor: Visitor) -> None:
    """Somebody at the visitor's address asks and asks, until a page is refused to them as well."""

    async def ask(client: httpx.AsyncClient) -> None:
        while True:
            await client.get("/api/v1/none")

    headers = {"x-forwarded-for": visitor.address}
    async with (
        httpx.AsyncClient(base_url=visitor.stage.address, headers=headers) as client,
        anyio.create_task_group() as tasks,
    ):
        for _ in range(8):
            tasks.start_soon(ask, client)
        status = 0
        while status != 429:
            answer = await visitor.page.goto(visitor.url("/"))
            status = 0 if answer is None else answer.status
        tasks.cancel_scope.cancel()
