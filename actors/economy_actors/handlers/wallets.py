"""What other services charge users: reserve up to a budget, pay the cost, release, look.

A service names itself and can settle only what it has reserved. While wallets are off nothing new
is reserved; what is reserved already can still be settled.
"""

import re
from datetime import UTC, datetime

import structlog

from economy_actors.context import notify
from economy_actors.handlers.answers import ApiAnswer, Code, Done, Refused
from economy_actors.handlers.fields import Amount, Body, Count, Flag, Invalid, Text
from economy_actors.handlers.registry import ApiCall, request
from kryten_economy.features.wallets import texts
from kryten_economy.features.wallets.operations import (
    Finalize,
    Finalized,
    Release,
    ReleasedReservation,
    Reserve,
    Reserved,
)
from kryten_economy.features.wallets.queries import charged_in_all, wallet_states
from kryten_economy.features.wallets.rules import (
    Caps,
    Left,
    WalletState,
    caps_of,
    left_of_day,
    shown,
)
from kryten_economy.refusals import (
    AMOUNT_MAX_Z,
    AlreadySettled,
    Ignored,
    NoHold,
    Refusal,
)

__all__ = ("BUDGET", "COST")


_SERVICE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}", re.ASCII)


class _Service(Text):
    """The name of a service, in lower case; it becomes part of trigger ids."""

    __slots__ = ()

    @property
    def schema(self) -> Body:
        """The name of a service."""
        return {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$"}

    def read(self, value: object) -> str | Invalid:
        """The name as it stands in the configuration."""
        text = super().read(value)
        if isinstance(text, Invalid) or not text:
            return text
        name = text.lower()
        if _SERVICE_NAME.fullmatch(name) is None:
            return Invalid(f"{self.name} must have 1 to 32 letters, digits, '-' and '_'")
        return name


# Who asks again must be known to do so: without an id nothing here moves money.
_REQUEST_ID = Text("request_id", most=128, required=True)
_SERVICE = _Service("service", most=32, required=True)
_ANY_SERVICE = _Service("service", most=32)
_RESERVATION = Text("reservation_id", most=200, required=True)
BUDGET = Amount("budget", low=1, high=AMOUNT_MAX_Z)
COST = Amount("cost", low=0, high=AMOUNT_MAX_Z)
_PARTIAL = Flag("partial")
_TTL = Count("ttl_seconds", default=0, low=1, high=10**9)
_REASON = Text("reason", most=100)
_NOT_STATED = -1
_UNITS_IN = Count("units_in", default=_NOT_STATED, low=0, high=2**53)
_UNITS_OUT = Count("units_out", default=_NOT_STATED, low=0, high=2**53)

_REPLAY = {"idempotent_replay": True}

_log = structlog.get_logger("wallets")


@request(
    "wallet.reserve",
    _SERVICE,
    BUDGET,
    _PARTIAL,
    _TTL,
    _REASON,
    _REQUEST_ID,
    user=True,
    mutating=True,
    repeatable=True,
)
async def wallet_reserve(call: ApiCall) -> ApiAnswer:
    """Set up to a budget aside; all of it, unless the caller takes less."""
    wallets, service = call.settings.wallets, call.field(_SERVICE)
    if not wallets.enabled:
        return Refused(Code.DISABLED, texts.switched_off())
    caps = caps_of(wallets, service)
    if caps is None:
        return Refused(Code.REJECTED, texts.not_a_service(service))
    if call.context.live.ignores(call.name):
        return call.refused(Ignored(call.name), call.name)
    wished_s, now_ms = call.field(_TTL), call.now_ms
    ttl_s = min(wished_s or wallets.ttl_seconds, wallets.max_ttl_seconds)
    answer = await call.commit(
        Reserve(
            call.op_id,
            call.user,
            service,
            call.field(BUDGET),
            call.field(_PARTIAL),
            caps,
            now_ms + ttl_s * 1000,
            now_ms,
            call.context.live.calendar.day(now_ms),
            wished_s,
            call.field(_REASON),
        )
    )
    if not isinstance(answer, Reserved):
        assert isinstance(answer, Refusal), answer
        return call.refused(answer, call.name)
    data = {
        "username": answer.wallet.display_name,
        "channel": call.channel,
        "service": service,
        "reservation_id": answer.reservation_id,
        "budget": call.field(BUDGET),
        "reserved": answer.reserved_z,
        "balance": answer.wallet.balance_z,
        "left_today": answer.left_z,
        "expires_at": _iso(answer.expires_at_ms),
    }
    return Done(data | _REPLAY if answer.replayed else data)


@request(
    "wallet.finalize",
    _SERVICE,
    _RESERVATION,
    COST,
    _UNITS_IN,
    _UNITS_OUT,
    _REQUEST_ID,
    mutating=True,
    repeatable=True,
)
async def wallet_finalize(call: ApiCall) -> ApiAnswer:
    """Charge what it did cost, at most what is reserved and what is left of the day."""
    service, now_ms = call.field(_SERVICE), call.now_ms
    answer = await call.commit(
        Finalize(
            call.op_id,
            call.channel,
            service,
            call.field(_RESERVATION),
            call.field(COST),
            _caps_at_the_end(call, service),
            now_ms,
            call.context.live.calendar.day(now_ms),
            _stated(call.field(_UNITS_IN)),
            _stated(call.field(_UNITS_OUT)),
        )
    )
    if not isinstance(answer, Finalized):
        assert isinstance(answer, Refusal), answer
        return _not_settled(call, service, answer)
    if not answer.replayed:
        _tell(call, service, answer)
    data = {
        "username": answer.wallet.display_name,
        "channel": call.channel,
        "service": service,
        "reservation_id": answer.reservation_id,
        "cost": call.field(COST),
        "reserved": answer.reserved_z,
        "charged": answer.amount_z,
        "returned": answer.reserved_z - answer.amount_z,
        "capped": answer.capped,
        "balance": answer.wallet.balance_z,
        "spent_today": answer.spent_z,
        "left_today": answer.left_z,
    }
    return Done(data | _REPLAY if answer.replayed else data)


def _caps_at_the_end(call: ApiCall, service: str) -> Caps:
    """Those of now; a service that was taken off the list may still charge what it reserved."""
    wallets = call.settings.wallets
    known = caps_of(wallets, service)
    return known or Caps(wallets.user_daily_cap, wallets.service_daily_cap)


def _tell(call: ApiCall, service: str, answer: Finalized) -> None:
    if not answer.adds_up:
        call.context.metrics.error("ledger")
        _log.error("a charge does not add up", channel=call.channel, reservation=answer)
    if answer.amount_z:
        balance_z = answer.wallet.balance_z
        text = texts.charged(service, answer.amount_z, answer.reason, balance_z, call.symbol)
        notify(call.context, answer.wallet, text, trace=call.trace)


@request("wallet.release", _SERVICE, _RESERVATION, mutating=True, repeatable=True)
async def wallet_release(call: ApiCall) -> ApiAnswer:
    """Give a reservation back; releasing it again answers the same."""
    service, reservation_id = call.field(_SERVICE), call.field(_RESERVATION)
    # The reservation itself says what is meant, so that a repetition needs no id of its own.
    op_id = (
        call.op_id if call.trace else f"wallet.release:{call.channel}:{service}:{reservation_id}"
    )
    what = (call.channel, service, reservation_id)
    answer = await call.commit(Release(op_id, *what, call.now_ms, call.day))
    if not isinstance(answer, ReleasedReservation):
        assert isinstance(answer, Refusal), answer
        return _not_settled(call, service, answer)
    data = {
        "username": answer.wallet.display_name,
        "channel": call.channel,
        "service": service,
        "reservation_id": answer.reservation_id,
        "returned": answer.returned_z,
        "balance": answer.wallet.balance_z,
    }
    return Done(data | _REPLAY if answer.replayed else data)


def _not_settled(call: ApiCall, service: str, refusal: Refusal) -> ApiAnswer:
    match refusal:
        case NoHold():
            return Refused(Code.NOT_FOUND, texts.no_reservation(service))
        case AlreadySettled(_, state):
            return Refused(Code.CONFLICT, texts.settled(state))
        case _:
            return call.refused(refusal)


@request("wallet.get", _ANY_SERVICE, user=True)
async def wallet_get(call: ApiCall) -> ApiAnswer:
    """What a user has, what is set aside, what was spent today, and what the caps leave.

    With ``service`` also what is left for this service, of its own caps too.
    """
    if not call.settings.wallets.enabled:
        return Refused(Code.DISABLED, texts.switched_off())
    user, day, service = call.user, call.day, call.field(_ANY_SERVICE)
    states = await call.read(lambda r: wallet_states(r, call.channel, [user.name], day))
    if not states:
        return Done({"found": False, "username": call.name, "channel": call.channel})
    in_all_z = 0
    if service:
        in_all_z = await call.read(lambda r: charged_in_all(r, call.channel, day, service))
    (state,) = states
    data: dict[str, object] = {
        "found": True,
        **shown(state, call.channel, day),
        "banned": state.banned,
        "reserved_by_service": dict(state.reserved),
        **_allowance(call, state, service, in_all_z),
    }
    return Done(data)


def _allowance(call: ApiCall, state: WalletState, service: str, in_all_z: int) -> dict[str, object]:
    """The caps, and what could be reserved now."""
    wallets = call.settings.wallets
    of_user = Caps(wallets.user_daily_cap)
    if not service:
        left = left_of_day(of_user, state.taken(service))
        return {
            "user_daily_cap": of_user.user_z or None,
            "left_today": None if left is None else left.left_z,
            "available": _available_z(state, left),
        }
    caps = caps_of(wallets, service)
    if caps is None:
        return {"service": service, "allowed": False, "left_today": 0, "available": 0}
    left = left_of_day(caps, state.taken(service)._replace(total_z=in_all_z))
    return {
        "service": service,
        "allowed": True,
        "user_daily_cap": caps.user_z or None,
        "daily_cap": caps.service_z or None,
        "total_daily_cap": caps.total_z or None,
        "left_today": None if left is None else left.left_z,
        "available": _available_z(state, left),
    }


def _available_z(state: WalletState, left: Left | None) -> int:
    return state.available_z if left is None else min(state.available_z, left.left_z)


def _stated(units: int) -> int | None:
    return None if units == _NOT_STATED else units


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).isoformat()
