"""Texts about balances and what operators change on them."""

from kryten_economy.config.core import Currency
from kryten_economy.text.clean import because, name_shown, user_text
from kryten_economy.text.numbers import money, plural

__all__ = (
    "account_opened",
    "balance",
    "currency_variables",
    "deduct_notice",
    "deducted",
    "grant_notice",
    "granted",
    "hold_returned",
    "set_balance_done",
    "set_balance_notice",
)


def balance(
    balance_z: int, symbol: str, currency: str, rank: str | None, streak_days: int | None
) -> str:
    """The balance with the (personal) currency name; rank and streak where they are kept."""
    lines = [f"💰 Balance: {money(balance_z, symbol)} ({user_text(currency)})"]
    standing = []
    if rank is not None:
        standing.append(f"⭐ Rank: {rank}")
    if streak_days is not None:
        standing.append(f"🔥 Streak: {plural(streak_days, 'day')}")
    if standing:
        lines.append(" | ".join(standing))
    return "\n".join(lines)


def hold_returned(amount_z: int, balance_z: int, purpose: str, symbol: str) -> str:
    """Money that was set aside came back because nobody answered in time."""
    return (
        f"Your {money(amount_z, symbol)} for {purpose} came back: nobody answered in time."
        f" Balance: {money(balance_z, symbol)}."
    )


def granted(name: str, amount_z: int, balance_z: int, symbol: str) -> str:
    """To the admin: what was given and the new balance."""
    return (
        f"✅ Granted {money(amount_z, symbol)} to {name_shown(name)}."
        f" New balance: {money(balance_z, symbol)}."
    )


def account_opened() -> str:
    """To the admin, behind it: the name may be a slip."""
    return "There was no such account: it was opened with this."


def grant_notice(amount_z: int, balance_z: int, reason: str | None, symbol: str) -> str:
    """To the user: amount, reason if one was given, new balance."""
    return (
        f"🎁 An admin gave you {money(amount_z, symbol)}{because(reason)}"
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
        f"An admin deducted {money(amount_z, symbol)} from your account{because(reason)}"
        f" Your balance: {money(balance_z, symbol)}."
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


def currency_variables(currency: Currency) -> dict[str, object]:
    """The template variables every template may use."""
    return {
        "currency": currency.name,
        "currency_plural": currency.plural,
        "symbol": currency.symbol,
    }
