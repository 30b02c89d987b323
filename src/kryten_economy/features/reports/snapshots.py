"""How a channel stood every six hours, kept for a good year (`progression.md` 6)."""

from dataclasses import dataclass
from typing import NamedTuple

from kryten_economy.features.reports.rules import SNAPSHOT, period_of
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.operation import Request, operation
from kryten_economy.ledger.records import ClaimJob, FinishJob, claim_job, finish_job
from kryten_economy.ledger.tx import Tx

__all__ = (
    "KEPT_DAYS",
    "KeepSnapshot",
    "Snapshot",
    "SnapshotKept",
    "keep_snapshot",
    "last_snapshot",
    "snapshots_between",
)

KEPT_DAYS = 400
_DAY_MS = 86_400_000


class Snapshot(NamedTuple):
    """One of them; ``..._today`` is what the day had come to at that moment."""

    taken_at_ms: int
    total_accounts: int
    total_z_circulation: int
    active_economy_users_today: int
    z_earned_today: int
    z_spent_today: int
    z_gambled_net_today: int
    median_balance: int
    participation_rate: float
    inflation_multiplier: float


_COLUMNS = ", ".join(Snapshot._fields)
_KEEP = f"""
    INSERT INTO economy_snapshots (channel_id, {_COLUMNS})
    VALUES (?{", ?" * len(Snapshot._fields)})
"""  # noqa: S608 - put together from constants
_FORGET = "DELETE FROM economy_snapshots WHERE channel_id = ? AND taken_at_ms < ?"
_SELECT = f"""
    SELECT {_COLUMNS} FROM economy_snapshots
    WHERE channel_id = (SELECT id FROM channel WHERE name = ?1)
"""  # noqa: S608 - put together from constants
_LAST = _SELECT + "ORDER BY id DESC LIMIT 1"
_BETWEEN = _SELECT + "AND taken_at_ms BETWEEN ?2 AND ?3 ORDER BY taken_at_ms, id LIMIT 5000"


@dataclass(frozen=True, slots=True)
class SnapshotKept:
    """Whether this one was kept; its period had none before then."""

    fresh: bool


@dataclass(frozen=True, slots=True)
class KeepSnapshot(Request[SnapshotKept]):
    """Keep what was read of a channel, once in six hours."""

    channel: str
    snapshot: Snapshot


@operation
def keep_snapshot(tx: Tx, ask: KeepSnapshot) -> SnapshotKept:
    """Keep it with the mark of its period, and forget those that are too old."""
    at_ms = ask.snapshot.taken_at_ms
    period = (SNAPSHOT, ask.channel, period_of(at_ms), at_ms)
    if claim_job(tx, ClaimJob(*period)).finished_at_ms is not None:
        return SnapshotKept(False)
    channel = tx.channel(ask.channel).id
    tx.run(_KEEP, channel, *ask.snapshot)
    tx.run(_FORGET, channel, at_ms - KEPT_DAYS * _DAY_MS)
    finish_job(tx, FinishJob(*period))
    return SnapshotKept(True)


def last_snapshot(reader: Reader, channel: str) -> Snapshot | None:
    """The latest one of a channel."""
    row = reader.sql.row(_LAST, channel)
    return None if row is None else Snapshot._make(row)


def snapshots_between(
    reader: Reader, channel: str, from_ms: int, until_ms: int
) -> tuple[Snapshot, ...]:
    """Those of a time, both ends included, the oldest first."""
    rows = reader.sql.rows(_BETWEEN, channel, from_ms, until_ms)
    return tuple(map(Snapshot._make, rows))
