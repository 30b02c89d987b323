"""Setting a rank by hand (`progression.md` 1, `commands.md` 8).

It holds until the user's earnings cross a threshold above those of now; ``auto`` ends it.
"""

from dataclasses import dataclass

from economy_actors.context import World
from economy_actors.deeds.cause import Cause
from economy_actors.deeds.people import tell_user
from economy_actors.ledger.client import commit, query
from kryten_economy.features.ranks import texts
from kryten_economy.features.ranks.operations import RankStored, SetRank
from kryten_economy.refusals import NoAccount
from kryten_economy.users import UserKey

__all__ = ("AUTO", "RankSet", "UnknownRank", "set_rank")

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class RankSet:
    """The user as he spells himself, the rank he has now, and whether it follows his earnings."""

    display_name: str
    rank: str
    automatic: bool


@dataclass(frozen=True, slots=True)
class UnknownRank:
    """No tier is called that; these are there."""

    tiers: tuple[str, ...]


async def set_rank(
    world: World, cause: Cause, name: str, rank: str
) -> RankSet | UnknownRank | NoAccount:
    """Give a user a tier by its name in any casing, or ``auto``; he is told.

    Raises AskExpired or AskFailed when it stays unknown whether it was done.
    """
    user = UserKey.of(cause.channel, name)
    ladder = world.live.ladder
    day = world.live.calendar.day(world.clock.now_ms())
    automatic = rank.lower() == AUTO
    if automatic:
        wallet = await query(world.reader, lambda reports: reports.wallet(user, day))
        if wallet is None:
            return NoAccount(user)
        tier = ladder.names[ladder.computed(wallet.lifetime_earned_z)]
    else:
        found = next((each for each in ladder.names if each.lower() == rank.lower()), None)
        if found is None:
            return UnknownRank(ladder.names)
        tier = found
    answer = await commit(world.ledger, SetRank(user, tier, not automatic, day))
    if isinstance(answer, NoAccount):
        return answer
    assert isinstance(answer, RankStored), answer
    shown = answer.wallet.display_name
    text = texts.rank_was_set(tier, automatic=automatic)
    tell_user(world, cause.channel, shown, text, cause.trace)
    return RankSet(shown, tier, automatic)
