"""The seeds of the fair dice: in the books, and their hash told, before anybody plays.

What is told of a day's seed is its hash, as a metric too, so that whoever scrapes the service can
prove later that no seed was exchanged. Where the books can't take a seed nobody plays by one that
was never announced.
"""

from economy_actors.context import Context
from economy_actors.messages.ledger import commit
from kryten_economy.calendar import day_after
from kryten_economy.features.games.rounds import EnsureSeeds

__all__ = ("have_seed", "make_seeds")


async def have_seed(context: Context, channel: str, day: str) -> None:
    """Go on once the seed of this day is announced; raises as `messages.ledger.commit`."""
    if context.seeded.get(channel, "") < day:
        await make_seeds(context, channel, day)


async def make_seeds(context: Context, channel: str, today: str) -> str:
    """Have the books keep a seed for today and one for tomorrow; tells the hash of today's.

    Raises as `messages.ledger.commit`.
    """
    days = (today, day_after(today))
    fresh = (context.fresh_seed(), context.fresh_seed())
    seeds = await commit(context.ledger, EnsureSeeds(channel, days, fresh))
    told = dict(seeds.hashes)[today]
    # Whoever asks for the day before meanwhile is late, and its hash was told in its time.
    if context.seeded.get(channel, "") <= today:
        context.seeded[channel] = today
        context.metrics.set_fair_seed(channel, today, told)
    return told
