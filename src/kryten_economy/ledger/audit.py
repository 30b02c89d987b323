"""Acts of operators, each written down in the transaction in which it is done.

Whoever asks for one hands in a line: who, from where, which command. The books do what is asked,
see what it has changed, and add a row of ``audit_log`` with it, so that there is no act without
its row and no row of an act that was not done. What an act has moved and changed is kept with
the row, as long as the row: that is what an undo goes by, at any age.

A feature says which of its requests can be taken back (`reversible`), and how what they change
beside money is read and put back (`KeptState`). What can't be taken back can say why (`final`).
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from kryten_economy.ledger.channels import Channel
from kryten_economy.ledger.facts import Posting
from kryten_economy.ledger.operation import Request, operation, perform
from kryten_economy.ledger.tx import Tx
from kryten_economy.refusals import is_refusal
from kryten_economy.users import UserKey

__all__ = (
    "RANK_STATE",
    "STATES",
    "Acted",
    "Change",
    "KeptState",
    "Line",
    "Moved",
    "OnRecord",
    "Part",
    "ResultTold",
    "TellResult",
    "final",
    "kept",
    "on_record",
    "reversible",
    "standing",
    "tell_result",
    "told",
    "write_line",
    "write_parts",
)

_KNOWN = "SELECT id, undoable FROM audit_log WHERE cause = ?"
_ADD = """
    INSERT INTO audit_log (
        at_ms, admin, channel, command, arguments, result, origin, done, cause, about, reason, day,
        before, after, undoable, final, root, undoes
    ) VALUES (?, ?, ?, ?, ?, 'done', ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (cause) DO UPDATE SET
        after = excluded.after, undoable = max(undoable, excluded.undoable)
    RETURNING id
"""
_ADD_PART = """
    INSERT INTO audit_part (audit_id, account_id, delta_z, earned_z, other)
    VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
        delta_z = delta_z + excluded.delta_z, earned_z = earned_z + excluded.earned_z
"""
_ADD_STATE = """
    INSERT INTO audit_state (audit_id, channel_id, kind, subject, before, after, apart)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET after = excluded.after
"""
_HISTORY = """
    SELECT s.before, s.after, s.apart, l.undone_by IS NULL
    FROM audit_state AS s JOIN audit_log AS l ON l.id = s.audit_id
    WHERE s.channel_id = ? AND s.kind = ? AND s.subject = ? ORDER BY s.audit_id DESC
"""
_TELL = "UPDATE audit_log SET result = ?2, done = coalesce(?3, done) WHERE id = ?1"


# What can be taken back


def _as_it_is(state: str | None, _at_ms: int) -> str | None:
    return state


@dataclass(frozen=True, slots=True, eq=False)
class KeptState:
    """Something beside money that acts change, as JSON; None is that there is nothing.

    ``read`` and ``write`` find it by its subject in a channel. ``lasting`` is what is left of a
    state at a time. Without ``write`` whoever undoes works out what it is to be.
    """

    name: str
    read: Callable[[Tx, Channel, str, int], str | None]
    write: Callable[[Tx, Channel, str, str | None, int], None] | None = None
    lasting: Callable[[str | None, int], str | None] = _as_it_is


STATES: Final[dict[str, KeptState]] = {}
"""Every kind by its name."""

Subjects = Callable[[Any], Sequence[tuple[KeptState, str]]]


class _Known(NamedTuple):
    subjects: Subjects
    final: str


def _nothing(_request: object) -> Sequence[tuple[KeptState, str]]:
    return ()


_REVERSIBLE: dict[type[Request[Any]], _Known] = {}
_FINAL: dict[type[Request[Any]], str] = {}
_FINAL_BY_DEFAULT = "It can't be taken back by itself."


def reversible(*requests: type[Request[Any]], states: Subjects = _nothing) -> None:
    """These can be undone: the money they move, and the ``states`` that they name."""
    for request in requests:
        assert request not in _REVERSIBLE, request
        _REVERSIBLE[request] = _Known(states, "")


def kept(state: KeptState) -> KeptState:
    """Register a kind of state."""
    assert state.name not in STATES, state
    STATES[state.name] = state
    return state


def final(*requests: type[Request[Any]], why: str) -> None:
    """These can't be undone; the sentence says why, and what to do instead."""
    _FINAL.update(dict.fromkeys(requests, why))


def _rank(tx: Tx, channel: Channel, name: str, _at_ms: int) -> str | None:
    """The stored rank, and the earnings beside it, from which a rank set by hand holds."""
    account = tx.find(UserKey(channel.name, name), "")
    if account is None:
        return None
    return json.dumps(
        {
            "rank": account.rank_name,
            "held_from": account.rank_held_from_z,
            "earned": account.lifetime_earned_z,
        }
    )


# What a rank is without a setting depends on the ladder, so an undo works it out itself.
RANK_STATE: Final = kept(KeptState("rank", _rank))


# Writing it down


@dataclass(frozen=True, slots=True)
class Line:
    """Who acts, from where (``pm``, ``api``, ``cli``, ``clock``), with which command.

    ``cause`` is the id of the act: it has one row, however often it is asked for.
    """

    at_ms: int
    day: str
    admin: str
    origin: str
    channel: str
    command: str
    arguments: str
    cause: str


class Part(NamedTuple):
    """What a wallet gained or lost, of it as earned, and the account on the other side."""

    account_id: int
    delta_z: int
    earned_z: int
    other: str


@dataclass(frozen=True, slots=True)
class Acted:
    """The answer to the request, and the row that was written for it.

    ``fresh``: it was written now; a repetition finds that of the first time. ``undoable``: its
    number is what an undo takes.
    """

    answer: Any
    audit_id: int | None = None
    fresh: bool = False
    undoable: bool = False


@dataclass(frozen=True, slots=True)
class OnRecord(Request[Acted]):
    """Do what an operator asks, and write it down with it."""

    request: Request[Any]
    line: Line


@operation
def on_record(tx: Tx, ask: OnRecord) -> Acted:
    """What was refused, and what changes nothing, is no act and leaves no row here."""
    request, line = ask.request, ask.line
    known = _REVERSIBLE.get(type(request))
    subjects = () if known is None else known.subjects(request)
    before = _states(tx, line, subjects)
    first = len(tx.postings)
    answer = perform(tx, request)
    if is_refusal(type(answer)):
        return Acted(answer)
    if getattr(answer, "replayed", False):
        row = tx.sql.row(_KNOWN, line.cause)
        return Acted(answer) if row is None else Acted(answer, row[0], undoable=bool(row[1]))
    changes = [
        Change(state, subject, was, now)
        for (state, subject), was, now in zip(
            subjects, before, _states(tx, line, subjects), strict=True
        )
    ]
    changes = [each for each in changes if each.before != each.after]
    moved = _moved(tx.postings[first:])
    # What can't be taken back has no states to compare: its answer says whether it did anything.
    did = bool(moved or changes) if known is not None else getattr(answer, "changed", True)
    if not did:
        return Acted(answer)
    audit_id = write_line(
        tx,
        line,
        about=_about(request, moved),
        reason=str(getattr(request, "reason", "")),
        before=told(tx, moved, changes, after=False),
        after=told(tx, moved, changes, after=True),
        undoable=known is not None,
        final="" if known is not None else _FINAL.get(type(request), _FINAL_BY_DEFAULT),
    )
    if known is not None:
        write_parts(tx, audit_id, _parts(tx, moved))
        for each in changes:
            _keep(tx, audit_id, tx.channel(line.channel).id, each, line.at_ms)
    return Acted(answer, audit_id, fresh=True, undoable=known is not None)


def _keep(tx: Tx, audit_id: int, channel_id: int, change: "Change", at_ms: int) -> None:
    key = (channel_id, change.state.name, change.subject)
    known, left = standing(tx, *key)
    lasting = change.state.lasting
    apart = known and lasting(left, at_ms) != lasting(change.before, at_ms)
    tx.run(_ADD_STATE, audit_id, *key, change.before, change.after, int(apart))


def standing(tx: Tx, channel_id: int, kind: str, subject: str) -> tuple[bool, str | None]:
    """Whether acts have changed it, and what those that stand would have left it as.

    An act that was undone leaves what was before it: that of the act before, unless something
    else had changed it in between.
    """
    left: str | None = None
    rows = tx.query(_HISTORY, channel_id, kind, subject)
    for before, after, apart, stands in rows:
        left = after if stands else before
        if stands or apart:
            break
    return bool(rows), left


def _states(tx: Tx, line: Line, subjects: Sequence[tuple[KeptState, str]]) -> list[str | None]:
    """How everything an act can change is now."""
    return [
        state.read(tx, tx.channel(line.channel), subject, line.at_ms) for state, subject in subjects
    ]


class Change(NamedTuple):
    """What an act has changed beside money."""

    state: KeptState
    subject: str
    before: str | None
    after: str | None


Moved = dict[UserKey, tuple[int, int]]
"""What each wallet has gained, and of it as earned."""


def _moved(postings: Iterable[Posting]) -> Moved:
    """What each wallet has gained, and of it as earned."""
    moved: Moved = {}
    for each in postings:
        delta_z, earned_z = moved.get(each.user, (0, 0))
        moved[each.user] = (delta_z + each.delta_z, earned_z + each.earned_z)
    return {user: sums for user, sums in moved.items() if sums[0]}


def _about(request: object, moved: Moved) -> str:
    """Whom an act concerns, if that is one user."""
    user = getattr(request, "user", None)
    if isinstance(user, UserKey):
        return user.name
    return next(iter(moved)).name if len(moved) == 1 else ""


def _parts(tx: Tx, moved: Moved) -> list[Part]:
    parts = []
    for user, (delta_z, earned_z) in moved.items():
        account = tx.find(user, "")
        assert account is not None, user
        parts.append(Part(account.id, delta_z, earned_z, "mint" if delta_z > 0 else "sink"))
    return parts


def told(tx: Tx, moved: Moved, changes: Sequence[Change], *, after: bool) -> str | None:
    """Before and after as people read them: a balance or a sum, and every other state."""
    words: dict[str, object] = {}
    if moved:
        balances_z = sum(tx.wallet(user, "").balance_z for user in moved)
        held_z = balances_z if after else balances_z - sum(delta for delta, _ in moved.values())
        words["balance"] = held_z
        if len(moved) > 1:
            words = {"accounts": len(moved), "total_balance": held_z}
    for each in changes:
        state = each.after if after else each.before
        words[each.state.name] = None if state is None else json.loads(state)
    return json.dumps(words, ensure_ascii=False) if words else None


def write_line(
    tx: Tx,
    line: Line,
    *,
    about: str,
    reason: str,
    before: str | None,
    after: str | None,
    undoable: bool,
    final: str = "",
    root: int | None = None,
    undoes: int | None = None,
) -> int:
    """Add the row of an act, or what a second request of it has changed; answers its number."""
    (audit_id,) = tx.sql.only(
        _ADD,
        line.at_ms,
        line.admin,
        line.channel,
        line.command,
        line.arguments,
        line.origin,
        line.cause,
        about,
        reason,
        line.day,
        before,
        after,
        int(undoable),
        final,
        root,
        undoes,
    )
    return int(audit_id)


def write_parts(tx: Tx, audit_id: int, parts: Iterable[Part]) -> None:
    """Keep what an act has moved."""
    tx.sql.each(_ADD_PART, [(audit_id, *each) for each in parts])


# What the operator was told


@dataclass(frozen=True, slots=True)
class ResultTold:
    """Whether there was such a row."""

    known: bool


@dataclass(frozen=True, slots=True)
class TellResult(Request[ResultTold]):
    """Put what the operator was answered into the row of their act.

    ``done`` says whether it was carried out, where only its end shows that.
    """

    audit_id: int
    result: str
    done: bool | None = None


@operation
def tell_result(tx: Tx, ask: TellResult) -> ResultTold:
    """The row says ``done`` until then, or that it is an attempt."""
    return ResultTold(tx.run(_TELL, ask.audit_id, ask.result, ask.done) == 1)
