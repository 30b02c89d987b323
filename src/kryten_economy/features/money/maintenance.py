"""A day's interest or decay, all wallets of a channel in one act (P-MON-17)."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from kryten_economy.features.jobs.rules import MAINTENANCE, daily_part
from kryten_economy.ledger.accounts import Account
from kryten_economy.ledger.operation import Act, operation
from kryten_economy.ledger.posting import Entry, post
from kryten_economy.ledger.records import FinishJob, finish_job
from kryten_economy.ledger.tx import Tx
from kryten_economy.refusals import BALANCE_MAX_Z, InvalidAmount

__all__ = ("MaintainBalances", "Maintained", "maintain_balances")

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
        if amount_z > 0 and not (interest and account.banned):
            parts.append((account, amount_z if interest else -amount_z))
    return parts
