"""A user's chat lines on their way to the books: counted, and paid what they set off.

What a line sets off was judged by the channel (`rules.conversation`); here it is multiplied and
told to the books as one operation. Nobody waits for the answer: it comes back to the channel as a
receipt (`channel.receipts`), which sees to what follows from it.
"""

import uuid
from dataclasses import replace

import structlog

from economy_actors.channel.receipts import Receipt, Receipts, measure
from economy_actors.context import World
from economy_actors.ledger.client import COMMIT_TIMEOUT_S, commit
from economy_actors.ledger.messages import Commit
from economy_actors.multipliers import rank_indexes, rates_now
from economy_actors.runtime import RuntimeFault
from economy_actors.session import aliases, emoting
from economy_actors.session.messages import ChatLine, Deed, Deserved
from kryten_economy.features.achievements.rules import is_open
from kryten_economy.features.chat.triggers import TriggerAward
from kryten_economy.features.presence.onboarding import earning_gate
from kryten_economy.ledger import Answer
from kryten_economy.features.chat.operations import PayTriggers, RecordChat, TriggersPaid
from kryten_economy.users import UserKey

__all__ = ("book", "pay", "record", "settle")

_log = structlog.get_logger("chat")


async def record(
    world: World, receipts: Receipts, user: UserKey, line: ChatLine, trace: str | None
) -> None:
    """Count a line and pay what it set off (`spec/earning.md` 8)."""
    live = world.live
    effect = await aliases.without_self(world, user.name, line.effect)
    request = RecordChat(
        op_id=f"chat:{user.channel}:{trace or uuid.uuid4().hex}",
        user=user,
        display_name=line.display_name,
        at_ms=line.at_ms,
        day=live.calendar.day(line.at_ms),
        long_messages=effect.long_messages,
        gifs_posted=effect.gifs_posted,
        emotes=effect.emotes,
        tallies=effect.tallies,
        awards=await _multiplied(world, user.channel, line.at_ms, effect.awards),
        gate=earning_gate(live.settings.onboarding),
    )
    await _tell(world, receipts, user, request, trace)
    if effect.emotes:
        channel = world.channels[user.channel]
        await emoting.after_emotes(world, channel, user, line.display_name, trace=trace)


async def pay(
    world: World, receipts: Receipts, user: UserKey, due: Deserved, trace: str | None
) -> None:
    """Pay what no line of the user's own set off."""
    live = world.live
    request = PayTriggers(
        op_id=f"triggers:{user.channel}:{user.name}:{trace or uuid.uuid4().hex}",
        channel=user.channel,
        at_ms=due.at_ms,
        day=live.calendar.day(due.at_ms),
        awards=await _multiplied(world, user.channel, due.at_ms, due.effect.awards),
        tallies=due.effect.tallies,
        gate=earning_gate(live.settings.onboarding),
    )
    await _tell(world, receipts, user, request, trace)


async def settle(world: World, receipt: Receipt, deed: Deed) -> None:
    """Ask again for what nobody knows of, until the books have answered."""
    try:
        receipt.send(await commit(world.ledger, deed))
    except RuntimeFault:
        receipt.give_up()


async def book(world: World, request: PayTriggers) -> Answer:
    """Multiply what a command pays and book it at once; raises as `ledger.client.commit`."""
    awards = await _multiplied(world, request.channel, request.at_ms, request.awards)
    answer = await commit(world.ledger, replace(request, awards=awards))
    if isinstance(answer, TriggersPaid) and not answer.replayed:
        measure(world, request.channel, answer.paid)
    return answer


async def _tell(
    world: World, receipts: Receipts, user: UserKey, deed: Deed, trace: str | None
) -> None:
    if not (deed.awards or deed.tallies or _is_worth_counting(world, user)):
        world.ledger.offer(Commit(deed))
        return
    receipt = receipts.issue(user.name, deed, trace)
    try:
        await world.ledger.send(Commit(deed, receipt), timeout_s=COMMIT_TIMEOUT_S)
    except RuntimeFault:
        receipt.give_up()


def _is_worth_counting(world: World, user: UserKey) -> bool:
    """Whether the number of lines alone may win something."""
    achievements = world.live.settings.achievements
    return is_open(achievements, "lifetime_messages", world.won.get(user, ()))


async def _multiplied(
    world: World, channel: str, at_ms: int, awards: tuple[TriggerAward, ...]
) -> tuple[TriggerAward, ...]:
    """Rank, then everything that is active in the channel (`spec/earning.md` 2.1)."""
    if not awards:
        return awards
    names = [award.name for award in awards]
    tiers = await rank_indexes(world, channel, names)
    rates = rates_now(world, channel, at_ms)
    multiplied = []
    for award in awards:
        name, trigger_id, reason, amount, limit, related_user, _ = award
        amount, metadata = rates.of(amount, tiers.get(name, 0))
        multiplied.append(
            TriggerAward(name, trigger_id, reason, amount, limit, related_user, metadata)
        )
    return tuple(multiplied)
