"""CyTube levels that come with a rank (`spending.md` 8)."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.api.helpers import spawn
from tests.actors.house import CHANNEL, House, house, settings_with

from economy_actors.messages.gateway import GiveRank
from economy_actors.runtime import Actor

TIERS = [
    {"name": "Extra", "min_lifetime_earned": 0},
    {"name": "Mogul", "min_lifetime_earned": 102, "cytube_level_promotion": 2},
]
WALLET = {"welcome_wallet": 102}
SETTINGS = settings_with(ranks={"tiers": TIERS}, cytube_promotion={"min_rank": "Mogul"})


class _Gateway(Actor[Any]):
    def __init__(self, heard: list[GiveRank]) -> None:
        self._heard = heard

    async def receive(self, message: Any) -> None:
        if isinstance(message, GiveRank):
            self._heard.append(message)


def _gateway(h: House) -> list[GiveRank]:
    heard: list[GiveRank] = []
    h.context.gateway = spawn(h, "gateway", lambda: _Gateway(heard))
    return heard


async def test_a_promotion_gives_the_level_and_cytube_confirms_it(tmp_path: Path) -> None:
    """Asked for once; stored, told and counted when CyTube tells the new rank."""
    async with house(tmp_path / "e.db", SETTINGS) as h:
        asked = _gateway(h)
        await h.join("Alice")
        await h.rank("Alice", 1)
        await h.minutes(2)
        await anyio.sleep(6)
        assert asked == [GiveRank(CHANNEL, "Alice", 2)]
        wallet = h.wallet("alice")
        assert wallet is not None
        assert wallet.cytube_level == 1
        await h.rank("Alice", 2)
        wallet = h.wallet("alice")
        assert wallet is not None
        assert wallet.cytube_level == 2
        assert any("CyTube level 2" in text for text in h.pms("alice"))
        assert b"economy_cytube_promotions_total 1.0" in h.context.metrics.render()


async def test_what_cytube_did_not_confirm_is_tried_at_the_next_arrival(tmp_path: Path) -> None:
    """Without the new rank nothing is stored, and the next arrival asks again."""
    async with house(tmp_path / "e.db", SETTINGS) as h:
        asked = _gateway(h)
        await h.join("Alice")
        await h.rank("Alice", 1)
        await h.minutes(2)
        await anyio.sleep(6)
        await h.leave("Alice")
        await h.minutes(10)
        await h.join("Alice")
        await h.rank("Alice", 1)
        await anyio.sleep(6)
        assert len(asked) == 2


async def test_nobody_is_lowered(tmp_path: Path) -> None:
    """Moderators keep their rank, and where the channel rank is not known nothing is asked."""
    async with house(tmp_path / "e.db", SETTINGS) as h:
        asked = _gateway(h)
        await h.join("Mod")
        await h.rank("Mod", 3)
        await h.join("Unknown")
        await h.minutes(2)
        await anyio.sleep(6)
        assert asked == []


@pytest.mark.parametrize(("low", "high", "asked_for"), [(2, None, 2), (2, 3, 3), (3, 2, 2)])
async def test_the_highest_tier_that_was_crossed_decides(
    tmp_path: Path, low: int, high: int | None, asked_for: int
) -> None:
    """Several tiers at once ask once: for the level of the highest of them that has one."""
    tiers = [
        {"name": "Extra", "min_lifetime_earned": 0},
        {"name": "Grip", "min_lifetime_earned": 101, "cytube_level_promotion": low},
        {"name": "Mogul", "min_lifetime_earned": 102, "cytube_level_promotion": high},
    ]
    settings = settings_with(
        ranks={"tiers": tiers}, cytube_promotion={"min_rank": "Mogul"}, onboarding=WALLET
    )
    async with house(tmp_path / "e.db", settings) as h:
        asked = _gateway(h)
        await h.join("Alice")
        await h.rank("Alice", 1)
        await anyio.sleep(6)
        assert asked == [GiveRank(CHANNEL, "Alice", asked_for)]


async def test_a_rank_change_by_somebody_else_is_no_confirmation(tmp_path: Path) -> None:
    """A lower rank than the one asked for confirms nothing; what was never asked for neither."""
    async with house(tmp_path / "e.db", SETTINGS) as h:
        _gateway(h)
        for name in ("Alice", "Bob"):
            await h.join(name)
            await h.rank(name, 1)
        await h.rank("Bob", 2)
        await h.minutes(2)
        await anyio.sleep(6)
        await h.rank("Alice", 1.5)
        for name in ("alice", "bob"):
            wallet = h.wallet(name)
            assert wallet is not None
            assert wallet.cytube_level == 1
            assert not any("CyTube level" in text for text in h.pms(name))
