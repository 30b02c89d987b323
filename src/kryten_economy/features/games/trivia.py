"""Trivia: bets first, then the question, then the answers (`gambling.md` 8).

What the options are in which order follows from the fair dice of the round, so it needs no store:
whoever asks before the draw works out the same order. From the moment of that showing nobody joins
any more (P-GAM-17), and the first answer of each player is kept with their stake; a restart before
the grading gives all stakes back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from kryten_economy.config import Settings
from kryten_economy.config import gambling as config
from kryten_economy.dice import Chance
from kryten_economy.features.games import rounds
from kryten_economy.features.games.questions import DIFFICULTIES, LETTERS, Question, letter_of
from kryten_economy.features.games.rules import Edge, Game, Payout, Stake, Terms, exact, game
from kryten_economy.ledger.operation import ALWAYS, Act, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.refusals import NotPending
from kryten_economy.users import UserKey

__all__ = (
    "ANSWER",
    "TRIVIA",
    "AnswerTrivia",
    "Answered",
    "RevealQuestion",
    "Revealed",
    "answer_trivia",
    "answers_until_ms",
    "factor_for",
    "limits_of",
    "reveal_question",
    "round_terms",
)

ANSWER = "answer"
"""The key of a player's letter in what is kept with their stake."""

_UNKNOWN_FACTOR = Fraction(2)
_GUESSED = Fraction(1, len(LETTERS))


# The rules


def limits_of(settings: Settings) -> Terms:
    """What a stake in trivia has to keep to."""
    trivia = settings.gambling.trivia
    return Terms(
        "trivia",
        trivia.min_wager,
        trivia.max_wager,
        settings.gambling.min_account_age_minutes * 60_000,
        stakes_z=settings.gambling.limits.daily_stakes,
        losses_z=settings.gambling.limits.daily_losses,
    )


def factor_for(trivia: config.Trivia, difficulty: str) -> Fraction:
    """What a right answer multiplies a stake by; the question's difficulty decides."""
    factors = trivia.payout_multipliers
    configured = {"easy": factors.easy, "medium": factors.medium, "hard": factors.hard}
    return exact(configured[difficulty]) if difficulty in configured else _UNKNOWN_FACTOR


def round_terms(trivia: config.Trivia, question: Question, starter: str) -> dict[str, Any]:
    """What a round is played by from its start to its end, whatever is configured meanwhile."""
    return {
        "category": question.category,
        "difficulty": question.difficulty,
        "question": question.text,
        "right": question.right,
        "wrong": list(question.wrong),
        "factor": str(factor_for(trivia, question.difficulty)),
        "starter": starter,
        "lowest_z": trivia.min_wager,
        "bets_s": trivia.betting_window_seconds,
        "answers_s": trivia.answer_window_seconds,
    }


def answers_until_ms(terms: Mapping[str, Any]) -> int | None:
    """When the answers end; None as long as the question was not shown."""
    shown_at_ms: int | None = terms.get(rounds.CLOSED)
    return None if shown_at_ms is None else shown_at_ms + terms["answers_s"] * 1000


def _options(dice: Chance, terms: Mapping[str, Any]) -> list[str]:
    """The options in their order: the first thing a round's dice decide."""
    return dice.shuffled([terms["right"], *terms["wrong"]])


def _edges(settings: Settings) -> tuple[Edge, ...]:
    """What a mere guess brings; whoever knows the answer gets the factor."""
    trivia = settings.gambling.trivia
    return tuple(
        Edge(f"{each or 'unrated'} question, by guessing", _GUESSED * factor_for(trivia, each))
        for each in (*DIFFICULTIES, "")
    )


def _draw(
    dice: Chance, terms: Mapping[str, Any], _stakes: Sequence[Stake], _said: str = ""
) -> Mapping[str, Any]:
    options = _options(dice, terms)
    return {"options": options, "right": LETTERS[options.index(terms["right"])]}


def _pay(
    terms: Mapping[str, Any], outcome: Mapping[str, Any], stakes: Sequence[Stake]
) -> Sequence[Payout]:
    """The factor for who was right; what people know is no chance, so nothing is expected."""
    factor = Fraction(terms["factor"])
    right = [each.data.get(ANSWER) == outcome["right"] for each in stakes]
    return [
        Payout(int(each.stake_z * factor) if is_right else 0, is_won=is_right)
        for each, is_right in zip(stakes, right, strict=True)
    ]


TRIVIA = game(
    Game(
        "trivia",
        "Trivia",
        "trivias",
        lambda settings: settings.gambling.trivia.enabled,
        _edges,
        _draw,
        _pay,
        spectacle=True,
    )
)


# Showing the question


@dataclass(frozen=True, slots=True)
class Revealed:
    """The options in the order in which they are shown; answers count from ``at_ms`` on."""

    number: int
    options: tuple[str, ...]
    at_ms: int
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class RevealQuestion(Act[Revealed | NotPending]):
    """End the bets of a round; only then its question may be shown."""

    HALTED_BY = ALWAYS

    op_id: str
    channel: str
    number: int
    at_ms: int
    day: str


@operation
def reveal_question(tx: Tx, ask: RevealQuestion) -> Revealed | NotPending:
    """Close the round to those who have not bet, and tell the order of the options."""
    known = rounds.round_of(tx, ask.number)
    if known is None or known.channel != ask.channel or known.game != "trivia":
        return NotPending()
    if known.state != "open" or rounds.CLOSED in known.terms:
        return NotPending()
    options = _options(rounds.dice_of(tx, known), known.terms)
    rounds.close(tx, known, ask.at_ms)
    return Revealed(ask.number, tuple(options), ask.at_ms)


# Answering


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer that counts for a player: ``first`` if it is this one.

    ``waiting`` players have not answered yet.
    """

    number: int
    letter: str
    option: str
    first: bool
    waiting: int
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class AnswerTrivia(Act[Answered | NotPending]):
    """Answer the question of a round by letter or with the text of an option."""

    HALTED_BY = ALWAYS

    op_id: str
    user: UserKey
    number: int
    said: str
    at_ms: int
    day: str


@operation
def answer_trivia(tx: Tx, ask: AnswerTrivia) -> Answered | NotPending:
    """Keep the first answer of somebody who has bet, while answers count."""
    known = rounds.round_of(tx, ask.number)
    if known is None or known.channel != ask.user.channel or known.game != "trivia":
        return NotPending()
    until_ms = answers_until_ms(known.terms)
    if known.state != "open" or until_ms is None or ask.at_ms > until_ms:
        return NotPending()
    options = _options(rounds.dice_of(tx, known), known.terms)
    held = rounds.stakes_of(tx, ask.number)
    own = next((each for each in held if each.stake.name == ask.user.name), None)
    letter = letter_of(ask.said, options)
    if own is None or letter is None:
        return NotPending()
    waiting = sum(ANSWER not in each.stake.data for each in held)
    first = ANSWER not in own.stake.data
    if first:
        rounds.keep(tx, ask.number, own, {**own.stake.data, ANSWER: letter})
        waiting -= 1
    else:
        letter = own.stake.data[ANSWER]
    return Answered(ask.number, letter, options[LETTERS.index(letter)], first, waiting)
