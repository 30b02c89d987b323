"""What becomes of rounds and of the stage when something dies, stops, hangs or is closed.

The heist stands for all games that several play (`gambling.md` 10, G7).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import apsw
import pytest
from tests.actors.games.crew import (
    WIN,
    WINDOW_S,
    balances,
    crew,
    heist_lines,
    heist_settings,
    rounds_open,
    slot,
    window,
)
from tests.actors.house import CHANNEL, House, house

from economy_actors.handlers import registry
from economy_actors.messages.ledger import OutcomeUnknown, commit
from economy_actors.messages.tables import News, SlotTaken, TakeSlot
from economy_actors.tables import floor, kit
from kryten_economy.features.games.tables import DrawRound, FinishRound, OpenRound
from kryten_economy.ledger.records import Reopen, SetReadOnly
from kryten_economy.refusals import CoolingDown, Occupied


async def form(h: House) -> int:
    """Alice, Bob and Cy are in with 100 Z each; the number of their round."""
    await h.pm("Alice", "heist 100")
    await h.chat("Bob", "join")
    await h.chat("Cy", "join")
    [row] = rounds_open(h)
    return row.number


def killed(h: House, folder: Path) -> Path:
    """What is on the disk at this moment."""
    path = folder / "killed.db"
    connection = apsw.Connection(str(h.path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        connection.execute("VACUUM INTO ?", (str(path),))
    finally:
        connection.close()
    return path


async def draw(h: House, number: int) -> None:
    day = h.context.live.calendar.day(h.now_ms)
    await h.commit(DrawRound(f"draw:{CHANNEL}:{number}", CHANNEL, number, h.now_ms, day))


# Restarts


async def test_killed_while_the_crew_forms(tmp_path: Path) -> None:
    """Nothing was drawn: after the restart every stake is back, and everybody is told why."""
    settings = heist_settings(**WIN)
    async with crew(tmp_path, settings) as h:
        await form(h)
        path = killed(h, tmp_path)
    async with house(path, settings) as h:
        await h.settle()
        assert balances(h) == [1000] * 3
        for name in ("Alice", "Bob", "Cy"):
            assert h.pms(name) == [
                "🎲 Heist was called off: your 100 Z are back. Balance: 1,000 Z."
            ]
        assert rounds_open(h) == []
        assert isinstance(await slot(h), SlotTaken)


async def test_killed_after_the_draw(tmp_path: Path) -> None:
    """What was drawn is paid, whoever had heard of it."""
    settings = heist_settings(**WIN)
    async with crew(tmp_path, settings) as h:
        await draw(h, await form(h))
        path = killed(h, tmp_path)
    async with house(path, settings) as h:
        await h.settle()
        assert balances(h) == [1100] * 3
        [pm] = h.pms("Bob")
        assert "settled after an interruption" in pm
        assert "got 200 Z" in pm
        await window(h)
        assert balances(h) == [1100] * 3


async def test_a_clean_stop_gives_stakes_back(tmp_path: Path) -> None:
    """Nobody has to wait for the next start (G7); what was drawn by then is paid."""
    settings = heist_settings(**WIN)
    async with crew(tmp_path, settings) as h:
        await form(h)
    assert "🎲 Heist was called off: your 100 Z are back. Balance: 1,000 Z." in h.pms("Cy")
    assert balances(h) == [1000] * 3
    assert rounds_open(h) == []


async def test_a_clean_stop_after_the_draw_pays(tmp_path: Path) -> None:
    """An outcome that is stored is played to its end."""
    async with crew(tmp_path, heist_settings(**WIN)) as h:
        await draw(h, await form(h))
    assert balances(h) == [1100] * 3


async def test_a_stop_in_mid_story(tmp_path: Path) -> None:
    """All were paid before the story began, and hear of it although it is cut short."""
    async with crew(tmp_path, heist_settings(**WIN)) as h:
        await form(h)
        await anyio.sleep(WINDOW_S + 3)
    assert balances(h) == [1100] * 3
    assert sum("The heist worked" in pm for pm in h.pms("Bob")) == 1


# Tables that die


async def test_a_table_that_crashes_goes_on(tmp_path: Path) -> None:
    """A new instance reads the round from the books: people join as before, each is paid once."""
    async with crew(tmp_path, heist_settings(**WIN)) as h:
        await h.pm("Alice", "heist 100")
        [row] = rounds_open(h)
        h.context.floors[CHANNEL].tell(News(row.number, object()))
        await anyio.sleep(1)
        await h.chat("Bob", "join")
        await h.chat("Cy", "join")
        await window(h)
        assert balances(h) == [1100] * 3
        assert sum("plans a heist" in line.text for line in heist_lines(h)) == 1
        assert sum("The heist worked" in pm for pm in h.pms("Bob")) == 1


async def test_a_table_that_crashes_in_mid_story(tmp_path: Path) -> None:
    """The story is told again, and nobody is paid twice."""
    async with crew(tmp_path, heist_settings(**WIN)) as h:
        number = await form(h)
        await anyio.sleep(WINDOW_S + 3)
        h.context.floors[CHANNEL].tell(News(number, object()))
        await anyio.sleep(20)
        assert balances(h) == [1100] * 3
        assert any("The heist worked" in pm for pm in h.pms("Bob"))
        assert isinstance(await slot(h), CoolingDown)


async def test_a_table_that_can_not_live_is_cleared(tmp_path: Path) -> None:
    """However often it dies, the stakes come back and the stage is free again."""
    async with crew(tmp_path, heist_settings(**WIN)) as h:
        number = await form(h)
        for _ in range(8):
            h.context.floors[CHANNEL].tell(News(number, object()))
        await anyio.sleep(30)
        assert balances(h) == [1000] * 3
        assert any("was called off" in pm for pm in h.pms("Bob"))
        await anyio.sleep(60)
        assert isinstance(await slot(h), SlotTaken)
        await h.chat("Dan", "join")
        assert h.balance("Dan") == 1000, "nobody hears the word any more"


# The stage


async def test_a_spectacle_that_lasts_too_long_is_cleared(tmp_path: Path) -> None:
    """`spectacle_max_duration_seconds` frees the stage and gives the stakes back."""
    settings = heist_settings({"spectacle_max_duration_seconds": 30}, **WIN)
    async with crew(tmp_path, settings) as h:
        await form(h)
        await anyio.sleep(31)
        await h.settle()
        assert balances(h) == [1000] * 3
        answer = await slot(h)
        assert isinstance(answer, CoolingDown)
        await window(h)
        assert balances(h) == [1000] * 3
        assert not any("became" in line.text for line in heist_lines(h))


async def test_a_slot_that_nobody_uses_comes_back(tmp_path: Path) -> None:
    """Whoever took it may have died: after a minute it is free, without a pause."""
    async with crew(tmp_path, heist_settings()) as h:
        taken: SlotTaken | Occupied | CoolingDown = await h.context.floors[CHANNEL].ask(
            lambda r: TakeSlot("heist", r), timeout_s=2
        )
        assert isinstance(taken, SlotTaken)
        assert await slot(h) == Occupied("Heist")
        await anyio.sleep(61)
        assert isinstance(await slot(h), SlotTaken)


async def test_a_start_of_which_nobody_knows_whether_it_happened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The player is told so; the floor asks the books, gives the stake back and frees the stage."""

    async def lost(ledger: Any, request: Any) -> Any:
        answer = await commit(ledger, request)
        if isinstance(request, OpenRound):
            raise OutcomeUnknown("lost")
        return answer

    monkeypatch.setattr(registry, "commit", lost)
    async with crew(tmp_path, heist_settings()) as h:
        [answer] = await h.pm("Alice", "heist 100")
        assert "can't tell whether that went through" in answer
        assert h.balance("Alice") == 900
        await anyio.sleep(61)
        await h.settle()
        assert h.balance("Alice") == 1000
        assert "called off" in h.pms("Alice")[-1]
        assert isinstance(await slot(h), SlotTaken)


# Bans


async def test_a_ban_takes_nobody_elses_round(tmp_path: Path) -> None:
    """The banned get their stake back and are told; the others go on without them."""
    async with crew(tmp_path, heist_settings(**WIN)) as h:
        await form(h)
        await h.chat("Dan", "join")
        await h.join("Boss", 5)
        await h.pm("Boss", "ban @Bob cheating")
        assert h.balance("Bob") == 1000
        assert any("your 100 Z are back" in pm for pm in h.pms("Bob"))
        await window(h)
        assert balances(h, "Alice", "Bob", "Cy", "Dan") == [1100, 1000, 1100, 1100]


async def test_a_ban_may_leave_too_few(tmp_path: Path) -> None:
    """Whoever is left is counted at the end of the window."""
    async with crew(tmp_path, heist_settings(**WIN)) as h:
        await form(h)
        await h.join("Boss", 5)
        await h.pm("Boss", "ban @Alice")
        await window(h)
        assert balances(h) == [1000] * 3
        assert "there were 2" in heist_lines(h)[-1].text


async def test_a_ban_after_the_draw_changes_nothing(tmp_path: Path) -> None:
    """The outcome was stored before: it is paid."""
    async with crew(tmp_path, heist_settings(**WIN)) as h:
        await draw(h, await form(h))
        await h.join("Boss", 5)
        await h.pm("Boss", "ban @Bob")
        await window(h)
        assert balances(h) == [1100] * 3


# Books that do not answer


async def test_a_closed_channel_keeps_its_round_until_it_is_reopened(tmp_path: Path) -> None:
    """Nobody starts or joins meanwhile; then all are paid."""
    async with crew(tmp_path, heist_settings(**WIN)) as h:
        await form(h)
        await h.commit(SetReadOnly(CHANNEL, "a check", h.now_ms))
        await h.chat("Dan", "join")
        assert "Payments in this channel are paused" in h.pms("Dan")[-1]
        await window(h)
        assert balances(h) == [900] * 3
        [row] = rounds_open(h)
        assert row.state == "open"
        await h.commit(Reopen(CHANNEL))
        await window(h, 10)
        assert balances(h) == [1100] * 3
        assert rounds_open(h) == []


async def test_a_start_in_a_closed_channel_gives_the_slot_back(tmp_path: Path) -> None:
    """The books refuse, and nobody waits for a pause (P-GAM-9)."""
    async with crew(tmp_path, heist_settings()) as h:
        await h.commit(SetReadOnly(CHANNEL, "a check", h.now_ms))
        [answer] = await h.pm("Alice", "heist 100")
        assert "Payments in this channel are paused" in answer
        assert isinstance(await slot(h), SlotTaken)


async def test_what_a_restart_finds_in_a_closed_channel_waits(tmp_path: Path) -> None:
    """The stakes come back as soon as the channel is open again."""
    settings = heist_settings(**WIN)
    async with crew(tmp_path, settings) as h:
        await form(h)
        await h.commit(SetReadOnly(CHANNEL, "a check", h.now_ms))
        path = killed(h, tmp_path)
        await h.commit(Reopen(CHANNEL))
    async with house(path, settings) as h:
        await h.settle()
        assert len(rounds_open(h)) == 1
        await h.commit(Reopen(CHANNEL))
        await anyio.sleep(10)
        await h.settle()
        assert balances(h) == [1000] * 3
        assert any("called off" in pm for pm in h.pms("Alice"))


@pytest.mark.parametrize("is_done", [True, False])
@pytest.mark.parametrize("kind", [DrawRound, FinishRound])
async def test_a_commit_whose_outcome_is_unknown_is_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type, is_done: bool
) -> None:
    """Whether it had reached the disk or not, everybody is paid once and told once."""
    lost: list[object] = []

    async def unlucky(ledger: Any, request: Any) -> Any:
        is_lost = isinstance(request, kind) and len(lost) < 3
        answer = None if is_lost and not is_done else await _sound(ledger, request)
        if is_lost:
            lost.append(request)
            raise OutcomeUnknown("the disk")
        return answer

    _patch_all(monkeypatch, unlucky)
    async with crew(tmp_path, heist_settings(**WIN)) as h:
        await form(h)
        await window(h, WINDOW_S + 30)
        assert len(lost) == 3
        assert balances(h) == [1100] * 3
        assert sum("The heist worked" in pm for pm in h.pms("Cy")) == 1


async def _sound(ledger: Any, request: Any) -> Any:
    return await commit(ledger, request)


def _patch_all(monkeypatch: pytest.MonkeyPatch, instead: Callable[..., Any]) -> None:
    for module in (kit, floor):
        monkeypatch.setattr(module, "commit", instead)
