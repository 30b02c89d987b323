"""Search the catalogue, pay to have something played, and see what others have paid for."""

from datetime import datetime
from typing import Final, NamedTuple

from starlette.exceptions import HTTPException
from starlette.responses import Response

from economy_actors.handlers.answers import Failed, Refused
from economy_actors.handlers.catalogue import search_items
from economy_actors.handlers.queue import closed, hindered, on_the_web, price_of
from economy_actors.handlers.registry import COMMANDS
from economy_actors.handlers.spending import limits_of
from economy_actors.pages.asking import PageCall, as_pm
from economy_actors.pages.registry import Who, form, page
from economy_actors.pages.view import View
from kryten_economy.features import catalogue
from kryten_economy.features.catalogue import CatalogueItem
from kryten_economy.features.prices import price_tag
from kryten_economy.features.queue.purchases import Purchase, purchases_to_come, queue_standing
from kryten_economy.features.queue.rules import Action, in_whole_minutes, next_blackout, too_often
from kryten_economy.ledger.operation import SPENDING
from kryten_economy.refusals import CoolingDown
from kryten_economy.text.templates import duration, minute_of

__all__ = ()

_SHOWN_MAX: Final = 100
_ACTIONS: Final[dict[Action, str]] = {
    "queue": "Queue",
    "playnext": "Play next",
    "forcenow": "Play right now",
}


class Found(NamedTuple):
    """A result with what each way to have it played costs; no ways if its length is unknown."""

    title: str
    token: str
    length: str
    ways: tuple[tuple[str, str, str], ...]


class ToCome(NamedTuple):
    """What somebody has paid for, as it is listed."""

    title: str
    length: str
    buyer: str
    how: str
    state: str
    is_own: bool


class Allowance(NamedTuple):
    """How many may be queued today, and the sentence that says why not now, if so."""

    left_today: int
    per_day: int
    refused: str


class Closing(NamedTuple):
    """When queueing is closed next, for machines and for people."""

    name: str
    iso: str
    shown: str


@page("/me/queue", who=Who.MEMBER, nav="Queue", at=48, group="Spend and play")
async def queue(view: View) -> Response:
    """The search and its results, how often one may queue, and what is paid for."""
    call = await as_pm(view, "search")
    query = view.request.query_params.get("q", "").strip()
    elsewhere = on_the_web(call)
    shut = closed(call, "queue")
    usable = _usable(call)
    problem, found = "", None
    if query and usable and elsewhere is None:
        problem, found = await _search(call, query, usable)
    to_come = await call.read(lambda reports: purchases_to_come(reports, call.user, _SHOWN_MAX + 1))
    return view.show(
        "queue/list.html",
        wallet=call.wallet,
        stopped=call.stopped(SPENDING),
        query=query,
        problem=problem,
        found=found,
        usable=usable,
        elsewhere=elsewhere,
        elsewhere_url=call.settings.mediacms.web_queue_url if elsewhere else "",
        shut="" if shut is None else shut.text,
        allowance=await _allowance(call),
        next_closed=_next_closed(call),
        to_come=[_to_come(call, each) for each in to_come[:_SHOWN_MAX]],
        has_more=len(to_come) > _SHOWN_MAX,
    )


def _usable(call: PageCall) -> list[Action]:
    """The ways to have something played that there are here."""
    usable = COMMANDS.usable(call.settings)
    return [action for action in _ACTIONS if action in usable]


async def _search(
    call: PageCall, query: str, usable: list[Action]
) -> tuple[str, list[Found] | None]:
    items = await search_items(call, query)
    if isinstance(items, Refused | Failed):
        return items.text, None
    if not items:
        return catalogue.no_results(query), None
    return "", [_found(call, item, usable) for item in items]


def _found(call: PageCall, item: CatalogueItem, usable: list[Action]) -> Found:
    if item.seconds <= 0:
        return Found(item.title, item.token, "length unknown", ())
    ways = tuple(
        (action, _ACTIONS[action], price_tag(price_of(call, action, item.seconds), call.symbol))
        for action in usable
    )
    return Found(item.title, item.token, duration(item.seconds), ways)


async def _allowance(call: PageCall) -> Allowance:
    """How many are left today, and the sentence that says why not now."""
    user, day = call.user, call.day
    limits = limits_of(call, call.wallet)
    standing = await call.read(lambda reports: queue_standing(reports, user, day))
    left_ms = standing.cooldown_left_ms(limits, call.now_ms)
    refusal = too_often(limits, "queue", standing.used_today, left_ms)
    if isinstance(refusal, CoolingDown):
        refusal = in_whole_minutes(refusal)
    refused = hindered(call) if refusal is None else call.refused(refusal)
    left = max(0, limits.per_day - standing.used_today)
    return Allowance(left, limits.per_day, "" if refused is None else refused.text)


def _next_closed(call: PageCall) -> Closing | None:
    """The next window in which nothing is queued, in the configured zone."""
    calendar = call.context.live.calendar
    ahead = next_blackout(call.settings, calendar, call.now_ms)
    if ahead is None:
        return None
    at = datetime.fromtimestamp(ahead.starts_at_ms // 1000, calendar.zone)
    shown = f"{minute_of(ahead.starts_at_ms, calendar.zone)} ({calendar.zone.key})"
    return Closing(ahead.name, at.isoformat(), shown)


def _to_come(call: PageCall, each: Purchase) -> ToCome:
    state = {"asked": "waits for an operator", "paid": "is being added"}
    return ToCome(
        each.title,
        duration(each.seconds),
        each.display_name,
        _ACTIONS[each.action],
        state.get(each.state, "on the playlist"),
        each.name == call.user.name,
    )


@form("/me/queue/{action}/{token}")
async def pay(view: View) -> Response:
    """Have it offered at its price, as the command does; it is paid for with YES."""
    action = view.place("action")
    if action not in _ACTIONS:
        raise HTTPException(404)
    return view.answered(await view.act(action, view.place("token")), back="/me/queue")
