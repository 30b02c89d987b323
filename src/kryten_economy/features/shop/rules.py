"""Items of a channel's own shop: what they are, and which of them are sold.

An item of the configuration hides one of the same id that was defined while the service ran.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from kryten_economy.config.shop import Effect, ShopItem
from kryten_economy.text.markup import user_text
from kryten_economy.text.templates import render_tolerant

__all__ = ("Item", "announcement", "item_of", "items_on_sale", "same_but_price")


@dataclass(frozen=True, slots=True)
class Item:
    """Something that operators sell; ``multiplier`` in the digits it was written with.

    ``by_hand``: it was defined while the service ran, and the books know it.
    """

    id: str
    name: str
    price_z: int
    effect: Effect
    text: str = ""
    description: str = ""
    stock: int | None = None
    per_user: int | None = None
    per_day: bool = False
    cooldown_ms: int = 0
    min_rank: str = ""
    multiplier: str = "2"
    minutes: int = 30
    by_hand: bool = False

    @property
    def factor(self) -> Fraction:
        """What an event of it multiplies earning by."""
        return Fraction(self.multiplier)

    @property
    def event_name(self) -> str:
        """What an event of it is called."""
        return self.text or self.name


def item_of(section: ShopItem, *, by_hand: bool = False) -> Item:
    """The item that a section describes."""
    return Item(
        id=section.id,
        name=user_text(section.name),
        price_z=section.price,
        effect=section.effect,
        text=user_text(section.text),
        description=user_text(section.description),
        stock=section.stock,
        per_user=section.per_user,
        per_day=section.per_user_period == "day",
        cooldown_ms=section.cooldown_minutes * 60_000,
        min_rank=section.min_rank,
        multiplier=str(Fraction(str(section.multiplier))),
        minutes=section.minutes,
        by_hand=by_hand,
    )


def items_on_sale(configured: Iterable[ShopItem], by_hand: Iterable[Item]) -> dict[str, Item]:
    """All items by their id, those of the configuration first."""
    found = {each.id: item_of(each) for each in configured}
    for item in by_hand:
        found.setdefault(item.id, item)
    return found


def same_but_price(one: Item, other: Item) -> bool:
    """Whether who agreed to buy the one gets the same with the other; a quote outlives a price."""
    return replace(one, price_z=0, stock=None) == replace(other, price_z=0, stock=None)


def announcement(item: Item, buyer: str, price: str) -> str:
    """What the channel is told of a purchase; ``buyer`` and ``price`` as they are shown."""
    values = {"user": buyer, "item": item.name, "price": price}
    return render_tolerant(item.text, values, item.text) or item.name
