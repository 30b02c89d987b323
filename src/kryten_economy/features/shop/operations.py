"""A channel's own items: defined, delivered, bought and given back.

A purchase is one act. It looks whether the item is sold, the buyer may have it and one is left,
takes the money and does what is bought; what an operator has to fulfil is paid into a hold. What
is rejected comes back whole: money, stock, limit and cooldown.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import TypeAdapter

from kryten_economy.features.approvals import Opened, approvable, open_approval
from kryten_economy.features.events.adhoc import begin_adhoc, running_adhoc
from kryten_economy.features.possessions import owned, put
from kryten_economy.features.shop.rules import Item, Stock, left_of, same_but_price
from kryten_economy.ledger.accounts import Account
from kryten_economy.ledger.displacement import Sql
from kryten_economy.ledger.operation import Act, Request, operation
from kryten_economy.ledger.posting import Entry, is_amount, post
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
    "APPROVAL",
    "Bought",
    "BuyItem",
    "DefineItem",
    "ItemDefined",
    "ItemRemoved",
    "RemoveItem",
    "SetStock",
    "StockSet",
    "UsedUp",
    "buy_item",
    "define_item",
    "remove_item",
    "set_stock",
    "used_up",
)

TITLE = "custom_title"

UsedUp = SoldOut | LimitReached | DailyLimit | CoolingDown | EventRuns | AlreadyOwned

_ITEM: TypeAdapter[Item] = TypeAdapter(Item)

_DEFINED = "SELECT definition FROM shop_item WHERE channel_id = ? AND item = ?"
_DEFINE = """
    INSERT INTO shop_item (channel_id, item, definition, defined_by, defined_at_ms)
    VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
        definition = excluded.definition, defined_by = excluded.defined_by,
        defined_at_ms = excluded.defined_at_ms
"""
_REMOVE = "DELETE FROM shop_item WHERE channel_id = ? AND item = ?"
_STOCK = "SELECT declared, left_over FROM shop_stock WHERE channel_id = ? AND item = ?"
_SET_STOCK = """
    INSERT INTO shop_stock (channel_id, item, declared, left_over) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET declared = excluded.declared, left_over = excluded.left_over
"""
_FORGET_STOCK = "DELETE FROM shop_stock WHERE channel_id = ? AND item = ?"
_PUT_BACK = "UPDATE shop_stock SET left_over = left_over + 1 WHERE channel_id = ? AND item = ?"
_NOTE = """
    INSERT INTO shop_purchase (op_id, account_id, item, paid_z, day, bought_at_ms, state)
    VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_SETTLE = "UPDATE shop_purchase SET state = ? WHERE op_id = ? AND state = 'pending'"
_BOUGHT = """
    SELECT count(*), count(*) FILTER (WHERE day = ?3), max(bought_at_ms)
    FROM shop_purchase WHERE account_id = ?1 AND item = ?2 AND state <> 'returned'
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
    tx.run(_FORGET_STOCK, channel_id, item.id)
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
    before = _left(tx.sql, channel_id, item)
    tx.run(_SET_STOCK, channel_id, item.id, item.stock, ask.left)
    return StockSet(before, ask.left)


# Buying


@dataclass(frozen=True, slots=True)
class Bought:
    """Who bought what for how much, and what is left of it.

    ``approval_id`` is the number of the request that an operator decides on; an event that was
    bought began with the purchase.
    """

    item: Item
    paid_z: int
    wallet: Wallet
    left: int | None
    began_at_ms: int
    approval_id: int | None = None
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class BuyItem(
    Act[Bought | NotForSale | UsedUp | Insufficient | NoAccount | Banned | InvalidAmount]
):
    """Buy an item for the price that the buyer was told.

    The same purchase again is known by who buys which item with what words: item and price may
    have changed since.
    """

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
def buy_item(
    tx: Tx, ask: BuyItem
) -> Bought | NotForSale | UsedUp | Insufficient | NoAccount | Banned | InvalidAmount | Conflict:
    """Take the money and do what was bought, or refuse and change nothing."""
    item = ask.item
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    if account.banned:
        return Banned(ask.user)
    if not _is_sold(tx, account.channel.id, item):
        return NotForSale(item.name)
    refusal = used_up(tx.sql, account.channel.id, account.id, item, ask.at_ms, ask.day)
    in_the_way = refusal or _in_the_way(tx, account, item, ask.at_ms)
    if in_the_way is not None:
        return in_the_way
    left = _left(tx.sql, account.channel.id, item)
    opened = _ask_operator(tx, ask) if item.effect == "approval" else _pay(tx, ask, account)
    if not isinstance(opened, Opened | None):
        return opened
    if left is not None:
        left -= 1
        tx.run(_SET_STOCK, account.channel.id, item.id, item.stock, left)
    state = "done" if opened is None else "pending"
    paid = (ask.price_z, ask.day, ask.at_ms, state)
    tx.run(_NOTE, ask.op_id, account.id, item.id, *paid)
    _take_effect(tx, ask, account)
    approval_id = None if opened is None else opened.approval_id
    return Bought(item, ask.price_z, account.wallet, left, ask.at_ms, approval_id)


def _is_sold(tx: Tx, channel_id: int, item: Item) -> bool:
    """Whether an item that only the books know is still the one that was offered."""
    if not item.by_hand:
        return True
    row = tx.sql.row(_DEFINED, channel_id, item.id)
    return row is not None and same_but_price(_ITEM.validate_json(str(row[0])), item)


def used_up(
    sql: Sql, channel_id: int, account_id: int, item: Item, at_ms: int, day: str
) -> SoldOut | LimitReached | DailyLimit | CoolingDown | None:
    """Why somebody can't have one now: none is left, or they have had theirs."""
    if _left(sql, channel_id, item) == 0:
        return SoldOut(item.name)
    ever, today, last_at_ms = sql.only(_BOUGHT, account_id, item.id, day)
    if item.per_user is not None and (today if item.per_day else ever) >= item.per_user:
        if item.per_day:
            return DailyLimit(item.name, item.per_user)
        return LimitReached(item.name, item.per_user)
    if last_at_ms is not None and (left_ms := last_at_ms + item.cooldown_ms - at_ms) > 0:
        return CoolingDown(item.name, left_ms)
    return None


def _left(sql: Sql, channel_id: int, item: Item) -> int | None:
    row = sql.row(_STOCK, channel_id, item.id)
    return left_of(item, {} if row is None else {item.id: Stock(*row)})


def _in_the_way(
    tx: Tx, account: Account, item: Item, at_ms: int
) -> EventRuns | AlreadyOwned | None:
    """Nobody pays for what would end another's event, or for the title they have."""
    if item.effect == "event" and (runs := running_adhoc(tx, account.channel.name, at_ms)):
        return EventRuns(runs.name, runs.ends_at_ms - at_ms)
    if item.effect == "title" and owned(tx, account, TITLE) == item.text:
        return AlreadyOwned(item.name)
    return None


def _pay(tx: Tx, ask: BuyItem, account: Account) -> Insufficient | InvalidAmount | None:
    sink = tx.system(account.channel, "sink")
    if not is_amount(ask.price_z) or not sink.has_room(ask.price_z):
        return InvalidAmount(ask.price_z)
    if account.balance_z < ask.price_z:
        return Insufficient(account.balance_z, ask.price_z - account.balance_z)
    entry = Entry("spend", _trigger(ask.item), ask.item.name, ask.at_ms, ask.day)
    post(tx, account, -ask.price_z, sink, entry)
    return None


def _trigger(item: Item) -> str:
    return f"spend.shop.{item.id}"


def _take_effect(tx: Tx, ask: BuyItem, account: Account) -> None:
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


# What an operator fulfils


def _fulfilled(tx: Tx, _account: Account, data: dict[str, Any], _at_ms: int) -> None:
    tx.run(_SETTLE, "done", data["purchase"])


def _returned(tx: Tx, account: Account, data: dict[str, Any], _at_ms: int) -> None:
    if tx.run(_SETTLE, "returned", data["purchase"]):
        tx.run(_PUT_BACK, account.channel.id, data["item"])


APPROVAL = approvable(
    "shop_item", refund_trigger="refund.shop", granted=_fulfilled, rejected=_returned
)


def _ask_operator(
    tx: Tx, ask: BuyItem
) -> Opened | Insufficient | NoAccount | Banned | InvalidAmount | Conflict:
    item = ask.item
    text = " - ".join(filter(None, (item.name, item.text, ask.words)))
    data = {"item": item.id, "name": item.name, "text": text, "purchase": ask.op_id}
    return open_approval(
        tx, ask, ask.user, ask.price_z, APPROVAL, _trigger(item), item.name, data, ask.day
    )
