"""Ranks and the promotion that can be bought."""

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from kryten_economy.config.section import (
    DEFAULT,
    DEFAULT_IF_EMPTY,
    FIRST_FROM_ZERO,
    FLOOR,
    OFF,
    SKIP,
    Amount,
    Factor,
    Label,
    Price,
    Reading,
    Remedy,
    Section,
    Share,
    read_as,
    refuse,
    unique,
)

__all__ = ("CytubePromotion", "Ranks", "Tier")


class Tier(Section):
    """A rank: reached with so much earned over a lifetime; perks are read from their text."""

    name: Label
    min_lifetime_earned: Annotated[Amount, FIRST_FROM_ZERO]
    perks: tuple[str, ...] = ()
    cytube_level_promotion: Annotated[Annotated[int, Field(ge=0, le=255)] | None, DEFAULT] = None


def _tier(name: str, earned: int, *perks: str, level: int | None = None) -> Tier:
    return Tier(name=name, min_lifetime_earned=earned, perks=perks, cytube_level_promotion=level)


def _sorted_from_zero(tiers: tuple[Tier, ...]) -> tuple[Tier, ...]:
    lowest = min(range(len(tiers)), key=lambda index: tiers[index].min_lifetime_earned)
    key = (lowest, "min_lifetime_earned")
    if tiers[lowest].min_lifetime_earned != 0:
        raise refuse(
            "the lowest min_lifetime_earned must be 0, so that everybody has a rank",
            *key,
            reading=Reading({key: 0}, "it is read as 0"),
        )
    return tuple(sorted(tiers, key=lambda tier: tier.min_lifetime_earned))


class Ranks(Section):
    """``ranks``; tiers are sorted by threshold and the lowest one is 0."""

    earn_multiplier_per_rank: Annotated[Factor, FLOOR] = 0.0
    spend_discount_per_rank: Annotated[Share, read_as(lambda _: 0.0)] = 0.02
    tiers: Annotated[
        tuple[Tier, ...],
        Field(min_length=1),
        unique("rank name", lambda tier: tier.name),
        AfterValidator(_sorted_from_zero),
        SKIP,
        DEFAULT_IF_EMPTY,
    ] = (
        _tier("Extra", 0),
        _tier("Grip", 1000, "1 free daily fortune"),
        _tier("Key Grip", 5000, "2% spend discount"),
        _tier("Gaffer", 15000, "4% discount", "rain drops +20%"),
        _tier("Best Boy", 40000, "6% discount", "+1 queue/day"),
        _tier("Associate Producer", 100_000, "8% discount", "premium vanity items"),
        _tier("Producer", 250_000, "10% discount", "priority queue position"),
        _tier("Director", 500_000, "12% discount", "+2 queues/day"),
        _tier("Executive Producer", 1_000_000, "15% discount"),
        _tier(
            "Studio Mogul",
            5_000_000,
            "20% discount",
            "custom everything",
            "legendary status",
            level=2,
        ),
    )


class CytubePromotion(Section):
    """``cytube_promotion``; ``min_rank`` names one of the tiers."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = True
    purchasable: bool = True
    cost: Price = 500_000
    min_rank: str = "Associate Producer"
