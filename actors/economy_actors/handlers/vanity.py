"""Greeting, title, GIF, name of the money, shoutout, fortune and CyTube level 2.

By private message and by request the same function sells the same thing: one price, one check of
the text, one cooldown (`spending.md` 7.1).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from economy_actors.context import adorn, present_if_known
from economy_actors.handlers import kit
from economy_actors.handlers.answers import ApiAnswer, Code, Done, Failed, PmAnswer, Refused
from economy_actors.handlers.fields import Text
from economy_actors.handlers.registry import ApiCall, Call, PmCall, command, request
from economy_actors.handlers.shop import Offer, Ware, sell
from economy_actors.messages.gateway import GiveRank
from economy_actors.messages.vanity import LevelSold, LineTold
from economy_actors.outbox.message import Line, LineKind
from kryten_economy.commands import refusals
from kryten_economy.commands.table import Section
from kryten_economy.config import Settings
from kryten_economy.config.vanity import VanityItem
from kryten_economy.features.api_keys import Scope
from kryten_economy.features.approvals import pending_approvals
from kryten_economy.features.possessions import owned_by_user
from kryten_economy.features.prices import Price, price_tag
from kryten_economy.features.ranks.rules import perks_of
from kryten_economy.features.vanity import texts
from kryten_economy.features.vanity.operations import (
    FORTUNE,
    LEVEL,
    SHOUTOUT,
    AskForGif,
    BuyItem,
    GifAsked,
    ItemBought,
    LevelPurchase,
    SetAside,
    Standing,
    TellFortune,
    Waiting,
    hold_of,
    standing_of,
)
from kryten_economy.features.vanity.rules import (
    CURRENCY_NAME,
    GIF,
    GREETING,
    TITLE,
    BadText,
    checked,
    checked_currency_name,
    checked_gif,
    fortune_of,
    is_free_today,
)
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import AlreadyPending, DailyLimit, Ignored, NoAccount, Refusal

__all__ = ("GIF_ITEM", "GREETING_ITEM", "NAME_ITEM", "TITLE_ITEM", "BoughtByText")

MINUTE_MS = 60_000
_BACKSTOP_MS = 60 * MINUTE_MS
"""The channel settles what waits long before; this is for what nobody is left to settle."""

VALUE = Text("value", most=4_000, cleaned=False)

Checked: TypeAlias = str | BadText


@dataclass(frozen=True, slots=True)
class BoughtByText:
    """A value that is bought by its text and owned."""

    key: str
    title: str
    takes: str
    hint: str
    type: str
    trigger_id: str
    reason: str
    what: str
    of: Callable[[Settings], VanityItem]
    check: Callable[[str], Checked]


GREETING_ITEM = BoughtByText(
    "greeting",
    "Greeting",
    "Your greeting",
    "greeting <text>",
    GREETING,
    "spend.vanity.custom_greeting",
    "Custom greeting",
    "Greetings",
    lambda settings: settings.vanity_shop.custom_greeting,
    partial(checked, what="A greeting", most=200),
)
TITLE_ITEM = BoughtByText(
    "title",
    "Title",
    "Your title",
    "title <text>",
    TITLE,
    "spend.vanity.custom_title",
    "Custom title",
    "Titles",
    lambda settings: settings.vanity_shop.custom_title,
    partial(checked, what="A title", most=100),
)
NAME_ITEM = BoughtByText(
    "rename",
    "Own name for the money",
    "The name",
    "rename <name>",
    CURRENCY_NAME,
    "spend.vanity.rename_currency",
    "Own name for the currency",
    "Renaming the money",
    lambda settings: settings.vanity_shop.rename_currency_personal,
    checked_currency_name,
)
GIF_ITEM = BoughtByText(
    "gif",
    "GIF",
    "Address of the picture",
    "gif <address>",
    GIF,
    "spend.vanity.channel_gif",
    "Channel GIF",
    "GIFs",
    lambda settings: settings.vanity_shop.channel_gif,
    checked_gif,
)


@dataclass(frozen=True, slots=True)
class Sold:
    """What was bought for how much, and the buyer's wallet after it."""

    value: str
    price: Price
    wallet: Wallet
    paid_z: int
    approval_id: int | None = None
    replayed: bool = field(default=False, kw_only=True)


# Values that are owned


async def sell_item(
    call: Call, item: BoughtByText, buyer: Wallet, raw: str
) -> Sold | Refused | Failed:
    """Check, charge and store; raises as `Call.commit`."""
    terms = item.of(call.settings)
    if not terms.enabled:
        return Refused(Code.DISABLED, _off(item.what))
    value = item.check(raw)
    if isinstance(value, BadText):
        return Refused(Code.INVALID_REQUEST, value.text)
    price = kit.price_for(call, terms.cost, buyer)
    if item is GIF_ITEM and call.settings.vanity_shop.channel_gif.requires_admin_approval:
        return await _ask_for_gif(call, buyer, value, price)
    answer = await call.commit(
        BuyItem(
            call.op_id,
            buyer.user,
            item.type,
            value,
            price.final_z,
            item.trigger_id,
            item.reason,
            call.now_ms,
            call.day,
        )
    )
    if not isinstance(answer, ItemBought):
        assert isinstance(answer, Refusal), answer
        return call.refused(answer)
    if item.type in {TITLE, CURRENCY_NAME} and not answer.replayed:
        adorn(call.context, buyer.user, item.type, value)
    return Sold(value, price, answer.wallet, answer.paid_z, replayed=answer.replayed)


async def _ask_for_gif(
    call: Call, buyer: Wallet, url: str, price: Price
) -> Sold | Refused | Failed:
    answer = await call.commit(
        AskForGif(call.op_id, buyer.user, url, price.final_z, call.now_ms, call.day)
    )
    if not isinstance(answer, GifAsked):
        assert isinstance(answer, Refusal), answer
        return call.refused(answer)
    return Sold(url, price, answer.wallet, answer.paid_z, answer.approval_id)


def _off(what: str) -> str:
    return refusals.feature_off(what)


def _offered(item: BoughtByText, call: PmCall) -> list[Offer]:
    found = _offer(call, item.of(call.settings), item.hint, item.title)
    return [each._replace(takes=item.takes, owned=item.type) for each in found]


def _offer(
    call: PmCall, terms: VanityItem, how: str, title: str, price: str | None = None
) -> list[Offer]:
    if not terms.enabled:
        return []
    told = price or price_tag(kit.price_for(call, terms.cost, call.wallet), call.symbol)
    line = texts.offer(how, told, terms.description)
    return [Offer(line, title, told, terms.description)]


async def _buy_item(item: BoughtByText, call: PmCall, text: str) -> PmAnswer:
    sold = await sell_item(call, item, call.wallet, text)
    if not isinstance(sold, Sold):
        return sold
    price = price_tag(sold.price, call.symbol)
    if sold.approval_id is not None:
        return texts.gif_asked(sold.approval_id, price, sold.wallet.balance_z, call.symbol)
    return texts.bought(item.type, sold.value, price, sold.wallet.balance_z, call.symbol)


async def _gif_waits(call: PmCall) -> Refused | Failed | None:
    if not call.settings.vanity_shop.channel_gif.requires_admin_approval:
        return None
    has = await _standing(call)
    return call.refused(AlreadyPending("GIF")) if GIF in has.waiting else None


async def _standing(call: PmCall) -> Standing:
    user = call.user
    return await call.read(lambda reports: standing_of(reports, user))


for _each in (GREETING_ITEM, TITLE_ITEM, GIF_ITEM, NAME_ITEM):
    _in_the_way = _gif_waits if _each is GIF_ITEM else None
    sell(Ware((_each.key,), partial(_offered, _each), partial(_buy_item, _each), _in_the_way))


# The shoutout


async def sell_shoutout(call: Call, buyer: Wallet, raw: str) -> Sold | Refused | Failed:
    """Set the price aside and hand the line over; its echo takes the money (`spending.md` 7.3)."""
    terms = call.settings.vanity_shop.shoutout
    if not terms.enabled:
        return Refused(Code.DISABLED, _off("The shoutout"))
    text = checked(raw, "A shoutout", terms.max_length)
    if isinstance(text, BadText):
        return Refused(Code.INVALID_REQUEST, text.text)
    if call.channel in call.context.robots_away():
        return Failed(Code.UNAVAILABLE, texts.robot_away("A shoutout"))
    price = kit.price_for(call, terms.cost, buyer)
    call.context.shoutouts.add(hold_of(call.op_id))
    answer = await call.commit(
        SetAside(
            call.op_id,
            buyer.user,
            SHOUTOUT,
            text,
            price.final_z,
            "spend.vanity.shoutout",
            "refund.shoutout_failed",
            "Shoutout",
            terms.cooldown_minutes * MINUTE_MS,
            call.now_ms + _BACKSTOP_MS,
            call.now_ms,
            call.day,
        )
    )
    if not isinstance(answer, Waiting):
        call.context.shoutouts.discard(hold_of(call.op_id))
        assert isinstance(answer, Refusal), answer
        return call.refused(answer)
    if not answer.replayed:
        _say(call, answer, text)
    return Sold(text, price, answer.wallet, answer.paid_z, replayed=answer.replayed)


def _say(call: Call, waiting: Waiting, text: str) -> None:
    """It waits for the pace, is never taken for a repeat, and tells whether it was said."""
    wallet = waiting.wallet
    told = texts.shoutout(wallet.display_name, text)
    line = Line(told, LineKind.PAID, dedup=False, trace=call.trace, receipt=waiting.hold_id)
    if not call.context.outboxes[call.channel].offer(line, trace=call.trace):
        call.context.channels[call.channel].offer(LineTold(waiting.hold_id, said=False))


def _shoutout_on(settings: Settings) -> bool:
    return settings.vanity_shop.shoutout.enabled


async def _buy_shoutout(call: PmCall, text: str) -> PmAnswer:
    sold = await sell_shoutout(call, call.wallet, text)
    if not isinstance(sold, Sold):
        return sold
    price = price_tag(sold.price, call.symbol)
    return texts.shoutout_sold(price, sold.wallet.balance_z, call.symbol)


@command(
    "shoutout",
    syntax="shoutout <text>",
    summary="your words in public, spoken by the bot",
    section=Section.SHOP,
    enabled=_shoutout_on,
)
async def shoutout(call: PmCall) -> PmAnswer:
    """The same as `buy shoutout`."""
    return await _buy_shoutout(call, call.parsed.text())


def _shoutout_offer(call: PmCall) -> list[Offer]:
    found = _offer(call, call.settings.vanity_shop.shoutout, "shoutout <text>", "Shoutout")
    return [each._replace(takes="Your words") for each in found]


async def _no_shoutout(call: PmCall) -> Refused | Failed | None:
    if call.channel in call.context.robots_away():
        return Failed(Code.UNAVAILABLE, texts.robot_away("A shoutout"))
    cooldown_ms = call.settings.vanity_shop.shoutout.cooldown_minutes * MINUTE_MS
    refusal = (await _standing(call)).why_not_again(SHOUTOUT, cooldown_ms, call.now_ms)
    return None if refusal is None else call.refused(refusal)


sell(Ware(("shoutout",), _shoutout_offer, _buy_shoutout, _no_shoutout))


# The fortune


def _fortune_price(call: PmCall) -> Price | None:
    """What the fortune of the day costs; None where the perk of the rank pays."""
    perks = perks_of(call.settings.ranks, kit.rank_index(call.context, call.wallet))
    if is_free_today(perks.free_fortunes):
        return None
    return kit.price_for(call, call.settings.vanity_shop.daily_fortune.cost, call.wallet)


async def _buy_fortune(call: PmCall, _text: str) -> PmAnswer:
    """One a day; no charge without a fortune."""
    if not call.settings.vanity_shop.daily_fortune.enabled:
        return Refused(Code.DISABLED, _off("The daily fortune"))
    price, day = _fortune_price(call), call.day
    price_z = 0 if price is None else price.final_z
    since_ms = call.context.live.calendar.day_start_ms(day)
    answer = await call.commit(
        TellFortune(call.op_id, call.user, price_z, since_ms, call.now_ms, day)
    )
    if not isinstance(answer, ItemBought):
        assert isinstance(answer, Refusal), answer
        return call.refused(answer)
    paid = None if price is None else price_tag(price, call.symbol)
    text = fortune_of(call.user.name, day)
    return texts.fortune(text, paid, answer.wallet.balance_z, call.symbol)


@command(
    "fortune",
    summary="a look into your day",
    section=Section.SHOP,
    enabled=lambda settings: settings.vanity_shop.daily_fortune.enabled,
)
async def fortune(call: PmCall) -> PmAnswer:
    """The same as `buy fortune`."""
    return await _buy_fortune(call, "")


def _fortune_offer(call: PmCall) -> list[Offer]:
    price = "free for you" if _fortune_price(call) is None else None
    terms = call.settings.vanity_shop.daily_fortune
    return _offer(call, terms, "fortune", "Fortune of the day", price)


async def _fortune_told(call: PmCall) -> Refused | Failed | None:
    told_at_ms = (await _standing(call)).used.get(FORTUNE)
    since_ms = call.context.live.calendar.day_start_ms(call.day)
    if told_at_ms is None or told_at_ms < since_ms:
        return None
    return call.refused(DailyLimit(FORTUNE, 1))


sell(Ware(("fortune",), _fortune_offer, _buy_fortune, _fortune_told))


# CyTube level 2

_LEVEL = 2


async def _buy_level(call: PmCall, _text: str) -> PmAnswer:
    """Set the price aside and ask; CyTube's own news takes the money (`spending.md` 8)."""
    terms = call.settings.cytube_promotion
    if not (terms.enabled and terms.purchasable):
        return Refused(Code.DISABLED, _off("Buying CyTube level 2"))
    refused = _level_refused(call)
    if refused is not None:
        return refused
    price = kit.price_for(call, terms.cost, call.wallet)
    answer = await call.commit(
        SetAside(
            call.op_id,
            call.user,
            LEVEL,
            str(_LEVEL),
            price.final_z,
            "spend.cytube_promotion",
            "refund.cytube_promotion_failed",
            texts.LEVEL_RANK,
            0,
            call.now_ms + _BACKSTOP_MS,
            call.now_ms,
            call.day,
        )
    )
    if not isinstance(answer, Waiting):
        assert isinstance(answer, Refusal), answer
        return call.refused(answer)
    if not answer.replayed:
        _ask_cytube(call, answer.hold_id)
    told = price_tag(price, call.symbol)
    return texts.level_asked(told, answer.wallet.balance_z, call.symbol)


def _level_refused(call: PmCall) -> Refused | Failed | None:
    """Why the level can't be sold to this user; nobody is ever lowered (P-SHOP-7, P-SHOP-8)."""
    names = call.context.live.ladder.names
    least, own = call.settings.cytube_promotion.min_rank, kit.rank_index(call.context, call.wallet)
    if least in names and own < names.index(least):
        return Refused(Code.REJECTED, texts.level_needs_rank(least, names[own]))
    here = kit.connected(call.context, call.user)
    if here is not None and here.rank >= _LEVEL:
        return Refused(Code.REJECTED, texts.level_had(int(here.rank)))
    if call.context.gateway is None or present_if_known(call.context, call.channel) is None:
        return Failed(Code.UNAVAILABLE, texts.robot_away("CyTube level 2"))
    return None


def _ask_cytube(call: PmCall, hold_id: str) -> None:
    channel = call.context.channels[call.channel]
    channel.offer(LevelSold(LevelPurchase(hold_id, call.user.name, _LEVEL)))
    if call.context.gateway is not None:
        call.context.gateway.offer(GiveRank(call.channel, call.wallet.display_name, _LEVEL))


async def _no_level(call: PmCall) -> Refused | Failed | None:
    refused = _level_refused(call)
    if refused is not None:
        return refused
    refusal = (await _standing(call)).why_not_again(LEVEL, 0, call.now_ms)
    return None if refusal is None else call.refused(refusal)


def _level_offer(call: PmCall) -> list[Offer]:
    terms = call.settings.cytube_promotion
    if not (terms.enabled and terms.purchasable):
        return []
    price = price_tag(kit.price_for(call, terms.cost, call.wallet), call.symbol)
    about = f"CyTube level 2, from {terms.min_rank} on"
    return [Offer(texts.offer("cytube2", price, about), "CyTube level 2", price, about)]


sell(Ware(("cytube2", "level2"), _level_offer, _buy_level, _no_level))


# Requests


async def _buyer(call: ApiCall) -> Wallet | Refused | Failed:
    """Whose purchase a request is."""
    if call.context.live.ignores(call.name):
        return call.refused(Ignored(call.name), call.name)
    user, day = call.user, call.day
    wallet = await call.read(lambda reports: reports.wallet(user, day))
    return call.refused(NoAccount(user), call.name) if wallet is None else wallet


def _receipt(call: ApiCall, sold: Sold, **what: str) -> Done:
    data: dict[str, object] = {
        "username": sold.wallet.display_name,
        "channel": call.channel,
        **what,
        "charged": sold.paid_z,
        "discount": float(sold.price.discount),
        "new_balance": sold.wallet.balance_z,
    }
    return Done(data | {"idempotent_replay": True} if sold.replayed else data)


@request("vanity.set_greeting", VALUE, user=True, mutating=True, repeatable=True, scope=Scope.SPEND)
async def set_greeting(call: ApiCall) -> ApiAnswer:
    """Buy a greeting, at the price and with the checks of `buy greeting`."""
    buyer = await _buyer(call)
    if not isinstance(buyer, Wallet):
        return buyer
    sold = await sell_item(call, GREETING_ITEM, buyer, call.field(VALUE))
    if not isinstance(sold, Sold):
        return sold
    return _receipt(call, sold, item_type=GREETING, value=sold.value)


@request("vanity.shoutout", VALUE, user=True, mutating=True, repeatable=True, scope=Scope.SPEND)
async def shoutout_by_request(call: ApiCall) -> ApiAnswer:
    """Buy a shoutout; if it can't be posted after all, the buyer is told and paid back."""
    buyer = await _buyer(call)
    if not isinstance(buyer, Wallet):
        return buyer
    sold = await sell_shoutout(call, buyer, call.field(VALUE))
    if not isinstance(sold, Sold):
        return sold
    return _receipt(call, sold, message=texts.shoutout(sold.wallet.display_name, sold.value))


@request("vanity.list", user=True)
async def vanity_list(call: ApiCall) -> ApiAnswer:
    """What somebody owns by type, and what waits for an operator."""
    user = call.user
    owned, waiting = await call.read(
        lambda reports: (
            owned_by_user(reports, user),
            pending_approvals(reports, call.channel, limit=1000),
        )
    )
    pending = dict.fromkeys(each.type for each in waiting if each.name == user.name)
    return Done({"items": {each.type: each.value for each in owned}, "pending": list(pending)})
