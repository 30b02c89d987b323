"""What an operator decides on: the payment waits in a hold, and goes back when they say no.

A feature names its kind of approval once (`approvable`), with what happens in the books when it
is granted or rejected, and opens one within the operation that takes the payment
(`open_approval`). A kind that is carried out outside of the books before it is paid for decides
about that itself, within operations of its own (`decide`); `decidable` then says what
`ResolveApproval` may do without it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from kryten_economy.ledger.account import Account
from kryten_economy.ledger.audit import final
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.expiry import resumable
from kryten_economy.ledger.holds import (
    Captured,
    CaptureHold,
    Held,
    PlaceHold,
    Released,
    place_hold,
    settle_hold,
)
from kryten_economy.ledger.operation import ALWAYS, Act, operation
from kryten_economy.ledger.statements import Row
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import (
    AlreadySettled,
    Banned,
    Conflict,
    Insufficient,
    InvalidAmount,
    NoAccount,
    NoHold,
    NotPending,
    ReadOnly,
)
from kryten_economy.users import UserKey

__all__ = (
    "APPROVAL_PURPOSE",
    "EXPIRES_MS",
    "Approval",
    "Opened",
    "ResolveApproval",
    "Resolved",
    "approvable",
    "approval_of",
    "approvals_of",
    "decide",
    "open_approval",
    "overdue_approvals",
    "pending_approvals",
    "pending_of",
    "resolve_approval",
)

APPROVAL_PURPOSE = resumable("approval")
EXPIRES_MS = 168 * 3_600_000
"""So long an operator has for what stays as good as it was; then the payment goes back."""

_NEVER_MS = 100 * 365 * 86_400_000
"""The hold of an approval ends with its decision; one that expires is rejected."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """``granted`` does in the books what was paid for; ``data`` is what the approval was about."""

    refund_trigger: str
    granted: Callable[[Tx, Account, dict[str, Any], int], None]
    rejected: Callable[[Tx, Account, dict[str, Any], int], None]
    decidable: Callable[[Tx, dict[str, Any], bool], bool]
    expires_ms: int


_KINDS: dict[str, _Kind] = {}


def approvable(
    type_: str,
    *,
    refund_trigger: str,
    granted: Callable[[Tx, Account, dict[str, Any], int], None] = lambda *_: None,
    rejected: Callable[[Tx, Account, dict[str, Any], int], None] = lambda *_: None,
    decidable: Callable[[Tx, dict[str, Any], bool], bool] = lambda *_: True,
    expires_ms: int = EXPIRES_MS,
) -> str:
    """Register a kind of approval; without an answer in ``expires_ms`` it is rejected."""
    assert type_ not in _KINDS, type_
    _KINDS[type_] = _Kind(refund_trigger, granted, rejected, decidable, expires_ms)
    return type_


class Approval(NamedTuple):
    """One request; ``paid_z`` waits in its hold."""

    id: int
    channel: str
    name: str
    display_name: str
    type: str
    data: dict[str, Any]
    hold_id: str
    state: str
    created_at_ms: int
    resolved_by: str | None
    paid_z: int

    @property
    def user(self) -> UserKey:
        """Whose request it is."""
        return UserKey(self.channel, self.name)


_SELECT = """
    SELECT p.id, c.name, a.name, a.display_name, p.type, p.data, p.hold_id, p.state,
        p.created_at_ms, p.resolved_by, h.amount_z
    FROM approval AS p JOIN account AS a ON a.id = p.account_id
    JOIN channel AS c ON c.id = p.channel_id JOIN hold AS h ON h.id = p.hold_id
"""
_BY_ID = _SELECT + "WHERE p.id = ?1 AND c.name = ?2"
_OF_USER = _SELECT + (
    "WHERE p.state = 'pending' AND p.account_id = ?1 AND (?2 IS NULL OR p.type = ?2) ORDER BY p.id"
)
_PENDING = _SELECT + (
    "WHERE p.state = 'pending' AND c.name = ?1 AND (?2 IS NULL OR p.type = ?2)"
    " ORDER BY p.id LIMIT ?3"
)
_LATEST = f"""
    {_SELECT} WHERE p.account_id = (
        SELECT w.id FROM account AS w JOIN channel AS k ON k.id = w.channel_id
        WHERE k.name = ?1 AND w.kind = 'wallet' AND w.name = ?2
    )
    ORDER BY p.id DESC LIMIT ?3
"""  # noqa: S608 - put together from constants
_OPEN = """
    INSERT INTO approval (channel_id, account_id, type, data, hold_id, created_at_ms)
    VALUES (?, ?, ?, ?, ?, ?) RETURNING id
"""
_RESOLVE = """
    UPDATE approval SET state = ?, resolved_by = ?, resolved_at_ms = ?
    WHERE id = ? AND state = 'pending'
"""


def _approval(row: Row) -> Approval:
    id_, channel, name, shown, type_, data, *others = row
    return Approval(id_, channel, name, shown, type_, json.loads(data), *others)


# Asking


@dataclass(frozen=True, slots=True)
class Opened:
    """The request as the operator will see it, and what the buyer has left."""

    approval_id: int
    wallet: Wallet


def open_approval(
    tx: Tx,
    ask: Act[Any],
    user: UserKey,
    amount_z: int,
    type_: str,
    trigger_id: str,
    reason: str,
    data: dict[str, Any],
    day: str,
) -> Opened | Insufficient | NoAccount | Banned | InvalidAmount | Conflict:
    """Set the payment aside and ask; for an operation, whose id names the hold too.

    Refuses before anything is changed. Whether one is pending already is for the caller to see.
    """
    kind = _KINDS[type_]
    hold_id = f"approval:{ask.op_id}"
    held = place_hold(
        tx,
        PlaceHold(
            ask.op_id,
            hold_id,
            user,
            amount_z,
            APPROVAL_PURPOSE,
            "spend",
            trigger_id,
            reason,
            ask.at_ms + _NEVER_MS,
            ask.at_ms,
            day,
            refund_trigger=kind.refund_trigger,
        ),
    )
    if not isinstance(held, Held):
        return held
    account = tx.find(user, day)
    assert account is not None, user
    tx.write()
    (approval_id,) = tx.sql.only(
        _OPEN, account.channel.id, account.id, type_, json.dumps(data), hold_id, ask.at_ms
    )
    return Opened(approval_id, held.wallet)


def pending_of(tx: Tx, account: Account, type_: str | None = None) -> list[Approval]:
    """What of somebody's waits for a decision."""
    return [_approval(row) for row in tx.query(_OF_USER, account.id, type_)]


# Deciding


@dataclass(frozen=True, slots=True)
class Resolved:
    """What was decided, and the buyer's wallet after it; ``refund_z`` is 0 where granted."""

    approval: Approval
    approved: bool
    refund_z: int
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class ResolveApproval(Act[Resolved | NotPending | InvalidAmount]):
    """Grant or reject a pending request; ``by`` is who decides."""

    HALTED_BY = ALWAYS

    op_id: str
    channel: str
    approval_id: int
    approved: bool
    by: str
    reason: str
    at_ms: int
    day: str


final(
    ResolveApproval,
    why="A decision about an approval is final: the buyer was told. Use grant or deduct instead.",
)


@operation
def resolve_approval(
    tx: Tx, ask: ResolveApproval
) -> Resolved | NotPending | InvalidAmount | ReadOnly:
    """Take the payment and do what it was for, or give it back; only once (P-SHOP-5)."""
    rows = tx.query(_BY_ID, ask.approval_id, ask.channel)
    if rows:
        approval = _approval(rows[0])
        if not _KINDS[approval.type].decidable(tx, approval.data, ask.approved):
            return NotPending()
    return decide(tx, ask)


def decide(tx: Tx, ask: ResolveApproval) -> Resolved | NotPending | InvalidAmount | ReadOnly:
    """The same within an operation of the feature whose approval it is."""
    rows = tx.query(_BY_ID, ask.approval_id, ask.channel)
    if not rows or (approval := _approval(rows[0])).state != "pending":
        return NotPending()
    kind = _KINDS[approval.type]
    settled = _settle(tx, ask, approval)
    if not isinstance(settled, Captured | Released):
        return settled
    state = "approved" if ask.approved else "rejected"
    resolved = tx.run(_RESOLVE, state, ask.by, ask.at_ms, approval.id)
    assert resolved, approval
    account = tx.find(approval.user, ask.day)
    assert account is not None, approval
    apply = kind.granted if ask.approved else kind.rejected
    apply(tx, account, approval.data, ask.at_ms)
    refund_z = 0 if ask.approved else approval.paid_z
    done = approval._replace(state=state, resolved_by=ask.by)
    return Resolved(done, ask.approved, refund_z, account.wallet)


def _settle(
    tx: Tx, ask: ResolveApproval, approval: Approval
) -> Captured | Released | NotPending | InvalidAmount | ReadOnly:
    payment = CaptureHold(
        ask.op_id,
        approval.hold_id,
        approval.paid_z,
        "sink",
        ask.reason,
        ask.at_ms,
        ask.day,
    )
    answer = settle_hold(tx, payment, keep=ask.approved)
    return NotPending() if isinstance(answer, NoHold | AlreadySettled) else answer


# Queries


def pending_approvals(
    reader: Reader, channel: str, type_: str | None = None, limit: int = 200
) -> tuple[Approval, ...]:
    """What waits for a decision in a channel, the oldest first."""
    return tuple(map(_approval, reader.sql.rows(_PENDING, channel, type_, limit)))


def approval_of(reader: Reader, channel: str, number: int) -> Approval | None:
    """The request of this number in a channel, decided or not."""
    row = reader.sql.row(_BY_ID, number, channel)
    return None if row is None else _approval(row)


def approvals_of(reader: Reader, user: UserKey, limit: int = 20) -> tuple[Approval, ...]:
    """What somebody has asked for, decided or not, the newest first."""
    return tuple(map(_approval, reader.sql.rows(_LATEST, *user, limit)))


def overdue_approvals(reader: Reader, channel: str, now_ms: int) -> tuple[Approval, ...]:
    """Those whose time for an answer is over."""
    return tuple(
        each
        for each in pending_approvals(reader, channel, limit=10_000)
        if each.created_at_ms + _KINDS[each.type].expires_ms <= now_ms
    )
