"""Awarding what a user has achieved (`spec/progression.md` 2).

The books decide whether an achievement is new; what is known to be won is only remembered so
that nobody asks them again at every credit.
"""

from economy_actors.context import World
from economy_actors.ledger.client import commit, look
from economy_actors.notices import notify
from economy_actors.outbox.message import Line
from kryten_economy.config.achievements import Achievement
from kryten_economy.features.achievements import texts
from kryten_economy.features.achievements.rules import Facts, earned_now
from kryten_economy.ledger import Award, Awarded, Wallet
from kryten_economy.refusals import Conflict

__all__ = ("award_due", "facts_of", "known_won", "may_be_due")

_REMEMBERED_MAX = 20_000


def facts_of(
    world: World,
    wallet: Wallet,
    minutes_present: int | None = None,
    emotes_used: int | None = None,
) -> Facts:
    """What achievements are measured by."""
    return Facts(
        earned_z=wallet.lifetime_earned_z,
        spent_z=wallet.lifetime_spent_z,
        gambled_z=wallet.lifetime_gambled_in_z,
        biggest_win_z=wallet.biggest_win_z,
        tip_recipients=wallet.tip_recipients,
        tip_senders=wallet.tip_senders,
        messages=wallet.lifetime_messages,
        streak_days=wallet.streak_days,
        rank=world.live.ladder.effective(
            wallet.rank_name, wallet.lifetime_earned_z, wallet.rank_held_from_z
        ),
        minutes_present=minutes_present,
        emotes_used=emotes_used,
    )


def may_be_due(world: World, wallet: Wallet) -> bool:
    """Whether a rank or an achievement may be waiting for the wallet; most credits reach none."""
    live = world.live
    held_z = wallet.rank_held_from_z
    if live.ladder.step(wallet.rank_name, wallet.lifetime_earned_z, held_z) is not None:
        return True
    achievements = live.settings.achievements
    won = world.won.get(wallet.user, ())
    return bool(achievements and earned_now(achievements, facts_of(world, wallet), won))


async def known_won(world: World, wallet: Wallet) -> frozenset[str]:
    """The ids of what the user has won."""
    won = world.won.get(wallet.user)
    if won is None:
        rows = await look(world.reader, lambda reports: reports.awards(wallet.user))
        if len(world.won) >= _REMEMBERED_MAX:
            world.won.clear()
        won = world.won[wallet.user] = frozenset(row.achievement_id for row in rows)
    return won


async def award_due(
    world: World,
    wallet: Wallet,
    minutes_present: int | None,
    trace: str | None,
    emotes_used: int | None = None,
) -> Wallet:
    """Award everything whose condition is met; answers the wallet after it."""
    facts = facts_of(world, wallet, minutes_present, emotes_used)
    achievements = world.live.settings.achievements
    if not earned_now(achievements, facts, world.won.get(wallet.user, ())):
        return wallet
    for achievement in earned_now(achievements, facts, await known_won(world, wallet)):
        wallet = await _award(world, wallet, achievement, trace)
    return wallet


async def _award(
    world: World, wallet: Wallet, achievement: Achievement, trace: str | None
) -> Wallet:
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
    # A conflict: won before under another reward.
    if isinstance(answer, Awarded | Conflict):
        world.won[wallet.user] = world.won.get(wallet.user, frozenset()) | {achievement.id}
    if not isinstance(answer, Awarded):
        return wallet
    if answer.new:
        _tell(world, answer, achievement, trace)
    return answer.wallet


def _tell(world: World, answer: Awarded, achievement: Achievement, trace: str | None) -> None:
    settings, wallet = world.live.settings, answer.wallet
    channel = wallet.user.channel
    world.metrics.achieved()
    if answer.reward_z:
        world.metrics.earned(answer.reward_z)
        world.metrics.trigger(channel, f"achievement.{achievement.id}", answer.reward_z)
    text = texts.achieved(achievement.description, answer.reward_z, settings.currency.symbol)
    notify(world, wallet, text, trace=trace)
    if settings.announcements.achievement_milestone and achievement.announce_public is not False:
        line = texts.achieved_public(wallet.display_name, achievement.description)
        world.outboxes[channel].offer(Line(line, gate="achievement_milestone", batch=True))
