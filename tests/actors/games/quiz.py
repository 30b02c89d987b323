"""A channel in which trivia is played: Alice, Bob, Cy and Dan with 1,000 Z each."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from tests.actors.games.crew import rounds_open
from tests.actors.house import CHANNEL, House, house, settings_with

from economy_actors.context import Context
from economy_actors.outbox.message import Line, LineKind
from economy_actors.questions import Fetched, NoQuestions, Questions, Wish
from economy_actors.runtime import Actor
from kryten_economy.config import Settings
from kryten_economy.features.games.fairness import FairDice, public_id
from kryten_economy.features.games.questions import LETTERS, Question
from kryten_economy.features.games.trivia import TRIVIA

__all__ = (
    "BETS_S",
    "CITY",
    "Shelf",
    "after",
    "asking",
    "letters",
    "quiz",
    "said",
    "trivia_settings",
)

BETS_S = 15
ANSWERS_S = 30
CITY = Question(
    "Geography", "medium", "What is the capital of France?", "Paris", ("Rome", "Oslo", "Bern")
)
SEED = "5eed" * 16


class Shelf:
    """Where questions are fetched from: it has those it is given, and counts what is asked.

    While ``away`` there are none; ``takes_s`` is how long it takes.
    """

    def __init__(self, *questions: Question, takes_s: float = 0.0) -> None:
        self.questions = questions
        self.takes_s = takes_s
        self.away = False
        self.wishes: list[Wish] = []

    async def fetch(self, wish: Wish) -> Fetched:
        self.wishes.append(wish)
        await anyio.sleep(self.takes_s)
        return NoQuestions("away") if self.away else self.questions

    async def close(self) -> None:
        pass


def asking(shelf: Shelf) -> Callable[[Context], Actor[Any]]:
    """What `house` takes to have questions from a shelf."""
    return lambda context: Questions(context, lambda: shelf)


def trivia_settings(gambling: dict[str, Any] | None = None, /, **trivia: Any) -> Settings:
    """Trivia for accounts of any age, medium questions if nothing else is said."""
    own = {"difficulty": "medium", **trivia}
    games = {"min_account_age_minutes": 0, **(gambling or {}), "trivia": own}
    return settings_with(gambling=games, onboarding={"welcome_wallet": 1000})


@asynccontextmanager
async def quiz(
    folder: Path,
    settings: Settings | None = None,
    question: Question = CITY,
    **more: Any,
) -> AsyncIterator[House]:
    """All four are here, and ``question`` is the one that is asked."""
    settings = settings or trivia_settings()
    more.setdefault("questions", asking(Shelf(*[question] * 20)))
    async with house(folder / "e.db", settings, **more) as h:
        h.context.fresh_seed = lambda: SEED
        for name in ("Alice", "Bob", "Cy", "Dan"):
            await h.join(name)
        yield h


def said(h: House) -> list[str]:
    """The lines of results in the channel."""
    return [m.text for m in h.heard if isinstance(m, Line) and m.kind is LineKind.RESULT]


def letters(h: House) -> tuple[str, str]:
    """The letter of the right answer of the round under way, and one of a wrong one."""
    [row] = rounds_open(h)
    outcome = TRIVIA.draw(FairDice(SEED, public_id(CHANNEL, row.number)), row.terms, (), "")
    right: str = outcome["right"]
    return right, next(each for each in LETTERS if each != right)


async def after(h: House, seconds: float) -> None:
    """Let time pass, and what is due then come to its end."""
    await anyio.sleep(seconds)
    await h.settle()
