"""The table of commands of the API, and how a body becomes a call.

To add a command, add a row. Whatever is wrong with a request is said here, before anything is
done.
"""

from collections.abc import Callable
from dataclasses import dataclass

from economy_actors.admin import changing, explaining, occasions, reading, standing, triggers
from economy_actors.admin.body import Body, NotJson, NotObject
from economy_actors.admin.call import ADMIN, ApiCommand, Call
from economy_actors.admin.envelope import Code, Refused
from economy_actors.admin.fields import Invalid, Text, read_fields
from kryten_economy.text.clean import user_text
from kryten_economy.text.lengths import clip

__all__ = ("API_COMMANDS", "Rejected", "understand")

_ROWS = (
    ApiCommand("system.ping", reading.ping, channel=False),
    ApiCommand("system.about", reading.about, channel=False),
    ApiCommand("system.health", reading.health, channel=False),
    ApiCommand("balance.get", reading.balance_get, user=True),
    ApiCommand("balance.search", reading.balance_search, (reading.PATTERN, reading.SEARCH_ROWS)),
    ApiCommand(
        "transactions.list", reading.transactions_list, (reading.ROWS, reading.OFFSET), user=True
    ),
    ApiCommand("transactions.recent", reading.transactions_recent, (reading.ROWS,)),
    ApiCommand("transactions.explain", explaining.transactions_explain, (explaining.TRANSACTION,)),
    ApiCommand("stats.float", reading.stats_float),
    ApiCommand("triggers.stats", triggers.triggers_stats, (triggers.DAYS,)),
    ApiCommand("leaderboard", standing.leaderboard, (standing.CATEGORY, standing.TOP_ROWS)),
    ApiCommand("account.summary", standing.account_summary, user=True),
    ApiCommand("user.detail", standing.user_detail, user=True),
    ApiCommand(
        "balance.adjust",
        changing.balance_adjust,
        (changing.DELTA, changing.REASON),
        user=True,
        mutating=True,
        repeatable=True,
    ),
    ApiCommand(
        "balance.set",
        changing.balance_set,
        (changing.BALANCE,),
        user=True,
        mutating=True,
        repeatable=True,
    ),
    ApiCommand("rank.set", changing.rank_set, (changing.RANK,), user=True, mutating=True),
    ApiCommand("events.list", occasions.events_list),
    ApiCommand(
        "event.start",
        occasions.event_start,
        (occasions.MULTIPLIER, occasions.MINUTES, occasions.NAME),
        mutating=True,
    ),
    ApiCommand("event.stop", occasions.event_stop, mutating=True),
    ApiCommand("rain", occasions.rain, (occasions.TOTAL,), mutating=True, repeatable=True),
    ApiCommand("user.ban", changing.user_ban, (changing.REASON,), user=True, mutating=True),
    ApiCommand("user.unban", changing.user_unban, user=True, mutating=True),
    ApiCommand("announce", changing.announce, (changing.MESSAGE,), mutating=True),
    ApiCommand("config.reload", changing.config_reload, channel=False, mutating=True),
)
_BY_NAME = {row.name: row for row in _ROWS}

API_COMMANDS: frozenset[str] = frozenset(_BY_NAME)
"""The label values of ``economy_api_requests_total``."""

_CHANNEL = Text("channel", most=100, required=True)
_SHOWN_UNITS_MAX = 60


@dataclass(frozen=True, slots=True)
class Rejected:
    """A body that is no call: what to echo, what to answer, and the command it meant, if any."""

    echo: str
    refusal: Refused
    command: ApiCommand | None = None
    admin: str = ADMIN.default


def understand(
    body: Body | NotJson | NotObject, channel_named: Callable[[str], str | None]
) -> Call | Rejected:
    """The call that a body makes; ``channel_named`` finds a configured channel in any casing."""
    match body:
        case NotJson():
            return Rejected("", _invalid("The request must be JSON in UTF-8"))
        case NotObject():
            return Rejected("", _invalid("The request must be a JSON object"))
        case _:
            return _understand_object(body, channel_named)


def _understand_object(body: Body, channel_named: Callable[[str], str | None]) -> Call | Rejected:
    name = body.get("command")
    if not isinstance(name, str) or not name:
        return Rejected("", _invalid("command is required and must be a text"))
    command = _BY_NAME.get(name)
    if command is None:
        shown = clip(user_text(name[:200]), _SHOWN_UNITS_MAX)
        return Rejected(name, Refused(Code.UNKNOWN_COMMAND, f"Unknown command: {shown}"))
    channel = _channel(command, body, channel_named)
    if isinstance(channel, Refused):
        return Rejected(name, channel, command, _admin(body))
    values = read_fields(command.all_fields, body)
    if isinstance(values, Invalid):
        return Rejected(name, _invalid(values.text), command, _admin(body))
    return Call(command, channel, values)


def _channel(
    command: ApiCommand, body: Body, channel_named: Callable[[str], str | None]
) -> str | Refused:
    if not command.channel:
        return ""
    typed = _CHANNEL.read(body.get("channel"))
    if isinstance(typed, Invalid):
        return _invalid(typed.text)
    channel = channel_named(typed)
    if channel is None:
        shown = clip(typed, _SHOWN_UNITS_MAX)
        return Refused(Code.UNKNOWN_CHANNEL, f"This service does not know the channel '{shown}'")
    return channel


def _admin(body: Body) -> str:
    admin = ADMIN.read(body.get(ADMIN.name))
    return ADMIN.default if isinstance(admin, Invalid) else admin


def _invalid(text: str) -> Refused:
    return Refused(Code.INVALID_REQUEST, text)
