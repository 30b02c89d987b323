"""What the books answer about rain, events, interest and competitions."""

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:  # answers.py takes these into its union
    from kryten_economy.ledger.answers import Wallet

__all__ = (
    "CompetitionsPaid",
    "Distributed",
    "EventEnded",
    "EventKind",
    "EventOpened",
    "EventStarted",
    "Maintained",
    "OccasionAnswer",
    "Paid",
    "RunningEvent",
    "TooFewCoins",
    "Won",
)


EventKind: TypeAlias = Literal["scheduled", "adhoc"]


class Paid(NamedTuple):
    """One user's part, and the wallet after it."""

    wallet: "Wallet"
    amount_z: int


class Won(NamedTuple):
    """A prize that was paid, and the wallet after it."""

    competition_id: str
    wallet: "Wallet"
    amount_z: int


class RunningEvent(NamedTuple):
    """An event whose end has not been noticed yet."""

    kind: EventKind
    name: str
    fired_at_ms: int
    ends_at_ms: int
    multiplier: Fraction
    announced: bool


@dataclass(frozen=True, slots=True)
class Distributed:
    """Who got what, in the order of the request; the banned are left out."""

    paid: tuple[Paid, ...]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class TooFewCoins:
    """Not even one coin for each of ``users``; nothing was paid. ``users`` 0: nobody is there."""

    users: int


@dataclass(frozen=True, slots=True)
class EventOpened:
    """``fresh`` is True for the one who noticed the event first."""

    fresh: bool
    paid: tuple[Paid, ...] = ()
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class EventStarted:
    """The event as it is stored; ``replaced`` is the name of the one that ended with it."""

    event: RunningEvent
    replaced: str | None


@dataclass(frozen=True, slots=True)
class EventEnded:
    """Whether this request ended it."""

    changed: bool


@dataclass(frozen=True, slots=True)
class Maintained:
    """How many wallets got or lost how much in all."""

    accounts: int
    total_z: int
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class CompetitionsPaid:
    """The prizes that were paid."""

    won: tuple[Won, ...]
    replayed: bool = False


OccasionAnswer = (
    Distributed
    | TooFewCoins
    | EventOpened
    | EventStarted
    | EventEnded
    | Maintained
    | CompetitionsPaid
)
