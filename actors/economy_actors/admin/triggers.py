"""`triggers.stats`: what the triggers paid (`admin-api.md` 3)."""

from economy_actors.admin.call import Call
from economy_actors.admin.envelope import Done, Outcome
from economy_actors.admin.fields import Count
from economy_actors.context import World
from economy_actors.ledger.client import query
from kryten_economy.calendar import day_before

__all__ = ("DAYS", "triggers_stats")

DAYS = Count("days", default=7, low=1, high=30)


async def triggers_stats(world: World, call: Call) -> Outcome:
    """Hits, distinct users and Z per trigger over the last days, today included."""
    last_day = world.live.calendar.day(world.clock.now_ms())
    first_day = last_day
    for _ in range(call.values[DAYS] - 1):
        first_day = day_before(first_day)
    rows = await query(
        world.reader, lambda reports: reports.triggers(call.channel, first_day, last_day)
    )
    return Done(
        {
            "channel": call.channel,
            "start_date": first_day,
            "end_date": last_day,
            "triggers": [row._asdict() for row in rows],
        }
    )
