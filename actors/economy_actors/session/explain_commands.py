"""`why`: where a movement comes from (`earning.md` 2, 9.3).

Users are told of their own movements and nothing of what is hidden; admins of any in the channel.
"""

import re
from collections.abc import Awaitable, Callable

from economy_actors.context import World
from economy_actors.ledger.client import query
from economy_actors.session.user_request import UserRequest
from kryten_economy.commands import texts as commands_texts
from kryten_economy.commands.table import find
from kryten_economy.features.history import texts as history_texts
from kryten_economy.features.history.rules import explain
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.reports.rows import TransactionRow
from kryten_economy.text.numbers import minute_of
from kryten_economy.users import UserKey

__all__ = ("HANDLERS",)

_NUMBER = re.compile(r"#?([0-9]{1,15})", re.ASCII)


async def _why(world: World, request: UserRequest) -> str:
    args = request.parsed.args
    if not args:
        row = await query(world.reader, lambda reports: _newest(reports, request.user))
        return history_texts.no_movements() if row is None else _told(world, request, row)
    written = _NUMBER.fullmatch(args[0])
    if written is None or len(args) > 1:
        spec = find("why")
        assert spec is not None
        return commands_texts.usage(spec.syntax)
    number = int(written[1])
    row = await query(world.reader, lambda reports: reports.transaction(number))
    if row is None or not _may_see(request, row):
        return history_texts.no_such_transaction(number, is_admin=request.is_admin)
    return _told(world, request, row)


def _newest(reports: Reports, user: UserKey) -> TransactionRow | None:
    return next(iter(reports.transactions(user, 1)), None)


def _may_see(request: UserRequest, row: TransactionRow) -> bool:
    if row.channel.lower() != request.user.channel.lower():
        return False
    return request.is_admin or row.username.lower() == request.user.name


def _told(world: World, request: UserRequest, row: TransactionRow) -> str:
    settings, everything = world.live.settings, request.is_admin
    why = explain(row.movement, settings)
    return history_texts.explained(
        row.id,
        row.movement,
        why if everything else why.for_users(),
        settings,
        minute_of(row.created_at_ms, world.live.calendar.zone),
        owner=None if row.username.lower() == request.user.name else row.username,
        everything=everything,
    )


HANDLERS: dict[str, Callable[[World, UserRequest], Awaitable[str]]] = {"why": _why}
