"""A book file with a long past: many presence minutes of a large crowd, written in bulk.

Everything the schema and the conservation guard ask for holds: operations, chains, balances,
lifetime and daily counters, analytics. Only the speed is unusual, since nothing has to be
durable before the end. The past ends before the day on which it is written.
"""

import time
from collections.abc import Sequence
from pathlib import Path

import apsw

from kryten_economy.features.presence.operations import Arrive
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.opening import SCHEMA_VERSION
from kryten_economy.users import UserKey

__all__ = ("CROWD", "fill", "filled_file")

CROWD = 2_000
"""Users paid by each minute; the fill is a whole number of minutes."""

_MINUTES_PER_DAY = 240
_DAY_MS = 86_400_000
_CHUNK = 500_000

_OPERATIONS = """
    WITH RECURSIVE minute (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM minute WHERE n < :minutes)
    INSERT INTO operation (seq, id, kind, digest, answer, created_at_ms)
    SELECT :seq + n, 'presence:' || :channel || ':past-' || n, 'PresenceMinute', zeroblob(16),
        '[' || ((n - 1) * :crowd + 1) || ',' || (n * :crowd + 1) || ']',
        :from_ms + (n - 1) / :per_day * 86400000 + (n - 1) % :per_day * 60000
    FROM minute
"""
# Transfer t is what minute (t - 1) / crowd + 1 paid to member (t - 1) % crowd.
_TRANSFERS = """
    WITH RECURSIVE turn (t) AS (SELECT :first UNION ALL SELECT t + 1 FROM turn WHERE t < :last)
    INSERT INTO transfer (
        id, operation, channel_id, debit_account, credit_account, amount_z, credit_type,
        credit_trigger, reason, created_at_ms, credit_after_z, credit_previous
    )
    SELECT t, :seq + (t - 1) / :crowd + 1, :channel_id, :mint, m.account_id, 1, 'earn',
        'presence.base', 'Presence',
        :from_ms + (t - 1) / :crowd / :per_day * 86400000 + (t - 1) / :crowd % :per_day * 60000,
        (t - 1) / :crowd + 1, CASE WHEN t > :crowd THEN t - :crowd END
    FROM turn JOIN member AS m ON m.place = (t - 1) % :crowd
"""
_MEMBERS = """
    INSERT INTO member (place, account_id)
    SELECT row_number() OVER (ORDER BY id) - 1, id FROM account
    WHERE channel_id = :channel_id AND kind = 'wallet'
"""
_BALANCES = """
    UPDATE account SET balance_z = :minutes, lifetime_earned_z = :minutes, last_seen_ms = :to_ms,
        last_transfer = (:minutes - 1) * :crowd
            + (SELECT place FROM member WHERE account_id = account.id) + 1
    WHERE channel_id = :channel_id AND kind = 'wallet'
"""
_MINT = "UPDATE account SET balance_z = -:minutes * :crowd WHERE id = :mint"
_DAYS = """
    CREATE TEMP TABLE past AS
    WITH RECURSIVE day (n) AS (
        SELECT 0 UNION ALL SELECT n + 1 FROM day WHERE (n + 1) * :per_day < :minutes
    )
    SELECT strftime('%Y-%m-%d', :from_ms / 1000 + n * 86400, 'unixepoch') AS day,
        min(:per_day, :minutes - n * :per_day) AS minutes
    FROM day
"""
_ACTIVITY = """
    INSERT INTO daily_activity (channel_id, day, account_id, minutes_present, z_earned)
    SELECT :channel_id, p.day, m.account_id, p.minutes, p.minutes
    FROM past AS p CROSS JOIN member AS m
"""
_ANALYTICS = """
    INSERT INTO trigger_analytics (
        channel_id, day, trigger_id, hit_count, unique_users, total_z_awarded
    )
    SELECT :channel_id, day, 'presence.base', minutes * :crowd, :crowd, minutes * :crowd FROM past
"""
_WHO_HIT = """
    INSERT INTO trigger_user (channel_id, day, trigger_id, account_id)
    SELECT :channel_id, p.day, 'presence.base', m.account_id FROM past AS p CROSS JOIN member AS m
"""
# These rows stand for what is left when minutes were folded: the nightly job has read them all.
_FOLDED = """
    INSERT INTO presence_fold (channel_id, read_up_to, day, first, last, folded, kept)
    SELECT :channel_id, :minutes * :crowd, max(day), 0, 0, 0, 0 FROM past
"""


def filled_file(directory: Path, channel: str, names: Sequence[str], transfers: int) -> Path:
    """A file as `fill` writes it, made once and kept in ``directory``."""
    path = directory / f"filled-{transfers}-{channel}-schema-{SCHEMA_VERSION}.db"
    if not path.exists():
        unfinished = path.with_suffix(".part")
        for leftover in directory.glob(f"{unfinished.name}*"):
            leftover.unlink()
        fill(unfinished, channel, names, transfers)
        unfinished.rename(path)
    return path


def fill(path: Path, channel: str, names: Sequence[str], transfers: int) -> None:
    """Write at least ``transfers`` transfers to the first 2,000 of ``names``, and of strangers.

    The file must not exist. It is left without a write-ahead log, ready to be copied.
    """
    minutes = max(1, -(-transfers // CROWD))
    days = -(-minutes // _MINUTES_PER_DAY)
    today_ms = time.time_ns() // 1_000_000 // _DAY_MS * _DAY_MS
    from_ms = today_ms - days * _DAY_MS
    strangers = (f"past_{number:05d}" for number in range(CROWD))
    crowd = [*names, *strangers][:CROWD]
    _open_accounts(path, channel, crowd, from_ms)
    connection = apsw.Connection(str(path))
    try:
        # Should the machine stop meanwhile, the file is thrown away and written anew.
        connection.pragma("synchronous", "OFF")
        connection.pragma("journal_mode", "MEMORY")
        connection.pragma("cache_size", -256 * 1024)
        _write_past(connection, channel, minutes, from_ms, today_ms)
    finally:
        connection.close()


def _open_accounts(path: Path, channel: str, crowd: Sequence[str], at_ms: int) -> None:
    day = time.strftime("%Y-%m-%d", time.gmtime(at_ms / 1000))
    books = Books.open(path)
    try:
        answers = books.commit(
            [
                Arrive(f"arrive:{name}", UserKey.of(channel, name), name, at_ms, day, False, 0)
                for name in crowd
            ]
        ).answers
        assert len(answers) == CROWD, len(answers)
    finally:
        books.close()


def _write_past(
    connection: apsw.Connection, channel: str, minutes: int, from_ms: int, to_ms: int
) -> None:
    (channel_id,) = _row(connection, "SELECT id FROM channel WHERE name = ?", channel)
    (mint,) = _row(
        connection, "SELECT id FROM account WHERE channel_id = ? AND kind = 'mint'", channel_id
    )
    (seq,) = _row(connection, "SELECT coalesce(max(seq), 0) FROM operation")
    values: dict[str, int | str] = {
        "channel": channel,
        "channel_id": channel_id,
        "mint": mint,
        "seq": seq,
        "minutes": minutes,
        "crowd": CROWD,
        "per_day": _MINUTES_PER_DAY,
        "from_ms": from_ms,
        "to_ms": to_ms,
    }
    with connection:
        connection.execute(
            "CREATE TEMP TABLE member (place INTEGER PRIMARY KEY, account_id INTEGER UNIQUE)"
        )
        for statement in (_MEMBERS, _OPERATIONS):
            connection.execute(statement, values)
    for first in range(1, minutes * CROWD + 1, _CHUNK):
        last = min(first + _CHUNK - 1, minutes * CROWD)
        with connection:
            connection.execute(_TRANSFERS, values | {"first": first, "last": last})
    with connection:
        for statement in (_BALANCES, _MINT, _DAYS, _ACTIVITY, _ANALYTICS, _WHO_HIT, _FOLDED):
            connection.execute(statement, values)


def _row(connection: apsw.Connection, statement: str, *values: int | str) -> tuple[int]:
    row = connection.execute(statement, values).fetchone()
    assert row is not None, statement
    return (int(row[0]),)
