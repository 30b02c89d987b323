"""What another service charges for media that it adds to the playlist itself (`admin-api.md` 4).

One row per id that it chose, made in the act that charges: the same id never charges twice
(P-MON-8). A refund pays whom and what the row names, whatever the request says (P-MON-9).
"""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from kryten_economy.features.queue.purchases import count_use, may_queue, restore_use
from kryten_economy.features.queue.rules import QueueLimits
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.operation import ALWAYS, SPENDING, Act, operation
from kryten_economy.ledger.posting import Entry, is_amount, post
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import (
    AlreadySettled,
    Banned,
    Conflict,
    CoolingDown,
    DailyLimit,
    Insufficient,
    InvalidAmount,
    NoAccount,
    NoHold,
)
from kryten_economy.users import UserKey

__all__ = (
    "QueueSpend",
    "QueueSpent",
    "RefundQueueSpend",
    "SpendOnQueue",
    "SpendRefunded",
    "queue_spend",
)

_FIND = """
    SELECT r.request_id, c.name, a.name, r.cost_z, r.tier, r.attempt, r.spend_date,
        r.created_at_ms, r.refunded_at_ms
    FROM queue_spend_requests AS r JOIN account AS a ON a.id = r.account_id
    JOIN channel AS c ON c.id = r.channel_id
    WHERE r.request_id = ?
"""
_ADD = """
    INSERT INTO queue_spend_requests (
        request_id, channel_id, account_id, cost_z, tier, attempt, transaction_id, spend_date,
        created_at_ms
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_REFUND = """
    UPDATE queue_spend_requests SET refunded_at_ms = ?2
    WHERE request_id = ?1 AND refunded_at_ms IS NULL
"""


class QueueSpend(NamedTuple):
    """What was charged under an id."""

    request_id: str
    channel: str
    name: str
    cost_z: int
    tier: str
    attempt: str
    day: str
    at_ms: int
    refunded_at_ms: int | None

    @property
    def user(self) -> UserKey:
        """Who has paid."""
        return UserKey(self.channel, self.name)


def queue_spend(reader: Reader, request_id: str) -> QueueSpend | None:
    """What was charged under this id, if anything was."""
    row = reader.sql.row(_FIND, request_id)
    return None if row is None else QueueSpend._make(row)


def _find(tx: Tx, request_id: str) -> QueueSpend | None:
    rows = tx.query(_FIND, request_id)
    return QueueSpend._make(rows[0]) if rows else None


@dataclass(frozen=True, slots=True)
class QueueSpent:
    """What was charged, and the wallet after it."""

    cost_z: int
    tier: str
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class SpendOnQueue(
    Act[QueueSpent | NoAccount | Banned | DailyLimit | CoolingDown | Insufficient | InvalidAmount]
):
    """Charge for a place in the queue, under the id that the other service chose.

    It is known by id and user: its price, which may have changed since, is of the attempt.
    """

    HALTED_BY = SPENDING
    ATTEMPT: ClassVar[frozenset[str]] = Act.ATTEMPT | {
        "attempt",
        "price_z",
        "tier",
        "reason",
        "limits",
    }

    op_id: str
    user: UserKey
    request_id: str
    attempt: str
    price_z: int
    tier: str
    reason: str
    limits: QueueLimits
    at_ms: int
    day: str


@operation
def spend_on_queue(  # noqa: PLR0911 - one way out for each refusal
    tx: Tx, ask: SpendOnQueue
) -> (
    QueueSpent
    | NoAccount
    | Banned
    | DailyLimit
    | CoolingDown
    | Insufficient
    | InvalidAmount
    | Conflict
):
    """Check everything, charge and count the use."""
    account = tx.find(ask.user, ask.day)
    known = _find(tx, ask.request_id)
    if known is not None:
        # Charged by the service before this one, whose requests came with its books.
        if known.user != ask.user or account is None:
            return Conflict(ask.request_id)
        return QueueSpent(known.cost_z, known.tier, account.wallet, replayed=True)
    if account is None:
        return NoAccount(ask.user)
    if account.barred is not None:
        return account.barred
    refused = may_queue(tx, account, "queue", ask.limits, ask.at_ms, ask.day)
    if refused is not None:
        return refused
    sink = tx.system(account.channel, "sink")
    if not is_amount(ask.price_z) or not sink.has_room(ask.price_z):
        return InvalidAmount(ask.price_z)
    if account.balance_z < ask.price_z:
        return Insufficient(account.balance_z, ask.price_z - account.balance_z)
    trigger_id = f"spend.queue.{ask.request_id}"
    entry = Entry("spend", trigger_id, ask.reason, ask.at_ms, ask.day)
    row_id = post(tx, account, -ask.price_z, sink, entry)
    count_use(tx, account, "queue", ask.at_ms, ask.day)
    tx.run(
        _ADD,
        ask.request_id,
        account.channel.id,
        account.id,
        ask.price_z,
        ask.tier,
        ask.attempt,
        row_id,
        ask.day,
        ask.at_ms,
    )
    tx.journal.count("queues_total")
    return QueueSpent(ask.price_z, ask.tier, account.wallet)


@dataclass(frozen=True, slots=True)
class SpendRefunded:
    """What came back, and the wallet after it."""

    refund_z: int
    wallet: Wallet
    spent_at_ms: int
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class RefundQueueSpend(Act[SpendRefunded | NoHold | AlreadySettled | InvalidAmount]):
    """Give a charge back to whom it was taken from, with what it used up.

    With ``attempt`` only if it was that attempt that charged.
    """

    HALTED_BY = ALWAYS
    ATTEMPT: ClassVar[frozenset[str]] = Act.ATTEMPT | {"reason"}

    op_id: str
    user: UserKey
    request_id: str
    reason: str
    at_ms: int
    day: str
    attempt: str | None = None


@operation
def refund_queue_spend(
    tx: Tx, ask: RefundQueueSpend
) -> SpendRefunded | NoHold | AlreadySettled | InvalidAmount | Conflict:
    """Pay it back once, to the stored user, on the day it was spent (P-MON-9, P-MON-10)."""
    account = tx.find(ask.user, ask.day)
    spend = _find(tx, ask.request_id)
    if spend is None or ask.attempt not in (None, spend.attempt):
        return NoHold(ask.request_id)
    if spend.user != ask.user:
        return Conflict(ask.request_id)
    if spend.refunded_at_ms is not None:
        return AlreadySettled(ask.request_id, "refunded")
    assert account is not None, spend
    sink = tx.system(account.channel, "sink")
    if not account.has_room(spend.cost_z) or not sink.has_room(-spend.cost_z):
        return InvalidAmount(spend.cost_z)
    trigger_id = f"refund.queue.{ask.request_id}"
    entry = Entry("refund", trigger_id, ask.reason, ask.at_ms, spend.day)
    post(tx, account, spend.cost_z, sink, entry)
    refunded = tx.run(_REFUND, ask.request_id, ask.at_ms)
    assert refunded, spend
    restore_use(tx, account, "queue", spend.at_ms, spend.day)
    return SpendRefunded(spend.cost_z, account.wallet, spend.at_ms)
