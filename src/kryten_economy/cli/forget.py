"""``kryten-economy forget``: replaces a person by a pseudonym, while the service is stopped.

Without ``--yes`` it only shows what would be changed. Exit codes: 0 done, 1 not done.
"""

import argparse
import sys
import time
from pathlib import Path

from kryten_economy.cli.run import load_settings
from kryten_economy.config import Settings
from kryten_economy.features.people.forgetting import (
    Forgotten,
    Standing,
    forget,
    lies_around,
    standing,
    write_anew,
)
from kryten_economy.ledger.errors import LedgerError
from kryten_economy.ledger.invariants import verify
from kryten_economy.text.templates import plural, thousands
from kryten_economy.users import name_from_text

__all__ = ("add_parser", "forget_user")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """What the command line takes."""
    parser = commands.add_parser("forget", help="replace a user by a pseudonym in all the books")
    parser.add_argument("--user", metavar="NAME", required=True, help="who is to be forgotten")
    parser.add_argument("--channel", help="in this channel only; default: in all of them")
    parser.add_argument(
        "--yes", action="store_true", help="do it; without this, only show what would change"
    )
    parser.set_defaults(run=forget_user)


def forget_user(options: argparse.Namespace) -> int:
    """Show what would be forgotten; with ``--yes`` forget it."""
    name = name_from_text(options.user)
    if name is None:
        text = f"'{options.user}' is no user name: 1 to 20 letters, digits, '-' and '_'"
        return _failed(text)
    live = load_settings(options.config)
    if live is None:
        return 1
    path = Path(live.settings.database.path).absolute()
    try:
        return _forget(options, name, path, live.settings)
    except (LedgerError, OSError) as error:
        return _failed(error)


def _forget(options: argparse.Namespace, name: str, path: Path, settings: Settings) -> int:
    found = standing(path, name, options.channel)
    if found is None:
        return _failed(f"the books know no channel '{options.channel}'")
    if not found.rows and options.yes and lies_around(path, name):
        # It was cut off after the rows were changed, or rows were removed before.
        write_anew(path)
        print(f"Nothing is stored about '{name}'; what was left in free pages is gone now.")
        return 0
    if not found.rows:
        return _failed(f"nothing is stored about '{name}'")
    _show(found, name)
    if not options.yes:
        print("Nothing was changed. Add --yes to forget them (the service must be stopped).")
        return 0
    done = forget(path, name, options.channel, at_ms=time.time_ns() // 1_000_000)
    assert done is not None, options.channel
    return _told(done, path, settings)


def _show(found: Standing, name: str) -> None:
    for account in found.accounts:
        print(f"{account.channel}: {account.display_name} has {thousands(account.balance_z)}")
        if account.open_holds:
            holds = plural(account.open_holds, "payment")
            print(f"  {holds} still waiting will end for the pseudonym")
        if account.banned:
            print("  they are banned; the ban will not hold for the name any more")
    if found.is_common:
        print(f"  '{name}' is a word of the service too: sentences with it are left as they are")
    for table, rows in found.rows.items():
        print(f"  {table}: {plural(rows, 'row')}")


def _told(done: Forgotten, path: Path, settings: Settings) -> int:
    rows = sum(done.rows.values())
    print(f"Forgotten: {plural(rows, 'row')} name {done.pseudonym} now, and no coin has moved.")
    for column, count in done.left.items():
        print(f"  left in {plural(count, 'row')} of {column}, as a part of another word")
    report = verify(path)
    if not report.ok:
        return _failed(f"{path}: {report.first}")
    print(f"{path}: the books balance")
    configured = settings.database.backup_directory
    backups = Path(configured) if configured else path.parent / "backups"
    kept = [path.parent.glob(f"{path.name}.*"), backups.glob("*.db*")]
    older = sorted({each for found in kept for each in found if not each.name.endswith(".lock")})
    if older:
        print("These files are older and may still name them; remove them when you can:")
        print("\n".join(f"  {each}" for each in older))
    return 0


def _failed(error: object) -> int:
    print(f"kryten-economy: {error}", file=sys.stderr)
    return 1
