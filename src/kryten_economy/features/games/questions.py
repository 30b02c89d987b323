"""Questions of trivia: those of Open Trivia DB as it tells them, and a pool of our own.

Pure but for the pool, which is read from the package once. Nobody trusts what a server tells: a
question that could not be shown whole, or whose options could not be told apart, is left out.
"""

import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from kryten_economy.dice import Chance
from kryten_economy.text.markup import units, user_text

__all__ = (
    "DIFFICULTIES",
    "LETTERS",
    "Batch",
    "MalformedBatchError",
    "OwnPool",
    "Question",
    "as_said",
    "letter_of",
    "own_questions",
    "read_batch",
    "read_token",
)

DIFFICULTIES: Final = ("easy", "medium", "hard")
LETTERS: Final = "ABCD"

_QUESTION_UNITS_MAX = 600
_OPTION_UNITS_MAX = 200
_CATEGORY_UNITS_MAX = 80
_TOKEN = re.compile(r"[A-Za-z0-9]{1,200}", re.ASCII)

_CATEGORY_IDS: Final = {
    "Film": 11,
    "Music": 12,
    "Television": 14,
    "Video Games": 15,
    "Science": 17,
    "Geography": 22,
    "Animation": 32,
}
"""What the categories of our own pool are called at Open Trivia DB."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question; a ``difficulty`` that nobody knows is "". ``wrong`` are three options."""

    category: str
    difficulty: str
    text: str
    right: str
    wrong: tuple[str, ...]


def as_said(text: str) -> str:
    """Equal for what means the same in the channel."""
    return " ".join(text.split()).lower()


def letter_of(said: str, options: Sequence[str]) -> str | None:
    """The letter of the option that somebody means; None if it is no answer."""
    meant = as_said(said)
    letter = meant[:1].upper()
    if letter and letter in LETTERS[: len(options)] and meant[1:] in {"", ")", "."}:
        return letter
    texts = [as_said(each) for each in options]
    return LETTERS[texts.index(meant)] if meant in texts else None


# What Open Trivia DB answers


class MalformedBatchError(ValueError):
    """Something else than Open Trivia DB has answered; is the address right?"""


class Batch(NamedTuple):
    """How a request for questions ended by its code, and the questions that can be used."""

    code: int
    questions: tuple[Question, ...] = ()


def read_batch(body: bytes) -> Batch:
    """Code and questions of an answer; raises MalformedBatchError."""
    document = _document(body)
    results = document.get("results", [])
    if not isinstance(results, list):
        raise MalformedBatchError("no list of questions")
    read = (_question(each) for each in results)
    return Batch(_code(document), tuple(each for each in read if each is not None))


def read_token(body: bytes) -> tuple[int, str]:
    """Code and session token of an answer; raises MalformedBatchError."""
    document = _document(body)
    token = document.get("token")
    if not isinstance(token, str) or _TOKEN.fullmatch(token) is None:
        token = ""
    return _code(document), token


def _document(body: bytes) -> dict[str, object]:
    try:
        document: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedBatchError("not JSON") from error
    if not isinstance(document, dict):
        raise MalformedBatchError("no JSON object")
    return document


def _code(document: dict[str, object]) -> int:
    code = document.get("response_code")
    if not isinstance(code, int) or isinstance(code, bool):
        raise MalformedBatchError("no response code")
    return code


def _question(document: object) -> Question | None:
    if not isinstance(document, dict):
        return None
    wrong = document.get("incorrect_answers")
    if not isinstance(wrong, list) or len(wrong) != len(LETTERS) - 1:
        return None
    text = _text(document.get("question"), _QUESTION_UNITS_MAX)
    options = [_text(each, _OPTION_UNITS_MAX) for each in (document.get("correct_answer"), *wrong)]
    if not text or not _can_be_told_apart(options):
        return None
    difficulty = document.get("difficulty")
    return Question(
        _text(document.get("category"), _CATEGORY_UNITS_MAX) or "General",
        difficulty if difficulty in DIFFICULTIES else "",
        text,
        options[0],
        tuple(options[1:]),
    )


def _text(value: object, units_max: int) -> str:
    """One clean line; "" for what is no text or too long, since nothing of it may be cut."""
    if not isinstance(value, str):
        return ""
    line = user_text(html.unescape(value))
    return line if units(line) <= units_max else ""


def _can_be_told_apart(options: Sequence[str]) -> bool:
    """Whether whatever is said means one option at most; a text like "B" would mean two."""
    said = {as_said(each) for each in options}
    letters = any(each and letter_of(each, ("",) * len(LETTERS)) for each in said)
    return "" not in said and len(said) == len(options) and not letters


# Our own


@cache
def own_questions() -> tuple[Question, ...]:
    """Those of the package."""
    text = (files(__package__) / "trivia.json").read_text(encoding="utf-8")
    return tuple(
        Question(
            each["category"],
            each["difficulty"],
            each["question"],
            each["right"],
            tuple(each["wrong"]),
        )
        for each in json.loads(text)
    )


class OwnPool:
    """Our own questions, none twice before all that fit were asked."""

    def __init__(self) -> None:
        self._asked: set[Question] = set()

    def pick(self, chance: Chance, difficulty: str, category: int | None) -> Question:
        """One of the difficulty, and of the category if we have any of it."""
        own = [each for each in own_questions() if each.difficulty == difficulty]
        of_category = [each for each in own if _CATEGORY_IDS[each.category] == category]
        fitting = of_category or own or list(own_questions())
        fresh = [each for each in fitting if each not in self._asked]
        if not fresh:
            self._asked.difference_update(fitting)
            fresh = fitting
        picked = chance.pick(fresh)
        self._asked.add(picked)
        return picked
