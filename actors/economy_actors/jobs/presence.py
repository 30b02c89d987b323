"""Who is here, for whoever gives something to all of them."""

from economy_actors.context import World
from kryten_economy.features.presence.rules import Present

__all__ = ("present_if_known", "present_users")


def present_users(world: World, channel: str) -> tuple[Present, ...]:
    """The connected users by name."""
    return present_if_known(world, channel) or ()


def present_if_known(world: World, channel: str) -> tuple[Present, ...] | None:
    """As `present_users`; None as long as nobody knows or sees who is here."""
    here = world.presence[channel].value
    if not here.known or not here.seen:
        return None
    return tuple(sorted(Present(name, each.display_name) for name, each in here.users.items()))
