"""The user a deed concerns: whether he is here, how he spells himself, and telling him."""

import structlog

from economy_actors.channel.messages import ShownUser, ShowPresence
from economy_actors.context import World
from economy_actors.ledger.client import query
from economy_actors.outbox.message import Pm, Priority
from economy_actors.runtime import RuntimeFault
from kryten_economy.users import UserKey

__all__ = ("connected", "spelling", "tell_user")

_PRESENCE_TIMEOUT_S = 2.0
_SPELLING_TIMEOUT_S = 1.0

_log = structlog.get_logger("deeds")


async def connected(world: World, user: UserKey) -> ShownUser | None:
    """The user as the presence table shows him; None if he is not here.

    Raises a RuntimeFault when the channel does not answer.
    """
    view = await world.channels[user.channel].ask(ShowPresence, timeout_s=_PRESENCE_TIMEOUT_S)
    return next((shown for shown in view.users if shown.name.lower() == user.name), None)


async def spelling(world: World, user: UserKey, typed: str) -> str:
    """The account's display name; what was typed if there is no account, or no answer in time."""
    day = world.live.calendar.day(world.clock.now_ms())
    try:
        wallet = await query(
            world.reader, lambda reports: reports.wallet(user, day), timeout_s=_SPELLING_TIMEOUT_S
        )
    except RuntimeFault:
        return typed
    return typed if wallet is None else wallet.display_name


def tell_user(world: World, channel: str, name: str, text: str, trace: str | None) -> None:
    """A private message about the user's own account; quiet mode does not mute it.

    It is lost if the outbox can't take it: money never depends on a message.
    """
    notice = Pm(to=name, text=text, priority=Priority.RESULT, merge=True, trace=trace)
    if not world.outboxes[channel].offer(notice, trace=trace):
        _log.warning("notice lost", channel=channel, user=name, trace=trace)
