"""Statements: what a wallet held at some time, and every movement in between.

A time is a place in the wallet's chain: behind the newest movement made before it. So balances
add up also where a clock was set back. Minutes that were folded into one row count at the time of
the last of them, which is on the same day, so that no statement of whole days is changed by it.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from kryten_economy.features.history.rules import minutes_of
from kryten_economy.features.history.texts import HistoryRow, presence_merged
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.reports.rows import TransactionRow
from kryten_economy.ledger.channels import Reader
from kryten_economy.text.templates import hour_of
from kryten_economy.users import UserKey

__all__ = ("Page", "Statement", "balance_before", "history_page", "statement")

_CHAIN = """
    WITH RECURSIVE chain (id, at_ms, delta_z, after_z, previous, length) AS (
        SELECT id, created_at_ms,
            CASE debit_account WHEN ?1 THEN -amount_z ELSE amount_z END,
            CASE debit_account WHEN ?1 THEN debit_after_z ELSE credit_after_z END,
            CASE debit_account WHEN ?1 THEN debit_previous ELSE credit_previous END, 1
        FROM transfer WHERE id = ?2
        UNION ALL
        SELECT t.id, t.created_at_ms,
            CASE t.debit_account WHEN ?1 THEN -t.amount_z ELSE t.amount_z END,
            CASE t.debit_account WHEN ?1 THEN t.debit_after_z ELSE t.credit_after_z END,
            CASE t.debit_account WHEN ?1 THEN t.debit_previous ELSE t.credit_previous END,
            c.length + 1
        FROM chain AS c JOIN transfer AS t ON t.id = c.previous
        WHERE c.at_ms >= ?3
    )
"""
"""The movements from one backwards, as far as the first that was made before a time."""

_ACCOUNT = """
    SELECT id, last_transfer, display_name FROM account
    WHERE kind = 'wallet' AND name = ?2 AND channel_id = (SELECT id FROM channel WHERE name = ?1)
"""
_NEWEST_BEFORE = _CHAIN + "SELECT id, after_z FROM chain WHERE at_ms < ?3"  # noqa: S608 - constants
_SUMS = f"""
    {_CHAIN}
    SELECT count(*), coalesce(sum(max(delta_z, 0)), 0), coalesce(sum(max(-delta_z, 0)), 0),
        max(length), after_z - delta_z
    FROM chain WHERE at_ms >= ?3
"""  # noqa: S608 - put together from constants
_ROWS = f"""
    {_CHAIN}
    SELECT id, username, channel, amount, type, trigger_id, reason, related_user, metadata,
        created_at_ms, created_at, balance_after
    FROM transactions
    WHERE account_id = ?1 AND transfer_id IN (
        SELECT id FROM chain WHERE at_ms >= ?3 AND length BETWEEN ?4 AND ?5
    )
    ORDER BY id
"""  # noqa: S608 - put together from constants


class Statement(NamedTuple):
    """The movements of a time, oldest first: ``rows`` of them, of ``movements``.

    The opening balance plus what came in less what went out is the closing balance.
    """

    display_name: str
    opening_z: int
    in_z: int
    out_z: int
    closing_z: int
    movements: int
    rows: tuple[TransactionRow, ...]


def balance_before(reader: Reader, user: UserKey, at_ms: int) -> int | None:
    """What a wallet held right before a time; None if there is no such wallet."""
    account = reader.sql.row(_ACCOUNT, *user)
    if account is None:
        return None
    newest = reader.sql.row(_NEWEST_BEFORE, account[0], account[1], at_ms)
    return 0 if newest is None else int(newest[1])


def statement(
    reader: Reader, user: UserKey, from_ms: int, until_ms: int, limit: int, offset: int = 0
) -> Statement | None:
    """The movements from a time to before another; None if there is no such wallet."""
    assert from_ms <= until_ms, (from_ms, until_ms)
    reader.sql.run("BEGIN")
    try:
        return _statement(reader, user, from_ms, until_ms, limit, offset)
    finally:
        reader.sql.run("COMMIT")


def _statement(
    reader: Reader, user: UserKey, from_ms: int, until_ms: int, limit: int, offset: int
) -> Statement | None:
    sql = reader.sql
    account = sql.row(_ACCOUNT, *user)
    if account is None:
        return None
    account_id, last_transfer, display_name = account
    newest = sql.row(_NEWEST_BEFORE, account_id, last_transfer, until_ms)
    end, closing_z = newest or (None, 0)
    count, in_z, out_z, _, opening_z = sql.only(_SUMS, account_id, end, from_ms)
    opening_z = opening_z if count else closing_z
    assert opening_z + in_z - out_z == closing_z, (user, from_ms, until_ms)
    # The newest is the first of the chain, the oldest the first of the statement.
    window = (count - offset - limit + 1, count - offset)
    rows = sql.rows(_ROWS, account_id, end, from_ms, *window) if count > offset else []
    shown = tuple(map(TransactionRow._make, rows))
    return Statement(display_name, opening_z, in_z, out_z, closing_z, count, shown)


class Page(NamedTuple):
    """Lines of `history`, newest first; ``more``: there are older ones."""

    lines: tuple[HistoryRow, ...]
    more: bool


_ROWS_PER_LINE = 60
"""An hour's presence minutes share one line, so this many rows may stand behind each."""

_ROWS_MAX = 50_000


def history_page(
    reports: Reports,
    user: UserKey,
    zone: ZoneInfo,
    count: int,
    page: int = 1,
    wanted: Callable[[TransactionRow], bool] | None = None,
) -> Page:
    """So many lines of those rows that are ``wanted``; the first page has the newest.

    Rows are read until nothing that is older can change the page. It ends where no report goes
    further back.
    """
    last = page * count
    limit = min((last + 1) * _ROWS_PER_LINE, _ROWS_MAX)
    while True:
        rows = reports.transactions(user, limit)
        kept = rows if wanted is None else [row for row in rows if wanted(row)]
        lines = presence_merged(_lines(kept), zone)
        if len(rows) < limit or limit >= _ROWS_MAX or _is_whole(lines, last, rows[-1], zone):
            return Page(tuple(lines[last - count : last]), len(lines) > last)
        limit = min(limit * 4, _ROWS_MAX)


def _is_whole(
    lines: Sequence[HistoryRow], last: int, oldest: TransactionRow, zone: ZoneInfo
) -> bool:
    """Whether there is a line behind the page, and the hour of its own last line was all read."""
    if len(lines) <= last:
        return False
    return hour_of(oldest.created_at_ms, zone) != hour_of(lines[last - 1].at_ms, zone)


def _lines(rows: Sequence[TransactionRow]) -> list[HistoryRow]:
    return [
        HistoryRow(
            row.id,
            row.created_at_ms,
            row.amount_z,
            row.balance_after_z,
            row.trigger_id,
            row.reason,
            minutes_of(row.metadata),
            row.related_user,
        )
        for row in rows
    ]
