"""Commands that only read (`admin-api.md` 3). Field names are an interface."""

from economy_actors.admin.call import Call
from economy_actors.admin.envelope import Done, Outcome
from economy_actors.admin.fields import Count, Text
from economy_actors.context import World
from economy_actors.ledger.client import query
from economy_actors.metrics.exporter import check_health
from economy_actors.runtime import RuntimeFault
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.reports.rows import TransactionRow
from kryten_economy.text.numbers import uptime

__all__ = (
    "OFFSET",
    "PATTERN",
    "ROWS",
    "SEARCH_ROWS",
    "about",
    "balance_get",
    "balance_search",
    "health",
    "ping",
    "stats_float",
    "transaction_shown",
    "transactions_list",
    "transactions_recent",
)

ROWS = Count("limit", default=50, low=1, high=500)
SEARCH_ROWS = Count("limit", default=50, low=1, high=200)
OFFSET = Count("offset", default=0, low=0, high=1_000_000)
PATTERN = Text("pattern", most=100)

_QUERY_TIMEOUT_S = 1.5


async def ping(world: World, call: Call) -> Outcome:  # noqa: ARG001  # as all handlers
    """Whether anybody listens."""
    return Done({"pong": True, "version": world.version})


async def about(world: World, call: Call) -> Outcome:  # noqa: ARG001  # as all handlers
    """Version and uptime."""
    uptime_s = int(world.metrics.uptime_s())
    return Done(
        {
            "version": world.version,
            "uptime_seconds": uptime_s,
            "uptime_human": uptime(uptime_s),
        }
    )


async def health(world: World, call: Call) -> Outcome:  # noqa: ARG001  # as all handlers
    """Whether the service works: a write and a query on the books, and the bus."""
    found = await check_health(world)
    try:
        channels = await query(world.reader, Reports.channels, timeout_s=_QUERY_TIMEOUT_S)
    except RuntimeFault:
        channels = ()
        connected = False
    else:
        connected = found.database_usable
    closed = any(channel.read_only is not None for channel in channels)
    healthy = connected and found.nats_connected and not closed
    return Done(
        {
            "status": "healthy" if healthy else "degraded",
            "database": "connected" if connected else "disconnected",
            "active_sessions": found.active_sessions,
            "uptime_seconds": int(found.uptime_seconds),
        }
    )


async def balance_get(world: World, call: Call) -> Outcome:
    """One user's balance; asking never creates an account."""
    user, day = call.user, world.live.calendar.day(world.clock.now_ms())
    wallet = await query(world.reader, lambda reports: reports.wallet(user, day))
    if wallet is None:
        return Done({"found": False})
    return Done(
        {
            "found": True,
            "username": wallet.display_name,
            "channel": call.channel,
            "balance": wallet.balance_z,
            "lifetime_earned": wallet.lifetime_earned_z,
            "rank_name": world.live.ladder.shown(
                wallet.rank_name, wallet.lifetime_earned_z, wallet.rank_held_from_z
            ),
        }
    )


async def balance_search(world: World, call: Call) -> Outcome:
    """Accounts whose name contains a text as it is (P-OPS-11), the richest first."""
    pattern, limit = call.values[PATTERN], call.values[SEARCH_ROWS]
    rows = await query(world.reader, lambda reports: reports.search(call.channel, pattern, limit))
    results = [
        {
            "username": row.username,
            "balance": row.balance_z,
            "lifetime_earned": row.lifetime_earned_z,
            "rank_name": world.live.ladder.shown(
                row.rank_name, row.lifetime_earned_z, row.rank_held_from_z
            ),
        }
        for row in rows
    ]
    return Done(
        {"channel": call.channel, "pattern": pattern, "count": len(results), "results": results}
    )


async def transactions_list(world: World, call: Call) -> Outcome:
    """A user's movements, newest first."""
    user, day = call.user, world.live.calendar.day(world.clock.now_ms())
    limit, offset = call.values[ROWS], call.values[OFFSET]
    wallet, rows = await query(
        world.reader,
        lambda reports: (reports.wallet(user, day), reports.transactions(user, limit, offset)),
    )
    return Done(
        {
            "username": call.name if wallet is None else wallet.display_name,
            "channel": call.channel,
            "limit": limit,
            "offset": offset,
            "transactions": [transaction_shown(call.channel, row) for row in rows],
        }
    )


async def transactions_recent(world: World, call: Call) -> Outcome:
    """A channel's movements, newest first."""
    limit = call.values[ROWS]
    rows = await query(world.reader, lambda reports: reports.recent(call.channel, limit))
    return Done(
        {
            "channel": call.channel,
            "limit": limit,
            "transactions": [transaction_shown(call.channel, row) for row in rows],
        }
    )


async def stats_float(world: World, call: Call) -> Outcome:
    """How much money there is, held stakes included, and in how many accounts."""
    found = await query(world.reader, lambda reports: reports.float_of(call.channel))
    return Done({"channel": call.channel, "float": found.float_z, "accounts": found.accounts})


def transaction_shown(channel: str, row: TransactionRow) -> dict[str, object]:
    """A movement as requests get it (`admin-api.md` 3)."""
    return {
        "id": row.id,
        "username": row.username,
        "channel": channel,
        "amount": row.amount_z,
        "type": row.type,
        "reason": row.reason,
        "trigger_id": row.trigger_id,
        "related_user": row.related_user,
        "metadata": row.metadata,
        "created_at": row.created_at,
    }
