"""Purchases of media that we add to the playlist ourselves (`spending.md` 4).

The payment waits in a hold that outlives a restart until the item stands on the playlist; then it
is spent, and if it can't be played all comes back: money, the use of the day it was taken on, and
the cooldown. Where an operator has to allow a film first, the hold is that of an approval, and
`ApproveForcePlay` says that it is to be played now.

What becomes of a purchase is settled once: the change of its state is guarded (P-MON-4).
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias

from kryten_economy.features.approvals import (
    Opened,
    ResolveApproval,
    Resolved,
    approvable,
    decide,
    open_approval,
    pending_of,
)
from kryten_economy.features.possessions import cooldown_left_ms, forget_use, note_use
from kryten_economy.features.queue.rules import Action, Media, QueueLimits, too_often
from kryten_economy.ledger.accounts import Account
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.displacement import Row
from kryten_economy.ledger.holds import (
    Captured,
    CaptureHold,
    Held,
    PlaceHold,
    Released,
    ReleaseHold,
    capture_hold,
    place_hold,
    release_hold,
    resumable,
)
from kryten_economy.ledger.operation import Act, Request, operation
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
    ReadOnly,
)
from kryten_economy.users import UserKey

__all__ = (
    "FORCE_PLAY",
    "ApproveForcePlay",
    "Bought",
    "BuyMedia",
    "EndPurchases",
    "MovePurchase",
    "Purchase",
    "PurchaseState",
    "QueueConfirmed",
    "QueueRefused",
    "QueueStanding",
    "SettledPurchase",
    "count_use",
    "may_queue",
    "purchases_on_playlist",
    "queue_standing",
    "restore_use",
    "unsettled_purchases",
)

PurchaseState: TypeAlias = Literal["asked", "paid", "queued", "played", "gone", "failed"]

_PURPOSE = resumable("queue")
_COOLDOWN = "queue"
_DAY_MS = 86_400_000
_NEVER_MS = 100 * 365 * _DAY_MS
"""The playlist settles its holds itself, also after days without the service."""
_REASON: dict[Action, str] = {
    "queue": "Queued",
    "playnext": "Played next",
    "forcenow": "Played at once",
}


class Purchase(NamedTuple):
    """What somebody has paid for; ``id`` is that of the act of buying.

    ``state``: an ``asked`` one waits for an operator, a ``paid`` one has to be added to the
    playlist, a ``queued`` one stands there as ``uid`` and ends as ``played`` or ``gone``; a
    ``failed`` one was given back.
    """

    id: str
    channel: str
    name: str
    display_name: str
    action: Action
    media_type: str
    media_id: str
    title: str
    seconds: int
    price_z: int
    state: PurchaseState
    uid: int | None
    bought_at_ms: int
    approval_id: int | None

    @property
    def user(self) -> UserKey:
        """Whose it is."""
        return UserKey(self.channel, self.name)


_SELECT = """
    SELECT p.id, c.name, a.name, a.display_name, p.action, p.media_type, p.media_id, p.title,
        p.seconds, p.price_z, p.state, p.uid, p.bought_at_ms, p.approval_id, p.hold_id, p.day
    FROM purchase AS p JOIN account AS a ON a.id = p.account_id
    JOIN channel AS c ON c.id = p.channel_id
"""
_BY_ID = _SELECT + "WHERE p.id = ?1 AND c.name = ?2"
_IN_STATE = _SELECT + "WHERE c.name = ?1 AND p.state = ?2 ORDER BY p.number"
_OF_APPROVAL = _SELECT + "WHERE c.name = ?1 AND p.approval_id = ?2"
_ADD = """
    INSERT INTO purchase (
        id, channel_id, account_id, action, media_type, media_id, title, seconds, price_z,
        hold_id, approval_id, state, day, bought_at_ms
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_CHANGE = "UPDATE purchase SET state = ?3, uid = coalesce(?4, uid) WHERE id = ?1 AND state = ?2"
_MOVE = "UPDATE purchase SET uid = ?2 WHERE id = ?1 AND state = 'queued'"


class _Row(NamedTuple):
    """A purchase, its hold and the day on which its use was counted."""

    purchase: Purchase
    hold_id: str
    day: str


def _row(row: Row) -> _Row:
    *purchase, hold_id, day = row
    return _Row(Purchase._make(purchase), hold_id, day)


def _find(tx: Tx, channel: str, purchase_id: str) -> _Row | None:
    rows = tx.query(_BY_ID, purchase_id, channel)
    return _row(rows[0]) if rows else None


# How often


def may_queue(
    tx: Tx, account: Account, action: str, limits: QueueLimits, at_ms: int, day: str
) -> DailyLimit | CoolingDown | None:
    """Why somebody may not queue any more now, if so (P-QUE-1)."""
    left_ms = cooldown_left_ms(tx, account, _COOLDOWN, limits.cooldown_ms, at_ms)
    return too_often(limits, action, tx.accounts.day(account, day).queues_used, left_ms)


def count_use(tx: Tx, account: Account, action: str, at_ms: int, day: str) -> None:
    """One of the day is used up; all but a film that is forced in starts the cooldown."""
    tx.accounts.count(tx.accounts.day(account, day), "queues_used")
    if action != "forcenow":
        note_use(tx, account, _COOLDOWN, at_ms)


def restore_use(tx: Tx, account: Account, action: str, at_ms: int, day: str) -> None:
    """Undo `count_use` of that time and day (P-MON-10)."""
    tx.accounts.count(tx.accounts.day(account, day), "queues_used", -1)
    if action != "forcenow":
        forget_use(tx, account, _COOLDOWN, at_ms)


# Buying


@dataclass(frozen=True, slots=True)
class Bought:
    """What is to be added to the playlist, or allowed first, and the wallet after paying."""

    purchase: Purchase
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class BuyMedia(
    Act[
        Bought
        | NoAccount
        | Banned
        | DailyLimit
        | CoolingDown
        | AlreadyPending
        | Insufficient
        | InvalidAmount
    ]
):
    """Pay for an item; with ``needs_approval`` an operator has to allow it first."""

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
def buy_media(
    tx: Tx, ask: BuyMedia
) -> (
    Bought
    | NoAccount
    | Banned
    | DailyLimit
    | CoolingDown
    | AlreadyPending
    | Insufficient
    | InvalidAmount
    | Conflict
):
    """Check everything, set the price aside and count the use."""
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    if account.banned:
        return Banned(ask.user)
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
    purchase = _row(rows[0]).purchase
    if not tx.run(_CHANGE, purchase.id, "asked", "paid", None):
        return NotPending()
    return Bought(purchase._replace(state="paid"), tx.wallet(purchase.user, ask.day))


def _asked_for(tx: Tx, data: dict[str, Any]) -> _Row | None:
    """The purchase that an approval is about; None for one that came with older books."""
    rows = tx.query(_SELECT + "WHERE p.id = ?1", data.get("purchase_id", ""))
    return _row(rows[0]) if rows else None


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
    expires_ms=_DAY_MS,
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
    row = _find(tx, ask.channel, ask.purchase_id)
    if row is None or row.purchase.state != "paid":
        return NotPending()
    reason = f"Queued: {row.purchase.title}"
    if (refused := _settle(tx, ask, row, reason, keep=True)) is not None:
        return refused
    changed = tx.run(_CHANGE, ask.purchase_id, "paid", "queued", ask.uid)
    assert changed, ask
    tx.journal.count("queues_total")
    purchase = row.purchase._replace(state="queued", uid=ask.uid)
    return SettledPurchase(purchase, tx.wallet(purchase.user, ask.day), 0)


@dataclass(frozen=True, slots=True)
class QueueRefused(Act[SettledPurchase | NotPending | InvalidAmount]):
    """The item can't be played, as ``reason`` says: everything is given back."""

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
    row = _find(tx, ask.channel, ask.purchase_id)
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
    tx: Tx, ask: QueueConfirmed | QueueRefused, row: _Row, reason: str, *, keep: bool
) -> NotPending | InvalidAmount | ReadOnly | None:
    """Keep or release the payment; None where that was possible."""
    at = (ask.at_ms, ask.day)
    answer: object
    if (approval_id := row.purchase.approval_id) is not None:
        answer = decide(
            tx,
            ResolveApproval(ask.op_id, ask.channel, approval_id, keep, "playlist", reason, *at),
        )
    elif keep:
        answer = capture_hold(
            tx, CaptureHold(ask.op_id, row.hold_id, row.purchase.price_z, "sink", reason, *at)
        )
    else:
        answer = release_hold(tx, ReleaseHold(ask.op_id, row.hold_id, None, None, reason, *at))
    if isinstance(answer, Captured | Released | Resolved):
        return None
    return answer if isinstance(answer, InvalidAmount | ReadOnly) else NotPending()


def _fail(tx: Tx, account: Account, row: _Row) -> None:
    """It is given back: so is what buying used up."""
    purchase = row.purchase
    changed = tx.run(_CHANGE, purchase.id, purchase.state, "failed", None)
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
    queued = [each for each in ask.ids if _find(tx, ask.channel, each) is not None]
    return sum(tx.run(_CHANGE, each, "queued", ask.state, None) for each in queued)


@dataclass(frozen=True, slots=True)
class MovePurchase(Request[bool]):
    """A queued item has another uid, as after a shuffle; answers whether it is queued."""

    channel: str
    purchase_id: str
    uid: int


@operation
def move_purchase(tx: Tx, ask: MovePurchase) -> bool:
    """Follow the item to its new uid."""
    found = _find(tx, ask.channel, ask.purchase_id)
    return found is not None and bool(tx.run(_MOVE, ask.purchase_id, ask.uid))


# Queries


def unsettled_purchases(reader: Reader, channel: str) -> tuple[Purchase, ...]:
    """Those paid for of which nobody knows yet whether they stand on the playlist."""
    return _in_state(reader, channel, "paid")


def purchases_on_playlist(reader: Reader, channel: str) -> tuple[Purchase, ...]:
    """Those that stand on the playlist, in the order in which they were paid for."""
    return _in_state(reader, channel, "queued")


def _in_state(reader: Reader, channel: str, state: PurchaseState) -> tuple[Purchase, ...]:
    return tuple(_row(row).purchase for row in reader.sql.rows(_IN_STATE, channel, state))


class QueueStanding(NamedTuple):
    """How often somebody has queued today, and when for the last time."""

    used_today: int
    last_at_ms: int | None

    def cooldown_left_ms(self, limits: QueueLimits, now_ms: int) -> int:
        """How long until they may again; 0 if they may now."""
        last_ms = self.last_at_ms
        return 0 if last_ms is None else max(0, last_ms + limits.cooldown_ms - now_ms)


_STANDING = f"""
    SELECT coalesce(d.queues_used, 0), k.last_at_ms
    FROM account AS a JOIN channel AS c ON c.id = a.channel_id
    LEFT JOIN daily_activity AS d
        ON d.channel_id = a.channel_id AND d.day = ?3 AND d.account_id = a.id
    LEFT JOIN cooldown AS k ON k.account_id = a.id AND k.name = '{_COOLDOWN}'
    WHERE c.name = ?1 AND a.kind = 'wallet' AND a.name = ?2
"""  # noqa: S608 - put together from constants


def queue_standing(reader: Reader, user: UserKey, day: str) -> QueueStanding:
    """What of the allowance of a day is used up."""
    row = reader.sql.row(_STANDING, user.channel, user.name, day)
    return QueueStanding(0, None) if row is None else QueueStanding._make(row)
