"""Movements: the list of them, and where one comes from.

Users are told of their own movements and nothing of what is hidden; operators of any in the
channel. `transactions.explain` is for operators as well and names hidden factors; the rows of
the lists reach browsers and name none (P-EARN-15).
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from economy_actors.context import Context
from economy_actors.handlers import kit
from economy_actors.handlers.answers import ApiAnswer, Code, Done, PmAnswer, Refused
from economy_actors.handlers.fields import Amount, Body, Count, Invalid, Text
from economy_actors.handlers.registry import ApiCall, PmCall, command, request
from kryten_economy.calendar import day_after, is_day
from kryten_economy.commands import grammar
from kryten_economy.commands.table import Section
from kryten_economy.config import Settings
from kryten_economy.features.api_keys import Scope
from kryten_economy.features.history import texts
from kryten_economy.features.history.rules import Explanation, explain, public_metadata
from kryten_economy.features.reports.movements import KINDS
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.reports.rows import TransactionRow
from kryten_economy.features.reports.statements import Statement, history_page, statement
from kryten_economy.text.templates import minute_of

__all__ = ("why_text",)

ROWS = Count("limit", default=50, low=1, high=500)
OFFSET = Count("offset", default=0, low=0, high=1_000_000)
TRANSACTION = Amount("transaction_id", low=1, high=2**53 - 1)

_DEFAULT = 10
_MOST = 25
_PAGES_MAX = 1_000

_LIKE_A_DATE = re.compile(r"[0-9]+[-./][0-9]|yesterday$|today$", re.ASCII)
_NUMBER = re.compile(r"#?([0-9]{1,15})", re.ASCII)


_Wanted = Callable[[TransactionRow], bool]

_FILTERS: dict[str, tuple[str, _Wanted]] = {
    "in": ("what came in", lambda row: row.amount_z > 0),
    "out": ("what went out", lambda row: row.amount_z < 0),
    "games": ("of games", lambda row: row.type in KINDS["games"].types),
    "tips": ("tips", lambda row: row.type in KINDS["tips"].types),
    "bought": ("bought and given back", lambda row: row.type in KINDS["bought"].types),
}


class _Wish(NamedTuple):
    """What of the history is asked for; ``words`` are those that say so, for the next page."""

    lines: int = _DEFAULT
    page: int = 1
    kind: str = ""
    day: str = ""

    @property
    def next_page(self) -> str:
        """How the page behind this one is asked for."""
        words = ("history", str(self.lines), "page", str(self.page + 1), self.kind, self.day)
        return " ".join(filter(None, words))


@command(
    "history",
    syntax="history [n]",
    summary="your last movements, 1 to 25; add 'page 2', in, out, games, tips, bought or a date",
    section=Section.BASICS,
    reads=True,
)
async def history(call: PmCall) -> PmAnswer:
    """One's own movements, the newest first."""
    wish = _wish(call)
    if isinstance(wish, Refused):
        return wish
    calendar = call.context.live.calendar
    told, kind = _FILTERS.get(wish.kind, ("", None))
    wanted: _Wanted | None = kind
    if wish.day:

        def wanted(row: TransactionRow) -> bool:
            of_day = calendar.day(row.created_at_ms) == wish.day
            return of_day and (kind is None or kind(row))

    page = await call.read(
        lambda r: history_page(r, call.user, calendar.zone, wish.lines, wish.page, wanted)
    )
    return texts.history(
        page.lines,
        call.symbol,
        calendar.zone,
        call.settings.messages.max_length,
        page=wish.page,
        more=wish.next_page if page.more and (wish.page > 1 or len(call.args) > 1) else "",
        of=", ".join(filter(None, (told, wish.day))),
    )


def _wish(call: PmCall) -> _Wish | Refused:
    """The words of the command in any order; a word alone that says nothing is let pass."""
    wish, words = _Wish(), [word.lower() for word in call.args]
    while words:
        word = words.pop(0)
        if word == "page":
            page = grammar.count(words.pop(0) if words else "", default=0, low=0, high=_PAGES_MAX)
            if not page:
                return call.usage(texts.history_words())
            wish = wish._replace(page=page)
        elif word in _FILTERS:
            wish = wish._replace(kind=word)
        elif _LIKE_A_DATE.match(word):
            day = kit.past_day(call, word)
            if day is None:
                return call.usage(texts.no_such_day(word))
            wish = wish._replace(day=day)
        else:
            count = grammar.count(word, default=0, low=1, high=_MOST)
            if count is None or (not count and len(call.args) > 1):
                return call.usage(texts.history_words())
            wish = wish._replace(lines=count or _DEFAULT)
    return wish


@command(
    "why",
    syntax="why [number]",
    summary="where a movement comes from; the numbers are in 'history'",
    section=Section.BASICS,
    aliases=("explain",),
    reads=True,
)
async def why(call: PmCall) -> PmAnswer:
    """The newest movement, or the one of this number."""
    day = call.day
    if not call.args:
        newest = await call.read(
            lambda r: kit.spelled_as_shown(r, call.channel, day, r.transactions(call.user, 1))
        )
        return _explained(call, newest[0]) if newest else texts.no_movements()
    written = _NUMBER.fullmatch(call.args[0])
    if written is None or len(call.args) > 1:
        return call.usage()
    number = int(written[1])
    row = await call.read(lambda reports: _row(reports, call.channel, day, number))
    if row is None or not (call.is_admin or row.username.lower() == call.user.name):
        text = texts.no_such_transaction(number, is_admin=call.is_admin)
        return Refused(Code.NOT_FOUND, text)
    return _explained(call, row)


def _row(reports: Reports, channel: str, day: str, number: int) -> TransactionRow | None:
    """A movement of this channel."""
    row = reports.transaction(number)
    if row is None or row.channel.lower() != channel.lower():
        return None
    return kit.spelled_as_shown(reports, channel, day, [row])[0]


def _explained(call: PmCall, row: TransactionRow) -> str:
    owner = None if row.username.lower() == call.user.name else row.username
    return why_text(call.context, row, owner=owner, everything=call.is_admin)


def why_text(
    context: Context, row: TransactionRow, *, owner: str | None = None, everything: bool = False
) -> str:
    """What `why` says of a movement; what is hidden from users is told with ``everything`` only."""
    settings = context.live.settings
    found = explain(row.movement, settings)
    return texts.explained(
        row.id,
        row.movement,
        found if everything else found.for_users(),
        settings,
        minute_of(row.created_at_ms, context.live.calendar.zone),
        owner=owner,
        everything=everything,
    )


@request("transactions.list", ROWS, OFFSET, user=True)
async def transactions_list(call: ApiCall) -> ApiAnswer:
    """A user's movements, newest first."""
    user, day = call.user, call.day
    limit, offset = call.field(ROWS), call.field(OFFSET)
    wallet, rows = await call.read(
        lambda r: (
            r.wallet(user, day),
            kit.spelled_as_shown(r, call.channel, day, r.transactions(user, limit, offset)),
        )
    )
    return Done(
        {
            "username": call.name if wallet is None else wallet.display_name,
            "channel": call.channel,
            "limit": limit,
            "offset": offset,
            "transactions": [_shown(call.channel, row, call.settings) for row in rows],
        },
        rows="transactions",
        offset=offset,
    )


class _Day(Text):
    """A day of the channel, ``YYYY-MM-DD``."""

    __slots__ = ()

    @property
    def schema(self) -> Body:
        """A date."""
        return {"type": "string", "format": "date"}

    def read(self, value: object) -> str | Invalid:
        """A day of the calendar; "" where there is none."""
        text = super().read(value)
        if isinstance(text, Invalid) or not text or is_day(text):
            return text
        return Invalid(f"{self.name} must be a date like 2026-03-31")


FROM = _Day("from", most=30, required=True)
TO = _Day("to", most=30)


@request("statement", FROM, TO, ROWS, OFFSET, user=True)
async def statement_of(call: ApiCall) -> ApiAnswer:
    """A user's movements from the start of a day to the end of another, the oldest first."""
    user, day, calendar = call.user, call.day, call.context.live.calendar
    first, last = call.field(FROM), call.field(TO) or day
    if first > last:
        text = f"from must be no later than to (found {first} and {last})"
        return Refused(Code.INVALID_REQUEST, text)
    span = (calendar.day_start_ms(first), calendar.day_start_ms(day_after(last)))
    limit, offset = call.field(ROWS), call.field(OFFSET)

    def read(reports: Reports) -> Statement | None:
        found = statement(reports, user, *span, limit, offset)
        if found is None:
            return None
        rows = kit.spelled_as_shown(reports, call.channel, day, found.rows)
        return found._replace(rows=tuple(rows))

    found = await call.read(read)
    if found is None:
        return Done({"found": False, "username": call.name, "channel": call.channel})
    return Done(
        {
            "found": True,
            "username": found.display_name,
            "channel": call.channel,
            "from": first,
            "to": last,
            "timezone": calendar.zone.key,
            "opening_balance": found.opening_z,
            "total_in": found.in_z,
            "total_out": found.out_z,
            "closing_balance": found.closing_z,
            "count": found.movements,
            "limit": limit,
            "offset": offset,
            "rows": [_in_statement(call, row) for row in found.rows],
        },
        rows="rows",
        offset=offset,
    )


def _in_statement(call: ApiCall, row: TransactionRow) -> dict[str, object]:
    """A movement with the balance after it and, in words, where it comes from."""
    settings = call.settings
    why = explain(row.movement, settings).for_users()
    return {
        **_shown(call.channel, row, settings),
        "balance": row.balance_after_z,
        "why": texts.rule_in_words(row.movement, why, settings),
    }


@request("transactions.recent", ROWS, scope=Scope.OPERATE)
async def transactions_recent(call: ApiCall) -> ApiAnswer:
    """A channel's movements, newest first."""
    limit, day = call.field(ROWS), call.day
    rows = await call.read(
        lambda r: kit.spelled_as_shown(r, call.channel, day, r.recent(call.channel, limit))
    )
    return Done(
        {
            "channel": call.channel,
            "limit": limit,
            "transactions": [_shown(call.channel, row, call.settings) for row in rows],
        },
        rows="transactions",
    )


@request("transactions.explain", TRANSACTION, scope=Scope.OPERATE)
async def transactions_explain(call: ApiCall) -> ApiAnswer:
    """The rule, base, factors, parts of coins and settings behind one movement."""
    number, day = call.field(TRANSACTION), call.day
    row = await call.read(lambda reports: _row(reports, call.channel, day, number))
    if row is None:
        text = f"There is no transaction {number} in this channel."
        return Refused(Code.NOT_FOUND, text)
    found = explain(row.movement, call.settings)
    words = texts.rule_in_words(row.movement, found, call.settings, everything=True)
    return Done(
        {
            "channel": call.channel,
            "transaction": _shown(call.channel, row),
            "rule": {"id": row.trigger_id, "type": row.type, "words": words},
            **_facts(found),
        }
    )


def _facts(found: Explanation) -> dict[str, object]:
    return {
        "base": found.base,
        "minutes": found.minutes,
        "active_bonus": found.active_bonus,
        "night_bonus": found.night_bonus,
        "sources": [each._asdict() for each in found.sources],
        "multiplier": found.multiplier,
        "carried_in": found.carried_in,
        "carried": found.carried,
        "by": found.by,
        "settings": [each._asdict() for each in found.settings],
    }


def _shown(channel: str, row: TransactionRow, hiding: Settings | None = None) -> dict[str, object]:
    """A movement as requests get it, without what ``hiding`` hides; all of it for operators."""
    metadata = row.metadata
    if hiding is not None:
        metadata = public_metadata(row.type, metadata, hiding)
    return {
        "id": row.id,
        "username": row.username,
        "channel": channel,
        "amount": row.amount_z,
        "type": row.type,
        "reason": row.reason,
        "trigger_id": row.trigger_id,
        "related_user": row.related_user,
        "metadata": metadata,
        "created_at": row.created_at,
    }
