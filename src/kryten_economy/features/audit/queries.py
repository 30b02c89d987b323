"""Questions about the audit log, for the books and for reports alike."""

from collections.abc import Callable
from typing import NamedTuple

from kryten_economy.features.audit.rules import Entry, Lack, Place, Preview, Share, Wanted
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.statements import Row
from kryten_economy.refusals import NotUndoable
from kryten_economy.users import UNNAMED_ADMIN

__all__ = (
    "Act",
    "Rows",
    "entries",
    "entry_of",
    "find_act",
    "found",
    "preview",
)

Rows = Callable[..., list[Row]]
"""What reads rows, within a transaction or without one."""

_SHOWN_MAX = 5

_ACT = "SELECT id, command, day, done, undoable, final, root, undone_by FROM audit_log"
_BY_ID = f"{_ACT} WHERE id = ?2 AND channel = ?1 COLLATE NOCASE"
_LAST = f"""
    {_ACT} WHERE channel = ?1 COLLATE NOCASE AND admin = ?2 COLLATE NOCASE AND undoable = 1
    AND undoes IS NULL AND undone_by IS NULL ORDER BY id DESC LIMIT 1
"""
_PARTS = """
    SELECT a.name, a.display_name, a.balance_z, p.delta_z
    FROM audit_part AS p JOIN account AS a ON a.id = p.account_id
    WHERE p.audit_id = ? ORDER BY abs(p.delta_z) DESC, a.name
"""
_ENTRY = """
    SELECT l.id, l.at_ms, l.admin, l.origin, l.channel, l.command, l.arguments, l.result, l.done,
        l.about, l.reason, l.before, l.after, l.undoable, l.undoes, l.undone_by
    FROM audit_log AS l
"""
_ENTRY_OF = f"{_ENTRY} WHERE l.id = ?2 AND l.channel = ?1 COLLATE NOCASE"
_ENTRIES = f"""
    {_ENTRY} WHERE l.channel = ?1 COLLATE NOCASE
    AND (?2 IS NULL OR (l.done = 1 OR l.result = 'attempt') AND l.origin <> 'clock'
        AND (l.undoable = 1 OR l.admin <> ?2))
    AND (?3 IS NULL OR l.admin = ?3 COLLATE NOCASE)
    AND (?4 IS NULL OR l.about = lower(?4) OR EXISTS (
        SELECT 1 FROM audit_part AS p JOIN account AS a ON a.id = p.account_id
        WHERE p.audit_id = l.id AND a.name = lower(?4) AND a.kind = 'wallet'
    ))
    ORDER BY l.id DESC LIMIT ?5 OFFSET ?6
"""  # noqa: S608 - put together from constants

_OF_TIME = "WHERE l.channel = ?1 COLLATE NOCASE AND l.at_ms >= ?2 AND l.at_ms < ?3"
_BY_ADMIN = "AND l.admin = ?6 COLLATE NOCASE"
_OF_COMMAND = "AND l.command = ?7"
_ABOUT = """
    AND l.id IN (
        SELECT id FROM audit_log WHERE about = ?8
        UNION SELECT p.audit_id FROM account AS a JOIN audit_part AS p ON p.account_id = a.id
        WHERE a.kind = 'wallet' AND a.name = ?8
        AND a.channel_id = (SELECT id FROM channel WHERE name = ?1)
    )
"""
# Without statistics SQLite reads all rows of the channel, whatever else is asked of them.
_THEIR_OWN = "NOT INDEXED"
_BY = "INDEXED BY audit_log_by_{}"
_BACK = "AND (l.at_ms, l.id) < (?4, ?5) ORDER BY l.at_ms DESC, l.id DESC LIMIT ?9"
_ON = "AND (l.at_ms, l.id) > (?4, ?5) ORDER BY l.at_ms, l.id LIMIT ?9"
_NEWEST = Place(2**62, 2**62)
_OLDEST = Place(-(2**62), 0)


class Act(NamedTuple):
    """What an undo has to know of a row; ``undone_by`` is None while it stands."""

    id: int
    command: str
    day: str
    done: int
    undoable: int
    final: str
    root: int | None
    undone_by: int | None


def find_act(rows: Rows, channel: str, undo_id: int | None, by: str) -> Act | NotUndoable:
    """The act that may be undone now: of this number, or the last one of ``by`` that stands."""
    statement, key = (_LAST, by) if undo_id is None else (_BY_ID, undo_id)
    found = rows(statement, channel, key)
    if not found:
        return NotUndoable(undo_id, "unknown")
    act = Act._make(found[0])
    if not act.done:
        return NotUndoable(act.id, "final", "It was only tried, and changed nothing.")
    if not act.undoable:
        return NotUndoable(act.id, "final", act.final or "It changed nothing in the books.")
    if act.undone_by is not None:
        return NotUndoable(act.id, "undone", by_id=act.undone_by)
    return act


def preview(reader: Reader, channel: str, undo_id: int | None, by: str) -> Preview | NotUndoable:
    """What the undo of an act would do now; nothing is changed."""
    act = find_act(reader.sql.rows, channel, undo_id, by)
    if isinstance(act, NotUndoable):
        return act
    parts = reader.sql.rows(_PARTS, act.id)
    top = tuple(Share(shown, -delta_z) for _, shown, _, delta_z in parts[:_SHOWN_MAX])
    total_z = sum(abs(delta_z) for *_, delta_z in parts)
    lacking = [Lack(shown, delta, held) for _, shown, held, delta in parts if held < delta]
    first = tuple(lacking[:_SHOWN_MAX])
    return Preview(act.id, act.command, len(parts), total_z, top, len(lacking), first)


def entry_of(reader: Reader, channel: str, audit_id: int) -> Entry | None:
    """The row of this number in a channel."""
    row = reader.sql.row(_ENTRY_OF, channel, audit_id)
    return None if row is None else Entry._make(row)


def entries(
    reader: Reader,
    channel: str,
    *,
    limit: int,
    offset: int = 0,
    user: str | None = None,
    admin: str | None = None,
    acts_only: bool = False,
) -> tuple[Entry, ...]:
    """The rows of a channel, newest first: of what was done to somebody, or by somebody.

    ``acts_only``: what operators have done; neither what was only tried, nor what happens by itself
    or users have bought through other services, which names no operator.
    """
    unnamed = UNNAMED_ADMIN if acts_only else None
    rows = reader.sql.rows(_ENTRIES, channel, unnamed, admin, user, limit, offset)
    return tuple(map(Entry._make, rows))


def found(
    reader: Reader,
    channel: str,
    wanted: Wanted,
    limit: int,
    behind: Place | None = None,
    *,
    oldest_first: bool = False,
) -> tuple[Entry, ...]:
    """The rows that are asked for behind a place, newest first or oldest first.

    What was only tried and what happened by itself is among them. A page costs the same wherever
    it begins, as it begins behind the last row of the one before.
    """
    statement = " ".join(
        (
            _ENTRY,
            _way(wanted),
            _OF_TIME,
            "" if wanted.admin is None else _BY_ADMIN,
            "" if wanted.command is None else _OF_COMMAND,
            "" if wanted.user is None else _ABOUT,
            _ON if oldest_first else _BACK,
        )
    )
    start = behind or (_OLDEST if oldest_first else _NEWEST)
    user = None if wanted.user is None else wanted.user.lower()
    span = (wanted.from_ms, wanted.until_ms)
    values = (*span, *start, wanted.admin, wanted.command, user, limit)
    return tuple(map(Entry._make, reader.sql.rows(statement, channel, *values)))


def _way(wanted: Wanted) -> str:
    """How the few rows are found that have to be looked at: those about somebody by their ids."""
    if wanted.user is not None:
        return _THEIR_OWN
    if wanted.admin is not None:
        return _BY.format("admin")
    return "" if wanted.command is None else _BY.format("command")
