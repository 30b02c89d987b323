"""Notices nobody asked for: private, of low priority, and none at all in quiet mode."""

import structlog

from economy_actors.context import World
from economy_actors.outbox.message import Pm, Priority
from kryten_economy.ledger.wallet import Wallet

__all__ = ("notice", "notify")

_log = structlog.get_logger("notices")


def notify(world: World, wallet: Wallet, text: str, *, trace: str | None = None) -> None:
    """Tell a user something quiet mode mutes (`commands.md` 5); several go out as one.

    It is lost if the outbox can't take it: money never depends on a message.
    """
    if wallet.quiet:
        return
    pm = notice(wallet.display_name, text, trace=trace)
    if not world.outboxes[wallet.user.channel].offer(pm, trace=trace):
        _log.warning("notice lost", channel=wallet.user.channel, user=wallet.display_name)


def notice(to: str, text: str, *, trace: str | None = None) -> Pm:
    """The message that tells such a thing."""
    return Pm(to=to, text=text, priority=Priority.BULK, mutable=True, merge=True, trace=trace)
