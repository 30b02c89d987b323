"""A member in a real browser: what they do there is in the books and in the channel."""

import anyio
from playwright.async_api import expect
from tests.browser.stage import CHANNEL, Stage, Visitor, on_stage


@on_stage
async def test_a_tip_is_in_the_books_and_told_in_the_channel(stage: Stage) -> None:
    """The code that signs in really comes by PM; the tip is one transfer, and its receiver is told
    by PM."""
    giver, taker = await stage.newcomer("Giver", funds_z=200), await stage.newcomer("Taker")
    async with stage.visitor(giver) as visitor:
        await visitor.sign_in()
        said = await visitor.form.send("/me/tip", to=taker, amount="40")
        assert "40" in said
        assert taker in said
    assert stage.transfers(giver, "tip_send") == [40]
    assert stage.received(taker, "tip_receive") == [40]
    await stage.robot.wait_pm(taker, "40")


@on_stage
async def test_what_was_refused_moves_nothing(stage: Stage) -> None:
    """The page says what a PM would say, and the books are as they were."""
    giver, taker = await stage.newcomer("Giver"), await stage.newcomer("Taker")
    async with stage.visitor(giver) as visitor:
        await visitor.sign_in()
        said = await visitor.form.send("/me/tip", to=taker, amount="999999")
    assert await stage.robot.ask(giver, f"tip {taker} 999999") in said
    assert stage.transfers(giver, "tip_send") == []


@on_stage
async def test_a_page_changes_without_being_loaded_again(stage: Stage) -> None:
    """Who looks at their page sees the coins come that somebody gives them meanwhile."""
    giver, taker = await stage.newcomer("Giver", funds_z=500), await stage.newcomer("Taker")
    async with stage.visitor(taker) as visitor:
        await visitor.sign_in()
        await visitor.page.evaluate("window.stays = true")
        shown = visitor.page.locator('[data-live="balance"]').first
        before = await shown.inner_text()
        await stage.robot.ask(giver, f"tip {taker} 77")
        await expect(shown).not_to_have_text(before)
        # Other money may come as well, for being there, and is shown in its turn.
        with anyio.fail_after(20):
            while await shown.inner_text() != f"{stage.balance(taker):,} Z":  # noqa: ASYNC110
                await anyio.sleep(0.1)
        assert await visitor.page.evaluate("window.stays"), "it is the page that was loaded first"


@on_stage
async def test_sign_in_and_tip_by_keyboard_alone(stage: Stage) -> None:
    """Tab and Enter reach everything, and one always sees where one is."""
    giver, taker = await stage.newcomer("Giver", funds_z=200), await stage.newcomer("Taker")
    async with stage.visitor(giver) as visitor:
        page, keys = visitor.page, visitor.page.keyboard
        await visitor.go("/")
        await _tab_to(visitor, 'a[href$="/sign-in"]')
        await keys.press("Enter")
        await page.wait_for_url("**/sign-in*")
        await _tab_to(visitor, '[name="name"]')
        await keys.type(giver)
        await keys.press("Enter")
        # The field of the code has the focus from the start.
        await expect(page.get_by_label("Six digits")).to_be_focused()
        await keys.type(await stage.code(giver))
        await keys.press("Enter")
        await page.wait_for_url(visitor.url("/me/"))
        await _tab_to(visitor, 'form[action$="/me/tip"] [name="to"]')
        await keys.type(taker)
        await keys.press("Tab")
        assert await _has_focus(visitor, 'form[action$="/me/tip"] [name="amount"]')
        await keys.type("25")
        await _tab_to(visitor, 'form[action$="/me/tip"] button')
        await keys.press("Enter")
        assert "25" in await visitor.said()
    assert stage.transfers(giver, "tip_send") == [25]


@on_stage
async def test_sign_in_and_tip_without_script(stage: Stage) -> None:
    """With JavaScript switched off, pages and forms do the same."""
    giver, taker = await stage.newcomer("Giver", funds_z=200), await stage.newcomer("Taker")
    async with stage.visitor(giver, java_script_enabled=False) as visitor:
        await visitor.sign_in()
        await visitor.form.send("/me/tip", to=taker, amount="30")
        await visitor.page.get_by_role("link", name="Back").click()
        await visitor.page.locator("header").get_by_role("button", name="Sign out").click()
        await visitor.go("/me/")
        assert "/sign-in" in visitor.page.url
    assert stage.transfers(giver, "tip_send") == [30]


@on_stage
async def test_a_form_that_is_sent_again_is_done_once(stage: Stage) -> None:
    """Back, and the button again: the browser sends the same form, and one tip is made."""
    giver, taker = await stage.newcomer("Giver", funds_z=200), await stage.newcomer("Taker")
    async with stage.visitor(giver) as visitor:
        await visitor.sign_in()
        await visitor.form.send("/me/tip", to=taker, amount="10")
        await visitor.page.reload()
        assert "10" in await visitor.said()
    assert stage.transfers(giver, "tip_send") == [10]


@on_stage
async def test_a_question_has_buttons(stage: Stage) -> None:
    """What asks for YES by PM is asked by the page; the button does it."""
    asker, friend = await stage.newcomer("Asker", funds_z=900), await stage.newcomer("Friend")
    async with stage.visitor(asker) as visitor:
        await visitor.sign_in()
        said = await visitor.form.send("/me/tip", to=friend, amount="all")
        yes = visitor.page.get_by_role("button", name="Yes")
        if await yes.count():
            await yes.click()
            said = await visitor.said()
    assert friend in said
    assert len(stage.transfers(asker, "tip_send")) == 1


async def _has_focus(visitor: Visitor, selector: str) -> bool:
    return bool(
        await visitor.page.evaluate("found => document.activeElement.matches(found)", selector)
    )


async def _tab_to(visitor: Visitor, selector: str, at_most: int = 60) -> None:
    """Press Tab until this has the focus; whatever has it on the way shows it."""
    for _ in range(at_most):
        await visitor.page.keyboard.press("Tab")
        shows = await visitor.page.evaluate(
            "getComputedStyle(document.activeElement).outlineStyle !== 'none'"
        )
        assert shows, await visitor.page.evaluate("document.activeElement.outerHTML")
        if await _has_focus(visitor, selector):
            return
    raise AssertionError(f"Tab does not lead to {selector} on /c/{CHANNEL}: {visitor.page.url}")
