"""Looking after the books from the command line: verify, backup, restore.

Exit codes: 0 all is well, 1 it could not be done, 2 the books do not balance.
"""

import argparse
import getpass
import json
import sys
import time
from pathlib import Path

from kryten_economy.calendar import Calendar
from kryten_economy.cli.run import load_settings
from kryten_economy.config import Settings
from kryten_economy.features.games.rules import GAMES
from kryten_economy.features.games.verifying import RoundRecord, Verdict, check, round_record
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.audit import Acted, Line, OnRecord
from kryten_economy.ledger.backup import RestorePreview, restore_preview
from kryten_economy.ledger.backup import backup as copy_books
from kryten_economy.ledger.backup import restore as put_back
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.errors import CorruptBooks, LedgerError
from kryten_economy.ledger.invariants import Violation
from kryten_economy.ledger.invariants import verify as verify_books
from kryten_economy.ledger.records import Reopen
from kryten_economy.text.templates import minute_of, plural, thousands

__all__ = ("backup", "restore", "verify", "verify_round")

_UNBALANCED = 2
_WESTERNMOST_MS = 12 * 3_600_000


def verify(options: argparse.Namespace) -> int:
    """Prove that every balance is the sum of its transfers and that all of them sum to 0."""
    settings = _settings(options)
    if settings is None:
        return 1
    path = Path(settings.database.path).absolute()
    try:
        report = verify_books(path)
        for problem in (*report.problems, *(_told(each) for each in report.violations)):
            print(f"{path}: {problem}", file=sys.stderr)
        if not report.ok:
            print(f"{path}: the books do NOT balance", file=sys.stderr)
            return _UNBALANCED
        accounts = plural(report.accounts, "account")
        transfers = plural(report.transfers, "transfer")
        print(f"{path}: the books balance: {accounts}, {transfers}")
        if options.reopen:
            _reopen(path, options.reopen)
    except LedgerError as error:
        return _failed(error)
    return 0


def _told(violation: Violation) -> str:
    where = f"{violation.channel}/{violation.account}" if violation.channel else "all accounts"
    return f"{where}: {violation.what}: expected {violation.expected}, found {violation.found}"


def _reopen(path: Path, channel: str) -> None:
    books = Books.open(path)
    try:
        [acted] = books.commit([OnRecord(Reopen(channel), _line(channel))]).answers
    finally:
        books.close()
    assert isinstance(acted, Acted), acted
    print(f"{channel}: {'open again' if acted.answer.changed else 'was not closed'}")


def _line(channel: str) -> Line:
    """That whoever runs this has done it, for the audit log."""
    now_ms = time.time_ns() // 1_000_000
    cause = f"cli:reopen:{channel}:{now_ms}"
    return Line(now_ms, "", getpass.getuser(), "cli", channel, "verify --reopen", channel, cause)


def backup(options: argparse.Namespace) -> int:
    """Make a verified copy now; the service may be running."""
    settings = _settings(options)
    if settings is None:
        return 1
    path = Path(settings.database.path).absolute()
    configured = settings.database.backup_directory
    directory = options.directory or (Path(configured) if configured else path.parent / "backups")
    directory = directory.absolute()
    try:
        result = copy_books(
            path, directory, time.time_ns() // 1_000_000, settings.database.backup_keep
        )
    except (LedgerError, OSError) as error:
        return _failed(error)
    print(f"{result.path}: verified, {plural(result.report.transfers, 'transfer')}")
    return 0


def restore(options: argparse.Namespace) -> int:
    """Show what a backup would change; with ``--yes`` put it in the place of the books."""
    settings = _settings(options)
    if settings is None:
        return 1
    path, source = Path(settings.database.path).absolute(), options.file.absolute()
    try:
        preview = restore_preview(source, path)
        if not preview.report.ok:
            return _failed(CorruptBooks(f"{source}: {preview.report.first}"))
        _show(preview, source, path, Calendar(settings.timezone))
        if not options.yes:
            needed = "--yes" if path.exists() else "--yes --new"
            print(f"Nothing was changed. Add {needed} to restore (the service must be stopped).")
            return 0
        done = put_back(source, path, time.time_ns() // 1_000_000, new=options.new)
    except (LedgerError, OSError) as error:
        return _failed(error)
    replaced = f"; the books so far are kept as {done.replaced}" if done.replaced else ""
    print(f"{path}: restored{replaced}")
    return 0


def _show(preview: RestorePreview, source: Path, path: Path, calendar: Calendar) -> None:
    def when(at_ms: int | None) -> str:
        return minute_of(at_ms, calendar.zone) if at_ms is not None else "never"

    print(f"backup: {source}, last operation {when(preview.backup.last_operation_ms)}")
    if preview.target is None:
        print(f"books:  {preview.target_problem}")
    else:
        print(f"books:  {path}, last operation {when(preview.target.last_operation_ms)}")
    print(f"{plural(preview.lost_transfers, 'transfer')} newer than the backup would be lost")
    for each in preview.channels:
        print(
            f"  {each.channel}: {plural(each.accounts_now, 'account')} with "
            f"{thousands(each.float_now_z)} -> {plural(each.accounts_then, 'account')} with "
            f"{thousands(each.float_then_z)}"
        )


def verify_round(options: argparse.Namespace) -> int:
    """Work a round out again from its seed, its terms and its stakes.

    Exit code 2 means that the outcome is not what the seed says. Without a configuration nobody
    knows in which zone the day ends, and it has to be over everywhere.
    """
    if options.database is None:
        settings = _settings(options)
        if settings is None:
            return 1
        path, zone, later_ms = Path(settings.database.path), settings.timezone, 0
    else:
        path, zone, later_ms = options.database, "UTC", _WESTERNMOST_MS
    today = Calendar(zone).day(time.time_ns() // 1_000_000 - later_ms)
    try:
        reports = Reports.open(path.absolute())
        try:
            record = round_record(reports, options.number, today)
        finally:
            reports.close()
    except LedgerError as error:
        return _failed(error)
    if record is None or record.game not in GAMES:
        print(f"{path}: there is no round {options.number}", file=sys.stderr)
        return 1
    return _told_round(record)


def _told_round(record: RoundRecord) -> int:
    about = f"round {record.number}: {record.game} in {record.channel}, {record.day}"
    checked = check(record)
    match checked.verdict:
        case Verdict.CANCELLED:
            print(f"{about}: called off, nothing was drawn")
        case Verdict.WAITING:
            print(f"{about}: not over")
            return 1
        case Verdict.SECRET:
            print(f"{about}: the seed is told when the day is over and so are its rounds")
            return 1
        case Verdict.TRUE | Verdict.FALSE:
            assert record.seed is not None, record.number
            print(f"{about}\n  seed {record.seed.seed}\n  its SHA-256 {record.seed.hash}")
            print(f"  stored     {json.dumps(record.outcome, ensure_ascii=False)}")
            print(f"  worked out {json.dumps(checked.outcome, ensure_ascii=False)}")
            if checked.verdict is Verdict.FALSE:
                print(f"{about}: NOT what the seed says", file=sys.stderr)
                return _UNBALANCED
            print("  the outcome is what the seed says")
    return 0


def _settings(options: argparse.Namespace) -> Settings | None:
    live = load_settings(options.config)
    return None if live is None else live.settings


def _failed(error: Exception) -> int:
    print(f"kryten-economy: {error}", file=sys.stderr)
    return 1
