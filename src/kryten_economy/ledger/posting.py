"""The one path on which a wallet's money changes: balance, counters, analytics, ledger row.

Whoever calls has found out before that the movement is possible; what is not is a defect.
"""

from typing import NamedTuple, TypeVar

from kryten_economy.ledger.journal import Side
from kryten_economy.ledger.page import Page
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallets import Holder
from kryten_economy.refusals import AMOUNT_MAX_Z, BALANCE_MAX_Z
from kryten_economy.transaction_types import Counters, counters_of, transaction_type

__all__ = ("Line", "Purse", "credit_id", "debit_id", "has_room", "is_amount", "move_side", "post")


Purse = TypeVar("Purse", Holder, Page)
"""A wallet as it is in the tables, or on the slate."""


class Line(NamedTuple):
    """What a ledger row says beside the amount; ``day`` is the day its counters belong to."""

    type: str
    trigger_id: str
    reason: str
    at_ms: int
    day: str
    related_user: str | None = None
    metadata: str | None = None


def is_amount(amount_z: int) -> bool:
    """Whether an amount may be moved at once."""
    return 1 <= amount_z <= AMOUNT_MAX_Z


def has_room(purse: Holder | Page, amount_z: int) -> bool:
    """Whether a wallet can take this much more."""
    return purse.balance_z + amount_z <= BALANCE_MAX_Z


def debit_id(transfer_id: int) -> int:
    """The id in ``transactions`` of the row of the user who paid."""
    return transfer_id * 2 - 1


def credit_id(transfer_id: int) -> int:
    """The id in ``transactions`` of the row of the user who was paid."""
    return transfer_id * 2


def move_side(
    tx: Tx, purse: Purse, delta_z: int, line: Line, counters: Counters
) -> tuple[Purse, Side]:
    """Change one wallet with everything that counts it; answers its end of the transfer."""
    previous, transfer_id = purse.last_transfer, tx.journal.next_transfer
    kind = transaction_type(line.type)
    is_hit = delta_z > 0 and kind.earns
    if isinstance(purse, Page):
        moved = tx.slate.move(purse, delta_z, counters, line.day, transfer_id)
        if is_hit:
            tx.slate.hit(moved, line.trigger_id, delta_z)
    else:
        moved = tx.wallets.move(purse, delta_z, counters, line.day, transfer_id)
        if is_hit:
            tx.wallets.hit(moved, line.trigger_id, delta_z, line.day)
    count = tx.journal.count
    if counters.z_earned > 0:
        count("z_earned_total", counters.z_earned)
    if counters.z_spent > 0:
        count("z_spent_total", counters.z_spent)
    if counters.tips_sent_z > 0:
        count("tips_total")
        count("tips_z_total", counters.tips_sent_z)
    if kind.undoes:
        count("refunds_total")
        count("refunds_z_total", delta_z)
    after_z = moved.balance_z
    return moved, Side(purse.account_id, line.type, line.trigger_id, after_z, previous)


def post(
    tx: Tx,
    purse: Purse,
    delta_z: int,
    other: int,
    line: Line,
    *,
    net_z: int = 0,
    won_z: int = 0,
    counters: Counters | None = None,
) -> tuple[Purse, int]:
    """Move between a wallet and a system account; answers the id of the wallet's row.

    ``counters`` stands in for what the type says, where money is set aside or given back.
    """
    if counters is None:
        counters = counters_of(line.type, delta_z, net_z, won_z)
    moved, side = move_side(tx, purse, delta_z, line, counters)
    debit, credit = (Side(other), side) if delta_z > 0 else (side, Side(other))
    transfer_id = tx.journal.add(
        purse.channel_id,
        debit,
        credit,
        abs(delta_z),
        line.reason,
        line.at_ms,
        line.related_user,
        line.metadata,
    )
    return moved, credit_id(transfer_id) if delta_z > 0 else debit_id(transfer_id)
