"""What operators see: gauges that need queries, and the answer to "are you well?"."""

from dataclasses import dataclass

import anyio

from economy_actors.context import World
from economy_actors.ledger.client import commit, query
from economy_actors.metrics.http import Health
from economy_actors.runtime import Actor, AskExpired, AskFailed, RuntimeFault
from kryten_economy.features.reports.rows import ChannelGauges
from kryten_economy.ledger.records import SaveCounters

__all__ = ("Exporter", "Refresh", "check_health")

_REFRESH_EVERY_S = 30.0
_DATABASE_WITHIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Refresh:
    """Time to query the gauges anew."""


class Exporter(Actor[Refresh]):
    """Keeps the gauges that come from the books fresh, so that a scrape costs no query."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def started(self) -> None:
        """Fill the gauges at once."""
        self.after(0.0, Refresh())

    async def receive(self, _message: Refresh) -> None:
        """Query each channel; a failing query leaves its samples as they were."""
        for channel in self._world.channels:
            try:
                await self._refresh(channel)
            except (AskExpired, AskFailed):
                self._world.metrics.error("exporter")
        self.after(_REFRESH_EVERY_S, Refresh())

    async def _refresh(self, channel: str) -> None:
        day = self._world.live.calendar.day(self._world.clock.now_ms())

        gauges, ranks = await query(
            self._world.reader,
            lambda reports: (reports.channel_gauges(channel, day), reports.rank_inputs(channel)),
        )
        metrics = self._world.metrics
        metrics.set_channel_gauges(channel, _named(gauges))
        ladder = self._world.live.ladder
        users: dict[str, int] = {}
        for row in ranks:
            name = ladder.shown(row.rank_name, row.lifetime_earned_z, row.rank_held_from_z)
            users[name] = users.get(name, 0) + row.accounts
        metrics.set_rank_distribution(channel, users)


def _named(gauges: ChannelGauges) -> dict[str, float]:
    """The gauges under the names of `metrics.md` 3."""
    return {
        "total_accounts": gauges.accounts,
        "total_circulation": gauges.circulation_z,
        "median_balance": gauges.median_balance_z,
        "participation_rate": gauges.participation_rate,
        "daily_z_earned": gauges.earned_today_z,
        "daily_z_spent": gauges.spent_today_z,
        "daily_z_gambled_in": gauges.gambled_in_today_z,
        "daily_z_gambled_out": gauges.gambled_out_today_z,
        "daily_active_economy_users": gauges.active_today,
        "escrow_held_z": gauges.escrow_z,
    }


async def check_health(world: World) -> Health:
    """Find out whether the books commit and the bus carries."""
    usable = False
    try:
        with anyio.fail_after(_DATABASE_WITHIN_S):
            values = tuple(world.metrics.persistent().items())
            await commit(
                world.ledger,
                SaveCounters(values, world.clock.now_ms()),
                timeout_s=_DATABASE_WITHIN_S,
            )
        usable = True
    except (RuntimeFault, TimeoutError):
        pass
    return Health(
        uptime_seconds=world.metrics.uptime_s(),
        nats_connected=world.bus_connected(),
        database_usable=usable,
        channels_configured=len(world.channels),
        active_sessions=sum(world.population.values()),
        version=world.version,
        last_tick_age_seconds=world.metrics.last_tick_age_s(),
        books_lost=world.books_lost,
        rivals=world.rivals(),
        robots_away=world.robots_away(),
    )
