"""Events out of their turn: started by an operator, or by somebody who has bought one.

One at a time runs in a channel, and a new one takes the place of the one that runs.
"""

import json
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple, TypeAlias

from kryten_economy.ledger.audit import KeptState, kept, reversible
from kryten_economy.ledger.channels import Channel
from kryten_economy.ledger.operation import Request, operation
from kryten_economy.ledger.tx import Tx

__all__ = (
    "AdHocStopped",
    "EventKind",
    "EventStarted",
    "RunningEvent",
    "Runs",
    "StartAdHoc",
    "StopAdHoc",
    "begin_adhoc",
    "running_adhoc",
    "start_adhoc",
    "stop_adhoc",
)

EventKind: TypeAlias = Literal["scheduled", "adhoc"]

_RUNNING_ADHOC = """
    SELECT name, fired_at_ms, ends_at_ms FROM active_events
    WHERE channel_id = ?1 AND kind = 'adhoc' AND ended_at_ms IS NULL AND ends_at_ms > ?2
"""
_MULTIPLIER = """
    SELECT multiplier FROM active_events
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


@dataclass(frozen=True, slots=True)
class RunningEvent:
    """An event whose end has not been noticed yet."""

    kind: EventKind
    name: str
    fired_at_ms: int
    ends_at_ms: int
    multiplier: Fraction
    announced: bool


@dataclass(frozen=True, slots=True)
class EventStarted:
    """The event as it is stored; ``replaced`` is the name of the one that ended with it."""

    event: RunningEvent
    replaced: str | None


@dataclass(frozen=True, slots=True)
class StartAdHoc(Request[EventStarted]):
    """Start an event of an operator; one that runs ends with it."""

    channel: str
    name: str
    multiplier: Fraction
    ends_at_ms: int
    at_ms: int


@operation
def start_adhoc(tx: Tx, ask: StartAdHoc) -> EventStarted:
    """Begin an operator's event in the place of the one that runs."""
    running = running_adhoc(tx, ask.channel, ask.at_ms)
    event = begin_adhoc(tx, ask.channel, ask.name, ask.multiplier, ask.ends_at_ms, ask.at_ms)
    return EventStarted(event, None if running is None else running.name)


class Runs(NamedTuple):
    """The ad-hoc event that runs."""

    name: str
    fired_at_ms: int
    ends_at_ms: int


def running_adhoc(tx: Tx, channel: str, at_ms: int) -> Runs | None:
    """The event that one begun now would replace; for operations of any feature."""
    known = tx.channels.find(channel)
    rows = [] if known is None else tx.query(_RUNNING_ADHOC, known.id, at_ms)
    return Runs._make(rows[0]) if rows else None


def begin_adhoc(
    tx: Tx, channel: str, name: str, multiplier: Fraction, ends_at_ms: int, at_ms: int
) -> RunningEvent:
    """Begin an event and end the one that runs; for operations of any feature.

    Whoever runs the channel's events is to be told once this is committed.
    """
    channel_id = tx.channel(channel).id
    tx.run(_END_ADHOC, channel_id, at_ms)
    tx.run(_START_ADHOC, channel_id, name, at_ms, ends_at_ms, str(multiplier))
    tx.journal.count("adhoc_events_started_total")
    return RunningEvent("adhoc", name, at_ms, ends_at_ms, multiplier, True)


@dataclass(frozen=True, slots=True)
class AdHocStopped:
    """Name and start of the event that ended with it; None where none ran."""

    name: str | None = None
    fired_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class StopAdHoc(Request[AdHocStopped]):
    """End the event of an operator before its time."""

    channel: str
    at_ms: int


@operation
def stop_adhoc(tx: Tx, ask: StopAdHoc) -> AdHocStopped:
    """End what runs; an event whose time is over is left to whoever tells of its end."""
    running = running_adhoc(tx, ask.channel, ask.at_ms)
    if running is None:
        return AdHocStopped()
    tx.run(_END_ADHOC, tx.channel(ask.channel).id, ask.at_ms)
    return AdHocStopped(running.name, running.fired_at_ms)


def _read(tx: Tx, channel: Channel, _subject: str, at_ms: int) -> str | None:
    running = running_adhoc(tx, channel.name, at_ms)
    if running is None:
        return None
    (multiplier,) = tx.sql.only(_MULTIPLIER, channel.id, at_ms)
    return json.dumps(
        {
            "name": running.name,
            "multiplier": multiplier,
            "ends_at_ms": running.ends_at_ms,
            "fired_at_ms": running.fired_at_ms,
        }
    )


def _write(tx: Tx, channel: Channel, _subject: str, state: str | None, at_ms: int) -> None:
    if state is None:
        tx.run(_END_ADHOC, channel.id, at_ms)
        return
    told = json.loads(state)
    multiplier = Fraction(told["multiplier"])
    begin_adhoc(tx, channel.name, told["name"], multiplier, told["ends_at_ms"], at_ms)


def _lasting(state: str | None, at_ms: int) -> str | None:
    """An event ends by itself; when it began makes it no other one."""
    told = None if state is None else json.loads(state)
    if told is None or told["ends_at_ms"] <= at_ms:
        return None
    return json.dumps({each: told[each] for each in ("name", "multiplier", "ends_at_ms")})


EVENT_STATE = kept(KeptState("event", _read, _write, _lasting))
reversible(StartAdHoc, StopAdHoc, states=lambda _: ((EVENT_STATE, ""),))
