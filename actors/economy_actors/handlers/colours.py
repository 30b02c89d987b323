"""Chat colours: bought by private message and by the web page, judged, and made anew by operators.

Both surfaces sell through the same seller of the channel, at one price and with one set of checks.
"""

from typing import Final

import anyio

from economy_actors.handlers import kit
from economy_actors.handlers.answers import ApiAnswer, Code, Done, Failed, PmAnswer, Refused
from economy_actors.handlers.fields import Flag, Text
from economy_actors.handlers.registry import ApiCall, Call, PmCall, request
from economy_actors.handlers.shop import Offer, Ware, sell
from economy_actors.messages.colours import (
    BuyAnswered,
    BuyColour,
    ColourBought,
    ResyncColours,
    Resynced,
)
from economy_actors.runtime import Reply
from kryten_economy.commands import refusals
from kryten_economy.config.vanity import ChatColor
from kryten_economy.features.api_keys import Scope
from kryten_economy.features.colours import texts
from kryten_economy.features.colours.operations import CHAT_COLOUR
from kryten_economy.features.colours.rules import NotShown, parsed_colour, readability
from kryten_economy.features.prices import price_tag
from kryten_economy.features.vanity.texts import offer
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import Ignored, NoAccount

__all__ = ("judged",)

VALUE = Text("value", most=4_000)
APPLY = Flag("apply", default=True)

_DECIDED_S: Final = 3.4
_ANSWERED_S: Final = 3.7
"""Callers give up after 5 s, and the service says something after 4."""

_ITS_OWN_FAULT = frozenset(
    {NotShown.ROBOT_AWAY, NotShown.RANK_UNKNOWN, NotShown.UNREADABLE, NotShown.UNANSWERED}
    | {NotShown.BUSY, NotShown.PENDING}
)
"""Later it may work; the rest is for people to change."""


async def sell_colour(call: Call, buyer: Wallet, text: str) -> ColourBought | Refused | Failed:
    """Check, and have the channel's seller charge and show it; raises as `Ref.ask`."""
    colour = _checked(call, buyer, text)
    if not isinstance(colour, str):
        return colour
    price = kit.price_for(call, call.settings.vanity_shop.chat_color.cost, buyer)
    here = kit.connected(call.context, buyer.user)
    until_s = anyio.current_time() + _DECIDED_S

    def order(reply: Reply[BuyAnswered]) -> BuyColour:
        return BuyColour(
            call.op_id,
            buyer.user,
            None if here is None else here.display_name,
            colour,
            price.final_z,
            float(price.discount),
            until_s,
            call.line_of(call.op_id),
            reply,
        )

    answered = await call.context.colours[call.channel].ask(order, timeout_s=_ANSWERED_S)
    answer = answered.answer
    if call.record is not None and answered.audit_id is not None:
        # The row was written when the price was set aside; whether it was taken shows only now.
        call.record.audit_id, call.record.is_fresh = answered.audit_id, True
        call.record.is_open = True
    if isinstance(answer, NotShown):
        return _not_shown(answer)
    return answer if isinstance(answer, ColourBought) else call.refused(answer)


def _checked(call: Call, buyer: Wallet, text: str) -> str | Refused | Failed:
    """The colour, if this user may have it here."""
    item = call.settings.vanity_shop.chat_color
    if not item.enabled:
        return Refused(Code.DISABLED, refusals.feature_off("The chat colour"))
    if buyer.barred is not None:
        return call.refused(buyer.barred)
    colour = parsed_colour(text)
    if colour is None:
        return Refused(Code.INVALID_REQUEST, texts.no_colour(text))
    found = readability(colour, item)
    if not found.acceptable:
        return Refused(Code.REJECTED, texts.unreadable(colour, found, item.min_contrast_lc))
    return Refused(Code.REJECTED, texts.protected()) if _is_protected(call, buyer) else colour


def _is_protected(call: Call, buyer: Wallet) -> bool:
    protected = call.settings.vanity_shop.chat_color.protected_users
    return buyer.user.name in {name.lower() for name in protected}


def _not_shown(why: NotShown) -> Refused | Failed:
    text = texts.not_shown(why)
    if why in _ITS_OWN_FAULT:
        return Failed(Code.UNAVAILABLE, text)
    return Refused(Code.REJECTED, text)


# By private message


def _offered(call: PmCall) -> list[Offer]:
    item = call.settings.vanity_shop.chat_color
    if not item.enabled:
        return []
    price = price_tag(kit.price_for(call, item.cost, call.wallet), call.symbol)
    line = offer("color #RRGGBB (also on the web page)", price, item.description)
    return [Offer(line, "Chat colour", price, item.description, "Colour", CHAT_COLOUR)]


async def _why_not(call: PmCall) -> Refused | None:
    return Refused(Code.REJECTED, texts.protected()) if _is_protected(call, call.wallet) else None


async def _buy(call: PmCall, text: str) -> PmAnswer:
    bought = await sell_colour(call, call.wallet, text)
    if not isinstance(bought, ColourBought):
        return bought
    balance_z = bought.wallet.balance_z
    return texts.bought(bought.colour, bought.charged_z, balance_z, call.symbol)


sell(Ware(("color", "colour", "chat_color"), _offered, _buy, _why_not))


# By request


@request("vanity.set_color", VALUE, user=True, mutating=True, repeatable=True, scope=Scope.SPEND)
async def set_color(call: ApiCall) -> ApiAnswer:
    """Buy a colour; whatever goes wrong is told in a sentence for the buyer."""
    if call.context.live.ignores(call.name):
        return call.refused(Ignored(call.name), call.name)
    user, day = call.user, call.day
    buyer = await call.read(lambda reports: reports.wallet(user, day))
    if buyer is None:
        return call.refused(NoAccount(user), call.name)
    bought = await sell_colour(call, buyer, call.field(VALUE))
    if not isinstance(bought, ColourBought):
        return bought
    data: dict[str, object] = {
        "username": bought.wallet.display_name,
        "channel": call.channel,
        "item_type": CHAT_COLOUR,
        "value": bought.colour,
        "charged": bought.charged_z,
        "discount": bought.discount,
        "new_balance": bought.wallet.balance_z,
    }
    return Done(data | {"idempotent_replay": True} if bought.replayed else data)


@request("vanity.check_color", VALUE, channel=False)
async def check_color(call: ApiCall) -> ApiAnswer:
    """What a page shows beside its colour picker; asking changes and costs nothing."""
    return Done(judged(call.field(VALUE), call.settings.vanity_shop.chat_color))


def judged(text: str, item: ChatColor) -> dict[str, object]:
    """Whether a text is a colour that may be bought, how well it reads, and that in words."""
    colour = parsed_colour(text)
    if colour is None:
        return {
            "value": text,
            "valid": False,
            "acceptable": False,
            "level": "invalid",
            "message": texts.no_colour(text),
        }
    found = readability(colour, item)
    return {
        "value": colour,
        "valid": True,
        "bg": item.contrast_bg,
        "lc": found.lc,
        "score": found.score,
        "level": found.level,
        "acceptable": found.acceptable,
        "enforced": found.enforced,
        "message": texts.judged(colour, found, item.min_contrast_lc),
    }


@request("vanity.resync_colors", APPLY, mutating=True)
async def resync_colors(call: ApiCall) -> ApiAnswer:
    """Take over what only the stylesheet knows, and make its block what the books say."""
    await call.attempt()
    apply, until_s = call.field(APPLY), anyio.current_time() + _DECIDED_S

    def order(reply: Reply[Resynced | NotShown]) -> ResyncColours:
        return ResyncColours(apply, until_s, reply)

    answer = await call.context.colours[call.channel].ask(order, timeout_s=_ANSWERED_S)
    if isinstance(answer, NotShown):
        return Failed(Code.UNAVAILABLE, texts.not_resynced(answer))
    return Done(
        {
            "channel": call.channel,
            "imported": answer.imported,
            "total_managed": answer.managed,
            "css_reapplied": answer.written,
        }
    )
