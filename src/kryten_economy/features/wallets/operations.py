"""Reserving, charging and releasing for other services, each in one transaction.

A reservation is a hold that outlives a restart. What a service has charged a user on a day is one
row, raised with the charge; the line of the usage log is written with it too.
"""

import json
from dataclasses import dataclass
from typing import ClassVar, Literal

from kryten_economy.features.wallets import texts
from kryten_economy.features.wallets.rules import (
    Caps,
    Left,
    Taken,
    charge,
    grant,
    left_of_day,
    service_of,
    trigger_of,
)
from kryten_economy.ledger.account import Account
from kryten_economy.ledger.expiry import expires_with, resumable
from kryten_economy.ledger.holds import (
    Captured,
    CaptureHold,
    Held,
    Hold,
    PlaceHold,
    Released,
    ReleaseHold,
    capture_hold,
    find_hold,
    place_hold,
    release_hold,
)
from kryten_economy.ledger.operation import ALWAYS, SPENDING, Act, operation
from kryten_economy.ledger.records import Audit, audit
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import (
    AMOUNT_MAX_Z,
    AlreadySettled,
    Banned,
    Conflict,
    Insufficient,
    InvalidAmount,
    NoAccount,
    NoHold,
    OverCap,
    ReadOnly,
)
from kryten_economy.transaction_types import Counters
from kryten_economy.users import UserKey

__all__ = (
    "PURPOSE",
    "Finalize",
    "Finalized",
    "Release",
    "ReleasedReservation",
    "Reserve",
    "Reserved",
    "finalize",
    "release",
    "reserve",
)

PURPOSE = resumable("wallet")

_OPEN = """
    SELECT coalesce(sum(amount_z), 0), coalesce(sum(amount_z) FILTER (WHERE trigger_id = ?2), 0)
    FROM hold WHERE state = 'open' AND purpose = 'wallet' AND account_id = ?1
"""
_OPEN_OF_ALL = """
    SELECT coalesce(sum(amount_z), 0) FROM hold
    WHERE state = 'open' AND purpose = 'wallet' AND channel_id = ?1 AND trigger_id = ?2
"""
_SPENT = """
    SELECT coalesce(sum(spent_z), 0), coalesce(sum(spent_z) FILTER (WHERE service = ?3), 0)
    FROM wallet_spending WHERE account_id = ?1 AND day = ?2
"""
_SPENT_BY_ALL = """
    SELECT coalesce(sum(spent_z), 0) FROM wallet_spending
    WHERE channel_id = ?1 AND day = ?2 AND service = ?3
"""
_RAISE = """
    INSERT INTO wallet_spending (account_id, day, service, channel_id, spent_z, charges)
    VALUES (?, ?, ?, ?, ?, 1)
    ON CONFLICT DO UPDATE SET spent_z = spent_z + excluded.spent_z, charges = charges + 1
"""
_USED = """
    INSERT INTO wallet_usage (
        channel_id, account_id, service, reservation_id, units_in, units_out, reserved_z, cost_z,
        amount_z, adds_up, day, at_ms
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def _left(
    tx: Tx, account: Account, service: str, caps: Caps, day: str, *, besides_open: bool
) -> Left | None:
    """What the caps leave today; with ``besides_open`` open reservations count as spent."""
    if not any(caps):
        return None
    user_z, service_z = tx.query(_SPENT, account.id, day, service)[0]
    total_z = 0
    if caps.total_z:
        ((total_z,),) = tx.query(_SPENT_BY_ALL, account.channel.id, day, service)
    if besides_open:
        trigger_id = trigger_of(service)
        open_z, of_service_z = tx.query(_OPEN, account.id, trigger_id)[0]
        user_z, service_z = user_z + open_z, service_z + of_service_z
        if caps.total_z:
            total_z += tx.query(_OPEN_OF_ALL, account.channel.id, trigger_id)[0][0]
    return left_of_day(caps, Taken(user_z, service_z, total_z))


# Reserving


@dataclass(frozen=True, slots=True)
class Reserved:
    """What was set aside, which may be less than the budget, and what today leaves besides.

    ``left_z`` is None where there is no cap.
    """

    reservation_id: str
    reserved_z: int
    expires_at_ms: int
    left_z: int | None
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Reserve(Act[Reserved | OverCap | Insufficient | NoAccount | Banned | InvalidAmount]):
    """Set up to ``budget_z`` aside for a service; with ``partial`` less is enough.

    ``ttl_s`` is what the caller asked for, 0 for nothing; ``reason`` may be empty.
    """

    HALTED_BY = SPENDING
    ATTEMPT: ClassVar[frozenset[str]] = Act.ATTEMPT | {"caps"}
    op_id: str
    user: UserKey
    service: str
    budget_z: int
    partial: bool
    caps: Caps
    expires_at_ms: int
    at_ms: int
    day: str
    ttl_s: int = 0
    reason: str = ""


@operation
def reserve(
    tx: Tx, ask: Reserve
) -> Reserved | OverCap | Insufficient | NoAccount | Banned | InvalidAmount | Conflict:
    """Set money aside, if wallet and caps of the day allow it beside what is set aside already."""
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    if account.barred is not None:
        return account.barred
    left = _left(tx, account, ask.service, ask.caps, ask.day, besides_open=True)
    reserved_z = grant(ask.budget_z, account.balance_z, left, partial=ask.partial)
    if not reserved_z:
        return _too_much(ask, account, left)
    reservation_id = f"wallet:{ask.op_id}"
    held = place_hold(
        tx,
        PlaceHold(
            ask.op_id,
            reservation_id,
            ask.user,
            reserved_z,
            PURPOSE,
            "spend",
            trigger_of(ask.service),
            texts.reserved_reason(ask.service, ask.reason),
            ask.expires_at_ms,
            ask.at_ms,
            ask.day,
            data=json.dumps({"service": ask.service, "reason": ask.reason}),
            refund_trigger=f"refund.wallet.{ask.service}",
        ),
    )
    if not isinstance(held, Held):
        return held
    left_z = None if left is None else left.left_z - reserved_z
    return Reserved(reservation_id, reserved_z, ask.expires_at_ms, left_z, held.wallet)


def _too_much(
    ask: Reserve, account: Account, left: Left | None
) -> OverCap | Insufficient | InvalidAmount:
    """Whichever limit leaves less is told, with its numbers."""
    if not 1 <= ask.budget_z <= AMOUNT_MAX_Z:
        return InvalidAmount(ask.budget_z)
    if left is not None and left.left_z < min(ask.budget_z, account.balance_z + 1):
        return OverCap(ask.service, ask.budget_z, left.left_z, left.cap_z, left.cap)
    return Insufficient(account.balance_z, ask.budget_z - account.balance_z)


# Charging


@dataclass(frozen=True, slots=True)
class Finalized:
    """What was taken and what went back; ``capped`` is the limit that was below the cost.

    ``spent_z`` is what this service has taken today, ``left_z`` what it still may (None: no cap).
    """

    reservation_id: str
    reserved_z: int
    amount_z: int
    capped: Literal["reserved", "daily"] | None
    spent_z: int
    left_z: int | None
    adds_up: bool
    reason: str
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Finalize(Act[Finalized | NoHold | AlreadySettled | InvalidAmount]):
    """Take what it did cost of a reservation, and give the rest back.

    A cost above what is reserved or left of the day is capped, never refused.
    """

    HALTED_BY = ALWAYS
    ATTEMPT: ClassVar[frozenset[str]] = Act.ATTEMPT | {"caps"}
    op_id: str
    channel: str
    service: str
    reservation_id: str
    cost_z: int
    caps: Caps
    at_ms: int
    day: str
    units_in: int | None = None
    units_out: int | None = None


@operation
def finalize(
    tx: Tx, ask: Finalize
) -> Finalized | NoHold | AlreadySettled | InvalidAmount | ReadOnly:
    """Charge, count it on today's row, and log the usage."""
    hold = _reservation(tx, ask.reservation_id, ask.channel, ask.service)
    if not isinstance(hold, Hold):
        return hold
    if ask.at_ms >= hold.expires_at_ms:
        return AlreadySettled(hold.hold_id, "expired")
    if not 0 <= ask.cost_z <= AMOUNT_MAX_Z:
        return InvalidAmount(ask.cost_z)
    owner = tx.find(hold.owner, ask.day)
    assert owner is not None, hold
    left = _left(tx, owner, ask.service, ask.caps, ask.day, besides_open=False)
    amount_z, capped = charge(ask.cost_z, hold.amount_z, left)
    before = _standing(tx, owner)
    reason = texts.charged_reason(ask.service, amount_z, hold.amount_z)
    captured = capture_hold(
        tx, CaptureHold(ask.op_id, hold.hold_id, amount_z, "sink", reason, ask.at_ms, ask.day)
    )
    if not isinstance(captured, Captured):
        assert isinstance(captured, InvalidAmount | ReadOnly), captured
        return captured
    moved = tuple(after - was for after, was in zip(_standing(tx, owner), before, strict=True))
    adds_up = moved == (hold.amount_z - amount_z, -hold.amount_z, amount_z)
    if hold.day != ask.day and amount_z:
        # The day of the charge is the one on which it was finalized.
        tx.accounts.tally(owner, Counters(z_spent=-amount_z), hold.day)
        tx.accounts.tally(owner, Counters(z_spent=amount_z), ask.day)
    # Also where nothing went back: whoever follows the facts is to hear of the charge.
    tx.accounts.touch(owner)
    _log_usage(tx, ask, hold, owner, amount_z, adds_up=adds_up)
    spent_z = tx.query(_SPENT, owner.id, ask.day, ask.service)[0][1]
    left = _left(tx, owner, ask.service, ask.caps, ask.day, besides_open=True)
    return Finalized(
        hold.hold_id,
        hold.amount_z,
        amount_z,
        capped,
        spent_z,
        None if left is None else left.left_z,
        adds_up,
        json.loads(hold.data or "{}").get("reason", ""),
        owner.wallet,
    )


def _reservation(
    tx: Tx, reservation_id: str, channel: str, service: str
) -> Hold | NoHold | AlreadySettled:
    """The open reservation of a service; another's is as good as none."""
    hold = find_hold(tx, reservation_id)
    if (
        hold is None
        or hold.purpose != PURPOSE
        or hold.channel.lower() != channel.lower()
        or service_of(hold.trigger_id) != service
    ):
        return NoHold(reservation_id)
    return hold if hold.state == "open" else AlreadySettled(hold.hold_id, hold.state)


def _standing(tx: Tx, owner: Account) -> tuple[int, int, int]:
    escrow, sink = tx.system(owner.channel, "escrow"), tx.system(owner.channel, "sink")
    return owner.balance_z, escrow.balance_z, sink.balance_z


def _log_usage(
    tx: Tx, ask: Finalize, hold: Hold, owner: Account, amount_z: int, *, adds_up: bool
) -> None:
    # The hold may still be in the cache, and the log refers to it.
    tx.write()
    tx.run(_RAISE, owner.id, ask.day, ask.service, owner.channel.id, amount_z)
    tx.run(
        _USED,
        owner.channel.id,
        owner.id,
        ask.service,
        hold.hold_id,
        ask.units_in,
        ask.units_out,
        hold.amount_z,
        ask.cost_z,
        amount_z,
        int(adds_up),
        ask.day,
        ask.at_ms,
    )


# Giving back


@dataclass(frozen=True, slots=True)
class ReleasedReservation:
    """All of it went back."""

    reservation_id: str
    returned_z: int
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Release(Act[ReleasedReservation | NoHold | AlreadySettled | InvalidAmount]):
    """Give a reservation back: nothing is charged."""

    HALTED_BY = ALWAYS

    op_id: str
    channel: str
    service: str
    reservation_id: str
    at_ms: int
    day: str


@operation
def release(
    tx: Tx, ask: Release
) -> ReleasedReservation | NoHold | AlreadySettled | InvalidAmount | ReadOnly:
    """Give all of it back to its owner."""
    hold = _reservation(tx, ask.reservation_id, ask.channel, ask.service)
    if not isinstance(hold, Hold):
        return hold
    reason = texts.released_reason(ask.service)
    released = release_hold(
        tx, ReleaseHold(ask.op_id, hold.hold_id, None, None, reason, ask.at_ms, ask.day)
    )
    if not isinstance(released, Released):
        return released
    return ReleasedReservation(hold.hold_id, released.released_z, released.wallet)


def _expired(tx: Tx, hold: Hold, at_ms: int) -> str:
    """A reservation has run out: a line in the audit log, with the movement."""
    service = service_of(hold.trigger_id)
    arguments = {
        "service": service,
        "username": hold.name,
        "reservation_id": hold.hold_id,
        "amount": hold.amount_z,
    }
    result = f"expired: {hold.amount_z} returned"
    about = ("wallet.expire", json.dumps(arguments), result)
    audit(tx, Audit(at_ms, service, hold.channel, *about, done=True))
    return texts.expired_reason(service)


expires_with(PURPOSE, _expired)
