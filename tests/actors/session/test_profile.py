"""`profile` and `achievements` from the PM to the answer (`commands.md` 6)."""

from pathlib import Path

from tests.actors.house import house, settings_with
from tests.unit.features.test_achievements import achievement


async def test_achievements_are_listed_with_bars(tmp_path: Path) -> None:
    """Won ones with their date, open ones with a bar of ten, hidden ones only as a number."""
    settings = settings_with(
        achievements=[
            achievement("first", "lifetime_messages", 1),
            achievement("tenth", "lifetime_messages", 10, hidden=False),
            achievement("early", "lifetime_presence_hours", 5, hidden=False),
            achievement("secret", "lifetime_messages", 99),
        ]
    )
    async with house(tmp_path / "e.db", settings) as h:
        await h.join("Alice")
        for _ in range(3):
            await h.chat("Alice", "hello")
        [answer] = await h.pm("Alice", "achievements")
        assert answer.splitlines() == [
            "🏆 Achievements: 1 won",
            "✅ Did first (2026-11-20)",
            "███░░░░░░░ Did tenth 3/10",
            "░░░░░░░░░░ Did early 0/5",
            "🔒 1 hidden achievement left to find.",
        ]


async def test_without_achievements_it_says_so(tmp_path: Path) -> None:
    """A file without any is no error."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        [answer] = await h.pm("Alice", "achievements")
        assert "none" in answer


async def test_a_profile_of_oneself_and_of_others(tmp_path: Path) -> None:
    """Name in its own casing, rank, balance, lifetime, streak, achievements; unknown users too."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        await h.join("Bob")
        [own] = await h.pm("Alice", "profile")
        for part in ("Alice", "Extra", "100 Z (Z-Coin)", "0 days", "0 achievements"):
            assert part in own
        [other] = await h.pm("Alice", "profile @BOB,")
        assert "Bob" in other
        [answer] = await h.pm("Alice", "profile @nobody")
        assert "nobody" in answer
        assert h.wallet("nobody") is None
        [answer] = await h.pm("Alice", "profile not/aname")
        assert "Usage" in answer
