"""What the last days would have brought under another configuration; the books are only read.

Exit codes: 0 done, 1 it could not be done.
"""

import argparse
import json
import sys
from pathlib import Path

import structlog

from economy_actors import logs
from kryten_economy.calendar import Calendar
from kryten_economy.cli.run import load_config
from kryten_economy.config import Loaded, Settings
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.errors import LedgerError
from kryten_economy.whatif.charts import page, plot
from kryten_economy.whatif.reading import channels_in, last_days, one_moment, read_past
from kryten_economy.whatif.replay import replay
from kryten_economy.whatif.report import Report, plain, report_of, table_text

__all__ = ("DAYS_MAX", "add_to", "what_if")

DAYS_MAX = 3660
_log = structlog.get_logger("config")
_EXTRA = "Charts need the extra what-if: pip install 'kryten-economy[what-if]'"


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command and its flags."""
    parser = commands.add_parser(
        "what-if", help="replay the last days from the books under another configuration"
    )
    tried = parser.add_mutually_exclusive_group(required=True)
    tried.add_argument(
        "--config",
        dest="other",
        type=Path,
        metavar="PATH",
        help="the configuration to try; the one in force is found as always, or given by"
        " --config before the command",
    )
    tried.add_argument(
        "--changes",
        type=Path,
        metavar="PATH",
        help="the keys to change alone, laid over the configuration in force",
    )
    parser.add_argument("--database", type=Path, help="the books; default: as configured")
    parser.add_argument("--channel", help="this channel alone; default: all of the books")
    parser.add_argument("--days", type=_days, default=30, help="how many days back; default: 30")
    parser.add_argument("--seed", type=int, default=1, help="repeat what is drawn; default: 1")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with charts")
    parser.add_argument("--json", action="store_true", help="print all of it as JSON instead")
    parser.set_defaults(run=what_if)


def _days(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= DAYS_MAX:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {DAYS_MAX}")
    return int(text)


def what_if(options: argparse.Namespace) -> int:
    """Print the figures before and after, and write the page if one is wanted."""
    level = "WARNING" if options.log_level == "INFO" else options.log_level
    logs.configure(level, sys.stderr, as_json=False)  # a table is all that stands on stdout
    now, other = load_config(options.config), _other(options)
    if now is None or other is None:
        return 1
    before, after = now[1], other[1]
    path = (options.database or Path(before.settings.database.path)).absolute()
    try:
        found = _reports(path, before.settings, after.settings, options)
    except LedgerError as error:
        print(f"{path}: {error}", file=sys.stderr)
        return 1
    if found is None:
        return 1
    new = [each for each in after.warnings if each not in before.warnings]
    if options.json:
        print(json.dumps({"warnings": new, "reports": [plain(each) for each in found]}))
    else:
        for warning in (*before.warnings, *new):
            _log.warning(warning)
        _print(found)
    if options.html is not None:
        return _write(options.html, found, options.seed)
    return 0


def _other(options: argparse.Namespace) -> tuple[Path, Loaded] | None:
    if options.changes is None:
        return load_config(options.other)
    return load_config(options.config, options.changes)


def _print(found: list[Report]) -> None:
    for report in found:
        print(table_text(report))
        print()
        _print_plot(report)


def _reports(
    path: Path, before: Settings, after: Settings, options: argparse.Namespace
) -> list[Report] | None:
    """One report for each channel, all of one moment; None after saying what is wrong."""
    reports = Reports.open(path)
    try:
        with one_moment(reports):
            known = channels_in(reports.sql)
            wanted = [name for name in known if _is(name, options.channel)]
            if not wanted:
                there = ", ".join(known) or "none"
                print(f"{path}: no such channel; the books know: {there}", file=sys.stderr)
                return None
            made = [_report(reports, name, before, after, options) for name in wanted]
    finally:
        reports.close()
    found = [each for each in made if each is not None]
    if not found:
        print(f"{path}: nothing has happened yet", file=sys.stderr)
        return None
    return found


def _is(name: str, wanted: str | None) -> bool:
    return wanted is None or name.lower() == wanted.lower()


def _report(
    reports: Reports, channel: str, before: Settings, after: Settings, options: argparse.Namespace
) -> Report | None:
    calendar = Calendar(before.timezone)
    window = last_days(reports.sql, channel, calendar, options.days)
    if window is None:
        return None
    past = read_past(reports, channel, calendar, *window)
    return report_of(replay(past, before, after, options.seed), before, after)


def _print_plot(report: Report) -> None:
    try:
        print(plot(report.outcome))
    except ModuleNotFoundError:
        print(_EXTRA)
    print()


def _write(path: Path, reports: list[Report], seed: int) -> int:
    try:
        path.write_text(page(reports, seed), encoding="utf-8")
    except ModuleNotFoundError:
        print(_EXTRA, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{path}: {error.strerror}", file=sys.stderr)
        return 1
    print(f"{path}: written")
    return 0
