"""What earning is multiplied by in a channel at this moment, for whoever pays something there."""

from economy_actors.world import World
from kryten_economy.rules.multipliers import Combined, active_multipliers

__all__ = ("multipliers_now",)


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
