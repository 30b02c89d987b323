"""What the shop tells."""

from collections.abc import Sequence

from kryten_economy.text.markup import clip, user_text

__all__ = ("label", "not_sold", "shop", "what_is_sold")

_VALUE_UNITS_MAX = 30
_WORD_UNITS_MAX = 40

_LABELS = {
    "custom_greeting": "greeting",
    "custom_title": "title",
    "chat_color": "colour",
    "channel_gif": "gif",
    "personal_currency_name": "name of the money",
    "force_play": "force play",
}


def label(type_: str) -> str:
    """What people call a thing of this stored type; underscores would be taken for markup."""
    return _LABELS.get(type_, type_.replace("_", " "))


def shop(offers: Sequence[str], owned: Sequence[tuple[str, str]], pending: Sequence[str]) -> str:
    """The list, and what the reader owns or waits for by type and value."""
    lines = ["🛍️ Shop: PM 'buy <item> <text>'", *offers] if offers else [_EMPTY]
    mine = [f"{label(type_)}: {clip(user_text(value), _VALUE_UNITS_MAX)}" for type_, value in owned]
    mine += [f"{label(type_)}: waits for an operator" for type_ in dict.fromkeys(pending)]
    if mine:
        lines += ["Yours:", *mine]
    return "\n".join(lines)


_EMPTY = "🛍️ Nothing is for sale in this channel at the moment."


def what_is_sold() -> str:
    """Somebody wants to buy and does not say what."""
    return "Say what you want to buy; 'shop' lists it all."


def not_sold(word: str) -> str:
    """Nothing of that name is sold."""
    shown = clip(user_text(word), _WORD_UNITS_MAX)
    return f"I don't sell '{shown}'. PM 'shop' for what there is."
