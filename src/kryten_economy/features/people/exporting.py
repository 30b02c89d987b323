"""Everything that is stored about one person, row by row, as it stands in the books.

That is every row that refers to their account or names them, and the rounds and acts they were
part of. What an act answered is left out: it repeats figures of these rows, and those of others.
"""

import csv
import json
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple, TextIO, TypeAlias

from kryten_economy.config import Settings
from kryten_economy.features.history.rules import public_metadata
from kryten_economy.features.people.rules import Naming
from kryten_economy.features.people.tables import Scope, Table, own_scope, scope_of, tables
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.statements import Sql
from kryten_economy.users import UserKey

__all__ = ("AboutRow", "about", "own_data", "write_csv", "write_json")

_LEFT_OUT = frozenset({("operation", "answer"), ("operation", "digest"), ("operation", "seq")})
_ACTS = """
    seq IN (
        SELECT operation FROM transfer
        WHERE debit_account IN ({own}) OR credit_account IN ({own})
    )
"""
# Along the chains of their wallets, so that a year of everybody else's transfers isn't read.
_OWN_TRANSFERS = """
    id IN (
        WITH RECURSIVE chain (account_id, id) AS (
            SELECT id, last_transfer FROM account WHERE id IN ({own})
            UNION ALL
            SELECT c.account_id,
                CASE t.debit_account WHEN c.account_id THEN t.debit_previous
                    ELSE t.credit_previous END
            FROM chain AS c JOIN transfer AS t ON t.id = c.id
        )
        SELECT id FROM chain
    )
"""
_OWN_ACTS = f"seq IN (SELECT operation FROM transfer WHERE {_OWN_TRANSFERS})"  # noqa: S608
_ALONG_THE_CHAIN = {"transfer": _OWN_TRANSFERS, "operation": _OWN_ACTS}


class AboutRow(NamedTuple):
    """One row of a table."""

    table: str
    values: dict[str, Any]


Rows: TypeAlias = Generator[AboutRow, None, None]


def about(reader: Reader, name: str, channel: str | None = None) -> Rows | None:
    """The rows about somebody, table by table; None for a channel that is not in the books.

    Close it before the reader, if it was not read to its end.
    """
    sql = Sql(reader.connection)
    found = tables(sql)
    scope = scope_of(sql, name, channel, found)
    return None if scope is None else _rows(reader, scope, found)


def _rows(reader: Reader, scope: Scope, found: list[Table]) -> Rows:
    naming = Naming(scope.name, "", scope.others, scope.is_common)
    reader.sql.run("BEGIN")
    try:
        for table in found:
            yield from _of_table(reader, scope, naming, table, found)
    finally:
        reader.sql.run("COMMIT")


_NOT_TAKEN = frozenset(
    {"audit_log", "audit_part", "audit_state", "config_version", "trigger_fractions"}
)
"""Books of the operators, whose acts stand in the transfers as well; and parts of coins."""

_BY_NAME = frozenset({"banned_users", "panic"})
_OVER = frozenset({"settled", "cancelled"})


def own_data(reader: Reader, user: UserKey, settings: Settings) -> Rows:
    """What a user may take along: the rows that refer to their own account, as `about` has them.

    Rows of others that only name them are left out, since anybody may have a word for a name. So
    are the operators' books, what would tell a hidden factor (P-EARN-15), what a round that still
    plays has in its hands, and what would help to forge a session.
    """
    sql = Sql(reader.connection)
    found = tables(sql)
    scope = own_scope(sql, user)
    if scope is not None:
        reader.sql.run("BEGIN")
        try:
            for table in found:
                if table.name not in _NOT_TAKEN:
                    yield from _own_rows(reader, scope, table, found, settings)
        finally:
            reader.sql.run("COMMIT")


def _own_rows(
    reader: Reader, scope: Scope, table: Table, found: list[Table], settings: Settings
) -> Iterator[AboutRow]:
    is_by_name = table.name in _BY_NAME
    owned = "channel_id = ?2 AND name = ?1" if is_by_name else _owned(scope, table, found)
    if table.name in _ALONG_THE_CHAIN and scope.accounts:
        own = ", ".join(map(str, scope.accounts))
        owned = _ALONG_THE_CHAIN[table.name].format(own=own)
    if owned == "0":
        return
    statement = f"SELECT * FROM {table.name} WHERE {owned}"  # noqa: S608 - names of the schema
    whose = (scope.name, scope.channel_id) if is_by_name else ()
    for values in reader.connection.cursor().execute(statement, whose):
        row = dict(zip(table.columns, values, strict=True))
        match table.name:
            case "transfer":
                type_ = row["credit_type"] or row["debit_type"] or ""
                row["metadata"] = public_metadata(type_, row["metadata"], settings)
            case "game_round" if row["state"] not in _OVER:
                row |= {"terms": None, "outcome": None}
            case "page_session":
                del row["token_hash"]
        yield AboutRow(table.name, _kept(table, row))


def _kept(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in row if (table.name, key) not in _LEFT_OUT}


def _of_table(
    reader: Reader, scope: Scope, naming: Naming, table: Table, found: list[Table]
) -> Iterator[AboutRow]:
    owned = _owned(scope, table, found)
    statement = (
        f"SELECT ({owned}) AS own, * FROM {table.name} "  # noqa: S608 - names of the schema
        f"WHERE ({owned}) OR ({scope.limits(table)} AND ({table.mentions}))"
    )
    cursor = reader.connection.cursor()
    for own, *values in cursor.execute(statement, scope.values):
        row = dict(zip(table.columns, values, strict=True))
        if own or _names(scope, naming, table, row):
            yield AboutRow(table.name, _kept(table, row))


def _owned(scope: Scope, table: Table, found: list[Table]) -> str:
    """The condition that a row refers to an account of theirs, or that such a row refers to it."""
    own = ", ".join(map(str, scope.accounts))
    if not own:
        return "0"
    if table.name == "account":
        return f"id IN ({own})"
    if table.name == "operation":
        return _ACTS.format(own=own)
    if table.accounts:
        return " OR ".join(f"{column} IN ({own})" for column in table.accounts)
    if table.name == "channel":
        return "0"
    through = [
        f"{to} IN (SELECT {column} FROM {other.name} WHERE {other.accounts[0]} IN ({own}))"  # noqa: S608
        for other in found
        if other.accounts
        for column, target, to in other.refers
        if target == table.name
    ]
    return " OR ".join(through) or "0"


def _names(scope: Scope, naming: Naming, table: Table, row: dict[str, Any]) -> bool:
    texts = {column: row[column] for column in table.texts if isinstance(row[column], str)}
    named = any(
        naming.exactly(text) != text if table.holds_only_names(column) else naming.names(text)
        for column, text in texts.items()
    )
    return named and scope.takes(table, iter(texts.values()))


def write_json(rows: Iterator[AboutRow], name: str, at_ms: int, to: TextIO) -> int:
    """One object with a list of rows per table; answers how many rows there were."""
    made = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")
    head = json.dumps({"user": name, "exported_at": made}, ensure_ascii=False)
    to.write(head[:-1] + ', "tables": {')
    count, last = 0, ""
    for row in rows:
        if row.table != last:
            to.write(f"{'' if not last else chr(10) + '], '}\n{json.dumps(row.table)}: [")
        line = json.dumps(row.values, ensure_ascii=False, default=_told)
        to.write(f"{',' if row.table == last else ''}\n  {line}")
        count, last = count + 1, row.table
    to.write("\n]}}\n" if last else "}}\n")
    return count


def write_csv(rows: Iterator[AboutRow], to: TextIO) -> int:
    """A line per value: table, number of the row in it, column, value; the tables differ."""
    out = csv.writer(to)
    out.writerow(("table", "row", "column", "value"))
    count, number, last = 0, 0, ""
    for row in rows:
        number = number + 1 if row.table == last else 1
        for column, value in row.values.items():
            out.writerow((row.table, number, column, "" if value is None else _told(value)))
        count, last = count + 1, row.table
    return count


def _told(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value
