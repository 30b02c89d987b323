"""Ranks set by hand (`progression.md` 1, `commands.md` 8)."""

from pathlib import Path

import anyio
import pytest
from tests.actors.house import House, house
from tests.actors.session.test_ranks import ladder_from


async def _boss(h: House) -> None:
    await h.join("Boss")
    await h.rank("Boss", 4)


async def test_a_set_rank_is_not_undone_by_the_next_minute(tmp_path: Path) -> None:
    """P-USR-7: down as well as up, it holds over ticks and credits; only its user is told."""
    async with house(tmp_path / "e.db", ladder_from(101)) as h:
        await _boss(h)
        await h.join("Alice")
        await h.minutes(1)
        [answer] = await h.pm("Boss", "set_rank @ALICE extra")
        assert "Alice" in answer
        assert "Extra" in answer
        h.heard.clear()
        await h.minutes(1)
        await anyio.sleep(5)
        [answer] = await h.pm("Alice", "rank")
        assert answer.startswith("⭐ Rank: Extra")
        assert not any("promoted" in text for text in h.pms("alice"))


async def test_an_outgrown_setting_ends_with_a_promotion(tmp_path: Path) -> None:
    """A threshold above the earnings at the time of setting is crossed: the higher one counts."""
    async with house(tmp_path / "e.db", ladder_from(101)) as h:
        await _boss(h)
        await h.join("Alice")
        await h.minutes(1)
        await h.pm("Boss", "set_rank alice Extra")
        await h.minutes(2)
        wallet = h.wallet("alice")
        assert wallet is not None
        assert (wallet.rank_name, wallet.rank_held_from_z) == ("Gaffer", None)
        assert any("promoted to Gaffer" in text for text in h.pms("alice"))


async def test_a_rank_above_the_earnings_stays_when_they_catch_up(tmp_path: Path) -> None:
    """Set high, the thresholds below are no promotions."""
    async with house(tmp_path / "e.db", ladder_from(101)) as h:
        await _boss(h)
        await h.join("Alice")
        await h.pm("Boss", "set_rank alice GAFFER")
        await h.minutes(4)
        wallet = h.wallet("alice")
        assert wallet is not None
        assert wallet.rank_name == "Gaffer"
        assert not any("promoted" in text for text in h.pms("alice"))


async def test_auto_gives_the_rank_back_to_the_earnings(tmp_path: Path) -> None:
    """`auto` ends the setting; the user is told and nothing is announced."""
    async with house(tmp_path / "e.db", ladder_from(500)) as h:
        await _boss(h)
        await h.join("Alice")
        await h.pm("Boss", "set_rank alice Gaffer")
        assert any("Gaffer" in text for text in h.pms("alice"))
        [answer] = await h.pm("Boss", "set_rank alice AUTO")
        assert "Extra" in answer
        [answer] = await h.pm("Alice", "rank")
        assert "Rank: Extra" in answer
        await anyio.sleep(5)
        assert h.lines() == []


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("set_rank", "Usage"),
        ("set_rank alice", "Usage"),
        ("set_rank alice Emperor", "Extra, Grip, Gaffer, auto"),
        ("set_rank nobody Grip", "nobody"),
        ("set_rank nobody auto", "nobody"),
    ],
)
async def test_what_can_not_be_set_is_explained(tmp_path: Path, text: str, part: str) -> None:
    """Syntax, the ranks there are, and unknown users; nothing is changed."""
    async with house(tmp_path / "e.db", ladder_from(500)) as h:
        await _boss(h)
        await h.join("Alice")
        [answer] = await h.pm("Boss", text)
        assert part in answer
        assert h.wallet("nobody") is None
