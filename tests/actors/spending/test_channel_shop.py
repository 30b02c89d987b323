"""The channel's own shop, from the PM or request to the money, the channel and the operators."""

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.api.helpers import Api, api
from tests.actors.house import CHANNEL, settings_with

from economy_actors.messages.vanity import LineTold
from economy_actors.messages.workers import PricesDue
from economy_actors.outbox.message import Line, LineKind
from kryten_economy.config import Settings
from kryten_economy.features.possessions import owned_by_user
from kryten_economy.users import UserKey

LAMP: dict[str, Any] = {
    "id": "lamp",
    "name": "The Lamp",
    "price": 1_000,
    "effect": "announce",
    "text": "{user} has switched on {item} for {price}!",
    "description": "Light for everybody",
}
POSTER = {"id": "poster", "name": "Poster", "price": 500, "effect": "approval", "text": "Hang it"}
GALA = {"id": "gala", "name": "Gala", "price": 700, "effect": "event", "multiplier": 3}
SIR = {"id": "sir", "name": "Knighthood", "price": 300, "effect": "title", "text": "Sir"}


def _settings(*items: dict[str, Any], enabled: bool = True, **sections: Any) -> Settings:
    shop = {"enabled": enabled, "items": items}
    base: dict[str, Any] = {
        "onboarding": {"welcome_wallet": 0},
        "ranks": {"spend_discount_per_rank": 0},
        "shop": shop,
    }
    return settings_with(**(base | sections))


async def _visit(it: Api, name: str = "Alice", balance_z: int = 10_000) -> None:
    await it.account(name, balance_z)
    await it.house.join(name)


async def _say(it: Api, name: str, text: str) -> str:
    (reply,) = await it.house.pm(name, text)
    return reply


def _own_lines(it: Api) -> list[Line]:
    return [m for m in it.house.heard if isinstance(m, Line) and m.kind is LineKind.PAID]


# Buying by PM


async def test_the_price_that_is_told_is_charged_after_yes(tmp_path: Path) -> None:
    """P-SHOP-1: `shop` shows it, `buy` asks with it, and YES pays it and tells the channel."""
    async with api(tmp_path, _settings(LAMP)) as it:
        await _visit(it)
        listed = await _say(it, "Alice", "shop")
        assert "lamp | 1,000 Z | The Lamp: Light for everybody" in listed
        asked = await _say(it, "Alice", "buy lamp")
        assert "The Lamp for 1,000 Z" in asked
        assert "YES" in asked
        assert it.house.balance("Alice") == 10_000
        receipt = await _say(it, "Alice", "YES")
        assert "Balance: 9,000 Z" in receipt
        assert it.house.balance("Alice") == 9_000
        [line] = _own_lines(it)
        assert line.text == "Alice has switched on The Lamp for 1,000 Z!"
        (row,) = [row for row in it.rows("Alice") if row.amount_z < 0]
        assert (row.type, row.trigger_id, row.amount_z) == ("spend", "spend.shop.lamp", -1_000)
        (why,) = await it.house.pm("Alice", "why")
        assert "shop.items[lamp].price" in why


async def test_an_item_is_bought_by_its_name_too(tmp_path: Path) -> None:
    """People type what they read."""
    async with api(tmp_path, _settings(LAMP)) as it:
        await _visit(it)
        assert "The Lamp for 1,000 Z" in await _say(it, "Alice", "buy The lamp")


async def test_anything_but_yes_costs_nothing(tmp_path: Path) -> None:
    """Another command is carried out, and the question is gone."""
    async with api(tmp_path, _settings(LAMP)) as it:
        await _visit(it)
        await it.house.pm("Alice", "buy lamp")
        await it.house.pm("Alice", "balance")
        await it.house.pm("Alice", "YES")
        assert it.house.balance("Alice") == 10_000
        assert _own_lines(it) == []


async def test_a_quote_is_honoured_while_its_question_stands(tmp_path: Path) -> None:
    """Prices double between question and YES: the buyer pays what they were told, the next more."""
    inflation = {"enabled": True, "anchor_float": 10_000}
    async with api(tmp_path, _settings(LAMP, inflation=inflation)) as it:
        await _visit(it)
        it.house.context.prices.tell(PricesDue())
        await it.house.settle()
        assert "1,000 Z" in await _say(it, "Alice", "buy lamp")
        await _visit(it, "Bob", 10_000)
        it.house.context.prices.tell(PricesDue())
        await it.house.settle()
        await it.house.pm("Alice", "YES")
        assert it.house.balance("Alice") == 9_000
        asked = await _say(it, "Bob", "buy lamp")
        assert "2,000 Z" in asked
        assert "x 2.00" in asked
        await it.house.pm("Bob", "YES")
        assert it.house.balance("Bob") == 8_000


async def test_ranks_pay_less(tmp_path: Path) -> None:
    """The discount of the rank is shown and given."""
    async with api(tmp_path, _settings(LAMP, ranks={"spend_discount_per_rank": 0.05})) as it:
        await _visit(it, "Alice", 1_000)
        asked = await _say(it, "Alice", "buy lamp")
        assert "950 Z (5% off 1,000 Z)" in asked
        await it.house.pm("Alice", "YES")
        assert it.house.balance("Alice") == 50


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"price": 10_001}, "1 Z short"),
        ({"stock": 0}, "sold out"),
        ({"min_rank": "Gaffer"}, "for Gaffer and above; you are Key Grip"),
    ],
)
async def test_what_can_not_be_bought_is_refused_at_once(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    """Its own clear sentence instead of a question, and no money moves."""
    async with api(tmp_path, _settings(LAMP | changes)) as it:
        await _visit(it)
        assert said in await _say(it, "Alice", "buy lamp")
        assert "nothing to confirm" in await _say(it, "Alice", "YES")
        assert it.house.balance("Alice") == 10_000


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ({"per_user": 1}, "more than one of 'The Lamp'"),
        ({"per_user": 1, "per_user_period": "day"}, "today's limit"),
        ({"cooldown_minutes": 5}, "The Lamp is cooling down: try again in 5m"),
    ],
)
async def test_limits_hold_and_are_told(tmp_path: Path, limit: dict[str, Any], said: str) -> None:
    """Once they had theirs, buyers learn why there is no more for them."""
    async with api(tmp_path, _settings(LAMP | limit)) as it:
        await _visit(it)
        await it.house.pm("Alice", "buy lamp")
        await it.house.pm("Alice", "YES")
        assert said in await _say(it, "Alice", "buy lamp")
        assert it.house.balance("Alice") == 9_000


async def test_who_comes_second_to_the_last_one_is_told(tmp_path: Path) -> None:
    """Two were asked; the first YES gets it, the second pays nothing."""
    async with api(tmp_path, _settings(LAMP | {"stock": 1})) as it:
        await _visit(it)
        await _visit(it, "Bob")
        for name in ("Alice", "Bob"):
            assert "1 left" in await _say(it, name, "shop")
            await it.house.pm(name, "buy lamp")
        await it.house.pm("Alice", "YES")
        assert "sold out" in await _say(it, "Bob", "YES")
        assert (it.house.balance("Alice"), it.house.balance("Bob")) == (9_000, 10_000)


async def test_a_line_that_could_not_be_said_is_paid_back(tmp_path: Path) -> None:
    """The receipt of the line decides about the money, the stock and the limit."""
    async with api(tmp_path, _settings(LAMP | {"stock": 1, "per_user": 1})) as it:
        await _visit(it)
        await it.house.pm("Alice", "buy lamp")
        await it.house.pm("Alice", "YES")
        [line] = _own_lines(it)
        assert line.receipt is not None
        assert it.house.balance("Alice") == 9_000
        it.house.channel.tell(LineTold(line.receipt, said=False))
        await it.house.settle()
        assert "could not be announced" in it.house.pms("Alice")[-1]
        assert it.house.balance("Alice") == 10_000
        assert "YES" in await _say(it, "Alice", "buy lamp")


async def test_a_closed_shop_sells_nothing(tmp_path: Path) -> None:
    """Switched off, items are neither listed nor sold, on either surface."""
    async with api(tmp_path, _settings(LAMP, enabled=False)) as it:
        await _visit(it)
        assert "lamp" not in await _say(it, "Alice", "shop")
        assert "I don't sell 'lamp'" in await _say(it, "Alice", "buy lamp")
        code, _ = await it.refused("shop.buy", username="Alice", item="lamp", request_id="r")
        assert code == "disabled"


async def test_an_item_that_a_reload_has_changed_is_not_sold_by_an_old_yes(tmp_path: Path) -> None:
    """The price may differ from what was told, the thing may not."""
    async with api(tmp_path, _settings(LAMP)) as it:
        await _visit(it)
        await it.house.pm("Alice", "buy lamp")
        it.house.context.live.swap(_settings(LAMP | {"price": 5_000}))
        await it.house.pm("Alice", "YES")
        assert it.house.balance("Alice") == 9_000
        await it.house.pm("Alice", "buy lamp")
        it.house.context.live.swap(_settings(LAMP | {"text": "Nothing happens"}))
        assert "no longer sold" in await _say(it, "Alice", "YES")
        assert it.house.balance("Alice") == 9_000


# What happens


async def test_an_event_is_bought_for_everybody(tmp_path: Path) -> None:
    """It is told, it multiplies from then on, and nobody can end it by buying another."""
    async with api(tmp_path, _settings(GALA)) as it:
        await _visit(it)
        assert "3x" in await _say(it, "Alice", "buy gala")
        await it.house.pm("Alice", "YES")
        assert "🎉 Alice started Gala: 3x earnings for 30 minutes!" in it.house.lines()
        assert "Gala: 3x" in await _say(it, "Alice", "events")
        assert "Gala is still on" in await _say(it, "Alice", "buy gala")
        await anyio.sleep(31 * 60)
        await it.house.settle()
        assert it.house.lines()[-1] == "🏁 Gala has ended."
        assert "YES" in await _say(it, "Alice", "buy gala")
        assert it.house.balance("Alice") == 9_300


async def test_a_title_is_bought(tmp_path: Path) -> None:
    """They own it, and see it in the shop; the same one again is refused at once, and so listed."""
    async with api(tmp_path, _settings(SIR)) as it:
        await _visit(it)
        assert "Your title will be 'Sir'" in await _say(it, "Alice", "buy sir")
        await it.house.pm("Alice", "YES")
        user = UserKey.of(CHANNEL, "Alice")
        [owned] = it.house.report(lambda reports: owned_by_user(reports, user))
        assert (owned.type, owned.value) == ("custom_title", "Sir")
        assert "Sir Alice" in await _say(it, "Alice", "profile")
        assert "already" in await _say(it, "Alice", "buy sir")
        assert "nothing to confirm" in await _say(it, "Alice", "YES")
        [row] = (await it.data("shop.list", username="alice"))["items"]
        assert (row["available"], row["error_code"]) == (False, "rejected")
        assert (await it.refused("shop.buy", username="alice", item="sir"))[0] == "rejected"
        assert it.house.balance("Alice") == 9_700


async def test_a_title_that_came_meanwhile_is_not_paid_twice(tmp_path: Path) -> None:
    """Between question and YES they have got it by request: the YES buys nothing."""
    async with api(tmp_path, _settings(SIR)) as it:
        await _visit(it)
        await it.house.pm("Alice", "buy sir")
        await it.data("shop.buy", username="alice", item="sir", request_id="r1")
        assert "already" in await _say(it, "Alice", "YES")
        assert it.house.balance("Alice") == 9_700


async def test_operators_are_asked_and_may_say_no(tmp_path: Path) -> None:
    """Those who are here get a PM; a rejection gives back money, stock, limit and cooldown."""
    limits = {"stock": 1, "per_user": 1, "cooldown_minutes": 60}
    async with api(tmp_path, _settings(POSTER | limits)) as it:
        await _visit(it)
        await it.house.join("Boss", rank=5)
        await it.house.pm("Alice", "buy poster of Metropolis, please")
        assert "waits for an operator" in await _say(it, "Alice", "YES")
        [asked] = [text for text in it.house.pms("Boss") if "Poster" in text]
        assert "Alice has bought Poster (Hang it): of Metropolis, please." in asked
        assert it.house.balance("Alice") == 9_500
        assert "sold out" in await _say(it, "Alice", "buy poster")
        assert "PM 'approve_item 1' when it is done, or 'reject_item 1'" in asked
        listed = await _say(it, "Boss", "approvals")
        assert "1. shop item by Alice, 500 Z" in listed
        assert listed.endswith("Poster - Hang it - of Metropolis, please")
        reply = await _say(it, "Boss", "reject_item 1 the wall is full")
        assert "Poster of Alice is rejected: 500 Z went back" in reply
        notice = it.house.pms("Alice")[-1]
        assert "Poster was rejected: the wall is full. 500 Z came back" in notice
        assert it.house.balance("Alice") == 10_000
        assert "settled already" in await _say(it, "Boss", "approve_item 1")
        assert "1 left" in await _say(it, "Alice", "shop")
        assert "YES" in await _say(it, "Alice", "buy poster")


async def test_what_the_service_sells_comes_before_an_item_of_the_same_id(tmp_path: Path) -> None:
    """As the warning at the start says: the word buys the service's own ware."""
    async with api(tmp_path, _settings(LAMP | {"id": "fortune", "name": "Oracle"})) as it:
        await _visit(it)
        reply = await _say(it, "Alice", "buy fortune")
        assert "Oracle" not in reply
        assert "Charged" in reply or "🔮" in reply


async def test_what_an_operator_has_fulfilled_is_paid(tmp_path: Path) -> None:
    """By PM or by request, once; the buyer hears of it."""
    async with api(tmp_path, _settings(POSTER)) as it:
        await _visit(it)
        await it.house.join("Boss", rank=5)
        for _ in range(2):
            await it.house.pm("Alice", "buy poster")
            await it.house.pm("Alice", "YES")
        assert "Usage: approve_item" in await _say(it, "Boss", "approve_item")
        assert "Poster for Alice is fulfilled" in await _say(it, "Boss", "approve_item 1")
        assert "Poster: an operator has seen to it" in it.house.pms("Alice")[-1]
        done = await it.data("approval.resolve", approval_id=2, approved=True)
        assert (done["approved"], done["refund"]) == (True, 0)
        assert it.house.balance("Alice") == 9_000
        assert "admin" in await _say(it, "Alice", "approve_item 1")


async def test_nothing_is_announced_while_the_bot_is_away(tmp_path: Path) -> None:
    """What nobody could hear is not sold."""
    async with api(tmp_path, _settings(LAMP)) as it:
        await _visit(it)
        it.house.context.robots_away = lambda: (CHANNEL,)
        await it.house.pm("Alice", "buy lamp")
        assert "it is away" in await _say(it, "Alice", "YES")
        assert it.house.balance("Alice") == 10_000


# By request


async def test_what_the_list_says_is_what_a_purchase_costs(tmp_path: Path) -> None:
    """`shop.list` for a user tells price and obstacle, and `shop.buy` right after it charges it."""
    ranks = {"spend_discount_per_rank": 0.05}
    async with api(tmp_path, _settings(LAMP | {"stock": 3}, ranks=ranks)) as it:
        await it.account("Alice", 1_500)
        [row] = (await it.data("shop.list", username="alice"))["items"]
        assert (row["item"], row["base_cost"], row["cost_z"], row["stock"]) == (
            "lamp",
            1_000,
            950,
            3,
        )
        assert (row["available"], row["error_code"], row["discount_pct"]) == (True, None, 5.0)
        bought = await it.data("shop.buy", username="alice", item="LAMP", request_id="r1")
        assert (bought["cost_z"], bought["new_balance"], bought["stock"]) == (950, 550, 2)
        assert bought["username"] == "Alice"
        [row] = (await it.data("shop.list", username="alice"))["items"]
        assert (row["available"], row["error_code"]) == (False, "insufficient_balance")
        [row] = (await it.data("shop.list"))["items"]
        assert "cost_z" not in row


async def test_64_equal_requests_sell_one(tmp_path: Path) -> None:
    """One request_id is one purchase, however often and at once it is sent."""
    async with api(tmp_path, _settings(LAMP | {"stock": 5})) as it:
        await it.account("Alice", 10_000)
        body = {"command": "shop.buy", "channel": CHANNEL, "username": "Alice", "item": "lamp"}
        inboxes = [it.post(body | {"request_id": "same"}) for _ in range(64)]
        await anyio.sleep(3)
        answers = [it.bus.answers[inbox] for inbox in inboxes]
        assert all(answer["success"] for answer in answers)
        assert len({answer["data"]["new_balance"] for answer in answers}) == 1
        assert it.house.balance("Alice") == 9_000
        assert len(_own_lines(it)) == 1


async def test_64_buyers_at_once_get_what_there_is(tmp_path: Path) -> None:
    """Ten are sold, ten pay, and the stock is 0."""
    async with api(tmp_path, _settings(LAMP | {"stock": 10})) as it:
        names = [f"buyer{number}" for number in range(64)]
        for name in names:
            await it.account(name, 2_000)
        body = {"command": "shop.buy", "channel": CHANNEL, "item": "lamp"}
        inboxes = [it.post(body | {"username": name, "request_id": name}) for name in names]
        await anyio.sleep(3)
        answers = [it.bus.answers[inbox] for inbox in inboxes]
        assert sum(answer["success"] for answer in answers) == 10
        codes = {answer["error_code"] for answer in answers if not answer["success"]}
        assert codes == {"sold_out"}
        assert sum(it.house.balance(name) for name in names) == 64 * 2_000 - 10 * 1_000
        [row] = (await it.data("shop.list"))["items"]
        assert row["stock"] == 0


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"username": "Alice", "item": "moon"}, "not_found"),
        ({"username": "Nobody", "item": "lamp"}, "not_found"),
        ({"username": "Bot", "item": "lamp"}, "ignored_user"),
        ({"username": "Alice"}, "invalid_request"),
        ({"username": "Alice", "item": "lamp", "text": 5}, "invalid_request"),
    ],
)
async def test_bad_requests_move_nothing(tmp_path: Path, fields: dict[str, Any], code: str) -> None:
    """Each has its code and a sentence."""
    async with api(tmp_path, _settings(LAMP, bot={"username": "Bot"})) as it:
        await it.account("Alice", 2_000)
        got, text = await it.refused("shop.buy", request_id="r", **fields)
        assert got == code
        assert text
        assert it.house.balance("Alice") == 2_000


async def test_the_banned_buy_nothing(tmp_path: Path) -> None:
    """On either surface, and `shop.list` says so."""
    async with api(tmp_path, _settings(LAMP)) as it:
        await it.account("Alice", 2_000)
        await it.data("user.ban", username="Alice")
        code, _ = await it.refused("shop.buy", username="Alice", item="lamp", request_id="r")
        assert code == "banned"
        [row] = (await it.data("shop.list", username="Alice"))["items"]
        assert row["error_code"] == "banned"
        assert it.house.balance("Alice") == 2_000


# Operators


async def test_an_operator_sells_something_in_one_line(tmp_path: Path) -> None:
    """All that was understood comes back, and the next buyer buys it."""
    async with api(tmp_path, _settings()) as it:
        await _visit(it)
        await it.house.join("Boss", rank=5)
        reply = await _say(
            it,
            "Boss",
            'shop_add disco 2,000 announce "{user} turns the disco ball" stock=3 limit=1/day'
            ' wait=10 name="Disco Ball" about="Glitter for all"',
        )
        assert "✅ disco is for sale: Disco Ball, 2,000 Z" in reply
        assert "(3 left, 1 per user and day, once in 10m)" in reply
        assert "I say: {user} turns the disco ball" in reply
        listed = await _say(it, "Alice", "shop")
        assert "disco | 2,000 Z | Disco Ball: Glitter for all (3 left" in listed
        await it.house.pm("Alice", "buy disco ball")
        await it.house.pm("Alice", "YES")
        assert [line.text for line in _own_lines(it)] == ["Alice turns the disco ball"]
        assert "disco (announce, by PM): Disco Ball, 2,000 Z, 2 left" in await _say(
            it, "Boss", "shop_items"
        )
        assert "0 left (before: 2)" in await _say(it, "Boss", "shop_stock disco 0")
        assert "sold out" in await _say(it, "Alice", "buy disco")
        assert "always one more" in await _say(it, "Boss", "shop_stock disco endless")
        assert "no longer sold" in await _say(it, "Boss", "shop_remove disco")
        assert "I don't sell 'disco'" in await _say(it, "Alice", "buy disco")
        audited = [(row.admin, row.command) for row in it.audit()]
        assert ("Boss", "shop_add") in audited
        assert ("Boss", "shop_stock") in audited
        assert ("Boss", "shop_remove") in audited


async def test_the_shortest_form_will_do(tmp_path: Path) -> None:
    """An id, a price and what happens: the rest has sensible values."""
    async with api(tmp_path, _settings()) as it:
        await it.house.join("Boss", rank=5)
        reply = await _say(it, "Boss", "shop_add movie-choice 5000 approval")
        assert "movie-choice is for sale: Movie choice, 5,000 Z" in reply
        reply = await _say(it, "Boss", "shop_add gala 900 event x=2.5 minutes=45")
        assert "2.5x earnings for 45 minutes" in reply
        reply = await _say(it, "Boss", "shop_add gala 800 event")
        assert "gala is changed" in reply
        reply = await _say(it, "Boss", 'shop_add sir 900 title Sir rank="key grip"')
        assert "from Key Grip on" in reply


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("shop_add lamp", "Usage: shop_add <id> <price>"),
        ("shop_add lamp 1x announce hi", "'1x' is not an amount"),
        ("shop_add lamp 0 announce hi", "not an amount"),
        ("shop_add lamp 10 explode hi", "'announce', 'approval', 'event' or 'title'"),
        ("shop_add lamp 10 announce", "text: must say what is announced"),
        ("shop_add lamp 10 announce {foo}", "unknown variable {foo}"),
        ("shop_add 77 10 announce hi", "id: must be a word"),
        ("shop_add lamp 10 announce hi stok=3", "I don't know the option 'stok=3'"),
        ("shop_add lamp 10 announce hi stock=many", "stock:"),
        ("shop_add lamp 10 announce hi limit=1/week", "per_user_period:"),
        ("shop_add lamp 10 announce hi rank=King", "rank: must name a rank: Extra, Grip"),
        ("shop_add gala 10 event x=50", "x:"),
        ("shop_add sir 10 title {user} the Great", "text: must be plain"),
        ("shop_add poster 10 announce hi", "configuration file"),
        ("shop_add greeting 10 announce hi", "I sell already"),
        ("reject_item 7", "settled already, or never was"),
        ("shop_remove poster", "configuration file"),
        ("shop_remove moon", "no item 'moon'"),
        ("shop_stock poster -3", "whole number from 0, or 'endless'"),
        ("shop_stock moon 3", "no item 'moon'"),
    ],
)
async def test_a_slip_is_told_with_what_is_allowed(tmp_path: Path, typed: str, said: str) -> None:
    """Nothing is sold that the operator did not mean."""
    async with api(tmp_path, _settings(POSTER)) as it:
        await it.house.join("Boss", rank=5)
        assert said in await _say(it, "Boss", typed)
        assert [row["item"] for row in (await it.data("shop.list"))["items"]] == ["poster"]


async def test_only_operators_change_the_shop(tmp_path: Path) -> None:
    """Others are told that it needs admin rights."""
    async with api(tmp_path, _settings()) as it:
        await _visit(it)
        assert "admin" in await _say(it, "Alice", "shop_add lamp 1 announce hi")
        assert (await it.data("shop.list"))["items"] == []


async def test_items_are_put_in_and_taken_out_by_request(tmp_path: Path) -> None:
    """With the keys of the configuration, checked by its rules, and written to the audit log."""
    async with api(tmp_path, _settings(POSTER)) as it:
        await it.account("Alice", 5_000)
        added = await it.data(
            "shop.add", **{k: v for k, v in LAMP.items() if k != "id"}, item="lamp", stock=2
        )
        assert added.pop("undo_id") == 1
        assert added == {"channel": CHANNEL, "item": "lamp", "replaced": False}
        items = (await it.data("shop.list"))["items"]
        assert [(row["item"], row["configured"]) for row in items] == [
            ("poster", True),
            ("lamp", False),
        ]
        await it.data("shop.buy", username="Alice", item="lamp", request_id="r")
        stock = await it.data("shop.stock", item="lamp", stock=9)
        assert (stock["stock_before"], stock["stock"]) == (1, 9)
        assert (await it.data("shop.stock", item="lamp", stock="endless"))["stock"] is None
        await it.data("shop.remove", item="lamp")
        assert (await it.refused("shop.remove", item="lamp"))[0] == "not_found"
        assert (await it.refused("shop.remove", item="poster"))[0] == "conflict"
        assert (await it.refused("shop.stock", item="poster"))[0] == "invalid_request"
        code, text = await it.refused("shop.add", item="x", price="cheap", effect="title")
        assert code == "invalid_request"
        assert text
        commands = [row.command for row in it.audit()]
        assert commands.count("shop.add") == 2
        arguments = json.loads(next(r.arguments for r in it.audit() if r.command == "shop.add"))
        assert (arguments["item"], arguments["stock"]) == ("lamp", 2)


async def test_what_was_sold_and_defined_outlives_a_restart(tmp_path: Path) -> None:
    """Items, stock and limits stand in the books."""
    async with api(tmp_path, _settings()) as it:
        await _visit(it)
        await it.data("shop.add", item="sir", price=300, effect="title", text="Sir", stock=2)
        await it.data("shop.buy", username="Alice", item="sir", request_id="r")
    async with api(tmp_path, _settings()) as it:
        [row] = (await it.data("shop.list"))["items"]
        assert (row["item"], row["stock"]) == ("sir", 1)
