"""The statement: every movement with the balance after it and where it came from.

A page looks at so many rows at most. What it shows next is asked for by the number of the last
movement, so that no page moves while money does.
"""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from starlette.exceptions import HTTPException
from starlette.responses import Response

from economy_actors.handlers import kit
from economy_actors.handlers.history import why_text
from economy_actors.pages.registry import Who, page
from economy_actors.pages.view import View
from kryten_economy.calendar import day_after, is_day
from kryten_economy.features.history.rules import explain, minutes_of
from kryten_economy.features.history.texts import PRESENCE, rule_in_words
from kryten_economy.features.reports.movements import KINDS, Movements, Wanted, movements
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.reports.rows import TransactionRow
from kryten_economy.text.templates import hour_of, plural, signed_money

__all__ = ()

LINES: Final = 40
_ROWS: Final = 400
"""Minutes of being here that follow each other within an hour share a line."""

_NUMBER_MAX: Final = 2**53


class Line(NamedTuple):
    """A line as it is shown: ``number`` and ``balance`` are those of its newest movement."""

    number: int
    oldest: int
    at_ms: int
    amount: str
    is_in: bool
    what: str
    balance: str
    why: str


class Filter(NamedTuple):
    """What is asked for, as it stands in the address; ``problem`` is what can't be read."""

    kind: str = ""
    direction: Literal["", "in", "out"] = ""
    first: str = ""
    last: str = ""
    problem: str = ""

    @property
    def query(self) -> dict[str, str | None]:
        """The same for the address of another page."""
        return {
            "kind": self.kind or None,
            "direction": self.direction or None,
            "from": self.first or None,
            "to": self.last or None,
        }


@page("/me/statement", who=Who.MEMBER, nav="Statement", at=41, group="Account")
async def statement(view: View) -> Response:
    """One's own movements, the newest first."""
    wish, before = _wish(view), _before(view)
    found = Movements((), None)
    if not wish.problem:
        found = await _read(view, wish, before)
    groups = list(_groups(view, found.rows))
    shown = [_line(view, group) for group in groups[:LINES]]
    more = shown[-1].oldest if len(groups) > LINES else found.more
    return view.show(
        "member/statement.html",
        status=422 if wish.problem else 200,
        wish=wish,
        kinds={key: kind.title for key, kind in KINDS.items()},
        lines=shown,
        more=more,
        given_up=not found.looked_at_all and len(groups) <= LINES,
        is_first=before is None,
        is_filtered=wish != Filter(),
        zone=view.context.live.calendar.zone.key,
    )


async def _read(view: View, wish: Filter, before: int | None) -> Movements:
    user, channel, day, wanted = view.user, view.channel, view.day, _wanted(view, wish)

    def read(reports: Reports) -> Movements | None:
        found = movements(reports, user, _ROWS, wanted, before)
        if found is None:
            return None
        return found._replace(rows=tuple(kit.spelled_as_shown(reports, channel, day, found.rows)))

    found = await view.read(read)
    if found is None:
        raise HTTPException(404, "There is no such movement of yours.")
    return found


def _before(view: View) -> int | None:
    told = view.request.query_params.get("before")
    if told is None:
        return None
    if not (told.isascii() and told.isdecimal() and len(told) <= 16 and int(told) <= _NUMBER_MAX):
        raise HTTPException(404, "There is no such movement of yours.")
    return int(told)


def _wish(view: View) -> Filter:
    asked = {
        name: view.request.query_params.get(name, "").strip()
        for name in ("kind", "direction", "from", "to")
    }
    kind = asked["kind"] if asked["kind"] in KINDS else ""
    direction: Literal["", "in", "out"] = ""
    if asked["direction"] in {"in", "out"}:
        direction = "in" if asked["direction"] == "in" else "out"
    first, last = (asked[name] if is_day(asked[name]) else "" for name in ("from", "to"))
    if first != asked["from"] or last != asked["to"]:
        problem = "Write a day as in 2026-03-31."
    elif first and last and first > last:
        problem = "The first day is behind the last one."
    elif (asked["kind"], asked["direction"]) != (kind, direction):
        problem = "There are no movements of that kind."
    else:
        problem = ""
    return Filter(kind, direction, first, last, problem)


def _wanted(view: View, wish: Filter) -> Wanted:
    calendar, default = view.context.live.calendar, Wanted()
    return Wanted(
        wish.kind,
        wish.direction,
        calendar.day_start_ms(wish.first) if wish.first else default.from_ms,
        calendar.day_start_ms(day_after(wish.last)) if wish.last else default.until_ms,
    )


def _groups(view: View, rows: Iterable[TransactionRow]) -> Iterable[list[TransactionRow]]:
    """Rows that make a line, the newest first: each for itself, but minutes of one hour."""
    zone, group, hour = view.context.live.calendar.zone, list[TransactionRow](), ""
    for row in rows:
        own_hour = hour_of(row.created_at_ms, zone) if row.trigger_id == PRESENCE else ""
        if group and own_hour and own_hour == hour:
            group.append(row)
            continue
        if group:
            yield group
        group, hour = [row], own_hour
    if group:
        yield group


def _line(view: View, group: list[TransactionRow]) -> Line:
    newest, settings = group[0], view.settings
    amount_z = sum(row.amount_z for row in group)
    why = explain(newest.movement, settings)
    everything = view.is_operator
    what = rule_in_words(
        newest.movement,
        why if everything else why.for_users(),
        settings,
        everything=everything,
    )
    if newest.trigger_id == PRESENCE:
        what = f"{what}: {plural(sum(minutes_of(row.metadata) for row in group), 'minute')}"
    return Line(
        newest.id,
        group[-1].id,
        newest.created_at_ms,
        signed_money(amount_z, view.symbol),
        amount_z > 0,
        what,
        view.money(newest.balance_after_z),
        why_text(view.context, newest, everything=everything),
    )
