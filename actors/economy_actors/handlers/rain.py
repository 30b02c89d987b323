"""Rain at an operator's word: exactly the total falls on all who are here and not banned."""

from economy_actors.handlers.answers import ApiAnswer, Code, Done, Failed, PmAnswer, Refused
from economy_actors.handlers.call import ApiCall, Call, PmCall
from economy_actors.handlers.fields import Amount
from economy_actors.handlers.registry import command, request
from economy_actors.jobs.presence import present_users
from economy_actors.notices import notify
from economy_actors.outbox.message import Line, LineKind
from kryten_economy.commands.table import Section
from kryten_economy.features.gifts import texts
from kryten_economy.features.gifts.operations import AdminRain, Distributed
from kryten_economy.features.money.texts import currency_variables
from kryten_economy.refusals import AMOUNT_MAX_Z, Refusal, TooFewCoins
from kryten_economy.users import UNNAMED_ADMIN

__all__ = ()

TOTAL = Amount("total_amount", low=1, high=AMOUNT_MAX_Z)


@command(
    "rain",
    syntax="rain <total>",
    summary="share money among all who are here",
    section=Section.ADMIN,
)
async def rain_by_pm(call: PmCall) -> PmAnswer:
    """On how many it fell."""
    total_z = call.amount_at(0)
    if isinstance(total_z, Refused):
        return total_z
    if len(call.args) > 1:
        return call.usage()
    answer = await _rain(call, total_z)
    if not isinstance(answer, Distributed):
        return answer
    return texts.admin_rain_done(len(answer.paid), total_z, call.symbol)


@request("rain", TOTAL, mutating=True, repeatable=True)
async def rain(call: ApiCall) -> ApiAnswer:
    """Let exactly so much fall on those present."""
    total_z = call.field(TOTAL)
    answer = await _rain(call, total_z)
    if not isinstance(answer, Distributed):
        return answer
    data: dict[str, object] = {
        "channel": call.channel,
        "recipients": len(answer.paid),
        "amount_each": total_z // len(answer.paid),
        "total_awarded": total_z,
    }
    return Done(data | {"idempotent_replay": True} if answer.replayed else data)


async def _rain(call: Call, total_z: int) -> Distributed | Refused | Failed:
    """Let it fall (P-MON-16).

    Raises AskExpired or AskFailed when it stays unknown whether it fell.
    """
    answer = await call.commit(
        AdminRain(
            op_id=call.op_id,
            channel=call.channel,
            present=present_users(call.world, call.channel),
            total_z=total_z,
            by=call.by,
            at_ms=call.now_ms,
            day=call.day,
        )
    )
    if isinstance(answer, TooFewCoins):
        return Refused(Code.REJECTED, texts.rain_refused(answer.users, total_z, call.symbol))
    if not isinstance(answer, Distributed):
        assert isinstance(answer, Refusal), answer
        return call.refused(answer)
    if not answer.replayed:
        _tell(call, total_z, answer)
    return answer


def _tell(call: Call, total_z: int, answer: Distributed) -> None:
    """In the channel first, or CyTube may drop the line behind many messages (P-MSG-3)."""
    settings = call.settings
    currency = currency_variables(settings.currency)
    text = texts.rain_line(
        settings.announcements.templates.rain,
        currency,
        count=len(answer.paid),
        total_z=total_z,
        each_z=min(each.amount_z for each in answer.paid),
        sender=settings.bot.username if call.by == UNNAMED_ADMIN else call.by,
    )
    # An operator who lets it rain twice means it twice.
    call.world.outboxes[call.channel].offer(
        Line(text, kind=LineKind.ADMIN, dedup=False, trace=call.trace)
    )
    for each in answer.paid:
        told = texts.rain_notice(settings.rain.message, each.amount_z, currency)
        notify(call.world, each.wallet, told, trace=call.trace)
