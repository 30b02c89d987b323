"""The closed set of reasons for which the books turn a request down.

A refusal is a value: nothing was moved, nothing was written, and the id of the refused
operation stays free, so that the same request may be made again when things have changed.
Everything here is pure and may be imported by every room.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from kryten_economy.users import UserKey

__all__ = (
    "AMOUNT_MAX_Z",
    "BALANCE_MAX_Z",
    "AboveMaximum",
    "AgainstTheRules",
    "AlreadyIn",
    "AlreadyOwned",
    "AlreadyPending",
    "AlreadySettled",
    "AnyRefusal",
    "Banned",
    "BelowMinimum",
    "BountyOver",
    "Busy",
    "Conflict",
    "CoolingDown",
    "DailyLimit",
    "DailySum",
    "EventRuns",
    "Ignored",
    "Insufficient",
    "InvalidAmount",
    "LimitReached",
    "NoAccount",
    "NoBounty",
    "NoHold",
    "NotForSale",
    "NotPending",
    "NotYours",
    "Occupied",
    "OpponentUnable",
    "OverCap",
    "PlayLimit",
    "PlayPaused",
    "ReadOnly",
    "Refusal",
    "SameAccount",
    "SoldOut",
    "TooFewCoins",
    "TooManyOpen",
    "TooYoung",
    "is_refusal",
)

AMOUNT_MAX_Z = 2**53
"""The largest amount of one movement; JSON readers keep whole numbers exact up to here."""

BALANCE_MAX_Z = 2**62
"""The largest balance of an account; the next amount still fits a 64-bit integer."""


@dataclass(frozen=True, slots=True)
class Insufficient:
    """The wallet holds ``balance_z``, which is ``short_z`` less than asked for."""

    balance_z: int
    short_z: int


@dataclass(frozen=True, slots=True)
class NoAccount:
    """Nobody of this name has an account in this channel."""

    user: UserKey


@dataclass(frozen=True, slots=True)
class Banned:
    """The user is banned from the economy of this channel."""

    user: UserKey


@dataclass(frozen=True, slots=True)
class SameAccount:
    """Giver and taker are the same user."""

    user: UserKey


@dataclass(frozen=True, slots=True)
class Conflict:
    """The id was used before, for something else."""

    op_id: str


@dataclass(frozen=True, slots=True)
class NoHold:
    """There is no hold of this id."""

    hold_id: str


@dataclass(frozen=True, slots=True)
class AlreadySettled:
    """The hold is no longer open: ``state`` is ``captured``, ``released`` or ``expired``."""

    hold_id: str
    state: str


@dataclass(frozen=True, slots=True)
class ReadOnly:
    """The channel takes no money requests until an operator reopens it."""

    channel: str
    reason: str


@dataclass(frozen=True, slots=True)
class InvalidAmount:
    """The amount is outside of what may be moved, or a balance would outgrow ``BALANCE_MAX_Z``."""

    amount_z: int


@dataclass(frozen=True, slots=True)
class TooFewCoins:
    """The sum is less than one coin for each of ``users``; 0 where there is nobody to pay."""

    users: int


@dataclass(frozen=True, slots=True)
class CoolingDown:
    """The next one of ``what`` (``Your shoutout``) is possible in ``left_ms``."""

    what: str
    left_ms: int


@dataclass(frozen=True, slots=True)
class DailyLimit:
    """Today's allowance of ``limit`` is used up; ``what`` is one piece (``queued video``)."""

    what: str
    limit: int


@dataclass(frozen=True, slots=True)
class BelowMinimum:
    """Less than may be staked or sent at once."""

    amount_z: int
    minimum_z: int


@dataclass(frozen=True, slots=True)
class AboveMaximum:
    """More than may be staked or sent at once."""

    amount_z: int
    maximum_z: int


@dataclass(frozen=True, slots=True)
class TooYoung:
    """The account is old enough for this in ``left_ms``."""

    left_ms: int


@dataclass(frozen=True, slots=True)
class LimitReached:
    """The user has had as many of ``what`` as they may ever have."""

    what: str
    limit: int


@dataclass(frozen=True, slots=True)
class SoldOut:
    """Nothing is left of ``what``."""

    what: str


@dataclass(frozen=True, slots=True)
class NotForSale:
    """``what`` is no longer sold, or no longer as it was offered."""

    what: str


@dataclass(frozen=True, slots=True)
class AlreadyOwned:
    """The user has ``what`` already, and one more would change nothing."""

    what: str


@dataclass(frozen=True, slots=True)
class EventRuns:
    """An event runs for another ``left_ms``, which one that is bought now would end."""

    name: str
    left_ms: int


@dataclass(frozen=True, slots=True)
class PlayPaused:
    """The user has asked not to be let play until then (UTC epoch milliseconds)."""

    until_ms: int


@dataclass(frozen=True, slots=True)
class PlayLimit:
    """A limit of the day would be passed: ``what`` is ``stakes`` or ``losses``."""

    what: str
    limit_z: int
    left_z: int


@dataclass(frozen=True, slots=True)
class Occupied:
    """Something else is on that leaves no room: ``by`` is its name."""

    by: str


@dataclass(frozen=True, slots=True)
class AlreadyIn:
    """The user takes part in this round already; ``what`` is its name."""

    what: str


@dataclass(frozen=True, slots=True)
class AlreadyPending:
    """Somebody's ``what`` (``GIF``) has not been decided yet, and one at a time may wait."""

    what: str


@dataclass(frozen=True, slots=True)
class OverCap:
    """``asked_z`` is more than ``left_z``, which today's cap leaves a service to take."""

    service: str
    asked_z: int
    left_z: int
    cap_z: int
    whose: Literal["user", "service", "total"]


@dataclass(frozen=True, slots=True)
class AgainstTheRules:
    """The game does not allow that now; ``rule`` is the sentence that says what it allows."""

    rule: str


@dataclass(frozen=True, slots=True)
class OpponentUnable:
    """Somebody else can't take part; ``why`` continues a sentence that begins with their name."""

    user: UserKey
    why: str


@dataclass(frozen=True, slots=True)
class NotPending:
    """There is no open request of this kind, or somebody has settled it already."""


@dataclass(frozen=True, slots=True)
class DailySum:
    """Of the ``limit_z`` that may go into ``what`` (``tips``) in a day, ``left_z`` are left."""

    what: str
    limit_z: int
    left_z: int


@dataclass(frozen=True, slots=True)
class TooManyOpen:
    """The user has ``limit`` open bounties already, as many as they may."""

    limit: int


@dataclass(frozen=True, slots=True)
class NoBounty:
    """The channel has no bounty of this number."""

    bounty_id: int


@dataclass(frozen=True, slots=True)
class BountyOver:
    """The bounty is no longer open: ``state`` is ``claimed``, ``expired`` or ``cancelled``."""

    bounty_id: int
    state: str


@dataclass(frozen=True, slots=True)
class NotYours:
    """Only whoever made it may do this; ``what`` is ``bounty``."""

    what: str


Refusal = (
    Insufficient
    | NoAccount
    | Banned
    | SameAccount
    | Conflict
    | NoHold
    | AlreadySettled
    | ReadOnly
    | InvalidAmount
    | TooFewCoins
    | CoolingDown
    | DailyLimit
    | LimitReached
    | SoldOut
    | NotForSale
    | AlreadyOwned
    | EventRuns
    | AlreadyPending
    | OverCap
    | NotPending
    | BelowMinimum
    | AboveMaximum
    | TooYoung
    | PlayPaused
    | PlayLimit
    | Occupied
    | AlreadyIn
    | AgainstTheRules
    | OpponentUnable
    | DailySum
    | TooManyOpen
    | NoBounty
    | BountyOver
    | NotYours
)


@dataclass(frozen=True, slots=True)
class Ignored:
    """The name is the bot's or an ignored user's: such accounts are paid nothing."""

    name: str


@dataclass(frozen=True, slots=True)
class Busy:
    """A part of the service had no room; nothing was done."""


AnyRefusal = Refusal | Ignored | Busy
"""Why something was not done, be it for the books or before they were asked."""


def is_refusal(kind: type) -> bool:
    """Whether a type of answer belongs to the closed set."""
    return kind in get_args(Refusal)
