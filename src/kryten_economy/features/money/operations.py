"""Credit, debit, set balance: money that moves at once.

A day's interest or decay, all wallets of a channel in one act (P-MON-17).
"""

import json
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from kryten_economy.features.jobs import MAINTENANCE, daily_part
from kryten_economy.ledger.account import Account
from kryten_economy.ledger.audit import reversible
from kryten_economy.ledger.channels import Channel
from kryten_economy.ledger.operation import EARNING, READ_ONLY, SPENDING, Act, operation
from kryten_economy.ledger.posting import Entry, is_amount, post
from kryten_economy.ledger.records import FinishJob, finish_job
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import (
    AMOUNT_MAX_Z,
    BALANCE_MAX_Z,
    Banned,
    Insufficient,
    InvalidAmount,
    Level,
    NoAccount,
)
from kryten_economy.transaction_types import TransactionType, transaction_type
from kryten_economy.users import UserKey

__all__ = (
    "BalanceSet",
    "Credit",
    "Debit",
    "MaintainBalances",
    "Maintained",
    "Posted",
    "SetBalance",
    "credit",
    "debit",
    "maintain_balances",
    "set_balance",
)


@dataclass(frozen=True, slots=True)
class Posted:
    """A credit or debit; ``transaction_id`` is the id of its row in ``transactions``.

    ``opened``: whether the credit has opened the account.
    """

    transaction_id: int
    wallet: Wallet
    replayed: bool = False
    opened: bool = False


@dataclass(frozen=True, slots=True)
class Credit(Act[Posted | NoAccount | Banned | InvalidAmount]):
    """Pay ``amount_z`` > 0 to a wallet.

    ``create`` opens the account under ``display_name`` if there is none. ``spent_day`` is
    the day of the spend a refund takes back (default: ``day``). ``net_z`` is the part of a
    house game's win that counts as earned.
    """

    op_id: str
    user: UserKey
    amount_z: int
    type: str
    trigger_id: str
    reason: str
    at_ms: int
    day: str
    related_user: str | None = None
    metadata: str | None = None
    create: bool = False
    display_name: str | None = None
    spent_day: str | None = None
    net_z: int = 0

    @property
    def halted_by(self) -> tuple[Level, ...]:
        """What counts as earned, but for what an admin gives."""
        kind = transaction_type(self.type)
        return EARNING if kind.earns and not kind.despite_ban else READ_ONLY


@operation
def credit(tx: Tx, ask: Credit) -> Posted | NoAccount | Banned | InvalidAmount:
    """Pay a user from the account that stands behind the type."""
    kind = transaction_type(ask.type)
    assert kind.credits, ask
    if not is_amount(ask.amount_z) or not 0 <= ask.net_z <= ask.amount_z:
        return InvalidAmount(ask.amount_z)
    account = tx.find(ask.user, ask.day)
    if account is None and not ask.create:
        return NoAccount(ask.user)
    channel = tx.channel(ask.user.channel)
    barred = tx.barred(channel, ask.user) if account is None else account.barred
    if barred is not None and not kind.despite_ban:
        return barred
    source = _counterpart(tx, channel, kind)
    if not source.has_room(-ask.amount_z) or (account and not account.has_room(ask.amount_z)):
        return InvalidAmount(ask.amount_z)
    opened = account is None
    if account is None:
        name = ask.display_name or ask.user.name
        account = tx.accounts.open(channel, ask.user.name, name, ask.day, ask.at_ms)
    entry = Entry(
        ask.type,
        ask.trigger_id,
        ask.reason,
        ask.at_ms,
        ask.spent_day or ask.day,
        ask.related_user,
        ask.metadata,
    )
    row_id = post(tx, account, ask.amount_z, source, entry, net_z=ask.net_z)
    return Posted(row_id, account.wallet, opened=opened)


@dataclass(frozen=True, slots=True)
class Debit(Act[Posted | Insufficient | NoAccount | Banned | InvalidAmount]):
    """Take ``amount_z`` > 0 from a wallet."""

    op_id: str
    user: UserKey
    amount_z: int
    type: str
    trigger_id: str
    reason: str
    at_ms: int
    day: str
    related_user: str | None = None
    metadata: str | None = None

    @property
    def halted_by(self) -> tuple[Level, ...]:
        """What is spent, but for what an admin takes."""
        return SPENDING if transaction_type(self.type).lifetime_spent else READ_ONLY


@operation
def debit(tx: Tx, ask: Debit) -> Posted | Insufficient | NoAccount | Banned | InvalidAmount:
    """Take from a user, to the account that stands behind the type."""
    kind = transaction_type(ask.type)
    assert kind.debits, ask
    if not is_amount(ask.amount_z):
        return InvalidAmount(ask.amount_z)
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    if account.barred is not None and not kind.despite_ban:
        return account.barred
    if account.balance_z < ask.amount_z:
        return _short(account, ask.amount_z)
    target = _counterpart(tx, account.channel, kind)
    if not target.has_room(ask.amount_z):
        return InvalidAmount(ask.amount_z)
    entry = Entry(
        ask.type,
        ask.trigger_id,
        ask.reason,
        ask.at_ms,
        ask.day,
        ask.related_user,
        ask.metadata,
    )
    row_id = post(tx, account, -ask.amount_z, target, entry)
    return Posted(row_id, account.wallet)


@dataclass(frozen=True, slots=True)
class BalanceSet:
    """The balance before and after."""

    old_z: int
    new_z: int
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class SetBalance(Act[BalanceSet | NoAccount | InvalidAmount]):
    """Make a balance ``amount_z`` ≥ 0 by one ledger row.

    ``create`` opens the account under ``display_name`` if there is none.
    """

    op_id: str
    user: UserKey
    amount_z: int
    reason: str
    by: str
    at_ms: int
    day: str
    create: bool = False
    display_name: str | None = None


@operation
def set_balance(tx: Tx, ask: SetBalance) -> BalanceSet | NoAccount | InvalidAmount:
    """Make a balance what an admin says; the difference is one row (P-MON-15)."""
    if not 0 <= ask.amount_z <= AMOUNT_MAX_Z:
        return InvalidAmount(ask.amount_z)
    account = tx.find(ask.user, ask.day)
    if account is None:
        if not ask.create:
            return NoAccount(ask.user)
        account = tx.find_or_open(ask.user, ask.display_name or ask.user.name, ask.day, ask.at_ms)
    old_z = account.balance_z
    delta_z = ask.amount_z - old_z
    if delta_z:
        other = tx.system(account.channel, "mint" if delta_z > 0 else "sink")
        if not other.has_room(-delta_z):
            return InvalidAmount(ask.amount_z)
        entry = Entry(
            "admin_set_balance",
            "admin.set_balance",
            ask.reason,
            ask.at_ms,
            ask.day,
            metadata=json.dumps({"by": ask.by}),
        )
        post(tx, account, delta_z, other, entry)
    return BalanceSet(old_z, ask.amount_z, account.wallet)


reversible(Credit, Debit, SetBalance)


def _short(account: Account, amount_z: int) -> Insufficient:
    return Insufficient(account.balance_z, amount_z - account.balance_z)


def _counterpart(tx: Tx, channel: Channel, kind: TransactionType) -> Account:
    assert kind.counterpart != "wallet", f"{kind.name} goes from user to user"
    return tx.system(channel, kind.counterpart)


_WALLETS = """
    SELECT a.name FROM account AS a
    WHERE a.channel_id = ?1 AND a.kind = 'wallet' AND a.balance_z >= ?2 ORDER BY a.id
"""


@dataclass(frozen=True, slots=True)
class Maintained:
    """How many wallets got or lost how much in all."""

    accounts: int
    total_z: int
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class MaintainBalances(Act[Maintained | InvalidAmount]):
    """A day's interest or decay of a channel, with the marker of the job.

    Each wallet of at least ``from_z`` gets or loses ``rate`` of it, rounded down, at most
    ``most_z`` (0: no limit). Interest passes over the banned.
    """

    op_id: str
    channel: str
    mode: Literal["interest", "decay"]
    rate: Fraction
    from_z: int
    most_z: int
    reason: str
    at_ms: int
    day: str

    @property
    def halted_by(self) -> tuple[Level, ...]:
        """Interest is earned; a fee is not."""
        return EARNING if self.mode == "interest" else READ_ONLY


@operation
def maintain_balances(tx: Tx, ask: MaintainBalances) -> Maintained | InvalidAmount:
    """Pay interest, or take the fee of the day, once."""
    assert ask.rate >= 0, ask
    channel = tx.channel(ask.channel)
    parts = _parts(tx, ask)
    total_z = sum(delta_z for _, delta_z in parts)
    other = tx.system(channel, "mint" if ask.mode == "interest" else "sink")
    if not other.has_room(-total_z):
        return InvalidAmount(abs(total_z))
    entry = Entry(ask.mode, f"maintenance.{ask.mode}", ask.reason, ask.at_ms, ask.day)
    for account, delta_z in parts:
        post(tx, account, delta_z, other, entry)
    finish_job(tx, FinishJob(MAINTENANCE, ask.channel, ask.day, ask.at_ms))
    return Maintained(len(parts), abs(total_z))


def _parts(tx: Tx, ask: MaintainBalances) -> list[tuple[Account, int]]:
    """What each wallet gets (above 0) or loses."""
    channel, interest = tx.channel(ask.channel), ask.mode == "interest"
    names = [name for (name,) in tx.query(_WALLETS, channel.id, max(ask.from_z, 1))]
    tx.accounts.find_many(channel, names, ask.day)
    parts = []
    for name in names:
        account = tx.accounts.find(channel, name, ask.day)
        assert account is not None, name
        balance_z = account.balance_z
        amount_z = daily_part(balance_z, ask.rate, ask.most_z)
        amount_z = min(amount_z, BALANCE_MAX_Z - balance_z if interest else balance_z)
        if amount_z > 0 and not (interest and account.barred):
            parts.append((account, amount_z if interest else -amount_z))
    return parts
