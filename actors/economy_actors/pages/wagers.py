"""One's own rounds and stakes, and whether a round came out as its seed says."""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from economy_actors.handlers.fair import day_left_s, round_of_channel, verdict_in_words
from economy_actors.pages.registry import Who, page
from economy_actors.pages.view import View
from kryten_economy.features.games.played import PlayedRound, rounds_of_player, stake_in
from kryten_economy.features.games.returns import games_of
from kryten_economy.features.games.rules import title_of
from kryten_economy.features.games.verifying import Verdict, check
from kryten_economy.text.templates import signed_money

__all__ = ()

ROUNDS: Final = 25
_NUMBER_MAX: Final = 2**53

_VERDICTS: Final = {
    Verdict.TRUE: ("The dice were fair", "good"),
    Verdict.FALSE: ("This round does not follow from its seed", "bad"),
    Verdict.SECRET: ("The seed is not told yet", ""),
    Verdict.WAITING: ("The round is not over yet", ""),
    Verdict.CANCELLED: ("The round did not take place", ""),
}


@page("/me/wagers", who=Who.MEMBER, nav="Games played", at=43, group="Account")
async def wagers(view: View) -> Response:
    """One's own rounds, the newest first, and what each game has come to."""
    user = view.user
    before = view.number("before", low=1, high=_NUMBER_MAX, default=_NUMBER_MAX)
    rounds, games = await view.read(
        lambda reports: (
            rounds_of_player(reports, user, ROUNDS + 1, before),
            games_of(reports, user),
        )
    )
    shown = rounds[:ROUNDS]
    return view.show(
        "member/wagers.html",
        rounds=[(each, title_of(each.game), *_result(view, each)) for each in shown],
        games=[
            (title_of(game), each, signed_money(each.paid_z - each.staked_z, view.symbol))
            for game, each in games.items()
        ],
        more=shown[-1].number if len(rounds) > ROUNDS else None,
        is_first=before == _NUMBER_MAX,
    )


def _result(view: View, played: PlayedRound) -> tuple[str, str]:
    """How a round came out for the player: in words, and good or bad."""
    net_z = played.net_z
    if net_z is None:
        return "not over yet", ""
    if played.state == "cancelled" or played.given_back:
        return "stake given back", ""
    if net_z == 0:
        return "even", ""
    return signed_money(net_z, view.symbol), "up" if net_z > 0 else "down"


@page("/me/wagers/{number:int}", who=Who.MEMBER)
async def verify(view: View) -> Response:
    """Work a round out again from the seed of its day, as `verify` does."""
    number, user, channel, day = view.place("number"), view.user, view.channel, view.day
    if number > _NUMBER_MAX:
        raise HTTPException(404, "There is no such round here.")
    record, own = await view.read(
        lambda reports: (
            round_of_channel(reports, channel, number, day),
            stake_in(reports, user, number),
        )
    )
    if record is None:
        raise HTTPException(404, "There is no such round here.")
    checked = check(record)
    heading, mood = _VERDICTS[checked.verdict]
    return view.show(
        "member/round.html",
        record=record,
        game=title_of(record.game),
        own=own,
        result=None if own is None else _result(view, own),
        heading=heading,
        mood=mood,
        said=verdict_in_words(record, checked, day_left_s(view.context, record.day)),
    )
