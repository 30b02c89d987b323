"""Who is here, for whoever gives something to all of them."""

from economy_actors.channel.messages import ShownUser, ShowPresence
from economy_actors.context import World
from kryten_economy.features.presence.rules import Present

__all__ = ("PRESENCE_TIMEOUT_S", "present_if_known", "present_users")

PRESENCE_TIMEOUT_S = 2.0


async def present_users(world: World, channel: str) -> tuple[Present, ...]:
    """The connected users by name; raises a RuntimeFault when the channel does not answer."""
    return await present_if_known(world, channel) or ()


async def present_if_known(world: World, channel: str) -> tuple[Present, ...] | None:
    """As `present_users`; None as long as the channel has not heard who is here."""
    view = await world.channels[channel].ask(ShowPresence, timeout_s=PRESENCE_TIMEOUT_S)
    return tuple(sorted(_present(user) for user in view.users)) if view.known else None


def _present(user: ShownUser) -> Present:
    return Present(user.name.lower(), user.name)
