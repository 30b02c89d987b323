"""What a user is told about milestones, streaks, the bridge and a return (`spec/earning.md` 4-7).

Pure. Templates come from the settings; one that is broken gives the built-in text.
"""

from collections.abc import Mapping

from kryten_economy.messages.clean import name_shown
from kryten_economy.messages.numbers import money, plural, thousands
from kryten_economy.messages.templates import render_tolerant

__all__ = (
    "bridge",
    "bridge_reminder",
    "milestone",
    "streak_announced",
    "streak_bonus",
    "streak_day",
    "welcome_back",
)

_REMINDER = "Connect any weekday this week for a {amount} {currency} bridge bonus!"
_ANNOUNCED = "🔥 {user} hit a {days}-day streak!"
_WELCOME_BACK = "Welcome back! Here's {amount} {currency}. You've been missed. 💚"


def milestone(hours: int, paid_z: int, balance_z: int, symbol: str) -> str:
    """So many hours were reached."""
    return (
        f"⏰ {plural(hours, 'hour')} here today: +{money(paid_z, symbol)}."
        f" Balance: {money(balance_z, symbol)}."
    )


def streak_day(days: int, paid_z: int, symbol: str) -> str:
    """Another day in a row."""
    return f"🔥 Day {days:,} of your streak: +{money(paid_z, symbol)}."


def streak_bonus(days: int, paid_z: int, symbol: str) -> str:
    """The bonus of a long streak."""
    return f"🏅 {plural(days, 'day')} in a row: +{money(paid_z, symbol)} bonus!"


def streak_announced(
    template: str, display_name: str, days: int, currency: Mapping[str, object]
) -> str:
    """The line for the channel."""
    values = {**currency, "user": name_shown(display_name), "days": thousands(days)}
    return _rendered(template, _ANNOUNCED, values)


def bridge(paid_z: int, symbol: str) -> str:
    """There at the weekend and on a weekday."""
    return f"🌉 Here at the weekend and on a weekday: +{money(paid_z, symbol)} bridge bonus!"


def bridge_reminder(template: str, bonus_z: int, currency: Mapping[str, object]) -> str:
    """A weekend visitor is asked back for a weekday."""
    return _rendered(template, _REMINDER, {**currency, "amount": thousands(bonus_z)})


def welcome_back(template: str, paid_z: int, currency: Mapping[str, object]) -> str:
    """Somebody returned after days of absence."""
    return _rendered(template, _WELCOME_BACK, {**currency, "amount": thousands(paid_z)})


def _rendered(template: str, built_in: str, values: Mapping[str, object]) -> str:
    text = render_tolerant(template, values) or render_tolerant(built_in, values)
    assert text is not None
    return text
