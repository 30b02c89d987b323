"""What people have paid for to be played, and how often they may: rows, uses of a day, queries."""

from typing import Literal, NamedTuple, TypeAlias

from kryten_economy.features.possessions import cooldown_left_ms, forget_use, last_use_ms, note_use
from kryten_economy.features.queue.rules import Action, QueueLimits, too_often
from kryten_economy.ledger.account import Account
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.statements import Row
from kryten_economy.ledger.tx import Tx
from kryten_economy.refusals import CoolingDown, DailyLimit
from kryten_economy.users import UserKey

__all__ = (
    "CHANGE_STATE",
    "SELECT_PURCHASE",
    "Purchase",
    "PurchaseRow",
    "PurchaseState",
    "QueueStanding",
    "count_use",
    "find_purchase",
    "may_queue",
    "purchase_of_item",
    "purchases_on_playlist",
    "purchases_to_come",
    "queue_standing",
    "restore_use",
    "row_of",
    "standing_in",
    "unsettled_purchases",
)

PurchaseState: TypeAlias = Literal["asked", "paid", "queued", "played", "gone", "failed"]

_COOLDOWN = "queue"


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


SELECT_PURCHASE = """
    SELECT p.id, c.name, a.name, a.display_name, p.action, p.media_type, p.media_id, p.title,
        p.seconds, p.price_z, p.state, p.uid, p.bought_at_ms, p.approval_id, p.hold_id, p.day
    FROM purchase AS p JOIN account AS a ON a.id = p.account_id
    JOIN channel AS c ON c.id = p.channel_id
"""
_BY_ID = SELECT_PURCHASE + "WHERE p.id = ?1 AND c.name = ?2"
_IN_STATE = SELECT_PURCHASE + "WHERE c.name = ?1 AND p.state = ?2 ORDER BY p.number"
_OF_ITEM = SELECT_PURCHASE + "WHERE c.name = ?1 AND p.state = 'queued' AND p.uid = ?2 LIMIT 1"
CHANGE_STATE = (
    "UPDATE purchase SET state = ?3, uid = coalesce(?4, uid) WHERE id = ?1 AND state = ?2"
)


class PurchaseRow(NamedTuple):
    """A purchase, its hold and the day on which its use was counted."""

    purchase: Purchase
    hold_id: str
    day: str


def row_of(row: Row) -> PurchaseRow:
    """A row of ``SELECT_PURCHASE``."""
    *purchase, hold_id, day = row
    return PurchaseRow(Purchase._make(purchase), hold_id, day)


def find_purchase(tx: Tx, channel: str, purchase_id: str) -> PurchaseRow | None:
    """The purchase of this id in a channel."""
    rows = tx.query(_BY_ID, purchase_id, channel)
    return row_of(rows[0]) if rows else None


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


# Queries


def unsettled_purchases(reader: Reader, channel: str) -> tuple[Purchase, ...]:
    """Those paid for of which nobody knows yet whether they stand on the playlist."""
    return _in_state(reader, channel, "paid")


def purchases_on_playlist(reader: Reader, channel: str) -> tuple[Purchase, ...]:
    """Those that stand on the playlist, in the order in which they were paid for."""
    return _in_state(reader, channel, "queued")


def purchase_of_item(reader: Reader, channel: str, uid: int) -> Purchase | None:
    """What an item of the playlist was paid for by, if anybody has."""
    row = reader.sql.row(_OF_ITEM, channel, uid)
    return None if row is None else row_of(row).purchase


_TO_COME = (
    SELECT_PURCHASE
    + """
    WHERE c.name = ?1 AND p.state IN ('asked', 'paid', 'queued')
    AND (p.state <> 'asked' OR a.name = ?2) ORDER BY p.number LIMIT ?3
"""
)


def purchases_to_come(reader: Reader, viewer: UserKey, limit: int) -> tuple[Purchase, ...]:
    """What was paid for in a channel and is not over, in the order in which it was paid for.

    What an operator still has to allow is shown to its buyer alone.
    """
    return tuple(row_of(row).purchase for row in reader.sql.rows(_TO_COME, *viewer, limit))


def _in_state(reader: Reader, channel: str, state: PurchaseState) -> tuple[Purchase, ...]:
    return tuple(row_of(row).purchase for row in reader.sql.rows(_IN_STATE, channel, state))


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


def standing_in(tx: Tx, user: UserKey, day: str) -> QueueStanding:
    """The same inside a transaction."""
    account = tx.find(user, day)
    if account is None:
        return QueueStanding(0, None)
    used = tx.accounts.day(account, day).queues_used
    return QueueStanding(used, last_use_ms(tx, account, _COOLDOWN))
