"""The channel's chat: what earns there, liking what plays, what the triggers paid, announcements.

An operator's text in the channel knows no template, no gate and no deduplication.
"""

from uuid import uuid4

from economy_actors.context import terms_now
from economy_actors.handlers.answers import ApiAnswer, Code, Done, Failed, PmAnswer, Refused
from economy_actors.handlers.fields import Count, Text
from economy_actors.handlers.registry import ApiCall, Call, PmCall, command, request
from economy_actors.outbox.message import Line, LineKind
from kryten_economy.calendar import day_before
from kryten_economy.commands import refusals
from kryten_economy.commands.table import Section
from kryten_economy.features.api_keys import Scope
from kryten_economy.features.chat.operations import PayTriggers, TriggersPaid
from kryten_economy.features.chat.triggers import rewards as rewards_text
from kryten_economy.features.media import rules as media_texts
from kryten_economy.features.media.rules import LIKE, like_award
from kryten_economy.features.presence.rules import earning_gate
from kryten_economy.refusals import Busy, Refusal
from kryten_economy.text.markup import public_parts

DAYS = Count("days", default=7, low=1, high=30)


@command("rewards", summary="what earns here", section=Section.BASICS, reads=True)
async def rewards(call: PmCall) -> PmAnswer:
    """Everything that earns by these settings and is no secret."""
    return rewards_text(call.settings)


@command("like", summary="like what is playing", section=Section.MEDIA, enabled=LIKE.enabled)
async def like(call: PmCall) -> PmAnswer:
    """Like the current title, which pays once."""
    settings, user = call.settings, call.user
    medium = call.context.playing.get(user.channel)
    if medium is None:
        return Refused(Code.REJECTED, media_texts.nothing_playing())
    at_ms = call.now_ms
    request_ = PayTriggers(
        op_id=f"like:{user.channel}:{user.name}:{uuid4().hex}",
        channel=user.channel,
        at_ms=at_ms,
        day=call.context.live.calendar.day(at_ms),
        awards=(like_award(settings, user.name, medium, at_ms),),
        gate=earning_gate(settings.onboarding),
        terms=terms_now(call.context, user.channel, at_ms),
    )
    answer = await call.commit(request_)
    if isinstance(answer, Refusal):
        return call.refused(answer)
    assert isinstance(answer, TriggersPaid), answer
    if not answer.paid:
        return Refused(Code.REJECTED, media_texts.already_liked(medium.title))
    return media_texts.liked(medium.title, answer.paid[0].amount_z, call.symbol)


@request("triggers.stats", DAYS, scope=Scope.OPERATE)
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


MESSAGE = Text("message", most=2_000, required=True, cleaned=False)


@command(
    "announce",
    syntax="announce <text>",
    summary="post a text in the channel",
    section=Section.ADMIN,
)
async def announce_by_pm(call: PmCall) -> PmAnswer:
    """In how many lines it goes out."""
    lines = await _announce(call, call.parsed.text())
    if isinstance(lines, int):
        return refusals.announced(lines) if lines else call.usage()
    return lines


@request("announce", MESSAGE, mutating=True)
async def announce(call: ApiCall) -> ApiAnswer:
    """Whether it was taken."""
    lines = await _announce(call, call.field(MESSAGE))
    if isinstance(lines, int):
        if not lines:
            return Refused(Code.INVALID_REQUEST, "message is required")
        return Done({"channel": call.channel, "sent": True})
    return lines


async def _announce(call: Call, text: str) -> int | Refused | Failed:
    """Hand the text to the outbox as it is; in so many lines, 0 if nothing visible is left.

    Raises as `Call.attempt`.
    """
    lines = len(public_parts(text, call.settings.messages.max_length))
    if not lines:
        return 0
    await call.attempt()
    line = Line(text, kind=LineKind.ADMIN, dedup=False, trace=call.trace)
    taken = call.context.outboxes[call.channel].offer(line, trace=call.trace)
    return lines if taken else call.refused(Busy())
