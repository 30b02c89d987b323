"""The console command ``kryten-economy-prune``: closes accounts that nobody uses.

It only shows them unless told to ``--execute``. Exit codes: 0 done, 1 nothing could be done or it
was called off, 2 some accounts could not be closed.
"""

import argparse
import csv
import logging
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn, TextIO

from kryten_economy.calendar import Calendar
from kryten_economy.cli.files import writing
from kryten_economy.cli.run import load_settings
from kryten_economy.config import Settings
from kryten_economy.features.people.pruning import (
    Candidate,
    CloseAccount,
    Closed,
    Criteria,
    candidates,
)
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.errors import LedgerError
from kryten_economy.text.templates import minute_of, money, plural
from kryten_economy.users import UserKey

__all__ = ("main",)

_SOME_FAILED = 2
_DELETED = (
    "username",
    "channel",
    "balance",
    "lifetime_earned",
    "last_seen",
    "deleted_at",
    "rows_transactions",
    "rows_daily_activity",
    "rows_tip_history",
)
_PREVIEW = (
    "username",
    "channel",
    "balance",
    "lifetime_earned",
    "lifetime_spent",
    "first_seen",
    "last_seen",
    "last_active",
    "welcome_wallet_claimed",
)
_SHOWN_MAX = 50


class _Parser(argparse.ArgumentParser):
    """Exits with 1 where it is misused, since 2 says that some accounts were not closed."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(1, f"{self.prog}: {message}\n")


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


_count.__name__ = "number"
"""So the parser calls it where something else was written."""


def _parser() -> _Parser:
    parser = _Parser(
        prog="kryten-economy-prune",
        description="Closes accounts that nobody has used. Without --execute it only shows them.",
    )
    add = parser.add_argument
    add("--channel", required=True, help="the channel whose accounts are looked at")
    add("--inactive-days", type=_count, default=30, metavar="N", help="not seen for; default: 30")
    add("--balance-min", type=_count, default=0, metavar="N", help="with at least; default: 0")
    add("--balance-max", type=_count, metavar="N", help="with at most; default: no limit")
    add("--max-lifetime-earned", type=_count, metavar="N", help="who earned at most this, ever")
    add("--execute", action="store_true", help="close them")
    add("--yes", action="store_true", help="with --execute: don't ask")
    add("--output-csv", type=Path, metavar="FILE", help="write those found to a file, before all")
    add("--config", type=Path, metavar="PATH", help="the configuration file")
    levels = ("DEBUG", "INFO", "WARNING", "ERROR")
    add("--log-level", default="WARNING", choices=levels, help="default: WARNING")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """The console command; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(argv)
    if options.balance_max is not None and options.balance_max < options.balance_min:
        parser.error("--balance-max must be at least --balance-min")
    logging.basicConfig(level=options.log_level)
    live = load_settings(options.config)
    if live is None:
        return 1
    try:
        return _prune(options, live.settings)
    except FileExistsError as error:
        return _failed(f"{error.filename} exists: nothing is written over")
    except (LedgerError, OSError) as error:
        return _failed(error)


def _prune(options: argparse.Namespace, settings: Settings) -> int:
    path, now_ms = Path(settings.database.path).absolute(), time.time_ns() // 1_000_000
    criteria = Criteria(
        options.channel,
        options.inactive_days,
        options.balance_min,
        options.balance_max,
        options.max_lifetime_earned,
    )
    reader = Reader.open(path)
    try:
        if not reader.sql.row("SELECT 1 FROM channel WHERE name = ?", options.channel):
            return _failed(f"the books know no channel '{options.channel}'")
        found = candidates(reader, criteria, now_ms)
    finally:
        reader.close()
    _show(found, settings)
    if options.output_csv is not None:
        with writing(options.output_csv) as file:
            _preview(found, file)
        print(f"written to {options.output_csv}")
    if not options.execute:
        print("Nothing was changed. Add --execute to close them (the service must be stopped).")
        return 0
    if not found:
        return 0
    return _execute(options, settings, path, criteria, found, now_ms)


def _show(found: Sequence[Candidate], settings: Settings) -> None:
    zone, symbol = Calendar(settings.timezone).zone, settings.currency.symbol
    for each in found[:_SHOWN_MAX]:
        seen = minute_of(each.last_seen_ms, zone)
        print(f"{each.display_name:<22} {money(each.balance_z, symbol):>16}   last seen {seen}")
    if len(found) > _SHOWN_MAX:
        print(f"... and {len(found) - _SHOWN_MAX:,} more")
    total = money(sum(each.balance_z for each in found), symbol)
    print(f"{plural(len(found), 'account')} with {total} to reclaim")


def _execute(
    options: argparse.Namespace,
    settings: Settings,
    path: Path,
    criteria: Criteria,
    found: Sequence[Candidate],
    now_ms: int,
) -> int:
    books = Books.open(path)
    try:
        if not options.yes and not _confirmed():
            print("Called off, nothing was changed.", file=sys.stderr)
            return 1
        audit = _audit_path(options.output_csv, found[0].channel, now_ms)
        day = Calendar(settings.timezone).day(now_ms)
        with writing(audit) as file:
            failed = _close_each(books, criteria, found, (now_ms, day), file)
    finally:
        books.close()
    closed = plural(len(found) - failed, "account")
    print(f"{closed} closed; what was removed stands in {audit}")
    if failed:
        print(f"{plural(failed, 'account')} could not be closed", file=sys.stderr)
    return _SOME_FAILED if failed else 0


def _confirmed() -> bool:
    print("Close these accounts for good? Write yes:", end=" ", flush=True)
    with suppress(EOFError):
        return input().strip() == "yes"
    return False


def _audit_path(output: Path | None, channel: str, now_ms: int) -> Path:
    at = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y%m%dT%H%M%S")
    if output is not None:
        return output.with_name(f"{output.stem}_deleted_{at}{output.suffix or '.csv'}")
    return Path(f"prune_audit_{channel}_{at}.csv")


def _close_each(
    books: Books,
    criteria: Criteria,
    found: Iterable[Candidate],
    now: tuple[int, str],
    audit: TextIO,
) -> int:
    """One transaction for each; answers how many failed. Who has come back since is passed over."""
    out, failed = csv.writer(audit), 0
    out.writerow(_DELETED)
    now_ms, day = now
    for number, each in enumerate(found):
        user = UserKey.of(each.channel, each.display_name)
        act = CloseAccount(f"prune:{now_ms}:{number}", user, criteria, now_ms, day)
        [answer] = books.commit([act]).answers
        if not isinstance(answer, Closed):
            failed += 1
            print(f"{each.display_name}: {answer}", file=sys.stderr)
            continue
        out.writerow(
            (
                each.display_name,
                each.channel,
                answer.reclaimed_z,
                each.lifetime_earned_z,
                _utc(each.last_seen_ms),
                _utc(time.time_ns() // 1_000_000),
                answer.transactions,
                answer.removed.get("daily_activity", 0),
                answer.tips,
            )
        )
        audit.flush()
    return failed


def _preview(found: Iterable[Candidate], file: TextIO) -> None:
    out = csv.writer(file)
    out.writerow(_PREVIEW)
    for each in found:
        times = (each.first_seen_ms, each.last_seen_ms, each.last_active_ms)
        out.writerow((*each[:5], *map(_utc, times), int(each.welcome_wallet_claimed)))


def _utc(at_ms: int | None) -> str:
    if at_ms is None:
        return ""
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _failed(error: object) -> int:
    print(f"kryten-economy-prune: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
