"""What follows from earning: ranks and achievements (`spec/progression.md` 1, 2).

A promotion is stored first and told afterwards, so that it is told once however many look at the
same facts. What could not be stored now is found again at the user's next credit or minute.
"""

import structlog

from economy_actors.channel.messages import ChannelMessage, LevelDue, RankedUp
from economy_actors.context import World
from economy_actors.handlers.registry import COMMANDS
from economy_actors.ledger.client import commit
from economy_actors.notices import notify
from economy_actors.runtime import Ref, RuntimeFault
from economy_actors.session.achieving import award_due
from kryten_economy.features.ranks import texts
from kryten_economy.features.ranks.rules import RankStep, brings
from kryten_economy.ledger import RankStored, StoreLevel, StoreRank, Wallet
from kryten_economy.users import UserKey

__all__ = ("after", "ask_level", "level_given")

_PASSES = 2
"""A reward may itself reach something; what that brings waits for the next occasion."""

_log = structlog.get_logger("progress")


async def after(
    world: World,
    channel: Ref[ChannelMessage],
    wallet: Wallet,
    *,
    trace: str | None,
    minutes_present: int | None = None,
    emotes_used: int | None = None,
) -> None:
    """Do what the facts after a credit call for; never fails for want of the books.

    ``minutes_present`` and the distinct ``emotes_used`` are those of the user's lifetime, where
    they are known.
    """
    if wallet.banned or world.live.ignores(wallet.display_name):
        return
    try:
        for _ in range(_PASSES):
            before = await _check_rank(world, channel, wallet, trace)
            wallet = await award_due(world, before, minutes_present, trace, emotes_used)
            if wallet.lifetime_earned_z == before.lifetime_earned_z:
                break
        else:
            await _check_rank(world, channel, wallet, trace)
    except RuntimeFault:
        _log.warning("progress waits for the next occasion", user=wallet.display_name, trace=trace)


async def _check_rank(
    world: World, channel: Ref[ChannelMessage], wallet: Wallet, trace: str | None
) -> Wallet:
    step = world.live.ladder.step(
        wallet.rank_name, wallet.lifetime_earned_z, wallet.rank_held_from_z
    )
    if step is None:
        return wallet
    at_ms = world.clock.now_ms()
    request = StoreRank(
        user=wallet.user,
        rank_name=step.name,
        was_name=wallet.rank_name,
        was_held_from_z=wallet.rank_held_from_z,
        promoted=step.promoted,
        at_ms=at_ms,
        day=world.live.calendar.day(at_ms),
    )
    answer = await commit(world.ledger, request)
    if not isinstance(answer, RankStored):
        return wallet
    if answer.changed and step.promoted:
        _tell_promotion(world, channel, answer.wallet, step, trace)
    return answer.wallet


def _tell_promotion(
    world: World,
    channel: Ref[ChannelMessage],
    wallet: Wallet,
    step: RankStep,
    trace: str | None,
) -> None:
    settings = world.live.settings
    world.metrics.promoted()
    perks, discount_percent = brings(settings.ranks, step.index, COMMANDS.usable(settings))
    text = texts.promoted(step.name, perks, discount_percent)
    notify(world, wallet, text, trace=trace)
    channel.offer(RankedUp(wallet.display_name, step.index, step.name))
    ask_level(world, channel, wallet)


def ask_level(world: World, channel: Ref[ChannelMessage], wallet: Wallet) -> None:
    """Ask for the CyTube level of the user's rank, unless it was given (`spec/spending.md` 8)."""
    if wallet.banned:
        return
    tiers = world.live.settings.ranks.tiers
    index = world.live.ladder.effective(
        wallet.rank_name, wallet.lifetime_earned_z, wallet.rank_held_from_z
    )
    levels = [tier.cytube_level_promotion for tier in tiers[: index + 1]]
    level = next((each for each in reversed(levels) if each is not None), 0)
    if level > wallet.cytube_level:
        channel.offer(LevelDue(wallet.display_name, level))


async def level_given(world: World, user: UserKey, level: int, *, trace: str | None) -> None:
    """Store the level that CyTube has confirmed, and tell the user."""
    day = world.live.calendar.day(world.clock.now_ms())
    try:
        answer = await commit(world.ledger, StoreLevel(user, level, day))
    except RuntimeFault:
        _log.warning("level waits for the next arrival", user=user.name, trace=trace)
        return
    if isinstance(answer, RankStored) and answer.changed:
        world.metrics.promoted_on_cytube()
        notify(world, answer.wallet, texts.level_given(level), trace=trace)
