"""The channel's own shop: what operators sell beside what the service sells by itself."""

import re
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from kryten_economy.config.section import (
    SKIP,
    Z_MAX,
    Count,
    Label,
    PositiveCount,
    Section,
    nearest,
    refuse,
    template,
    unique,
)
from kryten_economy.text.templates import variables

__all__ = (
    "EVENT_MINUTES_MAX",
    "EVENT_MULTIPLIER_MAX",
    "ITEM_NAME_MAX",
    "ITEM_TEXT_MAX",
    "SOLD_BY_SERVICE",
    "Effect",
    "Shop",
    "ShopItem",
)

ITEM_NAME_MAX = 40
ITEM_TEXT_MAX = 200
EVENT_MINUTES_MAX = 1_440
EVENT_MULTIPLIER_MAX = 10

SOLD_BY_SERVICE: Final = frozenset(
    [
        "greeting",
        "title",
        "gif",
        "rename",
        "shoutout",
        "fortune",
        "cytube2",
        "level2",
        "color",
        "colour",
        "chat_color",
    ]
)
"""What `buy` already means something else by, so that no item of the channel is sold by it."""

Effect: TypeAlias = Literal["announce", "approval", "event", "title"]

_ID = re.compile(r"[a-z][a-z0-9-]{0,23}", re.ASCII)


def _is_id(text: str) -> str:
    lowered = text.strip().lower()
    if not _ID.fullmatch(lowered):
        simple = re.sub(r"[^a-z0-9]+", "-", lowered).strip("-")[:24]
        reading = nearest(simple) if _ID.fullmatch(simple) else None
        allowed = "must be a word of 1 to 24 letters, digits and '-' that begins with a letter"
        raise refuse(allowed, reading=reading)
    return lowered


def _at_most(length: int) -> AfterValidator:
    def check(text: str) -> str:
        if len(text) > length:
            raise refuse(f"must have at most {length} characters")
        return text

    return AfterValidator(check)


class ShopItem(Section):
    """One entry of ``shop.items``.

    ``effect`` is what happens: ``announce`` says ``text`` in the channel, ``approval`` asks an
    operator to fulfil it, ``event`` multiplies earning for a while, ``title`` gives ``text`` as a
    title. Without ``stock`` there is always one left; without ``per_user`` anybody may have many.
    """

    id: Annotated[str, AfterValidator(_is_id)]
    name: Annotated[Label, _at_most(ITEM_NAME_MAX)]
    price: Annotated[int, Field(ge=1, le=Z_MAX)]
    description: Annotated[str, _at_most(ITEM_TEXT_MAX)] = ""
    stock: Count | None = None
    per_user: PositiveCount | None = None
    per_user_period: Literal["ever", "day"] = "ever"
    cooldown_minutes: Count = 0
    min_rank: str = ""
    effect: Effect
    text: Annotated[str, template("user", "item", "price"), _at_most(ITEM_TEXT_MAX)] = ""
    multiplier: Annotated[float, Field(gt=1, le=EVENT_MULTIPLIER_MAX)] = 2.0
    minutes: Annotated[int, Field(ge=1, le=EVENT_MINUTES_MAX)] = 30

    @field_validator("text")
    @classmethod
    def _says_something(cls, text: str, info: ValidationInfo) -> str:
        effect = info.data.get("effect")
        if effect in {"announce", "title"} and not text.strip():
            what = "is announced" if effect == "announce" else "the title is"
            raise refuse(f"must say what {what}")
        if effect in {"title", "event"} and variables(text):
            raise refuse("must be plain, without variables: it is a name")
        return text.strip()


class Shop(Section):
    """``shop``: items of all channels, each with its own stock in every one of them."""

    enabled: bool = True
    items: Annotated[tuple[ShopItem, ...], unique("item id", lambda item: item.id), SKIP] = ()
