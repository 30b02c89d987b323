"""Taking back an act of an operator by a reversing entry, at any age.

The difference that the act made is reversed, never a balance restored, so all that was earned,
spent and won since is kept. An act is undone once, and an undo is an act that can be undone: then
the first one stands again. Of what is no sum (a ban, a rank, an event, an item of the shop) the
newest act that stands decides, and without any what was there before; what something else has
changed since is left as it is.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple, cast

from kryten_economy.features.audit.queries import Act as Entered
from kryten_economy.features.audit.queries import find_act
from kryten_economy.features.audit.rules import Restored
from kryten_economy.features.audit.standing import EARNED_TYPE, PLAIN_TYPE, Ranks
from kryten_economy.ledger.account import Account
from kryten_economy.ledger.audit import (
    RANK_STATE,
    STATES,
    Change,
    Line,
    Part,
    standing,
    told,
    write_line,
    write_parts,
)
from kryten_economy.ledger.channels import Channel, SystemKind
from kryten_economy.ledger.operation import Act, operation
from kryten_economy.ledger.posting import Entry, Paid, post
from kryten_economy.ledger.tx import Tx
from kryten_economy.refusals import InvalidAmount, NotUndoable
from kryten_economy.users import Present, UserKey

__all__ = ("Undo", "Undone", "undo")

_TOLD_MAX = 5

_PARTS = """
    SELECT a.name, p.delta_z, p.earned_z, p.other
    FROM audit_part AS p JOIN account AS a ON a.id = p.account_id
    WHERE p.audit_id = ? ORDER BY a.name
"""
_STATES = "SELECT kind, subject FROM audit_state WHERE audit_id = ? ORDER BY kind, subject"
_STANDS = "SELECT undone_by IS NULL, about FROM audit_log WHERE id = ?"
_SETTLE = "UPDATE audit_log SET undone_by = ?2 WHERE id = ?1"
_SETTLE_UNDOS = """
    UPDATE audit_log SET undone_by = ?2 WHERE root = ?1 AND undone_by IS NULL AND id <> ?2
"""


@dataclass(frozen=True, slots=True)
class Undone:
    """An act is undone, by the act ``audit_id``; ``stands``: with it an earlier one stands again.

    So many ``accounts`` were changed and so much moved in all; ``missing_z`` was out of reach.
    ``moved`` has those who are to be told, each with what they gained or lost.
    """

    audit_id: int
    undo_id: int
    command: str
    stands: bool
    accounts: int
    total_z: int
    missing_z: int
    moved: tuple[Paid, ...]
    restored: tuple[Restored, ...]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Undo(Act[Undone | NotUndoable | InvalidAmount]):
    """Undo the act of a number, or (None) the last one of ``by`` that stands and is no undo.

    Where somebody has less than would be taken, nothing is done, or with ``partial`` what can be.
    ``tiers`` are the ranks of now with their thresholds; ``present`` are those to be told.
    """

    ATTEMPT: ClassVar[frozenset[str]] = Act.ATTEMPT | {"tiers", "line"}

    op_id: str
    channel: str
    undo_id: int | None
    partial: bool
    by: str
    tiers: tuple[tuple[str, int], ...]
    present: tuple[Present, ...]
    line: Line
    at_ms: int
    day: str


class _Turn(NamedTuple):
    """What is done to one wallet."""

    account: Account
    delta_z: int
    earned_z: int
    other: str
    missing_z: int


@operation
def undo(tx: Tx, ask: Undo) -> Undone | NotUndoable | InvalidAmount:
    """Reverse what an act has moved, and let the rest be as the acts that stand have made it."""
    act = find_act(tx.query, ask.channel, ask.undo_id, ask.by)
    if isinstance(act, NotUndoable):
        return act
    channel = tx.channel(ask.channel)
    turns = [_turn(tx, channel, ask.day, *row) for row in tx.query(_PARTS, act.id)]
    root = act.root or act.id
    states = [(str(kind), str(subject)) for kind, subject in tx.query(_STATES, root)]
    refused = _refused(tx, act, ask, turns, states)
    if refused is not None:
        return refused
    before = {key: standing(tx, channel.id, *key) for key in states}
    earned_before = {each.account: each.account.lifetime_earned_z for each in turns}
    for turn in turns:
        _post(tx, ask, act, turn)
    moved = {each.account.user: (each.delta_z, each.earned_z) for each in turns if each.delta_z}
    audit_id = _write(tx, ask, act, root, turns)
    stands = _link(tx, root, audit_id)
    changes = [
        _restore(tx, ask, channel, key, before[key]) for key in states if key[0] != RANK_STATE.name
    ]
    ranks = Ranks(tx, channel, ask.tiers)
    changes += ranks.settle(
        root,
        {turn.account: turn.earned_z for turn in turns if turn.earned_z},
        earned_before,
        [subject for kind, subject in states if kind == RANK_STATE.name],
    )
    _tell_row(tx, audit_id, moved, changes)
    return Undone(
        audit_id,
        act.id,
        act.command,
        stands,
        accounts=len(moved),
        total_z=sum(abs(delta_z) for delta_z, _ in moved.values()),
        missing_z=sum(each.missing_z for each in turns),
        moved=_to_be_told(ask, turns),
        restored=tuple(
            Restored(each.state.name, each.subject, each.before, each.after) for each in changes
        ),
    )


# Money


def _turn(
    tx: Tx, channel: Channel, day: str, name: str, delta_z: int, earned_z: int, other: str
) -> _Turn:
    """The reverse of what an act did to a wallet, as far as its balance reaches."""
    account = tx.find(UserKey(channel.name, name), day)
    assert account is not None, name
    back_z = max(-delta_z, -account.balance_z)
    # What was earned is earned no more as far as it was taken.
    unearned_z = back_z if earned_z else 0
    return _Turn(account, back_z, unearned_z, other, back_z + delta_z)


def _refused(
    tx: Tx, act: Entered, ask: Undo, turns: Sequence[_Turn], states: Sequence[object]
) -> NotUndoable | InvalidAmount | None:
    short = [each for each in turns if each.missing_z]
    nothing = not states and not any(each.delta_z for each in turns)
    if short and (nothing or not ask.partial):
        first = tuple(
            (each.account.display_name, each.missing_z - each.delta_z, each.account.balance_z)
            for each in short[:_TOLD_MAX]
        )
        return NotUndoable(act.id, "short", short=len(short), first=first)
    for each in turns:
        other = tx.system(each.account.channel, cast("SystemKind", each.other))
        if not (each.account.has_room(each.delta_z) and other.has_room(-each.delta_z)):
            return InvalidAmount(abs(each.delta_z))
    return None


def _post(tx: Tx, ask: Undo, act: Entered, turn: _Turn) -> None:
    """The counters are those of the day on which the act was done."""
    if not turn.delta_z:
        return
    entry = Entry(
        EARNED_TYPE if turn.earned_z else PLAIN_TYPE,
        "admin.undo",
        f"Undo of #{act.id} ({act.command}) by {ask.by}",
        ask.at_ms,
        act.day or ask.day,
        metadata=_why(ask, act),
    )
    other = tx.system(turn.account.channel, cast("SystemKind", turn.other))
    post(tx, turn.account, turn.delta_z, other, entry)


def _why(ask: Undo, act: Entered) -> str:
    return json.dumps({"by": ask.by, "undo": act.id})


def _to_be_told(ask: Undo, turns: Sequence[_Turn]) -> tuple[Paid, ...]:
    """Few are told wherever they are, of many those who are here."""
    here = {each.name for each in ask.present}
    changed = [each for each in turns if each.delta_z]
    few = len(changed) <= _TOLD_MAX
    return tuple(
        Paid(each.account.wallet, each.delta_z)
        for each in changed
        if few or each.account.name in here
    )


# The rows


def _write(tx: Tx, ask: Undo, act: Entered, root: int, turns: Sequence[_Turn]) -> int:
    ((_, about),) = tx.query(_STANDS, root)
    audit_id = write_line(
        tx,
        replace(ask.line, day=act.day or ask.day),
        about=str(about),
        reason=f"Undo of #{act.id}",
        before=None,
        after=None,
        undoable=True,
        root=root,
        undoes=act.id,
    )
    parts = [
        Part(each.account.id, each.delta_z, each.earned_z, each.other)
        for each in turns
        if each.delta_z
    ]
    write_parts(tx, audit_id, parts)
    return audit_id


_TELL = "UPDATE audit_log SET before = ?2, after = ?3 WHERE id = ?1"


def _tell_row(
    tx: Tx, audit_id: int, moved: dict[UserKey, tuple[int, int]], changes: Sequence[Change]
) -> None:
    before, after = (told(tx, moved, changes, after=each) for each in (False, True))
    tx.run(_TELL, audit_id, before, after)


def _link(tx: Tx, root: int, audit_id: int) -> bool:
    """Note what stands now; whether the act at the beginning does."""
    ((stood, _),) = tx.query(_STANDS, root)
    tx.run(_SETTLE_UNDOS, root, audit_id)
    tx.run(_SETTLE, root, audit_id if stood else None)
    return not stood


# What is no sum


def _restore(
    tx: Tx, ask: Undo, channel: Channel, key: tuple[str, str], was: tuple[bool, str | None]
) -> Change:
    """Make it what the acts that stand leave, unless something else has changed it since."""
    state, subject = STATES[key[0]], key[1]
    assert state.write is not None, state
    now = state.read(tx, channel, subject, ask.at_ms)
    _, left = standing(tx, channel.id, *key)
    wanted = state.lasting(left, ask.at_ms)
    lasting = state.lasting(now, ask.at_ms)
    if lasting != state.lasting(was[1], ask.at_ms) or lasting == wanted:
        return Change(state, subject, now, now)
    state.write(tx, channel, subject, wanted, ask.at_ms)
    return Change(state, subject, now, wanted)
