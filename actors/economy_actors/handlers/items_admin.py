"""What operators sell in their channel: put in, taken out and delivered, by PM and by request.

Items of the configuration are changed there and nowhere else.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from economy_actors.handlers import kit
from economy_actors.handlers.answers import ApiAnswer, Code, Done, Failed, PmAnswer, Refused
from economy_actors.handlers.approvals import OVERDUE_BY, UNDECIDED, Decided, resolver
from economy_actors.handlers.fields import Body, Invalid, NumberText
from economy_actors.handlers.items import ITEM, offers_of
from economy_actors.handlers.registry import ApiCall, Call, PmCall, command, request
from economy_actors.handlers.shop import service_keys
from kryten_economy.commands import refusals
from kryten_economy.commands.grammar import BadAmount, amount, unquoted
from kryten_economy.commands.table import Section
from kryten_economy.config.shop import ShopItem
from kryten_economy.features.approvals import (
    Approval,
    ResolveApproval,
    Resolved,
    pending_approvals,
)
from kryten_economy.features.shop import texts
from kryten_economy.features.shop.operations import (
    APPROVAL,
    DefineItem,
    RemoveItem,
    SetStock,
    StockSet,
)
from kryten_economy.features.shop.rules import Item, item_of
from kryten_economy.refusals import NotPending, Refusal
from kryten_economy.text.markup import clip, user_text

__all__ = ("Given", "item_asked_for", "stock_asked_for")

_USAGE = (
    "shop_add <id> <price> <announce|approval|event|title> [text]"
    " [stock=10] [limit=1 or limit=1/day] [wait=60] [rank=Gaffer] [name=Lamp] [about=...]"
    " [x=2] [minutes=30]"
)
_TOKEN = re.compile(
    r"""(?:(?P<option>[A-Za-z]+)=)?(?P<value>"[^"]*"|“[^”]*”|\S+)|(?P<bare>[A-Za-z]+)=(?=\s|$)"""
)
_REASON_UNITS_MAX = 100
_ENDLESS = frozenset({"endless", "infinite", "unlimited"})


@dataclass(frozen=True, slots=True)
class Given:
    """A field that goes to the checks of the configuration as it came."""

    name: str

    @property
    def required(self) -> bool:
        """Not here: the checks of the configuration say what is missing."""
        return False

    @property
    def schema(self) -> Body:
        """A number or a text."""
        return {"type": ["integer", "string"]}

    def read(self, value: object) -> int | str | Invalid | None:
        """A number, a text or nothing."""
        if isinstance(value, bool) or not isinstance(value, int | str | None):
            return Invalid(f"{self.name} must be a number or a text")
        return str(value) if isinstance(value, NumberText) else value


_FIELDS = tuple(Given(name) for name in ShopItem.model_fields if name != "id")
_STOCK = Given("stock")


@command(
    "shop_add",
    syntax="shop_add <id> <price> <effect> [text]",
    summary="sell something of the channel's own",
    section=Section.ADMIN,
)
async def shop_add_by_pm(call: PmCall) -> PmAnswer:
    """Put an item in, or change one of the same id; the reply tells all that was understood."""
    if len(call.args) < 3:
        return _usage()
    item = item_asked_for(call.parsed.rest, call.context.live.ladder.names)
    if isinstance(item, str):
        return _usage(item)
    answer = await _add(call, item)
    if isinstance(answer, Refused):
        return answer
    return texts.added(item, call.symbol, replaced=answer)


def item_asked_for(rest: str, ranks: Sequence[str]) -> Item | str:
    """The item that the words behind `shop_add` describe, or what is wrong with them."""
    item_id, price, effect = rest.split()[:3]
    price_z = amount(price)
    if isinstance(price_z, BadAmount):
        return refusals.bad_amount(price, price_z.reason)
    given = _options(rest, skip=3)
    if isinstance(given, str):
        return given
    known_rank = _rank(ranks, given.get("min_rank", ""))
    parts = {"id": item_id, "price": price_z, "effect": effect.lower(), "min_rank": known_rank}
    return _item({"name": _name_from(item_id)} | given | parts)


def _usage(problem: str | None = None) -> Refused:
    """With every option, which would be too much for the list of all commands."""
    return Refused(Code.INVALID_REQUEST, refusals.usage(_USAGE, problem))


def _options(rest: str, skip: int) -> dict[str, str] | str:
    """The options behind the first words and the text beside them, or what is wrong."""
    given: dict[str, str] = {}
    words: list[str] = []
    for token in list(_TOKEN.finditer(rest))[skip:]:
        option = token["option"] or token["bare"]
        if option is None:
            words.append(unquoted(token["value"]))
        elif option.lower() not in texts.ADD_OPTIONS or token["bare"]:
            return texts.bad_option(token[0])
        else:
            given[texts.ADD_OPTIONS[option.lower()]] = unquoted(token["value"])
    many, slash, period = given.get("per_user", "").partition("/")
    if slash:
        given |= {"per_user": many, "per_user_period": period}
    if words:
        given["text"] = user_text(" ".join(words))
    if given.get("stock", "").lower() in _ENDLESS:
        del given["stock"]
    return given


def _name_from(item_id: str) -> str:
    words = item_id.replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def _rank(names: Sequence[str], typed: str) -> str:
    """The rank as it is spelled; what is none stays and is refused."""
    return next((each for each in names if each.lower() == typed.lower()), typed)


def _item(parts: Mapping[str, object]) -> Item | str:
    """The item, checked as one of the configuration, or the first thing that is wrong."""
    try:
        return item_of(ShopItem.model_validate(parts), by_hand=True)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][-1]) if first["loc"] else "item"
        return texts.bad_value(key, str(first["msg"]))


async def _add(call: Call, item: Item) -> bool | Refused:
    """Whether it took the place of another."""
    names = call.context.live.ladder.names
    if item.min_rank and item.min_rank not in names:
        problem = f"must name a rank: {', '.join(names)}"
        return Refused(Code.INVALID_REQUEST, texts.bad_value("min_rank", problem))
    if any(each.id == item.id for each in call.settings.shop.items):
        return Refused(Code.CONFLICT, texts.stands_in_file(item.id))
    if item.id in service_keys():
        return Refused(Code.CONFLICT, texts.id_taken(item.id))
    defined = await call.commit(DefineItem(call.channel, item, call.by, call.now_ms))
    return defined.replaced


@request("shop.add", ITEM, *_FIELDS, mutating=True, known_fields_only=True)
async def shop_add(call: ApiCall) -> ApiAnswer:
    """Sell something, or change what is sold: the keys of ``shop.items``; ``item`` is the id."""
    given = {each.name: call.field(each) for each in _FIELDS}
    parts = {key: value for key, value in given.items() if value is not None}
    item_id = call.field(ITEM)
    item = _item({"name": _name_from(item_id)} | parts | {"id": item_id})
    if isinstance(item, str):
        return Refused(Code.INVALID_REQUEST, item)
    replaced = await _add(call, item)
    if isinstance(replaced, Refused):
        return replaced
    return Done({"channel": call.channel, "item": item.id, "replaced": replaced})


@command(
    "shop_remove",
    syntax="shop_remove <id>",
    summary="stop selling something",
    section=Section.ADMIN,
)
async def shop_remove_by_pm(call: PmCall) -> PmAnswer:
    """Take an item out."""
    if len(call.args) != 1:
        return call.usage()
    refused = await _remove(call, call.args[0].lower())
    return texts.removed(call.args[0].lower()) if refused is None else refused


@request("shop.remove", ITEM, mutating=True)
async def shop_remove(call: ApiCall) -> ApiAnswer:
    """Sell an item no longer."""
    item_id = call.field(ITEM).lower()
    refused = await _remove(call, item_id)
    if refused is not None:
        return refused
    return Done({"channel": call.channel, "item": item_id, "removed": True})


async def _remove(call: Call, item_id: str) -> Refused | None:
    if any(each.id == item_id for each in call.settings.shop.items):
        return Refused(Code.CONFLICT, texts.stands_in_file(item_id))
    removed = await call.commit(RemoveItem(call.channel, item_id))
    if removed.was_there:
        return None
    offers = await offers_of(call)
    known = [each.id for each in offers.items.values() if each.by_hand]
    return Refused(Code.NOT_FOUND, texts.no_such_item(item_id, known))


@command(
    "shop_stock",
    syntax="shop_stock <id> <number|endless>",
    summary="say how many of an item are left",
    section=Section.ADMIN,
)
async def shop_stock_by_pm(call: PmCall) -> PmAnswer:
    """Also for items of the configuration."""
    if len(call.args) != 2:
        return call.usage()
    left = stock_asked_for(call.args[1])
    if isinstance(left, str):
        return call.usage(left)
    found = await _stock(call, call.args[0].lower(), left)
    if isinstance(found, Refused):
        return found
    item, counted = found
    return texts.stock_set(item, counted.before, counted.left)


@request("shop.stock", ITEM, _STOCK, mutating=True)
async def shop_stock(call: ApiCall) -> ApiAnswer:
    """Say how many of an item are left; ``stock`` is a number or ``endless``."""
    left = stock_asked_for(str(call.field(_STOCK)))
    if isinstance(left, str):
        return Refused(Code.INVALID_REQUEST, left)
    found = await _stock(call, call.field(ITEM).lower(), left)
    if isinstance(found, Refused):
        return found
    item, counted = found
    return Done(
        {
            "channel": call.channel,
            "item": item.id,
            "stock": counted.left,
            "stock_before": counted.before,
        }
    )


def stock_asked_for(typed: str) -> int | str | None:
    """How many are left, None for as many as one wants, or what may be said."""
    if typed.lower() in _ENDLESS:
        return None
    number = amount(typed, lowest=0)
    return texts.what_stock() if isinstance(number, BadAmount) or number > 10**9 else number


async def _stock(call: Call, item_id: str, left: int | None) -> tuple[Item, StockSet] | Refused:
    offers = await offers_of(call)
    item = offers.items.get(item_id)
    if item is None:
        return Refused(Code.NOT_FOUND, texts.no_such_item(item_id, offers.items))
    return item, await call.commit(SetStock(call.channel, item, left))


# What was bought and has to be fulfilled


@command(
    "approve_item",
    syntax="approve_item <number>",
    summary="say that something bought is done",
    section=Section.ADMIN,
)
async def approve_item(call: PmCall) -> PmAnswer:
    """Take the payment."""
    if len(call.args) != 1:
        return call.usage()
    return await _decide_by_pm(call, approved=True)


@command(
    "reject_item",
    syntax="reject_item <number> [reason]",
    summary="give something bought back",
    section=Section.ADMIN,
)
async def reject_item(call: PmCall) -> PmAnswer:
    """Give everything back; the buyer is told the reason."""
    return await _decide_by_pm(call, approved=False)


async def _decide_by_pm(call: PmCall, *, approved: bool) -> PmAnswer:
    number = call.amount_at(0)
    if isinstance(number, Refused):
        return number
    waiting = await call.read(
        lambda reports: pending_approvals(reports, call.channel, APPROVAL, 10_000)
    )
    found = next((each for each in waiting if each.id == number), None)
    if found is None:
        return call.refused(NotPending())
    reason = user_text(call.parsed.text(1)) or None
    decided = await _settle(call, found, approved=approved, reason=reason)
    return decided.text if isinstance(decided, Decided) else decided


@resolver(APPROVAL)
async def _resolve(call: Call, approval: Approval, approved: bool) -> Decided | Refused | Failed:
    """The same for whoever decides by the number alone, and for the clock."""
    reason = UNDECIDED if call.by == OVERDUE_BY else None
    return await _settle(call, approval, approved=approved, reason=reason)


async def _settle(
    call: Call, approval: Approval, *, approved: bool, reason: str | None
) -> Decided | Refused | Failed:
    name = str(approval.data["name"])
    told = clip(f"{name} {'fulfilled' if approved else 'rejected'}", _REASON_UNITS_MAX)
    at = (call.now_ms, call.day)
    ask = ResolveApproval(call.op_id, call.channel, approval.id, approved, call.by, told, *at)
    answer = await call.commit(ask)
    if not isinstance(answer, Resolved):
        assert isinstance(answer, Refusal), answer
        return call.refused(answer)
    wallet, refund_z = answer.wallet, answer.refund_z
    if not answer.replayed:
        notice = texts.decided_notice(
            name, refund_z, wallet.balance_z, call.symbol, approved=approved, reason=reason
        )
        kit.tell_user(call, wallet.display_name, notice)
    shown = texts.decided(name, wallet.display_name, refund_z, call.symbol, approved=approved)
    return Decided(answer.approval, approved, refund_z, shown)


@command(
    "shop_items",
    summary="what the channel sells of its own",
    section=Section.ADMIN,
    reads=True,
)
async def shop_items(call: PmCall) -> PmAnswer:
    """All items with their terms, also while the shop is closed."""
    offers = await offers_of(call)
    return texts.items(offers.items.values(), offers.stock, call.symbol)
