"""The games: what each costs and returns, what is left of the limits, and what runs now.

Who plays sends the command of the game; the rest is read where the answers to PMs are read.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from starlette.exceptions import HTTPException
from starlette.responses import Response

from economy_actors.handlers.games import odds_rows
from economy_actors.handlers.race import race_on
from economy_actors.messages.session import PageAnswer
from economy_actors.pages.asking import PageCall, as_pm
from economy_actors.pages.registry import Who, form, page
from economy_actors.pages.view import View
from economy_actors.tables.trivia import options_heard
from kryten_economy.commands import refusals
from kryten_economy.config import Settings
from kryten_economy.features.games import auction, flip, heist, prediction, raffle, slots, trivia
from kryten_economy.features.games import texts as games_texts
from kryten_economy.features.games.blackjack import rules as blackjack_rules
from kryten_economy.features.games.blackjack.operations import OpenHand, hand_of
from kryten_economy.features.games.blackjack.rules import total
from kryten_economy.features.games.challenge import operations as challenges
from kryten_economy.features.games.challenge.operations import Pending, challenges_to
from kryten_economy.features.games.limits import OwnLimits, limits_of
from kryten_economy.features.games.race import rules as race_rules
from kryten_economy.features.games.race.frame import web_frame
from kryten_economy.features.games.rules import GAMES, Stake, Terms
from kryten_economy.features.games.slots import has_spun_free
from kryten_economy.features.games.stakes import ALL_GAMES, PlayedToday, played_today
from kryten_economy.features.games.tables import OpenRow, open_rounds, stakes_in
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.operation import STAKING
from kryten_economy.text.templates import duration, factor

__all__ = ()

_TERMS: Final[dict[str, Callable[[Settings], Terms]]] = {
    "spin": slots.terms_of,
    "flip": flip.terms_of,
    "blackjack": blackjack_rules.terms_of,
    "challenge": challenges.terms_of,
    "heist": heist.limits_of,
    "race": race_rules.terms_of,
    "trivia": trivia.limits_of,
    "prediction": prediction.limits_of,
    "auction": auction.limits_of,
}
"""What a stake has to keep to; tickets of a raffle have the price of their raffle."""

_TOGETHER: Final = ("heist", "trivia", "prediction", "raffle", "auction")
"""Of these there is one round at a time, and the books know all about it."""


class Standing(NamedTuple):
    """All that the books know of games here and now, for one member, read at once."""

    today: dict[str, PlayedToday]
    own: OwnLimits
    spun_free: bool
    hand: OpenHand | None
    challenges: list[Pending]
    rounds: dict[str, OpenRow]
    stakes: dict[str, tuple[Stake, ...]]


class Card(NamedTuple):
    """A game as it is shown: what a stake may be, what is left, what comes back on average."""

    name: str
    title: str
    stakes: str
    left: tuple[str, ...]
    odds: str


def _standing(call: PageCall) -> Callable[[Reports], Standing]:
    user, day = call.user, call.day

    def read(reports: Reports) -> Standing:
        found = [row for row in open_rounds(reports, user.channel) if row.game in _TOGETHER]
        rounds = {row.game: row for row in reversed(found)}
        return Standing(
            {name: played_today(reports, user, day, name) for name in (*GAMES, ALL_GAMES)},
            limits_of(reports, user),
            has_spun_free(reports, user, day),
            hand_of(reports, user),
            challenges_to(reports, user),
            rounds,
            {name: stakes_in(reports, row.number) for name, row in rounds.items()},
        )

    return read


# What is shown


@page("/me/play", who=Who.MEMBER, nav="Play", at=49, group="Spend and play")
async def play(view: View) -> Response:
    """All games that are played here, and what is on."""
    call = await as_pm(view, "gambling")
    settings = call.settings
    standing = await call.read(_standing(call))
    odds = games_texts.odds_by_game(odds_rows(settings))
    cards = [
        Card(
            game.name,
            game.title,
            _stakes(call, game.name),
            _left(call, game.name, standing.today[game.name]),
            odds.get(game.title, ""),
        )
        for game in sorted(GAMES.values(), key=lambda each: each.title)
        if settings.gambling.enabled and game.enabled(settings)
    ]
    return view.show(
        "play/list.html",
        said=view.answer_above,
        wallet=call.wallet,
        stopped=call.stopped(STAKING),
        cards=cards,
        limits=_limits(call, standing),
        free_spin=_free_spin(call, standing),
        on={
            "blackjack": _hand(standing.hand),
            "challenge": [each for each in standing.challenges if each.expires_at_ms > call.now_ms],
            "race": _race(call),
            "heist": _heist(call, standing),
            "trivia": _trivia(call, standing),
            "prediction": _prediction(call, standing),
            "raffle": _raffle(call, standing),
            "auction": _auction(call, standing),
        },
    )


def _stakes(call: PageCall, name: str) -> str:
    """What a stake may be; "" for a game that no form is made for here."""
    if name == "raffle":
        terms = call.settings.gambling.raffle
        lowest_z, highest_z = terms.min_price, terms.max_price
        what = "A ticket costs"
    elif name not in _TERMS:
        return ""
    else:
        limits = _TERMS[name](call.settings)
        lowest_z, highest_z = limits.lowest_z, limits.highest_z
        what = "A bid is" if name == "auction" else "A stake is"
    symbol = call.symbol
    return f"{what} {lowest_z:,} to {highest_z:,} {symbol}."


def _left(call: PageCall, name: str, today: PlayedToday) -> tuple[str, ...]:
    """Rounds of the day, and how long the last one cools down."""
    if name not in _TERMS:
        return ()
    terms, told = _TERMS[name](call.settings), []
    if terms.daily_rounds:
        left = max(0, terms.daily_rounds - today.rounds)
        told.append(f"{left:,} of {terms.daily_rounds:,} left today.")
    wait_ms = min(terms.cooldown_ms, today.last_at_ms + terms.cooldown_ms - call.now_ms)
    if today.last_at_ms and wait_ms > 0:
        told.append(f"Again in {duration(wait_ms / 1000)}.")
    return tuple(told)


def _limits(call: PageCall, standing: Standing) -> list[str]:
    """What holds in all games together, for the day and for this member."""
    own, day, now_ms = standing.own, call.day, call.now_ms
    wallet, games = call.wallet, call.settings.gambling
    told = []
    young_ms = wallet.first_seen_ms + games.min_account_age_minutes * 60_000 - now_ms
    if wallet.barred is not None:
        told.append(call.refused(wallet.barred).text)
    if own.paused_until_ms is not None and own.pauses(now_ms):
        told.append(refusals.play_paused(own.paused_until_ms))
    if young_ms > 0:
        told.append(f"You can play in {duration(young_ms / 1000)}: accounts must be older here.")
    whole = standing.today[ALL_GAMES]
    for what, own_z, channel_z, used_z in (
        ("staked", own.stakes.on(day), games.limits.daily_stakes, whole.staked_z),
        ("lost", own.losses.on(day), games.limits.daily_losses, whole.lost_z),
    ):
        holding = [each for each in (own_z, channel_z or None) if each is not None]
        if holding:
            used, limit = f"{used_z:,}", call.view.money(min(holding))
            told.append(f"You have {what} {used} of at most {limit} today.")
    return told


def _free_spin(call: PageCall, standing: Standing) -> str:
    """``ready`` or ``used``; "" where there is none."""
    games = call.settings.gambling
    if not (games.spin.enabled and games.daily_free_spin.enabled):
        return ""
    return "used" if standing.spun_free else "ready"


# What runs


def _hand(hand: OpenHand | None) -> dict[str, Any] | None:
    if hand is None:
        return None
    points, soft = total(hand.hand.player)
    return {
        "cards": " ".join(hand.hand.player),
        "points": f"soft {points}" if soft else f"{points}",
        "dealer": hand.hand.dealer[0],
        "stake_z": hand.stake_z,
        "moves": ("hit", "stand", "double") if hand.hand.may_double else ("hit", "stand"),
    }


def _race(call: PageCall) -> dict[str, Any] | None:
    view = race_on(call)
    if view is None:
        return None
    now_ms = call.context.clock.steady_ms()
    frame = web_frame(view, now_ms, call.symbol)
    own = [each for each in view.bets if each.name.lower() == call.user.name]
    return frame | {"takes_bets": view.takes_bets(now_ms), "own": own}


def _own(call: PageCall, standing: Standing, game: str) -> Stake | None:
    stakes = standing.stakes.get(game, ())
    return next((each for each in stakes if each.name == call.user.name), None)


def _left_s(call: PageCall, end_ms: int) -> str:
    left_s = (end_ms - call.now_ms) / 1000
    return duration(left_s) if left_s > 0 else ""


def _heist(call: PageCall, standing: Standing) -> dict[str, Any] | None:
    row = standing.rounds.get("heist")
    if row is None:
        return None
    crew = standing.stakes["heist"]
    return {
        "planned": row.state == "open",
        "stake_z": row.terms["stake_z"],
        "starter": row.terms["starter"],
        "crew": [each.display_name for each in crew],
        "crew_min": row.terms["crew_min"],
        "factor": factor(heist.factor_of(row.terms, max(1, len(crew)))),
        "own": _own(call, standing, "heist"),
        "left": _left_s(call, row.opened_at_ms + row.terms["window_s"] * 1000),
    }


def _trivia(call: PageCall, standing: Standing) -> dict[str, Any] | None:
    """The question only once it is out; the options as the channel has heard them."""
    row = standing.rounds.get("trivia")
    if row is None:
        return None
    until_ms = trivia.answers_until_ms(row.terms)
    bets_until_ms = row.opened_at_ms + row.terms["bets_s"] * 1000
    words = call.context.chat_words[call.channel].value
    own = _own(call, standing, "trivia")
    return {
        "category": row.terms["category"],
        "difficulty": row.terms["difficulty"],
        "factor": row.terms["factor"],
        "question": None if until_ms is None else row.terms["question"],
        "options": {} if until_ms is None else options_heard(words, row.terms),
        "own": own,
        "answer": None if own is None else own.data.get(trivia.ANSWER),
        "players": len(standing.stakes["trivia"]),
        "left": _left_s(call, bets_until_ms if until_ms is None else until_ms),
    }


def _prediction(call: PageCall, standing: Standing) -> dict[str, Any] | None:
    row = standing.rounds.get("prediction")
    if row is None:
        return None
    on = prediction.pools(row.terms, standing.stakes["prediction"])
    own, pool_z = _own(call, standing, "prediction"), sum(on)
    outcomes = row.terms["outcomes"]
    return {
        "question": row.terms["question"],
        "opener": row.terms["opener"],
        "pool_z": pool_z,
        "outcomes": [
            (place, outcome, on_z, factor(pool_z / on_z) if on_z else "")
            for place, (outcome, on_z) in enumerate(zip(outcomes, on, strict=True), 1)
        ],
        "own": own,
        "backed": None if own is None else outcomes[own.data["outcome"]],
        "left": _left_s(call, row.end_ms) if row.state == "open" else "",
    }


def _raffle(call: PageCall, standing: Standing) -> dict[str, Any] | None:
    row = standing.rounds.get("raffle")
    if row is None:
        return None
    stakes, own = standing.stakes["raffle"], _own(call, standing, "raffle")
    return {
        "price_z": row.terms["price_z"],
        "pot_z": raffle.pot_of(row.terms, stakes),
        "tickets": sum(each.data["tickets"] for each in stakes),
        "players": len(stakes),
        "own": 0 if own is None else own.data["tickets"],
        "most": row.terms["tickets_max"],
        "left": _left_s(call, row.end_ms) if row.state == "open" else "",
    }


def _auction(call: PageCall, standing: Standing) -> dict[str, Any] | None:
    row = standing.rounds.get("auction")
    if row is None:
        return None
    top = next(iter(standing.stakes["auction"]), None)
    return {
        "thing": row.terms["thing"],
        "seller": row.terms["seller"],
        "top": top,
        "is_own": top is not None and top.name == call.user.name,
        "least_z": auction.least_bid(row.terms, None if top is None else top.stake_z),
        "left": _left_s(call, row.end_ms) if row.state == "open" else "",
    }


# What is done


def _played(view: View, answer: PageAnswer) -> Response:
    """What came of it, above the games, so that the next move is at hand."""
    if answer.result != "ok" or answer.asked:
        return view.answered(answer, back="/me/play")
    return view.answered_above(answer, "/me/play")


def _amount(view: View) -> str:
    return view.form.get("amount", "").strip()


@form("/me/play/free-spin")
async def free_spin(view: View) -> Response:
    """The spin of the day."""
    return _played(view, await view.act("spin"))


@form("/me/play/stake/{game}")
async def stake(view: View) -> Response:
    """Stake something where nothing else has to be said."""
    command = _BY_STAKE.get(view.place("game"))
    if command is None:
        raise HTTPException(404)
    return _played(view, await view.act(command, _amount(view)))


_BY_STAKE: Final = {
    **{name: name for name in ("spin", "flip", "blackjack", "heist", "trivia", "raffle")},
    "auction": "bid",
}


@form("/me/play/move/{move}")
async def move(view: View) -> Response:
    """What takes no stake of its own."""
    command = _MOVES.get(view.place("move"))
    if command is None:
        raise HTTPException(404)
    return _played(view, await view.act(command))


_MOVES: Final = {
    **{name: name for name in ("hit", "stand", "double", "race")},
    "join": "heist join",
}


@form("/me/play/race/bet")
async def bet_on_race(view: View) -> Response:
    """Bet on a racer."""
    colour = view.form.get("colour", "").strip()
    answer = await view.act("race", _amount(view), text=colour or None)
    return _played(view, answer)


@form("/me/play/trivia/answer")
async def answer_trivia(view: View) -> Response:
    """Answer the question that is out."""
    return _played(view, await view.act("trivia", view.form.get("letter", "").strip()))


@form("/me/play/prediction/bet")
async def bet_on_outcome(view: View) -> Response:
    """Bet on an outcome by its number."""
    outcome = view.form.get("outcome", "").strip()
    return _played(view, await view.act("predict", _amount(view), outcome))


@form("/me/play/challenge")
async def challenge(view: View) -> Response:
    """Challenge somebody who is here."""
    name = view.form.get("name", "").strip().removeprefix("@")
    answer = await view.act("challenge", f"@{name}" if name else "", _amount(view))
    return _played(view, answer)


@form("/me/play/challenge/{said}/{name}")
async def answer_challenge(view: View) -> Response:
    """Accept or decline the challenge of somebody."""
    said = view.place("said")
    if said not in {"accept", "decline"}:
        raise HTTPException(404)
    return _played(view, await view.act(said, f"@{view.place('name')}"))
