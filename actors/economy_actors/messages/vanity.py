"""What a channel hears about things that its users have bought to be seen by."""

from dataclasses import dataclass

from kryten_economy.features.possessions import Possession
from kryten_economy.features.vanity.operations import LevelPurchase, SettlePurchase

__all__ = (
    "GreetingOwed",
    "GreetingsDue",
    "LevelOverdue",
    "LevelSold",
    "LineTold",
    "PurchaseSettled",
    "SettleDue",
    "VanityMessage",
    "VanityRead",
)


@dataclass(frozen=True, slots=True)
class LineTold:
    """What has become of a public line that somebody paid for; ``receipt`` is its hold."""

    receipt: str
    said: bool


@dataclass(frozen=True, slots=True)
class LevelSold:
    """A CyTube level was paid for and asked for; ``resumed``: by the instance before."""

    purchase: LevelPurchase
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class LevelOverdue:
    """CyTube has had its time to confirm a level."""

    hold_id: str


@dataclass(frozen=True, slots=True)
class SettleDue:
    """A purchase is to be settled."""

    request: SettlePurchase


@dataclass(frozen=True, slots=True)
class PurchaseSettled:
    """The books have answered about it, or a fault came instead."""

    request: SettlePurchase
    answer: object


@dataclass(frozen=True, slots=True)
class GreetingOwed:
    """Somebody has come whose greeting is to be posted (``name`` in lower case)."""

    name: str
    display_name: str
    text: str


@dataclass(frozen=True, slots=True)
class GreetingsDue:
    """Time to post the greetings that have come together."""


@dataclass(frozen=True, slots=True)
class VanityRead:
    """What is owned and shown with names, and what was paid for and is open; None: not known.

    ``shoutouts`` are holds.
    """

    owned: tuple[Possession, ...] | None
    levels: tuple[LevelPurchase, ...] = ()
    shoutouts: tuple[str, ...] = ()
    waited: bool = False


VanityMessage = (
    LineTold
    | LevelSold
    | LevelOverdue
    | SettleDue
    | PurchaseSettled
    | GreetingOwed
    | GreetingsDue
    | VanityRead
)
