"""The channel's own shop: items that operators sell, bought by PM and by request.

Both surfaces sell in the same act for the same price. What is asked to be said YES to is sold at
the price that was told, as long as the question stands.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import structlog

from economy_actors.context import adorn
from economy_actors.handlers import kit
from economy_actors.handlers.answers import ApiAnswer, Code, Done, Failed, PmAnswer, Refused
from economy_actors.handlers.fields import Text
from economy_actors.handlers.registry import ApiCall, Call, PmCall, Question, request
from economy_actors.handlers.shop import Offer, Ware, sell_also
from economy_actors.messages.vanity import LineTold
from economy_actors.messages.workers import AdHocBegun
from economy_actors.outbox.message import Line, LineKind
from kryten_economy.commands import refusals
from kryten_economy.config.shop import ShopItem
from kryten_economy.features.events.adhoc import RunningEvent
from kryten_economy.features.prices import Price, price_tag
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.shop import texts
from kryten_economy.features.shop.operations import Bought, BuyShopItem
from kryten_economy.features.shop.queries import defined_by_hand, stock_of, why_not
from kryten_economy.features.shop.rules import Item, announcement, items_on_sale, same_but_price
from kryten_economy.features.vanity.rules import TITLE
from kryten_economy.features.vanity.texts import robot_away
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import (
    EventRuns,
    Ignored,
    Insufficient,
    NoAccount,
    NotForSale,
    Refusal,
)
from kryten_economy.text.markup import name_shown, user_text
from kryten_economy.text.templates import money
from kryten_economy.users import UserKey, name_from_text

__all__ = ("ITEM", "Offers", "OnShelf", "offers_in", "offers_of", "shelf")

ITEM = Text("item", most=24, required=True)
WORDS = Text("text", most=200)
FOR_WHOM = Text("username", most=40)

_WORDS_MAX = 200

_log = structlog.get_logger("shop")


class Offers(NamedTuple):
    """The items of a channel and how many are left of each, by id."""

    items: dict[str, Item]
    stock: dict[str, int | None]


async def offers_of(call: Call) -> Offers:
    """Everything that operators sell here, those of the configuration first."""
    configured, channel = call.settings.shop.items, call.channel
    return await call.read(lambda reports: offers_in(reports, channel, configured))


def offers_in(reports: Reports, channel: str, configured: Sequence[ShopItem]) -> Offers:
    """The same, for whoever reads the books."""
    items = items_on_sale(configured, defined_by_hand(reports, channel))
    return Offers(items, stock_of(reports, channel, items.values()))


# By PM


@sell_also
async def _wares(call: PmCall) -> Sequence[Ware]:
    """What the counter sells for the operators of this channel."""
    if not call.settings.shop.enabled:
        return ()
    offers = await offers_of(call)
    return [_ware(item, offers.stock[item.id]) for item in offers.items.values()]


def _ware(item: Item, left: int | None) -> Ware:
    def listed(call: PmCall) -> Sequence[Offer]:
        price = price_tag(kit.price_for(call, item.price_z, call.wallet), call.symbol)
        return [Offer(texts.offer(item, price, left), item.name, price, item.description)]

    keys = dict.fromkeys((item.id, user_text(item.name).lower()))
    return Ware(tuple(keys), listed, partial(_ask, item))


async def _ask(item: Item, call: PmCall, words: str) -> PmAnswer | Question:
    """Say what it costs and what happens; what can't be bought now is refused at once."""
    words = user_text(words)[:_WORDS_MAX]
    refused = _below_rank(call, item, call.wallet) or await _why_not(call, call.user, item)
    if refused is not None:
        return refused
    price = kit.price_for(call, item.price_z, call.wallet)
    short_z = price.final_z - call.wallet.balance_z
    if short_z > 0:
        return call.refused(Insufficient(call.wallet.balance_z, short_z))

    async def yes(confirmed: PmCall) -> PmAnswer:
        return await _confirmed(confirmed, item, price.final_z, words)

    return Question(texts.question(item, price_tag(price, call.symbol)), yes=yes)


async def _confirmed(call: PmCall, item: Item, price_z: int, words: str) -> PmAnswer:
    if not _still_sold(call, item):
        return call.refused(NotForSale(item.name))
    refused = _below_rank(call, item, call.wallet)
    if refused is not None:
        return refused
    bought = await _buy(call, call.user, item, price_z, words)
    if not isinstance(bought, Bought):
        return bought
    balance_z = bought.wallet.balance_z
    return texts.bought(item, bought.paid_z, balance_z, call.symbol, bought.approval_id)


def _still_sold(call: Call, item: Item) -> bool:
    """Whether a reload has left it as it was offered; the books look at what they know."""
    shop = call.settings.shop
    if not shop.enabled:
        return False
    configured = items_on_sale(shop.items, ()).get(item.id)
    if configured is None:
        return item.by_hand
    return same_but_price(configured, item)


# By request


@request("shop.list", FOR_WHOM)
async def shop_list(call: ApiCall) -> ApiAnswer:
    """What operators sell here; with ``username`` also what that user would pay, and whether."""
    name = call.field(FOR_WHOM)
    if name and name_from_text(name) is None:
        return Refused(Code.NOT_FOUND, refusals.bad_name(name))
    buyer = await _wallet_of(call, call.named(name_from_text(name) or "")) if name else None
    if name and buyer is None:
        return call.refused(NoAccount(call.named(name)), name)
    rows = [_row(call, each, buyer) for each in await shelf(call, buyer)]
    data: dict[str, object] = {
        "channel": call.channel,
        "enabled": call.settings.shop.enabled,
        "items": rows,
    }
    return Done(data, rows="items")


class OnShelf(NamedTuple):
    """An item, how many are left, and for a buyer the price and why they can't have it now."""

    item: Item
    left: int | None
    price: Price | None = None
    refused: Refused | Failed | None = None


async def shelf(call: Call, buyer: Wallet | None) -> list[OnShelf]:
    """What operators sell here, all read at once."""
    configured, channel = call.settings.shop.items, call.channel
    at_ms, day = call.now_ms, call.day

    def read(reports: Reports) -> tuple[Offers, Mapping[str, Refusal | None]]:
        items = items_on_sale(configured, defined_by_hand(reports, channel))
        offers = Offers(items, stock_of(reports, channel, items.values()))
        if buyer is None:
            return offers, {}
        found = {item.id: why_not(reports, buyer.user, item, at_ms, day) for item in items.values()}
        return offers, found

    offers, found = await call.read(read)
    if buyer is None:
        return [OnShelf(item, offers.stock[item.id]) for item in offers.items.values()]
    return [
        _on_shelf(call, item, offers.stock[item.id], buyer, found[item.id])
        for item in offers.items.values()
    ]


def _on_shelf(
    call: Call, item: Item, left: int | None, buyer: Wallet, used_up: Refusal | None
) -> OnShelf:
    price = kit.price_for(call, item.price_z, buyer)
    return OnShelf(item, left, price, _obstacle(call, item, buyer, price.final_z, used_up))


def _row(call: Call, on_shelf: OnShelf, buyer: Wallet | None) -> dict[str, object]:
    item, price, refused = on_shelf.item, on_shelf.price, on_shelf.refused
    factor = kit.price_factor(call.context, call.channel)
    row: dict[str, object] = {
        "item": item.id,
        "name": item.name,
        "description": item.description,
        "effect": item.effect,
        "base_cost": item.price_z,
        "inflation_multiplier": float(factor),
        "stock": on_shelf.left,
        "per_user": item.per_user,
        "per_user_period": "day" if item.per_day else "ever",
        "cooldown_minutes": item.cooldown_ms // 60_000,
        "min_rank": item.min_rank,
        "configured": not item.by_hand,
    }
    if buyer is None or price is None:
        return row
    return row | {
        "cost_z": price.final_z,
        "discount_pct": round(float(price.discount * 100), 1),
        "available": refused is None,
        "error_code": None if refused is None else refused.code.value,
    }


def _obstacle(
    call: Call, item: Item, buyer: Wallet, price_z: int, used_up: Refusal | None
) -> Refused | Failed | None:
    """The first reason for which a purchase right now would be refused."""
    if not call.settings.shop.enabled:
        return Refused(Code.DISABLED, refusals.feature_off("The shop"))
    if buyer.barred is not None:
        return call.refused(buyer.barred, buyer.display_name)
    refused = _below_rank(call, item, buyer) or _in_the_way(call, item, used_up)
    if refused is None and buyer.balance_z < price_z:
        return call.refused(Insufficient(buyer.balance_z, price_z - buyer.balance_z))
    return refused


@request("shop.buy", ITEM, WORDS, user=True, repeatable=True)
async def shop_buy(call: ApiCall) -> ApiAnswer:
    """Sell an item to a user for the price of this moment, once per ``request_id``."""
    asked = await _asked_for(call)
    if not isinstance(asked, tuple):
        return asked
    item, buyer = asked
    refused = _below_rank(call, item, buyer)
    if refused is not None:
        return refused
    price_z = kit.price_for(call, item.price_z, buyer).final_z
    bought = await _buy(call, call.user, item, price_z, call.field(WORDS))
    if not isinstance(bought, Bought):
        return bought
    data: dict[str, object] = {
        "channel": call.channel,
        "username": bought.wallet.display_name,
        "item": item.id,
        "name": item.name,
        "effect": item.effect,
        "cost_z": bought.paid_z,
        "new_balance": bought.wallet.balance_z,
        "stock": bought.left,
        "approval_id": bought.approval_id,
    }
    return Done(data | {"idempotent_replay": True} if bought.replayed else data)


async def _asked_for(call: ApiCall) -> tuple[Item, Wallet] | Refused | Failed:
    """What is to be sold to whom."""
    if not call.settings.shop.enabled:
        return Refused(Code.DISABLED, refusals.feature_off("The shop"))
    if call.context.live.ignores(call.name):
        return call.refused(Ignored(call.name), call.name)
    offers, buyer = await offers_of(call), await _wallet_of(call, call.user)
    item = offers.items.get(call.field(ITEM).lower())
    if item is None:
        return Refused(Code.NOT_FOUND, texts.no_such_item(call.field(ITEM), offers.items))
    if buyer is None:
        return call.refused(NoAccount(call.user), call.name)
    return item, buyer


# What both do


async def _wallet_of(call: Call, user: UserKey) -> Wallet | None:
    day = call.day
    return await call.read(lambda reports: reports.wallet(user, day))


def _below_rank(call: Call, item: Item, buyer: Wallet) -> Refused | None:
    """A rank that no longer exists is nobody's."""
    if not item.min_rank:
        return None
    names = call.context.live.ladder.names
    own = kit.rank_index(call.context, buyer)
    if item.min_rank in names and own >= names.index(item.min_rank):
        return None
    return Refused(Code.REJECTED, texts.needs_rank(item, names[own]))


async def _why_not(call: Call, user: UserKey, item: Item) -> Refused | Failed | None:
    """What stands in the way of a purchase right now, apart from money and rank."""
    at_ms, day = call.now_ms, call.day
    if (refused := _in_the_way(call, item, None)) is not None:
        return refused
    refusal = await call.read(lambda reports: why_not(reports, user, item, at_ms, day))
    return None if refusal is None else call.refused(refusal)


def _in_the_way(call: Call, item: Item, used_up: Refusal | None) -> Refused | Failed | None:
    """An event that runs comes before what the books say."""
    at_ms, runs = call.now_ms, call.context.adhoc.get(call.channel)
    if item.effect == "event" and runs is not None and runs.ends_at_ms > at_ms:
        return call.refused(EventRuns(runs.name, runs.ends_at_ms - at_ms))
    return None if used_up is None else call.refused(used_up)


async def _buy(
    call: Call, user: UserKey, item: Item, price_z: int, words: str
) -> Bought | Refused | Failed:
    """Have it sold, and what is to happen outside of the books; raises as `Call.commit`."""
    if item.effect == "announce" and call.channel in call.context.robots_away():
        return Failed(Code.UNAVAILABLE, robot_away(user_text(item.name)))
    ask = BuyShopItem(call.op_id, user, item.id, words, item, price_z, call.now_ms, call.day)
    bought = await call.commit(ask)
    if not isinstance(bought, Bought):
        assert isinstance(bought, Refusal), bought
        return call.refused(bought)
    if bought.replayed:
        return bought
    match bought.item.effect:
        case "announce":
            _announce(call, bought)
        case "event":
            _begin(call, bought)
        case "approval":
            _tell_operators(call, bought, words)
        case "title":
            adorn(call.context, user, TITLE, bought.item.text)
    return bought


def _announce(call: Call, bought: Bought) -> None:
    """The payment is taken when the line was said, and given back when it can't be."""
    assert bought.hold_id is not None, bought
    price = money(bought.paid_z, call.symbol)
    text = announcement(bought.item, name_shown(bought.wallet.display_name), price)
    line = Line(text, LineKind.PAID, dedup=False, trace=call.trace, receipt=bought.hold_id)
    if not call.context.outboxes[call.channel].offer(line, trace=call.trace):
        call.context.channels[call.channel].offer(LineTold(bought.hold_id, said=False))


def _begin(call: Call, bought: Bought) -> None:
    item, at_ms = bought.item, bought.at_ms
    ends_at_ms = at_ms + item.minutes * 60_000
    event = RunningEvent("adhoc", item.event_name, at_ms, ends_at_ms, item.factor, True)
    begun = AdHocBegun(event, item.minutes, bought.wallet.display_name)
    if not call.context.channel_events[call.channel].offer(begun, trace=call.trace):
        _log.warning("a bought event takes effect after a restart", channel=call.channel)


def _tell_operators(call: Call, bought: Bought, words: str) -> None:
    """Those who are here; whoever comes later finds it among the approvals."""
    assert bought.approval_id is not None, bought
    buyer = bought.wallet.display_name
    text = texts.to_fulfil(bought.item, buyer, words, bought.approval_id)
    level = call.settings.admin.owner_level
    for each in call.context.presence[call.channel].value.users.values():
        if each.rank >= level:
            kit.tell_user(call, each.display_name, text)
