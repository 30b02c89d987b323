"""What a restore would change, told before it is done."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from kryten_economy.ledger.errors import LedgerError
from kryten_economy.ledger.reader import Reader
from kryten_economy.ledger.sqlite import Sql
from kryten_economy.ledger.verification import VerifyReport, verify

__all__ = ("BookSummary", "ChannelChange", "RestorePreview", "restore_preview")

_LAST = """
    SELECT
        (SELECT coalesce(max(id), 0) FROM transfer),
        (SELECT coalesce(max(seq), 0) FROM operation),
        (SELECT max(created_at_ms) FROM operation WHERE seq = (SELECT max(seq) FROM operation))
"""
_NEWER = """
    SELECT
        (SELECT count(*) FROM transfer WHERE id > ?),
        (SELECT count(*) FROM operation WHERE seq > ?)
"""


class BookSummary(NamedTuple):
    """Where a file ends: its last transfer and operation, and when that was (UTC ms)."""

    last_transfer: int
    last_operation: int
    last_operation_ms: int | None


class ChannelChange(NamedTuple):
    """A channel now and as the backup has it."""

    channel: str
    accounts_now: int
    accounts_then: int
    float_now_z: int
    float_then_z: int


@dataclass(frozen=True, slots=True)
class RestorePreview:
    """``lost_*`` counts what is in the books and not in the backup.

    ``target`` is None where there are no readable books to lose; ``target_problem`` says why.
    """

    report: VerifyReport
    backup: BookSummary
    target: BookSummary | None
    target_problem: str
    lost_transfers: int
    lost_operations: int
    channels: tuple[ChannelChange, ...]


_FLOATS = """
    SELECT c.name, count(*) FILTER (WHERE a.kind = 'wallet'), coalesce(sum(a.balance_z), 0)
    FROM channel AS c JOIN account AS a ON a.channel_id = c.id
    WHERE a.kind IN ('wallet', 'escrow') GROUP BY c.name
"""


def restore_preview(backup_path: str | Path, target_path: str | Path) -> RestorePreview:
    """Compare a backup with the books it would replace; changes neither."""
    report = verify(backup_path)
    then = Reader.open(backup_path)
    try:
        try:
            now = Reader.open(target_path)
        except LedgerError as error:
            floats = _floats(then)
            changes = tuple(
                ChannelChange(channel, 0, accounts, 0, float_z)
                for channel, (accounts, float_z) in sorted(floats.items())
            )
            return RestorePreview(report, _summary(then), None, str(error), 0, 0, changes)
        try:
            return _compare(report, then, now)
        finally:
            now.close()
    finally:
        then.close()


def _compare(report: VerifyReport, then: Reader, now: Reader) -> RestorePreview:
    summary = _summary(then)
    newer = (summary.last_transfer, summary.last_operation)
    lost_transfers, lost_operations = Sql(now.connection).only(_NEWER, *newer)
    floats_then, floats_now = _floats(then), _floats(now)
    changes = []
    for channel in sorted(floats_then.keys() | floats_now.keys()):
        accounts_now, now_z = floats_now.get(channel, (0, 0))
        accounts_then, then_z = floats_then.get(channel, (0, 0))
        changes.append(ChannelChange(channel, accounts_now, accounts_then, now_z, then_z))
    return RestorePreview(
        report, summary, _summary(now), "", lost_transfers, lost_operations, tuple(changes)
    )


def _summary(reports: Reader) -> BookSummary:
    return BookSummary._make(Sql(reports.connection).only(_LAST))


def _floats(reports: Reader) -> dict[str, tuple[int, int]]:
    """Accounts and circulation (wallets and escrow) by channel."""
    return {
        name: (accounts, float_z)
        for name, accounts, float_z in Sql(reports.connection).rows(_FLOATS)
    }
