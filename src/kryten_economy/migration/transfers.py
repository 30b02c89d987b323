"""The old ledger, row by row, as transfers of ours that add up.

It is read twice: once for what it comes to per account, then to be written with each wallet's
balance after every row. By how much it misses a balance is one more transfer of that account,
``migration.opening`` (`storage.md` 6.1.5): at the beginning where money was missing, at the end
where there was too much of it, since no wallet may be below zero in between. A wallet that was
below zero on the way all the same gets a transfer at either end.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from kryten_economy.migration.movements import Kind, kind_of
from kryten_economy.migration.people import Person
from kryten_economy.migration.report import Difference
from kryten_economy.migration.values import day_of, json_text, moment_ms, text, whole
from kryten_economy.migration.work import Work

__all__ = ("OPENING", "Written", "survey", "write_transfers")

OPENING = "migration.opening"
_OPERATION_ROWS = 10_000
"""So many rows become one operation: an operation each would double the size of the file."""

_TABLE = "transactions"
_COLUMNS = (
    "id",
    "amount",
    "type",
    "reason",
    "trigger_id",
    "related_user",
    "metadata",
    "created_at",
)
_DWELL = re.compile(r"dwell\.(\d+)h")
_USES = {
    "spend.vanity.fortune": "fortune",
    "spend.vanity.shoutout": "shoutout",
    "spend.queue": "queue",
    "spend.playnext": "queue",
}
"""What a row says about when somebody last did what has a cooldown."""


_REQUESTED = "spend.queue."
"""The trigger of a charge goes on with the id of its request."""


class Written(NamedTuple):
    """What later parts want to know of the ledger."""

    row_of: dict[int | str, int]
    """Our row for what is referred to: by its old id, or by the request that its trigger names."""

    used_ms: dict[tuple[int, str], int]
    """When an account last did something that has a cooldown."""

    last_ms: int
    """When the last row was written: the old service lived at least until then."""


def survey(work: Work) -> None:
    """Add up the old ledger per account, and remember how low it ever was."""
    for person, (amount,) in work.rows(_TABLE, ("amount",), told=False):
        delta_z = whole(amount)
        if delta_z:
            person.ledger_z += delta_z
            person.lowest_z = min(person.lowest_z, person.ledger_z)
    for person in work.people:
        if person.balance_z != person.ledger_z:
            work.report.differences.append(
                Difference(person.channel, person.display_name, person.balance_z, person.ledger_z)
            )


def write_transfers(work: Work, wanted: frozenset[int | str]) -> Written:
    """Write all of it; ``wanted`` are the old ids and requests whose rows are needed."""
    target, report = work.target, work.report
    openings = {each.id: opening_of(each) for each in work.people}
    twice = sum(1 for first_z, last_z in openings.values() if first_z and last_z)
    report.pass_over("accounts that the old ledger has below zero: two transfers", twice)
    first_ms = _first_ms(work)
    target.begin("import:opening", first_ms)
    written = Written({}, {}, 0)
    for person in work.people:
        _open(work, person, openings[person.id][0], first_ms)
    last_ms = 0
    target.run(_MILESTONES)
    for number, (person, delta_z, kind, row) in enumerate(_movements(work, first_ms)):
        if number % _OPERATION_ROWS == 0:
            target.begin(f"import:rows:{number}", row.at_ms)
        last_ms = max(last_ms, row.at_ms)
        other = target.channels[person.channel].system(kind.other)
        about = (row.reason or kind.type, row.at_ms, row.related_user, row.metadata)
        new_id = target.post(person, delta_z, other, kind.type, row.trigger_id, *about)
        if row.id in wanted:
            written.row_of[row.id] = new_id
        if kind.type == "milestone":
            _note_milestone(work, person, delta_z, row)
        elif kind.type == "spend":
            _note_use(written, person, row)
            request_id = row.trigger_id.removeprefix(_REQUESTED)
            if request_id in wanted:
                written.row_of[request_id] = new_id
    target.begin("import:closing", work.now_ms)
    for person in work.people:
        _open(work, person, openings[person.id][1], work.now_ms)
    report.written["transfers"] = target.transfers
    return written._replace(last_ms=last_ms)


def opening_of(person: Person) -> tuple[int, int]:
    """What is booked before the old rows and after them, so that it adds up and never dips."""
    due_z = person.balance_z - person.ledger_z
    if due_z >= 0 and person.lowest_z + due_z >= 0:
        return due_z, 0
    return -person.lowest_z, due_z + person.lowest_z


def _open(work: Work, person: Person, amount_z: int, at_ms: int) -> None:
    if amount_z:
        mint = work.target.channels[person.channel].mint
        reason = "What the ledger before this one did not know of"
        work.target.post(person, amount_z, mint, "migration", OPENING, reason, at_ms)


def _first_ms(work: Work) -> int:
    """When the old ledger begins; its openings are no younger than its rows."""
    for (at,) in work.source.rows(_TABLE, ("created_at",), "id"):
        found = moment_ms(at)
        if found is not None:
            return found
    return work.now_ms


class _Row(NamedTuple):
    id: int
    trigger_id: str
    reason: str
    related_user: str | None
    metadata: str | None
    at_ms: int


def _movements(work: Work, first_ms: int) -> Iterator[tuple[Person, int, Kind, _Row]]:
    """The rows that move something; what is odd about them is counted."""
    strange: dict[str, int] = {}
    nothing = no_number = no_time = 0
    at_ms = first_ms
    for person, cells in work.rows(_TABLE, _COLUMNS):
        old_id, amount, type_, reason, trigger_id, related_user, metadata, at = cells
        delta_z = whole(amount)
        if not delta_z:
            nothing += delta_z == 0
            no_number += delta_z is None
            continue
        kind = _kind(text(type_), delta_z > 0)
        if not kind.known:
            name = f"{text(type_)} of {'+' if delta_z > 0 else '-'}"
            strange[name] = strange.get(name, 0) + 1
        found_ms = moment_ms(at)
        no_time += found_ms is None
        at_ms = at_ms if found_ms is None else found_ms
        yield (
            person,
            delta_z,
            kind,
            _Row(
                old_id if type(old_id) is int else 0,
                text(trigger_id) or kind.trigger_id,
                text(reason),
                text(related_user) or None,
                json_text(metadata),
                at_ms,
            ),
        )
    work.report.pass_over("transactions of nothing, left out", nothing)
    work.report.pass_over("transactions without an amount, left out", no_number)
    work.report.pass_over("transactions without a time: that of the row before", no_time)
    for name, count in strange.items():
        work.report.pass_over(f"transactions of the type {name}, kept as 'migration'", count)


_kind = lru_cache(maxsize=1024)(lambda old, is_credit: kind_of(old, is_credit=is_credit))

_MILESTONES = """
    CREATE TEMP TABLE paid_milestone (
        account_id INTEGER, day TEXT, hours INTEGER, reward_z INTEGER, at_ms INTEGER,
        PRIMARY KEY (account_id, day, hours)
    ) WITHOUT ROWID
"""
_PAID = "INSERT OR REPLACE INTO paid_milestone VALUES (?, ?, ?, ?, ?)"


def _note_milestone(work: Work, person: Person, reward_z: int, row: _Row) -> None:
    hours = _DWELL.fullmatch(row.trigger_id)
    if hours is not None:
        day = day_of(row.at_ms)
        work.target.run(_PAID, person.id, day, int(hours[1]), reward_z, row.at_ms)


def _note_use(written: Written, person: Person, row: _Row) -> None:
    name = _USES.get(row.trigger_id)
    if name is None and row.trigger_id.startswith(_REQUESTED):
        name = "queue"
    if name is not None:
        key = (person.id, name)
        written.used_ms[key] = max(written.used_ms.get(key, 0), row.at_ms)
