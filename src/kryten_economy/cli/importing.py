"""Moving here from an older version or another bot.

Exit codes: 0 done (or, with ``--dry-run``, it could be), 1 it could not be done or was not wanted,
2 what was built is not what the source holds.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from kryten_economy.calendar import Calendar
from kryten_economy.cli.run import load_settings
from kryten_economy.config import Settings
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.errors import LedgerError
from kryten_economy.migration.balances import book, preview_of, read_balances
from kryten_economy.migration.build import import_books
from kryten_economy.migration.progress import Progress
from kryten_economy.migration.report import ImportFailed, Report, lines_of
from kryten_economy.migration.source import SourceError
from kryten_economy.text.templates import plural

__all__ = ("import_from",)

_UNLIKE = 2
_TABLES = frozenset({".csv", ".tsv"})


def import_from(options: argparse.Namespace) -> int:
    """Show what an import makes of the source, ask, and put it in place."""
    live = load_settings(options.config)
    if live is None:
        return 1
    path = Path(options.source)
    if path.suffix.lower() in _TABLES:
        return _import_balances(options, path, live.settings)
    if options.channel is not None:
        print("kryten-economy: --channel goes with a table of balances (.csv)", file=sys.stderr)
        return 1
    return _import_books(options, live.settings)


def _import_books(options: argparse.Namespace, settings: Settings) -> int:
    path = Path(settings.database.path).absolute()

    def decide(report: Report) -> bool:
        print("\n".join(lines_of(report)))
        if options.report is not None:
            everything = "\n".join(lines_of(report, shown=None))
            options.report.write_text(f"{everything}\n", encoding="utf-8")
        if options.dry_run:
            print(f"Everything adds up. Nothing was changed: {path} is not there yet.")
            return False
        return bool(options.yes) or _agrees(f"Make these the books at {path}?")

    try:
        done = import_books(
            options.source, path, settings, os.environ, _now_ms(), Progress(), decide
        )
    except ImportFailed as error:
        print(f"kryten-economy: {error}. Nothing was changed.", file=sys.stderr)
        return _UNLIKE
    except (SourceError, LedgerError, OSError) as error:
        print(f"kryten-economy: {error}", file=sys.stderr)
        return 1
    if done:
        print(f"{path}: imported. The source was not changed.")
    return 0 if done or options.dry_run else 1


def _import_balances(options: argparse.Namespace, path: Path, settings: Settings) -> int:
    """Balances of another bot, into books that may have accounts already."""
    configured = {each.channel.lower(): each.channel for each in settings.channels}
    channel = configured.get((options.channel or "").lower())
    if channel is None:
        print(
            "kryten-economy: say with --channel whose balances these are, one of"
            f" {', '.join(configured.values())}",
            file=sys.stderr,
        )
        return 1
    target = Path(settings.database.path).absolute()
    try:
        found = read_balances(path)
        print("\n".join(preview_of(found, path, channel)))
        if options.dry_run:
            print("Nothing was changed.")
            return 0
        if not options.yes and not _agrees(f"Add these to the books at {target}?"):
            return 1
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        books = Books.open(target)
        try:
            done = book(books, found, channel, Calendar(settings.timezone), _now_ms())
        finally:
            books.close()
    except (SourceError, LedgerError, OSError) as error:
        print(f"kryten-economy: {error}", file=sys.stderr)
        return 1
    print(f"{plural(done.paid, 'balance')} booked, {plural(done.opened, 'account')} opened.")
    if done.before:
        print(f"{done.before:,} were booked before and are left as they are.")
    for each in done.refused:
        print(f"not booked: {each}", file=sys.stderr)
    return 1 if done.refused else 0


def _agrees(question: str) -> bool:
    try:
        answer = input(f"{question} Write yes to go on: ")
    except EOFError:
        answer = ""
    if answer.strip() == "yes":
        return True
    print("Nothing was changed.")
    return False


def _now_ms() -> int:
    return round(time.time() * 1000)
