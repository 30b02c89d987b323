"""What a user has reached: milestones, streak days, ranks, levels, achievements; stored and told.

What a user's time in the channel brings is one operation each, named after user and day, so that
asking again after a crash or a restart pays nothing twice. A promotion is stored first and told
afterwards, so that it is told once however many see the same facts. What could not be stored now
is found again with the user's next credit or minute.
"""

import structlog

from economy_actors.context import Context, note_highlight, notify, shown_name
from economy_actors.handlers.registry import COMMANDS
from economy_actors.messages.channel import ChannelMessage, LevelDue, NoticeOwed
from economy_actors.messages.gateway import GiveRank
from economy_actors.messages.ledger import commit
from economy_actors.messages.session import AttendanceDue
from economy_actors.outbox.message import Line
from economy_actors.runtime import Ref, RuntimeFault
from kryten_economy.config.achievements import Achievement
from kryten_economy.features import achievements as achievements_texts
from kryten_economy.features.achievements import Award, Awarded, reached
from kryten_economy.features.money.texts import currency_variables
from kryten_economy.features.presence import texts as presence_texts
from kryten_economy.features.presence.operations import ClaimMilestone, MilestoneClaimed
from kryten_economy.features.presence.rules import earning_gate, milestones_met, qualifies
from kryten_economy.features.ranks import texts
from kryten_economy.features.ranks.operations import (
    IntendLevel,
    LevelIntended,
    RankStored,
    StoreLevel,
    StoreRank,
)
from kryten_economy.features.ranks.rules import RankStep, brings
from kryten_economy.features.streaks import texts as streaks_texts
from kryten_economy.features.streaks.operations import DayQualified, QualifyDay
from kryten_economy.features.streaks.rules import ANNOUNCED, terms
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import Conflict
from kryten_economy.users import UserKey

__all__ = (
    "ask_level",
    "give_level",
    "level_given",
    "made",
    "settle",
    "tell_welcome_back",
)


async def settle(
    context: Context,
    user: UserKey,
    message: AttendanceDue,
    *,
    trace: str | None,
) -> bool:
    """Claim all that so many minutes have reached; whether the books hold all of it now."""
    settled = True
    if qualifies(context.live.settings, message.minutes):
        settled = await _qualify(context, user, message, trace)
    milestones = context.live.settings.presence.hourly_milestones
    for hours, reward_z in milestones_met(milestones, message.minutes):
        settled &= await _claim(context, user, message, hours, reward_z, trace)
    return settled


async def _claim(
    context: Context,
    user: UserKey,
    message: AttendanceDue,
    hours: int,
    reward_z: int,
    trace: str | None,
) -> bool:
    settings = context.live.settings
    request = ClaimMilestone(
        op_id=f"milestone:{user.channel}:{user.name}:{message.day}:{hours}h",
        user=user,
        at_ms=message.at_ms,
        day=message.day,
        hours=hours,
        amount_z=reward_z,
        gate=earning_gate(settings.onboarding),
    )
    match await commit(context.ledger, request):
        case MilestoneClaimed(paid_z=paid_z, wallet=wallet, replayed=replayed):
            if paid_z and not replayed:
                text = presence_texts.milestone(
                    hours, paid_z, wallet.balance_z, settings.currency.symbol
                )
                notify(context, wallet, text, trace=trace)
            return True
        case refusal:
            return _is_done(refusal)


async def _qualify(
    context: Context,
    user: UserKey,
    message: AttendanceDue,
    trace: str | None,
) -> bool:
    settings = context.live.settings
    daily, bridge = settings.streaks.daily, settings.streaks.weekend_weekday_bridge
    request = QualifyDay(
        op_id=f"qualify:{user.channel}:{user.name}:{message.day}",
        user=user,
        at_ms=message.at_ms,
        day=message.day,
        streak=terms(daily) if daily.enabled else None,
        bridge_z=bridge.bonus if bridge.enabled else None,
        remind=bridge.announce_on_weekend,
        gate=earning_gate(settings.onboarding),
    )
    match await commit(context.ledger, request):
        case DayQualified(replayed=True):
            return True
        case DayQualified() as qualified:
            _tell_streak(context, qualified, trace)
            _tell_bridge(context, qualified, trace)
            return True
        case refusal:
            return _is_done(refusal)


def tell_welcome_back(context: Context, wallet: Wallet, paid_z: int, *, trace: str | None) -> None:
    """Tell the bonus for somebody who was away for days (`earning.md` 7)."""
    settings = context.live.settings
    words = currency_variables(settings.currency)
    text = presence_texts.welcome_back(settings.retention.welcome_back.message, paid_z, words)
    notify(context, wallet, text, trace=trace)


def _is_done(refusal: object) -> bool:
    # The id names user and day. If it was used under other settings, the award was decided
    # then; anything else (a read-only channel, say) is tried again at the next tick.
    return isinstance(refusal, Conflict)


def _tell_streak(context: Context, qualified: DayQualified, trace: str | None) -> None:
    settings, wallet, days = context.live.settings, qualified.wallet, qualified.streak_days
    if days is None:
        return
    for reward in qualified.rewards:
        is_bonus = reward.trigger_id.startswith("streak.milestone.")
        tell = streaks_texts.streak_bonus if is_bonus else streaks_texts.streak_day
        notify(context, wallet, tell(days, reward.amount_z, settings.currency.symbol), trace=trace)
    if days in ANNOUNCED and not wallet.banned:
        templates = settings.announcements.templates
        text = streaks_texts.streak_announced(
            templates.streak, _shown(context, wallet), days, currency_variables(settings.currency)
        )
        line = Line(text, gate="streak_milestone", trace=trace)
        context.outboxes[wallet.user.channel].offer(line, trace=trace)


def _shown(context: Context, wallet: Wallet) -> str:
    return shown_name(context, wallet.user, wallet.display_name)


def _tell_bridge(context: Context, qualified: DayQualified, trace: str | None) -> None:
    settings, wallet = context.live.settings, qualified.wallet
    if qualified.bridge_z:
        text = streaks_texts.bridge(qualified.bridge_z, settings.currency.symbol)
        notify(context, wallet, text, trace=trace)
    if qualified.remind and not wallet.banned:
        bridge = settings.streaks.weekend_weekday_bridge
        words = currency_variables(settings.currency)
        notify(
            context,
            wallet,
            streaks_texts.bridge_reminder(bridge.message, bridge.bonus, words),
            trace=trace,
        )


_log = structlog.get_logger("progress")


async def made(
    context: Context, channel: Ref[ChannelMessage], wallet: Wallet, *, trace: str | None
) -> None:
    """Store and tell what the wallet has reached; never fails for want of the books.

    What a reward in turn reaches follows from the facts of that reward.
    """
    live = context.live
    due = reached(wallet, live.ladder, live.settings.achievements)
    if due is None:
        return
    try:
        if due.rank is not None:
            await _store_rank(context, channel, wallet, due.rank, trace)
        for achievement in due.achievements:
            await _award(context, wallet, achievement, trace)
    except RuntimeFault:
        _log.warning("progress waits for the next occasion", user=wallet.display_name, trace=trace)


async def _store_rank(
    context: Context,
    channel: Ref[ChannelMessage],
    wallet: Wallet,
    step: RankStep,
    trace: str | None,
) -> None:
    at_ms = context.clock.now_ms()
    request = StoreRank(
        user=wallet.user,
        rank_name=step.name,
        was_name=wallet.rank_name,
        was_held_from_z=wallet.rank_held_from_z,
        promoted=step.promoted,
        at_ms=at_ms,
        day=context.live.calendar.day(at_ms),
        announced_tier=step.index if context.live.settings.announcements.rank_promotion else None,
        earned_z=wallet.lifetime_earned_z,
    )
    answer = await commit(context.ledger, request)
    if isinstance(answer, RankStored) and answer.changed and step.promoted:
        if answer.notice is not None:
            channel.offer(NoticeOwed(answer.notice))
        _tell_promotion(context, channel, answer.wallet, step, trace)


def _tell_promotion(
    context: Context,
    channel: Ref[ChannelMessage],
    wallet: Wallet,
    step: RankStep,
    trace: str | None,
) -> None:
    settings = context.live.settings
    perks, discount_percent = brings(settings.ranks, step.index, COMMANDS.usable(settings))
    text = texts.promoted(step.name, perks, discount_percent)
    notify(context, wallet, text, trace=trace)
    ask_level(context, channel, wallet)


async def _award(
    context: Context, wallet: Wallet, achievement: Achievement, trace: str | None
) -> None:
    at_ms = context.clock.now_ms()
    answer = await commit(
        context.ledger,
        Award(
            op_id=f"achievement:{wallet.user.channel}:{wallet.user.name}:{achievement.id}",
            user=wallet.user,
            achievement_id=achievement.id,
            description=achievement.description,
            reward_z=achievement.reward,
            reward_percent=achievement.reward_percent_of_earnings,
            at_ms=at_ms,
            day=context.live.calendar.day(at_ms),
        ),
    )
    if isinstance(answer, Awarded) and answer.new and not answer.replayed:
        _tell_award(context, answer, achievement, trace)


def _tell_award(
    context: Context, answer: Awarded, achievement: Achievement, trace: str | None
) -> None:
    settings, wallet = context.live.settings, answer.wallet
    text = achievements_texts.achieved(
        achievement.description, answer.reward_z, settings.currency.symbol
    )
    notify(context, wallet, text, trace=trace)
    if settings.announcements.achievement_milestone and achievement.announce_public is not False:
        line = achievements_texts.achieved_public(_shown(context, wallet), achievement.description)
        outbox = context.outboxes[wallet.user.channel]
        outbox.offer(Line(line, gate="achievement_milestone", batch=True))
        note_highlight(context, wallet.user, line)


def ask_level(context: Context, channel: Ref[ChannelMessage], wallet: Wallet) -> None:
    """Ask for the CyTube level of the user's rank, unless it was given (`spending.md` 8)."""
    if wallet.banned:
        return
    tiers = context.live.settings.ranks.tiers
    index = context.live.ladder.effective(
        wallet.rank_name, wallet.lifetime_earned_z, wallet.rank_held_from_z
    )
    levels = [tier.cytube_level_promotion for tier in tiers[: index + 1]]
    level = next((each for each in reversed(levels) if each is not None), 0)
    if level > wallet.cytube_level:
        channel.offer(LevelDue(wallet.display_name, level))


async def give_level(context: Context, user: UserKey, display_name: str, level: int) -> None:
    """Have CyTube give the level, of which the books know first."""
    at_ms = context.clock.now_ms()
    request = IntendLevel(user, level, at_ms, context.live.calendar.day(at_ms))
    gateway = context.gateway
    try:
        answer = await commit(context.ledger, request)
    except RuntimeFault:
        gateway = None
    else:
        if not isinstance(answer, LevelIntended) or not answer.needed:
            return
    if gateway is None or not gateway.offer(GiveRank(user.channel, display_name, level)):
        _log.warning("level waits for the next arrival", user=display_name)


async def level_given(
    context: Context, channel: Ref[ChannelMessage], user: UserKey, level: int
) -> None:
    """Store the level that CyTube has confirmed; with it the user is owed the news."""
    at_ms = context.clock.now_ms()
    try:
        answer = await commit(
            context.ledger, StoreLevel(user, level, at_ms, context.live.calendar.day(at_ms))
        )
    except RuntimeFault:
        _log.warning("level is confirmed at the next start", user=user.name)
        return
    if isinstance(answer, RankStored) and answer.notice is not None:
        channel.offer(NoticeOwed(answer.notice))
