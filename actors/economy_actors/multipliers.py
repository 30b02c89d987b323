"""What earning is multiplied by in a channel at this moment, for whoever pays something there."""

from collections.abc import Collection

import structlog

from economy_actors.context import World
from economy_actors.ledger.client import look
from economy_actors.runtime import RuntimeFault
from kryten_economy.features.events.rules import Combined, active_multipliers
from kryten_economy.features.presence.minutes import Rates
from kryten_economy.features.presence.rules import MINUTE_MS

__all__ = ("multipliers_now", "rank_indexes", "ranks_of", "rates_now")

_log = structlog.get_logger("multipliers")


def multipliers_now(world: World, channel: str, at_ms: int | None = None) -> Combined:
    """The factors in force, hidden ones included; ``at_ms`` None is now."""
    live = world.live
    return active_multipliers(
        live.settings,
        live.calendar,
        world.clock.now_ms() if at_ms is None else at_ms,
        world.population.get(channel, 0),
        world.adhoc.get(channel),
    )


def rates_now(world: World, channel: str, at_ms: int) -> Rates:
    """The same as what it makes of amounts; worked out once a minute, and when anything changes.

    Hours, days and scheduled events begin with a minute; ends and ad-hoc events are looked at.
    """
    adhoc = world.adhoc.get(channel)
    runs = adhoc is not None and adhoc.started_at_ms <= at_ms < adhoc.ends_at_ms
    population = world.population.get(channel, 0)
    cause = (at_ms // MINUTE_MS, population, adhoc if runs else None, world.live.settings)
    known = world.rates.get(channel)
    if known is not None and known[0] == cause and known[1].in_force(at_ms):
        return known[1]
    rates = Rates(world.live.settings, multipliers_now(world, channel, at_ms))
    world.rates[channel] = (cause, rates)
    return rates


async def rank_indexes(world: World, channel: str, names: Collection[str]) -> dict[str, int]:
    """The rank index of those who have an account; empty where ranks do not multiply.

    It is empty, too, where reports are too slow to say: then everything counts and pays all the
    same, as if nobody had a rank.
    """
    if not names or not world.live.settings.ranks.earn_multiplier_per_rank:
        return {}
    try:
        return await ranks_of(world, channel, names)
    except RuntimeFault:
        _log.warning("paid without the factor of ranks", channel=channel)
        return {}


async def ranks_of(world: World, channel: str, names: Collection[str]) -> dict[str, int]:
    """The rank index of those who have an account; raises as `ledger.client.look`."""
    ladder, among = world.live.ladder, set(names)
    known = await look(world.reader, lambda reports: reports.rank_facts(channel, among))
    return {
        name: ladder.effective(rank_name, earned_z, held_from_z)
        for name, rank_name, earned_z, held_from_z in known
    }
