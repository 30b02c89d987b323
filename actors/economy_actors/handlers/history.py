"""Movements: the list of them, and where one comes from.

Users are told of their own movements and nothing of what is hidden; operators of any in the
channel. `transactions.explain` is for operators as well and names hidden factors; the rows of
the lists reach browsers and name none (P-EARN-15).
"""

import re

from economy_actors.handlers import kit
from economy_actors.handlers.answers import ApiAnswer, Code, Done, PmAnswer, Refused
from economy_actors.handlers.fields import Amount, Count
from economy_actors.handlers.registry import ApiCall, PmCall, command, request
from kryten_economy.commands import grammar
from kryten_economy.commands.table import Section
from kryten_economy.config import Settings
from kryten_economy.features.history import texts
from kryten_economy.features.history.rules import (
    Explanation,
    explain,
    minutes_of,
    public_metadata,
)
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.reports.rows import TransactionRow
from kryten_economy.text.templates import minute_of

__all__ = ()

ROWS = Count("limit", default=50, low=1, high=500)
OFFSET = Count("offset", default=0, low=0, high=1_000_000)
TRANSACTION = Amount("transaction_id", low=1, high=2**53 - 1)

_DEFAULT = 10
_MOST = 25
_ROWS_PER_LINE = 60
"""An hour's presence minutes share one line, so this many rows may stand behind each."""

_NUMBER = re.compile(r"#?([0-9]{1,15})", re.ASCII)


@command(
    "history",
    syntax="history [n]",
    summary="your last movements, 1 to 25 of them",
    section=Section.BASICS,
    reads=True,
)
async def history(call: PmCall) -> PmAnswer:
    """One's own movements, the newest first."""
    count = grammar.count(call.args[0] if call.args else None, default=_DEFAULT, low=1, high=_MOST)
    if count is None:
        return call.usage()
    rows = await call.read(lambda r: r.transactions(call.user, count * _ROWS_PER_LINE, 0))
    shown = [
        texts.HistoryRow(
            row.id,
            row.created_at_ms,
            row.amount_z,
            row.balance_after_z,
            row.trigger_id,
            row.reason,
            minutes_of(row.metadata),
            row.related_user,
        )
        for row in rows
    ]
    zone = call.context.live.calendar.zone
    return texts.history(shown, count, call.symbol, zone, call.settings.messages.max_length)


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
    settings, everything = call.settings, call.is_admin
    found = explain(row.movement, settings)
    return texts.explained(
        row.id,
        row.movement,
        found if everything else found.for_users(),
        settings,
        minute_of(row.created_at_ms, call.context.live.calendar.zone),
        owner=None if row.username.lower() == call.user.name else row.username,
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


@request("transactions.recent", ROWS)
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


@request("transactions.explain", TRANSACTION)
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
