"""Bounties whose time is over: ended one by one, each with what comes back of it."""

import structlog

from economy_actors.context import Context
from economy_actors.messages.ledger import commit, query
from economy_actors.outbox.message import Pm, Priority
from economy_actors.runtime import RuntimeFault
from kryten_economy.features.bounties import texts
from kryten_economy.features.bounties.operations import (
    BountyEnded,
    EndBounty,
    overdue_bounties,
)
from kryten_economy.features.bounties.rules import Bounty

__all__ = ("end_overdue_bounties",)

_log = structlog.get_logger("bounties")


async def end_overdue_bounties(context: Context) -> None:
    """End them in all channels; what fails waits for the next time."""
    for channel in context.channels:
        try:
            await _of_channel(context, channel)
        except RuntimeFault as fault:
            context.metrics.error("scheduler")
            _log.warning("overdue bounties wait", channel=channel, error=repr(fault))


async def _of_channel(context: Context, channel: str) -> None:
    now_ms = context.clock.now_ms()
    overdue = await query(
        context.reader, lambda reports: overdue_bounties(reports, channel, now_ms)
    )
    for bounty in overdue:
        await _end(context, bounty, now_ms)


async def _end(context: Context, bounty: Bounty, now_ms: int) -> None:
    settings = context.live.settings
    answer = await commit(
        context.ledger,
        EndBounty(
            op_id=f"job:bounty:{bounty.channel}:{bounty.id}",
            channel=bounty.channel,
            bounty_id=bounty.id,
            state="expired",
            by="",
            refund_percent=settings.bounties.expiry_refund_percent,
            at_ms=now_ms,
            day=context.live.calendar.day(now_ms),
        ),
    )
    if not isinstance(answer, BountyEnded):
        # Somebody has won or cancelled it meanwhile, or the channel takes no money now.
        _log.info("bounty not ended", channel=bounty.channel, bounty=bounty.id, why=repr(answer))
        return
    _log.info("bounty expired", channel=bounty.channel, bounty=bounty.id, refund=answer.refund_z)
    if answer.replayed:
        return
    creator = answer.creator
    told = texts.ended_notice(
        answer.bounty, "has run out", answer.refund_z, creator.balance_z, settings.currency.symbol
    )
    context.outboxes[bounty.channel].offer(
        Pm(to=creator.display_name, text=told, priority=Priority.RESULT, merge=True)
    )
