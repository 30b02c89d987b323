"""An operator tries another configuration in a real browser, with script and without."""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect
from tests.browser.stage import OPERATOR_RANK, Stage, on_stage

_WITHIN_MS = 60_000


@pytest.mark.parametrize("has_script", [True, False])
@on_stage
async def test_what_was_found_appears_by_itself(stage: Stage, has_script: bool) -> None:
    """The form is sent, the page says that it is under way, and then the figures stand there, with
    nothing that axe-core calls serious; without script the page loads itself anew for that."""
    chief = await stage.newcomer("Chief", rank=OPERATOR_RANK, funds_z=50)
    async with stage.visitor(chief, java_script_enabled=has_script) as visitor:
        await visitor.sign_in()
        await visitor.go("/op/what-if")
        page = visitor.page
        await page.get_by_label("One key").select_option("rain.max_amount")
        await page.get_by_label("Its new value").fill("99")
        await page.get_by_role("button", name="Replay").press("Enter")
        await expect(page.get_by_role("heading", name="Under way")).to_be_visible()
        found = page.get_by_role("table", name="In the end")
        await expect(found).to_be_visible(timeout=_WITHIN_MS)
        await expect(page.get_by_text("rain.max_amount: 25 -> 99")).to_be_visible()
        await expect(page.get_by_role("img").first).to_be_visible()
        await expect(page.get_by_role("button", name="Replay")).to_be_enabled()
        if has_script:
            results = await Axe().run(page)
            serious = [
                each["id"]
                for each in results.response["violations"]
                if each["impact"] in {"serious", "critical"}
            ]
            assert serious == []
