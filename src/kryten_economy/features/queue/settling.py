"""What becomes of what was paid for, on the playlist or by an operator's decision.

When the item stands there the payment is spent; if it can't be played all comes back: money, the
use of the day it was taken on, and the cooldown. That is settled once: the change of a purchase's
state is guarded (P-MON-4).
"""

from dataclasses import dataclass
from typing import Any, Literal

from kryten_economy.features.approvals import ResolveApproval, Resolved, approvable, decide
from kryten_economy.features.queue.purchases import (
    CHANGE_STATE,
    SELECT_PURCHASE,
    Purchase,
    PurchaseRow,
    find_purchase,
    restore_use,
    row_of,
)
from kryten_economy.ledger.account import Account
from kryten_economy.ledger.holds import Captured, CaptureHold, Released, settle_hold
from kryten_economy.ledger.operation import ALWAYS, Act, Request, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import InvalidAmount, NotPending, ReadOnly

__all__ = (
    "FORCE_PLAY",
    "EndPurchases",
    "MovePurchase",
    "QueueConfirmed",
    "QueueRefused",
    "SettledPurchase",
)


def _asked_for(tx: Tx, data: dict[str, Any]) -> PurchaseRow | None:
    """The purchase that an approval is about; None for one that came with older books."""
    rows = tx.query(SELECT_PURCHASE + "WHERE p.id = ?1", data.get("purchase_id", ""))
    return row_of(rows[0]) if rows else None


def _decidable(tx: Tx, data: dict[str, Any], approved: bool) -> bool:
    """Who rejects may do so until it is allowed; it is granted by being played."""
    row = _asked_for(tx, data)
    return not approved and (row is None or row.purchase.state == "asked")


def _rejected(tx: Tx, account: Account, data: dict[str, Any], _at_ms: int) -> None:
    row = _asked_for(tx, data)
    if row is not None:
        _fail(tx, account, row)


FORCE_PLAY = approvable(
    "force_play",
    refund_trigger="refund.force_play_rejected",
    rejected=_rejected,
    decidable=_decidable,
    expires_ms=86_400_000,
)


# What the playlist answers


@dataclass(frozen=True, slots=True)
class SettledPurchase:
    """What became of it, and the wallet after it; ``refund_z`` is 0 where it is queued."""

    purchase: Purchase
    wallet: Wallet
    refund_z: int
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class QueueConfirmed(Act[SettledPurchase | NotPending | InvalidAmount]):
    """The item stands on the playlist as ``uid``: it is paid for."""

    HALTED_BY = ALWAYS

    op_id: str
    channel: str
    purchase_id: str
    uid: int | None
    at_ms: int
    day: str


@operation
def queue_confirmed(
    tx: Tx, ask: QueueConfirmed
) -> SettledPurchase | NotPending | InvalidAmount | ReadOnly:
    """Take the payment, once."""
    row = find_purchase(tx, ask.channel, ask.purchase_id)
    if row is None or row.purchase.state != "paid":
        return NotPending()
    reason = f"Queued: {row.purchase.title}"
    if (refused := _settle(tx, ask, row, reason, keep=True)) is not None:
        return refused
    changed = tx.run(CHANGE_STATE, ask.purchase_id, "paid", "queued", ask.uid)
    assert changed, ask
    tx.journal.count("queues_total")
    purchase = row.purchase._replace(state="queued", uid=ask.uid)
    return SettledPurchase(purchase, tx.wallet(purchase.user, ask.day), 0)


@dataclass(frozen=True, slots=True)
class QueueRefused(Act[SettledPurchase | NotPending | InvalidAmount]):
    """The item can't be played, as ``reason`` says: everything is given back."""

    HALTED_BY = ALWAYS

    op_id: str
    channel: str
    purchase_id: str
    reason: str
    at_ms: int
    day: str


@operation
def queue_refused(
    tx: Tx, ask: QueueRefused
) -> SettledPurchase | NotPending | InvalidAmount | ReadOnly:
    """Give back the payment and what buying used up, once (P-MON-11)."""
    row = find_purchase(tx, ask.channel, ask.purchase_id)
    if row is None or row.purchase.state != "paid":
        return NotPending()
    if (refused := _settle(tx, ask, row, ask.reason, keep=False)) is not None:
        return refused
    if row.purchase.approval_id is None:
        account = tx.find(row.purchase.user, ask.day)
        assert account is not None, ask
        _fail(tx, account, row)
    purchase = row.purchase._replace(state="failed")
    return SettledPurchase(purchase, tx.wallet(purchase.user, ask.day), purchase.price_z)


def _settle(
    tx: Tx, ask: QueueConfirmed | QueueRefused, row: PurchaseRow, reason: str, *, keep: bool
) -> NotPending | InvalidAmount | ReadOnly | None:
    """Keep or release the payment; None where that was possible."""
    at = (ask.at_ms, ask.day)
    answer: object
    if (approval_id := row.purchase.approval_id) is not None:
        answer = decide(
            tx,
            ResolveApproval(ask.op_id, ask.channel, approval_id, keep, "playlist", reason, *at),
        )
    else:
        payment = CaptureHold(ask.op_id, row.hold_id, row.purchase.price_z, "sink", reason, *at)
        answer = settle_hold(tx, payment, keep=keep)
    if isinstance(answer, Captured | Released | Resolved):
        return None
    return answer if isinstance(answer, InvalidAmount | ReadOnly) else NotPending()


def _fail(tx: Tx, account: Account, row: PurchaseRow) -> None:
    """It is given back: so is what buying used up."""
    purchase = row.purchase
    changed = tx.run(CHANGE_STATE, purchase.id, purchase.state, "failed", None)
    assert changed, purchase
    restore_use(tx, account, purchase.action, purchase.bought_at_ms, row.day)


# What becomes of it on the playlist; no money moves any more


@dataclass(frozen=True, slots=True)
class EndPurchases(Request[int]):
    """Queued items were ``played``, or are ``gone`` from the playlist; answers how many."""

    channel: str
    ids: tuple[str, ...]
    state: Literal["played", "gone"]


@operation
def end_purchases(tx: Tx, ask: EndPurchases) -> int:
    """Note the end of those that are queued."""
    queued = [each for each in ask.ids if find_purchase(tx, ask.channel, each) is not None]
    return sum(tx.run(CHANGE_STATE, each, "queued", ask.state, None) for each in queued)


_MOVE = "UPDATE purchase SET uid = ?2 WHERE id = ?1 AND state = 'queued'"


@dataclass(frozen=True, slots=True)
class MovePurchase(Request[bool]):
    """A queued item has another uid, as after a shuffle; answers whether it is queued."""

    channel: str
    purchase_id: str
    uid: int


@operation
def move_purchase(tx: Tx, ask: MovePurchase) -> bool:
    """Follow the item to its new uid."""
    found = find_purchase(tx, ask.channel, ask.purchase_id)
    return found is not None and bool(tx.run(_MOVE, ask.purchase_id, ask.uid))
