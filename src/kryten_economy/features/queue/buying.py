"""Paying for media that we add to the playlist ourselves (`spending.md` 4).

The payment waits in a hold that outlives a restart until the item stands on the playlist. Where an
operator has to allow a film first, the hold is that of an approval, and `ApproveForcePlay` says
that it is to be played now.
"""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from kryten_economy.features.approvals import Opened, open_approval, pending_of
from kryten_economy.features.queue.purchases import (
    CHANGE_STATE,
    SELECT_PURCHASE,
    Purchase,
    count_use,
    may_queue,
    row_of,
)
from kryten_economy.features.queue.rules import Action, Media, QueueLimits
from kryten_economy.features.queue.settling import FORCE_PLAY
from kryten_economy.ledger.account import Account
from kryten_economy.ledger.expiry import resumable
from kryten_economy.ledger.holds import Held, PlaceHold, place_hold
from kryten_economy.ledger.operation import ALWAYS, SPENDING, Act, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import (
    AlreadyPending,
    Banned,
    Conflict,
    CoolingDown,
    DailyLimit,
    Insufficient,
    InvalidAmount,
    NoAccount,
    NotPending,
)
from kryten_economy.users import UserKey

__all__ = ("ApproveForcePlay", "Bought", "BuyMedia")

_PURPOSE = resumable("queue")
_NEVER_MS = 100 * 365 * 86_400_000
"""The playlist settles its holds itself, also after days without the service."""
_REASON: dict[Action, str] = {
    "queue": "Queued",
    "playnext": "Played next",
    "forcenow": "Played at once",
}
_ADD = """
    INSERT INTO purchase (
        id, channel_id, account_id, action, media_type, media_id, title, seconds, price_z,
        hold_id, approval_id, state, day, bought_at_ms
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_OF_APPROVAL = SELECT_PURCHASE + "WHERE c.name = ?1 AND p.approval_id = ?2"


@dataclass(frozen=True, slots=True)
class Bought:
    """What is to be added to the playlist, or allowed first, and the wallet after paying."""

    purchase: Purchase
    wallet: Wallet
    replayed: bool = False


BuyRefused = (
    NoAccount | Banned | DailyLimit | CoolingDown | AlreadyPending | Insufficient | InvalidAmount
)


@dataclass(frozen=True, slots=True)
class BuyMedia(Act[Bought | BuyRefused]):
    """Pay for an item; with ``needs_approval`` an operator has to allow it first."""

    HALTED_BY = SPENDING
    ATTEMPT: ClassVar[frozenset[str]] = Act.ATTEMPT | {"limits"}

    op_id: str
    user: UserKey
    action: Action
    media: Media
    price_z: int
    limits: QueueLimits
    at_ms: int
    day: str
    needs_approval: bool = False


@operation
def buy_media(tx: Tx, ask: BuyMedia) -> Bought | BuyRefused | Conflict:
    """Check everything, set the price aside and count the use."""
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    if account.barred is not None:
        return account.barred
    refused = may_queue(tx, account, ask.action, ask.limits, ask.at_ms, ask.day)
    if refused is not None:
        return refused
    if ask.needs_approval and pending_of(tx, account, FORCE_PLAY):
        return AlreadyPending("request to force a video in")
    paid = _open_approval(tx, ask) if ask.needs_approval else _place(tx, ask)
    if not isinstance(paid, _Paid):
        return paid
    count_use(tx, account, ask.action, ask.at_ms, ask.day)
    purchase = Purchase(
        ask.op_id,
        ask.user.channel,
        ask.user.name,
        account.display_name,
        ask.action,
        *ask.media,
        ask.price_z,
        "asked" if ask.needs_approval else "paid",
        None,
        ask.at_ms,
        paid.approval_id,
    )
    _add(tx, account, purchase, paid, ask.day)
    return Bought(purchase, account.wallet)


class _Paid(NamedTuple):
    hold_id: str
    approval_id: int | None = None


def _reason(ask: BuyMedia) -> str:
    return f"{_REASON[ask.action]}: {ask.media.title}"


def _place(
    tx: Tx, ask: BuyMedia
) -> _Paid | Insufficient | NoAccount | Banned | InvalidAmount | Conflict:
    hold_id = f"queue:{ask.op_id}"
    held = place_hold(
        tx,
        PlaceHold(
            ask.op_id,
            hold_id,
            ask.user,
            ask.price_z,
            _PURPOSE,
            "spend",
            f"spend.{ask.action}",
            _reason(ask),
            ask.at_ms + _NEVER_MS,
            ask.at_ms,
            ask.day,
            refund_trigger=f"refund.{ask.action}",
        ),
    )
    return _Paid(hold_id) if isinstance(held, Held) else held


def _open_approval(
    tx: Tx, ask: BuyMedia
) -> _Paid | Insufficient | NoAccount | Banned | InvalidAmount | Conflict:
    data = {
        "purchase_id": ask.op_id,
        "title": ask.media.title,
        "media_type": ask.media.type,
        "media_id": ask.media.id,
        "seconds": ask.media.seconds,
    }
    opened = open_approval(
        tx,
        ask,
        ask.user,
        ask.price_z,
        FORCE_PLAY,
        f"spend.{ask.action}",
        _reason(ask),
        data,
        ask.day,
    )
    if not isinstance(opened, Opened):
        return opened
    return _Paid(f"approval:{ask.op_id}", opened.approval_id)


def _add(tx: Tx, account: Account, purchase: Purchase, paid: _Paid, day: str) -> None:
    # The hold is written first: the row refers to it.
    tx.write()
    tx.run(
        _ADD,
        purchase.id,
        account.channel.id,
        account.id,
        purchase.action,
        purchase.media_type,
        purchase.media_id,
        purchase.title,
        purchase.seconds,
        purchase.price_z,
        paid.hold_id,
        paid.approval_id,
        purchase.state,
        day,
        purchase.bought_at_ms,
    )


# What an operator allows


@dataclass(frozen=True, slots=True)
class ApproveForcePlay(Act[Bought | NotPending]):
    """An operator lets a film be forced in: from now on it is to be played."""

    HALTED_BY = ALWAYS

    op_id: str
    channel: str
    approval_id: int
    at_ms: int
    day: str


@operation
def approve_force_play(tx: Tx, ask: ApproveForcePlay) -> Bought | NotPending:
    """Hand the purchase to the playlist; the money waits until it is there."""
    rows = tx.query(_OF_APPROVAL, ask.channel, ask.approval_id)
    if not rows:
        return NotPending()
    purchase = row_of(rows[0]).purchase
    if not tx.run(CHANGE_STATE, purchase.id, "asked", "paid", None):
        return NotPending()
    return Bought(purchase._replace(state="paid"), tx.wallet(purchase.user, ask.day))
