"""What every command does first: find and check the settings, look whether the books open."""

import os
import sys
from pathlib import Path

import structlog

from economy_actors.context import LiveSettings
from kryten_economy.config import ConfigError, Loaded, Settings, find_config, load
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.errors import UnwritableBooks

__all__ = ("check_config", "load_settings", "open_books_once")

_log = structlog.get_logger("config")


def load_settings(explicit: Path | None) -> LiveSettings | None:
    """The settings, or None after printing every problem of the file."""
    found = _load(explicit)
    if found is None:
        return None
    path, loaded = found
    for warning in loaded.warnings:
        _log.warning(warning)
    return LiveSettings(loaded.settings, path)


def check_config(explicit: Path | None, *, strict: bool) -> int:
    """Print what is to be said of the file; the exit code, which is 1 for warnings if strict."""
    found = _load(explicit)
    if found is None:
        return 1
    path, loaded = found
    _print_warnings(loaded.warnings)
    many = len(loaded.warnings)
    counted = f"{many} warning{'s' if many != 1 else ''}"
    if many and strict:
        print(f"kryten-economy: {path}: {counted}, and --strict allows none", file=sys.stderr)
        return 1
    print(f"{path}: valid, with {counted}" if many else f"{path}: valid")
    return 0


def _load(explicit: Path | None) -> tuple[Path, Loaded] | None:
    """The file and what it says, or None after printing every problem of it."""
    try:
        path = find_config(explicit)
        return path, load(path, os.environ)
    except ConfigError as error:
        _print_warnings(error.warnings)
        print(f"kryten-economy: the configuration can't be used:\n{error}", file=sys.stderr)
        return None


def _print_warnings(warnings: tuple[str, ...]) -> None:
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)


def open_books_once(settings: Settings) -> None:
    """Create or migrate the books and close them again; raises LedgerError with what to do.

    A file that can't be used is told in one line before anything is started.
    """
    path = Path(settings.database.path)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UnwritableBooks(f"{path.parent}: {error.strerror}") from error
    Books.open(path).close()
