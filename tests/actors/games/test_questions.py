"""The store of questions: filled in the background, and never empty for who wants to play."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.actors.games.quiz import CITY, Shelf, after, asking, trivia_settings
from tests.actors.house import House, house

from economy_actors.messages.questions import PickQuestion
from economy_actors.questions import Fetched, Wish
from kryten_economy.features.games.questions import Question, own_questions


def some(count: int, difficulty: str = "medium") -> list[Question]:
    return [replace(CITY, text=f"Question {n}?", difficulty=difficulty) for n in range(count)]


def keeping(shelf: Shelf, folder: Path, **trivia: Any) -> Any:
    settings = trivia_settings(**{"question_cache_size": 8, **trivia})
    return house(folder / "e.db", settings, questions=asking(shelf))


async def pick(h: House) -> Question:
    question: Question = await h.context.questions.ask(PickQuestion, timeout_s=30)
    return question


async def test_the_store_is_filled_at_the_start(tmp_path: Path) -> None:
    """In the background, before anybody asks, with as many as are kept (P-GAM-18)."""
    shelf = Shelf(*some(8))
    async with keeping(shelf, tmp_path) as h:
        await after(h, 1)
        assert [(each.amount, each.difficulty) for each in shelf.wishes] == [(8, "medium")]
        assert (await pick(h)).text == "Question 0?"
        assert (await pick(h)).text == "Question 1?"


async def test_it_is_refilled_below_a_quarter(tmp_path: Path) -> None:
    """Not before."""
    shelf = Shelf(*some(8))
    async with keeping(shelf, tmp_path) as h:
        await after(h, 1)
        for _ in range(6):
            await pick(h)
        await after(h, 1)
        assert len(shelf.wishes) == 1
        await pick(h)
        await after(h, 1)
        assert [each.amount for each in shelf.wishes] == [8, 7]


async def test_a_difficulty_that_is_not_kept_is_fetched(tmp_path: Path) -> None:
    """And given, though others are kept."""
    shelf = Shelf(*some(8, "easy"))
    async with keeping(shelf, tmp_path, difficulty="hard") as h:
        await after(h, 1)
        shelf.questions = tuple(some(1, "hard"))
        assert (await pick(h)).difficulty == "hard"
        assert shelf.wishes[-1].difficulty == "hard"
        shelf.away = True
        assert (await pick(h)).difficulty == "easy", "any that is kept, if there is no better one"


async def test_random_is_even(tmp_path: Path) -> None:
    """Each difficulty comes about as often."""
    async with keeping(Shelf(), tmp_path, difficulty="random", api_url="") as h:
        counts = {"easy": 0, "medium": 0, "hard": 0}
        for _ in range(300):
            counts[(await pick(h)).difficulty] += 1
        assert min(counts.values()) > 70


async def test_without_an_address_our_own_are_asked(tmp_path: Path) -> None:
    """`api_url` empty: nobody is asked for anything, and none comes twice."""
    shelf = Shelf(*some(8))
    async with keeping(shelf, tmp_path, api_url="", category=11) as h:
        await after(h, 100)
        picked = [await pick(h) for _ in range(10)]
        assert shelf.wishes == []
        assert len(set(picked)) == 10
        assert {(each.category, each.difficulty) for each in picked} == {("Film", "medium")}


async def test_switched_off_nobody_is_asked(tmp_path: Path) -> None:
    """A game that is off needs no questions."""
    shelf = Shelf(*some(8))
    async with keeping(shelf, tmp_path, enabled=False) as h:
        await after(h, 1000)
        assert shelf.wishes == []


async def test_while_the_server_is_away_our_own_come_at_once(tmp_path: Path) -> None:
    """It is asked again after a minute, and then its questions are used."""
    shelf = Shelf(*some(8))
    shelf.away = True
    async with keeping(shelf, tmp_path) as h:
        await after(h, 1)
        at_ms = h.now_ms
        assert await pick(h) in own_questions()
        assert h.now_ms - at_ms < 100
        assert len(shelf.wishes) == 1
        shelf.away = False
        await after(h, 61)
        assert len(shelf.wishes) == 2
        assert (await pick(h)).text == "Question 0?"


async def test_a_server_that_stays_away_is_asked_ever_more_seldom(tmp_path: Path) -> None:
    """In a day some thirty times, once an hour in the end; who plays has it asked at once."""
    shelf = Shelf(*some(8))
    shelf.away = True
    async with keeping(shelf, tmp_path) as h:
        await after(h, 86_400)
        assert 24 <= len(shelf.wishes) <= 32
        shelf.away = False
        assert (await pick(h)).text == "Question 0?"


async def test_nobody_waits_longer_than_eight_seconds(tmp_path: Path) -> None:
    """Then one of our own is given, and what comes later is kept."""
    shelf = Shelf(*some(8), takes_s=20)
    async with keeping(shelf, tmp_path) as h:
        at_ms = h.now_ms
        assert await pick(h) in own_questions()
        assert 7_900 < h.now_ms - at_ms < 8_500
        await after(h, 20)
        assert (await pick(h)).text == "Question 0?"


async def test_other_settings_other_questions(tmp_path: Path) -> None:
    """A category that is wanted no longer is not asked from the store."""
    shelf = Shelf(*some(8))
    async with keeping(shelf, tmp_path, category=9) as h:
        await after(h, 1)
        new = [replace(each, category="History") for each in some(8)]
        shelf.questions = tuple(new)
        h.context.live.swap(trivia_settings(question_cache_size=8, category=23))
        assert (await pick(h)).category == "History"
        assert [each.category for each in shelf.wishes] == [9, 23]


class Broken(Shelf):
    """Its first answer breaks whoever reads it."""

    async def fetch(self, wish: Wish) -> Fetched:
        if not self.wishes:
            self.wishes.append(wish)
            raise RuntimeError("broken")
        return await super().fetch(wish)


async def test_an_answer_that_breaks_the_reader_costs_that_answer(tmp_path: Path) -> None:
    """Whoever asks has one of our own, and a minute later all is well."""
    async with keeping(Broken(*some(8)), tmp_path) as h:
        await after(h, 1)
        assert await pick(h) in own_questions()
        await after(h, 62)
        assert (await pick(h)).text == "Question 0?"


@pytest.mark.parametrize("size", [1, 3, 50])
async def test_the_store_has_a_size(tmp_path: Path, size: int) -> None:
    """A server that sends more than was asked for fills nothing else."""
    shelf = Shelf(*some(500))
    async with keeping(shelf, tmp_path, question_cache_size=size) as h:
        await after(h, 1)
        shelf.away = True
        kept = [await pick(h) for _ in range(60)]
        assert sum(each not in own_questions() for each in kept) <= size + 1
