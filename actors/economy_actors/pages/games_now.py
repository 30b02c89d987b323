"""What is played together at this moment: race, prediction, auction, raffle.

A race is shown as `race.state` tells it and by the same function: as long as somebody can still
bet, nothing here tells what is to come (P-GAM-13).
"""

from typing import Any, Final

from starlette.responses import Response

from economy_actors.context import Context
from economy_actors.handlers.auction import auction_now
from economy_actors.handlers.prediction import prediction_now
from economy_actors.handlers.race import race_shown
from economy_actors.handlers.raffle import raffle_now
from economy_actors.pages.live import fragment
from economy_actors.pages.registry import page
from economy_actors.pages.view import View
from kryten_economy.features.games.race.frame import web_frame
from kryten_economy.features.games.tables import OpenRow, open_rounds_of, stakes_in
from kryten_economy.features.reports.queries import Reports

__all__ = ()

_SOCIAL: Final = ("prediction", "auction", "raffle")


@page("/games", nav="Games now", at=16, shared_s=1)
async def games(view: View) -> Response:
    """All that is on, also without script."""
    return view.show("public/games.html", **(_race(view) | await _rounds(view)))


# The race


def _race(view: View) -> dict[str, Any]:
    gambling = view.settings.gambling
    shown = race_shown(view.context, view.channel)
    return {
        "bot": view.settings.bot.username,
        "plays_races": gambling.enabled and gambling.race.enabled,
        "race": _frame(view) if shown is not None else None,
        "takes_bets": shown is not None and shown.takes_bets(view.context.clock.steady_ms()),
    }


def _frame(view: View) -> dict[str, Any]:
    shown = race_shown(view.context, view.channel)
    assert shown is not None
    return web_frame(shown, view.context.clock.steady_ms(), view.symbol)


def _moment(context: Context, channel: str) -> object:
    """What the picture of a race depends on; it moves on by itself as long as it runs."""
    shown = race_shown(context, channel)
    if shown is None:
        return None
    now_ms = context.clock.steady_ms()
    return (
        shown.number,
        shown.phase,
        shown.bets,
        shown.tick(now_ms),
        shown.closes_in_s(now_ms),
        shown.takes_bets(now_ms),
    )


@fragment("race", watch=_moment)
async def race(view: View) -> str:
    """The race as it stands."""
    return view.part("public/race.html", **_race(view))


@page("/race", prefix="/embed/{channel}", shared_s=1)
async def embedded(view: View) -> Response:
    """The race for the pages of others."""
    return view.show("embed/race.html", **_race(view))


# What waits for its end


async def _rounds(view: View) -> dict[str, Any]:
    channel, now_ms, gambling = view.channel, view.now_ms, view.settings.gambling

    def query(reports: Reports) -> dict[str, tuple[OpenRow, dict[str, Any]]]:
        return {
            row.game: (row, _now(reports, row, now_ms))
            for row in open_rounds_of(reports, channel, _SOCIAL)
            if row.state == "open"
        }

    found = await view.read(query)
    return {
        "bot": view.settings.bot.username,
        "games": [
            (game, *found.get(game, (None, None)))
            for game in _SOCIAL
            if gambling.enabled and getattr(gambling, game).enabled
        ],
        "clock": lambda row: f"{view.context.live.calendar.local(row.end_ms):%H:%M:%S}",
        "zone": view.settings.timezone,
    }


def _now(reports: Reports, row: OpenRow, now_ms: int) -> dict[str, Any]:
    stakes = stakes_in(reports, row.number)
    match row.game:
        case "prediction":
            return prediction_now(row, stakes, now_ms)
        case "auction":
            return auction_now(row, next(iter(stakes), None), now_ms)
        case _:
            return raffle_now(row, stakes, now_ms)


@fragment("rounds")
async def rounds(view: View) -> str:
    """Prediction, auction and raffle as they stand."""
    return view.part("public/rounds.html", **await _rounds(view))
