"""Folds the presence minutes of closed days, so that years of books stay small.

Presence pays each user a row per minute. Once a day is over, all minutes of a user that follow
each other in the wallet's chain become one row: the last of them stays, under its id, with the
sum of the amounts and minutes. Between a wallet's other movements nothing is moved, so every
balance, link, sum and report stays what it was; a day leaves a user at most one row of presence
more than they have other rows, and one for each long absence. The ids of the minutes whose rows
have all gone are forgotten.

`fold_presence` runs on the writing connection inside the caller's transaction. A call reads a
bounded number of rows and proves that nothing but the number of rows has changed; the schema
lets exactly this happen while a row in `folding` says so. Call it until the day is complete.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from kryten_economy.ledger.statements import Sql

__all__ = ("PRESENCE", "ROWS_MAX", "ClosedDay", "Folded", "fold_presence", "oldest_unfolded_ms")

PRESENCE = "presence.base"
ROWS_MAX = 5_000
"""Rows read per call: well below a tenth of a second, during which no money moves."""

_BACK_MAX = 20_000
"""How many ids back a row is joined to what an earlier call has kept.

The proof reads everything in between, so who comes back after many hours begins a new row.
"""

_COLUMNS = """
    SELECT id, operation, debit_account, credit_account, amount_z, debit_after_z, credit_after_z,
        debit_previous, credit_previous, credit_type, credit_trigger, reason, metadata,
        created_at_ms
    FROM transfer
"""
_READ = _COLUMNS + "WHERE channel_id = ? AND id > ? ORDER BY id LIMIT ?"
_THESE = _COLUMNS + "WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608 - constants
_STATE = """
    SELECT read_up_to, day, first, last, folded, kept FROM presence_fold WHERE channel_id = ?
"""
_SAVE = """
    INSERT INTO presence_fold (channel_id, read_up_to, day, first, last, folded, kept)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET read_up_to = excluded.read_up_to, day = excluded.day,
        first = excluded.first, last = excluded.last, folded = excluded.folded,
        kept = excluded.kept
"""
_OLDEST = """
    SELECT created_at_ms FROM transfer
    WHERE channel_id = ?1 AND created_at_ms <= ?2
    AND id > coalesce((SELECT read_up_to FROM presence_fold WHERE channel_id = ?1), 0)
    ORDER BY id LIMIT 1
"""
_BEFORE = """
    SELECT id FROM transfer WHERE channel_id = ? AND id < ? AND operation < ?
    ORDER BY id DESC LIMIT 1
"""
_BEGIN = """
    INSERT INTO folding (
        id, channel_id, first_transfer, last_transfer, from_ms, until_ms, presence_z
    )
    SELECT 1, ?1, ?2, ?3, ?4, ?5, coalesce(sum(amount_z), 0) FROM transfer
    WHERE channel_id = ?1 AND id BETWEEN ?2 AND ?3
    AND created_at_ms >= ?4 AND created_at_ms < ?5 AND credit_trigger = 'presence.base'
"""
_END = "DELETE FROM folding"
_DELETE = "DELETE FROM transfer WHERE id IN (SELECT value FROM json_each(?))"
_KEEP = "UPDATE transfer SET amount_z = ?2, credit_previous = ?3, metadata = ?4 WHERE id = ?1"
_FORGET = """
    DELETE FROM operation WHERE kind = 'PresenceMinute'
    AND seq IN (SELECT value FROM json_each(?1))
    AND seq NOT IN (SELECT operation FROM transfer WHERE channel_id = ?2 AND id BETWEEN ?3 AND ?4)
"""
_LEFT = "SELECT count(*) FROM transfer WHERE id IN (SELECT value FROM json_each(?))"
_AUDIT = """
    INSERT INTO audit_log (at_ms, admin, channel, command, arguments, result, done)
    VALUES (?, 'system', (SELECT name FROM channel WHERE id = ?), 'presence.fold', ?, ?, 1)
"""


class ClosedDay(NamedTuple):
    """A day that is over: its name, and from when to before when it was (UTC ms)."""

    day: str
    from_ms: int
    until_ms: int


class Folded(NamedTuple):
    """What one call has done: so many rows became so many; ``complete``: nothing is left."""

    day: str
    folded: int
    kept: int
    complete: bool


class _Row(NamedTuple):
    id: int
    operation: int
    debit_account: int
    credit_account: int
    amount_z: int
    debit_after_z: int | None
    credit_after_z: int | None
    debit_previous: int | None
    credit_previous: int | None
    credit_type: str | None
    credit_trigger: str | None
    reason: str
    metadata: str | None
    created_at_ms: int

    def is_presence(self, day: ClosedDay) -> bool:
        """Whether it pays a minute of that day to a wallet."""
        return (
            self.credit_trigger == PRESENCE
            and self.debit_after_z is None
            and day.from_ms <= self.created_at_ms < day.until_ms
        )

    def continues(self, other: "_Row") -> bool:
        """Whether it comes right after ``other`` in the wallet's chain, and is of its kind."""
        return self.credit_previous == other.id and self.kind == other.kind

    @property
    def kind(self) -> tuple[int, int, str | None, str]:
        """What rows have in common that may become one."""
        return (self.debit_account, self.credit_account, self.credit_type, self.reason)


class _Progress(NamedTuple):
    """How far a channel was read, and what has come of the day that is being folded."""

    read_up_to: int = 0
    day: str = ""
    first: int = 0
    last: int = 0
    folded: int = 0
    kept: int = 0


def oldest_unfolded_ms(sql: Sql, channel_id: int, now_ms: int) -> int | None:
    """When the first transfer was made that no folding has read; fold the day of that time."""
    row = sql.row(_OLDEST, channel_id, now_ms)
    return None if row is None else int(row[0])


def fold_presence(
    sql: Sql, channel_id: int, day: ClosedDay, now_ms: int, rows_max: int = ROWS_MAX
) -> Folded:
    """Fold the next rows of a channel's closed day; once it is complete, the audit log says so."""
    assert day.from_ms < day.until_ms <= now_ms, day
    progress = _progress(sql, channel_id, day.day)
    rows, complete = _piece(sql, channel_id, progress.read_up_to, day, now_ms, rows_max)
    runs = [run for run in _runs(sql, rows, progress.read_up_to, day) if len(run) > 1]
    folded = sum(map(len, runs))
    if runs:
        first, last = _fold(sql, channel_id, day, runs, rows[-1])
        progress = progress._replace(
            first=min(first, progress.first or first),
            last=max(last, progress.last),
            folded=progress.folded + folded,
            kept=progress.kept + len(runs),
        )
    if rows:
        progress = progress._replace(read_up_to=rows[-1].id)
    if complete and progress.folded:
        told = {"day": day.day, "first": progress.first, "last": progress.last}
        result = f"{progress.folded - progress.kept} rows folded away"
        sql.run(_AUDIT, now_ms, channel_id, json.dumps(told), result)
        progress = _Progress(progress.read_up_to, day.day)
    sql.run(_SAVE, channel_id, *progress)
    return Folded(day.day, folded, len(runs), complete)


def _progress(sql: Sql, channel_id: int, day: str) -> _Progress:
    row = sql.row(_STATE, channel_id)
    known = _Progress() if row is None else _Progress._make(row)
    return known if known.day == day else _Progress(known.read_up_to, day)


def _piece(
    sql: Sql, channel_id: int, after: int, day: ClosedDay, now_ms: int, rows_max: int
) -> tuple[list[_Row], bool]:
    """The next rows up to the end of the day, and whether that was reached.

    What a clock that was ahead has dated into the future doesn't stop the days before it.
    """
    rows = [_Row._make(row) for row in sql.rows(_READ, channel_id, after, rows_max)]
    for place, row in enumerate(rows):
        if day.until_ms <= row.created_at_ms <= now_ms:
            return rows[:place], True
    return rows, len(rows) < rows_max


def _runs(sql: Sql, rows: Sequence[_Row], read_up_to: int, day: ClosedDay) -> Iterable[list[_Row]]:
    """Presence rows of one wallet with nothing in between, also with what an earlier call kept."""
    earlier = _earlier(sql, rows, read_up_to, day)
    latest: dict[int, list[_Row]] = {}
    for row in rows:
        if not row.is_presence(day):
            continue
        run = latest.get(row.credit_account)
        if run is not None and row.continues(run[-1]):
            run.append(row)
            continue
        if run is not None:
            yield run
        kept = earlier.get(row.credit_previous or 0)
        follows = kept is not None and row.continues(kept)
        latest[row.credit_account] = [kept, row] if kept is not None and follows else [row]
    yield from latest.values()


def _earlier(sql: Sql, rows: Sequence[_Row], read_up_to: int, day: ClosedDay) -> dict[int, _Row]:
    """The presence rows of the day that an earlier call has read and these rows follow."""
    links = [
        row.credit_previous
        for row in rows
        if row.credit_previous
        and read_up_to - _BACK_MAX < row.credit_previous <= read_up_to
        and row.is_presence(day)
    ]
    found = (_Row._make(row) for row in sql.rows(_THESE, json.dumps(links)))
    return {row.id: row for row in found if row.is_presence(day)}


def _fold(
    sql: Sql, channel_id: int, day: ClosedDay, runs: Sequence[list[_Row]], end: _Row
) -> tuple[int, int]:
    """Make one row of each run; answers the first and last id that were touched."""
    gone = [row for run in runs for row in run[:-1]]
    oldest = min(gone)
    # An id is forgotten only if all rows of its minute are in view, the first ones as well.
    before = sql.row(_BEFORE, channel_id, oldest.id, oldest.operation)
    first = 1 if before is None else before[0] + 1
    last = max(run[-1].id for run in runs)
    sql.run(_BEGIN, channel_id, first, max(last, end.id), day.from_ms, day.until_ms)
    ids = json.dumps([row.id for row in gone])
    sql.run(_DELETE, ids)
    sql.each(_KEEP, [_kept(run, day.day) for run in runs])
    operations = {row.operation for row in gone} - {end.operation}
    sql.run(_FORGET, json.dumps(sorted(operations)), channel_id, first, max(last, end.id))
    sql.run(_END)
    _prove(sql, runs, ids)
    return oldest.id, last


def _kept(run: Sequence[_Row], day: str) -> tuple[int, int, int | None, str]:
    total_z = sum(row.amount_z for row in run)
    return run[-1].id, total_z, run[0].credit_previous, _told(run, day)


def _prove(sql: Sql, runs: Sequence[list[_Row]], gone: str) -> None:
    """Each kept row stands for its run: same sum, same balances before and after, same links."""
    (left,) = sql.only(_LEFT, gone)
    assert left == 0, left
    rows = map(_Row._make, sql.rows(_THESE, json.dumps([run[-1].id for run in runs])))
    kept = {row.id: row for row in rows}
    for run in runs:
        first, last, now = run[0], run[-1], kept[run[-1].id]
        assert now.credit_after_z is not None, now
        assert first.credit_after_z is not None, first
        assert now.amount_z == sum(row.amount_z for row in run), now
        assert now.credit_after_z == last.credit_after_z, now
        assert now.credit_after_z - now.amount_z == first.credit_after_z - first.amount_z, now
        assert now.credit_previous == first.credit_previous, now
        assert (now.operation, now.created_at_ms) == (last.operation, last.created_at_ms), now


def _told(run: Sequence[_Row], day: str) -> str:
    """What the kept row says of itself, in the words of the minutes it stands for.

    Sums are told where every minute knows its part, and factors where all had the same ones.
    """
    told = [_read(row) for row in run]
    facts: dict[str, object] = {"minutes": sum(int(_number(each, "minutes", 1)) for each in told)}
    for key in ("base", "active_bonus", "night_bonus"):
        total = sum(_number(each, key) for each in told)
        if total and (key != "base" or all(key in each for each in told)):
            facts[key] = round(total, 9)
    for key in ("sources", "multiplier"):
        if told[0].get(key) is not None and all(each.get(key) == told[0][key] for each in told):
            facts[key] = told[0][key]
    if "carried_in" in told[0] and "carried" in told[-1]:
        facts |= {"carried_in": told[0]["carried_in"], "carried": told[-1]["carried"]}
    facts["folded"] = {"day": day, "rows": sum(map(_rows, told))}
    return json.dumps(facts, separators=(",", ":"))


def _rows(told: Mapping[str, object]) -> int:
    earlier = told.get("folded")
    return int(_number(earlier, "rows", 1)) if isinstance(earlier, dict) else 1


def _number(told: Mapping[str, object], key: str, otherwise: float = 0) -> float:
    value = told.get(key)
    return value if isinstance(value, int | float) else otherwise


def _read(row: _Row) -> Mapping[str, object]:
    """A minute without words is worth what it paid; words that are none of ours tell nothing."""
    if row.metadata is None:
        return {"base": row.amount_z}
    try:
        found = json.loads(row.metadata)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
