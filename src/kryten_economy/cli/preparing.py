"""What every command does first: find and check the settings, look whether the books open."""

import os
import sys
from pathlib import Path

import structlog

from economy_actors.context import LiveSettings
from kryten_economy.config import ConfigError, Settings, find_config, load
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.errors import UnwritableBooks

__all__ = ("load_settings", "open_books_once")

_log = structlog.get_logger("config")


def load_settings(explicit: Path | None) -> LiveSettings | None:
    """The settings, or None after printing every problem of the file."""
    try:
        path = find_config(explicit)
        loaded = load(path, os.environ)
    except ConfigError as error:
        print(f"kryten-economy: the configuration can't be used:\n{error}", file=sys.stderr)
        return None
    for warning in loaded.warnings:
        _log.warning(warning)
    return LiveSettings(loaded.settings, path)


def open_books_once(settings: Settings) -> None:
    """Create or migrate the books and close them again; raises LedgerError with what to do.

    A file that can't be used is told in one line before anything is started.
    """
    path = Path(settings.database.path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnwritableBooks(f"{path.parent}: {error.strerror}") from error
    Books.open(path).close()
