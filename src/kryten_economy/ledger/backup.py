"""Backups of running books, and the way back.

A backup is copied online, verified, and only then given its name; older ones go after
that, so a failing disk never costs the last good one. A restore keeps what it replaces.

What a restore would change, told before it is done.
"""

import logging
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import apsw

from kryten_economy.ledger import opening
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.displacement import FileLock, create_private
from kryten_economy.ledger.errors import CorruptBooks, LedgerError, MissingBooks, UnwritableBooks
from kryten_economy.ledger.invariants import VerifyReport, verify
from kryten_economy.ledger.statements import Sql

__all__ = (
    "BackupResult",
    "BookSummary",
    "ChannelChange",
    "RestorePreview",
    "Restored",
    "backup",
    "newest_backup_ms",
    "restore",
    "restore_preview",
)

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


_log = logging.getLogger("kryten_economy.ledger.backup")


@dataclass(frozen=True, slots=True)
class BackupResult:
    """The verified backup, and which older ones it took the place of."""

    path: Path
    size_bytes: int
    report: VerifyReport
    pruned: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Restored:
    """The restored books, and where the replaced file is kept (None if there was none)."""

    path: Path
    report: VerifyReport
    replaced: Path | None


def backup(source_path: str | Path, directory: str | Path, now_ms: int, keep: int) -> BackupResult:
    """Copy books that may be in use to ``directory``; keeps the ``keep`` newest (at least 1).

    Raises CorruptBooks if the copy does not verify; then nothing older is removed.
    """
    source, folder = Path(source_path), Path(directory)
    if not source.exists():
        raise MissingBooks(str(source))
    with _telling_disk(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = max(map(_number, _backups(folder, source.stem)), default=0) + 1
        final = folder / f"{source.stem}-{number:06d}-{_stamp(now_ms)}.db"
        part = final.with_suffix(".part")
        try:
            _copy_online(source, part)
            report = _verified(part)
            part.replace(final)
            _sync_directory(folder)
        finally:
            _remove(part)
        pruned = _prune(folder, source.stem, keep, final)
        return BackupResult(final, final.stat().st_size, report, pruned)


def restore(
    backup_path: str | Path, target_path: str | Path, now_ms: int, *, new: bool = False
) -> Restored:
    """Put a verified copy of a backup in the place of the books; refused while these are in use.

    What the backup's own write-ahead log holds is restored with it. The replaced file stays
    beside it as ``<name>.replaced-<time>``. ``new`` allows a place where there are no books.
    """
    source, target = Path(backup_path), Path(target_path).resolve()
    if not source.exists():
        raise MissingBooks(str(source))
    if not (target.exists() or new):
        raise MissingBooks(str(target))
    lock = FileLock(target, create=False)
    try:
        with _telling_disk(target):
            return _replace(source, target, now_ms)
    finally:
        lock.release()


def _replace(source: Path, target: Path, now_ms: int) -> Restored:
    fresh = target.with_name(f"{target.name}.restoring")
    kept = target.with_name(f"{target.name}.replaced-{_stamp(now_ms)}")
    try:
        _copy_online(source, fresh)
        report = _verified(fresh)
        existed = target.exists()
        if existed:
            shutil.copymode(target, fresh)
            _set_aside(target, kept)
        fresh.replace(target)
        _sync_directory(target.parent)
    finally:
        _remove(fresh)
    return Restored(target, report, kept if existed else None)


def _set_aside(target: Path, kept: Path) -> None:
    """Keep the old file whole under its new name, with what its log still holds.

    Sound books take the log in. Of damaged ones the log is renamed with the file, since
    SQLite finds it by name; no log may stay that would be applied to the restored file.
    """
    with suppress(apsw.Error, LedgerError):
        connection = opening.connect(target, apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        finally:
            connection.close()
    os.link(target, kept)
    log = target.with_name(f"{target.name}-wal")
    if log.exists():
        log.replace(kept.with_name(f"{kept.name}-wal"))
    target.with_name(f"{target.name}-shm").unlink(missing_ok=True)


def _copy_online(source: Path, part: Path) -> None:
    _remove(part)
    create_private(part)
    with opening.telling_clearly(source):
        reader = opening.connect(source, apsw.SQLITE_OPEN_READONLY)
        try:
            writer = opening.connect(part, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
            try:
                # All pages in one step: a copy in several would start over at each commit.
                with writer.backup("main", reader, "main") as copying:
                    copying.step(-1)
                # A backup is one file; without this it would ask for a log beside it.
                writer.pragma("journal_mode", "delete")
            finally:
                writer.close(True)
        finally:
            reader.close()
    _sync_file(part)


def _verified(path: Path) -> VerifyReport:
    report = verify(path)
    if not report.ok:
        raise CorruptBooks(f"{path}: {report.first}")
    return report


def newest_backup_ms(
    source_path: str | Path, directory: str | Path, now_ms: int | None = None
) -> int | None:
    """When the newest backup of these books was made; None if there is none.

    With ``now_ms`` a backup that a wrong clock has dated later is told and not counted.
    """
    times = [
        (_made_at_ms(each), each) for each in _backups(Path(directory), Path(source_path).stem)
    ]
    for at_ms, path in times:
        if now_ms is not None and at_ms > now_ms:
            _log.warning("a backup is dated in the future and is not counted: %s", path)
    return max((at_ms for at_ms, _ in times if now_ms is None or at_ms <= now_ms), default=None)


def _made_at_ms(path: Path) -> int:
    stamp = path.stem.rpartition("-")[2]
    moment = datetime.strptime(stamp[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1000 + int(stamp[15:18])


def _backups(folder: Path, stem: str) -> list[Path]:
    """All backups of one file in the order they were made, whatever the clock said."""
    named = re.compile(re.escape(stem) + r"-(\d{6,}-)?\d{8}T\d{9}Z\.db")
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if named.fullmatch(path.name)]
    return sorted(found, key=lambda path: (_number(path), path.name))


def _number(path: Path) -> int:
    """A backup's place in the sequence; 0 where its name has none."""
    number = path.stem.rpartition("-")[0].rpartition("-")[2]
    return int(number) if number.isdigit() and len(number) >= 6 else 0


def _prune(folder: Path, stem: str, keep: int, newest: Path) -> tuple[Path, ...]:
    old = [path for path in _backups(folder, stem)[: -max(1, keep)] if path != newest]
    for path in old:
        path.unlink()
    return tuple(old)


def _stamp(now_ms: int) -> str:
    moment = datetime.fromtimestamp(now_ms / 1000, UTC)
    return f"{moment:%Y%m%dT%H%M%S}{now_ms % 1000:03d}Z"


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_sync_directory = _sync_file


@contextmanager
def _telling_disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnwritableBooks(f"{error.filename or path}: {error.strerror}") from error
