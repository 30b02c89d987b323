"""What a handler answers, and how a refusal is told on each surface.

The type of the answer says how it is counted: a refusal is ``refused``, a failure of the service
itself is ``error``, everything else is ``ok``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, assert_never

from economy_actors.metrics.families import CommandResult
from kryten_economy.commands import refusals
from kryten_economy.refusals import (
    AboveMaximum,
    AgainstTheRules,
    AlreadyIn,
    AlreadyOwned,
    AlreadyPending,
    AlreadySettled,
    AnyRefusal,
    Banned,
    BelowMinimum,
    BountyOver,
    Busy,
    Conflict,
    CoolingDown,
    DailyLimit,
    DailySum,
    EventRuns,
    Halted,
    Ignored,
    Insufficient,
    InvalidAmount,
    LimitReached,
    NoAccount,
    NoBounty,
    NoHold,
    NotForSale,
    NotPending,
    NotUndoable,
    NotYours,
    Occupied,
    OpponentUnable,
    OverCap,
    PlayLimit,
    PlayPaused,
    ReadOnly,
    SameAccount,
    SoldOut,
    TooFewCoins,
    TooManyOpen,
    TooYoung,
)

__all__ = (
    "ApiAnswer",
    "Code",
    "Done",
    "Failed",
    "PmAnswer",
    "Private",
    "Refused",
    "Shown",
    "refused",
    "result_of",
)


class Code(StrEnum):
    """Why a request failed; these are an interface."""

    UNKNOWN_COMMAND = "unknown_command"
    INVALID_REQUEST = "invalid_request"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    RATE_LIMITED = "rate_limited"
    UNKNOWN_CHANNEL = "unknown_channel"
    NOT_FOUND = "not_found"
    BANNED = "banned"
    IGNORED_USER = "ignored_user"
    DISABLED = "disabled"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    COOLDOWN_ACTIVE = "cooldown_active"
    DAILY_LIMIT_REACHED = "daily_limit_reached"
    BLACKOUT_ACTIVE = "blackout_active"
    LIMIT_REACHED = "limit_reached"
    SOLD_OUT = "sold_out"
    REJECTED = "rejected"
    CONFLICT = "conflict"
    REQUEST_ID_CONFLICT = "request_id_conflict"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Done:
    """A request was processed.

    ``rows`` names the list in ``data`` that may be cut where the answer is too long for the bus,
    ``offset`` the place of its first row; None where the request takes no offset. ``acted`` is
    False where all was already as it was asked for, which is no act for the audit log.
    """

    data: Mapping[str, object]
    rows: str | None = None
    offset: int | None = None
    acted: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """It can't be done so; ``text`` is fit for end users on both surfaces.

    ``data`` goes with a request's answer where callers look into it also when it failed.
    """

    code: Code
    text: str
    data: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The service itself could not do it; ``text`` and ``data`` as in `Refused`."""

    code: Code
    text: str
    data: Mapping[str, object] | None = None


class Shown(str):
    """A text of a command that acts at other times and now only shows something."""

    __slots__ = ()


class Private(Shown):
    """A text for its reader only: the audit log says that it was told, not what."""

    __slots__ = ()


PmAnswer: TypeAlias = str | Refused | Failed
"""A text, which is the reply to a command that was carried out, or why it was not."""

ApiAnswer: TypeAlias = Done | Refused | Failed


def result_of(answer: PmAnswer | ApiAnswer) -> CommandResult:
    """The label of ``economy_pm_commands_total`` and ``economy_api_requests_total``."""
    match answer:
        case str() | Done():
            return "ok"
        case Refused():
            return "refused"
        case Failed():
            return "error"
        case _:
            assert_never(answer)


def refused(refusal: AnyRefusal, symbol: str, *, name: str | None = None) -> Refused | Failed:
    """A refusal as both surfaces tell it; ``name`` as in `refusals.in_words`."""
    code, text = _code(refusal), refusals.in_words(refusal, symbol, name=name)
    if isinstance(refusal, Halted):
        return Refused(code, text)  # an admin wants it so
    return Failed(code, text) if code is Code.UNAVAILABLE else Refused(code, text)


_UNDO_CODES = {
    "unknown": Code.NOT_FOUND,
    "undone": Code.CONFLICT,
    "final": Code.REJECTED,
    "short": Code.INSUFFICIENT_BALANCE,
}


def _code(refusal: AnyRefusal) -> Code:  # noqa: C901, PLR0911, PLR0912  # one code for each
    match refusal:
        case Halted(what=what) if what != "read-only":
            return Code.DISABLED
        case ReadOnly() | Busy():
            return Code.UNAVAILABLE
        case Insufficient():
            return Code.INSUFFICIENT_BALANCE
        case LimitReached():
            return Code.LIMIT_REACHED
        case SoldOut():
            return Code.SOLD_OUT
        case NoAccount() | NoHold() | NotPending() | NoBounty() | NotForSale():
            return Code.NOT_FOUND
        case CoolingDown():
            return Code.COOLDOWN_ACTIVE
        case DailyLimit() | PlayLimit() | DailySum() | OverCap():
            return Code.DAILY_LIMIT_REACHED
        case Banned():
            return Code.BANNED
        case Ignored():
            return Code.IGNORED_USER
        case InvalidAmount() | BelowMinimum() | AboveMaximum():
            return Code.INVALID_REQUEST
        case (
            SameAccount()
            | TooFewCoins()
            | TooYoung()
            | AgainstTheRules()
            | PlayPaused()
            | TooManyOpen()
            | OpponentUnable()
            | NotYours()
            | AlreadyOwned()
            | EventRuns()
        ):
            return Code.REJECTED
        case AlreadySettled() | Occupied() | AlreadyIn() | AlreadyPending() | BountyOver():
            return Code.CONFLICT
        case NotUndoable(why=why):
            return _UNDO_CODES[why]
        case Conflict():
            return Code.REQUEST_ID_CONFLICT
        case _:
            assert_never(refusal)
