"""Texts about bans.

Bans. The table of banned names is the only source of truth (P-USR-6).
"""

import json
from dataclasses import dataclass

from kryten_economy.ledger.audit import KeptState, kept, reversible
from kryten_economy.ledger.channels import Channel
from kryten_economy.ledger.operation import Request, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.text.markup import because, name_shown
from kryten_economy.text.templates import ByPm
from kryten_economy.users import UserKey

__all__ = (
    "Ban",
    "BanState",
    "Unban",
    "already_banned",
    "ban",
    "ban_notice",
    "banned",
    "banned_user",
    "never_banned",
    "not_banned",
    "unban",
    "unban_notice",
    "unbanned_user",
)

_BAN = """
    INSERT INTO banned_users (channel_id, name, display_name, banned_by, banned_at_ms, reason)
    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_STATE = """
    SELECT display_name, banned_by, reason, banned_at_ms FROM banned_users
    WHERE channel_id = ? AND name = ?
"""
_UNBAN = "DELETE FROM banned_users WHERE channel_id = ? AND name = ?"


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
    day: str = ""


@operation
def ban(tx: Tx, ask: Ban) -> BanState:
    """Ban a name; an existing ban stays as it is and is told."""
    channel, name = tx.channel(ask.user.channel), ask.user.name
    values = (channel.id, name, ask.display_name, ask.by, ask.at_ms, ask.reason)
    changed = tx.run(_BAN, *values) == 1
    if changed:
        _mark(tx, ask.user, ask.day, banned=True)
    return BanState(ask.user, True, changed, *tx.sql.only(_STATE, channel.id, name))


@dataclass(frozen=True, slots=True)
class Unban(Request[BanState]):
    """Lift a ban."""

    user: UserKey
    day: str = ""


@operation
def unban(tx: Tx, ask: Unban) -> BanState:
    """Lift a ban, and tell which it was."""
    channel = tx.channels.find(ask.user.channel)
    state = None if channel is None else tx.sql.row(_STATE, channel.id, ask.user.name)
    if channel is None or state is None:
        return BanState(ask.user, False, False)
    tx.run(_UNBAN, channel.id, ask.user.name)
    _mark(tx, ask.user, ask.day, banned=False)
    return BanState(ask.user, False, True, *state)


def _mark(tx: Tx, user: UserKey, day: str, *, banned: bool) -> None:
    """Let a known account say what the table says."""
    account = tx.find(user, day)
    if account is not None:
        account.banned = banned
        tx.accounts.touch(account)


def _read(tx: Tx, channel: Channel, name: str, _at_ms: int) -> str | None:
    row = tx.sql.row(_STATE, channel.id, name)
    if row is None:
        return None
    return json.dumps(dict(zip(("name", "by", "reason", "at_ms"), row, strict=True)))


def _write(tx: Tx, channel: Channel, name: str, state: str | None, _at_ms: int) -> None:
    tx.run(_UNBAN, channel.id, name)
    if state is not None:
        told = json.loads(state)
        values = (told["name"], told["by"], told["at_ms"], told["reason"])
        tx.run(_BAN, channel.id, name, *values)
    _mark(tx, UserKey(channel.name, name), "", banned=state is not None)


BAN_STATE = kept(KeptState("ban", _read, _write))
reversible(Ban, Unban, states=lambda ask: ((BAN_STATE, ask.user.name),))


def banned() -> str:
    """The answer to every command of a banned user but the exempt ones."""
    return "Your access to the economy is suspended. Please ask a channel admin about it."


def banned_user(name: str, *, seen: bool = True) -> str:
    """To the admin: the ban holds, perhaps for a name that nobody has."""
    doubt = "" if seen else " I've never seen this name here: is it spelled right?"
    done = f"✅ {name_shown(name)} is banned from the economy."
    return ByPm(done, " PM 'unban' with the name to undo it.", doubt)


def never_banned(name: str, *, bot: str, by: str) -> str | None:
    """To the admin: why nobody can ban this name, or not they; None if they can."""
    if name.lower() == bot.lower():
        return "That's me. I hold no money, so there is nothing to ban. Nothing was changed."
    if name.lower() == by.lower():
        return "You can't ban yourself. Nothing was changed."
    return None


def already_banned(name: str) -> str:
    """To the admin: there was nothing to do."""
    return f"{name_shown(name)} is already banned. Nothing was changed."


def ban_notice(reason: str | None) -> str:
    """To the banned user."""
    return (
        f"Your access to the economy has been suspended by an admin{because(reason)}"
        " Your balance is kept."
    )


def unbanned_user(name: str) -> str:
    """To the admin: the ban is lifted."""
    return f"✅ {name_shown(name)} may use the economy again."


def not_banned(name: str) -> str:
    """To the admin: there was nothing to do."""
    return f"{name_shown(name)} is not banned. Nothing was changed."


def unban_notice() -> str:
    """To the user whose ban is lifted."""
    return "Your access to the economy has been restored. Welcome back!"
