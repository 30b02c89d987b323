"""Replaces a person by a pseudonym wherever the books name them; no coin moves.

Transfers, acts and settled holds never change, and triggers of the schema see to that. For this
they are set aside and put back in the same transaction, which changes nothing but texts and what
is listed here: the digests of their acts, from which the name could be guessed; what they have
bought to be shown by (it is theirs to be forgotten); and that no leaderboard lists the pseudonym.
Afterwards the file is written anew, so that no free page holds what stood there before.

Who comes back is a new person: with a new account, and without the ban they may have had.
"""

import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import apsw

from kryten_economy.features.people.rules import Naming, pseudonym
from kryten_economy.features.people.tables import Scope, Table, scope_of, tables
from kryten_economy.ledger import opening
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.displacement import FileLock, refuse_after_a_loss
from kryten_economy.ledger.errors import UnwritableBooks
from kryten_economy.ledger.statements import Sql, Value

__all__ = ("Forgotten", "Standing", "forget", "lies_around", "standing", "write_anew")

_PIECE = 2**20
_BOOKS = """
    SELECT count(*), total(amount_z), total(debit_account), total(credit_account),
        total(debit_after_z), total(credit_after_z), total(operation), total(created_at_ms)
    FROM transfer
"""
_BALANCES = "SELECT id, kind, channel_id, balance_z, last_transfer FROM account ORDER BY id"
_TRIGGERS = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name"
_TAKEN = "SELECT 1 FROM account WHERE name = ?1 UNION SELECT 1 FROM banned_users WHERE name = ?1"
_SAME_ID = "SELECT 1 FROM operation WHERE id = ? AND seq <> ?"
_DIGESTS = """
    UPDATE operation SET digest = zeroblob(16) WHERE length(digest) > 0 AND (
        instr(id, ?1) OR instr(answer, ?1) OR seq IN (
            SELECT operation FROM transfer
            WHERE debit_account IN ({own}) OR credit_account IN ({own})
        )
    )
"""
_UNLIST = "UPDATE account SET unlisted = 1 WHERE id IN ({own})"
_UNSHOW = "DELETE FROM vanity_item WHERE account_id IN ({own})"
_SIGN_OUT = "DELETE FROM page_session WHERE account_id IN ({own})"
_REVOKE = "DELETE FROM api_key WHERE account_id IN ({own})"
_AUDIT = """
    INSERT INTO audit_log (at_ms, admin, channel, command, arguments, result)
    VALUES (?, 'system', ?, 'forget', ?, ?)
"""
_ACCOUNTS = """
    SELECT c.name, a.display_name, a.balance_z,
        (SELECT count(*) FROM hold AS h WHERE h.account_id = a.id AND h.state = 'open'),
        EXISTS (SELECT 1 FROM banned_users AS b WHERE b.channel_id = c.id AND b.name = a.name)
    FROM account AS a JOIN channel AS c ON c.id = a.channel_id
    WHERE a.id IN (SELECT value FROM json_each(?)) ORDER BY c.name
"""


@dataclass(frozen=True, slots=True)
class Account:
    """One account of somebody: ``open_holds`` of their money wait, and whether they are banned."""

    channel: str
    display_name: str
    balance_z: int
    open_holds: int
    banned: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What would be forgotten: accounts, and how many rows of each table name the person."""

    accounts: tuple[Account, ...]
    rows: dict[str, int]
    is_common: bool


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Under which name they stand now, how many rows were changed, and where the word is left.

    ``left``: rows by ``table.column`` in which it is a part of another word, or a word of the
    program or its configuration.
    """

    pseudonym: str
    rows: dict[str, int]
    left: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Change:
    """What is to stand in some columns of a row."""

    key: tuple[Value, ...]
    texts: dict[str, str]


def standing(path: str | Path, name: str, channel: str | None = None) -> Standing | None:
    """What the books hold about somebody; None for a channel that they don't know."""
    reader = Reader.open(path)
    try:
        sql = Sql(reader.connection)
        found = tables(sql)
        scope = scope_of(sql, name, channel, found)
        if scope is None:
            return None
        naming = Naming(scope.name, pseudonym(0), scope.others, scope.is_common)
        ids = str(list(scope.accounts))
        accounts = tuple(
            Account(where, shown, balance_z, holds, bool(banned))
            for where, shown, balance_z, holds, banned in sql.rows(_ACCOUNTS, ids)
        )
        counted = {each.name: sum(1 for _ in _changes(sql, scope, naming, each)) for each in found}
        rows = {table: count for table, count in counted.items() if count}
        return Standing(accounts, rows, scope.is_common)
    finally:
        reader.close()


def forget(
    path: str | Path, name: str, channel: str | None = None, *, at_ms: int
) -> Forgotten | None:
    """Forget somebody, in one transaction; None for a channel that the books don't know.

    Raises BooksInUse while the service runs, and the other errors of the books.
    """
    with _alone(path) as connection:
        done = _forget(connection, name, channel, at_ms)
        if done is not None:
            _rewrite(connection)
        return done


def write_anew(path: str | Path) -> None:
    """Leave nothing in the file but the rows there are; raises as `forget`."""
    with _alone(path) as connection:
        _rewrite(connection)


def lies_around(path: str | Path, name: str) -> bool:
    """Whether the bytes of the file hold the name anywhere, in any casing."""
    sought, before = name.lower().encode(), b""
    with Path(path).open("rb") as file:
        while piece := file.read(_PIECE):
            if sought in (found := (before + piece).lower()):
                return True
            before = found[-len(sought) :]
    return False


@contextmanager
def _alone(path: str | Path) -> Iterator[apsw.Connection]:
    """The one writing connection, while nobody else may have one."""
    refuse_after_a_loss(path)
    lock = FileLock(path, create=False)
    try:
        _make_sure_of_room(Path(path))
        connection = opening.connect(path, apsw.SQLITE_OPEN_READWRITE)
        try:
            opening.prepare_writer(connection)
            with opening.telling_clearly(path):
                yield connection
        finally:
            connection.close(True)
    finally:
        lock.release()


def _rewrite(connection: apsw.Connection) -> None:
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _make_sure_of_room(path: Path) -> None:
    """The file is written anew beside itself, and through the log into its place."""
    needed = path.stat().st_size * 2 if path.exists() else 0
    if shutil.disk_usage(path.parent).free < needed:
        raise UnwritableBooks(f"{path}: {needed:,} bytes of room are needed to write it anew")


def _forget(
    connection: apsw.Connection, name: str, channel: str | None, at_ms: int
) -> Forgotten | None:
    sql = Sql(connection)
    found = tables(sql)
    scope = scope_of(sql, name, channel, found)
    if scope is None:
        return None
    # What is overwritten is gone from the file at once, whatever comes after this.
    connection.pragma("secure_delete", 1)
    with connection:
        sql.run("PRAGMA defer_foreign_keys = 1")
        naming = Naming(scope.name, _unused(sql), scope.others, scope.is_common)
        done = _replace(sql, scope, naming, found, at_ms)
    return done  # noqa: RET504 - the connection has committed now


def _unused(sql: Sql) -> str:
    while True:
        new = pseudonym(secrets.randbits(32))
        if sql.row(_TAKEN, new) is None:
            return new


def _replace(
    sql: Sql, scope: Scope, naming: Naming, found: Sequence[Table], at_ms: int
) -> Forgotten:
    triggers, books = sql.rows(_TRIGGERS), (sql.rows(_BOOKS), sql.rows(_BALANCES))
    for trigger, _ in triggers:
        sql.run(f"DROP TRIGGER {trigger}")
    changed = {}
    for table in found:
        changes = list(_changes(sql, scope, naming, table))
        if changes:
            _write(sql, table, changes)
            changed[table.name] = len(changes)
    own = ", ".join(map(str, scope.accounts))
    sql.run(_DIGESTS.format(own=own), naming.instead)
    sql.run(_UNLIST.format(own=own))
    sql.run(_UNSHOW.format(own=own))
    sql.run(_SIGN_OUT.format(own=own))
    sql.run(_REVOKE.format(own=own))
    rows = sum(changed.values())
    sql.run(_AUDIT, at_ms, scope.channel, naming.instead, f"{rows} rows name a pseudonym now")
    for _, statement in triggers:
        sql.run(statement)
    assert books == (sql.rows(_BOOKS), sql.rows(_BALANCES)), "no coin has moved"
    assert triggers == sql.rows(_TRIGGERS)
    return Forgotten(naming.instead, changed, _left(sql, naming))


def _changes(sql: Sql, scope: Scope, naming: Naming, table: Table) -> Iterator[_Change]:
    """The rows of a table that name them, with what is to stand there instead."""
    if not table.texts:
        return
    keys = len(table.key)
    columns = ", ".join((*table.key, *table.texts))
    statement = (
        f"SELECT {columns} FROM {table.name} "  # noqa: S608 - names of the schema
        f"WHERE {scope.limits(table)} AND ({table.mentions})"
    )
    cursor = sql.connection.cursor()
    for row in cursor.execute(statement, scope.values):
        key, texts = row[:keys], dict(zip(table.texts, row[keys:], strict=True))
        said = {column: text for column, text in texts.items() if isinstance(text, str)}
        new = {}
        for column, text in said.items():
            only_name = table.holds_only_names(column)
            instead = naming.exactly(text) if only_name else naming.without(text)
            if instead != text:
                new[column] = instead
        if new and scope.takes(table, iter(said.values())):
            yield _Change(tuple(key), new)


def _write(sql: Sql, table: Table, changes: Sequence[_Change]) -> None:
    where = " AND ".join(f"{column} = ?" for column in table.key)
    for change in changes:
        texts = change.texts
        if table.name == "operation" and sql.row(_SAME_ID, texts.get("id"), change.key[0]):
            # Two spellings of the name may have been two ids.
            texts = {**texts, "id": f"{texts['id']}~{change.key[0]!r}"}
        columns = ", ".join(f"{column} = ?" for column in texts)
        statement = f"UPDATE {table.name} SET {columns} WHERE {where}"  # noqa: S608
        sql.run(statement, *texts.values(), *change.key)
        assert sql.changed() == 1, (table.name, change.key)


def _left(sql: Sql, naming: Naming) -> dict[str, int]:
    """The columns in which the name still is a part of words that are not other people's names."""
    left = {}
    for table in tables(sql):
        for column in table.columns:
            statement = (
                f"SELECT {column} FROM {table.name} "  # noqa: S608 - names of the schema
                f"WHERE typeof({column}) = 'text' AND instr(lower({column}), ?)"
            )
            texts = sql.connection.cursor().execute(statement, (naming.name,))
            if count := sum(naming.is_left_in(str(text)) for (text,) in texts):
                left[f"{table.name}.{column}"] = count
    return left
