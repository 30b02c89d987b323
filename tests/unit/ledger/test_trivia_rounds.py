"""Trivia in the books: who may bet until when, whose answer counts, what it pays."""

import json
from dataclasses import replace

import pytest
from tests.unit.ledger.acts import CHANNEL, DAY, NOW, ask, earn, key, look, told

from kryten_economy.config.gambling import Trivia
from kryten_economy.features.games.fairness import FairDice, public_id
from kryten_economy.features.games.heist import HEIST
from kryten_economy.features.games.questions import LETTERS, Question
from kryten_economy.features.games.rules import Terms
from kryten_economy.features.games.stakes import Stats, stats_of
from kryten_economy.features.games.tables import (
    Cancelled,
    CancelRound,
    Drawn,
    DrawRound,
    Finished,
    FinishRound,
    Joined,
    JoinRound,
    Opened,
    OpenRound,
    round_row,
    stakes_in,
)
from kryten_economy.features.games.trivia import (
    TRIVIA,
    Answered,
    AnswerTrivia,
    Revealed,
    RevealQuestion,
    round_terms,
)
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.refusals import NotPending

SEED = "0123456789abcdef" * 4
LIMITS = Terms("trivia", 10, 100)
QUESTION = Question("Film", "easy", "Which ship?", "Titanic", ("Argo", "Bounty", "Victory"))
TERMS = round_terms(Trivia(), QUESTION, "Bob")
OPEN = OpenRound(
    "open",
    CHANNEL,
    "trivia",
    json.dumps(TERMS),
    LIMITS,
    SEED,
    NOW,
    DAY,
    player=key("Bob"),
    stake_z=20,
)
JOIN = JoinRound("join", CHANNEL, 1, key("Eve"), 30, LIMITS, NOW, DAY)
SHOW = RevealQuestion("show", CHANNEL, 1, NOW, DAY)
ANSWER = AnswerTrivia("answer", key("Bob"), 1, "titanic", NOW + 1, DAY)
DRAW = DrawRound("draw", CHANNEL, 1, NOW, DAY)
FINISH = FinishRound("finish", CHANNEL, 1, NOW, DAY)


@pytest.fixture(autouse=True)
def _people(books: Books) -> None:
    """Bob and Eve have 50 Z each; both have bet."""
    books.commit([earn("Bob", 50), earn("Eve", 50)])
    told(books, OPEN, Opened)
    told(books, JOIN, Joined)


def both(books: Books) -> list[int]:
    return [look(books, name).balance_z for name in ("Bob", "Eve")]


def test_the_order_shown_is_the_one_that_is_drawn(books: Books) -> None:
    """It follows from seed and round, so a repetition and the draw tell the same."""
    shown = told(books, SHOW, Revealed)
    dice = FairDice(SEED, public_id(CHANNEL, 1))
    assert list(shown.options) == TRIVIA.draw(dice, TERMS, (), "")["options"]
    assert told(books, SHOW, Revealed) == replace(shown, replayed=True)
    outcome = json.loads(told(books, DRAW, Drawn).outcome)
    assert outcome["options"] == list(shown.options)
    assert shown.options[LETTERS.index(outcome["right"])] == "Titanic"


def test_nobody_bets_once_the_question_is_out(books: Books) -> None:
    """P-GAM-17: one can't bet when sure."""
    books.commit([earn("Al", 50)])
    told(books, SHOW, Revealed)
    late = replace(JOIN, op_id="late", user=key("Al"))
    assert ask(books, late) == NotPending()
    assert look(books, "Al").balance_z == 50


def test_nobody_answers_before_the_question_is_out(books: Books) -> None:
    """The books know when it is shown."""
    assert ask(books, ANSWER) == NotPending()


def test_the_first_answer_counts(books: Books) -> None:
    """Another one is told which counts; the first is kept with the stake."""
    shown = told(books, SHOW, Revealed)
    first = told(books, ANSWER, Answered)
    letter = LETTERS[shown.options.index("Titanic")]
    assert first == Answered(1, letter, "Titanic", True, 1)
    again = told(books, replace(ANSWER, op_id="again", said="argo"), Answered)
    assert again == Answered(1, letter, "Titanic", False, 1)


def test_only_who_has_bet_answers_and_only_in_time(books: Books) -> None:
    """Not others, not with anything else, not after the window, not in another channel."""
    books.commit([earn("Al", 50)])
    told(books, SHOW, Revealed)
    for wrong in (
        replace(ANSWER, user=key("Al")),
        replace(ANSWER, said="Nautilus"),
        replace(ANSWER, said=""),
        replace(ANSWER, at_ms=NOW + 30_001),
        replace(ANSWER, number=2),
        replace(ANSWER, user=key("Bob", "Elsewhere")),
    ):
        assert ask(books, wrong) == NotPending(), wrong
    assert isinstance(ask(books, replace(ANSWER, at_ms=NOW + 30_000)), Answered)
    told(books, DRAW, Drawn)
    assert ask(books, replace(ANSWER, op_id="late", user=key("Eve"))) == NotPending()


def test_right_answers_are_paid_and_others_are_not(books: Books, reports: Reports) -> None:
    """⌊20 times 1.5⌋ for Bob; Eve gave no answer, which counts as a wrong one."""
    told(books, SHOW, Revealed)
    told(books, ANSWER, Answered)
    told(books, DRAW, Drawn)
    finished = told(books, FINISH, Finished)
    assert [each.payout_z for each in finished.players] == [30, 0]
    assert both(books) == [60, 20]
    bob = stats_of(reports, key("Bob"), "trivia")
    assert (bob.rounds, bob.won, bob.lost, bob.staked_z, bob.paid_z) == (1, 1, 0, 20, 30)
    assert (bob.streak, bob.best_streak) == (1, 1)
    eve = stats_of(reports, key("Eve"), "trivia")
    assert (eve.won, eve.lost, eve.streak) == (0, 1, 0)
    assert stats_of(reports, key("Nobody"), "trivia") == Stats()


def test_a_right_answer_counts_as_right_whatever_it_pays(books: Books, reports: Reports) -> None:
    """A factor of 1 brings no gain, and the answer was right all the same."""
    ask(books, CancelRound("off", CHANNEL, 1, "Off", NOW, DAY))
    even = json.dumps({**TERMS, "factor": "1"})
    number = told(books, replace(OPEN, op_id="even", terms=even), Opened).number
    told(books, replace(SHOW, number=number), Revealed)
    told(books, replace(ANSWER, number=number), Answered)
    told(books, replace(DRAW, number=number), Drawn)
    told(books, replace(FINISH, number=number), Finished)
    bob = stats_of(reports, key("Bob"), "trivia")
    assert (bob.won, bob.lost, bob.streak) == (1, 0, 1)


def test_a_round_that_was_not_graded_gives_everything_back(books: Books, reports: Reports) -> None:
    """Also with the question out and answers in: nothing counts before the grading."""
    told(books, SHOW, Revealed)
    told(books, ANSWER, Answered)
    told(books, CancelRound("off", CHANNEL, 1, "Restarted", NOW, DAY), Cancelled)
    assert both(books) == [50, 50]
    assert stats_of(reports, key("Bob"), "trivia") == Stats()


def test_answers_stay_with_their_stakes(books: Books, reports: Reports) -> None:
    """Whoever reads the round anew finds them, and knows that the question is out."""
    told(books, SHOW, Revealed)
    told(books, ANSWER, Answered)
    answers = [each.data.get("answer") for each in stakes_in(reports, 1)]
    row = round_row(reports, 1)
    assert row is not None
    assert row.terms["closed_at_ms"] == NOW
    assert answers[0] in set(LETTERS)
    assert answers[1] is None


def test_a_round_of_another_game_has_no_question(books: Books) -> None:
    """Neither is shown nor answered."""
    ask(books, CancelRound("off", CHANNEL, 1, "Off", NOW, DAY))
    other = replace(OPEN, op_id="other", game=HEIST.name, limits=Terms("heist", 1, 100))
    number = told(books, other, Opened).number
    assert ask(books, replace(SHOW, number=number)) == NotPending()
    assert ask(books, replace(ANSWER, number=number)) == NotPending()
