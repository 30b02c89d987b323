"""Ranks: where one stands, and a rank set by an operator.

A rank that was set holds until the user's earnings cross a threshold above those of now; ``auto``
ends it.
"""

from dataclasses import dataclass

from economy_actors.handlers import kit
from economy_actors.handlers.answers import ApiAnswer, Code, Done, Failed, PmAnswer, Refused
from economy_actors.handlers.fields import Text
from economy_actors.handlers.registry import COMMANDS, ApiCall, Call, PmCall, command, request
from kryten_economy.commands.table import Section
from kryten_economy.features.ranks import texts
from kryten_economy.features.ranks.operations import RankStored, SetRank
from kryten_economy.features.ranks.rules import brings
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import NoAccount, Refusal

__all__ = ()

AUTO = "auto"
RANK = Text("rank_name", most=100, required=True)


@dataclass(frozen=True, slots=True)
class _RankSet:
    """The user as they spell themself, the rank now, and whether it follows their earnings."""

    display_name: str
    rank: str
    automatic: bool


@command(
    "rank",
    syntax="rank [@user]",
    summary="a rank, its perks and the next one",
    section=Section.PROGRESS,
    reads=True,
)
async def rank(call: PmCall) -> PmAnswer:
    """One's own rank, or that of somebody named."""
    if not call.args:
        return _report(call, call.wallet)
    name = call.name_at(0)
    if isinstance(name, Refused):
        return name
    if len(call.args) > 1:
        return call.usage()
    user, day = call.named(name), call.day
    wallet = await call.read(lambda reports: reports.wallet(user, day))
    if wallet is None:
        return call.refused(NoAccount(user), name)
    own = user == call.user
    return _report(call, wallet, None if own else wallet.display_name)


def _report(call: PmCall, wallet: Wallet, name: str | None = None) -> str:
    ranks, index = call.settings.ranks, kit.rank_index(call.context, wallet)
    following = None
    if index + 1 < len(ranks.tiers):
        above = ranks.tiers[index + 1]
        following = texts.NextRank(above.name, above.min_lifetime_earned)
    perks, discount_percent = brings(ranks, index, COMMANDS.usable(call.settings))
    return texts.rank_report(
        ranks.tiers[index].name,
        wallet.lifetime_earned_z,
        following,
        perks,
        discount_percent,
        call.symbol,
        name=name,
    )


@command(
    "set_rank",
    syntax="set_rank @user <rank|auto>",
    summary="set a rank until it is outgrown",
    section=Section.ADMIN,
)
async def set_rank_by_pm(call: PmCall) -> PmAnswer:
    """What was set, and how long it holds."""
    name = call.name_at(0)
    if isinstance(name, Refused):
        return name
    wanted = call.parsed.text(1)
    if not wanted:
        return call.usage()
    answer = await _set_rank(call, name, wanted, create=False)
    if not isinstance(answer, _RankSet):
        return answer
    return texts.rank_set_done(answer.display_name, answer.rank, automatic=answer.automatic)


@request("rank.set", RANK, user=True, mutating=True)
async def rank_set(call: ApiCall) -> ApiAnswer:
    """Set a rank by hand, or ``auto``."""
    answer = await _set_rank(call, call.name, call.field(RANK), create=True)
    if not isinstance(answer, _RankSet):
        return answer
    return Done(
        {"username": answer.display_name, "channel": call.channel, "rank_name": answer.rank}
    )


async def _set_rank(
    call: Call, name: str, wanted: str, *, create: bool
) -> _RankSet | Refused | Failed:
    """Give a user a tier by its name in any casing, or ``auto``; they are told.

    Raises AskExpired or AskFailed when it stays unknown whether it was done.
    """
    user, day, ladder = call.named(name), call.day, call.context.live.ladder
    automatic = wanted.lower() == AUTO
    tier = next((each for each in ladder.names if each.lower() == wanted.lower()), None)
    if tier is None and not automatic:
        return Refused(Code.INVALID_REQUEST, texts.unknown_rank(ladder.names))
    wallet = await call.read(lambda reports: reports.wallet(user, day))
    if wallet is None:
        if not create or automatic:
            return call.refused(NoAccount(user), name)
        wallet = await kit.open_account(call, name)
    stored = ladder.names[ladder.computed(wallet.lifetime_earned_z)] if tier is None else tier
    answer = await call.commit(SetRank(user, stored, not automatic, day))
    if not isinstance(answer, RankStored):
        assert isinstance(answer, Refusal), answer
        return call.refused(answer, name)
    shown = answer.wallet.display_name
    kit.tell_user(call, shown, texts.rank_was_set(stored, automatic=automatic))
    return _RankSet(shown, stored, automatic)
