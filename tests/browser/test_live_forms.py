"""What is live on a page leaves alone whoever fills in one of its forms."""

import anyio
from playwright.async_api import Request as Asked
from playwright.async_api import Route, expect
from tests.browser.stage import OPERATOR_RANK, Stage, on_stage

_REFRESHED_WITHIN_MS = 60_000


@on_stage
async def test_news_take_nothing_from_who_fills_in_a_form(stage: Stage) -> None:
    """While a field has the focus its part of the page stays as it is; when they have left it the
    news are shown, and what they had typed and chosen is still there, and is sent."""
    player, rival = [await stage.newcomer(each, funds_z=500) for each in ("Player", "Rival")]
    chief = await stage.newcomer("Chief", rank=OPERATOR_RANK)
    await stage.robot.ask(chief, "predict void")
    opened = f'predict open 30 "Does {player} come through?" yes | no'
    assert "open" in await stage.robot.ask(chief, opened)
    async with stage.visitor(player) as visitor:
        page = visitor.page
        await visitor.sign_in()
        async with page.expect_event("request", _is_stream):
            await visitor.go("/me/play")
        part = page.locator("#on-prediction")
        amount = part.locator('[name="amount"]')
        await part.locator('[name="outcome"]').select_option("2")
        await amount.fill("35")

        def is_refresh(asked: Asked) -> bool:
            return asked.resource_type == "fetch" and asked.url.endswith("/me/play")

        async with page.expect_event("requestfinished", is_refresh, timeout=_REFRESHED_WITHIN_MS):
            assert "yes" in await stage.robot.ask(rival, "predict 123 yes")
        await anyio.sleep(0.5)
        await expect(amount).to_be_focused()
        assert "123 Z" not in await part.inner_text()
        await amount.blur()
        await expect(part.get_by_role("cell", name="123 Z").first).to_be_visible()
        await expect(amount).to_have_value("35")
        await expect(part.locator('[name="outcome"]')).to_have_value("2")
        await part.get_by_role("button", name="Bet").click()
        assert "35 Z" in await visitor.said()
    assert stage.wagers(player, "prediction") == [("open", 35, None)]


def _is_stream(asked: Asked) -> bool:
    return asked.url.endswith("/live")


@on_stage
async def test_nobody_buys_what_they_had_typed_before(stage: Stage) -> None:
    """While somebody types another colour, the button that buys the one before is off; when the
    new one is shown, its button buys that."""
    buyer = await stage.newcomer("Buyer", funds_z=500)
    async with stage.visitor(buyer) as visitor:
        page = visitor.page
        await visitor.sign_in()
        await visitor.go("/me/vanity?color=%23FFD700")
        buy = page.get_by_role("button", name="Buy").and_(page.locator("#p-color button"))
        await expect(buy).to_be_enabled()
        may_answer = anyio.Event()

        async def held(route: Route) -> None:
            await may_answer.wait()
            await route.continue_()

        await page.route("**/me/vanity?color=*", held)
        await page.locator("#f-color").fill("#00CC88")
        await expect(buy).to_be_disabled()
        may_answer.set()
        await expect(buy).to_be_enabled()
        await buy.click()
        assert "#00CC88" in await visitor.said()
    assert len(stage.transfers(buyer, "spend")) == 1
