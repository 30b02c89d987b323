"""A day's interest or decay, all wallets of a channel in a few statements (P-MON-17)."""

from typing import NamedTuple

from kryten_economy.features.jobs.rules import MAINTENANCE, daily_part
from kryten_economy.ledger.answers import Answer
from kryten_economy.ledger.channels import Channel
from kryten_economy.ledger.journal import Side
from kryten_economy.ledger.occasion_answers import Maintained
from kryten_economy.ledger.occasion_requests import MaintainBalances
from kryten_economy.ledger.once import Kept, Memo, once
from kryten_economy.ledger.requests import FinishJob
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.upkeep import finish_job
from kryten_economy.refusals import BALANCE_MAX_Z, InvalidAmount

__all__ = ("maintain_balances",)

_WALLETS = """
    SELECT a.id, a.balance_z, a.last_transfer, EXISTS (
        SELECT 1 FROM banned_users AS b WHERE b.channel_id = a.channel_id AND b.name = a.name
    ) FROM account AS a
    WHERE a.channel_id = ?1 AND a.kind = 'wallet' AND a.balance_z >= ?2 ORDER BY a.id
"""
_MOVE = """
    UPDATE account SET
        balance_z = balance_z + ?2,
        lifetime_earned_z = min(lifetime_earned_z + max(?2, 0), 4611686018427387904),
        last_transfer = ?3
    WHERE id = ?1
"""
_COUNT_DAY = """
    INSERT INTO daily_activity (channel_id, day, account_id, z_earned, z_spent)
    VALUES (?1, ?2, ?3, max(?4, 0), max(-?4, 0))
    ON CONFLICT DO UPDATE SET
        z_earned = min(z_earned + excluded.z_earned, 4611686018427387904),
        z_spent = min(z_spent + excluded.z_spent, 4611686018427387904)
"""


class _Part(NamedTuple):
    """What one wallet gets (above 0) or loses."""

    account_id: int
    balance_z: int
    previous: int | None
    delta_z: int


def maintain_balances(tx: Tx, request: MaintainBalances) -> Answer:
    """Pay interest, or take the fee of the day, once."""
    return once(tx, request, request.channel, _maintain, _retell)


def _maintain(tx: Tx, request: MaintainBalances) -> Kept | Answer:
    assert request.rate >= 0, request
    channel = tx.channels.get(request.channel)
    parts = _parts(tx, channel, request)
    total_z = sum(part.delta_z for part in parts)
    system = channel.mint if request.mode == "interest" else channel.sink
    if not tx.journal.fits(system, -total_z):
        return InvalidAmount(abs(total_z))
    moves = [(part.account_id, part.delta_z, _post(tx, channel, request, part)) for part in parts]
    tx.sql.each(_MOVE, moves)
    tx.sql.each(
        _COUNT_DAY, [(channel.id, request.day, part.account_id, part.delta_z) for part in parts]
    )
    _count(tx, channel, request, parts, total_z)
    finish_job(tx, FinishJob(MAINTENANCE, request.channel, request.day, request.at_ms))
    return Kept(Maintained(len(parts), abs(total_z)), [len(parts), abs(total_z)])


def _parts(tx: Tx, channel: Channel, request: MaintainBalances) -> list[_Part]:
    interest = request.mode == "interest"
    parts = []
    for account_id, balance_z, previous, banned in tx.sql.rows(
        _WALLETS, channel.id, max(request.from_z, 1)
    ):
        amount_z = daily_part(balance_z, request.rate, request.most_z)
        amount_z = min(amount_z, BALANCE_MAX_Z - balance_z if interest else balance_z)
        if amount_z > 0 and not (interest and banned):
            delta_z = amount_z if interest else -amount_z
            parts.append(_Part(account_id, balance_z, previous, delta_z))
    return parts


def _post(tx: Tx, channel: Channel, request: MaintainBalances, part: _Part) -> int:
    kind = request.mode
    after_z = part.balance_z + part.delta_z
    wallet = Side(part.account_id, kind, f"maintenance.{kind}", after_z, part.previous)
    paid = part.delta_z > 0
    debit, credit = (Side(channel.mint), wallet) if paid else (wallet, Side(channel.sink))
    return tx.journal.add(
        channel.id, debit, credit, abs(part.delta_z), request.reason, request.at_ms
    )


def _count(
    tx: Tx, channel: Channel, request: MaintainBalances, parts: list[_Part], total_z: int
) -> None:
    if not parts:
        return
    tx.journal.moved_wallet(total_z)
    if request.mode == "decay":
        tx.journal.count("z_spent_total", -total_z)
        return
    tx.journal.count("z_earned_total", total_z)
    accounts = [part.account_id for part in parts]
    tx.wallets.hit_many(channel.id, accounts, "maintenance.interest", total_z, request.day)


def _retell(tx: Tx, request: MaintainBalances, memo: Memo) -> Answer:  # noqa: ARG001 - as all
    accounts, total_z = memo
    return Maintained(accounts, total_z, replayed=True)
