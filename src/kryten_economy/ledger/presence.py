"""The presence tick: every user of a channel in a few statements (`storage.md` S11).

Wallets are read in one statement, the decision who is paid is made on values, and each table is
then written once for all to whom the minute gave the same, which are very few cases in a crowd.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from kryten_economy.ledger.answers import Answer, PresenceFact, PresencePaid
from kryten_economy.ledger.channels import Channel
from kryten_economy.ledger.journal import Side
from kryten_economy.ledger.once import Kept, Memo, once
from kryten_economy.ledger.requests import PresenceEntry, PresenceMinute
from kryten_economy.ledger.tx import Tx
from kryten_economy.refusals import AMOUNT_MAX_Z, BALANCE_MAX_Z, InvalidAmount

__all__ = ("presence_minute",)

TYPE, TRIGGER, REASON = "earn", "presence.base", "Presence"
NIGHT_TRIGGER = "presence.night_watch"

_KNOWN = """
    SELECT a.name, a.id, a.display_name, a.balance_z, a.last_transfer, a.first_seen_ms,
        a.lifetime_messages, a.lifetime_earned_z, a.rank_name, a.rank_held_from_z,
        a.lifetime_spent_z, a.lifetime_gambled_in_z, a.biggest_win_z, a.tip_recipients,
        a.tip_senders
    FROM account AS a
    WHERE a.channel_id = ?1 AND a.kind = 'wallet'
    AND a.name IN (SELECT value FROM json_each(?2))
"""
_BANNED = "SELECT name FROM banned_users WHERE channel_id = ?"
_OPEN = """
    INSERT INTO account (channel_id, kind, name, display_name, first_seen_ms, last_seen_ms)
    VALUES (?1, 'wallet', ?2, ?3, ?4, ?4)
"""
_RENAME = "UPDATE account SET display_name = ?2 WHERE id = ?1"
_PAY = """
    UPDATE account SET
        balance_z = balance_z + ?2,
        lifetime_earned_z = min(lifetime_earned_z + ?2, 4611686018427387904),
        last_seen_ms = max(last_seen_ms, ?3),
        last_transfer = coalesce(?4 + each.key, last_transfer)
    FROM json_each(?1) AS each WHERE account.id = each.value
"""
_COUNT_DAY = """
    INSERT INTO daily_activity (
        channel_id, day, account_id, minutes_present, minutes_active, z_earned
    )
    SELECT ?1, ?2, each.value, ?4, ?5, ?6 FROM json_each(?3) AS each WHERE true
    ON CONFLICT DO UPDATE SET
        minutes_present = minutes_present + excluded.minutes_present,
        minutes_active = minutes_active + excluded.minutes_active,
        z_earned = min(z_earned + excluded.z_earned, 4611686018427387904)
    RETURNING account_id, minutes_present
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


class _Account(NamedTuple):
    """What the books knew of a user before the tick."""

    id: int
    display_name: str
    balance_z: int
    last_transfer: int | None
    first_seen_ms: int
    lifetime_messages: int
    lifetime_earned_z: int
    rank_name: str
    rank_held_from_z: int | None
    lifetime_spent_z: int
    lifetime_gambled_in_z: int
    biggest_win_z: int
    tip_recipients: int
    tip_senders: int


class _Case(NamedTuple):
    """What the tick gives to a user, after the decision what is paid."""

    minutes: int
    active_minutes: int
    credit_z: int


class _Share(NamedTuple):
    """One user's part of the tick."""

    entry: PresenceEntry
    account: _Account


_Cases = dict[_Case, list[_Share]]


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
    accounts = _accounts(tx, channel, request)
    cases = _decide(tx, channel, request, accounts)
    facts: dict[str, PresenceFact] = {}
    for case, shares in cases.items():
        minutes_today = _write(tx, channel, request, case, shares)
        facts.update(_facts(case.credit_z, shares, minutes_today))
    _count_paid(tx, channel, request, cases)
    answer = PresencePaid(request.op_id, tuple(facts[entry.name] for entry in request.entries))
    return Kept(answer, [first_transfer, tx.journal.next_transfer])


def _accounts(tx: Tx, channel: Channel, request: PresenceMinute) -> dict[str, _Account]:
    names = json.dumps([entry.name for entry in request.entries])
    rows = tx.sql.rows(_KNOWN, channel.id, names)
    if len(rows) < len(request.entries):
        known = {row[0] for row in rows}
        missing = [
            (channel.id, entry.name, entry.display_name, request.at_ms)
            for entry in request.entries
            if entry.name not in known
        ]
        tx.sql.each(_OPEN, missing)
        rows = tx.sql.rows(_KNOWN, channel.id, names)
    assert len(rows) == len(request.entries), "a name stands twice in one tick"
    return {name: _Account._make(more) for name, *more in rows}


def _decide(
    tx: Tx, channel: Channel, request: PresenceMinute, accounts: Mapping[str, _Account]
) -> _Cases:
    banned = {name for (name,) in tx.sql.rows(_BANNED, channel.id)}
    gate, at_ms = request.gate, request.at_ms
    cases: _Cases = {}
    for entry in request.entries:
        account, credit_z = accounts[entry.name], entry.credit_z
        if (
            entry.name in banned
            or account.balance_z + credit_z > BALANCE_MAX_Z
            or not gate.is_open(account.first_seen_ms, account.lifetime_messages, at_ms)
        ):
            credit_z = 0
        case = _Case(entry.minutes, entry.active_minutes, credit_z)
        cases.setdefault(case, []).append(_Share(entry, account))
    return cases


def _write(
    tx: Tx, channel: Channel, request: PresenceMinute, case: _Case, shares: Sequence[_Share]
) -> dict[int, int]:
    """Give all of a case the same; answers the minutes of the day by account."""
    at_ms, credit_z = request.at_ms, case.credit_z
    renamed = [
        (share.account.id, share.entry.display_name)
        for share in shares
        if share.account.display_name != share.entry.display_name
    ]
    if renamed:
        tx.sql.each(_RENAME, renamed)
    # Transfers posted in a row have ids in a row, as the statement supposes.
    first_transfer = tx.journal.next_transfer if credit_z else None
    if credit_z:
        _post(tx, channel, credit_z, shares, at_ms)
    ids = json.dumps([share.account.id for share in shares])
    tx.sql.run(_PAY, ids, credit_z, at_ms, first_transfer)
    return dict(tx.sql.rows(_COUNT_DAY, channel.id, request.day, ids, *case))


def _post(tx: Tx, channel: Channel, credit_z: int, shares: Iterable[_Share], at_ms: int) -> None:
    mint, add = Side(channel.mint), tx.journal.add
    for entry, account in shares:
        paid = Side(account.id, TYPE, TRIGGER, account.balance_z + credit_z, account.last_transfer)
        add(channel.id, mint, paid, credit_z, REASON, at_ms, None, entry.metadata)


def _facts(
    credit_z: int, shares: Iterable[_Share], minutes_today: Mapping[int, int]
) -> Iterable[tuple[str, PresenceFact]]:
    for entry, account in shares:
        yield (
            entry.name,
            PresenceFact(
                entry.name,
                credit_z,
                account.balance_z + credit_z,
                min(account.lifetime_earned_z + credit_z, BALANCE_MAX_Z),
                minutes_today[account.id],
                # From its rank name on, an account has what a fact has.
                *account[7:],
            ),
        )


def _count_paid(tx: Tx, channel: Channel, request: PresenceMinute, cases: _Cases) -> None:
    paid = [share for case, shares in cases.items() if case.credit_z for share in shares]
    if not paid:
        return
    total_z = sum(case.credit_z * len(shares) for case, shares in cases.items())
    tx.journal.moved_wallet(total_z)
    tx.journal.count("z_earned_total", total_z)
    accounts = [share.account.id for share in paid]
    tx.wallets.hit_many(channel.id, accounts, TRIGGER, total_z, request.day)
    nightly = [share for share in paid if share.entry.night_z is not None]
    if nightly:
        accounts = [share.account.id for share in nightly]
        extra_z = sum(share.entry.night_z or 0 for share in nightly)
        tx.wallets.hit_many(channel.id, accounts, NIGHT_TRIGGER, extra_z, request.day)


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
