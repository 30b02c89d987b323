"""Who is here, for whoever gives something to all of them, and what follows for each."""

from economy_actors.channel.messages import Rewarded
from economy_actors.context import World
from economy_actors.ledger.client import look
from economy_actors.runtime import RuntimeFault
from economy_actors.session import progress
from economy_actors.session.achieving import may_be_due
from kryten_economy.ledger import Paid, Present

__all__ = ("all_credited", "credited", "present_if_known", "present_users")


def present_users(world: World, channel: str) -> tuple[Present, ...]:
    """The connected users by name."""
    return present_if_known(world, channel) or ()


def present_if_known(world: World, channel: str) -> tuple[Present, ...] | None:
    """As `present_users`; None as long as the channel has not heard who is here."""
    here = world.presence[channel].value
    if not here.known:
        return None
    return tuple(sorted(Present(name, each.display_name) for name, each in here.users.items()))


async def credited(
    world: World, channel: str, trigger_id: str, paid: tuple[Paid, ...], trace: str | None = None
) -> None:
    """Count what was earned, and let each look at the rank it makes."""
    total_z = sum(each.amount_z for each in paid)
    world.metrics.earned(total_z)
    world.metrics.trigger(channel, trigger_id, total_z, len(paid))
    world.metrics.given_to_all(trigger_id, total_z, len(paid))
    for each in paid:
        await progress.after(world, world.channels[channel], each.wallet, trace=trace)


async def all_credited(world: World, channel: str) -> None:
    """Let those who are here look at what a credit to all accounts may have made of them.

    The absent look when they come, and everybody at the next minute if reports are too slow.
    """
    names = [each.name for each in present_users(world, channel)]
    try:
        day = world.live.calendar.day(world.clock.now_ms())
        wallets = await look(world.reader, lambda reports: reports.wallets(channel, day, names))
    except RuntimeFault:
        return
    due = tuple(name for name, wallet in wallets.items() if may_be_due(world, wallet))
    if due:
        world.channels[channel].offer(Rewarded(due))
