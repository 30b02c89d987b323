"""The presence tick: every user of a channel in a few statements (`spec/storage.md` S11).

Wallets are read in one statement, the decision who is paid is made on values, and each
table is then written by one statement run over all users.
"""

import json
from typing import NamedTuple

from kryten_economy.ledger.answers import Answer, PresenceFact, PresencePaid
from kryten_economy.ledger.channels import Channel
from kryten_economy.ledger.journal import Side
from kryten_economy.ledger.once import Kept, Memo, once
from kryten_economy.ledger.requests import PresenceEntry, PresenceMinute
from kryten_economy.ledger.sqlite import Row
from kryten_economy.ledger.tx import Tx
from kryten_economy.refusals import AMOUNT_MAX_Z, BALANCE_MAX_Z, InvalidAmount

__all__ = ("presence_minute",)

TYPE, TRIGGER, REASON = "earn", "presence.base", "Presence"
NIGHT_TRIGGER = "presence.night_watch"

_KNOWN = """
    SELECT a.name, a.id, a.balance_z, a.last_transfer, a.first_seen_ms, a.lifetime_messages
    FROM account AS a
    WHERE a.channel_id = ?1 AND a.kind = 'wallet'
    AND a.name IN (SELECT value FROM json_each(?2))
"""
_BANNED = "SELECT name FROM banned_users WHERE channel_id = ?"
_OPEN = """
    INSERT INTO account (channel_id, kind, name, display_name, first_seen_ms, last_seen_ms)
    VALUES (?1, 'wallet', ?2, ?3, ?4, ?4)
"""
_PAY = """
    UPDATE account SET
        balance_z = balance_z + ?2,
        lifetime_earned_z = min(lifetime_earned_z + ?2, 4611686018427387904),
        last_seen_ms = max(last_seen_ms, ?3),
        display_name = ?4,
        last_transfer = coalesce(?5, last_transfer)
    WHERE id = ?1
    RETURNING lifetime_earned_z, rank_name, rank_held_from_z, lifetime_spent_z,
        lifetime_gambled_in_z, biggest_win_z, tip_recipients, tip_senders
"""
_COUNT_DAY = """
    INSERT INTO daily_activity (
        channel_id, day, account_id, minutes_present, minutes_active, z_earned
    ) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET
        minutes_present = minutes_present + excluded.minutes_present,
        minutes_active = minutes_active + excluded.minutes_active,
        z_earned = min(z_earned + excluded.z_earned, 4611686018427387904)
    RETURNING minutes_present
"""
_PAID_THEN = """
    SELECT a.name, t.amount_z, t.credit_after_z FROM transfer AS t
    JOIN account AS a ON a.id = t.credit_account
    WHERE t.id >= ?1 AND t.id < ?2
"""
_NOW = """
    SELECT a.name, a.balance_z, a.lifetime_earned_z, coalesce(d.minutes_present, 0),
        a.rank_name, a.rank_held_from_z, a.lifetime_spent_z, a.lifetime_gambled_in_z,
        a.biggest_win_z, a.tip_recipients, a.tip_senders
    FROM account AS a
    LEFT JOIN daily_activity AS d
        ON d.channel_id = a.channel_id AND d.day = ?3 AND d.account_id = a.id
    WHERE a.channel_id = ?1 AND a.kind = 'wallet'
    AND a.name IN (SELECT value FROM json_each(?2))
"""


class _Share(NamedTuple):
    """One user's part of the tick, after the decision what is paid."""

    entry: PresenceEntry
    account_id: int
    credit_z: int
    balance_z: int
    transfer_id: int | None


def presence_minute(tx: Tx, request: PresenceMinute) -> Answer:
    """Count minutes and pay everybody of a channel; the banned and the gated are counted only."""
    return once(tx, request, request.channel, _pay_all, _retell)


def _pay_all(tx: Tx, request: PresenceMinute) -> Kept | Answer:
    for entry in request.entries:
        if not 0 <= entry.credit_z <= AMOUNT_MAX_Z:
            return InvalidAmount(entry.credit_z)
    total_z = sum(entry.credit_z for entry in request.entries)
    channel = tx.channels.get(request.channel)
    if not tx.journal.fits(channel.mint, -total_z):
        return InvalidAmount(total_z)
    first_transfer = tx.journal.next_transfer
    shares = _post_all(tx, channel, request)
    facts = _write(tx, channel, request, shares)
    _count_paid(tx, channel, request, [share for share in shares if share.credit_z])
    answer = PresencePaid(request.op_id, facts)
    return Kept(answer, [first_transfer, tx.journal.next_transfer])


def _post_all(tx: Tx, channel: Channel, request: PresenceMinute) -> list[_Share]:
    accounts = _accounts(tx, channel, request)
    banned = {name for (name,) in tx.sql.rows(_BANNED, channel.id)}
    mint, add, at_ms = Side(channel.mint), tx.journal.add, request.at_ms
    shares = []
    for entry in request.entries:
        account_id, balance_z, previous, first_seen_ms, messages = accounts[entry.name]
        credit_z, transfer_id = entry.credit_z, None
        if entry.name in banned or balance_z + credit_z > BALANCE_MAX_Z:
            credit_z = 0
        if not request.gate.is_open(first_seen_ms, messages, at_ms):
            credit_z = 0
        if credit_z:
            balance_z += credit_z
            paid = Side(account_id, TYPE, TRIGGER, balance_z, previous)
            transfer_id = add(channel.id, mint, paid, credit_z, REASON, at_ms, None, entry.metadata)
        shares.append(_Share(entry, account_id, credit_z, balance_z, transfer_id))
    return shares


def _accounts(tx: Tx, channel: Channel, request: PresenceMinute) -> dict[str, Row]:
    names = json.dumps([entry.name for entry in request.entries])
    rows = tx.sql.rows(_KNOWN, channel.id, names)
    known = {row[0] for row in rows}
    missing = [
        (channel.id, entry.name, entry.display_name, request.at_ms)
        for entry in request.entries
        if entry.name not in known
    ]
    if missing:
        tx.sql.each(_OPEN, missing)
        rows = tx.sql.rows(_KNOWN, channel.id, names)
    assert len(rows) == len(request.entries), "a name stands twice in one tick"
    return {row[0]: row[1:] for row in rows}


def _write(
    tx: Tx, channel: Channel, request: PresenceMinute, shares: list[_Share]
) -> tuple[PresenceFact, ...]:
    at_ms, day = request.at_ms, request.day
    earned = tx.sql.each(
        _PAY,
        (
            (
                share.account_id,
                share.credit_z,
                at_ms,
                share.entry.display_name,
                share.transfer_id,
            )
            for share in shares
        ),
    )
    minutes = tx.sql.each(
        _COUNT_DAY,
        (
            (
                channel.id,
                day,
                share.account_id,
                share.entry.minutes,
                share.entry.active_minutes,
                share.credit_z,
            )
            for share in shares
        ),
    )
    return tuple(
        PresenceFact(
            share.entry.name, share.credit_z, share.balance_z, earned_z, minutes_today, *more
        )
        for share, (earned_z, *more), (minutes_today,) in zip(shares, earned, minutes, strict=True)
    )


def _count_paid(tx: Tx, channel: Channel, request: PresenceMinute, paid: list[_Share]) -> None:
    if not paid:
        return
    total_z = sum(share.credit_z for share in paid)
    tx.journal.moved_wallet(total_z)
    tx.journal.count("z_earned_total", total_z)
    accounts = [share.account_id for share in paid]
    tx.wallets.hit_many(channel.id, accounts, TRIGGER, total_z, request.day)
    night = [(share.account_id, z) for share in paid if (z := share.entry.night_z) is not None]
    if night:
        nightly = [account_id for account_id, _ in night]
        extra_z = sum(z for _, z in night)
        tx.wallets.hit_many(channel.id, nightly, NIGHT_TRIGGER, extra_z, request.day)


def _retell(tx: Tx, request: PresenceMinute, memo: Memo) -> Answer:
    first_transfer, end_transfer = memo
    tx.journal.flush()
    channel = tx.channels.get(request.channel)
    rows = tx.sql.rows(_PAID_THEN, first_transfer, end_transfer)
    then = {name: (amount_z, after_z) for name, amount_z, after_z in rows}
    names = json.dumps([entry.name for entry in request.entries])
    now = {row[0]: row[1:] for row in tx.sql.rows(_NOW, channel.id, names, request.day)}
    facts = []
    for entry in request.entries:
        balance_z, earned_z, minutes_today, *more = now[entry.name]
        credited_z, balance_z = then.get(entry.name, (0, balance_z))
        facts.append(
            PresenceFact(entry.name, credited_z, balance_z, earned_z, minutes_today, *more)
        )
    return PresencePaid(request.op_id, tuple(facts), replayed=True)
