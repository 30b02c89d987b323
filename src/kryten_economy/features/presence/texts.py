"""What a user is told about arriving, milestones and a return."""

from collections.abc import Mapping

from kryten_economy.text.templates import money, plural, render_tolerant, rendered_or, thousands

__all__ = ("WELCOME_TEMPLATE", "milestone", "welcome", "welcome_back")


_WELCOME_BACK = "Welcome back! Here's {amount} {currency}. You've been missed. 💚"


def milestone(hours: int, paid_z: int, balance_z: int, symbol: str) -> str:
    """So many hours were reached."""
    return (
        f"⏰ {plural(hours, 'hour')} here today: +{money(paid_z, symbol)}."
        f" Balance: {money(balance_z, symbol)}."
    )


def welcome_back(template: str, paid_z: int, currency: Mapping[str, object]) -> str:
    """Somebody returned after days of absence."""
    return rendered_or(template, _WELCOME_BACK, {**currency, "amount": thousands(paid_z)})


WELCOME_TEMPLATE = (
    "Welcome! You've got {amount} {currency}. Stick around and you'll earn more."
    " Try 'help' to see what you can do."
)


def welcome(template: str, amount_z: int, currency: Mapping[str, object]) -> str:
    """The welcome PM from the configured template.

    ``currency`` holds ``currency``, ``currency_plural`` and ``symbol``. A broken template
    gives the built-in text.
    """
    values = {**currency, "amount": thousands(amount_z)}
    text = render_tolerant(template, values) or render_tolerant(WELCOME_TEMPLATE, values)
    assert text is not None
    return text
