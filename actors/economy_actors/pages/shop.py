"""What a member can buy, for how much, what they own, and what stands in the way of a purchase."""

from typing import NamedTuple

from starlette.responses import Response

from economy_actors.handlers.answers import Failed, Refused
from economy_actors.handlers.items import OnShelf, shelf
from economy_actors.handlers.shop import Offer, Ware, service_wares
from economy_actors.messages.session import PageAnswer
from economy_actors.pages.asking import PageCall, as_pm
from economy_actors.pages.registry import Who, form, page
from economy_actors.pages.view import View
from kryten_economy.features.approvals import pending_approvals
from kryten_economy.features.possessions import owned_by_user
from kryten_economy.features.prices import price_tag
from kryten_economy.features.vanity.texts import label
from kryten_economy.ledger.operation import SPENDING

__all__ = ("OnCounter", "bought", "on_counter", "owned_by_type")


class OnCounter(NamedTuple):
    """Something that the service itself sells, by its key, and why not to this member now."""

    key: str
    offer: Offer
    refused: Refused | Failed | None


async def on_counter(call: PageCall) -> list[OnCounter]:
    """All of it, in the order of `shop`."""
    return [
        OnCounter(ware.keys[0], offer, await _why_not(call, ware))
        for ware in service_wares()
        for offer in ware.listed(call)
    ]


async def _why_not(call: PageCall, ware: Ware) -> Refused | Failed | None:
    if call.wallet.barred is not None:
        return call.refused(call.wallet.barred)
    return None if ware.why_not is None else await ware.why_not(call)


async def owned_by_type(call: PageCall) -> dict[str, str]:
    """What the member owns."""
    owned = await call.read(lambda reports: owned_by_user(reports, call.user))
    return {each.type: each.value for each in owned}


@page("/me/shop", who=Who.MEMBER, nav="Shop", at=46, group="Spend and play")
async def shop(view: View) -> Response:
    """The counter, the channel's own items, and what one has already."""
    call = await as_pm(view, "shop")
    sold = await on_counter(call)
    items = await shelf(call, call.wallet) if call.settings.shop.enabled else []
    owned = await owned_by_type(call)
    waiting = await call.read(
        lambda reports: pending_approvals(reports, call.channel, limit=1000),
    )
    return view.show(
        "shop/list.html",
        wallet=call.wallet,
        stopped=call.stopped(SPENDING),
        sold=sold,
        items=[(each, _price(view, each)) for each in items],
        owned=owned,
        mine=[(label(type_), value) for type_, value in owned.items()],
        waiting=[label(each.type) for each in waiting if each.name == call.user.name],
    )


def _price(view: View, on_shelf: OnShelf) -> str:
    assert on_shelf.price is not None, on_shelf
    return price_tag(on_shelf.price, view.symbol)


@form("/me/shop/buy/{what}")
async def buy(view: View) -> Response:
    """Buy something, as `buy` does; an item of the channel is asked about first."""
    return view.answered(await bought(view), back="/me/shop")


async def bought(view: View) -> PageAnswer:
    """What `buy` answers; ``text`` is what is written behind the key."""
    return await view.act("buy", view.place("what"), text=view.form.get("text"))
