"""A user's chat lines: what each earns is decided in order, and handed to the channel.

What a line sets off was judged by the channel; what it is multiplied by, the books work out from
the terms that go with it. Nobody thanks themselves under another name: where it is not known yet
who is behind a name, the thanks wait for kryten-userstats and the line does not.
"""

import uuid
from contextlib import suppress

import structlog

from economy_actors.context import Context, terms_now
from economy_actors.messages.channel import ChannelMessage, LinesReady
from economy_actors.messages.ledger import COMMIT_TIMEOUT_S, commit
from economy_actors.messages.session import ChatLine, Deserved
from economy_actors.runtime import Ref, RuntimeFault
from kryten_economy.features.chat.operations import PayTriggers, RecordChat
from kryten_economy.features.chat.rules import parted, suspects, without
from kryten_economy.features.chat.triggers import Effect
from kryten_economy.features.presence.rules import earning_gate
from kryten_economy.users import UserKey

__all__ = ("hand_over", "pay_request", "record_request", "split_unknown")

_log = structlog.get_logger("chat")


def split_unknown(context: Context, user: UserKey, effect: Effect) -> tuple[Effect, Effect | None]:
    """What is sure of an effect, and what waits until the persons behind its names are known."""
    names = suspects(effect, context.live.settings)
    if not names:
        return effect, None
    known = context.people.at_hand((user.name, *names))
    if known is None:
        return parted(effect, context.live.settings)
    person, *others = known
    own = {name for name, other in zip(names, others, strict=True) if other == person}
    return (without(effect, own, context.live.settings) if own else effect), None


def record_request(
    context: Context, user: UserKey, line: ChatLine, effect: Effect, key: str
) -> RecordChat:
    """A line as the books take it."""
    live = context.live
    return RecordChat(
        op_id=f"chat:{user.channel}:{key}",
        user=user,
        display_name=line.display_name,
        at_ms=line.at_ms,
        day=live.calendar.day(line.at_ms),
        long_messages=effect.long_messages,
        gifs_posted=effect.gifs_posted,
        emotes=effect.emotes,
        tallies=effect.tallies,
        awards=effect.awards,
        gate=earning_gate(live.settings.onboarding),
        terms=terms_now(context, user.channel, line.at_ms) if effect.awards else None,
    )


def pay_request(context: Context, user: UserKey, due: Deserved, trace: str | None) -> PayTriggers:
    """What no line of the user's own has set off."""
    live = context.live
    key = due.key or trace or uuid.uuid4().hex
    return PayTriggers(
        op_id=f"triggers:{user.channel}:{user.name}:{key}",
        channel=user.channel,
        at_ms=due.at_ms,
        day=live.calendar.day(due.at_ms),
        awards=due.effect.awards,
        tallies=due.effect.tallies,
        gate=earning_gate(live.settings.onboarding),
        terms=terms_now(context, user.channel, due.at_ms),
    )


async def hand_over(
    context: Context,
    channel: Ref[ChannelMessage],
    user: UserKey,
    lines: tuple[RecordChat | PayTriggers, ...],
) -> None:
    """Have the channel book them with the next batch.

    A channel that is ending takes nothing more: then the last lines go to the books from here.
    """
    if channel.is_open:
        with suppress(RuntimeFault):
            await channel.send(LinesReady(user.name, lines), timeout_s=COMMIT_TIMEOUT_S)
            return
    said = sum(isinstance(line, RecordChat) for line in lines)
    context.backlog.booked(user.channel, said)
    for line in lines:
        try:
            await commit(context.ledger, line)
        except RuntimeFault:
            _log.warning(
                "triggers not booked", channel=user.channel, user=user.name, op_id=line.op_id
            )
