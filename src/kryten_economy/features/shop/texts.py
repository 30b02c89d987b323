"""What the channel's own shop tells buyers and operators; names are cleaned here."""

from collections.abc import Iterable, Mapping

from kryten_economy.features.shop.rules import Item
from kryten_economy.text.markup import because, clip, name_shown, user_text
from kryten_economy.text.templates import ByPm, duration, factor, money, plural

__all__ = (
    "ADD_OPTIONS",
    "added",
    "bad_option",
    "bad_value",
    "bought",
    "decided",
    "decided_notice",
    "id_taken",
    "items",
    "needs_rank",
    "no_such_item",
    "not_said",
    "offer",
    "question",
    "removed",
    "stands_in_file",
    "stock_set",
    "to_fulfil",
    "what_stock",
)

_NAME_UNITS_MAX = 40
_TEXT_UNITS_MAX = 120

ADD_OPTIONS: Mapping[str, str] = {
    "stock": "stock",
    "limit": "per_user",
    "wait": "cooldown_minutes",
    "rank": "min_rank",
    "name": "name",
    "about": "description",
    "x": "multiplier",
    "minutes": "minutes",
}
"""The options of `shop_add` and the keys of an item that they give."""


def offer(item: Item, price: str, left: int | None) -> str:
    """A line of `shop`."""
    about = f": {user_text(item.description)}" if item.description else ""
    terms = _terms(item, left)
    return f"{item.id} | {price} | {user_text(item.name)}{about}" + (
        f" ({', '.join(terms)})" if terms else ""
    )


def _terms(item: Item, left: int | None) -> list[str]:
    terms = [] if left is None else [f"{left:,} left" if left else "sold out"]
    if item.per_user is not None:
        terms.append(f"{item.per_user:,} per user{' and day' if item.per_day else ''}")
    if item.cooldown_ms:
        terms.append(f"once in {duration(item.cooldown_ms / 1000)}")
    if item.min_rank:
        terms.append(f"from {user_text(item.min_rank)} on")
    return terms


def question(item: Item, price: str) -> str:
    """Before anything is charged: what it costs and what happens."""
    about = f" {_sentence(user_text(item.description))}" if item.description else ""
    what = f"🛍️ {user_text(item.name)} for {price}.{about}\n{_what_happens(item)}"
    return ByPm(what, " Say YES to buy it.", for_page=" Do you want to buy it?")


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _what_happens(item: Item) -> str:
    match item.effect:
        case "announce":
            return "I tell the whole channel."
        case "approval":
            return "An operator sees to it, or you get everything back."
        case "event":
            return f"Everybody earns {factor(item.factor)} for {plural(item.minutes, 'minute')}."
        case "title":
            return f"Your title will be '{user_text(item.text)}'."


def bought(item: Item, paid_z: int, balance_z: int, symbol: str, approval_id: int | None) -> str:
    """To the buyer."""
    head = f"✅ {user_text(item.name)} for {money(paid_z, symbol)}: "
    match item.effect:
        case "announce":
            head += "I tell the channel now; if I can't, your money comes back."
        case "approval":
            head += (
                f"request {approval_id} waits for an operator; if they say no, it all comes back."
            )
        case "event":
            head += f"{factor(item.factor)} earnings for {plural(item.minutes, 'minute')}!"
        case "title":
            head += f"you are '{user_text(item.text)}' from now on."
    return f"{head}\nBalance: {money(balance_z, symbol)}."


def not_said(amount_z: int, balance_z: int, symbol: str) -> str:
    """To the buyer of what was to be announced."""
    return (
        f"What you bought could not be announced, so it was not sold: {money(amount_z, symbol)}"
        f" came back. Balance: {money(balance_z, symbol)}."
    )


def decided_notice(
    name: str, refund_z: int, balance_z: int, symbol: str, *, approved: bool, reason: str | None
) -> str:
    """To the buyer of what an operator had to fulfil."""
    if approved:
        return f"✅ {user_text(name)}: an operator has seen to it."
    return (
        f"{user_text(name)} was rejected{because(reason)} {money(refund_z, symbol)} came back."
        f" Balance: {money(balance_z, symbol)}."
    )


def decided(name: str, buyer: str, refund_z: int, symbol: str, *, approved: bool) -> str:
    """To the operator."""
    if approved:
        return f"✅ {user_text(name)} for {name_shown(buyer)} is fulfilled."
    whose = f"{user_text(name)} of {name_shown(buyer)}"
    return f"✅ {whose} is rejected: {money(refund_z, symbol)} went back, stock and limit too."


def to_fulfil(item: Item, buyer: str, words: str, approval_id: int) -> str:
    """To the operators who are here."""
    asked = f": {clip(user_text(words), _TEXT_UNITS_MAX)}" if words else ""
    what = f" ({user_text(item.text)})" if item.text else ""
    return (
        f"🛍️ {name_shown(buyer)} has bought {user_text(item.name)}{what}{asked}."
        f" PM 'approve_item {approval_id}' when it is done, or 'reject_item {approval_id}'."
    )


def needs_rank(item: Item, own: str) -> str:
    """Only from some rank on."""
    return f"{user_text(item.name)} is for {user_text(item.min_rank)} and above; you are {own}."


# To operators


def added(item: Item, symbol: str, *, replaced: bool) -> str:
    """Everything that was understood, so that a slip is seen at once."""
    terms = _terms(item, item.stock)
    effect = {
        "announce": f"I say: {user_text(item.text)}",
        "approval": f"you fulfil it: {user_text(item.text) or item.name}",
        "event": f"{factor(item.factor)} earnings for {plural(item.minutes, 'minute')}",
        "title": f"they get the title '{user_text(item.text)}'",
    }[item.effect]
    now = "is changed" if replaced else "is for sale"
    listed = f" ({', '.join(terms)})" if terms else ""
    return (
        f"✅ {item.id} {now}: {user_text(item.name)}, {money(item.price_z, symbol)}{listed}."
        f" Then {effect}."
    )


def removed(item_id: str) -> str:
    """It is gone."""
    return f"✅ {item_id} is no longer sold. What was bought stays bought."


def stock_set(item: Item, before: int | None, left: int | None) -> str:
    """How many there were and are."""
    return f"✅ {item.id}: {_count(left)} left (before: {_count(before)})."


def _count(number: int | None) -> str:
    return "always one more" if number is None else f"{number:,}"


def items(on_sale: Iterable[Item], stock: Mapping[str, int | None], symbol: str) -> str:
    """All items of a channel with their terms and what happens."""
    lines = [
        f"{item.id} ({item.effect}, {'by PM' if item.by_hand else 'file'}):"
        f" {user_text(item.name)}, {money(item.price_z, symbol)}"
        + "".join(f", {term}" for term in _terms(item, stock.get(item.id)))
        for item in on_sale
    ]
    return "\n".join(lines) or "The channel's own shop is empty. Put something in with shop_add."


def no_such_item(typed: str, known: Iterable[str]) -> str:
    """There is no item of that id."""
    listed = ", ".join(known)
    shown = clip(user_text(typed), _NAME_UNITS_MAX)
    return f"There is no item '{shown}'." + (f" There are: {listed}." if listed else "")


def stands_in_file(item_id: str) -> str:
    """Items of the configuration are changed there."""
    return f"'{item_id}' stands in the configuration file (shop.items), which decides about it."


def id_taken(item_id: str) -> str:
    """The service itself sells something of that name."""
    return f"'{item_id}' is something that I sell already. Choose another id."


def what_stock() -> str:
    """How stock is written."""
    return "Stock is a whole number from 0, or 'endless'."


def bad_option(word: str) -> str:
    """Written like an option, and none."""
    known = ", ".join(f"{name}=" for name in ADD_OPTIONS)
    shown = clip(user_text(word), _NAME_UNITS_MAX)
    return f"I don't know the option '{shown}'. There are {known}; put a text with '=' in quotes."


def bad_value(key: str, problem: str) -> str:
    """What is wrong with which part."""
    options = {field: name for name, field in ADD_OPTIONS.items()}
    return f"{options.get(key, key)}: {problem.removesuffix('.')}."
