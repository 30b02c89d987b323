"""Parsing the command line and choosing what to do. Exit codes: 0 done, 1 failed, 2 misused."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import shtab

from kryten_economy import __version__
from kryten_economy.cli import books, export, forget, importing, run, whatif
from kryten_economy.cli.doctor import doctor
from kryten_economy.cli.init import DEFAULT_OUTPUT, QUESTIONS, init
from kryten_economy.cli.run import load_settings
from kryten_economy.config import Settings
from kryten_economy.features.competitions import judge
from kryten_economy.features.jobs import (
    COMPETITIONS,
    Due,
    daily_part,
    jobs_due,
    next_jobs,
    terms_of,
)
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.errors import LedgerError
from kryten_economy.text.templates import money

__all__ = (
    "main",
    "show",
)


def show(options: argparse.Namespace) -> int:
    """Print every job that is due and not done, else those of the coming night; the exit code."""
    live = load_settings(options.config)
    if live is None:
        return 1
    settings = live.settings
    channels = tuple(each.channel for each in settings.channels)
    now_ms = round(time.time() * 1000)
    due = jobs_due(settings, live.calendar, now_ms, channels)
    later = next_jobs(settings, live.calendar, now_ms, channels)
    try:
        reports = Reports.open(Path(settings.database.path))
    except LedgerError as error:
        print(f"{settings.database.path}: {error}", file=sys.stderr)
        return 1
    try:
        if not (waiting := [each for each in due if not reports.job_is_done(*each)]):
            # Beside a running service this is always so, and the next night is what one asks for.
            print("No job is due. Tonight, as things stand:")
            waiting = [each for each in later if not reports.job_is_done(*each)]
        for each in waiting:
            print(f"{each.channel}: {each.job} of {each.day}")
            for line in _lines(settings, reports, each):
                print(f"  {line}")
    finally:
        reports.close()
    return 0


def _lines(settings: Settings, reports: Reports, due: Due) -> list[str]:
    symbol = settings.currency.symbol
    if due.job == COMPETITIONS:
        days = reports.day_of_all(due.channel, due.day)
        awards = judge(settings.daily_competitions, days, settings.ignored_names)
        return [
            f"{each.display_name}: +{money(each.amount_z, symbol)} ({each.competition.id})"
            for each in awards
        ] or ["nobody"]
    terms = terms_of(settings)
    assert terms is not None, due
    sign = "+" if terms.mode == "interest" else "-"
    return [
        f"{name}: {sign}{money(part_z, symbol)} ({terms.mode})"
        for name, balance_z, banned in reports.balances_from(due.channel, terms.from_z)
        if (part_z := daily_part(balance_z, terms.rate, terms.most_z)) > 0
        and not (banned and terms.mode == "interest")
    ] or ["nobody"]


LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def main(argv: Sequence[str] | None = None) -> int:
    """The console command ``kryten-economy``; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(argv)
    if options.strict and not options.validate_config:
        # The service starts with warnings; nobody shall think that this has it refuse them.
        parser.error("--strict goes with --validate-config only")
    chosen: int = options.run(options)
    return chosen


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kryten-economy",
        description="A channel currency for CyTube. Without a command it runs the service.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument("--config", type=Path, metavar="PATH", help="the configuration file")
    parser.add_argument("--log-level", default="INFO", choices=LOG_LEVELS, help="default: INFO")
    parser.add_argument(
        "--validate-config", action="store_true", help="check the configuration and start nothing"
    )
    parser.add_argument(
        "--strict", action="store_true", help="with --validate-config: fail on warnings too"
    )
    parser.set_defaults(run=run.service)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_start(commands)
    _add_books(commands)
    _add_import(commands)
    export.add_parser(commands)
    forget.add_parser(commands)
    whatif.add_to(commands)
    _add_sandbox(commands)
    return parser


def _add_start(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    first = commands.add_parser(
        "init", help="write a small configuration for a channel, and try it"
    )
    for question in QUESTIONS:
        hint = f" (default: {question.default})" if question.default else ""
        first.add_argument(f"--{question.key}", help=f"{question.text}{hint}")
    first.add_argument("--output", type=Path, default=DEFAULT_OUTPUT, help="default: %(default)s")
    first.add_argument("--yes", action="store_true", help="ask nothing, and write it in any case")
    first.add_argument("--force", action="store_true", help="replace a file that exists")
    first.set_defaults(run=init)
    checks = commands.add_parser(
        "doctor", help="check everything the service needs; says what is wrong and what to do"
    )
    _add_config(checks)
    checks.add_argument("--json", action="store_true", help="for scripts")
    checks.set_defaults(run=doctor)
    words = commands.add_parser("completion", help="print what completes commands in a shell")
    words.add_argument("shell", choices=SHELLS)
    words.set_defaults(run=completion)


SHELLS = ("bash", "zsh", "fish")


def completion(options: argparse.Namespace) -> int:
    """Print the script that a shell reads once (docs/operations.md)."""
    parser = _parser()
    _complete_files(parser)
    print(shtab.complete(parser, options.shell))
    return 0


def _complete_files(parser: argparse.ArgumentParser) -> None:
    """Where a path is wanted, offer files; in commands, too."""
    for action in parser._actions:  # noqa: SLF001 - as shtab itself reads a parser
        if action.type is Path:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - likewise
            for each in action.choices.values():
                _complete_files(each)


def _add_config(parser: argparse.ArgumentParser) -> None:
    """So that it may stand behind the command too; the one given last counts."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="PATH",
        default=argparse.SUPPRESS,
        help="the configuration file",
    )


def _add_books(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    verify = commands.add_parser("verify", help="check that the books balance")
    verify.add_argument(
        "--reopen", metavar="CHANNEL", help="then let a read-only channel take money again"
    )
    verify.set_defaults(run=books.verify)
    backup = commands.add_parser("backup", help="make a verified copy of the books now")
    backup.add_argument("--directory", type=Path, help="where to; default: as configured")
    backup.set_defaults(run=books.backup)
    restore = commands.add_parser("restore", help="put a backup in the place of the books")
    restore.add_argument("file", type=Path, help="the backup")
    restore.add_argument(
        "--yes", action="store_true", help="do it; without this, only show what would change"
    )
    restore.add_argument(
        "--new", action="store_true", help="restore to a place where there are no books yet"
    )
    restore.set_defaults(run=books.restore)
    played = commands.add_parser(
        "verify-round", help="work out a round of a game again from the seed of its day"
    )
    played.add_argument("number", type=int, help="the number of the round")
    played.add_argument("--database", type=Path, help="the books; default: as configured")
    played.set_defaults(run=books.verify_round)
    daily = commands.add_parser("jobs", help="show which daily jobs are due, and whom they pay")
    daily.add_argument(
        "--dry-run", action="store_true", required=True, help="the service alone does the jobs"
    )
    daily.set_defaults(run=show)


def _add_import(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "import", help="bring the accounts of an older version, or balances of another bot"
    )
    command.add_argument(
        "source",
        metavar="SOURCE",
        help="an economy.db of 0.13 to 0.16, the address of a PostgreSQL database, the"
        " configuration file that names either, or a table of balances (.csv)",
    )
    command.add_argument("--channel", help="with a table: the channel that it is of")
    command.add_argument(
        "--dry-run", action="store_true", help="build and prove everything, and keep nothing"
    )
    command.add_argument("--yes", action="store_true", help="don't ask after the report")
    command.add_argument(
        "--report", type=Path, metavar="FILE", help="write the whole report there as well"
    )
    command.set_defaults(run=importing.import_from)


def _add_sandbox(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    demo = commands.add_parser("demo", help="try it out: a channel with a crowd, and you in it")
    demo.add_argument("--user", default="you", help="your name in the channel")
    demo.add_argument("--seed", type=int, help="repeat a crowd's evening")
    demo.add_argument("--speed", type=float, default=1.0, help="how much faster the crowd lives")
    demo.set_defaults(run=run.demo)
    replay = commands.add_parser("replay", help="feed recorded traffic to the service")
    replay.add_argument("file", type=Path, help="a recording, one JSON object per line")
    replay.add_argument("--speed", type=float, help="times real time; default: as fast as possible")
    replay.set_defaults(run=run.replay)


if __name__ == "__main__":
    sys.exit(main())
