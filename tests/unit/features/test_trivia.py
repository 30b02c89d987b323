"""Trivia: our own questions, those of others, and what an answer pays (`gambling.md` 8)."""

import json
from collections import Counter
from fractions import Fraction
from typing import Any

import pytest
from tests.unit.ledger.acts import SETTINGS

from kryten_economy.config.gambling import PayoutMultipliers, Trivia
from kryten_economy.dice import Dice
from kryten_economy.features.games import trivia_texts as texts
from kryten_economy.features.games.questions import (
    DIFFICULTIES,
    LETTERS,
    MalformedBatchError,
    OwnPool,
    Question,
    letter_of,
    own_questions,
    read_batch,
    read_token,
)
from kryten_economy.features.games.rules import Stake
from kryten_economy.features.games.stakes import Stats
from kryten_economy.features.games.trivia import TRIVIA, factor_for, round_terms
from kryten_economy.text.markup import units, user_text

CITIES = ("Paris", "Rome", "Oslo", "Bern")
QUESTION = Question("Geography", "easy", "What is the capital of France?", "Paris", CITIES[1:])
TERMS = round_terms(Trivia(), QUESTION, "Bob")
WIRE: dict[str, Any] = {
    "type": "multiple",
    "difficulty": "hard",
    "category": "Entertainment: Film",
    "question": "Who said &quot;I&#039;ll be back&quot;?",
    "correct_answer": "The T&eacute;rminator",
    "incorrect_answers": ["Rocky", "Bambi", "Shrek"],
}


def batch(*questions: object, code: object = 0) -> bytes:
    return json.dumps({"response_code": code, "results": questions}).encode()


# Our own questions


def test_there_are_two_hundred_of_our_own_of_each_kind_some() -> None:
    """Seven categories and three difficulties, ten of each at least."""
    counts = Counter((each.category, each.difficulty) for each in own_questions())
    assert sum(counts.values()) >= 200
    assert len(counts) == 21
    assert min(counts.values()) >= 10
    assert {difficulty for _, difficulty in counts} == set(DIFFICULTIES)


@pytest.mark.parametrize("question", own_questions(), ids=lambda each: each.text[:40])
def test_each_of_our_own_is_well_formed(question: Question) -> None:
    """One right and three wrong options that can be told apart; clean text that fits a line."""
    options = [question.right, *question.wrong]
    wire = {
        "category": question.category,
        "difficulty": question.difficulty,
        "question": question.text,
        "correct_answer": question.right,
        "incorrect_answers": list(question.wrong),
    }
    [read] = read_batch(batch(wire)).questions
    assert read == question, "it passes the checks for those of others"
    assert question.text.endswith("?")
    assert all(user_text(each) == each for each in (question.text, *options))
    assert len(texts.question_lines(question.text, options, 30)) <= 2


def test_no_question_of_our_own_is_there_twice() -> None:
    """The texts differ."""
    counts = Counter(each.text for each in own_questions())
    assert counts.most_common(1)[0][1] == 1


def test_our_own_come_by_difficulty_and_category_and_none_twice() -> None:
    """All that fit are asked before one comes again; without any of the category, all fit."""
    pool, dice = OwnPool(), Dice(1)
    first = [pool.pick(dice, "hard", 11) for _ in range(10)]
    assert {(each.category, each.difficulty) for each in first} == {("Film", "hard")}
    assert len(set(first)) == 10
    assert pool.pick(dice, "hard", 11) in first
    others = {pool.pick(dice, "easy", 99) for _ in range(70)}
    assert len(others) == 70
    assert {each.difficulty for each in others} == {"easy"}


# Questions of others


def test_what_is_escaped_is_shown_as_it_is_meant() -> None:
    """Texts of Open Trivia DB are HTML."""
    read = read_batch(batch(WIRE))
    assert read.code == 0
    [question] = read.questions
    assert question.text == 'Who said "I\'ll be back"?'
    assert question.right == "The Términator"
    assert (question.category, question.difficulty) == ("Entertainment: Film", "hard")


@pytest.mark.parametrize(
    "change",
    [
        {"question": ""},
        {"question": 7},
        {"question": "x" * 601},
        {"correct_answer": "rocky "},
        {"correct_answer": "B"},
        {"correct_answer": "c."},
        {"correct_answer": "\u200b"},
        {"correct_answer": None},
        {"correct_answer": "x" * 201},
        {"incorrect_answers": ["Rocky", "Bambi"]},
        {"incorrect_answers": ["Rocky", "Bambi", "Shrek", "Nemo"]},
        {"incorrect_answers": "Rocky"},
    ],
)
def test_a_question_that_could_not_be_played_is_left_out(change: dict[str, Any]) -> None:
    """Options that can't be told apart or shown whole would cost somebody their stake."""
    assert len(read_batch(batch(WIRE | change, WIRE)).questions) == 1


@pytest.mark.parametrize("difficulty", ["impossible", None, 3, ["easy"]])
def test_an_unknown_difficulty_is_none(difficulty: object) -> None:
    """It pays twice the stake, and nothing is said of it."""
    [question] = read_batch(batch(WIRE | {"difficulty": difficulty})).questions
    assert question.difficulty == ""
    terms = round_terms(Trivia(), question, "Bob")
    assert terms["factor"] == "2"
    assert "Entertainment: Film: a right answer pays 2x" in texts.opening(terms, "Z")


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"response_code": "0"}', b"\xff\xfe", b"[" * 100_000]
)
def test_other_answers_are_malformed(body: bytes) -> None:
    """Neither questions nor a token can be read from them."""
    for read in (read_batch, read_token):
        with pytest.raises(MalformedBatchError):
            read(body)


def test_only_a_plain_token_is_taken() -> None:
    """What we send back to a server holds nothing but letters and digits."""
    assert read_token(b'{"response_code": 0, "token": "abc123"}') == (0, "abc123")
    assert read_token(b'{"response_code": 0, "token": "a&b"}') == (0, "")
    assert read_token(b'{"response_code": 3}') == (3, "")


# Answers


@pytest.mark.parametrize(
    ("said", "letter"),
    [
        ("a", "A"),
        (" B) ", "B"),
        ("c.", "C"),
        ("D", "D"),
        ("paris", "A"),
        ("  ROME ", "B"),
        ("e", None),
        ("ab", None),
        ("a)b", None),
        ("a)) ", None),
        ("pari", None),
        ("", None),
    ],
)
def test_an_answer_is_a_letter_or_an_option(said: str, letter: str | None) -> None:
    """Any case, a bracket or a full stop behind the letter, or the whole text (P-USR-5)."""
    assert letter_of(said, CITIES) == letter


def test_the_dice_order_the_options_and_the_right_one_is_among_them() -> None:
    """Each letter is right about as often as the others."""
    draws = [TRIVIA.draw(Dice(seed), TERMS, (), "") for seed in range(400)]
    assert all(sorted(each["options"]) == sorted(CITIES) for each in draws)
    assert all(each["options"][LETTERS.index(each["right"])] == "Paris" for each in draws)
    counts = Counter(each["right"] for each in draws)
    assert set(counts) == set(LETTERS)
    assert min(counts.values()) > 60


@pytest.mark.parametrize(
    ("difficulty", "payout_z"), [("easy", 49), ("medium", 66), ("hard", 99), ("", 66)]
)
def test_the_difficulty_of_the_question_decides_what_is_paid(
    difficulty: str, payout_z: int
) -> None:
    """⌊33 times factor⌋, whatever was wished for; a wrong answer or none brings nothing."""
    assert TRIVIA.pay is not None
    question = Question("Geography", difficulty, QUESTION.text, "Paris", QUESTION.wrong)
    terms = round_terms(Trivia(difficulty="hard"), question, "Bob")
    stakes = [Stake("bob", "Bob", 33, data) for data in ({"answer": "C"}, {"answer": "A"}, {})]
    paid = TRIVIA.pay(terms, {"options": [], "right": "C"}, stakes)
    assert [each.payout_z for each in paid] == [payout_z, 0, 0]
    assert [each.is_won for each in paid] == [True, False, False]


def test_the_edge_is_known_for_a_guess() -> None:
    """A quarter of the factor, per difficulty; a table that pays guesses is warned about."""
    edges = {each.label: each.expected for each in TRIVIA.edges(SETTINGS)}
    assert edges == {
        "easy question, by guessing": Fraction(3, 8),
        "medium question, by guessing": Fraction(1, 2),
        "hard question, by guessing": Fraction(3, 4),
        "unrated question, by guessing": Fraction(1, 2),
    }
    assert factor_for(Trivia(payout_multipliers=PayoutMultipliers(hard=5)), "hard") == 5


# Texts


@pytest.mark.parametrize("length", [10, 100, 200, 400, 600])
@pytest.mark.parametrize("option", [1, 30, 60, 200])
def test_long_questions_take_several_lines_and_no_option_is_cut(length: int, option: int) -> None:
    """Every line fits the channel, and each option stands whole in one of them."""
    options = [f"{letter * option}x" for letter in "pqrs"]
    lines = texts.question_lines(("word " * 200)[:length], options, 30)
    assert all(units(each) <= 240 for each in lines)
    for letter, each in zip(LETTERS, options, strict=True):
        assert sum(f"{letter}) {each}" in line for line in lines) == 1
    assert lines[-1].endswith("(30s: say the letter)")


def test_a_hostile_question_stays_text() -> None:
    """Nothing in it is a command, a template or another line (P-TXT-8)."""
    [question] = read_batch(batch(WIRE | {"question": "/kick {user}\n!x %s"})).questions
    [line] = texts.question_lines(question.text, CITIES, 30)
    assert line.startswith("❓ /kick {user} !x %s A) Paris")


def test_many_names_are_cut_to_five() -> None:
    """The last line names who was right with their net, and how many more."""
    winners = [(f"User{number}", 10) for number in range(8)]
    [line] = texts.result_lines("B", "Paris", winners, ["Cy"], "Z")
    assert line.startswith("🧠 The answer is B) Paris. 🏆 Right: User0 +10 Z, User1 +10 Z")
    assert "User4 +10 Z and 3 more. Not this time: Cy." in line
    long = texts.result_lines("B", "x" * 200, winners, ["Cy"], "Z")
    assert len(long) == 2
    assert all(units(each) <= 240 for each in long)
    [nobody] = texts.result_lines("A", "Paris", [], ["Cy", "Dan"], "Z")
    assert nobody == "🧠 The answer is A) Paris. Nobody had it. Not this time: Cy, Dan."


def test_statistics_in_words() -> None:
    """Right, wrong, streaks, stakes and payouts; who never played is invited."""
    known = Stats(rounds=5, won=3, lost=2, staked_z=1500, paid_z=2100, streak=1, best_streak=2)
    assert texts.stats(known, "Z") == (
        "🧠 Trivia: 3 right, 2 wrong. Streak 1, best 2. 5 rounds: 1,500 Z staked, 2,100 Z won."
    )
    assert "have not played" in texts.stats(Stats(), "Z")
