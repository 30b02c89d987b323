"""The service itself: help, version, and whether it works."""

from economy_actors.context import SERVICE_NAME
from economy_actors.exporter import check_health, panic_in_words
from economy_actors.handlers.answers import ApiAnswer, Done, PmAnswer
from economy_actors.handlers.registry import COMMANDS, ApiCall, PmCall, command, request
from economy_actors.messages.ledger import query
from economy_actors.runtime import RuntimeFault
from kryten_economy.commands import refusals
from kryten_economy.commands.table import Section, help_text
from kryten_economy.features.api_keys import Scope
from kryten_economy.features.reports.queries import Reports
from kryten_economy.text.templates import uptime

__all__ = ()

_QUERY_TIMEOUT_S = 1.5


@command(
    "help",
    syntax="help [topic or command]",
    summary="what you can do here",
    section=Section.INFO,
    reads=True,
    for_banned=True,
)
async def help_(call: PmCall) -> PmAnswer:
    """The overview, a topic, or one command."""
    topic = " ".join(call.args).lower() or None
    return help_text(COMMANDS, topic, is_admin=call.is_admin, settings=call.settings)


@command(
    "about",
    summary="name, version and uptime of this service",
    section=Section.INFO,
    reads=True,
    for_banned=True,
)
async def about(call: PmCall) -> PmAnswer:
    """Name, version and uptime."""
    context = call.context
    return refusals.about(f"kryten-{SERVICE_NAME}", context.version, context.metrics.uptime_s())


@request("system.ping", channel=False)
async def ping(call: ApiCall) -> ApiAnswer:
    """Whether anybody listens."""
    return Done({"pong": True, "version": call.context.version})


@request("system.about", channel=False)
async def system_about(call: ApiCall) -> ApiAnswer:
    """Version and uptime."""
    uptime_s = int(call.context.metrics.uptime_s())
    return Done(
        {
            "version": call.context.version,
            "uptime_seconds": uptime_s,
            "uptime_human": uptime(uptime_s),
        }
    )


@request("system.health", channel=False, scope=Scope.OPERATE)
async def health(call: ApiCall) -> ApiAnswer:
    """Whether the service works: a write and a query on the books, and the bus.

    Which books are closed and what admins have stopped is told of the channels one may ask about.
    """
    found = await check_health(call.context)
    try:
        channels = await query(call.context.reader, Reports.channels, timeout_s=_QUERY_TIMEOUT_S)
    except RuntimeFault:
        channels = ()
        connected = False
    else:
        connected = found.database_usable
    only = call.of_channel
    told = (only,) if only else tuple(call.context.channels)
    closed = any(each.read_only is not None for each in channels if not only or each.name == only)
    here = call.context.population.get(only, 0) if only else found.active_sessions
    healthy = connected and found.nats_connected and not closed
    return Done(
        {
            "status": "healthy" if healthy else "degraded",
            "database": "connected" if connected else "disconnected",
            "active_sessions": here,
            "uptime_seconds": int(found.uptime_seconds),
            "panic": [*panic_in_words(call.context, told)],
        }
    )
