"""The audit log: filtered, paged, downloaded; and each act with what an undo of it would do."""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Final, NamedTuple

from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from economy_actors.handlers.audit import entry_row
from economy_actors.handlers.registry import COMMANDS
from economy_actors.pages.op_kit import name_in, show
from economy_actors.pages.registry import Who, form, page
from economy_actors.pages.view import View
from kryten_economy.calendar import day_after, is_day
from kryten_economy.commands import refusals
from kryten_economy.features.audit import texts
from kryten_economy.features.audit.queries import entry_of, found, preview
from kryten_economy.features.audit.rules import Entry, Place, Wanted
from kryten_economy.features.reports.queries import Reports
from kryten_economy.refusals import NotUndoable
from kryten_economy.text.templates import on_page

__all__ = ()

ROWS: Final = 50
DOWNLOADED_AT_ONCE: Final = 500
_PATH: Final = "/op/audit"
_NUMBER_MAX: Final = 2**53
_COLUMNS: Final = (
    "id",
    "created_at",
    "admin",
    "origin",
    "command",
    "arguments",
    "result",
    "done",
    "user",
    "reason",
    "before",
    "after",
    "undoable",
    "undoes",
    "undone_by",
)


class _Filter(NamedTuple):
    """What stands in the fields, and what it means; ``problem``: why it means nothing."""

    typed: Mapping[str, str]
    wanted: Wanted
    problem: str = ""


def _asked(view: View) -> _Filter:
    query, calendar = view.request.query_params, view.context.live.calendar
    typed = {
        name: query.get(name, "").strip()[:64] for name in ("who", "what", "user", "from", "to")
    }
    first, last = typed["from"], typed["to"]
    user = name_in(typed["user"]) if typed["user"] else None
    problem = ""
    if typed["user"] and user is None:
        problem = "About whom: a name has 1 to 20 letters, digits, '-' and '_'."
    elif (first and not is_day(first)) or (last and not is_day(last)):
        problem = "From and to are days like 2026-03-31."
    elif first and last and first > last:
        problem = "From must be no later than to."
    if problem:
        return _Filter(typed, Wanted(), problem)
    wanted = Wanted(
        typed["who"].removeprefix("@") or None,
        typed["what"].lower() or None,
        user,
        calendar.day_start_ms(first) if first else 0,
        calendar.day_start_ms(day_after(last)) if last else 2**62,
    )
    return _Filter(typed, wanted)


# The log


@page(_PATH, who=Who.OPERATOR, nav="Audit", at=72, group="People")
async def audit(view: View) -> Response:
    """The newest first, each with how it was and is, and a way to undo it."""
    asked, behind, channel = _asked(view), _behind(view), view.channel
    rows: tuple[Entry, ...] = ()
    if not asked.problem:
        rows = await view.read(
            lambda reports: found(reports, channel, asked.wanted, ROWS + 1, behind)
        )
    shown, filters = rows[:ROWS], {name: typed or None for name, typed in asked.typed.items()}
    last = shown[-1].place if len(rows) > ROWS else None
    zone = view.context.live.calendar.zone
    return show(
        view,
        "op/audit.html",
        status=422 if asked.problem else 200,
        problem=asked.problem,
        typed=asked.typed,
        rows=[(each, texts.said(each), texts.changes(each, zone)) for each in shown],
        is_first=behind is None,
        newest=view.url(_PATH, **filters),
        older=None if last is None else view.url(_PATH, **filters, behind=_told(last)),
        downloads=[(kind, view.url(f"{_PATH}.{kind}", **filters)) for kind in ("jsonl", "csv")],
        commands=_COMMANDS,
        filtered=any(asked.typed.values()),
    )


_COMMANDS: Final = tuple(sorted(spec.name for spec in COMMANDS if spec.admin and not spec.reads))


def _told(place: Place) -> str:
    return f"{place.at_ms}-{place.id}"


def _behind(view: View) -> Place | None:
    """Where the page before has ended."""
    at, _, number = view.request.query_params.get("behind", "").partition("-")
    if not all(each.isascii() and each.isdecimal() and len(each) < 17 for each in (at, number)):
        return None
    return Place(int(at), int(number))


@page("/op/audit/{number:int}", who=Who.OPERATOR)
async def act(view: View) -> Response:
    """All about one act, and whose money an undo would move and how far it would reach."""
    number, channel, by = _number(view), view.channel, _by(view)
    entry, shown = await view.read(
        lambda reports: (
            entry_of(reports, channel, number),
            preview(reports, channel, number, by),
        )
    )
    if entry is None:
        raise HTTPException(404, "There is no such act in this channel.")
    return show(
        view,
        "op/act.html",
        entry=entry,
        origin=texts.ORIGINS[entry.origin],
        changes=texts.changes(entry, view.context.live.calendar.zone),
        shown=None if isinstance(shown, NotUndoable) else shown,
        why_not=_why_not(view, shown) if isinstance(shown, NotUndoable) else "",
    )


def _why_not(view: View, refusal: NotUndoable) -> str:
    return on_page(refusals.not_undoable(refusal, view.symbol))


def _number(view: View) -> int:
    number: int = view.place("number")
    if not 0 < number < _NUMBER_MAX:
        raise HTTPException(404, "There is no such act in this channel.")
    return number


def _by(view: View) -> str:
    assert view.member is not None, view
    return view.member.display_name


@form("/op/audit/{number:int}/undo", who=Who.OPERATOR)
async def undo(view: View) -> Response:
    """Take it back; what concerned several asks for a code first."""
    number, channel = _number(view), view.channel
    if await view.read(lambda reports: entry_of(reports, channel, number)) is None:
        raise HTTPException(404, "There is no such act in this channel.")
    words = ("partial",) if view.form.get("partial") == "yes" else ()
    answer = await view.act("undo", str(number), *words)
    return view.answered(answer, f"{_PATH}/{number}")


# Downloads


@page("/op/audit.jsonl", who=Who.OPERATOR)
async def as_jsonl(view: View) -> Response:
    """An object on each line, as requests get the rows; the oldest first."""
    return _download(view, "application/x-ndjson", "jsonl", _as_lines)


@page("/op/audit.csv", who=Who.OPERATOR)
async def as_csv(view: View) -> Response:
    """The same as a table, with a line of names above it."""
    return _download(view, "text/csv; charset=utf-8", "csv", _as_table, ",".join(_COLUMNS) + "\r\n")


def _download(
    view: View, kind: str, ending: str, written: Callable[[Sequence[Entry]], str], head: str = ""
) -> Response:
    asked = _asked(view)
    if asked.problem:
        raise HTTPException(400, asked.problem)
    name = "-".join(filter(None, ("audit", asked.typed["from"], asked.typed["to"])))
    return StreamingResponse(
        _pieces(view, asked.wanted, written, head),
        media_type=kind,
        headers={"content-disposition": f'attachment; filename="{name}.{ending}"'},
    )


async def _pieces(
    view: View, wanted: Wanted, written: Callable[[Sequence[Entry]], str], head: str
) -> AsyncIterator[str]:
    """The rows up to now, a part at a time: the next is read when the one before was taken.

    No transaction stays open meanwhile, so that who reads slowly holds up nobody.
    """
    channel = view.channel
    wanted = wanted._replace(until_ms=min(wanted.until_ms, view.now_ms + 1))
    behind: Place | None = None
    yield head

    def following(reports: Reports) -> tuple[Entry, ...]:
        return found(reports, channel, wanted, DOWNLOADED_AT_ONCE, behind, oldest_first=True)

    while True:
        rows = await view.read(following)
        if rows:
            yield written(rows)
        if len(rows) < DOWNLOADED_AT_ONCE:
            return
        behind = rows[-1].place


def _as_lines(rows: Sequence[Entry]) -> str:
    return "".join(json.dumps(entry_row(each), ensure_ascii=False) + "\n" for each in rows)


def _as_table(rows: Sequence[Entry]) -> str:
    made = io.StringIO()
    out = csv.writer(made)
    for each in rows:
        row = entry_row(each)
        out.writerow([_cell(row[name]) for name in _COLUMNS])
    return made.getvalue()


def _cell(value: object) -> object:
    """A text that users have written is a text for tables too, and never a formula."""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return f"'{value}"
    return value
