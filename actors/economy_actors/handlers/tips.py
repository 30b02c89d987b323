"""Tips: coins from one user to another by private message.

Who is behind a name is asked for at most once in ten minutes, and the sender waits for that alone.
"""

from economy_actors.handlers import kit
from economy_actors.handlers.answers import Code, PmAnswer, Refused
from economy_actors.handlers.registry import PmCall, command
from kryten_economy.commands import refusals
from kryten_economy.commands.grammar import BadAmount, amount
from kryten_economy.commands.table import Section
from kryten_economy.features import tips as texts
from kryten_economy.features.presence.rules import MINUTE_MS
from kryten_economy.features.tips import Tip, Tipped
from kryten_economy.refusals import Banned, NoAccount, Refusal, SameAccount

__all__ = ()


@command(
    "tip",
    syntax="tip @user <amount>",
    summary="give somebody some of your money",
    section=Section.SHOP,
    enabled=lambda settings: settings.tipping.enabled,
)
async def tip(call: PmCall) -> PmAnswer:
    """Name and amount may be swapped; the receiver is told, in quiet mode too."""
    if len(call.args) != 2:
        return call.usage()
    place = _place_of_name(call)
    name, amount_z = call.name_at(place), call.amount_at(1 - place, of_z=call.wallet.balance_z)
    if isinstance(name, Refused):
        return name
    if isinstance(amount_z, Refused):
        return amount_z
    return await _refused(call, name, amount_z) or await _tip(call, name, amount_z)


def _place_of_name(call: PmCall) -> int:
    """The second word is the name if it says so, or if only the first can be an amount."""
    first, second = call.args
    if first.startswith("@") or second.startswith("@"):
        return int(not first.startswith("@"))
    could_be = [not isinstance(amount(each, of_z=100), BadAmount) for each in (first, second)]
    return int(could_be == [True, False])


async def _refused(call: PmCall, name: str, amount_z: int) -> Refused | None:
    """Why not, as far as that can be seen without the books."""
    tipping = call.settings.tipping
    if amount_z < tipping.min_amount:
        text = refusals.below_minimum(amount_z, tipping.min_amount, call.symbol)
        return Refused(Code.REJECTED, text)
    if name.lower() == call.user.name:
        return Refused(Code.REJECTED, refusals.not_yourself("tip"))
    if name.lower() == call.settings.bot.username.lower():
        return Refused(Code.REJECTED, texts.bot_not_tipped())
    if call.context.live.ignores(name):
        return Refused(Code.IGNORED_USER, refusals.ignored(name))
    if tipping.self_tip_blocked and await kit.same_person(call, call.user.name, name):
        return Refused(Code.REJECTED, texts.not_another_name(await kit.spelling(call, name)))
    return None


async def _tip(call: PmCall, name: str, amount_z: int) -> PmAnswer:
    tipping, at_ms = call.settings.tipping, call.now_ms
    answer = await call.commit(
        Tip(
            op_id=call.op_id,
            giver=call.user,
            taker=call.named(name),
            amount_z=amount_z,
            at_ms=at_ms,
            day=call.context.live.calendar.day(at_ms),
            most_per_day_z=tipping.max_per_day,
            min_age_ms=tipping.min_account_age_minutes * MINUTE_MS,
        )
    )
    match answer:
        case Tipped(giver, taker, left_z):
            if not answer.replayed:
                told = texts.tip_notice(giver.display_name, amount_z, taker.balance_z, call.symbol)
                kit.tell_user(call, taker.display_name, told)
            return texts.tip_sent(
                taker.display_name, amount_z, giver.balance_z, left_z, call.symbol
            )
        case SameAccount():
            return Refused(Code.REJECTED, refusals.not_yourself("tip"))
        case NoAccount():
            return Refused(Code.NOT_FOUND, texts.unknown_receiver(name))
        case _:
            assert isinstance(answer, Refusal), answer
            if answer == Banned(call.named(name)):
                return call.refused(answer, await kit.spelling(call, name))
            return call.refused(answer)
