"""The media catalogue: what an item is, what CyTube plays it by, and what is told about it.

Pure. What the catalogue's server answers is read here as well (`spending.md`): fields that are
missing or of another type get a harmless value, and what can't be used at all is left out.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from kryten_economy.text.markup import clip, user_text

__all__ = (
    "QUERY_UNITS_MAX",
    "CatalogueAway",
    "CatalogueItem",
    "MalformedAnswerError",
    "NotInCatalogue",
    "bad_token",
    "cytube_media",
    "empty_query",
    "is_token",
    "no_results",
    "no_such_item",
    "not_configured",
    "query_too_long",
    "read_item",
    "read_results",
    "search_key",
    "still_looking",
    "unavailable",
)

QUERY_UNITS_MAX = 200
"""A private message holds 240; requests of the API are held to the same."""

_TITLE_UNITS_MAX = 200
_SECONDS_MAX = 366 * 24 * 3600
_UNTITLED = "Unknown"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


class CatalogueItem(NamedTuple):
    """What can be queued; ``seconds`` 0 is an unknown length, which has no price."""

    token: str
    title: str
    seconds: int


@dataclass(frozen=True, slots=True)
class NotInCatalogue:
    """The catalogue has no item by this token."""

    token: str


@dataclass(frozen=True, slots=True)
class CatalogueAway:
    """The catalogue gave no answer that can be used; ``reason`` is for operators."""

    reason: str


class MalformedAnswerError(ValueError):
    """The catalogue answers something else than a catalogue does; is ``base_url`` right?"""


def is_token(text: str) -> bool:
    """Whether this can be an item's token; nothing else is sent to the catalogue or CyTube."""
    return _TOKEN.fullmatch(text) is not None


def cytube_media(base_url: str, token: str) -> tuple[str, str]:
    """The type and the id by which CyTube plays an item: its manifest's address (P-QUE-4)."""
    return "cm", f"{base_url.rstrip('/')}/api/v1/media/cytube/{token}.json?format=json"


def search_key(query: str) -> str:
    """Equal for queries that ask the same."""
    return user_text(query).lower()


# What the server answers


def read_item(body: bytes, token: str) -> CatalogueItem:
    """The item that was asked for by ``token``; raises MalformedAnswerError."""
    document = _document(body)
    item = _item(document, otherwise=token)
    if item is None:
        raise MalformedAnswerError("not an item")
    return item


def read_results(body: bytes, most: int) -> tuple[CatalogueItem, ...]:
    """The first ``most`` results: the server ignores any wish for fewer (P-QUE-5).

    Raises MalformedAnswerError.
    """
    document = _document(body)
    listed = document.get("results") if isinstance(document, dict) else document
    if not isinstance(listed, list):
        raise MalformedAnswerError("no list of results")
    usable = tuple(islice(_usable(listed), most))
    if listed and not usable:
        raise MalformedAnswerError("no result that can be used")
    return usable


def _document(body: bytes) -> object:
    try:
        document: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedAnswerError("not JSON") from error
    return document


def _usable(listed: list[object]) -> Iterator[CatalogueItem]:
    seen = set()
    for each in listed:
        item = _item(each)
        if item is not None and item.token not in seen:
            seen.add(item.token)
            yield item


def _item(document: object, otherwise: str = "") -> CatalogueItem | None:
    if not isinstance(document, dict):
        return None
    named = (document.get("friendly_token"), document.get("id"), otherwise)
    token = next((str(each) for each in named if each), "")
    if not is_token(token):
        return None
    return CatalogueItem(token, _title(document.get("title")), _seconds(document.get("duration")))


def _title(value: object) -> str:
    title = clip(user_text(value), _TITLE_UNITS_MAX) if isinstance(value, str) else ""
    return title or _UNTITLED


def _seconds(value: object) -> int:
    """Whole seconds, a begun one counted: so no length slips below the end of a price tier."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return math.ceil(value) if 0 < value <= _SECONDS_MAX else 0


# What is told


def unavailable() -> str:
    """The catalogue gives no answer, which is something else than no results (P-QUE-6)."""
    return "The media catalogue is unavailable right now. Please try again later."


def still_looking() -> str:
    """The catalogue takes its time; its answer will be at hand for the next question."""
    return "The media catalogue is slow to answer. Please ask again in a moment."


def not_configured() -> str:
    """There is nothing to queue from."""
    return "No media catalogue is set up here, so nothing can be queued."


def no_results(query: str) -> str:
    """A search has found nothing."""
    shown = clip(user_text(query), 60)
    return f"The catalogue has nothing for '{shown}'. Try other or fewer words."


def no_such_item(token: str) -> str:
    """An item is not in the catalogue, or not any more."""
    return f"The catalogue has no item '{clip(user_text(token), 64)}'."


def bad_token(text: str) -> str:
    """What was given can't be an item's id."""
    shown = clip(user_text(text), 64)
    return f"'{shown}' is no item of the catalogue: an id is 1 to 64 letters, digits, '-' or '_'."


def empty_query() -> str:
    """A search without words."""
    return "Say what to look for, for example a word of the title."


def query_too_long() -> str:
    """A search with too many words."""
    return f"Search with at most {QUERY_UNITS_MAX} characters."
