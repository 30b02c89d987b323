"""What users have bought and keep: one value per user and type, and what may come only so often.

Functions on the transaction for the operations of several features, and queries.
"""

from typing import NamedTuple

from kryten_economy.ledger.account import Account
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.tx import Tx
from kryten_economy.users import UserKey

__all__ = (
    "Possession",
    "cooldown_left_ms",
    "drop",
    "forget_use",
    "last_use_ms",
    "note_use",
    "owned",
    "owned_by_all",
    "owned_by_user",
    "put",
)

_OWNED = "SELECT value FROM vanity_item WHERE account_id = ? AND type = ?"
_PUT = """
    INSERT INTO vanity_item (account_id, type, value, bought_at_ms) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET value = excluded.value, bought_at_ms = excluded.bought_at_ms
"""
_DROP = "DELETE FROM vanity_item WHERE account_id = ? AND type = ?"
_LAST = "SELECT last_at_ms FROM cooldown WHERE account_id = ? AND name = ?"
_NOTE = """
    INSERT INTO cooldown (account_id, name, last_at_ms) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET last_at_ms = excluded.last_at_ms
"""
_FORGET = "DELETE FROM cooldown WHERE account_id = ? AND name = ? AND last_at_ms = ?"


def owned(tx: Tx, account: Account, type_: str) -> str | None:
    """The value somebody owns."""
    row = tx.sql.row(_OWNED, account.id, type_)
    return None if row is None else str(row[0])


def put(tx: Tx, account: Account, type_: str, value: str, at_ms: int) -> str | None:
    """Give somebody a value; answers the one it replaces."""
    before = owned(tx, account, type_)
    tx.run(_PUT, account.id, type_, value, at_ms)
    return before


def drop(tx: Tx, account: Account, type_: str) -> bool:
    """Take a value away; whether there was one."""
    return bool(tx.run(_DROP, account.id, type_))


# What may come only so often


def cooldown_left_ms(tx: Tx, account: Account, name: str, cooldown_ms: int, now_ms: int) -> int:
    """How long until somebody may do it again; 0 if they may now."""
    last_ms = last_use_ms(tx, account, name)
    return 0 if last_ms is None else max(0, last_ms + cooldown_ms - now_ms)


def last_use_ms(tx: Tx, account: Account, name: str) -> int | None:
    """When they did it last, in UTC epoch milliseconds."""
    row = tx.sql.row(_LAST, account.id, name)
    return None if row is None else row[0]


def note_use(tx: Tx, account: Account, name: str, at_ms: int) -> None:
    """They have done it now."""
    tx.run(_NOTE, account.id, name, at_ms)


def forget_use(tx: Tx, account: Account, name: str, at_ms: int) -> None:
    """What was done at that time was undone; a later use stands."""
    tx.run(_FORGET, account.id, name, at_ms)


# Queries


class Possession(NamedTuple):
    """What somebody owns; ``bought_at_ms`` is UTC epoch milliseconds."""

    name: str
    display_name: str
    type: str
    value: str
    bought_at_ms: int


_OWNERS = """
    SELECT a.name, a.display_name, v.type, v.value, v.bought_at_ms
    FROM vanity_item AS v JOIN account AS a ON a.id = v.account_id
    JOIN channel AS c ON c.id = a.channel_id
    WHERE c.name = ?1
"""
_OF_USER = _OWNERS + "AND a.kind = 'wallet' AND a.name = ?2 ORDER BY v.type"
_OF_TYPE = _OWNERS + "AND v.type = ?2 ORDER BY a.name"


def owned_by_user(reader: Reader, user: UserKey) -> tuple[Possession, ...]:
    """All that a user owns, by type."""
    return tuple(map(Possession._make, reader.sql.rows(_OF_USER, user.channel, user.name)))


def owned_by_all(reader: Reader, channel: str, type_: str) -> tuple[Possession, ...]:
    """What everybody in a channel owns of one type, by lower-case name."""
    return tuple(map(Possession._make, reader.sql.rows(_OF_TYPE, channel, type_)))
