"""Balances of another bot: a table with a column of names and a column of amounts.

Each is a credit of its own, known by the table's content and the name, so the same file is never
booked twice. Who has an account already keeps what they have, and gets this as well.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Final

from kryten_economy.calendar import Calendar
from kryten_economy.features.money.operations import Credit, Posted
from kryten_economy.ledger.books import Books
from kryten_economy.migration.source import SourceError
from kryten_economy.refusals import AMOUNT_MAX_Z
from kryten_economy.text.templates import plural
from kryten_economy.users import UserKey, is_name, name_from_text

__all__ = ("Balances", "Booked", "Line", "book", "preview_of", "read_balances")

_NAMES: Final = ("username", "user", "name", "nick", "nickname", "viewer", "account", "login")
_AMOUNTS: Final = ("balance", "points", "coins", "amount", "currency", "score", "total", "z")
_BATCH: Final = 250
_SHOWN: Final = 5
_BYTES_MOST: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """One person's balance."""

    display_name: str
    amount_z: int


@dataclass(slots=True)
class Balances:
    """What was understood of a table."""

    digest: str
    delimiter: str
    name_column: str
    amount_column: str
    lines: list[Line] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    """Rows that are left out, and why."""

    @property
    def total_z(self) -> int:
        """All of them together."""
        return sum(each.amount_z for each in self.lines)


def read_balances(path: Path) -> Balances:
    """Find out which column is which, and read both; raises SourceError."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from error
    if len(raw) > _BYTES_MOST:
        raise SourceError(f"{path}: more than 64 MB is no table of balances")
    try:
        written = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: is no text in UTF-8") from error
    lines = written.splitlines()
    if not lines:
        raise SourceError(f"{path}: is empty")
    delimiter = max(",;\t|", key=lines[0].count)
    rows = [row for row in csv.reader(lines, delimiter=delimiter) if any(map(str.strip, row))]
    name_at, amount_at = _columns(path, rows[0])
    digest = blake2b(raw, digest_size=8).hexdigest()
    found = Balances(digest, delimiter, rows[0][name_at].strip(), rows[0][amount_at].strip())
    _read(found, rows[1:], name_at, amount_at)
    return found


def _columns(path: Path, header: Sequence[str]) -> tuple[int, int]:
    titles = [title.strip().lower() for title in header]
    names = [titles.index(title) for title in _NAMES if title in titles]
    amounts = [titles.index(title) for title in _AMOUNTS if title in titles]
    if not names or not amounts:
        raise SourceError(
            f"{path}: the first line has to name the columns, one of {', '.join(_NAMES)} and one"
            f" of {', '.join(_AMOUNTS)}; found {', '.join(header)}"
        )
    return names[0], amounts[0]


def _read(found: Balances, rows: Sequence[Sequence[str]], name_at: int, amount_at: int) -> None:
    by_key: dict[str, int] = {}
    for number, row in enumerate(rows, start=2):
        if len(row) <= max(name_at, amount_at):
            found.odd.append(f"row {number}: has only {len(row)} columns")
            continue
        written, amount = row[name_at].strip(), row[amount_at].strip()
        name, amount_z = name_from_text(written), _amount(amount)
        if name is None or not is_name(name):
            found.odd.append(f"row {number}: {written!r} can't be a name on CyTube")
        elif amount_z is None or not 0 <= amount_z <= AMOUNT_MAX_Z:
            found.odd.append(f"row {number}: {amount!r} of {name} is no balance")
        elif name.lower() in by_key:
            place = by_key[name.lower()]
            before = found.lines[place]
            found.lines[place] = Line(before.display_name, before.amount_z + amount_z)
            found.odd.append(f"row {number}: {name} comes twice, added up")
        elif amount_z:
            by_key[name.lower()] = len(found.lines)
            found.lines.append(Line(name, amount_z))


def _amount(written: str) -> int | None:
    """A whole number, with or without separators of thousands; a fraction is dropped."""
    plain = written.replace("_", "").replace(" ", "")
    if "," in plain and ("." in plain or len(plain.rpartition(",")[2]) == 3):
        plain = plain.replace(",", "")
    whole, _, fraction = plain.partition(".")
    if fraction and not fraction.isdecimal():
        return None
    return int(whole) if whole.isascii() and whole.isdecimal() else None


def preview_of(found: Balances, path: Path, channel: str) -> list[str]:
    """What was understood, the first rows, and what is left out."""
    delimiter = {"\t": "tab"}.get(found.delimiter, found.delimiter)
    lines = [
        (
            f"{path}: columns separated by '{delimiter}', names in {found.name_column!r},"
            f" balances in {found.amount_column!r}"
        ),
        f"{len(found.lines):,} people with {found.total_z:,} in all, for the channel {channel}:",
        *(f"  {each.display_name}: {each.amount_z:,}" for each in found.lines[:_SHOWN]),
    ]
    if len(found.lines) > _SHOWN:
        lines.append(f"  ... and {len(found.lines) - _SHOWN:,} more")
    if found.odd:
        lines.append(f"{plural(len(found.odd), 'row is', 'rows are')} odd:")
        lines += [f"  {each}" for each in found.odd[: 2 * _SHOWN]]
    if len(found.odd) > 2 * _SHOWN:
        lines.append(f"  ... and {len(found.odd) - 2 * _SHOWN:,} more")
    return lines


@dataclass(slots=True)
class Booked:
    """What came of it."""

    paid: int = 0
    opened: int = 0
    before: int = 0
    refused: list[str] = field(default_factory=list)


def book(books: Books, found: Balances, channel: str, calendar: Calendar, now_ms: int) -> Booked:
    """Credit everybody; what was booked before is passed over."""
    done, day = Booked(), calendar.day(now_ms)
    for start in range(0, len(found.lines), _BATCH):
        part = found.lines[start : start + _BATCH]
        acts = [
            Credit(
                f"import:csv:{found.digest}:{channel.lower()}:{each.display_name.lower()}",
                UserKey.of(channel, each.display_name),
                each.amount_z,
                "migration",
                "migration.csv",
                "Balance of before",
                now_ms,
                day,
                create=True,
                display_name=each.display_name,
            )
            for each in part
        ]
        for each, answer in zip(part, books.commit(acts).answers, strict=True):
            if not isinstance(answer, Posted):
                done.refused.append(f"{each.display_name}: {type(answer).__name__}")
            elif answer.replayed:
                done.before += 1
            else:
                done.paid += 1
                done.opened += answer.opened
    return done
