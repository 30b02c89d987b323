"""What can be found out on this machine alone: the books, the disk, who may write, the backups.

Nothing here takes the lock of the books or writes anywhere, so it may run beside the service.
"""

import os
import pwd
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from kryten_economy.cli.findings import Finding, fine, odd, wrong
from kryten_economy.config import Settings
from kryten_economy.ledger.backup import newest_backup_ms
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.displacement import refuse_after_a_loss
from kryten_economy.ledger.errors import LedgerError, MissingBooks, OlderSchema
from kryten_economy.ledger.invariants import ConservationGuard, Violation
from kryten_economy.ledger.opening import SCHEMA_VERSION, quick_check, telling_clearly
from kryten_economy.ledger.statements import Sql
from kryten_economy.text.templates import plural, thousands

__all__ = ("Places", "backups", "books", "disk", "last_operation_ms", "permissions")

ROOM_MIN_BYTES: Final = 64 * 1024 * 1024
"""With less than this the log of the books may not fit any more."""
_ROOM_ODD: Final = 3
"""So many times the size of the books should be free: a backup, and room to grow."""
_HOUR_MS: Final = 3_600_000
_GRACE_MS: Final = 2 * _HOUR_MS
"""A backup is made while the service runs; a restart may put it off."""
_READ_ONLY = """
    SELECT name, read_only_reason FROM channel WHERE read_only_reason IS NOT NULL ORDER BY name
"""
_SPAN = "SELECT min(created_at_ms), max(created_at_ms) FROM operation"
_RESTORE = "keep a copy of the file, then kryten-economy restore FILE (docs/operations.md)"


class Places(NamedTuple):
    """Where things lie: absolute paths."""

    config: Path
    books: Path
    backups: Path

    @classmethod
    def of(cls, config: Path, settings: Settings) -> "Places":
        """As the service finds them when it is started in this directory."""
        books = Path(settings.database.path).absolute()
        configured = settings.database.backup_directory
        backups = Path(configured).absolute() if configured else books.parent / "backups"
        return cls(config.absolute(), books, backups)


# The books


def books(path: Path) -> Finding:
    """Whether they open, are whole, add up, and take money in every channel."""
    try:
        refuse_after_a_loss(path)
        reader = Reader.open(path)
    except MissingBooks:
        to_do = "nothing, if the service has never run; else is database.path right?"
        return odd("database", f"{path}: there are no books yet", to_do)
    except OlderSchema as error:
        return odd("database", str(error), f"the next start makes it schema {SCHEMA_VERSION}")
    except LedgerError as error:
        return wrong("database", f"{path}: {_sentence(error)}", _to_do(error))
    try:
        return _examined(path, reader)
    except LedgerError as error:
        return wrong("database", f"{path}: {_sentence(error)}", _RESTORE)
    finally:
        reader.close()


def _sentence(error: LedgerError) -> str:
    """What is the case: the first sentence of the message, and its detail."""
    text = str(error)
    said, _, rest = text.partition(". ")
    detail = rest.partition(" (")[2].rstrip(")")
    return f"{said} ({detail})" if detail else said


def _to_do(error: LedgerError) -> str:
    """What the message says to do."""
    return str(error).partition(". ")[2].partition(" (")[0] or _RESTORE


def _examined(path: Path, reader: Reader) -> Finding:
    with telling_clearly(path):
        quick_check(reader.connection)
        guard = ConservationGuard(reader.connection)
        violations: list[Violation] = []
        while guard.behind and not violations:
            violations += guard.check()
        if violations:
            first = violations[0]
            where = f"{first.channel}/{first.account}" if first.channel else "all accounts"
            found = f"{where}: {first.what}: expected {first.expected}, found {first.found}"
            return wrong("database", f"the books do not balance: {found}", _RESTORE)
        sql = Sql(reader.connection)
        closed = sql.rows(_READ_ONLY)
        if closed:
            [(name, reason), *_] = closed
            found = f"{name} takes no money: {reason}"
            to_do = f"kryten-economy verify, then verify --reopen {name}"
            return wrong("database", found, to_do)
        accounts, transfers = sql.only(
            "SELECT (SELECT count(*) FROM account WHERE kind = 'wallet'),"
            " (SELECT count(*) FROM transfer)"
        )
    told = f"{plural(accounts, 'wallet')}, {plural(transfers, 'transfer')}"
    return fine("database", f"{path}: schema {SCHEMA_VERSION}, whole, in balance: {told}")


def last_operation_ms(path: Path) -> int | None:
    """When the books were written last; None if that can't be told."""
    return _span(path)[1]


def _span(path: Path) -> tuple[int | None, int | None]:
    """The times of the first and the last operation."""
    try:
        reader = Reader.open(path)
    except LedgerError:
        return None, None
    try:
        with telling_clearly(path):
            first, last = Sql(reader.connection).only(_SPAN)
            return first, last
    except LedgerError:
        return None, None
    finally:
        reader.close()


# The disk


def disk(places: Places) -> Finding:
    """Whether the books have room to grow and their backup fits."""
    size = sum(_size(each) for each in _files(places.books))
    worst: Finding | None = None
    for what, place in (("the books", places.books), ("backups", places.backups)):
        here = _existing(place)
        try:
            free = shutil.disk_usage(here).free
        except OSError as error:
            return wrong("disk", f"{here}: {error.strerror}", "mount it, or name another place")
        found = f"{_mib(free)} MiB free for {what} in {here}; the books take {_mib(size)}"
        to_do = "make room, or move database.path or backup_directory to a larger disk"
        if free < max(ROOM_MIN_BYTES, size):
            return wrong("disk", found, to_do)
        if free < _ROOM_ODD * size:
            worst = odd("disk", found, to_do)
    return worst or fine("disk", found)


def _files(books_path: Path) -> Iterator[Path]:
    for suffix in ("", "-wal", "-shm"):
        yield books_path.with_name(books_path.name + suffix)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _mib(size: int) -> str:
    return thousands(size // (1024 * 1024))


def _existing(path: Path) -> Path:
    """The directory where a file is, or would be made."""
    return next(each for each in (path, *path.parents) if each.is_dir())


# Who may do what


class _User(NamedTuple):
    uid: int
    gids: frozenset[int]
    name: str

    def may(self, path: Path, bits: int) -> bool:
        """Whether the mode lets this user read (4), write (2) and enter (1)."""
        found = path.stat()
        if self.uid == 0:
            return True
        if found.st_uid == self.uid:
            granted = found.st_mode >> 6
        elif found.st_gid in self.gids:
            granted = found.st_mode >> 3
        else:
            granted = found.st_mode
        return granted & bits == bits


def permissions(places: Places, settings: Settings) -> Finding:
    """Whether the service's user may do what the service does, and nobody else can read along.

    Root may do everything, so what root asks is judged for the owner of the books.
    """
    user = _service_user(places)
    problems = [*_hindrances(places, user)]
    if problems:
        what = f"chown it to {user.name}, or start the service as its owner"
        return wrong("permissions", f"as {user.name}: {'; '.join(problems)}", what)
    told = _readable_by_all(places, settings)
    if told:
        paths = " ".join(map(str, told))
        return odd("permissions", f"everybody may read {paths}", f"chmod o-rwx {paths}")
    return fine("permissions", f"{user.name} may read and write all that the service needs")


def _service_user(places: Places) -> _User:
    uid = os.geteuid()
    if uid == 0:
        owned = places.books if places.books.exists() else _existing(places.books)
        uid = owned.stat().st_uid
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return _User(uid, frozenset(), f"user {uid}")
    return _User(uid, frozenset(os.getgrouplist(entry.pw_name, entry.pw_gid)), entry.pw_name)


def _hindrances(places: Places, user: _User) -> Iterator[str]:
    if not user.may(places.config, 4):
        yield f"{places.config} can't be read"
    lock = places.books.with_name(f"{places.books.name}.lock")
    for path in (*_files(places.books), lock):
        if path.exists() and not user.may(path, 6):
            yield f"{path} can't be read and written"
    for directory in dict.fromkeys(map(_existing, (places.books, places.backups))):
        if not user.may(directory, 3):
            yield f"{directory} can't be written to"
        elif os.statvfs(directory).f_flag & os.ST_RDONLY:
            yield f"{directory} is on a disk mounted read-only"


def _readable_by_all(places: Places, settings: Settings) -> list[Path]:
    """The books, and a configuration with a password in it."""
    suspects = [*_files(places.books)]
    secrets = (settings.nats.password, settings.nats.token, settings.mediacms.token)
    text = places.config.read_text(encoding="utf-8", errors="replace")
    if any(secret and secret in text for secret in secrets):
        suspects.append(places.config)
    return [each for each in suspects if each.exists() and _open_to_all(each)]


def _open_to_all(path: Path) -> bool:
    """Whether a stranger gets there: each directory above lets them through."""
    return bool(path.stat().st_mode & stat.S_IROTH) and all(
        each.stat().st_mode & stat.S_IXOTH for each in path.resolve().parents
    )


# Backups


def backups(places: Places, settings: Settings, now_ms: int | None = None) -> Finding:
    """Whether the newest backup is as young as the settings promise."""
    at_ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    hours = settings.database.backup_interval_hours
    if hours == 0:
        to_do = "set database.backup_interval_hours, unless something else copies the books"
        return odd("backups", "the service makes none", to_do)
    limit_ms = hours * _HOUR_MS + _GRACE_MS
    try:
        newest_ms = newest_backup_ms(places.books, places.backups, at_ms)
    except OSError as error:
        return wrong("backups", f"{places.backups}: {error.strerror}", "see permissions")
    to_do = "look for backup in the service's log, and make one now: kryten-economy backup"
    if newest_ms is None:
        first_ms = _span(places.books)[0]
        found = f"none in {places.backups}"
        if first_ms is not None and at_ms - first_ms > limit_ms:
            return wrong("backups", found, to_do)
        return odd("backups", found, f"nothing: the service makes one every {hours} h")
    age_h = (at_ms - newest_ms) // _HOUR_MS
    found = f"the newest in {places.backups} is {thousands(age_h)} h old, one is due every {hours}"
    if at_ms - newest_ms > limit_ms:
        return wrong("backups", found, to_do)
    return fine("backups", found)
