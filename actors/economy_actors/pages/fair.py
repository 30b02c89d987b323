"""Fair dice for everybody: hashes, seeds that are told, and rounds worked out again."""

import re
from functools import cache
from importlib.resources import files
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from economy_actors.handlers.fair import day_left_s, round_of_channel, verdict_in_words
from economy_actors.pages.registry import page
from economy_actors.pages.view import View
from kryten_economy.features.games import texts
from kryten_economy.features.games.fairness import FairDice, public_id
from kryten_economy.features.games.rules import GAMES
from kryten_economy.features.games.verifying import (
    Checked,
    RoundRecord,
    Verdict,
    check,
    seeds,
)
from kryten_economy.text.templates import duration

__all__ = ("program",)

DOCS: Final = "https://github.com/grobertson/kryten-economy/blob/main/docs/fair.md"
SEEDS: Final = 14
PAGES_MAX: Final = 26

_NUMBER = re.compile(r"\s*#?([0-9]{1,15})\s*", re.ASCII)
_DRAWS: Final = 3

_HEADINGS: Final = {
    Verdict.TRUE: ("The dice were fair", "good"),
    Verdict.FALSE: ("This round does not follow from its seed", "bad"),
    Verdict.SECRET: ("The seed is not told yet", ""),
    Verdict.WAITING: ("The round is not over yet", ""),
    Verdict.CANCELLED: ("The round did not take place", ""),
}
_SUMMED = "The chances are added up in their order; the first sum above the number is what comes."
_HOW: Final = {
    "spin": f"Draw 0 among the chances of the payout table. {_SUMMED} Behind the last is a loss.",
    "flip": "Won if draw 0 is below the chance to win.",
    "challenge": "Below one half draw 0 is the challenger's, from there on the other's.",
    "heist": "Draw 0 below the chance of success wins; below that and the chance of a push"
    " added up, it is a push.",
    "race": f"Draw 0 times the sum of all chances, among the chances of the racers. {_SUMMED}"
    " Draw 1 chooses how the race is run, not who wins it.",
    "raffle": "Draw 0 times the number of tickets, among the tickets of the players in the order"
    " in which they bought their first.",
    "trivia": "The answers are shuffled: draw 0 and the following ones, each times the number of"
    " places left and rounded down, name the place to change with.",
    "blackjack": "The deck is shuffled: draw 0 and the following ones, each times the number of"
    " places left and rounded down, name the place to change with.",
    "prediction": "No dice: people say what came true, and the shares follow from the stakes.",
    "auction": "No dice: the highest bid wins.",
}
_WITHOUT_DICE: Final = frozenset({"prediction", "auction"})
_IN_PROGRAM: Final = frozenset({"spin", "flip", "challenge", "heist", "race", "raffle"})


@cache
def program() -> str:
    """The program with which anybody checks a round."""
    return (files("economy_actors.pages") / "static" / "check.txt").read_text("utf-8")


@page("/fair", nav="Fair dice", at=20, shared_s=5)
async def fair(view: View) -> Response:
    """Today's hash, seeds of past days, and a round by its number."""
    channel, today = view.channel, view.day
    number = view.number("page", low=1, high=PAGES_MAX, default=1)
    most = number * SEEDS + 1
    found = await view.read(lambda reports: seeds(reports, channel, today, most))
    answer, status = await _verified(view)
    return view.show(
        "public/fair.html",
        status=status,
        plays=view.settings.gambling.enabled,
        bot=view.settings.bot.username,
        today=next((each for each in found if each.day == today), None),
        left=duration(max(60, day_left_s(view.context, today)) // 60 * 60),
        seeds=found[(number - 1) * SEEDS : number * SEEDS],
        number=number,
        has_more=len(found) > number * SEEDS and number < PAGES_MAX,
        asked=view.request.query_params.get("round", "")[:40],
        program=program(),
        docs=DOCS,
        **answer,
    )


async def _verified(view: View) -> tuple[dict[str, Any], int]:
    """What the page says of the round it was asked for, and its status."""
    said: dict[str, Any] = {"problem": "", "record": None}
    typed = view.request.query_params.get("round")
    if typed is None:
        return said, 200
    match = _NUMBER.fullmatch(typed)
    if match is None:
        return said | {
            "problem": "A round is a whole number, such as 17. Each result names it."
        }, 422
    number = int(match[1])
    record = await _record(view, number)
    if record is None:
        return said | {"problem": texts.no_round(number)}, 404
    checked = check(record)
    heading, mood = _HEADINGS[checked.verdict]
    return {
        "problem": "",
        "record": record,
        "game": GAMES[record.game].title,
        "heading": heading,
        "mood": mood,
        "said": verdict_in_words(record, checked, day_left_s(view.context, record.day)),
        "how": _HOW.get(record.game, ""),
        "draws": _draws(record),
        "is_told": _is_told(checked),
        "in_program": record.game in _IN_PROGRAM,
    }, 200


async def _record(view: View, number: int) -> RoundRecord | None:
    channel, today = view.channel, view.day
    return await view.read(lambda reports: round_of_channel(reports, channel, number, today))


def _is_told(checked: Checked) -> bool:
    return checked.verdict in {Verdict.TRUE, Verdict.FALSE}


def _draws(record: RoundRecord) -> list[tuple[str, str]]:
    """The first draws of a round whose seed is told: what is hashed, and the number."""
    if record.seed is None or record.seed.seed is None or record.game in _WITHOUT_DICE:
        return []
    name = public_id(record.channel, record.number)
    dice = FairDice(record.seed.seed, name)
    return [(f"{name}:{number}", f"{dice.roll():.12f}") for number in range(_DRAWS)]


@page("/fair/round/{number:int}")
async def data(view: View) -> Response:
    """A round as the program reads it, once its seed is told.

    Of the stakes it holds what the draw needs, which are the tickets of a raffle, and of their
    owners the winner's name alone.
    """
    number = view.place("number")
    record = await _record(view, number) if number < 10**15 else None
    if record is None:
        raise HTTPException(404, texts.no_round(min(number, 10**15)))
    seed, checked = record.seed, check(record)
    if seed is None or not _is_told(checked) or record.game not in _IN_PROGRAM:
        raise HTTPException(404, "The data of a round are told with the seed of its day.")
    assert record.outcome is not None
    played = {
        "number": record.number,
        "game": record.game,
        "terms": record.terms,
        "outcome": record.outcome,
        "stakes": _tickets(record) if record.game == "raffle" else [],
    }
    told = {"channel": view.channel, "day": record.day, "hash": seed.hash, "seed": seed.seed}
    return JSONResponse(
        told | {"rounds": [played]},
        headers={"content-disposition": f'attachment; filename="round-{record.number}.json"'},
    )


def _tickets(record: RoundRecord) -> list[dict[str, object]]:
    assert record.outcome is not None
    winner = record.outcome.get("winner")
    return [
        {
            "name": each.name if each.name == winner else f"player {place}",
            "data": {"tickets": each.data["tickets"]},
        }
        for place, each in enumerate(record.stakes, start=1)
    ]
