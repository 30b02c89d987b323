"""What the media catalogue is asked; it answers with values and never with an exception."""

from dataclasses import dataclass, field

from economy_actors.runtime import Reply
from kryten_economy.features.catalogue import CatalogueAway, CatalogueItem, NotInCatalogue

__all__ = ("CatalogueMessage", "FindItem", "ItemAnswer", "SearchAnswer", "SearchItems")

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
