"""Rain, in words; names are cleaned here."""

from collections.abc import Mapping

from kryten_economy.text.clean import user_text
from kryten_economy.text.numbers import money, plural, thousands
from kryten_economy.text.templates import render_tolerant

__all__ = ("admin_rain_done", "rain_line", "rain_notice", "rain_refused")


_RAIN_LINE = "☔ Rain! {count} users just got free {currency}."


_RAIN_NOTICE = "☔ Rain drop! You received {amount} {currency}."


def rain_line(
    template: str,
    currency: Mapping[str, object],
    *,
    count: int,
    total_z: int,
    each_z: int,
    sender: str,
) -> str:
    """The public line of ambient and admin rain; ``each_z`` is the smallest part."""
    shown = user_text(sender)
    values = {
        **currency,
        "count": thousands(count),
        "amount": thousands(total_z),
        "per_user": thousands(each_z),
        "sender": shown,
        "user": shown,
    }
    return render_tolerant(template, values) or render_tolerant(_RAIN_LINE, values) or ""


def rain_notice(template: str, amount_z: int, currency: Mapping[str, object]) -> str:
    """To somebody who got rain."""
    values = {**currency, "amount": thousands(amount_z)}
    return render_tolerant(template, values) or render_tolerant(_RAIN_NOTICE, values) or ""


def admin_rain_done(count: int, total_z: int, symbol: str) -> str:
    """To the operator who let it rain."""
    return f"☔ {money(total_z, symbol)} fell on {plural(count, 'user')}."


def rain_refused(users: int, total_z: int, symbol: str) -> str:
    """Why no rain fell."""
    if not users:
        return "Nobody is here to rain on. Nothing was paid."
    return (
        f"{money(total_z, symbol)} is less than one each for {plural(users, 'user')}."
        f" Use at least {money(users, symbol)}."
    )
