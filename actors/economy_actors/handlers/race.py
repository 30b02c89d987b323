"""Races: start one, bet on one, see how it stands; and the request of its picture."""

import json

from economy_actors.context import Context
from economy_actors.handlers import kit
from economy_actors.handlers.answers import ApiAnswer, Code, Done, PmAnswer, Refused
from economy_actors.handlers.registry import ApiCall, Call, PmCall, command, request
from economy_actors.handlers.social import round_on
from economy_actors.messages.race import BetMade, RaceOpens
from economy_actors.messages.tables import News
from kryten_economy.commands.table import Section
from kryten_economy.features.games.race import texts
from kryten_economy.features.games.race.frame import RaceView, web_frame
from kryten_economy.features.games.race.operations import BetOnRace, past_bets
from kryten_economy.features.games.race.rules import RACE, Course, lineup, terms_of
from kryten_economy.features.games.tables import Joined, Opened, OpenRound
from kryten_economy.refusals import NotPending, TooYoung

__all__ = ("race_on", "race_shown")


@command(
    "race",
    syntax="race [<amount> <colour>|odds|stats]",
    summary="start a race or bet on one",
    section=Section.SPECTACLE,
    enabled=lambda settings: settings.gambling.enabled and settings.gambling.race.enabled,
)
async def race(call: PmCall) -> PmAnswer:
    """Whatever has to do with races; in the channel it is for bets."""
    shown = race_on(call)
    view = await _opening(call) if shown is None or shown.phase == "finished" else shown
    match [each.lower() for each in call.args]:
        case [] if not call.in_chat:
            return await _start(call)
        case ["odds" | "live"]:
            return texts.no_race() if view is None else _odds(call, view)
        case ["stats" | "stat"]:
            return texts.stats(*await call.read(lambda r: past_bets(r, call.user)), call.symbol)
        case _:
            # Without a race, `!race` may be said to another bot or to nobody.
            nothing_on = view is None and shown is None
            return "" if call.in_chat and nothing_on else await _bet(call, view)


async def _opening(call: PmCall) -> RaceView | None:
    """A race that is in the books, though its table has not shown it yet.

    Whoever opens one is told so before the table has read it.
    """
    row = await round_on(call, RACE.name)
    if row is None:
        return None
    left_ms = max(0, row.opened_at_ms + Course.of(row.terms).window_s * 1000 - call.now_ms)
    return RaceView.opened(call.channel, row, call.context.clock.steady_ms() + left_ms)


def race_on(call: Call) -> RaceView | None:
    """The race of the channel, as long as there is something to see."""
    return race_shown(call.context, call.channel)


def race_shown(context: Context, channel: str) -> RaceView | None:
    """The same, for who has no call."""
    view = context.races[channel].value
    return view if view is not None and view.is_shown(context.clock.steady_ms()) else None


async def _start(call: PmCall) -> PmAnswer:
    """Open a race; whoever does so passes the checks of a bet (P-GAM-28)."""
    terms = terms_of(call.settings)
    if (left_ms := call.wallet.first_seen_ms + terms.min_age_ms - call.now_ms) > 0:
        return call.refused(TooYoung(left_ms))
    course = lineup(call.settings.gambling.race, call.context.dice)
    opened = await kit.open_round(
        call,
        OpenRound(
            call.op_id,
            call.channel,
            RACE.name,
            json.dumps(course.as_terms(), ensure_ascii=False),
            terms,
            call.context.fresh_seed(),
            call.now_ms,
            call.day,
        ),
        news=RaceOpens(),
    )
    if not isinstance(opened, Opened):
        return opened
    return texts.started(course, course.window_s, call.symbol)


def _odds(call: PmCall, view: RaceView) -> PmAnswer:
    """What the racers pay before the race, where they are during it (P-TXT-10)."""
    now_ms, course = call.context.clock.steady_ms(), view.course
    if view.phase == "betting":
        return texts.odds(course, view.bets, view.closes_in_s(now_ms), call.symbol)
    takes_bets = view.takes_bets(now_ms)
    return texts.standings(course, view.way(now_ms), view.bets, call.symbol, takes_bets=takes_bets)


async def _bet(call: PmCall, view: RaceView | None) -> PmAnswer:
    bet = _wanted(call, view)
    if isinstance(bet, Refused):
        return bet
    assert view is not None
    answer = await call.commit(
        BetOnRace(
            call.op_id,
            call.channel,
            view.number,
            call.user,
            bet.bet_z,
            bet.color,
            terms_of(call.settings),
            call.now_ms,
            call.day,
        )
    )
    if isinstance(answer, NotPending):
        return Refused(Code.REJECTED, texts.betting_closed())
    if not isinstance(answer, Joined):
        return kit.stake_refused(call, answer)
    if not answer.replayed:
        news = News(view.number, BetMade(bet, aloud=call.in_chat))
        call.context.floors[call.channel].offer(news, trace=call.trace)
    if call.in_chat and call.settings.gambling.race.announce_public:
        return ""
    balance_z = answer.wallet.balance_z
    return texts.bet_reply(bet, view.course, answer.pool_z, balance_z, call.symbol)


def _wanted(call: PmCall, view: RaceView | None) -> texts.Bet | Refused:
    """The bet as it was typed, or what is wrong with it (P-GAM-26)."""
    bet_z = call.amount_at(0, of_z=call.wallet.balance_z)
    typed = call.parsed.text(after_args=1)
    if isinstance(bet_z, Refused):
        return bet_z
    if not typed:
        return call.usage()
    if view is None:
        return Refused(Code.NOT_FOUND, texts.no_race())
    if (runner := view.course.runner(typed)) is None:
        return Refused(Code.INVALID_REQUEST, texts.unknown_color(typed, view.course))
    if not view.takes_bets(call.context.clock.steady_ms()):
        return Refused(Code.REJECTED, texts.late_bets_refused(view.course))
    return texts.Bet(call.by, runner.color, bet_z)


@request("race.state")
async def race_state(call: ApiCall) -> ApiAnswer:
    """The race as its page on the web shows it; it is asked for about once a second."""
    view = race_on(call)
    if view is None:
        return Done({"active": False, "frame": None})
    now_ms = call.context.clock.steady_ms()
    return Done({"active": True, "frame": web_frame(view, now_ms, call.symbol)})
