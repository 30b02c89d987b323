"""Bans, quiet mode and leaderboards. The ban table is the only source of truth (P-USR-6)."""

from kryten_economy.ledger.answers import BanState, Listed, Wallet
from kryten_economy.ledger.progress_requests import SetListed
from kryten_economy.ledger.requests import Ban, SetQuiet, Unban
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallets import Holder

__all__ = ("ban", "set_listed", "set_quiet", "unban")

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
_QUIET = "UPDATE account SET quiet = ?2, display_name = ?3 WHERE id = ?1"
_LIST = "UPDATE account SET unlisted = ?2 WHERE id = ?1 AND unlisted <> ?2"


def ban(tx: Tx, request: Ban) -> BanState:
    """Ban a name; an existing ban stays as it is and is told."""
    user = request.user
    channel = tx.channels.get(user.channel)
    tx.sql.run(
        _BAN,
        channel.id,
        user.name,
        request.display_name,
        request.by,
        request.at_ms,
        request.reason,
    )
    changed = tx.sql.changed() == 1
    return BanState(user, True, changed, *tx.sql.only(_STATE, channel.id, user.name))


def unban(tx: Tx, request: Unban) -> BanState:
    """Lift a ban, and tell which it was."""
    channel = tx.channels.find(request.user.channel)
    row = None if channel is None else tx.sql.row(_UNBAN, channel.id, request.user.name)
    return BanState(request.user, False, row is not None, *(row or ()))


def set_quiet(tx: Tx, request: SetQuiet) -> Wallet:
    """Turn automatic notices off or on; a missing account is opened (P-MSG-5)."""
    holder = _opened(tx, request)
    tx.sql.run(_QUIET, holder.account_id, request.on, request.display_name)
    return holder.facts._replace(quiet=request.on, display_name=request.display_name)


def set_listed(tx: Tx, request: SetListed) -> Listed:
    """Let leaderboards name the user or not; a missing account is opened."""
    holder = _opened(tx, request)
    tx.sql.run(_LIST, holder.account_id, not request.listed)
    return Listed(request.listed, tx.sql.changed() == 1)


def _opened(tx: Tx, request: SetQuiet | SetListed) -> Holder:
    channel = tx.channels.get(request.user.channel)
    found = tx.wallets.find(channel.id, request.user, request.day)
    return found or tx.wallets.open(
        channel.id, request.user, request.display_name, request.day, request.at_ms
    )
