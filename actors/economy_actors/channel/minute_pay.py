"""What each user gets for a presence tick, multiplied and made whole (`spec/earning.md` 2.1)."""

from economy_actors.ledger.client import look
from economy_actors.multipliers import multipliers_now
from economy_actors.observability.metrics import Metrics
from economy_actors.world import World
from kryten_economy.ledger import PresenceEntry, PresenceFact, PresenceMinute, Reports
from kryten_economy.rules.fractions import Accumulator
from kryten_economy.rules.minutes import MinuteWorth, minute_rate, minute_worth, rank_factor
from kryten_economy.rules.multipliers import with_carry
from kryten_economy.rules.presence import MinuteShare
from kryten_economy.rules.ranks import Ladder
from kryten_economy.users import UserKey

__all__ = ("count_minutes", "minute_entries")

NIGHT_TRIGGER = "presence.night_watch"


async def minute_entries(
    world: World, channel: str, at_ms: int, shares: list[MinuteShare], fractions: Accumulator
) -> tuple[PresenceEntry, ...]:
    """One entry per share; the parts of coins stay in ``fractions`` under the user's name."""
    settings, calendar = world.live.settings, world.live.calendar
    rate = minute_rate(settings, calendar.hour(at_ms))
    combined = multipliers_now(world, channel, at_ms)
    tiers = await _tiers(world, channel, at_ms, shares)
    worths: dict[tuple[int, int, int], MinuteWorth] = {}
    entries = []
    for visit, minutes, active in shares:
        # Most users of a tick share one of very few cases.
        case = (minutes, active, tiers.get(visit.name, 0))
        worth = worths.get(case)
        if worth is None:
            rank = rank_factor(settings, case[2])
            worth = worths[case] = minute_worth(rate, minutes, active, combined, rank)
        before = fractions.held(visit.name)
        credit_z = fractions.add(visit.name, worth.amount)
        base = rate.plain(minutes, active)
        night_z = None
        if rate.is_night:
            night_z = fractions.add((visit.name, NIGHT_TRIGGER), worth.night)
        entries.append(
            PresenceEntry(
                visit.name,
                visit.display_name,
                minutes,
                active,
                credit_z,
                with_carry(worth.metadata, base, before, fractions.held(visit.name)),
                night_z,
            )
        )
    return tuple(entries)


def count_minutes(
    metrics: Metrics, request: PresenceMinute, paid: tuple[PresenceFact, ...]
) -> None:
    """Show what a tick paid, and the part that the night watch added to it."""
    total_z = sum(fact.credited_z for fact in paid)
    metrics.earned(total_z)
    hits = sum(1 for fact in paid if fact.credited_z)
    metrics.trigger(request.channel, "presence.base", total_z, hits)
    night = [
        entry.night_z
        for entry, fact in zip(request.entries, paid, strict=True)
        if fact.credited_z and entry.night_z is not None
    ]
    if night:
        metrics.trigger(request.channel, NIGHT_TRIGGER, sum(night), len(night))


async def _tiers(
    world: World, channel: str, at_ms: int, shares: list[MinuteShare]
) -> dict[str, int]:
    """The rank index of those who have an account; empty where ranks do not multiply."""
    ranks = world.live.settings.ranks
    if not ranks.earn_multiplier_per_rank:
        return {}
    ladder, day = Ladder(ranks.tiers), world.live.calendar.day(at_ms)

    def read(reports: Reports) -> dict[str, int]:
        found = {}
        for share in shares:
            wallet = reports.wallet(UserKey(channel, share.visit.name), day)
            if wallet is not None:
                found[share.visit.name] = ladder.effective(
                    wallet.rank_name, wallet.lifetime_earned_z, wallet.rank_held_from_z
                )
        return found

    return await look(world.reader, read)
