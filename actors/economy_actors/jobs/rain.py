"""Ambient rain: one amount for all who are here, told in the channel first (P-MSG-3)."""

import structlog

from economy_actors.context import World
from economy_actors.earning_terms import multipliers_now
from economy_actors.jobs.presence import present_users
from economy_actors.ledger.client import commit, query
from economy_actors.notices import notify
from economy_actors.outbox.message import Line
from kryten_economy.features.events.rules import metadata
from kryten_economy.features.gifts import texts
from kryten_economy.features.gifts.operations import Distributed, RainDrop, RainShare
from kryten_economy.features.gifts.rules import rain_amount, rain_perk
from kryten_economy.features.money.texts import currency_variables
from kryten_economy.features.presence.onboarding import earning_gate
from kryten_economy.features.presence.rules import Present
from kryten_economy.features.ranks.rules import perks_of

__all__ = ("let_it_rain",)

_log = structlog.get_logger("rain")


async def let_it_rain(world: World, channel: str) -> None:
    """Let one drop fall; nobody here, nothing falls."""
    settings = world.live.settings
    present = present_users(world, channel)
    if not present:
        return
    at_ms = world.clock.now_ms()
    base_z = world.dice.between(settings.rain.min_amount, settings.rain.max_amount)
    request = RainDrop(
        op_id=f"rain:{channel}:{at_ms}",
        channel=channel,
        shares=await _shares(world, channel, at_ms, base_z, present),
        gate=earning_gate(settings.onboarding),
        at_ms=at_ms,
        day=world.live.calendar.day(at_ms),
    )
    answer = await commit(world.ledger, request)
    if not isinstance(answer, Distributed):
        _log.error("no rain", channel=channel, reason=repr(answer))
        return
    if answer.paid:
        _tell(world, channel, answer)


async def _shares(
    world: World, channel: str, at_ms: int, base_z: int, present: tuple[Present, ...]
) -> tuple[RainShare, ...]:
    events = multipliers_now(world, channel, at_ms).scheduled
    ladder, names = world.live.ladder, {each.name for each in present}
    known = await query(world.reader, lambda reports: reports.rank_facts(channel, names))
    indexes = {
        name: ladder.effective(rank_name, earned_z, held_from_z)
        for name, rank_name, earned_z, held_from_z in known
    }
    shares = []
    for each in present:
        bonus = perks_of(world.live.settings.ranks, indexes.get(each.name, 0)).rain_bonus_percent
        amount_z = rain_amount(base_z, events.product, bonus)
        why = metadata(base_z, events.also(rain_perk(bonus)))
        shares.append(RainShare(each.name, each.display_name, amount_z, why))
    return tuple(shares)


def _tell(world: World, channel: str, answer: Distributed) -> None:
    settings = world.live.settings
    currency = currency_variables(settings.currency)
    amounts = [each.amount_z for each in answer.paid]
    text = texts.rain_line(
        settings.announcements.templates.rain,
        currency,
        count=len(amounts),
        total_z=sum(amounts),
        each_z=min(amounts),
        sender=settings.bot.username,
    )
    world.outboxes[channel].offer(Line(text, gate="rain_drop"))
    if settings.rain.pm_notification:
        for each in answer.paid:
            told = texts.rain_notice(settings.rain.message, each.amount_z, currency)
            notify(world, each.wallet, told)
