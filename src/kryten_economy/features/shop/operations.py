"""A channel's own items: defined, delivered and bought.

A purchase is one act. It looks whether the item is sold, the buyer may have it and one is left,
takes the money and does what is bought. What an operator has to fulfil, or the bot has to say, is
paid into a hold. Stock, limits and cooldowns are counted from the purchases whose money was not
given back, so that whoever gives it back gives back all of it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple

from pydantic import TypeAdapter

from kryten_economy.features.approvals import Opened, approvable, open_approval
from kryten_economy.features.events.adhoc import begin_adhoc, running_adhoc
from kryten_economy.features.possessions import owned, put
from kryten_economy.features.shop.rules import Item, same_but_price
from kryten_economy.features.vanity.rules import TITLE
from kryten_economy.ledger.account import Account
from kryten_economy.ledger.audit import KeptState, kept, reversible
from kryten_economy.ledger.channels import Channel
from kryten_economy.ledger.holds import Held, PlaceHold, place_hold
from kryten_economy.ledger.operation import SPENDING, Act, Request, operation
from kryten_economy.ledger.posting import Entry, is_amount, post
from kryten_economy.ledger.statements import Row
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import (
    AlreadyOwned,
    Banned,
    Conflict,
    CoolingDown,
    DailyLimit,
    EventRuns,
    Insufficient,
    InvalidAmount,
    LimitReached,
    NoAccount,
    NotForSale,
    SoldOut,
)
from kryten_economy.users import UserKey

__all__ = (
    "ANNOUNCEMENT",
    "APPROVAL",
    "Bought",
    "BuyShopItem",
    "DefineItem",
    "ItemDefined",
    "ItemRemoved",
    "RemoveItem",
    "Rows",
    "SetStock",
    "StockSet",
    "UsedUp",
    "buy_shop_item",
    "define_item",
    "left_of",
    "remove_item",
    "set_stock",
    "used_up",
)

APPROVAL: Final = approvable("shop_item", refund_trigger="refund.shop")
"""The kind of approval of what an operator has to fulfil."""

ANNOUNCEMENT: Final = "announcement"
"""What the money is set aside for until the bot has said it; a start gives it back."""

UsedUp = SoldOut | LimitReached | DailyLimit | CoolingDown
Rows = Callable[..., list[Row]]
"""What reads rows, within a transaction or without one."""

_ITEM: TypeAdapter[Item] = TypeAdapter(Item)
_LINE_MS = 3_600_000
"""A line is said or given up long before; the hold of one that nobody told of ends by itself."""

_DEFINED = "SELECT definition FROM shop_item WHERE channel_id = ? AND item = ?"
_DEFINE = """
    INSERT INTO shop_item (channel_id, item, definition, defined_by, defined_at_ms)
    VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
        definition = excluded.definition, defined_by = excluded.defined_by,
        defined_at_ms = excluded.defined_at_ms
"""
_REMOVE = "DELETE FROM shop_item WHERE channel_id = ? AND item = ?"
_STOCK = """
    SELECT s.there - (
        SELECT count(*) FROM shop_purchase AS p LEFT JOIN hold AS h ON h.id = p.hold_id
        WHERE p.channel_id = s.channel_id AND p.item = s.item AND p.id > s.counted_from
        AND coalesce(h.state, 'captured') IN ('open', 'captured')
    )
    FROM shop_stock AS s WHERE s.channel_id = ?1 AND s.item = ?2 AND s.declared IS ?3
"""
_COUNT_FROM_HERE = """
    INSERT INTO shop_stock (channel_id, item, declared, there, counted_from)
    VALUES (?1, ?2, ?3, ?4, (SELECT coalesce(max(id), 0) FROM shop_purchase))
    ON CONFLICT DO UPDATE SET declared = excluded.declared, there = excluded.there,
        counted_from = excluded.counted_from
"""
_FORGET_STOCK = "DELETE FROM shop_stock WHERE channel_id = ? AND item = ?"
_NOTE = """
    INSERT INTO shop_purchase (channel_id, account_id, item, paid_z, hold_id, day, bought_at_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_BOUGHT = """
    SELECT count(*), count(*) FILTER (WHERE p.day = ?3), max(p.bought_at_ms)
    FROM shop_purchase AS p LEFT JOIN hold AS h ON h.id = p.hold_id
    WHERE p.account_id = ?1 AND p.item = ?2
    AND coalesce(h.state, 'captured') IN ('open', 'captured')
"""


# Items


@dataclass(frozen=True, slots=True)
class ItemDefined:
    """Whether there was one of this id before."""

    replaced: bool


@dataclass(frozen=True, slots=True)
class DefineItem(Request[ItemDefined]):
    """Put an item into the shop of a channel, with the stock it says."""

    channel: str
    item: Item
    by: str
    at_ms: int


@operation
def define_item(tx: Tx, ask: DefineItem) -> ItemDefined:
    """Store it in the place of one of the same id."""
    channel_id, item = tx.channel(ask.channel).id, ask.item
    assert item.by_hand, item
    replaced = bool(tx.query(_DEFINED, channel_id, item.id))
    definition = _ITEM.dump_json(item).decode()
    tx.run(_DEFINE, channel_id, item.id, definition, ask.by, ask.at_ms)
    tx.run(_COUNT_FROM_HERE, channel_id, item.id, item.stock, item.stock)
    return ItemDefined(replaced)


@dataclass(frozen=True, slots=True)
class ItemRemoved:
    """Whether there was one."""

    was_there: bool


@dataclass(frozen=True, slots=True)
class RemoveItem(Request[ItemRemoved]):
    """Take an item that was defined by hand out of the shop."""

    channel: str
    item_id: str


@operation
def remove_item(tx: Tx, ask: RemoveItem) -> ItemRemoved:
    """What was bought stays bought, and counts if an item of this id is sold again."""
    channel_id = tx.channel(ask.channel).id
    removed = tx.run(_REMOVE, channel_id, ask.item_id)
    if removed:
        tx.run(_FORGET_STOCK, channel_id, ask.item_id)
    return ItemRemoved(bool(removed))


@dataclass(frozen=True, slots=True)
class StockSet:
    """How many there were and are; None is without end."""

    before: int | None
    left: int | None


@dataclass(frozen=True, slots=True)
class SetStock(Request[StockSet]):
    """Say how many of an item are left in a channel; None is without end."""

    channel: str
    item: Item
    left: int | None


@operation
def set_stock(tx: Tx, ask: SetStock) -> StockSet:
    """Count from there."""
    channel_id, item = tx.channel(ask.channel).id, ask.item
    before = left_of(tx.query, channel_id, item)
    tx.run(_COUNT_FROM_HERE, channel_id, item.id, item.stock, ask.left)
    return StockSet(before, ask.left)


# What an undo puts back

_ITEM_ROW = """
    SELECT definition, defined_by, defined_at_ms FROM shop_item WHERE channel_id = ? AND item = ?
"""
_STOCK_ROW = """
    SELECT declared, there, counted_from FROM shop_stock WHERE channel_id = ? AND item = ?
"""
_PUT_STOCK = """
    INSERT INTO shop_stock (channel_id, item, declared, there, counted_from)
    VALUES (?, ?, ?, ?, ?)
"""


def _item_now(tx: Tx, channel: Channel, item_id: str, _at_ms: int) -> str | None:
    row = tx.sql.row(_ITEM_ROW, channel.id, item_id)
    if row is None:
        return None
    return json.dumps({"item": json.loads(row[0]), "by": row[1], "at_ms": row[2]})


def _put_item(tx: Tx, channel: Channel, item_id: str, state: str | None, _at_ms: int) -> None:
    tx.run(_REMOVE, channel.id, item_id)
    if state is not None:
        told = json.loads(state)
        definition = json.dumps(told["item"])
        tx.run(_DEFINE, channel.id, item_id, definition, told["by"], told["at_ms"])


def _stock_now(tx: Tx, channel: Channel, item_id: str, _at_ms: int) -> str | None:
    row = tx.sql.row(_STOCK_ROW, channel.id, item_id)
    if row is None:
        return None
    return json.dumps(dict(zip(("declared", "there", "counted_from"), row, strict=True)))


def _put_stock(tx: Tx, channel: Channel, item_id: str, state: str | None, _at_ms: int) -> None:
    """What was bought since it was counted is still taken off it."""
    tx.run(_FORGET_STOCK, channel.id, item_id)
    if state is not None:
        told = json.loads(state)
        counted = (told["declared"], told["there"], told["counted_from"])
        tx.run(_PUT_STOCK, channel.id, item_id, *counted)


ITEM_STATE = kept(KeptState("shop_item", _item_now, _put_item))
STOCK_STATE = kept(KeptState("shop_stock", _stock_now, _put_stock))
reversible(DefineItem, states=lambda ask: _both(ask.item.id))
reversible(RemoveItem, states=lambda ask: _both(ask.item_id))
reversible(SetStock, states=lambda ask: ((STOCK_STATE, ask.item.id),))


def _both(item_id: str) -> tuple[tuple[KeptState, str], ...]:
    return ((ITEM_STATE, item_id), (STOCK_STATE, item_id))


# Buying


@dataclass(frozen=True, slots=True)
class Bought:
    """Who bought what for how much, and what is left of it.

    ``approval_id`` is the number of the request that an operator decides on, ``hold_id`` what the
    payment waits under until the bot has said it. An event that was bought began at ``at_ms``.
    """

    item: Item
    paid_z: int
    wallet: Wallet
    left: int | None
    at_ms: int
    approval_id: int | None = None
    hold_id: str | None = None
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class BuyShopItem(
    Act[
        Bought
        | NotForSale
        | UsedUp
        | EventRuns
        | AlreadyOwned
        | Insufficient
        | NoAccount
        | Banned
        | InvalidAmount
    ]
):
    """Buy an item for the price that the buyer was told.

    The same purchase again is known by who buys which item with what words: item and price may
    have changed since.
    """

    HALTED_BY = SPENDING
    ATTEMPT: ClassVar[frozenset[str]] = Act.ATTEMPT | {"item", "price_z"}

    op_id: str
    user: UserKey
    item_id: str
    words: str
    item: Item
    price_z: int
    at_ms: int
    day: str


@operation
def buy_shop_item(
    tx: Tx, ask: BuyShopItem
) -> (
    Bought
    | NotForSale
    | UsedUp
    | EventRuns
    | AlreadyOwned
    | Insufficient
    | NoAccount
    | Banned
    | InvalidAmount
    | Conflict
):
    """Take the money and do what was bought, or refuse and change nothing."""
    item, account = ask.item, tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    if account.barred is not None:
        return account.barred
    channel_id = account.channel.id
    if not _is_sold(tx, channel_id, item):
        return NotForSale(item.name)
    refusal = used_up(tx.query, channel_id, account.id, item, ask.at_ms, ask.day)
    in_the_way = refusal or _in_the_way(tx, account, item, ask.at_ms)
    if in_the_way is not None:
        return in_the_way
    left = left_of(tx.query, channel_id, item)
    paid = _pay(tx, ask, account)
    if not isinstance(paid, _Payment):
        return paid
    if not tx.query(_STOCK, channel_id, item.id, item.stock):
        tx.run(_COUNT_FROM_HERE, channel_id, item.id, item.stock, item.stock)
    what = (item.id, ask.price_z, paid.hold_id, ask.day, ask.at_ms)
    tx.run(_NOTE, channel_id, account.id, *what)
    _take_effect(tx, ask, account)
    line = paid.hold_id if item.effect == "announce" else None
    now_left = None if left is None else left - 1
    return Bought(item, ask.price_z, account.wallet, now_left, ask.at_ms, paid.approval_id, line)


def _is_sold(tx: Tx, channel_id: int, item: Item) -> bool:
    """Whether an item that only the books know is still the one that was offered."""
    if not item.by_hand:
        return True
    rows = tx.query(_DEFINED, channel_id, item.id)
    return bool(rows) and same_but_price(_ITEM.validate_json(str(rows[0][0])), item)


def used_up(
    rows: Rows, channel_id: int, account_id: int, item: Item, at_ms: int, day: str
) -> UsedUp | None:
    """Why somebody can't have one now: none is left, or they have had theirs."""
    if left_of(rows, channel_id, item) == 0:
        return SoldOut(item.name)
    ((ever, today, last_at_ms),) = rows(_BOUGHT, account_id, item.id, day)
    if item.per_user is not None and (today if item.per_day else ever) >= item.per_user:
        if item.per_day:
            return DailyLimit(item.name, item.per_user)
        return LimitReached(item.name, item.per_user)
    if last_at_ms is not None and (left_ms := last_at_ms + item.cooldown_ms - at_ms) > 0:
        return CoolingDown(item.name, left_ms)
    return None


def left_of(rows: Rows, channel_id: int, item: Item) -> int | None:
    """How many there are; None where there is always one more.

    Another stock in the definition than the one that is counted down is a delivery.
    """
    counted = rows(_STOCK, channel_id, item.id, item.stock)
    if not counted:
        return item.stock
    left: int | None = counted[0][0]
    return left if left is None else max(0, left)


def _in_the_way(
    tx: Tx, account: Account, item: Item, at_ms: int
) -> EventRuns | AlreadyOwned | None:
    """Nobody pays for what would end another's event, or for the title they have."""
    if item.effect == "event" and (runs := running_adhoc(tx, account.channel.name, at_ms)):
        return EventRuns(runs.name, runs.ends_at_ms - at_ms)
    if item.effect == "title" and owned(tx, account, TITLE) == item.text:
        return AlreadyOwned(item.name)
    return None


class _Payment(NamedTuple):
    """The hold that the money waits in, if it waits, and the request that is decided on."""

    hold_id: str | None = None
    approval_id: int | None = None


def _pay(
    tx: Tx, ask: BuyShopItem, account: Account
) -> _Payment | Insufficient | NoAccount | Banned | InvalidAmount | Conflict:
    match ask.item.effect:
        case "approval":
            return _ask_operator(tx, ask)
        case "announce":
            return _set_aside(tx, ask)
        case "event" | "title":
            return _take(tx, ask, account)


def _take(tx: Tx, ask: BuyShopItem, account: Account) -> _Payment | Insufficient | InvalidAmount:
    sink = tx.system(account.channel, "sink")
    if not is_amount(ask.price_z) or not sink.has_room(ask.price_z):
        return InvalidAmount(ask.price_z)
    if account.balance_z < ask.price_z:
        return Insufficient(account.balance_z, ask.price_z - account.balance_z)
    entry = Entry("spend", _trigger(ask.item), ask.item.name, ask.at_ms, ask.day)
    post(tx, account, -ask.price_z, sink, entry)
    return _Payment()


def _set_aside(
    tx: Tx, ask: BuyShopItem
) -> _Payment | Insufficient | NoAccount | Banned | InvalidAmount | Conflict:
    hold_id = f"shop:{ask.op_id}"
    place = PlaceHold(
        ask.op_id,
        hold_id,
        ask.user,
        ask.price_z,
        ANNOUNCEMENT,
        "spend",
        _trigger(ask.item),
        ask.item.name,
        ask.at_ms + _LINE_MS,
        ask.at_ms,
        ask.day,
        refund_trigger="refund.shop",
    )
    held = place_hold(tx, place)
    return _Payment(hold_id) if isinstance(held, Held) else held


def _ask_operator(
    tx: Tx, ask: BuyShopItem
) -> _Payment | Insufficient | NoAccount | Banned | InvalidAmount | Conflict:
    item = ask.item
    text = " - ".join(filter(None, (item.name, item.text, ask.words)))
    data = {"item_id": item.id, "name": item.name, "text": text}
    opened = open_approval(
        tx, ask, ask.user, ask.price_z, APPROVAL, _trigger(item), item.name, data, ask.day
    )
    if not isinstance(opened, Opened):
        return opened
    ((hold_id,),) = tx.query("SELECT hold_id FROM approval WHERE id = ?", opened.approval_id)
    return _Payment(hold_id, opened.approval_id)


def _trigger(item: Item) -> str:
    return f"spend.shop.{item.id}"


def _take_effect(tx: Tx, ask: BuyShopItem, account: Account) -> None:
    item, at_ms = ask.item, ask.at_ms
    match item.effect:
        case "title":
            put(tx, account, TITLE, item.text, at_ms)
        case "event":
            ends_at_ms = at_ms + item.minutes * 60_000
            channel = account.channel.name
            begin_adhoc(tx, channel, item.event_name, item.factor, ends_at_ms, at_ms)
        case "announce" | "approval":
            pass
