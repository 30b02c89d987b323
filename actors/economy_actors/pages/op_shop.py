"""The channel's own items: put in, changed, counted and taken out.

That is `shop_add`, `shop_stock` and `shop_remove`; items of the configuration are changed there,
and only their stock here.
"""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from economy_actors.handlers.items import Offers, offers_in
from economy_actors.handlers.items_admin import item_asked_for, stock_asked_for
from economy_actors.pages.op_kit import field, is_sure, problem, show, shown_first
from economy_actors.pages.registry import Who, form, page
from economy_actors.pages.view import View
from kryten_economy.config.shop import (
    EVENT_MINUTES_MAX,
    EVENT_MULTIPLIER_MAX,
    ITEM_NAME_MAX,
    ITEM_TEXT_MAX,
)
from kryten_economy.features.shop import texts
from kryten_economy.features.shop.rules import Item
from kryten_economy.text.templates import factor, plural

__all__ = ()

_PATH: Final = "/op/shop"
_EFFECTS: Final[dict[str, str]] = {
    "announce": "the text is said in the channel",
    "approval": "an admin fulfils it",
    "event": "earning is multiplied for a while",
    "title": "the text becomes the buyer's title",
}
_FIELDS: Final[dict[str, str]] = {
    "name": "name",
    "about": "about",
    "stock": "stock",
    "limit": "limit",
    "wait": "wait",
    "rank": "rank",
    "x": "x",
    "minutes": "minutes",
}
"""The fields of the form and the options of `shop_add` that they give."""
_ENDLESS: Final = "endless"
_NUMBERS: Final = ("stock", "limit", "wait", "x", "minutes")


@page(_PATH, who=Who.OPERATOR, nav="Shop items", at=81, group="Settings")
async def items(view: View) -> Response:
    """All items with what is left of each, also while the shop is closed."""
    offers = await _offers(view)
    return show(
        view,
        "op/shop.html",
        rows=[
            (each, offers.stock[each.id], _EFFECTS[each.effect], _limit(each))
            for each in offers.items.values()
        ],
        is_open=view.settings.shop.enabled,
        form=_of_form(view, None),
    )


@page("/op/shop/{item}", who=Who.OPERATOR)
async def item(view: View) -> Response:
    """One item, to change."""
    offers = await _offers(view)
    found = offers.items.get(view.place("item").lower())
    if found is None:
        raise HTTPException(404, "There is no such item in this channel.")
    return show(
        view,
        "op/item.html",
        item=found,
        left=offers.stock[found.id],
        terms=_described(view, found),
        form=_of_form(view, found, offers.stock[found.id]),
    )


async def _offers(view: View) -> Offers:
    channel, configured = view.channel, view.settings.shop.items
    return await view.read(lambda reports: offers_in(reports, channel, configured))


def _of_form(view: View, found: Item | None, left: int | None = None) -> dict[str, object]:
    """What the form of an item begins with, and what it may hold."""
    values = dict.fromkeys(("id", "price", "text", *_FIELDS), "") | {"effect": "announce"}
    if found is not None:
        values |= {
            "id": found.id,
            "price": str(found.price_z),
            "effect": found.effect,
            "text": found.text,
            "name": found.name,
            "about": found.description,
            "stock": "" if left is None else str(left),
            "limit": "" if found.per_user is None else f"{found.per_user}{'/day' * found.per_day}",
            "wait": str(found.cooldown_ms // 60_000 or ""),
            "rank": found.min_rank,
            "x": f"{float(found.factor):g}",
            "minutes": str(found.minutes),
        }
    return {
        "fields": values,
        "effects": _EFFECTS,
        "ranks": view.context.live.ladder.names,
        "most": {
            "name": ITEM_NAME_MAX,
            "text": ITEM_TEXT_MAX,
            "x": EVENT_MULTIPLIER_MAX,
            "minutes": EVENT_MINUTES_MAX,
        },
    }


def _limit(each: Item) -> str:
    """How many one user may have, how often, and from which rank on."""
    parts = []
    if each.per_user is not None:
        parts.append(f"{each.per_user} each{' a day' if each.per_day else ''}")
    if each.cooldown_ms:
        parts.append(f"every {plural(each.cooldown_ms // 60_000, 'minute')}")
    if each.min_rank:
        parts.append(f"from {each.min_rank}")
    return ", ".join(parts)


def _described(view: View, each: Item) -> dict[str, str]:
    """The terms of an item, as they are shown side by side."""
    told = {
        "Name": each.name,
        "Price": view.money(each.price_z),
        "What happens": _EFFECTS[each.effect],
        "Text": each.text,
        "About": each.description,
        "Limits": _limit(each),
    }
    if each.effect == "event":
        told["Event"] = f"{factor(each.factor)} for {plural(each.minutes, 'minute')}"
    return told


def _left(count: int | None) -> str:
    return _ENDLESS if count is None else f"{count:,}"


# Acting


def _item_path(item_id: str) -> str:
    return f"/op/shop/{item_id}"


def _quoted(value: str) -> str | None:
    """One value of `shop_add`, whatever it holds; None if it holds every kind of quotes."""
    if '"' not in value:
        return f'"{value}"'
    return None if "“" in value or "”" in value else f"“{value}”"


def _options(view: View) -> str | Response:
    """The options and the text of `shop_add` as the fields say."""
    parts = []
    for name, option in _FIELDS.items():
        value = field(view, name)
        if not value:
            continue
        if name in _NUMBERS and value.split() != [value]:
            return problem(view, f"'{option}' takes one number. Nothing was changed.", _PATH)
        quoted = value if name in _NUMBERS else _quoted(value)
        if quoted is None:
            return _bad_quotes(view)
        parts.append(f"{option}={quoted}")
    text = field(view, "text")
    quoted = _quoted(text)
    if quoted is None:
        return _bad_quotes(view)
    return " ".join([*parts, quoted] if text else parts)


def _bad_quotes(view: View) -> Response:
    text = "A text may hold straight or curly double quotes, not both. Nothing was changed."
    return problem(view, text, _PATH)


@form("/op/shop/put", who=Who.OPERATOR)
async def put(view: View) -> Response:
    """Put an item in, or change the one of the same id."""
    words = [field(view, name).lower() for name in ("id", "price", "effect")]
    if any(each.split() != [each] for each in words):
        text = "An item has an id of one word, a price and an effect. Nothing was changed."
        return problem(view, text, _PATH)
    options = _options(view)
    if isinstance(options, Response):
        return options
    if is_sure(view):
        answer = await view.act("shop_add", *words, text=options)
        return view.answered(answer, _PATH)
    wanted = item_asked_for(f"{' '.join(words)} {options}", view.context.live.ladder.names)
    if isinstance(wanted, str):
        return problem(view, f"{wanted} Nothing was changed.", _PATH)
    offers = await _offers(view)
    before = offers.items.get(wanted.id)
    if before is not None and not before.by_hand:
        return problem(view, texts.stands_in_file(wanted.id), _PATH)
    sent = ("id", "price", "effect", "text", *_FIELDS)
    return shown_first(
        view,
        "/op/shop/put",
        title=f"{'Sell' if before is None else 'Change'} {wanted.name}",
        lines=_changes(view, before, wanted, offers),
        button="Sell it" if before is None else "Change it",
        fields={name: field(view, name) for name in sent},
        back=_PATH if before is None else _item_path(wanted.id),
    )


def _changes(view: View, before: Item | None, after: Item, offers: Offers) -> list[str]:
    new = _described(view, after)
    if before is None:
        lines = [f"{what}: {told}" for what, told in new.items() if told]
        return [*lines, f"In stock: {_left(after.stock)}"]
    old, left = _described(view, before), offers.stock[before.id]
    lines = [
        f"{what}: {old.get(what) or 'nothing'} → {new.get(what) or 'nothing'}"
        for what in {**old, **new}
        if old.get(what) != new.get(what)
    ]
    if left != after.stock:
        lines.append(f"In stock: {_left(left)} → {_left(after.stock)}")
    return lines or ["It stays as it is."]


@form("/op/shop/stock", who=Who.OPERATOR)
async def stock(view: View) -> Response:
    """Say how many are left."""
    found, left = await _named(view)
    typed = field(view, "stock") or _ENDLESS
    if is_sure(view):
        return view.answered(await view.act("shop_stock", found.id, typed), _item_path(found.id))
    wanted = stock_asked_for(typed)
    if isinstance(wanted, str):
        return problem(view, f"{wanted} Nothing was changed.", _item_path(found.id))
    return shown_first(
        view,
        "/op/shop/stock",
        title=f"Stock of {found.name}",
        lines=[f"In stock: {_left(left)} → {_left(wanted)}"],
        button="Set the stock",
        fields={"id": found.id, "stock": typed},
        back=_item_path(found.id),
    )


@form("/op/shop/remove", who=Who.OPERATOR)
async def remove(view: View) -> Response:
    """Stop selling an item."""
    if is_sure(view):
        # Sent twice it is gone already, and gets the same answer.
        answer = await view.act("shop_remove", field(view, "id"))
        return view.answered(answer, _PATH)
    found, left = await _named(view)
    if not found.by_hand:
        return problem(view, texts.stands_in_file(found.id), _item_path(found.id))
    return shown_first(
        view,
        "/op/shop/remove",
        title=f"Stop selling {found.name}",
        lines=[
            f"Nobody can buy {found.name} any more. In stock: {_left(left)}",
            "What was bought stays bought. It stands in the audit log, where it can be undone.",
        ],
        button="Stop selling it",
        fields={"id": found.id},
        back=_item_path(found.id),
        is_dangerous=True,
    )


async def _named(view: View) -> tuple[Item, int | None]:
    offers = await _offers(view)
    found = offers.items.get(field(view, "id").lower())
    if found is None:
        raise HTTPException(404, "There is no such item in this channel.")
    return found, offers.stock[found.id]
