"""The one path on which money moves: balances, counters, analytics and the transfer.

Whoever calls has found out before that the movement is possible; what is not is a defect.

Parts of a coin, kept per account and trigger until they make a whole one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kryten_economy.ledger.account import Account
from kryten_economy.ledger.facts import Posting
from kryten_economy.ledger.journal import Side
from kryten_economy.ledger.tx import CachedTable, Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import AMOUNT_MAX_Z
from kryten_economy.transaction_types import Counters, counters_of, transaction_type

__all__ = (
    "Entry",
    "Fractions",
    "Paid",
    "credit_id",
    "debit_id",
    "earn_each",
    "is_amount",
    "may_earn",
    "pay_each",
    "post",
    "post_between",
)


class Entry(NamedTuple):
    """What a wallet's row says beside the amount; ``day`` is the day its counters belong to."""

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


def may_earn(tx: Tx, account: Account, amount_z: int) -> bool:
    """Whether a wallet may and can take this much from the mint; else it is passed over."""
    return may_take(tx, account, amount_z) and not tx.is_earning_paused(account.channel)


def may_take(tx: Tx, account: Account, amount_z: int) -> bool:
    """The same where an admin gives, who may do so while earning is paused."""
    return (
        is_amount(amount_z)
        and not account.barred
        and account.has_room(amount_z)
        and tx.system(account.channel, "mint").has_room(-amount_z)
    )


def debit_id(transfer_id: int) -> int:
    """The id in ``transactions`` of the row of the user who paid."""
    return transfer_id * 2 - 1


def credit_id(transfer_id: int) -> int:
    """The id in ``transactions`` of the row of the user who was paid."""
    return transfer_id * 2


def post(
    tx: Tx,
    account: Account,
    delta_z: int,
    other: Account,
    entry: Entry,
    *,
    net_z: int = 0,
    won_z: int = 0,
    counters: Counters | None = None,
) -> int:
    """Move between a wallet and a system account; answers the id of the wallet's row.

    ``counters`` stands in for what the type says, where money is set aside or given back.
    """
    if counters is None:
        counters = counters_of(entry.type, delta_z, net_z, won_z)
    side = _move(tx, account, delta_z, entry, counters)
    tx.accounts.move(other, -delta_z)
    tx.analytics.flow(account.channel.id, entry.trigger_id, delta_z, entry.day)
    debit, credit = (Side(other.id), side) if delta_z > 0 else (side, Side(other.id))
    transfer_id = _add(tx, account, debit, credit, abs(delta_z), entry)
    return credit_id(transfer_id) if delta_z > 0 else debit_id(transfer_id)


def post_between(
    tx: Tx,
    giver: Account,
    taker: Account,
    amount_z: int,
    paid: Entry,
    got: Entry,
) -> int:
    """Move from one wallet to another; answers the id of the transfer."""
    debit = _move(tx, giver, -amount_z, paid, counters_of(paid.type, -amount_z))
    credit = _move(tx, taker, amount_z, got, counters_of(got.type, amount_z, won_z=amount_z))
    return _add(tx, giver, debit, credit, amount_z, paid)


def _move(tx: Tx, account: Account, delta_z: int, entry: Entry, counters: Counters) -> Side:
    """Change one wallet with everything that counts it; answers its end of the transfer."""
    kind = transaction_type(entry.type)
    previous, transfer_id = account.last_transfer, tx.journal.next_transfer
    tx.accounts.move(account, delta_z)
    account.last_transfer = transfer_id
    tx.accounts.tally(account, counters, entry.day)
    if delta_z > 0 and kind.earns:
        tx.analytics.hit(account, entry.trigger_id, delta_z, entry.day)
    tx.postings.append(
        Posting(
            transfer_id,
            account.user,
            delta_z,
            entry.type,
            entry.trigger_id,
            max(0, counters.lifetime_earned_z),
        )
    )
    _count(tx, delta_z, counters, undoes=bool(kind.undoes))
    return Side(account.id, entry.type, entry.trigger_id, account.balance_z, previous)


def _count(tx: Tx, delta_z: int, counters: Counters, *, undoes: bool) -> None:
    count = tx.journal.count
    if counters.z_earned > 0:
        count("z_earned_total", counters.z_earned)
    if counters.z_spent > 0:
        count("z_spent_total", counters.z_spent)
    if counters.tips_sent_z > 0:
        count("tips_total")
        count("tips_z_total", counters.tips_sent_z)
    if undoes:
        count("refunds_total")
        count("refunds_z_total", delta_z)


def _add(tx: Tx, account: Account, debit: Side, credit: Side, amount_z: int, entry: Entry) -> int:
    return tx.journal.add(
        account.channel.id,
        debit,
        credit,
        amount_z,
        entry.reason,
        entry.at_ms,
        entry.related_user,
        entry.metadata,
    )


def earn_each(
    tx: Tx, mint: Account, shares: Sequence[tuple[Account, int, str | None]], entry: Entry
) -> int:
    """Credit many wallets of a channel, each with its metadata; answers the sum.

    It is what `post` does for each of them; what all have in common is worked out once, which is
    what makes the minute of a crowd cheap.
    """
    type_, trigger_id, reason, at_ms, day, related_user, _ = entry
    assert transaction_type(type_).earns, type_
    if not shares:
        return 0
    earn, rows, postings = tx.accounts.earn, [], []
    for transfer_id, share in enumerate(shares, tx.journal.next_transfer):
        account, amount_z, metadata = share
        previous = account.last_transfer
        earn(account, amount_z, transfer_id, day)
        side = (account.id, type_, trigger_id, account.balance_z, previous)
        rows.append((*side, amount_z, reason, related_user, metadata, at_ms))
        posting = (transfer_id, account.user, amount_z, type_, trigger_id, amount_z)
        postings.append(Posting._make(posting))
    total_z = sum(amount_z for _, amount_z, _ in shares)
    tx.accounts.move(mint, -total_z)
    tx.journal.add_each(mint.channel.id, Side(mint.id), rows)
    tx.postings += postings
    tx.analytics.hit_each([account for account, _, _ in shares], trigger_id, total_z, day)
    tx.analytics.flow(mint.channel.id, trigger_id, total_z, day)
    tx.journal.count("z_earned_total", total_z)
    return total_z


@dataclass(frozen=True, slots=True)
class Paid:
    """One user's part of what several were paid, and the wallet after it."""

    wallet: Wallet
    amount_z: int


def pay_each(
    tx: Tx, shares: Iterable[tuple[Account, int, Entry]], *, by_admin: bool = False
) -> tuple[Paid, ...]:
    """Credit each from the mint; who is banned or has no room is passed over."""
    may, paid = may_take if by_admin else may_earn, []
    for account, amount_z, entry in shares:
        if may(tx, account, amount_z):
            post(tx, account, amount_z, tx.system(account.channel, "mint"), entry)
            paid.append(Paid(account.wallet, amount_z))
    return tuple(paid)


_FRACTIONS: CachedTable[tuple[int, str], tuple[float]] = CachedTable(
    "SELECT held FROM trigger_fractions WHERE account_id = ? AND trigger_id = ?",
    """
    INSERT INTO trigger_fractions (account_id, trigger_id, held) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET held = excluded.held
    """,
)


class Fractions:
    """The parts of a coin that wait for more of one trigger, each in [0, 1)."""

    __slots__ = ("_rows", "_trigger_id")

    def __init__(self, tx: Tx, trigger_id: str) -> None:
        self._rows = tx.cached(_FRACTIONS)
        self._trigger_id = trigger_id

    def held(self, account: Account) -> float:
        """What is kept for an account."""
        row = self._rows.get((account.id, self._trigger_id))
        return 0.0 if row is None else row[0]

    def hold(self, account: Account, held: float) -> None:
        """Keep another part."""
        self._rows.put((account.id, self._trigger_id), (held,))
