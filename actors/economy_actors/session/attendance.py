"""What a user's time in the channel brings: milestones, streak days, the weekend bridge.

Each is one operation of the books, named after user and day, so that asking again after a
crash or a restart pays nothing twice. The session tells, the books decide.
"""

from economy_actors.context import World
from economy_actors.ledger.client import commit
from economy_actors.notices import notify
from economy_actors.outbox.message import Line
from economy_actors.session.messages import AttendanceDue
from kryten_economy.features.money.texts import currency_variables
from kryten_economy.features.presence import texts as presence_texts
from kryten_economy.features.presence.attendance import milestones_met, qualifies
from kryten_economy.features.presence.milestones import ClaimMilestone, MilestoneClaimed
from kryten_economy.features.presence.onboarding import earning_gate
from kryten_economy.features.streaks import texts as streaks_texts
from kryten_economy.features.streaks.operations import DayQualified, QualifyDay
from kryten_economy.features.streaks.rules import ANNOUNCED, terms
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import Conflict
from kryten_economy.users import UserKey

__all__ = ("settle", "tell_welcome_back")


async def settle(
    world: World,
    user: UserKey,
    message: AttendanceDue,
    *,
    trace: str | None,
) -> bool:
    """Claim all that so many minutes have reached; whether the books hold all of it now."""
    settled = True
    if qualifies(world.live.settings, message.minutes):
        settled = await _qualify(world, user, message, trace)
    milestones = world.live.settings.presence.hourly_milestones
    for hours, reward_z in milestones_met(milestones, message.minutes):
        settled &= await _claim(world, user, message, hours, reward_z, trace)
    return settled


async def _claim(
    world: World,
    user: UserKey,
    message: AttendanceDue,
    hours: int,
    reward_z: int,
    trace: str | None,
) -> bool:
    settings = world.live.settings
    request = ClaimMilestone(
        op_id=f"milestone:{user.channel}:{user.name}:{message.day}:{hours}h",
        user=user,
        at_ms=message.at_ms,
        day=message.day,
        hours=hours,
        amount_z=reward_z,
        gate=earning_gate(settings.onboarding),
    )
    match await commit(world.ledger, request):
        case MilestoneClaimed(paid_z=paid_z, wallet=wallet, replayed=replayed):
            if paid_z and not replayed:
                text = presence_texts.milestone(
                    hours, paid_z, wallet.balance_z, settings.currency.symbol
                )
                notify(world, wallet, text, trace=trace)
            return True
        case refusal:
            return _is_done(refusal)


async def _qualify(
    world: World,
    user: UserKey,
    message: AttendanceDue,
    trace: str | None,
) -> bool:
    settings = world.live.settings
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
    match await commit(world.ledger, request):
        case DayQualified(replayed=True):
            return True
        case DayQualified() as qualified:
            _tell_streak(world, qualified, trace)
            _tell_bridge(world, qualified, trace)
            return True
        case refusal:
            return _is_done(refusal)


def tell_welcome_back(world: World, wallet: Wallet, paid_z: int, *, trace: str | None) -> None:
    """Tell the bonus for somebody who was away for days (`earning.md` 7)."""
    settings = world.live.settings
    words = currency_variables(settings.currency)
    text = presence_texts.welcome_back(settings.retention.welcome_back.message, paid_z, words)
    notify(world, wallet, text, trace=trace)


def _is_done(refusal: object) -> bool:
    # The id names user and day. If it was used under other settings, the award was decided
    # then; anything else (a read-only channel, say) is tried again at the next tick.
    return isinstance(refusal, Conflict)


def _tell_streak(world: World, qualified: DayQualified, trace: str | None) -> None:
    settings, wallet, days = world.live.settings, qualified.wallet, qualified.streak_days
    if days is None:
        return
    for reward in qualified.rewards:
        is_bonus = reward.trigger_id.startswith("streak.milestone.")
        tell = streaks_texts.streak_bonus if is_bonus else streaks_texts.streak_day
        notify(world, wallet, tell(days, reward.amount_z, settings.currency.symbol), trace=trace)
    if days in ANNOUNCED and not wallet.banned:
        templates = settings.announcements.templates
        text = streaks_texts.streak_announced(
            templates.streak, wallet.display_name, days, currency_variables(settings.currency)
        )
        line = Line(text, gate="streak_milestone", trace=trace)
        world.outboxes[wallet.user.channel].offer(line, trace=trace)


def _tell_bridge(world: World, qualified: DayQualified, trace: str | None) -> None:
    settings, wallet = world.live.settings, qualified.wallet
    if qualified.bridge_z:
        text = streaks_texts.bridge(qualified.bridge_z, settings.currency.symbol)
        notify(world, wallet, text, trace=trace)
    if qualified.remind and not wallet.banned:
        bridge = settings.streaks.weekend_weekday_bridge
        words = currency_variables(settings.currency)
        notify(
            world,
            wallet,
            streaks_texts.bridge_reminder(bridge.message, bridge.bonus, words),
            trace=trace,
        )
