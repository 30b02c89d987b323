"""Earning by taking part: what earns here, liking what plays, and what the triggers paid."""

from uuid import uuid4

from economy_actors.earning_terms import terms_now
from economy_actors.handlers.answers import ApiAnswer, Code, Done, PmAnswer, Refused
from economy_actors.handlers.call import ApiCall, PmCall
from economy_actors.handlers.fields import Count
from economy_actors.handlers.registry import command, request
from kryten_economy.calendar import day_before
from kryten_economy.commands.table import Section
from kryten_economy.features.chat.operations import PayTriggers, TriggersPaid
from kryten_economy.features.chat.texts import rewards as rewards_text
from kryten_economy.features.media import texts as media_texts
from kryten_economy.features.media.rules import LIKE, like_award
from kryten_economy.features.presence.onboarding import earning_gate
from kryten_economy.refusals import Refusal

__all__ = ()

DAYS = Count("days", default=7, low=1, high=30)


@command("rewards", summary="what earns here", section=Section.BASICS, reads=True)
async def rewards(call: PmCall) -> PmAnswer:
    """Everything that earns by these settings and is no secret."""
    return rewards_text(call.settings)


@command("like", summary="like what is playing", section=Section.MEDIA, enabled=LIKE.enabled)
async def like(call: PmCall) -> PmAnswer:
    """Like the current title, which pays once."""
    settings, user = call.settings, call.user
    medium = call.world.playing.get(user.channel)
    if medium is None:
        return Refused(Code.REJECTED, media_texts.nothing_playing())
    at_ms = call.now_ms
    request_ = PayTriggers(
        op_id=f"like:{user.channel}:{user.name}:{uuid4().hex}",
        channel=user.channel,
        at_ms=at_ms,
        day=call.world.live.calendar.day(at_ms),
        awards=(like_award(settings, user.name, medium, at_ms),),
        gate=earning_gate(settings.onboarding),
        terms=terms_now(call.world, user.channel, at_ms),
    )
    answer = await call.commit(request_)
    if isinstance(answer, Refusal):
        return call.refused(answer)
    assert isinstance(answer, TriggersPaid), answer
    if not answer.paid:
        return Refused(Code.REJECTED, media_texts.already_liked(medium.title))
    return media_texts.liked(medium.title, answer.paid[0].amount_z, call.symbol)


@request("triggers.stats", DAYS)
async def triggers_stats(call: ApiCall) -> ApiAnswer:
    """Hits, distinct users and Z per trigger over the last days, today included."""
    last_day = first_day = call.day
    for _ in range(call.field(DAYS) - 1):
        first_day = day_before(first_day)
    rows = await call.read(lambda reports: reports.triggers(call.channel, first_day, last_day))
    return Done(
        {
            "channel": call.channel,
            "start_date": first_day,
            "end_date": last_day,
            "triggers": [row._asdict() for row in rows],
        }
    )
