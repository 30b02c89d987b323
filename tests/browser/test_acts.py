"""What members buy and stake and operators give and take back, in a real browser."""

from tests.browser.stage import OPERATOR_RANK, Stage, on_stage, until


@on_stage
async def test_a_purchase_is_in_the_books_and_in_the_chat(stage: Stage) -> None:
    """What the counter's item does is said in the channel, and its price is paid once."""
    buyer = await stage.newcomer("Buyer", funds_z=500)
    async with stage.visitor(buyer) as visitor:
        await visitor.sign_in()
        await visitor.go("/me/shop")
        await visitor.form.send("/me/shop/buy/popcorn")
        await visitor.page.get_by_role("button", name="Yes").click()
        await stage.robot.wait_chat(lambda line: buyer in line and "popcorn" in line)
    assert len(stage.transfers(buyer, "spend")) == 1


@on_stage
async def test_a_bet_is_a_round_in_the_books(stage: Stage) -> None:
    """A coin is thrown for the stake that the form holds, and the page tells what came."""
    player = await stage.newcomer("Player", funds_z=500)
    async with stage.visitor(player) as visitor:
        await visitor.sign_in()
        await visitor.go("/me/play")
        assert await visitor.form.send("/me/play/stake/flip", amount="20")
    assert len(stage.transfers(player, "gamble_stake")) == 1


@on_stage
async def test_an_operator_grants_and_takes_it_back(stage: Stage) -> None:
    """The grant reaches the user, with the operator's name in the audit log; undone from its page
    in that log, the user has what they had before."""
    chief = await stage.newcomer("Chief", rank=OPERATOR_RANK)
    lucky = await stage.newcomer("Lucky", funds_z=10)
    before = stage.balance(lucky)
    async with stage.visitor(chief) as visitor:
        await visitor.sign_in()
        await visitor.go(f"/op/user/{lucky}")
        await visitor.form.fill("/op/grant", amount="333", reason="a kind deed")
        # What it would do is shown first, and nothing is done yet.
        assert "333" in await visitor.page.locator("main").inner_text()
        assert stage.balance(lucky) == before
        said = await visitor.form.send("/op/grant")
        assert "333" in said
        assert stage.balance(lucky) == before + 333
        await stage.robot.wait_pm(lucky, "333")
        await visitor.go("/op/audit")
        await visitor.page.locator('main tbody a[href*="/op/audit/"]').first.click()
        form = visitor.page.locator('form[action$="/undo"]')
        if await form.locator('[name="reason"]').count():
            await form.locator('[name="reason"]').fill("the wrong one")
        await form.get_by_role("button").first.click()
        await until(lambda: stage.balance(lucky) == before, "the grant is undone")
