"""Questions about a channel's own items."""

from collections.abc import Iterable

from pydantic import TypeAdapter

from kryten_economy.features.shop.operations import UsedUp, left_of, used_up
from kryten_economy.features.shop.rules import Item
from kryten_economy.ledger.channels import Reader
from kryten_economy.users import UserKey

__all__ = ("defined_by_hand", "stock_of", "why_not")

_ITEM: TypeAdapter[Item] = TypeAdapter(Item)

_ITEMS = """
    SELECT i.definition FROM shop_item AS i JOIN channel AS c ON c.id = i.channel_id
    WHERE c.name = ? ORDER BY i.item
"""
_CHANNEL = "SELECT id FROM channel WHERE name = ?"
_ACCOUNT = """
    SELECT a.id FROM channel AS c JOIN account AS a ON a.channel_id = c.id
    WHERE c.name = ? AND a.kind = 'wallet' AND a.name = ?
"""


def defined_by_hand(reader: Reader, channel: str) -> tuple[Item, ...]:
    """The items that operators have put into a channel's shop while the service ran, by id."""
    return tuple(_ITEM.validate_json(str(row[0])) for row in reader.sql.rows(_ITEMS, channel))


def stock_of(reader: Reader, channel: str, items: Iterable[Item]) -> dict[str, int | None]:
    """How many are left of each, by id; None where there is always one more."""
    found = reader.sql.row(_CHANNEL, channel)
    if found is None:
        return {item.id: item.stock for item in items}
    return {item.id: left_of(reader.sql.rows, found[0], item) for item in items}


def why_not(reader: Reader, user: UserKey, item: Item, at_ms: int, day: str) -> UsedUp | None:
    """Why a user could not have an item now, whatever they own; None if they could."""
    channel, account = (
        reader.sql.row(_CHANNEL, user.channel),
        reader.sql.row(_ACCOUNT, user.channel, user.name),
    )
    if channel is None or account is None:
        return None
    return used_up(reader.sql.rows, channel[0], account[0], item, at_ms, day)
