"""The one path on which a wallet's money changes: balance, counters, analytics, ledger row.

Whoever calls has found out before that the movement is possible; what is not is a defect.
"""

from typing import NamedTuple

from kryten_economy.ledger.journal import Side
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallets import Holder
from kryten_economy.refusals import AMOUNT_MAX_Z, BALANCE_MAX_Z
from kryten_economy.rules.transaction_types import Counters, counters_of, transaction_type

__all__ = ("Line", "credit_id", "debit_id", "has_room", "is_amount", "move_side", "post")


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


def has_room(holder: Holder, amount_z: int) -> bool:
    """Whether a wallet can take this much more."""
    return holder.facts.balance_z + amount_z <= BALANCE_MAX_Z


def debit_id(transfer_id: int) -> int:
    """The id in ``transactions`` of the row of the user who paid."""
    return transfer_id * 2 - 1


def credit_id(transfer_id: int) -> int:
    """The id in ``transactions`` of the row of the user who was paid."""
    return transfer_id * 2


def move_side(
    tx: Tx, holder: Holder, delta_z: int, line: Line, counters: Counters
) -> tuple[Holder, Side]:
    """Change one wallet with everything that counts it; answers its end of the transfer."""
    moved = tx.wallets.move(holder, delta_z, counters, line.day, tx.journal.next_transfer)
    kind = transaction_type(line.type)
    if delta_z > 0 and kind.earns:
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
    after_z = moved.facts.balance_z
    return moved, Side(holder.account_id, line.type, line.trigger_id, after_z, holder.last_transfer)


def post(
    tx: Tx,
    holder: Holder,
    delta_z: int,
    other: int,
    line: Line,
    *,
    net_z: int = 0,
    won_z: int = 0,
    counters: Counters | None = None,
) -> tuple[Holder, int]:
    """Move between a wallet and a system account; answers the id of the wallet's row.

    ``counters`` stands in for what the type says, where money is set aside or given back.
    """
    if counters is None:
        counters = counters_of(line.type, delta_z, net_z, won_z)
    moved, side = move_side(tx, holder, delta_z, line, counters)
    debit, credit = (Side(other), side) if delta_z > 0 else (side, Side(other))
    transfer_id = tx.journal.add(
        holder.channel_id,
        debit,
        credit,
        abs(delta_z),
        line.reason,
        line.at_ms,
        line.related_user,
        line.metadata,
    )
    return moved, credit_id(transfer_id) if delta_z > 0 else debit_id(transfer_id)
