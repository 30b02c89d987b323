"""What earning is multiplied by in a channel at this moment, for whoever pays something there."""

from economy_actors.context import World
from kryten_economy.features.events.rules import Combined, active_multipliers
from kryten_economy.features.presence.minutes import EarningTerms
from kryten_economy.features.presence.rules import MINUTE_MS

__all__ = ("multipliers_now", "terms_now")


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


def terms_now(world: World, channel: str, at_ms: int) -> EarningTerms:
    """The same with the ladder of ranks; worked out once a minute, and when anything changes.

    Hours, days and scheduled events begin with a minute; ends and ad-hoc events are looked at.
    """
    adhoc = world.adhoc.get(channel)
    runs = adhoc is not None and adhoc.started_at_ms <= at_ms < adhoc.ends_at_ms
    population = world.population.get(channel, 0)
    cause = (at_ms // MINUTE_MS, population, adhoc if runs else None, world.live.settings)
    known = world.terms.get(channel)
    if known is not None and known[0] == cause and known[1].in_force(at_ms):
        return known[1]
    combined = multipliers_now(world, channel, at_ms)
    terms = EarningTerms(world.live.settings, world.live.ladder, combined)
    world.terms[channel] = (cause, terms)
    return terms
