"""What plays pays those who watch, talk and like (`earning.md` 8.5)."""

from pathlib import Path
from typing import Any

import anyio
from tests.actors.house import NO_TRIGGERS, House, house, settings_with

from economy_actors.messages.channel import MediaChanged, RoomStored
from kryten_economy.config import Settings
from kryten_economy.features.media.rules import Medium, comment_cap


def only(name: str, **terms: Any) -> Settings:
    content = NO_TRIGGERS["content_triggers"] | {name: terms}
    return settings_with(content_triggers=content, onboarding={"welcome_wallet": 0})


def film(key: str, duration_s: int = 600, uid: int | None = None) -> Medium:
    return Medium(f"yt:{key}", f"Film {key}", duration_s, uid)


async def play(
    home: House,
    key: str,
    duration_s: int = 600,
    *,
    uid: int | None = None,
    position_s: float = -3,
) -> None:
    home.channel.tell(MediaChanged(film(key, duration_s, uid), home.now_ms, position_s))
    await home.settle()


async def stored(home: House, medium: Medium | None) -> None:
    """The gateway has read the robot's store."""
    home.channel.tell(RoomStored(None, medium))
    await home.settle()


def test_comment_caps() -> None:
    """Section 11: 60 minutes 20, 20 minutes 10, unknown 10."""
    settings = settings_with()
    caps = [comment_cap(settings, Medium("a", "", s)) for s in (3600, 1200, 0)]
    assert caps == [20, 10, 10]
    fixed = only("comment_during_media", scale_with_duration=False)
    assert comment_cap(fixed, Medium("a", "", 3600)) == 10


async def test_comments_pay_up_to_the_cap_of_each_item(tmp_path: Path) -> None:
    """Halves are kept; case makes no other user (P-USR-4); nothing before something plays."""
    settings = only("comment_during_media", max_per_item_base=4)
    async with house(tmp_path / "e.db", settings) as home:
        await home.join("Alice")
        await home.chat("Alice", "hi")
        await play(home, "a")
        for name in ("Alice", "alice", "ALICE", "Alice", "Alice", "Alice"):
            await home.chat(name, "hi")
        assert home.balance("Alice") == 2
        await play(home, "a")
        await home.chat("Alice", "hi")
        assert home.balance("Alice") == 2
        await play(home, "b")
        await home.chat("Alice", "hi")
        await home.chat("Alice", "hi")
        assert home.balance("Alice") == 3


async def test_the_first_line_after_a_change_is_paid(tmp_path: Path) -> None:
    """One claim per change, within 30 s."""
    async with house(tmp_path / "e.db", only("first_after_media_change")) as home:
        await home.join("Alice")
        await home.join("Bob")
        await play(home, "a")
        await home.chat("Alice", "oh")
        await home.chat("Bob", "ah")
        assert (home.balance("Alice"), home.balance("Bob")) == (3, 0)
        await play(home, "b")
        await anyio.sleep(30.5)
        await home.chat("Bob", "late")
        assert home.balance("Bob") == 0


async def test_who_stays_to_the_end_is_paid(tmp_path: Path) -> None:
    """From start to end, bounces allowed; late comers and skipped items pay nobody."""
    async with house(tmp_path / "e.db", only("survived_full_media")) as home:
        await home.join("Alice")
        await home.join("Bob")
        await play(home, "a")
        await home.join("Late")
        await home.leave("Bob")
        await anyio.sleep(60)
        await home.join("Bob")
        await anyio.sleep(420)
        await play(home, "b")
        assert [home.balance(name) for name in ("Alice", "Bob", "Late")] == [5, 5, 0]
        await anyio.sleep(300)
        await play(home, "c")
        assert [home.balance(name) for name in ("Alice", "Late")] == [5, 0]


async def test_liking(tmp_path: Path) -> None:
    """P-EARN-7: nothing playing, liked, already liked, each its own; a new item anew."""
    async with house(tmp_path / "e.db", only("like_current")) as home:
        await home.join("Alice")
        assert "Nothing is playing" in (await home.pm("Alice", "like"))[0]
        await play(home, "a")
        [text] = await home.pm("Alice", "like")
        assert "Film a" in text
        assert "2 Z" in text
        assert "already" in (await home.pm("Alice", "like"))[0]
        await play(home, "b")
        assert "Film b" in (await home.pm("Alice", "like"))[0]
        assert home.balance("Alice") == 4


async def test_a_like_is_kept_over_a_restart(tmp_path: Path) -> None:
    """The claim is in the books; after the start the store says what plays."""
    async with house(tmp_path / "e.db", only("like_current")) as home:
        await home.join("Alice")
        await play(home, "a", uid=5)
        assert "You like" in (await home.pm("Alice", "like"))[0]
    async with house(tmp_path / "e.db", only("like_current")) as home:
        await home.join("Alice")
        await stored(home, film("a", uid=5))
        assert "already" in (await home.pm("Alice", "like"))[0]
        assert home.balance("Alice") == 2


async def test_the_same_film_comes_again(tmp_path: Path) -> None:
    """As another item it may be liked again; told once more, or shuffled, it may not."""
    async with house(tmp_path / "e.db", only("like_current")) as home:
        await home.join("Alice")
        for uid, position_s, expected in (
            (5, -3, "You like"),
            (5, 48.1, "already"),
            (12, 50, "already"),
            (20, -3, "You like"),
        ):
            await play(home, "a", uid=uid, position_s=position_s)
            assert expected in (await home.pm("Alice", "like"))[0]


async def test_what_plays_at_the_start(tmp_path: Path) -> None:
    """3.2: comments count, likes count, nobody survives it and nobody was the first to talk."""
    content: dict[str, Any] = {
        "comment_during_media": {"reward_per_message": 1},
        "first_after_media_change": {"reward": 100},
        "survived_full_media": {"reward": 1000},
    }
    settings = settings_with(content_triggers=content, onboarding={"welcome_wallet": 0})
    async with house(tmp_path / "e.db", settings) as home:
        await home.join("Alice")
        await stored(home, None)
        assert "Nothing is playing" in (await home.pm("Alice", "like"))[0]
        await stored(home, film("a", uid=5))
        await home.chat("Alice", "hi")
        assert "Film a" in (await home.pm("Alice", "like"))[0]
        assert home.balance("Alice") == 3
        await anyio.sleep(600)
        await play(home, "b", uid=6)
        assert home.balance("Alice") == 3
        await home.chat("Alice", "hi")
        assert home.balance("Alice") == 104


async def test_an_event_knows_better_than_the_store(tmp_path: Path) -> None:
    """What was read before a change and told after it changes nothing."""
    async with house(tmp_path / "e.db", only("like_current")) as home:
        await home.join("Alice")
        await play(home, "b", uid=6)
        await stored(home, film("a", uid=5))
        assert "Film b" in (await home.pm("Alice", "like"))[0]


async def test_a_robot_that_comes_back_in_the_middle(tmp_path: Path) -> None:
    """The same film goes on, start and all; one that began meanwhile was not seen to begin."""
    async with house(tmp_path / "e.db", only("survived_full_media")) as home:
        await home.join("Alice")
        await play(home, "a", uid=5)
        await anyio.sleep(300)
        await play(home, "a", uid=5, position_s=297)
        await anyio.sleep(250)
        await play(home, "b", uid=6)
        assert home.balance("Alice") == 5
        await anyio.sleep(900)
        # Nobody knows when "b" ended, nor who was there when "c" began.
        await play(home, "c", uid=7, position_s=120)
        await anyio.sleep(480)
        await play(home, "d", uid=8)
        assert home.balance("Alice") == 5


async def test_likes_can_be_off(tmp_path: Path) -> None:
    """A disabled trigger says so."""
    async with house(tmp_path / "e.db", only("like_current", enabled=False)) as home:
        await home.join("Alice")
        await play(home, "a")
        assert "switched off" in (await home.pm("Alice", "like"))[0]
