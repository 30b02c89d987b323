"""A media catalogue in memory: it stands where the real one stands and answers at once."""

from collections.abc import Iterable

from economy_actors.messages.catalogue import CatalogueMessage, FindItem, SearchItems
from economy_actors.runtime import Actor
from kryten_economy.features.catalogue import (
    CatalogueAway,
    CatalogueItem,
    NotInCatalogue,
    search_key,
)

__all__ = ("Shelf",)


class Shelf(Actor[CatalogueMessage]):
    """Finds items by token and by words of their titles; a test may change ``items``.

    While ``away`` it has no answer, as a catalogue that can't be reached; while ``silent`` it
    says nothing at all.
    """

    def __init__(self, items: Iterable[CatalogueItem] = (), *, most: int = 10) -> None:
        self.items = {item.token: item for item in items}
        self.most = most
        self.away = False
        self.silent = False

    async def receive(self, message: CatalogueMessage) -> None:
        if self.silent:
            return
        if self.away:
            message.reply.send(CatalogueAway("away"))
            return
        match message:
            case FindItem(token, reply):
                reply.send(self.items.get(token, NotInCatalogue(token)))
            case SearchItems(query, reply):
                words = search_key(query).split()
                found = (
                    item
                    for item in self.items.values()
                    if all(word in item.title.lower() for word in words)
                )
                reply.send(tuple(found)[: self.most])
