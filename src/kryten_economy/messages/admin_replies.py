"""Replies to admin commands, and the PMs to the users they concern (`spec/commands.md` 8)."""

from collections.abc import Sequence

from kryten_economy.messages.clean import name_shown, user_text
from kryten_economy.messages.lengths import clip
from kryten_economy.messages.numbers import money, plural

__all__ = (
    "already_banned",
    "announced",
    "ban_notice",
    "banned_user",
    "deduct_notice",
    "deduct_refused",
    "deducted",
    "grant_notice",
    "granted",
    "not_banned",
    "reload_failed",
    "reloaded",
    "request_id_used",
    "set_balance_done",
    "set_balance_notice",
    "unban_notice",
    "unbanned_user",
)

_REASON_UNITS_MAX = 150
_ERROR_UNITS_MAX = 600
_KEYS_MAX = 12


def granted(name: str, amount_z: int, balance_z: int, symbol: str) -> str:
    """To the admin: what was given and the new balance."""
    return (
        f"✅ Granted {money(amount_z, symbol)} to {name_shown(name)}."
        f" New balance: {money(balance_z, symbol)}."
    )


def grant_notice(amount_z: int, balance_z: int, reason: str | None, symbol: str) -> str:
    """To the user: amount, reason if one was given, new balance."""
    return (
        f"🎁 An admin gave you {money(amount_z, symbol)}{_because(reason)}"
        f" Your balance: {money(balance_z, symbol)}."
    )


def deducted(name: str, amount_z: int, balance_z: int, symbol: str) -> str:
    """To the admin: what was taken and the new balance."""
    return (
        f"✅ Deducted {money(amount_z, symbol)} from {name_shown(name)}."
        f" New balance: {money(balance_z, symbol)}."
    )


def deduct_notice(amount_z: int, balance_z: int, reason: str | None, symbol: str) -> str:
    """To the user: amount, reason if one was given, new balance."""
    return (
        f"An admin deducted {money(amount_z, symbol)} from your account{_because(reason)}"
        f" Your balance: {money(balance_z, symbol)}."
    )


def deduct_refused(name: str, amount_z: int, balance_z: int, symbol: str) -> str:
    """To the admin: the balance is too low."""
    return (
        f"{name_shown(name)} has only {money(balance_z, symbol)}, so {money(amount_z, symbol)}"
        " can't be deducted. Nothing was changed."
    )


def set_balance_done(name: str, old_z: int, new_z: int, symbol: str) -> str:
    """To the admin: old and new balance."""
    return (
        f"✅ Balance of {name_shown(name)}: {money(old_z, symbol)} before,"
        f" {money(new_z, symbol)} now."
    )


def set_balance_notice(old_z: int, new_z: int, symbol: str) -> str:
    """To the user: old and new balance."""
    return f"An admin set your balance to {money(new_z, symbol)} (it was {money(old_z, symbol)})."


def banned_user(name: str) -> str:
    """To the admin: the ban holds."""
    return f"✅ {name_shown(name)} is banned from the economy. PM 'unban' with the name to undo it."


def already_banned(name: str) -> str:
    """To the admin: there was nothing to do."""
    return f"{name_shown(name)} is already banned. Nothing was changed."


def ban_notice(reason: str | None) -> str:
    """To the banned user."""
    return (
        f"Your access to the economy has been suspended by an admin{_because(reason)}"
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


def reloaded(changed: Sequence[str], restart_needed: Sequence[str]) -> str:
    """To the admin: the key paths that changed, and those that wait for a restart.

    The two lists have no key in common.
    """
    if not changed and not restart_needed:
        return "✅ Config read again: nothing has changed."
    lines = ["✅ Config reloaded."]
    if changed:
        lines.append(f"Changed: {_some(changed)}.")
    if restart_needed:
        lines.append(f"⚠️ Only after a restart: {_some(restart_needed)}.")
    return "\n".join(lines)


def reload_failed(error: str) -> str:
    """To the admin: what is wrong with the file; its line breaks are kept."""
    told = "\n".join(line for line in map(user_text, error.splitlines()) if line)
    return f"❌ Config not reloaded, the old one stays.\n{clip(told, _ERROR_UNITS_MAX)}"


def announced(lines: int) -> str:
    """To the admin: the text is on its way."""
    return "✅ Announced." if lines == 1 else f"✅ Announced in {plural(lines, 'line')}."


def request_id_used() -> str:
    """To a service that takes an id of its own for something else."""
    return "This request_id was used before, for something else. Nothing was changed."


def _because(reason: str | None) -> str:
    """The end of a sentence: a reason if there is one, and the full stop."""
    text = clip(user_text(reason or ""), _REASON_UNITS_MAX)
    return f": {text.rstrip('.')}." if text else "."


def _some(keys: Sequence[str]) -> str:
    """The first keys, one per line where the filters would pair their underscores."""
    named = list(keys[:_KEYS_MAX])
    if len(keys) > _KEYS_MAX:
        named.append(f"and {len(keys) - _KEYS_MAX:,} more")
    return ("\n" if sum(key.count("_") for key in named) > 1 else ", ").join(named)
