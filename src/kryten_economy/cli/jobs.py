"""What the daily jobs would do now, and to whom; nothing is changed."""

import argparse
import sys
import time
from pathlib import Path

from kryten_economy.cli.preparing import load_settings
from kryten_economy.config import Settings
from kryten_economy.features.competitions.rules import judge
from kryten_economy.features.jobs.rules import COMPETITIONS, Due, daily_part, jobs_due, terms_of
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.errors import LedgerError
from kryten_economy.text.numbers import money

__all__ = ("show",)


def show(options: argparse.Namespace) -> int:
    """Print every job that is due and not done; 0 also if there is none."""
    live = load_settings(options.config)
    if live is None:
        return 1
    settings = live.settings
    channels = tuple(each.channel for each in settings.channels)
    due = jobs_due(settings, live.calendar, round(time.time() * 1000), channels)
    try:
        reports = Reports.open(Path(settings.database.path))
    except LedgerError as error:
        print(f"{settings.database.path}: {error}", file=sys.stderr)
        return 1
    try:
        waiting = [each for each in due if not reports.job_is_done(*each)]
        for each in waiting:
            print(f"{each.channel}: {each.job} of {each.day}")
            for line in _lines(settings, reports, each):
                print(f"  {line}")
    finally:
        reports.close()
    if not waiting:
        print("No job is due.")
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
