"""The replies to ``like`` (`commands.md` 6, P-EARN-7); titles are cleaned here."""

from kryten_economy.text.clean import user_text
from kryten_economy.text.lengths import clip
from kryten_economy.text.numbers import money

__all__ = ("already_liked", "disabled", "liked", "nothing_playing")


_TITLE_UNITS_MAX = 100


def liked(title: str, amount_z: int, symbol: str) -> str:
    """The like counts; what it brought, if anything."""
    paid = f" +{money(amount_z, symbol)}" if amount_z else ""
    return f"👍 You like '{_shown(title)}'.{paid}"


def already_liked(title: str) -> str:
    """Once per item."""
    return f"You have already liked '{_shown(title)}'."


def nothing_playing() -> str:
    """There is nothing to like."""
    return "Nothing is playing at the moment."


def disabled() -> str:
    """The trigger is off."""
    return "Likes are switched off here."


def _shown(title: str) -> str:
    return clip(user_text(title), _TITLE_UNITS_MAX)
