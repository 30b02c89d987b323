"""Games in which people play against each other: predictions, raffles and auctions.

``member_rank`` is the place in `ranks.tiers` (the lowest is 0) from which members may open one
too; None: only operators.
"""

from typing import Annotated, ClassVar

from kryten_economy.config.section import (
    DEFAULT,
    OFF,
    Amount,
    Count,
    Percent,
    PositiveCount,
    Remedy,
    Section,
    at_least,
)

__all__ = ("Auction", "Prediction", "Raffle")


class Prediction(Section):
    """``gambling.prediction``; what nobody has settled ``void_after_hours`` later is void."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = True
    member_rank: Annotated[Count | None, DEFAULT] = 4
    min_wager: Amount = 10
    max_wager: Annotated[Amount, at_least("min_wager")] = 5000
    max_minutes: PositiveCount = 60
    void_after_hours: PositiveCount = 24
    rake_percent: Percent = 0
    announce_public: bool = True


class Raffle(Section):
    """``gambling.raffle``; prices are of one ticket, the rake is of what the tickets bring."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = True
    member_rank: Annotated[Count | None, DEFAULT] = 4
    min_price: PositiveCount = 1
    max_price: Annotated[PositiveCount, at_least("min_price")] = 1000
    max_tickets: PositiveCount = 50
    min_participants: PositiveCount = 2
    max_minutes: PositiveCount = 1440
    rake_percent: Percent = 0
    announce_public: bool = True


class Auction(Section):
    """``gambling.auction``: a bid in the last ``extend_seconds`` extends the end by as much."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = True
    member_rank: Annotated[Count | None, DEFAULT] = 4
    max_bid: Amount = 1_000_000
    step: PositiveCount = 10
    max_minutes: PositiveCount = 1440
    extend_seconds: Count = 30
    max_extension_minutes: Count = 30
    announce_public: bool = True
