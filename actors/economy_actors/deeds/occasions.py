"""Rain and events at an operator's word (`spec/commands.md` 8, `spec/earning.md` 9.5)."""

from fractions import Fraction

from economy_actors.context import World
from economy_actors.deeds.cause import Cause
from economy_actors.deeds.money import Busy
from economy_actors.jobs.messages import StartEvent, StopEvent
from economy_actors.jobs.presence import credited, present_users
from economy_actors.ledger.client import commit
from economy_actors.outbox.message import Line, LineKind
from economy_actors.runtime import RuntimeFault
from economy_actors.session.notices import notify
from kryten_economy.features.events.rules import (
    ADHOC_MINUTES_MAX,
    ADHOC_MULTIPLIER_MAX,
    ADHOC_NAME_MAX,
)
from kryten_economy.features.gifts import texts
from kryten_economy.features.money.texts import currency_variables
from kryten_economy.ledger import AdminRain, Distributed, EventStarted, TooFewCoins
from kryten_economy.refusals import Refusal
from kryten_economy.users import UNNAMED_ADMIN

__all__ = ("RainAnswer", "is_event", "rain", "start_event", "stop_event")

RainAnswer = Distributed | TooFewCoins | Refusal | Busy

_TIMEOUT_S = 4.0


async def rain(world: World, cause: Cause, total_z: int) -> RainAnswer:
    """Let exactly ``total_z`` > 0 fall on all who are here and not banned (P-MON-16).

    Raises AskExpired or AskFailed when it stays unknown whether it fell.
    """
    try:
        present = await present_users(world, cause.channel)
    except RuntimeFault:
        return Busy()
    at_ms = world.clock.now_ms()
    request = AdminRain(
        op_id=cause.op_id,
        channel=cause.channel,
        present=present,
        total_z=total_z,
        by=cause.admin,
        at_ms=at_ms,
        day=world.live.calendar.day(at_ms),
    )
    answer = await commit(world.ledger, request)
    if isinstance(answer, Distributed):
        if not answer.replayed:
            _tell_rain(world, cause, total_z, answer)
            await credited(world, cause.channel, "admin.rain", answer.paid, cause.trace)
        return answer
    assert isinstance(answer, TooFewCoins | Refusal), answer
    return answer


def _tell_rain(world: World, cause: Cause, total_z: int, answer: Distributed) -> None:
    """In the channel first, or CyTube may drop the line behind many messages (P-MSG-3)."""
    settings = world.live.settings
    currency = currency_variables(settings.currency)
    text = texts.rain_line(
        settings.announcements.templates.rain,
        currency,
        count=len(answer.paid),
        total_z=total_z,
        each_z=min(each.amount_z for each in answer.paid),
        sender=settings.bot.username if cause.admin == UNNAMED_ADMIN else cause.admin,
    )
    line = Line(text, kind=LineKind.ADMIN, dedup=False, trace=cause.trace)
    world.outboxes[cause.channel].offer(line)
    for wallet, amount_z in answer.paid:
        told = texts.rain_notice(settings.rain.message, amount_z, currency)
        notify(world, wallet, told, trace=cause.trace)


def is_event(multiplier: Fraction, minutes: int, name: str) -> bool:
    """Whether an operator may start such an event."""
    return (
        1 < multiplier <= ADHOC_MULTIPLIER_MAX
        and 1 <= minutes <= ADHOC_MINUTES_MAX
        and 1 <= len(name.strip()) <= ADHOC_NAME_MAX
    )


async def start_event(
    world: World, cause: Cause, multiplier: Fraction, minutes: int, name: str
) -> EventStarted:
    """Start an event within the limits of `is_event`; one that runs ends with it.

    This and `stop_event` raise AskExpired or AskFailed when the channel does not answer.
    """
    assert is_event(multiplier, minutes, name), (multiplier, minutes, name)
    return await world.occasions[cause.channel].ask(
        lambda reply: StartEvent(multiplier, minutes, name, cause.admin, reply),
        timeout_s=_TIMEOUT_S,
    )


async def stop_event(world: World, cause: Cause) -> str | None:
    """End the operator's event; its name, or None if there is none."""
    return await world.occasions[cause.channel].ask(
        lambda reply: StopEvent(cause.admin, reply), timeout_s=_TIMEOUT_S
    )
