"""What stands in columns of an older database, read as what was meant.

SQLite keeps anything in any column, and two databases hold times and flags differently. Whatever
can't be read is None; who asks for it knows what that means there.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeAlias

__all__ = (
    "Cell",
    "counted",
    "day_of",
    "flag",
    "json_text",
    "key_of",
    "moment_ms",
    "read_day",
    "text",
    "whole",
)

Cell: TypeAlias = Any
"""A value as a database driver gives it."""

_UPPER_TO_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_SECONDS_MOST = 100_000_000_000
"""A number beyond this is a time in milliseconds."""


def key_of(name: str) -> str:
    """A name as the books look it up: in lower case as SQLite understands it."""
    return name.translate(_UPPER_TO_LOWER)


def whole(cell: Cell) -> int | None:
    """A whole number; what is behind the point is dropped."""
    if type(cell) is int:
        return cell
    if isinstance(cell, int | float | Decimal):
        return int(cell) if -(2**63) < cell < 2**63 else None
    if isinstance(cell, str):
        try:
            return int(Decimal(cell.strip()))
        except (ArithmeticError, ValueError):
            return None
    return None


def counted(cell: Cell) -> int:
    """A counter, which nothing makes negative."""
    return max(0, whole(cell) or 0)


def flag(cell: Cell) -> bool:
    """Whether a flag is set, however the database spells it."""
    if isinstance(cell, str):
        return cell.strip().lower() in {"1", "t", "true", "yes"}
    return bool(cell)


def text(cell: Cell) -> str:
    """A text, "" for none."""
    if cell is None:
        return ""
    return cell if isinstance(cell, str) else str(cell)


def moment_ms(cell: Cell) -> int | None:
    """An instant as UTC milliseconds; a text or time without offset is UTC."""
    if isinstance(cell, str):
        return _moment_of_text(cell)
    if isinstance(cell, datetime):
        return _ms(cell)
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return None
    return int(cell if abs(cell) > _SECONDS_MOST else cell * 1000)


@lru_cache(maxsize=4096)
def _moment_of_text(written: str) -> int | None:
    try:
        return _ms(datetime.fromisoformat(written.strip()))
    except ValueError:
        return None


def _ms(moment: datetime) -> int:
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)


def day_of(at_ms: int) -> str:
    """The UTC day of an instant, which is the day that the old service counted by."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()


def read_day(cell: Cell) -> str | None:
    """A calendar day."""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return _day_of_text(cell) if isinstance(cell, str) else None


@lru_cache(maxsize=4096)
def _day_of_text(written: str) -> str | None:
    try:
        return date.fromisoformat(written.strip()[:10]).isoformat()
    except ValueError:
        return None


def json_text(cell: Cell) -> str | None:
    """JSON as text; what is none becomes the note of an object, nothing stays nothing."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, Mapping | list):
        return json.dumps(cell)
    written = text(cell)
    try:
        json.loads(written)
    except ValueError:
        return json.dumps({"note": written})
    return written
