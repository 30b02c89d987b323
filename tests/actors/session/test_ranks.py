"""Promotions from a credit or a minute to the messages (`spec/progression.md` 1)."""

from pathlib import Path

import anyio
from tests.actors.house import house, settings_with

from kryten_economy.config import Settings


def ladder_from(first: int = 103, **sections: object) -> Settings:
    """Three ranks: the second from ``first``, the third 2 Z later."""
    tiers = [
        {"name": "Extra", "min_lifetime_earned": 0},
        {"name": "Grip", "min_lifetime_earned": first, "perks": ["+1 queue/day", "5% discount"]},
        {"name": "Gaffer", "min_lifetime_earned": first + 2},
    ]
    return settings_with(ranks={"tiers": tiers}, cytube_promotion={"min_rank": "Grip"}, **sections)


async def test_a_minute_that_crosses_a_threshold_promotes_at_that_tick(tmp_path: Path) -> None:
    """Stored, told privately with the perks and the real discount, told publicly, counted."""
    async with house(tmp_path / "e.db", ladder_from()) as h:
        await h.join("Alice")
        await h.minutes(2)
        assert not [text for text in h.pms("alice") if "promoted" in text]
        await h.minutes(1)
        [notice] = [text for text in h.pms("alice") if "promoted" in text]
        assert "Grip" in notice
        assert "+1 queue/day" in notice
        assert "2%" in notice
        assert "5%" not in notice
        await anyio.sleep(5)
        assert h.lines() == ["⭐ Alice is now a Grip!"]
        wallet = h.wallet("alice")
        assert wallet is not None
        assert wallet.rank_name == "Grip"
        assert b"economy_rank_promotions_total 1.0" in h.world.metrics.render()


async def test_rank_ups_of_one_tick_are_one_line(tmp_path: Path) -> None:
    """Several users at once: one public line, grouped by rank, each with a PM of his own."""
    async with house(tmp_path / "e.db", ladder_from()) as h:
        for name in ("Alice", "Bob", "Carol"):
            await h.join(name)
        await h.minutes(3)
        await anyio.sleep(5)
        [line] = h.lines()
        assert "Grip: Alice, Bob, Carol" in line
        assert all(any("promoted" in text for text in h.pms(name)) for name in ("bob", "carol"))


async def test_a_quiet_user_is_promoted_without_a_private_message(tmp_path: Path) -> None:
    """Quiet mode mutes the PM, not the rank and not the public line."""
    async with house(tmp_path / "e.db", ladder_from()) as h:
        await h.join("Alice")
        await h.pm("Alice", "quiet")
        await h.minutes(3)
        await anyio.sleep(5)
        assert not [text for text in h.pms("alice") if "promoted" in text]
        assert len(h.lines()) == 1


async def test_the_gate_closes_the_public_line_only(tmp_path: Path) -> None:
    """With rank_promotion off, the user is told and nobody else."""
    async with house(tmp_path / "e.db", ladder_from(announcements={"rank_promotion": False})) as h:
        await h.join("Alice")
        await h.minutes(3)
        await anyio.sleep(5)
        assert [text for text in h.pms("alice") if "promoted" in text]
        assert h.lines() == []


async def test_a_wallet_that_crosses_a_threshold_promotes_at_arrival(tmp_path: Path) -> None:
    """The check follows every credit that counts as earned, the welcome wallet too."""
    async with house(tmp_path / "e.db", ladder_from(first=100)) as h:
        await h.join("Alice")
        assert [text for text in h.pms("alice") if "Grip" in text]


async def test_raised_thresholds_demote_nobody(tmp_path: Path) -> None:
    """P-USR-8: after a reload with higher thresholds the rank stays and nothing is told."""
    async with house(tmp_path / "e.db", ladder_from()) as h:
        await h.join("Alice")
        await h.minutes(3)
        h.world.live.swap(ladder_from(first=10_000))
        await h.minutes(2)
        [answer] = await h.pm("Alice", "balance")
        assert "Grip" in answer
        assert len([text for text in h.pms("alice") if "promoted" in text]) == 1
