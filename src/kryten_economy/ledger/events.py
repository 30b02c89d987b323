"""Events that multiply earning: begun, paid and ended once each (`earning.md` 9.4, 9.5)."""

import json
from fractions import Fraction

from kryten_economy.ledger.answers import Answer
from kryten_economy.ledger.channels import Channel
from kryten_economy.ledger.distribution import holder_of, memo_of, paid_then, pay_each
from kryten_economy.ledger.occasion_answers import (
    EventEnded,
    EventOpened,
    EventStarted,
    Paid,
    RunningEvent,
)
from kryten_economy.ledger.occasion_requests import EndEvent, OpenEvent, StartAdHoc
from kryten_economy.ledger.once import Kept, Memo, once
from kryten_economy.ledger.posting import Line
from kryten_economy.ledger.tx import Tx
from kryten_economy.refusals import AMOUNT_MAX_Z, InvalidAmount
from kryten_economy.users import UserKey

__all__ = ("end_event", "open_event", "start_adhoc")

ANALYTICS = "content.present_at_event_start"

_OPEN = """
    INSERT INTO active_events (
        channel_id, kind, name, fired_at_ms, ends_at_ms, multiplier, announced, bonus_paid
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_RUNNING_ADHOC = """
    SELECT name FROM active_events
    WHERE channel_id = ?1 AND kind = 'adhoc' AND ended_at_ms IS NULL AND ends_at_ms > ?2
"""
_END_ADHOC = """
    UPDATE active_events SET ended_at_ms = ?2
    WHERE channel_id = ?1 AND kind = 'adhoc' AND ended_at_ms IS NULL
"""
_START_ADHOC = """
    INSERT INTO active_events (
        channel_id, kind, name, fired_at_ms, ends_at_ms, multiplier, announced
    ) VALUES (?1, 'adhoc', ?2, ?3, ?4, ?5, 1)
    ON CONFLICT DO UPDATE SET ends_at_ms = ?4, multiplier = ?5, ended_at_ms = NULL
"""
_END = """
    UPDATE active_events SET ended_at_ms = ?5
    WHERE channel_id = ?1 AND kind = ?2 AND name = ?3 AND fired_at_ms = ?4 AND ended_at_ms IS NULL
"""


def open_event(tx: Tx, request: OpenEvent) -> Answer:
    """Note that a scheduled event runs, and pay the bonus with the first note."""
    return once(tx, request, request.channel, _open, _retell)


def _open(tx: Tx, request: OpenEvent) -> Kept | Answer:
    if not 0 <= request.bonus_each_z <= AMOUNT_MAX_Z:
        return InvalidAmount(request.bonus_each_z)
    channel = tx.channels.get(request.channel)
    tx.sql.run(
        _OPEN,
        channel.id,
        "scheduled",
        request.name,
        request.fired_at_ms,
        request.ends_at_ms,
        str(request.multiplier),
        request.announced,
        request.bonus_each_z > 0,
    )
    if tx.sql.changed() == 0:
        return EventOpened(fresh=False)
    paid = _pay_bonus(tx, channel, request) if request.bonus_each_z else ()
    return Kept(EventOpened(True, paid), memo_of(paid))


def _pay_bonus(tx: Tx, channel: Channel, request: OpenEvent) -> tuple[Paid, ...]:
    line = Line(
        "event_bonus",
        f"event.{request.name}.presence",
        f"Present at {request.name}",
        request.at_ms,
        request.day,
        metadata=json.dumps({"users": len(request.present)}),
    )
    holders = [
        holder_of(tx, channel, UserKey(request.channel, each.name), each.display_name, line)
        for each in request.present
    ]
    each_z = request.bonus_each_z
    paid = pay_each(tx, channel, [(holder, each_z, line) for holder in holders])
    winners = {each.wallet.user for each in paid}
    accounts = [holder.account_id for holder in holders if holder.facts.user in winners]
    if accounts:
        tx.wallets.hit_many(channel.id, accounts, ANALYTICS, each_z * len(accounts), request.day)
    return paid


def _retell(tx: Tx, request: OpenEvent, memo: Memo) -> Answer:
    return EventOpened(False, paid_then(tx, request.channel, request.day, memo), replayed=True)


def start_adhoc(tx: Tx, request: StartAdHoc) -> EventStarted:
    """Begin an operator's event in the place of the one that runs."""
    channel = tx.channels.get(request.channel)
    replaced = tx.sql.row(_RUNNING_ADHOC, channel.id, request.at_ms)
    tx.sql.run(_END_ADHOC, channel.id, request.at_ms)
    mult: Fraction = request.multiplier
    values = (request.name, request.at_ms, request.ends_at_ms, str(mult))
    tx.sql.run(_START_ADHOC, channel.id, *values)
    event = RunningEvent("adhoc", request.name, request.at_ms, request.ends_at_ms, mult, True)
    return EventStarted(event, None if replaced is None else replaced[0])


def end_event(tx: Tx, request: EndEvent) -> EventEnded:
    """Note the end; only the first note changes something."""
    channel = tx.channels.find(request.channel)
    if channel is None:
        return EventEnded(changed=False)
    tx.sql.run(_END, channel.id, request.kind, request.name, request.fired_at_ms, request.at_ms)
    return EventEnded(tx.sql.changed() == 1)
