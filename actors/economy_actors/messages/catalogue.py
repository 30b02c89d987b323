"""What the media catalogue is asked; it answers with values and never with an exception."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from economy_actors.runtime import Reply
from kryten_economy.config.spending import MediaCms
from kryten_economy.features.catalogue import CatalogueAway, CatalogueItem, NotInCatalogue

__all__ = (
    "NOTHING_KNOWN",
    "CatalogueMessage",
    "FindItem",
    "ItemAnswer",
    "KnownItems",
    "SearchAnswer",
    "SearchItems",
)

ItemAnswer = CatalogueItem | NotInCatalogue | CatalogueAway
SearchAnswer = tuple[CatalogueItem, ...] | CatalogueAway


@dataclass(frozen=True, slots=True)
class FindItem:
    """Which item has this token? ``fresh``: as the catalogue is now, whatever is remembered."""

    token: str
    reply: Reply[ItemAnswer]
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class SearchItems:
    """Which items match these words? The configured number of them, in the server's order."""

    query: str = field(repr=False)
    reply: Reply[SearchAnswer]


CatalogueMessage = FindItem | SearchItems


class KnownItems(NamedTuple):
    """Items that were found, by token, each with the loop time at which it was, in seconds.

    They are of one server, as it shows itself to whoever has one token.
    """

    base_url: str
    server_token: str | None
    items: Mapping[str, tuple[float, CatalogueItem]]

    def find(self, token: str, settings: MediaCms, now_s: float) -> CatalogueItem | None:
        """The item, where it is known and that is not too long ago."""
        at_s, item = self.items.get(token, (now_s, None))
        is_same = (self.base_url, self.server_token) == (settings.server_url, settings.token)
        return item if is_same and now_s - at_s < settings.cache_ttl_seconds else None


NOTHING_KNOWN = KnownItems("", None, MappingProxyType({}))
