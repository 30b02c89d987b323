"""What a member is seen by: each thing can be tried before it is paid for.

What is tried comes back as the bot would post it, by the functions that check and post it.
"""

from typing import Any, Final, NamedTuple

from starlette.responses import Response

from economy_actors.handlers import kit
from economy_actors.handlers.colours import judged
from economy_actors.handlers.vanity import (
    GIF_ITEM,
    GREETING_ITEM,
    NAME_ITEM,
    TITLE_ITEM,
    BoughtByText,
)
from economy_actors.pages.asking import PageCall, as_pm
from economy_actors.pages.registry import Who, form, page
from economy_actors.pages.shop import OnCounter, bought, on_counter, owned_by_type
from economy_actors.pages.view import View
from kryten_economy.features.money.texts import balance, currency_variables
from kryten_economy.features.vanity import texts
from kryten_economy.features.vanity.rules import BadText, checked, with_title
from kryten_economy.ledger.operation import SPENDING

__all__ = ()

_TRIED_MOST: Final = 1_000
_LIGHT: Final = "#FFFFFF"
_BY_TEXT: Final = {each.key: each for each in (GREETING_ITEM, TITLE_ITEM, NAME_ITEM, GIF_ITEM)}


class Tried(NamedTuple):
    """What somebody tries: as it would be bought, and how it looks; or what is wrong with it."""

    value: str
    problem: str = ""
    lines: tuple[str, ...] = ()
    colour: dict[str, Any] | None = None
    on_light: dict[str, Any] | None = None


class Dressing(NamedTuple):
    """One thing to be seen by; ``typed`` is what stands in its field."""

    sold: OnCounter
    own: str
    typed: str
    tried: Tried | None


@page("/me/vanity", who=Who.MEMBER, nav="Looks", at=47, group="Spend and play")
async def vanity(view: View) -> Response:
    """All of them, with what is tried by the query string."""
    call = await as_pm(view, "buy")
    owned = await owned_by_type(call)
    shown = []
    for sold in await on_counter(call):
        own = owned.get(sold.offer.owned, "")
        asked = view.request.query_params.get(sold.key, "")[:_TRIED_MOST]
        tried = _try(call, sold.key, asked) if asked and sold.offer.takes else None
        shown.append(Dressing(sold, own, asked or own, tried))
    return view.show(
        "vanity/list.html", wallet=call.wallet, stopped=call.stopped(SPENDING), dressings=shown
    )


def _try(call: PageCall, key: str, typed: str) -> Tried | None:
    if key in _BY_TEXT:
        return _try_text(call, _BY_TEXT[key], typed)
    if key == "color":
        return _try_colour(call, typed)
    if key == "shoutout":
        text = checked(typed, "A shoutout", call.settings.vanity_shop.shoutout.max_length)
        if isinstance(text, BadText):
            return Tried(typed, text.text)
        return Tried(text, lines=(texts.shoutout(call.wallet.display_name, text),))
    return None


def _try_text(call: PageCall, item: BoughtByText, typed: str) -> Tried:
    value = item.check(typed)
    if isinstance(value, BadText):
        return Tried(typed, value.text)
    return Tried(value, lines=_as_posted(call, item, value))


def _as_posted(call: PageCall, item: BoughtByText, value: str) -> tuple[str, ...]:
    """How it would be met with; a GIF is shown by others."""
    settings, name = call.settings, call.wallet.display_name
    if item is GREETING_ITEM:
        template = settings.announcements.templates.greeting
        return (texts.greetings(template, [(name, value)], currency_variables(settings.currency)),)
    if item is TITLE_ITEM:
        return (with_title(value, name),)
    if item is NAME_ITEM:
        wallet, rank = call.wallet, kit.rank_name(call.context, call.wallet)
        return (balance(wallet.balance_z, call.symbol, value, rank, wallet.streak_days),)
    return ()


def _try_colour(call: PageCall, typed: str) -> Tried:
    item = call.settings.vanity_shop.chat_color
    colour = judged(typed, item)
    if not colour["valid"]:
        return Tried(typed, str(colour["message"]))
    on_light = judged(typed, item.model_copy(update={"contrast_bg": _LIGHT}))
    problem = "" if colour["acceptable"] else str(colour["message"])
    return Tried(str(colour["value"]), problem, colour=colour, on_light=on_light)


@form("/me/vanity/buy/{what}")
async def buy(view: View) -> Response:
    """Buy what was tried, as `buy` does."""
    return view.answered(await bought(view), back="/me/vanity")
