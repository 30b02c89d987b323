"""A user's chat lines on their way to the books: counted, and paid what they set off.

What a line sets off was judged by the channel (`rules.conversation`); here it is multiplied and
booked in one operation. A line that sets nothing off is told to the books and not waited for.
"""

import uuid
from dataclasses import replace

import structlog

from economy_actors.channel.messages import ChannelMessage, Rewarded
from economy_actors.ledger.client import commit, look
from economy_actors.ledger.messages import Commit
from economy_actors.multipliers import multipliers_now
from economy_actors.runtime import Ref, RuntimeFault
from economy_actors.session import aliases, emoting, progress
from economy_actors.session.messages import ChatLine, Deserved
from economy_actors.world import World
from kryten_economy.ledger import (
    Answer,
    ChatRecorded,
    PaidTrigger,
    PayTriggers,
    RecordChat,
    Reports,
    TriggersPaid,
)
from kryten_economy.rules.awards import TriggerAward
from kryten_economy.rules.minutes import rank_factor
from kryten_economy.rules.multipliers import exact, metadata
from kryten_economy.rules.onboarding import earning_gate
from kryten_economy.rules.ranks import Ladder
from kryten_economy.users import UserKey

__all__ = ("book", "pay", "record")

_log = structlog.get_logger("chat")


async def record(
    world: World, channel: Ref[ChannelMessage], user: UserKey, line: ChatLine, trace: str | None
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
        awards=effect.awards,
        gate=earning_gate(live.settings.onboarding),
    )
    if not (effect.awards or effect.tallies):
        world.ledger.offer(Commit(request))
        await progress.after_chat(world, channel, user, line.display_name, trace=trace)
    else:
        await _settle(world, channel, user, request, trace)
    if effect.emotes:
        await emoting.after_emotes(world, channel, user, line.display_name, trace=trace)


async def pay(
    world: World, channel: Ref[ChannelMessage], user: UserKey, due: Deserved, trace: str | None
) -> None:
    """Pay what no line of the user's own set off."""
    live = world.live
    request = PayTriggers(
        op_id=f"triggers:{user.channel}:{user.name}:{trace or uuid.uuid4().hex}",
        channel=user.channel,
        at_ms=due.at_ms,
        day=live.calendar.day(due.at_ms),
        awards=due.effect.awards,
        tallies=due.effect.tallies,
        gate=earning_gate(live.settings.onboarding),
    )
    await _settle(world, channel, user, request, trace)


async def _settle(
    world: World,
    channel: Ref[ChannelMessage],
    user: UserKey,
    request: RecordChat | PayTriggers,
    trace: str | None,
) -> None:
    try:
        await book(world, channel, user, request, trace)
    except RuntimeFault:
        _log.warning("triggers not booked", channel=user.channel, user=user.name, trace=trace)


async def book(
    world: World,
    channel: Ref[ChannelMessage],
    user: UserKey,
    request: RecordChat | PayTriggers,
    trace: str | None,
) -> Answer:
    """Multiply the awards, book them and see to what follows; raises as `ledger.client.commit`."""
    awards = await _multiplied(world, user.channel, request.at_ms, request.awards)
    answer = await commit(world.ledger, replace(request, awards=awards))
    if isinstance(answer, ChatRecorded | TriggersPaid):
        await _follow(world, channel, user, answer, trace)
    return answer


async def _follow(
    world: World,
    channel: Ref[ChannelMessage],
    user: UserKey,
    answer: ChatRecorded | TriggersPaid,
    trace: str | None,
) -> None:
    """Measure what was paid, and let the paid look at what they have reached."""
    if not answer.replayed:
        _measure(world, user.channel, answer.paid)
    wallets = {each.name: each.wallet for each in answer.paid if each.amount_z}
    own = wallets.pop(user.name, None)
    if isinstance(answer, ChatRecorded):
        own = answer.wallet
    if own is not None:
        await progress.after(world, channel, own, trace=trace)
    if wallets:
        channel.offer(Rewarded(tuple(wallets)))


def _measure(world: World, channel: str, paid: tuple[PaidTrigger, ...]) -> None:
    for each in paid:
        if each.amount_z:
            world.metrics.earned(each.amount_z)
            world.metrics.trigger(channel, each.trigger_id, each.amount_z)


async def _multiplied(
    world: World, channel: str, at_ms: int, awards: tuple[TriggerAward, ...]
) -> tuple[TriggerAward, ...]:
    """Rank, then everything that is active in the channel (`spec/earning.md` 2.1)."""
    combined = multipliers_now(world, channel, at_ms)
    tiers = await _tiers(world, channel, at_ms, awards)
    if not combined.factors and not tiers:
        return awards
    multiplied = []
    for award in awards:
        all_factors = combined.also(rank_factor(world.live.settings, tiers.get(award.name, 0)))
        amount = exact(award.amount) * all_factors.product
        multiplied.append(
            award._replace(amount=float(amount), metadata=metadata(award.amount, all_factors))
        )
    return tuple(multiplied)


async def _tiers(
    world: World, channel: str, at_ms: int, awards: tuple[TriggerAward, ...]
) -> dict[str, int]:
    """The rank index of the receivers; empty where ranks do not multiply."""
    ranks = world.live.settings.ranks
    if not ranks.earn_multiplier_per_rank or not awards:
        return {}
    ladder, day = Ladder(ranks.tiers), world.live.calendar.day(at_ms)

    def read(reports: Reports) -> dict[str, int]:
        found = {}
        for name in {award.name for award in awards}:
            wallet = reports.wallet(UserKey(channel, name), day)
            if wallet is not None:
                found[name] = ladder.effective(
                    wallet.rank_name, wallet.lifetime_earned_z, wallet.rank_held_from_z
                )
        return found

    return await look(world.reader, read)
