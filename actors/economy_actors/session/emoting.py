"""What follows from a line with emotes: the achievement for distinct ones (`progression.md` 2)."""

from economy_actors.channel.messages import ChannelMessage
from economy_actors.context import World
from economy_actors.ledger.client import commit, look
from economy_actors.runtime import Ref, RuntimeFault
from economy_actors.session import progress
from kryten_economy.features.achievements.rules import is_open
from kryten_economy.features.presence.operations import RecordActivity
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.users import UserKey

__all__ = ("after_emotes",)


async def after_emotes(
    world: World,
    channel: Ref[ChannelMessage],
    user: UserKey,
    display_name: str,
    *,
    trace: str | None,
) -> None:
    """Look whether the emotes just counted were the ones that counted.

    The books are asked for the wallet first, which they answer behind the line itself. Where
    nothing can be won by emotes, nobody asks them.
    """
    achievements = world.live.settings.achievements
    if not is_open(achievements, "unique_emotes_used_lifetime", world.won.get(user, ())):
        return
    at_ms = world.clock.now_ms()
    question = RecordActivity(user, display_name, at_ms, world.live.calendar.day(at_ms))
    try:
        wallet = await commit(world.ledger, question)
        used = await look(world.reader, lambda reports: reports.emotes_used(user))
    except RuntimeFault:
        return
    if isinstance(wallet, Wallet):
        await progress.after(world, channel, wallet, trace=trace, emotes_used=used)
