"""``kryten-economy export``: everything about one user, or every transfer with its check.

Both only read, so the service may be running. Exit codes: 0 done, 1 it could not be done, 2 what
was exported does not balance.
"""

import argparse
import csv
import json
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

from kryten_economy.calendar import Calendar, day_after, is_day
from kryten_economy.cli.files import writing
from kryten_economy.cli.run import load_settings
from kryten_economy.features.people.exporting import AboutRow, about, write_csv, write_json
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.errors import LedgerError
from kryten_economy.ledger.trail import COLUMNS, Trail
from kryten_economy.text.templates import plural
from kryten_economy.users import name_from_text

__all__ = ("add_parser", "export")

_UNBALANCED = 2
_FOREVER_MS = 2**62


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """What the command line takes."""
    parser = commands.add_parser(
        "export", help="write down everything about a user, or every transfer with its check"
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--user", metavar="NAME", help="everything that is stored about them")
    what.add_argument("--audit", action="store_true", help="every transfer, checked")
    parser.add_argument("--channel", help="with --user: in this channel only")
    parser.add_argument("--format", choices=("json", "csv"), default="json")
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: standard output")
    parser.add_argument("--from", dest="from_day", metavar="DATE", help="with --audit: from here")
    parser.add_argument("--to", dest="to_day", metavar="DATE", help="with --audit: up to this day")
    parser.add_argument(
        "--append",
        action="store_true",
        help="with --audit: go on behind the last transfer that stands in the file",
    )
    parser.set_defaults(run=export)


def export(options: argparse.Namespace) -> int:
    """Write it to a file or the standard output."""
    problem = _problem(options)
    if problem:
        return _failed(problem)
    live = load_settings(options.config)
    if live is None:
        return 1
    path = Path(live.settings.database.path).absolute()
    try:
        reader = Reader.open(path)
        try:
            if options.user is not None:
                return _user(options, reader)
            return _audit(options, reader, Calendar(live.settings.timezone))
        finally:
            reader.close()
    except FileExistsError:
        return _failed(f"{options.output} exists: name a new file, nothing is written over")
    except (LedgerError, OSError) as error:
        return _failed(error)


def _problem(options: argparse.Namespace) -> str:  # noqa: PLR0911 - one for each rule
    if options.user is not None:
        if options.from_day or options.to_day or options.append:
            return "--from, --to and --append go with --audit"
        if name_from_text(options.user) is None:
            return f"'{options.user}' is no user name: 1 to 20 letters, digits, '-' and '_'"
        return ""
    if options.channel:
        return "--channel goes with --user"
    if options.append and options.output is None:
        return "--append needs --output"
    for day in (options.from_day, options.to_day):
        if day and not is_day(day):
            return f"'{day}' is no date like 2026-03-31"
    if options.from_day and options.to_day and options.from_day > options.to_day:
        return f"--from must be no later than --to ({options.from_day}, {options.to_day})"
    return ""


def _user(options: argparse.Namespace, reader: Reader) -> int:
    name = name_from_text(options.user)
    assert name is not None, options.user
    rows = about(reader, name, options.channel)
    if rows is None:
        return _failed(f"the books know no channel '{options.channel}'")
    with closing(rows):
        first = next(rows, None)
        if first is None:
            return _failed(f"nothing is stored about '{name}'")
        with writing(options.output) as file:
            count = _written(options, name, chain([first], rows), file)
    print(f"{name}: {plural(count, 'row')}", file=sys.stderr)
    return 0


def _written(options: argparse.Namespace, name: str, rows: Iterator[AboutRow], file: TextIO) -> int:
    if options.format == "csv":
        return write_csv(rows, file)
    return write_json(rows, name, time.time_ns() // 1_000_000, file)


def _audit(options: argparse.Namespace, reader: Reader, calendar: Calendar) -> int:
    from_ms = calendar.day_start_ms(options.from_day) if options.from_day else -_FOREVER_MS
    until_ms = calendar.day_start_ms(day_after(options.to_day)) if options.to_day else _FOREVER_MS
    after = _last_id(options.output, options.format) if options.append else 0
    if after is None:
        return _failed(f"{options.output} does not end with a transfer: it can't be gone on with")
    trail = Trail(reader)
    with (
        closing(trail.rows(from_ms, until_ms, after)) as rows,
        writing(options.output, go_on=options.append) as file,
    ):
        is_csv = options.format == "csv"
        count = _as_csv(rows, file, head=not after) if is_csv else _as_lines(rows, file)
    told = f"{plural(count, 'transfer')} of {trail.read:,}"
    if not trail.wrong and not trail.unequal:
        print(f"{told}: the books balance", file=sys.stderr)
        return 0
    for each in trail.unequal[:100]:
        print(each, file=sys.stderr)
    print(f"{told}: {trail.wrong:,} are wrong, the books do NOT balance", file=sys.stderr)
    return _UNBALANCED


def _as_lines(rows: Iterator[tuple[Any, ...]], to: TextIO) -> int:
    """An object on each line."""
    count, dump = 0, json.JSONEncoder(ensure_ascii=False).encode
    for row in rows:
        to.write(dump(dict(zip(COLUMNS, row, strict=True))) + "\n")
        count += 1
    return count


def _as_csv(rows: Iterator[tuple[Any, ...]], to: TextIO, *, head: bool) -> int:
    count, out = 0, csv.writer(to)
    if head:
        out.writerow(COLUMNS)
    for row in rows:
        out.writerow(row)
        count += 1
    return count


_TAIL_BYTES = 1_000_000


def _last_id(path: Path, form: str) -> int | None:
    """The id in the last line of an export; 0 without a file, None where there is none."""
    if not path.exists() or not path.stat().st_size:
        return 0
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        text = file.read().decode("utf-8", "replace")
    if not text.endswith("\n"):
        return None
    try:
        if form == "csv":
            *_, last = csv.reader(text.splitlines(keepends=True))
            found = 0 if tuple(last) == COLUMNS else int(last[0])
            return found if len(last) == len(COLUMNS) else None
        found = json.loads(text.splitlines()[-1])["id"]
        return found if isinstance(found, int) else None
    except (ValueError, LookupError, TypeError):
        return None


def _failed(error: object) -> int:
    print(f"kryten-economy: {error}", file=sys.stderr)
    return 1
