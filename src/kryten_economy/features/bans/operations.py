"""Bans. The ban table is the only source of truth (P-USR-6)."""

from dataclasses import dataclass

from kryten_economy.ledger.operation import Request, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.users import UserKey

__all__ = ("Ban", "BanState", "Unban", "ban", "unban")

_BAN = """
    INSERT INTO banned_users (channel_id, name, display_name, banned_by, banned_at_ms, reason)
    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_STATE = """
    SELECT display_name, banned_by, reason, banned_at_ms FROM banned_users
    WHERE channel_id = ? AND name = ?
"""
_UNBAN = """
    DELETE FROM banned_users WHERE channel_id = ? AND name = ?
    RETURNING display_name, banned_by, reason, banned_at_ms
"""


@dataclass(frozen=True, slots=True)
class BanState:
    """Who banned whom, when and why; for Unban the ban that was lifted, if any."""

    user: UserKey
    banned: bool
    changed: bool
    display_name: str = ""
    by: str = ""
    reason: str = ""
    at_ms: int = 0


@dataclass(frozen=True, slots=True)
class Ban(Request[BanState]):
    """Ban a name, with or without account."""

    user: UserKey
    display_name: str
    by: str
    reason: str
    at_ms: int


@operation
def ban(tx: Tx, ask: Ban) -> BanState:
    """Ban a name; an existing ban stays as it is and is told."""
    user = ask.user
    channel = tx.channel(user.channel)
    banned = (channel.id, user.name, ask.display_name, ask.by, ask.at_ms, ask.reason)
    changed = tx.run(_BAN, *banned) == 1
    _know(tx, user, banned=True)
    return BanState(user, True, changed, *tx.sql.only(_STATE, channel.id, user.name))


@dataclass(frozen=True, slots=True)
class Unban(Request[BanState]):
    """Lift a ban."""

    user: UserKey


@operation
def unban(tx: Tx, ask: Unban) -> BanState:
    """Lift a ban, and tell which it was."""
    channel = tx.channels.find(ask.user.channel)
    row = None if channel is None else tx.sql.row(_UNBAN, channel.id, ask.user.name)
    if row is not None:
        _know(tx, ask.user, banned=False)
    return BanState(ask.user, False, row is not None, *(row or ()))


def _know(tx: Tx, user: UserKey, *, banned: bool) -> None:
    """Keep what is cached of the account equal to the table."""
    account = tx.find(user, "")
    if account is not None and account.banned != banned:
        account.banned = banned
        tx.accounts.touch(account)
