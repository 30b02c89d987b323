"""A channel's own items: bought in one act, never more than there are, and given back whole."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.ledger.acts import CHANNEL, DAY, NEXT_DAY, NOW, ask, earn, key, look, told

from kryten_economy.features.approvals import ResolveApproval, Resolved, pending_approvals
from kryten_economy.features.bans import Ban
from kryten_economy.features.events.adhoc import StartAdHoc
from kryten_economy.features.possessions import owned_by_user
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.shop.operations import (
    Bought,
    BuyShopItem,
    DefineItem,
    ItemDefined,
    ItemRemoved,
    RemoveItem,
    SetStock,
    StockSet,
)
from kryten_economy.features.shop.queries import defined_by_hand, stock_of, why_not
from kryten_economy.features.shop.rules import Item
from kryten_economy.features.vanity.operations import Settled, SettlePurchase
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.expiry import ReleaseOrphans, resumes
from kryten_economy.refusals import (
    AlreadyOwned,
    Banned,
    CoolingDown,
    DailyLimit,
    EventRuns,
    Insufficient,
    LimitReached,
    NoAccount,
    NotForSale,
    SoldOut,
)

LAMP = Item("lamp", "The Lamp", 10, "announce", "{user} switches it on")
POSTER = Item("poster", "A poster", 10, "approval", "Hang it up")
GALA = Item("gala", "Gala", 10, "event", multiplier="3", minutes=30)
TITLE = Item("sir", "Knighthood", 10, "title", "Sir")
MINUTE_MS = 60_000


def buy(
    item: Item,
    name: str = "Bob",
    op_id: str = "buy",
    *,
    price_z: int = 10,
    words: str = "",
    at_ms: int = NOW,
    day: str = DAY,
) -> BuyShopItem:
    return BuyShopItem(op_id, key(name), item.id, words, item, price_z, at_ms, day)


def decide(number: int, *, approved: bool, op_id: str = "decide") -> ResolveApproval:
    return ResolveApproval(op_id, CHANNEL, number, approved, "Boss", "Shop", NOW + 1, NEXT_DAY)


@pytest.fixture(autouse=True)
def rich(books: Books) -> None:
    """Bob has 100 Z."""
    books.commit([earn("Bob", 100)])


def left(reports: Reports, item: Item) -> int | None:
    return stock_of(reports, CHANNEL, [item])[item.id]


def test_a_purchase_takes_the_price_that_was_told(books: Books) -> None:
    """The quote is charged, whatever the item costs by now, and counts as spent."""
    bought = told(books, buy(LAMP, price_z=7), Bought)
    assert (bought.paid_z, bought.wallet.balance_z, bought.left) == (7, 93, None)
    assert look(books, "Bob").lifetime_spent_z == 7


@pytest.mark.parametrize(
    ("name", "price_z", "refusal"),
    [("Eve", 10, NoAccount(key("Eve"))), ("Bob", 101, Insufficient(100, 1))],
)
def test_who_can_not_pay_gets_nothing(
    books: Books, reports: Reports, name: str, price_z: int, refusal: object
) -> None:
    """Neither stock nor limit is touched by a purchase that was refused."""
    item = replace(LAMP, stock=1, per_user=1)
    assert ask(books, buy(item, name, price_z=price_z)) == refusal
    assert left(reports, item) == 1
    assert why_not(reports, key("Bob"), item, NOW, DAY) is None


def test_the_banned_buy_nothing(books: Books) -> None:
    """The ban comes before everything else, and no money moves."""
    books.commit([Ban(key("Bob"), "Bob", "Boss", "Spam", NOW, DAY)])
    assert ask(books, buy(replace(LAMP, stock=0))) == Banned(key("Bob"))
    assert look(books, "Bob").balance_z == 100


def test_stock_is_counted_down_and_never_below_zero(books: Books, reports: Reports) -> None:
    """64 buyers at once of 10 items: ten pay, the others are told that it is sold out."""
    item = replace(LAMP, stock=10)
    names = [f"buyer{number}" for number in range(64)]
    books.commit([earn(name, 20) for name in names])
    answers = books.commit([buy(item, name, f"buy-{name}") for name in names]).answers
    assert [type(each) for each in answers] == [Bought] * 10 + [SoldOut] * 54
    assert sum(look(books, name).balance_z for name in names) == 64 * 20 - 10 * 10
    assert left(reports, item) == 0


def test_a_limit_per_user_is_for_ever(books: Books, reports: Reports) -> None:
    """As many as they may have, and no more on any later day; others still can."""
    item = replace(LAMP, per_user=2)
    books.commit([earn("Eve", 50), buy(item, op_id="1"), buy(item, op_id="2")])
    assert ask(books, buy(item, op_id="3", day=NEXT_DAY)) == LimitReached("The Lamp", 2)
    assert why_not(reports, key("Bob"), item, NOW, NEXT_DAY) == LimitReached("The Lamp", 2)
    told(books, buy(item, "Eve", "4"), Bought)


def test_a_limit_per_day_ends_with_the_day(books: Books) -> None:
    """The next day of the channel begins anew."""
    item = replace(LAMP, per_user=1, per_day=True)
    told(books, buy(item, op_id="1"), Bought)
    assert ask(books, buy(item, op_id="2")) == DailyLimit("The Lamp", 1)
    told(books, buy(item, op_id="3", day=NEXT_DAY), Bought)


def test_a_cooldown_ends_on_time(books: Books) -> None:
    """The next purchase is possible when the time is over and not a moment before."""
    item = replace(LAMP, cooldown_ms=MINUTE_MS)
    told(books, buy(item, op_id="1"), Bought)
    assert ask(books, buy(item, op_id="2", at_ms=NOW + MINUTE_MS - 1)) == CoolingDown("The Lamp", 1)
    told(books, buy(item, op_id="3", at_ms=NOW + MINUTE_MS), Bought)


def test_the_same_purchase_again_moves_nothing(books: Books, reports: Reports) -> None:
    """A repetition is known though the price has changed since, and stock goes down once."""
    item = replace(LAMP, stock=5)
    first = told(books, buy(item), Bought)
    again = told(books, buy(replace(item, price_z=99), price_z=99), Bought)
    assert again == replace(first, replayed=True)
    assert (look(books, "Bob").balance_z, left(reports, item)) == (90, 4)


# Approvals


def test_what_an_operator_fulfils_is_paid_when_they_say_so(books: Books, reports: Reports) -> None:
    """The payment waits with what was asked for, and is spent when it is granted."""
    bought = told(books, buy(POSTER, words="of Metropolis"), Bought)
    [pending] = pending_approvals(reports, CHANNEL, "shop_item")
    assert (bought.approval_id, pending.paid_z, bought.wallet.balance_z) == (pending.id, 10, 90)
    assert pending.data["text"] == "A poster - Hang it up - of Metropolis"
    told(books, decide(pending.id, approved=True), Resolved)
    assert look(books, "Bob").balance_z == 90
    assert why_not(reports, key("Bob"), replace(POSTER, per_user=1), NOW, DAY) is not None


def test_a_rejection_gives_back_all_that_was_used_up(books: Books, reports: Reports) -> None:
    """Money, stock, limit and cooldown are as they were before the purchase."""
    item = replace(POSTER, stock=1, per_user=1, cooldown_ms=MINUTE_MS)
    bought = told(books, buy(item), Bought)
    assert left(reports, item) == 0
    assert bought.approval_id is not None
    resolved = told(books, decide(bought.approval_id, approved=False), Resolved)
    assert (resolved.refund_z, resolved.wallet.balance_z) == (10, 100)
    assert left(reports, item) == 1
    wallet = look(books, "Bob")
    assert (wallet.lifetime_spent_z, wallet.balance_z) == (0, 100)
    told(books, buy(item, op_id="again", at_ms=NOW + 2), Bought)


def test_what_is_fulfilled_is_not_given_back(books: Books, reports: Reports) -> None:
    """A second decision changes nothing, and the stock stays down."""
    item = replace(POSTER, stock=1)
    bought = told(books, buy(item), Bought)
    assert bought.approval_id is not None
    books.commit([decide(bought.approval_id, approved=True)])
    books.commit([decide(bought.approval_id, approved=False, op_id="no")])
    assert (look(books, "Bob").balance_z, left(reports, item)) == (90, 0)


# Effects


def test_an_event_begins_with_its_purchase(books: Books, reports: Reports) -> None:
    """Earning is multiplied from then on, for as long as the item says."""
    told(books, buy(GALA), Bought)
    [event] = reports.running_events(CHANNEL)
    assert (event.name, event.multiplier) == ("Gala", GALA.factor)
    assert (event.fired_at_ms, event.ends_at_ms) == (NOW, NOW + 30 * MINUTE_MS)


def test_nobody_ends_an_event_by_buying_another(books: Books) -> None:
    """While one runs there is nothing to buy; it costs nothing to try."""
    books.commit([StartAdHoc(CHANNEL, "Party", GALA.factor, NOW + MINUTE_MS, NOW)])
    assert ask(books, buy(GALA, at_ms=NOW + 1)) == EventRuns("Party", MINUTE_MS - 1)
    assert look(books, "Bob").balance_z == 100
    told(books, buy(GALA, at_ms=NOW + MINUTE_MS), Bought)


def test_what_is_announced_is_paid_once_it_was_said(books: Books, reports: Reports) -> None:
    """The payment waits for the bot; what it could not say is given back with stock and limit."""
    item = replace(LAMP, stock=1, per_user=1)
    bought = told(books, buy(item), Bought)
    assert bought.hold_id is not None
    assert left(reports, item) == 0
    told(books, SettlePurchase("no", bought.hold_id, False, "Not said", NOW + 1, DAY), Settled)
    assert (look(books, "Bob").balance_z, left(reports, item)) == (100, 1)
    again = told(books, buy(item, op_id="again"), Bought)
    assert again.hold_id is not None
    told(books, SettlePurchase("yes", again.hold_id, True, "", NOW + 2, DAY), Settled)
    assert (look(books, "Bob").balance_z, left(reports, item)) == (90, 0)


def test_a_start_gives_back_what_was_not_said(books: Books, reports: Reports) -> None:
    """Its line died with the process: money, stock and limit are as before."""
    item = replace(LAMP, stock=1, per_user=1)
    books.commit([buy(item)])
    books.commit([ReleaseOrphans(("announcement",), "service restarted", NOW, DAY)])
    assert (look(books, "Bob").balance_z, left(reports, item)) == (100, 1)
    assert not resumes("announcement")
    told(books, buy(item, op_id="again"), Bought)


def test_a_title_is_theirs_with_the_purchase(books: Books, reports: Reports) -> None:
    """It takes the place of the one they had; the same one again is not sold."""
    told(books, buy(TITLE), Bought)
    assert [(each.type, each.value) for each in owned_by_user(reports, key("Bob"))] == [
        ("custom_title", "Sir")
    ]
    assert ask(books, buy(TITLE, op_id="2")) == AlreadyOwned("Knighthood")
    assert look(books, "Bob").balance_z == 90


# Items


BY_HAND = replace(LAMP, by_hand=True, stock=3)


def _define(item: Item = BY_HAND) -> DefineItem:
    return DefineItem(CHANNEL, item, "Boss", NOW)


def test_an_item_defined_by_hand_is_sold_until_it_is_removed(
    books: Books, reports: Reports
) -> None:
    """The books know it; what is removed is refused, also to who had a quote."""
    assert ask(books, _define()) == ItemDefined(replaced=False)
    assert defined_by_hand(reports, CHANNEL) == (BY_HAND,)
    told(books, buy(BY_HAND, op_id="1"), Bought)
    assert ask(books, RemoveItem(CHANNEL, "lamp")) == ItemRemoved(was_there=True)
    assert ask(books, RemoveItem(CHANNEL, "lamp")) == ItemRemoved(was_there=False)
    assert ask(books, buy(BY_HAND, op_id="2")) == NotForSale("The Lamp")
    assert defined_by_hand(reports, CHANNEL) == ()


@pytest.mark.parametrize(
    ("change", "kind"),
    [({"price_z": 50}, Bought), ({"stock": 9}, Bought), ({"text": "Other"}, NotForSale)],
)
def test_a_quote_outlives_a_price_and_nothing_else(
    books: Books, change: dict[str, Any], kind: type
) -> None:
    """Who was told a price pays it; who would get another thing than they were told is asked."""
    books.commit([_define()])
    assert ask(books, _define(replace(BY_HAND, **change))) == ItemDefined(replaced=True)
    assert isinstance(ask(books, buy(BY_HAND)), kind)


def test_operators_say_how_many_are_left(books: Books, reports: Reports) -> None:
    """Stock can be set to any number and to no end; a new definition counts from its own."""
    books.commit([_define()])
    told(books, buy(BY_HAND, op_id="1"), Bought)
    assert ask(books, SetStock(CHANNEL, BY_HAND, 0)) == StockSet(2, 0)
    assert ask(books, buy(BY_HAND, op_id="2")) == SoldOut("The Lamp")
    assert ask(books, SetStock(CHANNEL, BY_HAND, None)) == StockSet(0, None)
    assert told(books, buy(BY_HAND, op_id="3"), Bought).left is None
    books.commit([_define()])
    assert left(reports, BY_HAND) == 3


def test_another_stock_in_the_configuration_is_a_delivery(books: Books, reports: Reports) -> None:
    """What is left is counted by the books as long as the file says the same number."""
    item = replace(LAMP, stock=2)
    told(books, buy(item, op_id="1"), Bought)
    assert left(reports, item) == 1
    more = replace(item, stock=5)
    assert left(reports, more) == 5
    assert told(books, buy(more, op_id="2"), Bought).left == 4
