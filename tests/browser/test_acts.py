"""What members buy and stake and operators give and take back, in a real browser."""

import re

import anyio
import pytest
from tests.browser.stage import CHANNEL, OPERATOR_RANK, Stage, Visitor, on_stage, until

_FREE_WITHIN_S = 60.0


@on_stage
async def test_a_purchase_is_in_the_books_and_in_the_chat(stage: Stage) -> None:
    """What the counter's item does is said in the channel, and its price is paid once, when the
    buyer has said yes."""
    buyer = await stage.newcomer("Buyer", funds_z=500)
    async with stage.visitor(buyer) as visitor:
        await visitor.sign_in()
        await visitor.go("/me/shop")
        await visitor.form.send("/me/shop/buy/popcorn")
        assert stage.transfers(buyer, "spend") == []
        await visitor.page.get_by_role("button", name="Yes").click()
        await stage.robot.wait_chat(lambda line: buyer in line and "popcorn" in line)
        await until(lambda: stage.transfers(buyer, "spend"), "the price is paid")
        [price] = stage.transfers(buyer, "spend")
        assert f"{price} Z" in await visitor.said()
    told = [line for line in stage.robot.chat_lines if buyer in line and "popcorn" in line]
    assert len(told) == 1


@on_stage
async def test_a_bet_is_a_round_in_the_books(stage: Stage) -> None:
    """The stake that the form holds is one round in the books, and the page tells what came."""
    player = await stage.newcomer("Player", funds_z=500)
    async with stage.visitor(player) as visitor:
        await visitor.sign_in()
        await visitor.go("/me/play")
        said = await visitor.form.send("/me/play/stake/flip", amount="20")
    [(state, stake, payout)] = stage.wagers(player, "flip")
    assert (state, stake) == ("settled", 20)
    assert payout is not None
    assert f"{payout or stake} Z" in said
    assert stage.transfers(player, "gamble_stake") == [20]


@on_stage
async def test_a_hand_of_blackjack_is_played_to_its_end(stage: Stage) -> None:
    """Cards are dealt for the stake, Stand ends the hand, and the books hold what it paid."""
    player = await stage.newcomer("Player", funds_z=500)
    async with stage.visitor(player) as visitor:
        await visitor.sign_in()
        await visitor.go("/me/play")
        await visitor.form.send("/me/play/stake/blackjack", amount="30")
        [(state, stake, _)] = stage.wagers(player, "blackjack")
        assert stake == 30
        # Twenty-one in two cards ends it at once.
        if state != "settled":
            await visitor.go("/me/play")
            await visitor.form.send("/me/play/move/stand")
        await visitor.go("/me/wagers")
        shown = visitor.page.get_by_role("row", name=re.compile("blackjack", re.IGNORECASE))
        assert "30 Z" in await shown.first.inner_text()
    [(state, _, payout)] = stage.wagers(player, "blackjack")
    assert state == "settled"
    assert stage.transfers(player, "gamble_stake") == [30]
    assert stage.received(player, "gamble_win") + stage.received(player, "gamble_push") == (
        [payout] if payout else []
    )


@pytest.mark.timeout(300)
@on_stage
async def test_a_bet_on_a_race_pays_what_the_channel_hears(stage: Stage) -> None:
    """A race is started and bet on from the page; its end is told in the channel, and to the
    player by PM, with what the books hold."""
    player, rival = [await stage.newcomer(each, funds_z=500) for each in ("Player", "Rival")]
    async with stage.visitor(player) as visitor:
        await visitor.sign_in()
        await _race_started(visitor)
        heard = len(stage.robot.chat_lines)
        colours = visitor.page.locator('#on-race [name="colour"] option')
        own, other = [await colours.nth(place).get_attribute("value") or "" for place in (0, 1)]
        said = await visitor.form.send("/me/play/race/bet", amount="40", colour=own)
        assert "40 Z" in said
        answer = await stage.robot.ask(rival, f"race 60 {other}")
        assert "60 Z" in answer
    await until(lambda: stage.wagers(player, "race")[-1][0] == "settled", "the race is run", 90)
    [(_, stake, payout)] = stage.wagers(player, "race")
    assert stake == 40
    assert stage.transfers(player, "gamble_stake") == [40]
    await stage.robot.wait_pm(player, f"{payout} Z" if payout else "40 Z", timeout_s=30)
    await until(
        lambda: any("100 Z" in line for line in stage.robot.chat_lines[heard:]),
        "the channel hears what the race has brought",
    )


async def _race_started(visitor: Visitor) -> None:
    """As soon as the stage is free: another test's race may be running."""
    with anyio.fail_after(_FREE_WITHIN_S):
        while True:
            await visitor.go("/me/play")
            start = visitor.page.locator(f'form[action="/c/{CHANNEL}/me/play/move/race"]')
            if await start.count():
                await visitor.form.fill("/me/play/move/race")
                await visitor.go("/me/play")
                if await visitor.page.locator('#on-race [name="colour"]').count():
                    return
            await anyio.sleep(1)


@on_stage
async def test_a_bet_on_a_prediction_is_paid_when_it_comes_true(stage: Stage) -> None:
    """The outcome is chosen in the form; settled by an operator, the winner is told and paid by
    the books, and the channel hears what came true."""
    player, rival = [await stage.newcomer(each, funds_z=500) for each in ("Player", "Rival")]
    chief = await stage.newcomer("Chief", rank=OPERATOR_RANK)
    # There is one at a time; that of another test goes.
    await stage.robot.ask(chief, "predict void")
    opened = f'predict open 30 "Does {player} win?" surely | never'
    assert "open" in await stage.robot.ask(chief, opened)
    await stage.robot.wait_chat(f"Does {player} win?")
    async with stage.visitor(player) as visitor:
        await visitor.sign_in()
        await visitor.go("/me/play")
        said = await visitor.form.send("/me/play/prediction/bet", amount="50", outcome="1")
        assert "surely" in said
        assert "50 Z" in said
        assert stage.wagers(player, "prediction") == [("open", 50, None)]
        assert "never" in await stage.robot.ask(rival, "predict 30 never")
        assert "Settled" in await stage.robot.ask(chief, "predict settle surely")
        await stage.robot.wait_chat("'surely'")
        [(_, _, payout)] = stage.wagers(player, "prediction")
        assert payout is not None
        assert payout > 50
        await stage.robot.wait_pm(player, f"{payout} Z")
        assert stage.received(player, "gamble_win") == [payout]
        await visitor.go("/me/wagers")
        assert f"{payout} Z" in await visitor.page.locator("main").inner_text()


@on_stage
async def test_an_operator_grants_and_takes_it_back(stage: Stage) -> None:
    """The grant reaches the user, with the operator's name in the audit log; undone from its page
    in that log, they have it no more, and were told of both."""
    chief = await stage.newcomer("Chief", rank=OPERATOR_RANK)
    lucky = await stage.newcomer("Lucky", funds_z=10)
    async with stage.visitor(chief) as visitor:
        await visitor.sign_in()
        await visitor.go(f"/op/user/{lucky}")
        await visitor.form.fill("/op/grant", amount="333", reason="a kind deed")
        # What it would do is shown first, and nothing is done yet.
        assert "333" in await visitor.page.locator("main").inner_text()
        assert 333 not in stage.received(lucky, "admin_grant")
        said = await visitor.form.send("/op/grant")
        assert "333" in said
        assert stage.received(lucky, "admin_grant")[-1] == 333
        await stage.robot.wait_pm(lucky, "333")
        await visitor.go("/op/audit")
        mine = visitor.page.get_by_role("row").filter(has_text=chief).filter(has_text=lucky)
        await mine.first.locator('a[href*="/op/audit/"]').first.click()
        form = visitor.page.locator('form[action$="/undo"]')
        await form.get_by_role("button").first.click()
        await until(lambda: _undone(stage, lucky), "the grant is undone")
        assert sum(_undone(stage, lucky)) == 333
        await stage.robot.wait_pm(lucky, "333")


def _undone(stage: Stage, name: str) -> list[int]:
    return stage.transfers(name, "admin_undo") + stage.transfers(name, "admin_undo_earned")
