"""Scheduled events that multiply earning: begun, paid and ended once each."""

import json
from dataclasses import dataclass
from fractions import Fraction

from kryten_economy.features.events.adhoc import EventKind
from kryten_economy.ledger.operation import ALWAYS, Act, Request, operation
from kryten_economy.ledger.posting import Entry, Paid, pay_each
from kryten_economy.ledger.tx import Tx
from kryten_economy.refusals import AMOUNT_MAX_Z, InvalidAmount
from kryten_economy.users import Present, UserKey

__all__ = (
    "EndEvent",
    "EventEnded",
    "EventOpened",
    "OpenEvent",
    "end_event",
    "open_event",
)

PRESENT = "content.present_at_event_start"

_OPEN = """
    INSERT INTO active_events (
        channel_id, kind, name, fired_at_ms, ends_at_ms, multiplier, announced, bonus_paid
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_END = """
    UPDATE active_events SET ended_at_ms = ?5
    WHERE channel_id = ?1 AND kind = ?2 AND name = ?3 AND fired_at_ms = ?4 AND ended_at_ms IS NULL
"""


@dataclass(frozen=True, slots=True)
class EventOpened:
    """``fresh`` is True for the one who noticed the event first."""

    fresh: bool
    paid: tuple[Paid, ...] = ()
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class OpenEvent(Act[EventOpened | InvalidAmount]):
    """A scheduled event is noticed to run; the first time it pays its bonus.

    ``bonus_each_z`` 0 pays nothing. ``announced`` says whether its begin is told.
    """

    HALTED_BY = ALWAYS

    op_id: str
    channel: str
    name: str
    multiplier: Fraction
    fired_at_ms: int
    ends_at_ms: int
    announced: bool
    bonus_each_z: int
    present: tuple[Present, ...]
    at_ms: int
    day: str


@operation
def open_event(tx: Tx, ask: OpenEvent) -> EventOpened | InvalidAmount:
    """Note that a scheduled event runs, and pay the bonus with the first note."""
    if not 0 <= ask.bonus_each_z <= AMOUNT_MAX_Z:
        return InvalidAmount(ask.bonus_each_z)
    fresh = tx.run(
        _OPEN,
        tx.channel(ask.channel).id,
        "scheduled",
        ask.name,
        ask.fired_at_ms,
        ask.ends_at_ms,
        str(ask.multiplier),
        ask.announced,
        ask.bonus_each_z > 0,
    )
    if not fresh:
        return EventOpened(fresh=False)
    return EventOpened(True, _pay_bonus(tx, ask) if ask.bonus_each_z else ())


def _pay_bonus(tx: Tx, ask: OpenEvent) -> tuple[Paid, ...]:
    entry = Entry(
        "event_bonus",
        f"event.{ask.name}.presence",
        f"Present at {ask.name}",
        ask.at_ms,
        ask.day,
        metadata=json.dumps({"users": len(ask.present)}),
    )
    names = [each.name for each in ask.present]
    tx.accounts.find_many(tx.channel(ask.channel), names, ask.day)
    accounts = [
        tx.find_or_open(UserKey(ask.channel, each.name), each.display_name, ask.day, ask.at_ms)
        for each in ask.present
    ]
    paid = pay_each(tx, [(account, ask.bonus_each_z, entry) for account in accounts])
    winners = {each.wallet.user for each in paid}
    for account in accounts:
        if account.user in winners:
            tx.analytics.hit(account, PRESENT, ask.bonus_each_z, ask.day)
    return paid


@dataclass(frozen=True, slots=True)
class EventEnded:
    """Whether this request ended it."""

    changed: bool


@dataclass(frozen=True, slots=True)
class EndEvent(Request[EventEnded]):
    """An event is over; ``changed`` is True once."""

    channel: str
    kind: EventKind
    name: str
    fired_at_ms: int
    at_ms: int


@operation
def end_event(tx: Tx, ask: EndEvent) -> EventEnded:
    """Note the end; only the first note changes something."""
    channel = tx.channels.find(ask.channel)
    if channel is None:
        return EventEnded(changed=False)
    changed = tx.run(_END, channel.id, ask.kind, ask.name, ask.fired_at_ms, ask.at_ms)
    return EventEnded(changed == 1)
