"""Questions that wait for YES, and lists that wait for a number (`commands.md` 6, P-QUE-7)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from tests.actors.house import House, house, settings_with

from economy_actors.handlers.registry import COMMANDS, PmCall, Question
from kryten_economy.commands.table import CommandSpec, Section
from kryten_economy.features.money.operations import Debit, Posted

TREATS = ("cake", "tea")
TIMEOUT_S = 60


async def treats(call: PmCall) -> Question:
    """A list to choose from."""

    async def chosen(_call: PmCall, number: int) -> Question:
        return _offer(TREATS[number - 1])

    return Question("1 cake, 2 tea", chosen=chosen, choices=len(TREATS), for_s=600.0)


def _offer(treat: str) -> Question:
    async def yes(call: PmCall) -> str:
        words = ("spend", "spend.treat", treat)
        debit = Debit(call.op_id, call.user, 10, *words, call.now_ms, call.day)
        answer = await call.commit(debit)
        assert isinstance(answer, Posted), answer
        return f"Enjoy your {treat}."

    return Question(f"A {treat} for 10? Say YES.", yes=yes)


@pytest.fixture(autouse=True)
def _treats(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = CommandSpec("treats", "treats", "things to eat", Section.SHOP)
    monkeypatch.setitem(COMMANDS._handlers, "treats", treats)
    monkeypatch.setitem(COMMANDS._specs, "treats", spec)
    monkeypatch.setitem(COMMANDS._by_word, "treats", spec)


@asynccontextmanager
async def bar(folder: Path) -> AsyncIterator[House]:
    """Alice with 100 Z."""
    settings = settings_with(commands={"confirm_timeout_seconds": TIMEOUT_S})
    async with house(folder / "e.db", settings) as h:
        await h.join("Alice")
        yield h


def _waiting(h: House) -> float | None:
    return h.context.metrics.registry.get_sample_value("economy_pending_confirms")


@pytest.mark.parametrize("word", ["YES", "yes", " Yes "])
async def test_yes_does_what_was_asked(tmp_path: Path, word: str) -> None:
    """A number asks, YES in any casing does it, and the money moves once."""
    async with bar(tmp_path) as h:
        assert await h.pm("Alice", "treats") == ["1 cake, 2 tea"]
        assert await h.pm("Alice", "2") == ["A tea for 10? Say YES."]
        assert h.balance("Alice") == 100
        assert _waiting(h) == 1
        assert await h.pm("Alice", word) == ["Enjoy your tea."]
        assert h.balance("Alice") == 90
        assert _waiting(h) == 0
        [answer] = await h.pm("Alice", word)
        assert "nothing to confirm" in answer
        assert h.balance("Alice") == 90


async def test_another_command_means_no_and_is_carried_out(tmp_path: Path) -> None:
    """Whoever asks for something else has changed their mind: YES after it buys nothing."""
    async with bar(tmp_path) as h:
        await h.pm("Alice", "treats")
        await h.pm("Alice", "1")
        [answer] = await h.pm("Alice", "balance")
        assert "100" in answer
        [answer] = await h.pm("Alice", "yes")
        assert "nothing to confirm" in answer
        assert h.balance("Alice") == 100


async def test_anything_else_cancels(tmp_path: Path) -> None:
    """A word that is no command says no, and is told so."""
    async with bar(tmp_path) as h:
        await h.pm("Alice", "treats")
        await h.pm("Alice", "1")
        [answer] = await h.pm("Alice", "nah")
        assert "cancelled" in answer
        [answer] = await h.pm("Alice", "yes")
        assert "nothing to confirm" in answer


async def test_a_prompt_dies_with_its_time(tmp_path: Path) -> None:
    """A YES that comes too late buys nothing, and the gauge forgets the prompt by itself."""
    async with bar(tmp_path) as h:
        await h.pm("Alice", "treats")
        await h.pm("Alice", "1")
        await anyio.sleep(TIMEOUT_S + 1)
        assert _waiting(h) == 0
        [answer] = await h.pm("Alice", "yes")
        assert "run out of time" in answer
        assert h.balance("Alice") == 100


async def test_a_list_stays_while_numbers_come(tmp_path: Path) -> None:
    """A number that the list lacks is told the range; the next one picks; another word ends it."""
    async with bar(tmp_path) as h:
        await h.pm("Alice", "treats")
        assert await h.pm("Alice", "3") == ["Pick a number from 1 to 2."]
        assert await h.pm("Alice", "0") == ["Pick a number from 1 to 2."]
        assert await h.pm("Alice", "1") == ["A cake for 10? Say YES."]
        assert await h.pm("Alice", "2") == ["A tea for 10? Say YES."]
        await h.pm("Alice", "balance")
        [answer] = await h.pm("Alice", "1")
        assert "don't know" in answer


async def test_prompts_belong_to_one_user(tmp_path: Path) -> None:
    """Bob's YES answers no question of Alice's."""
    async with bar(tmp_path) as h:
        await h.join("Bob")
        await h.pm("Alice", "treats")
        await h.pm("Alice", "1")
        [answer] = await h.pm("Bob", "yes")
        assert "nothing to confirm" in answer
        assert await h.pm("Alice", "yes") == ["Enjoy your cake."]
