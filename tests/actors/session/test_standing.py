"""`rank` and `top` from the PM to the answer (`commands.md` 6)."""

from pathlib import Path

from tests.actors.house import CHANNEL, House, house, settings_with

from kryten_economy.features.bans import Ban
from kryten_economy.users import UserKey

NO_WALLET = {"onboarding": {"welcome_wallet": 0}}


async def _crowd(h: House, count: int) -> None:
    for number in range(count):
        await h.join(f"User{number:02}")
        await h.minutes(1)


async def test_rank_tells_where_one_stands(tmp_path: Path) -> None:
    """Rank, lifetime, the next one, and how far it is."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        [answer] = await h.pm("Alice", "rank")
        for part in ("Extra", "100 Z", "Grip", "900 Z", "10.0%"):
            assert part in answer


async def test_top_shows_ten_and_always_the_asker(tmp_path: Path) -> None:
    """Ten rows, medals for three, the own line even from place 12; the second page goes on."""
    async with house(tmp_path / "e.db", settings_with(**NO_WALLET)) as h:
        await _crowd(h, 12)
        [answer] = await h.pm("User11", "top")
        lines = answer.splitlines()
        assert len(lines) == 12
        assert lines[1].startswith("🥇 User00: 12")
        assert lines[-1] == "You: 12. User11: 1 Z"
        [answer] = await h.pm("User11", "top earners 2")
        assert answer.splitlines()[1:] == [
            "11. User10: 2 Z",
            "12. User11: 1 Z (you)",
        ]
        for text in ("lb rich", "leaderboard LIFETIME", "top balances", "top all"):
            [answer] = await h.pm("User00", text)
            assert "🥇 User00: 12 Z (you)" in answer
            assert "You:" not in answer


async def test_the_banned_and_the_ignored_are_on_no_leaderboard(tmp_path: Path) -> None:
    """They neither take a place nor count among the ranks."""
    settings = settings_with(**NO_WALLET)
    async with house(tmp_path / "e.db", settings) as h:
        await _crowd(h, 3)
        await h.commit(Ban(UserKey.of(CHANNEL, "User00"), "User00", "Boss", "", h.now_ms))
        h.context.live.swap(settings_with(**NO_WALLET, ignored_users=["User01"]))
        for text in ("top", "top rich", "top lifetime"):
            [answer] = await h.pm("User02", text)
            assert "User00" not in answer
            assert "User01" not in answer
            assert answer.splitlines()[-1].startswith("🥇 User02")
        [answer] = await h.pm("User02", "top ranks")
        assert "Extra: 1 user" in answer


async def test_quiet_top_hides_one_from_others(tmp_path: Path) -> None:
    """Others see neither line nor gap; the own line stays, until 'unquiet top'."""
    async with house(tmp_path / "e.db", settings_with(**NO_WALLET)) as h:
        await _crowd(h, 2)
        assert "on no leaderboard now" in (await h.pm("User00", "quiet top"))[0]
        assert "already" in (await h.pm("User00", "QUIET Top"))[0]
        [answer] = await h.pm("User01", "top")
        assert answer.splitlines()[1:] == ["🥇 User01: 1 Z (you)"]
        [answer] = await h.pm("User00", "top")
        assert answer.splitlines()[1:3] == ["🥇 User01: 1 Z", "You: 🥇 User00: 2 Z"]
        assert "'unquiet top'" in answer
        wallet = h.wallet("User00")
        assert wallet is not None
        assert not wallet.quiet
        assert "again" in (await h.pm("User00", "unquiet top"))[0]
        [answer] = await h.pm("User01", "top")
        assert answer.splitlines()[1:] == ["🥇 User00: 2 Z", "🥈 User01: 1 Z (you)"]


async def test_ties_share_a_place_in_name_order(tmp_path: Path) -> None:
    """Equal values have the same place, on the page and in the own line."""
    async with house(tmp_path / "e.db", settings_with(**NO_WALLET)) as h:
        for name in ("Cid", "ann", "Bob"):
            await h.join(name)
        await h.minutes(1)
        [answer] = await h.pm("Cid", "top")
        assert answer.splitlines()[1:] == ["🥇 ann: 1 Z", "🥇 Bob: 1 Z", "🥇 Cid: 1 Z (you)"]
        [answer] = await h.pm("Cid", "top 2")
        assert answer.splitlines()[1:] == ["Nobody on this page.", "You: 🥇 Cid: 1 Z"]


async def test_ties_share_the_medal_and_take_the_next_place(tmp_path: Path) -> None:
    """Two firsts both have gold, nobody has silver, and the next is third, wherever they look."""
    async with house(tmp_path / "e.db", settings_with(**NO_WALLET)) as h:
        for names in (("ann", "Bob"), ("Cid",), ("Dan", "Eve")):
            for name in names:
                await h.join(name)
            await h.minutes(1)
        rows = ["🥇 ann: 3 Z", "🥇 Bob: 3 Z", "🥉 Cid: 2 Z", "4. Dan: 1 Z", "4. Eve: 1 Z (you)"]
        for board in ("earners", "rich", "lifetime"):
            assert (await h.pm("Eve", f"top {board}"))[0].splitlines()[1:] == rows
            assert (await h.pm("Cid", f"top {board} 2"))[0].splitlines()[-1] == "You: 🥉 Cid: 2 Z"


async def test_an_unknown_leaderboard_lists_the_known(tmp_path: Path) -> None:
    """Whoever asks for nonsense learns what there is."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        for text in ("top losers", "top rich poor", "top rich 0"):
            [answer] = await h.pm("Alice", text)
            assert "earners, rich, lifetime, ranks" in answer


async def test_nobody_has_earned_today(tmp_path: Path) -> None:
    """An empty leaderboard says so, and asking creates no row on it."""
    async with house(tmp_path / "e.db", settings_with(**NO_WALLET)) as h:
        await h.join("Alice")
        [answer] = await h.pm("Alice", "top")
        assert "Nobody yet" in answer
        assert "not on this list" in answer
