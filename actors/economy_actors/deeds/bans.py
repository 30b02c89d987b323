"""Ban and unban (`commands.md` 8). A name needs no account to be banned."""

from dataclasses import replace

from economy_actors.context import World
from economy_actors.deeds.cause import Cause
from economy_actors.deeds.people import spelling, tell_user
from economy_actors.ledger.client import commit
from kryten_economy.features.bans import texts as bans_texts
from kryten_economy.features.bans.operations import Ban, BanState, Unban
from kryten_economy.users import UserKey

__all__ = ("ban", "unban")


async def ban(world: World, cause: Cause, name: str, reason: str) -> BanState:
    """Ban a name; an existing ban stays as it is and is answered (``changed`` is False).

    Both deeds raise AskExpired or AskFailed when it stays unknown whether they happened.
    """
    user = UserKey.of(cause.channel, name)
    shown = await spelling(world, user, name)
    request = Ban(user, shown, cause.admin, reason, world.clock.now_ms())
    answer = await commit(world.ledger, request)
    assert isinstance(answer, BanState), answer
    if answer.changed:
        text = bans_texts.ban_notice(reason)
        tell_user(world, cause.channel, answer.display_name, text, cause.trace)
    return answer


async def unban(world: World, cause: Cause, name: str) -> BanState:
    """Lift a ban; the answer tells which it was, or that there was none."""
    user = UserKey.of(cause.channel, name)
    answer = await commit(world.ledger, Unban(user))
    assert isinstance(answer, BanState), answer
    if not answer.changed:
        return replace(answer, display_name=await spelling(world, user, name))
    text = bans_texts.unban_notice()
    tell_user(world, cause.channel, answer.display_name, text, cause.trace)
    return answer
