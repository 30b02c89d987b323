"""Storing and telling what a user has reached: ranks, levels, achievements.

A promotion is stored first and told afterwards, so that it is told once however many look at the
same facts. What could not be stored now is found again with the user's next credit or minute.
"""

import structlog

from economy_actors.channel.messages import ChannelMessage, LevelDue, NoticeOwed
from economy_actors.context import World
from economy_actors.gateway.messages import GiveRank
from economy_actors.handlers.registry import COMMANDS
from economy_actors.ledger.client import commit
from economy_actors.notices import notify
from economy_actors.outbox.message import Line
from economy_actors.runtime import Ref, RuntimeFault
from kryten_economy.config.achievements import Achievement
from kryten_economy.features.achievements import texts as achievements_texts
from kryten_economy.features.achievements.operations import Award, Awarded
from kryten_economy.features.achievements.progress import reached
from kryten_economy.features.ranks import texts
from kryten_economy.features.ranks.operations import (
    IntendLevel,
    LevelIntended,
    RankStored,
    StoreLevel,
    StoreRank,
)
from kryten_economy.features.ranks.rules import RankStep, brings
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.users import UserKey

__all__ = ("ask_level", "give_level", "level_given", "made")

_log = structlog.get_logger("progress")


async def made(
    world: World, channel: Ref[ChannelMessage], wallet: Wallet, *, trace: str | None
) -> None:
    """Store and tell what the wallet has reached; never fails for want of the books.

    What a reward in turn reaches follows from the facts of that reward.
    """
    live = world.live
    due = reached(wallet, live.ladder, live.settings.achievements)
    if due is None:
        return
    try:
        if due.rank is not None:
            await _store_rank(world, channel, wallet, due.rank, trace)
        for achievement in due.achievements:
            await _award(world, wallet, achievement, trace)
    except RuntimeFault:
        _log.warning("progress waits for the next occasion", user=wallet.display_name, trace=trace)


async def _store_rank(
    world: World,
    channel: Ref[ChannelMessage],
    wallet: Wallet,
    step: RankStep,
    trace: str | None,
) -> None:
    at_ms = world.clock.now_ms()
    request = StoreRank(
        user=wallet.user,
        rank_name=step.name,
        was_name=wallet.rank_name,
        was_held_from_z=wallet.rank_held_from_z,
        promoted=step.promoted,
        at_ms=at_ms,
        day=world.live.calendar.day(at_ms),
        announced_tier=step.index if world.live.settings.announcements.rank_promotion else None,
    )
    answer = await commit(world.ledger, request)
    if isinstance(answer, RankStored) and answer.changed and step.promoted:
        if answer.notice is not None:
            channel.offer(NoticeOwed(answer.notice))
        _tell_promotion(world, channel, answer.wallet, step, trace)


def _tell_promotion(
    world: World,
    channel: Ref[ChannelMessage],
    wallet: Wallet,
    step: RankStep,
    trace: str | None,
) -> None:
    settings = world.live.settings
    perks, discount_percent = brings(settings.ranks, step.index, COMMANDS.usable(settings))
    text = texts.promoted(step.name, perks, discount_percent)
    notify(world, wallet, text, trace=trace)
    ask_level(world, channel, wallet)


async def _award(world: World, wallet: Wallet, achievement: Achievement, trace: str | None) -> None:
    at_ms = world.clock.now_ms()
    answer = await commit(
        world.ledger,
        Award(
            op_id=f"achievement:{wallet.user.channel}:{wallet.user.name}:{achievement.id}",
            user=wallet.user,
            achievement_id=achievement.id,
            description=achievement.description,
            reward_z=achievement.reward,
            reward_percent=achievement.reward_percent_of_earnings,
            at_ms=at_ms,
            day=world.live.calendar.day(at_ms),
        ),
    )
    if isinstance(answer, Awarded) and answer.new and not answer.replayed:
        _tell_award(world, answer, achievement, trace)


def _tell_award(world: World, answer: Awarded, achievement: Achievement, trace: str | None) -> None:
    settings, wallet = world.live.settings, answer.wallet
    text = achievements_texts.achieved(
        achievement.description, answer.reward_z, settings.currency.symbol
    )
    notify(world, wallet, text, trace=trace)
    if settings.announcements.achievement_milestone and achievement.announce_public is not False:
        line = achievements_texts.achieved_public(wallet.display_name, achievement.description)
        outbox = world.outboxes[wallet.user.channel]
        outbox.offer(Line(line, gate="achievement_milestone", batch=True))


def ask_level(world: World, channel: Ref[ChannelMessage], wallet: Wallet) -> None:
    """Ask for the CyTube level of the user's rank, unless it was given (`spending.md` 8)."""
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


async def give_level(world: World, user: UserKey, display_name: str, level: int) -> None:
    """Have CyTube give the level, of which the books know first."""
    at_ms = world.clock.now_ms()
    request = IntendLevel(user, level, at_ms, world.live.calendar.day(at_ms))
    gateway = world.gateway
    try:
        answer = await commit(world.ledger, request)
    except RuntimeFault:
        gateway = None
    else:
        if not isinstance(answer, LevelIntended) or not answer.needed:
            return
    if gateway is None or not gateway.offer(GiveRank(user.channel, display_name, level)):
        _log.warning("level waits for the next arrival", user=display_name)


async def level_given(
    world: World, channel: Ref[ChannelMessage], user: UserKey, level: int
) -> None:
    """Store the level that CyTube has confirmed; with it the user is owed the news."""
    at_ms = world.clock.now_ms()
    try:
        answer = await commit(
            world.ledger, StoreLevel(user, level, at_ms, world.live.calendar.day(at_ms))
        )
    except RuntimeFault:
        _log.warning("level is confirmed at the next start", user=user.name)
        return
    if isinstance(answer, RankStored) and answer.notice is not None:
        channel.offer(NoticeOwed(answer.notice))
