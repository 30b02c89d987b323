"""Questions about a channel's own items."""

from collections.abc import Mapping
from typing import NamedTuple

from pydantic import TypeAdapter

from kryten_economy.features.shop.operations import UsedUp, used_up
from kryten_economy.features.shop.rules import Item, Stock
from kryten_economy.ledger.channels import Reader
from kryten_economy.users import UserKey

__all__ = ("Shelf", "shelf", "why_not")

_ITEM: TypeAdapter[Item] = TypeAdapter(Item)

_CHANNEL = "(SELECT id FROM channel WHERE name = ?1)"
_ITEMS = f"SELECT definition FROM shop_item WHERE channel_id = {_CHANNEL} ORDER BY item"  # noqa: S608
_STOCK = f"SELECT item, declared, left_over FROM shop_stock WHERE channel_id = {_CHANNEL}"  # noqa: S608
_ACCOUNT = """
    SELECT c.id, a.id FROM channel AS c JOIN account AS a ON a.channel_id = c.id
    WHERE c.name = ? AND a.kind = 'wallet' AND a.name = ?
"""


class Shelf(NamedTuple):
    """What the books know of a channel's shop: items defined by hand, and what is left of all."""

    by_hand: tuple[Item, ...]
    stock: Mapping[str, Stock]


def shelf(reader: Reader, channel: str) -> Shelf:
    """The items that were defined while the service ran, by id, and the stock of all."""
    items = tuple(_ITEM.validate_json(str(row[0])) for row in reader.sql.rows(_ITEMS, channel))
    stock = {item: Stock(*counts) for item, *counts in reader.sql.rows(_STOCK, channel)}
    return Shelf(items, stock)


def why_not(reader: Reader, user: UserKey, item: Item, at_ms: int, day: str) -> UsedUp | None:
    """Why a user could not have an item now, whatever they own; None if they could."""
    found = reader.sql.row(_ACCOUNT, user.channel, user.name)
    if found is None:
        return None
    channel_id, account_id = found
    return used_up(reader.sql, channel_id, account_id, item, at_ms, day)
