"""Questions to the media catalogue, for the commands and requests that sell what is in it.

Whoever asks waits for a few seconds at most. An answer that comes later is kept for the next
question, so a slow catalogue is only asked twice.
"""

from typing import Final

import anyio

from economy_actors.handlers.answers import Code, Failed, Refused
from economy_actors.handlers.registry import Call, PmCall
from economy_actors.messages.catalogue import FindItem, ItemAnswer, SearchAnswer, SearchItems
from economy_actors.runtime import AskExpired, RuntimeFault
from kryten_economy.features import catalogue
from kryten_economy.features.catalogue import CatalogueAway, CatalogueItem, NotInCatalogue
from kryten_economy.text.markup import units

__all__ = ("find_item", "search_items")

_PM_WAIT_S: Final = 8.0
"""A session serves one user, who can wait for their own answer."""

_API_WAIT_S: Final = 2.5
"""Callers wait 5 s, and there is more to do than to find the item."""


async def find_item(
    call: Call, token: str, *, fresh: bool = False
) -> CatalogueItem | Refused | Failed:
    """The item of this token, or why there is none.

    Before money moves it may be asked for ``fresh``: what was found minutes ago may be gone.
    """
    if (off := _not_configured(call)) is not None:
        return off
    if not catalogue.is_token(token):
        return Refused(Code.INVALID_REQUEST, catalogue.bad_token(token))
    known = None if fresh else _known(call, token)
    try:
        answer = known or await _asked(call, token, fresh=fresh)
    except RuntimeFault as fault:
        return _failed(fault)
    match answer:
        case CatalogueItem():
            return answer
        case NotInCatalogue():
            return Refused(Code.NOT_FOUND, catalogue.no_such_item(token))
        case CatalogueAway():
            return Failed(Code.UNAVAILABLE, catalogue.unavailable())


def _known(call: Call, token: str) -> CatalogueItem | None:
    """An item that is remembered; it was asked for before."""
    items = call.context.known_items.value
    return items.find(token, call.settings.mediacms, anyio.current_time())


async def _asked(call: Call, token: str, *, fresh: bool) -> ItemAnswer:
    ref = call.context.catalogue
    answer: ItemAnswer = await ref.ask(
        lambda reply: FindItem(token, reply, fresh), timeout_s=_wait_s(call)
    )
    return answer


async def search_items(call: Call, query: str) -> tuple[CatalogueItem, ...] | Refused | Failed:
    """The items that match, none if there are none; or why nobody could look."""
    if (off := _not_configured(call)) is not None:
        return off
    if not catalogue.search_key(query):
        return Refused(Code.INVALID_REQUEST, catalogue.empty_query())
    if units(query) > catalogue.QUERY_UNITS_MAX:
        return Refused(Code.INVALID_REQUEST, catalogue.query_too_long())
    ref = call.context.catalogue
    answer: SearchAnswer
    try:
        answer = await ref.ask(lambda reply: SearchItems(query, reply), timeout_s=_wait_s(call))
    except RuntimeFault as fault:
        return _failed(fault)
    if isinstance(answer, CatalogueAway):
        return Failed(Code.UNAVAILABLE, catalogue.unavailable())
    return answer


def _not_configured(call: Call) -> Refused | None:
    if call.settings.mediacms.configured:
        return None
    return Refused(Code.DISABLED, catalogue.not_configured())


def _wait_s(call: Call) -> float:
    return _PM_WAIT_S if isinstance(call, PmCall) else _API_WAIT_S


def _failed(fault: RuntimeFault) -> Failed:
    is_slow = isinstance(fault, AskExpired)
    text = catalogue.still_looking() if is_slow else catalogue.unavailable()
    return Failed(Code.UNAVAILABLE, text)
