"""What the shop, its purchases and their approvals tell. Words of users are cleaned here."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kryten_economy.text.markup import because, clip, name_shown, user_text
from kryten_economy.text.templates import ByPm, duration, money, render_tolerant

__all__ = (
    "LEVEL_RANK",
    "NOT_GIVEN",
    "NOT_SAID",
    "Waiting",
    "approvals",
    "bought",
    "decided",
    "decided_notice",
    "fortune",
    "gif_asked",
    "greetings",
    "label",
    "level_asked",
    "level_bought",
    "level_failed",
    "level_had",
    "level_needs_rank",
    "not_sold",
    "offer",
    "robot_away",
    "shop",
    "shoutout",
    "shoutout_failed",
    "shoutout_sold",
    "what_is_sold",
)

LEVEL_RANK = "CyTube Level 2"
"""What the public line calls the bought level."""
NOT_SAID, NOT_GIVEN = "could not be posted", "CyTube did not give it"
"""The reasons of a refund, as `history` shows them."""

_VALUE_UNITS_MAX = 30
_WORD_UNITS_MAX = 40

_LABELS = {
    "custom_greeting": "greeting",
    "custom_title": "title",
    "chat_color": "colour",
    "channel_gif": "GIF",
    "personal_currency_name": "name for the money",
}


def label(type_: str) -> str:
    """What people call a thing of this stored type; underscores would be taken for markup."""
    return _LABELS.get(type_, type_.replace("_", " "))


# The counter


def offer(how: str, price: str, description: str) -> str:
    """One line of the list: what to write, what it costs, what it is."""
    return f"{how} | {price} | {description}"


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
    return ByPm(f"I don't sell '{shown}'.", " PM 'shop' for what there is.")


# What was bought


def bought(type_: str, value: str, price: str, balance_z: int, symbol: str) -> str:
    """The receipt of a value that is owned now."""
    return f"✅ Your {label(type_)} is: {user_text(value)}\n{_paid(price, balance_z, symbol)}"


def fortune(text: str, price: str | None, balance_z: int, symbol: str) -> str:
    """The fortune of the day; ``price`` None where the rank's perk pays."""
    told = f"🔮 {text}"
    if price is None:
        return f"{told}\nFree for you today."
    return f"{told}\n{_paid(price, balance_z, symbol)}"


def gif_asked(approval_id: int, price: str, balance_z: int, symbol: str) -> str:
    """The request waits for an operator."""
    return (
        f"✅ Your GIF waits for an operator (request {approval_id}). If it is rejected you get"
        f" everything back.\n{_paid(price, balance_z, symbol)}"
    )


def shoutout(name: str, text: str) -> str:
    """The public line; its beginning keeps the text from being a command."""
    return f"📢 {name_shown(name)}: {user_text(text)}"


def shoutout_sold(price: str, balance_z: int, symbol: str) -> str:
    """The line is on its way."""
    told = "📢 Your shoutout is on its way; if it can't be posted you get everything back."
    return f"{told}\n{_paid(price, balance_z, symbol)}"


def shoutout_failed(amount_z: int, balance_z: int, symbol: str) -> str:
    """Nobody has seen it."""
    return (
        f"Your shoutout could not be posted: {money(amount_z, symbol)} came back, and you may try"
        f" again. Balance: {money(balance_z, symbol)}."
    )


def robot_away(what: str) -> str:
    """What the bot would have to do in the channel can't be done now."""
    return f"{what} needs the bot in the channel, and it is away. Nothing was charged."


def _paid(price: str, balance_z: int, symbol: str) -> str:
    return f"Paid: {price}. Balance: {money(balance_z, symbol)}."


# CyTube level 2


def level_asked(price: str, balance_z: int, symbol: str) -> str:
    """CyTube has not confirmed it yet."""
    return (
        "⏳ I've asked CyTube for your level 2 and tell you when it is there; if CyTube does not"
        f" give it you get everything back.\n{_paid(price, balance_z, symbol)}"
    )


def level_bought(amount_z: int, balance_z: int, symbol: str) -> str:
    """CyTube has confirmed it."""
    paid = _paid(money(amount_z, symbol), balance_z, symbol)
    return f"✅ You have CyTube level 2 in this channel now.\n{paid}"


def level_failed(amount_z: int, balance_z: int, symbol: str) -> str:
    """It did not come in time."""
    return (
        f"CyTube did not give you level 2: {money(amount_z, symbol)} came back."
        f" Balance: {money(balance_z, symbol)}."
    )


def level_had(rank: int) -> str:
    """They stand as high or higher; nobody is ever lowered."""
    return f"You already have CyTube level {rank} in this channel."


def level_needs_rank(rank: str, own: str) -> str:
    """Only from some rank on."""
    return f"CyTube level 2 is for {rank} and above; you are {own}."


# Greetings


def greetings(
    template: str, owed: Sequence[tuple[str, str]], currency: Mapping[str, object]
) -> str:
    """The public line for those who came together, by name and greeting."""
    told = []
    for name, text in owed:
        greeting = user_text(text)
        values = {**currency, "user": name_shown(name), "greeting": greeting}
        line = render_tolerant(template, values) or f"👋 {greeting}"
        # Words of a user at the beginning of a line would be taken for the bot's own.
        told.append(f"👋 {line}" if line.startswith(greeting) else line)
    return " | ".join(told)


# Approvals


class Waiting(NamedTuple):
    """One request that waits for an operator."""

    id: int
    user: str
    type: str
    about: str
    paid_z: int
    age_s: float


_ABOUT_UNITS_MAX = 120


def approvals(waiting: Sequence[Waiting], symbol: str) -> str:
    """To the operator: what waits, the oldest first."""
    if not waiting:
        return "Nothing waits for approval."
    return "\n".join(
        f"{each.id}. {label(each.type)} by {name_shown(each.user)},"
        f" {money(each.paid_z, symbol)}, {duration(each.age_s)} ago:"
        f" {clip(user_text(each.about), _ABOUT_UNITS_MAX)}"
        for each in waiting
    )


def decided(type_: str, user: str, refund_z: int, symbol: str, *, approved: bool) -> str:
    """To the operator."""
    whose = f"The {label(type_)} of {name_shown(user)}"
    if approved:
        return f"✅ {whose} is approved."
    return f"✅ {whose} is rejected: {money(refund_z, symbol)} went back."


def decided_notice(
    type_: str, refund_z: int, balance_z: int, symbol: str, *, approved: bool, reason: str | None
) -> str:
    """To the buyer; ``reason`` is why it was rejected, where one is known."""
    if approved:
        return f"✅ Your {label(type_)} was approved."
    return (
        f"Your {label(type_)} was rejected{because(reason)}"
        f" {money(refund_z, symbol)} came back. Balance: {money(balance_z, symbol)}."
    )
