"""A wallet's movements page by page, and what it held at the end of each of the last days.

Every answer looks at so many rows of the wallet's chain at most, however long it is: where that is
not enough, it says from which movement to go on.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from kryten_economy.features.reports.rows import TransactionRow
from kryten_economy.ledger.channels import Reader
from kryten_economy.transaction_types import TYPES
from kryten_economy.users import UserKey

__all__ = (
    "KINDS",
    "LOOKED_AT_MAX",
    "DayOfUser",
    "Kind",
    "Movements",
    "Wanted",
    "balances_of_days",
    "day_of_user",
    "movements",
)

LOOKED_AT_MAX: Final = 20_000
"""No answer looks at more rows."""

_PRESENCE = "presence.base"


class Kind(NamedTuple):
    """Movements of these types; ``presence`` is whether minutes of being here alone, or none."""

    title: str
    types: frozenset[str]
    presence: bool | None = None


def _types(*prefixes: str) -> frozenset[str]:
    return frozenset(name for name in TYPES if name.startswith(prefixes))


_STAFF = _types("admin_", "prune", "migration") - {"admin_rain"}
_EARNED = frozenset(name for name, type_ in TYPES.items() if type_.earns) - _STAFF

KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "here": Kind("being here", _EARNED, presence=True),
        "earned": Kind("earned otherwise", _EARNED, presence=False),
        "games": Kind("games", _types("gamble_")),
        "tips": Kind("tips", _types("tip_")),
        "bought": Kind("bought and given back", frozenset({"spend", "refund"})),
        "staff": Kind("by admins", _STAFF),
    }
)
"""What a list of movements may be made of."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which movements: of a kind, in or out, from a time to before another."""

    kind: str = ""
    direction: Literal["", "in", "out"] = ""
    from_ms: int = 0
    until_ms: int = 2**62


class Movements(NamedTuple):
    """Rows, the newest first; ``more`` is the number of the last one looked at if there are others.

    ``looked_at_all`` is False where the search was given up before it had found enough.
    """

    rows: tuple[TransactionRow, ...]
    more: int | None
    looked_at_all: bool = True


class DayOfUser(NamedTuple):
    """What a day has brought and cost somebody."""

    earned_z: int = 0
    spent_z: int = 0
    gambled_in_z: int = 0
    gambled_out_z: int = 0


_ACCOUNT = """
    SELECT id, last_transfer FROM account
    WHERE kind = 'wallet' AND name = ?2 AND channel_id = (SELECT id FROM channel WHERE name = ?1)
"""
_PREVIOUS = """
    SELECT CASE debit_account WHEN ?1 THEN debit_previous ELSE credit_previous END
    FROM transfer WHERE id = (?2 + 1) / 2 AND CASE ?2 % 2 WHEN 1 THEN debit_account
        ELSE credit_account END = ?1
"""
_LOOK = """
    WITH RECURSIVE chain (id, at_ms, delta_z, type, presence, previous, length) AS (
        SELECT id, created_at_ms,
            CASE debit_account WHEN ?1 THEN -amount_z ELSE amount_z END,
            CASE debit_account WHEN ?1 THEN debit_type ELSE credit_type END,
            credit_trigger IS ?8,
            CASE debit_account WHEN ?1 THEN debit_previous ELSE credit_previous END, 1
        FROM transfer WHERE id = ?2
        UNION ALL
        SELECT t.id, t.created_at_ms,
            CASE t.debit_account WHEN ?1 THEN -t.amount_z ELSE t.amount_z END,
            CASE t.debit_account WHEN ?1 THEN t.debit_type ELSE t.credit_type END,
            t.credit_trigger IS ?8,
            CASE t.debit_account WHEN ?1 THEN t.debit_previous ELSE t.credit_previous END,
            c.length + 1
        FROM chain AS c JOIN transfer AS t ON t.id = c.previous
        WHERE c.at_ms >= ?3 AND c.length < ?4
    ),
    seen (id, delta_z, matches, length) AS (
        SELECT id, delta_z, at_ms >= ?3 AND at_ms < ?5
            AND (?6 IS NULL OR type IN (SELECT value FROM json_each(?6)))
            AND (?7 IS NULL OR presence = ?7)
            AND (?9 = 0 OR delta_z * ?9 > 0), length
        FROM chain
    )
    SELECT id * 2 - (delta_z < 0), matches, length = ?4 FROM seen
    WHERE matches OR length = ?4 LIMIT ?10
"""
_ROWS = """
    SELECT id, username, channel, amount, type, trigger_id, reason, related_user, metadata,
        created_at_ms, created_at, balance_after
    FROM transactions
    WHERE account_id = ?1 AND transfer_id IN (SELECT (value + 1) / 2 FROM json_each(?2))
    ORDER BY id DESC
"""
_QUARTER_MS = 900_000
_BALANCES = """
    WITH RECURSIVE chain (at_ms, after_z, previous, length) AS (
        SELECT created_at_ms,
            CASE debit_account WHEN ?1 THEN debit_after_z ELSE credit_after_z END,
            CASE debit_account WHEN ?1 THEN debit_previous ELSE credit_previous END, 1
        FROM transfer WHERE id = ?2
        UNION ALL
        SELECT t.created_at_ms,
            CASE t.debit_account WHEN ?1 THEN t.debit_after_z ELSE t.credit_after_z END,
            CASE t.debit_account WHEN ?1 THEN t.debit_previous ELSE t.credit_previous END,
            c.length + 1
        FROM chain AS c JOIN transfer AS t ON t.id = c.previous
        WHERE c.at_ms >= ?3 AND c.length < ?4
    )
    SELECT at_ms / ?5, min(length), after_z FROM chain GROUP BY 1 ORDER BY 1
"""
"""The newest movement of each quarter of an hour; with min() the other column is of that row."""
_DAY = """
    SELECT d.z_earned, d.z_spent, d.z_gambled_in, d.z_gambled_out
    FROM daily_activity AS d JOIN account AS a ON a.id = d.account_id
    WHERE d.account_id = ?1 AND d.day = ?2 AND d.channel_id = a.channel_id
"""


def movements(
    reader: Reader, user: UserKey, limit: int, wanted: Wanted, before: int | None = None
) -> Movements | None:
    """At most so many rows older than the one numbered ``before``; None if that is not theirs."""
    account = reader.sql.row(_ACCOUNT, *user)
    if account is None:
        return Movements((), None)
    account_id, start = account
    if before is not None:
        found = reader.sql.row(_PREVIOUS, account_id, before)
        if found is None:
            return None
        start = found[0]
    kind = KINDS.get(wanted.kind)
    seen = reader.sql.rows(
        _LOOK,
        account_id,
        start,
        wanted.from_ms,
        LOOKED_AT_MAX,
        wanted.until_ms,
        None if kind is None else json.dumps(sorted(kind.types)),
        None if kind is None or kind.presence is None else int(kind.presence),
        _PRESENCE,
        {"": 0, "in": 1, "out": -1}[wanted.direction],
        limit + 1,
    )
    matching = [number for number, matches, _ in seen if matches]
    kept = matching[:limit]
    rows = reader.sql.rows(_ROWS, account_id, json.dumps(kept)) if kept else []
    shown = tuple(map(TransactionRow._make, rows))
    if len(matching) > limit:
        return Movements(shown, kept[-1])
    if seen and seen[-1][2]:
        return Movements(shown, seen[-1][0], looked_at_all=False)
    return Movements(shown, None)


def balances_of_days(
    reader: Reader, user: UserKey, from_ms: int, ends_ms: Sequence[int]
) -> list[int | None]:
    """What a wallet held right before each of these times, in rising order.

    Not more is read than what came since ``from_ms`` and the one movement before. None where it had
    no movement yet, or more since then than are looked at. The times are full quarters of an hour,
    as the starts of days are in every zone.
    """
    account = reader.sql.row(_ACCOUNT, *user)
    if account is None:
        return [None] * len(ends_ms)
    quarters = reader.sql.rows(_BALANCES, *account, from_ms, LOOKED_AT_MAX, _QUARTER_MS)
    found: list[int | None] = []
    place, newest, balance_z = 0, LOOKED_AT_MAX + 1, None
    for end_ms in ends_ms:
        while place < len(quarters) and quarters[place][0] * _QUARTER_MS < end_ms:
            _, length, after_z = quarters[place]
            if length < newest:
                newest, balance_z = length, after_z
            place += 1
        found.append(balance_z)
    return found


def day_of_user(reader: Reader, user: UserKey, day: str) -> DayOfUser:
    """What a day has brought and cost a user; nothing where they did nothing."""
    account = reader.sql.row(_ACCOUNT, *user)
    row = None if account is None else reader.sql.row(_DAY, account[0], day)
    return DayOfUser() if row is None else DayOfUser._make(row)
