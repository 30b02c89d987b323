"""Questions about a channel's own items."""

from collections.abc import Iterable

from pydantic import TypeAdapter

from kryten_economy.features.possessions import owned_by_user
from kryten_economy.features.shop.operations import UsedUp, left_of, used_up
from kryten_economy.features.shop.rules import Item
from kryten_economy.features.vanity.rules import TITLE
from kryten_economy.ledger.channels import Reader
from kryten_economy.refusals import AlreadyOwned
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


def why_not(
    reader: Reader, user: UserKey, item: Item, at_ms: int, day: str
) -> UsedUp | AlreadyOwned | None:
    """Why a user could not have an item now, however much they have; None if they could."""
    channel, account = (
        reader.sql.row(_CHANNEL, user.channel),
        reader.sql.row(_ACCOUNT, user.channel, user.name),
    )
    if channel is None or account is None:
        return None
    refusal = used_up(reader.sql.rows, channel[0], account[0], item, at_ms, day)
    if refusal is None and item.effect == "title" and _has_title(reader, user, item.text):
        return AlreadyOwned(item.name)
    return refusal


def _has_title(reader: Reader, user: UserKey, title: str) -> bool:
    return any((each.type, each.value) == (TITLE, title) for each in owned_by_user(reader, user))
