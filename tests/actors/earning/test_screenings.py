"""What plays, at its edges, from CyTube's `changeMedia` to the balance (`earning.md` 8.5)."""

import json
from pathlib import Path

import anyio
import pytest
from tests.actors.earning.street import earned, paying, street
from tests.actors.house import CHANNEL, house

from kryten_economy.config import load


@pytest.mark.parametrize(("minutes", "cap"), [(60, 20), (45, 15), (20, 10), (0, 10)])
async def test_comments_pay_up_to_the_cap(tmp_path: Path, minutes: int, cap: int) -> None:
    """Ten lines an item, more for a longer one: 60 minutes pay 20; unknown length the base."""
    settings = paying(
        "comment_during_media",
        content_triggers={"comment_during_media": {"reward_per_message": 1}},
    )
    async with street(tmp_path / "e.db", settings) as it:
        await it.join("Alice")
        await it.join("Bob")
        await it.chat("Alice", "nothing plays yet")
        await it.play("a", minutes * 60)
        for number in range(cap + 2):
            await it.chat("Alice", f"line {number}")
        await it.chat("Bob", "hi")
        assert (it.house.balance("Alice"), it.house.balance("Bob")) == (cap, 1)


@pytest.mark.parametrize(("after_s", "paid"), [(30, 3), (30.1, 0)])
async def test_the_first_line_within_half_a_minute(
    tmp_path: Path, after_s: float, paid: int
) -> None:
    """30 s after the change inclusive, one claim per change; the same item again is no change."""
    async with street(tmp_path / "e.db", paying("first_after_media_change")) as it:
        home = it.house
        await it.join("Alice")
        await it.join("Bob")
        began_ms = home.now_ms
        await it.play("a")
        await anyio.sleep((began_ms + after_s * 1000 - home.now_ms) / 1000)
        await it.chat("Alice", "oh")
        await it.play("a")
        await it.chat("Bob", "ah")
        assert (home.balance("Alice"), home.balance("Bob")) == (paid, 0)
        await it.play("b")
        await it.chat("Bob", "ah")
        assert home.balance("Bob") == 3


@pytest.mark.parametrize(
    ("seconds", "played_s", "paid"),
    [(600, 480, 5), (600, 479, 0), (6000, 3000, 0), (0, 600, 0)],
    ids=["80-percent", "a-second-less", "skipped-half-way", "unknown-length"],
)
async def test_a_film_is_survived_from_eighty_percent_on(
    tmp_path: Path, seconds: int, played_s: int, paid: int
) -> None:
    """A skipped item pays nobody, and one of unknown length never."""
    async with street(tmp_path / "e.db", paying("survived_full_media")) as it:
        home = it.house
        await it.join("Alice")
        began_ms = home.now_ms
        await it.play("a", seconds)
        await anyio.sleep((began_ms + played_s * 1000 - home.now_ms) / 1000)
        await it.play("b")
        assert home.balance("Alice") == paid


async def test_only_who_was_there_all_the_time_survives(tmp_path: Path) -> None:
    """From start to end, bounces allowed; latecomers, leavers and returners after a while not."""
    async with street(tmp_path / "e.db", paying("survived_full_media")) as it:
        home = it.house
        for name in ("Alice", "Bounce", "Gone", "Away"):
            await it.join(name)
        await it.play("a")
        await it.join("Late")
        await it.join("Alice")
        for name in ("Bounce", "Away"):
            await home.leave(name)
        await anyio.sleep(200)
        await it.join("Bounce")
        await anyio.sleep(150)
        await it.join("Away")
        await anyio.sleep(150)
        await home.leave("Gone")
        await it.play("b")
        survived = [("content.survived_full_media", 5)]
        assert earned(home, "Alice", "Bounce", "Gone", "Away", "Late") == [
            survived,
            survived,
            [],
            [],
            [],
        ]


async def test_one_like_for_each_item(tmp_path: Path) -> None:
    """P-EARN-7: nothing plays, liked, liked before: three answers, one reward an item and user."""
    settings = paying("like_current", commands={"rate_limit_per_minute": 99})
    async with street(tmp_path / "e.db", settings) as it:
        home = it.house
        for name in ("Alice", "Bob"):
            await it.join(name)
        assert "Nothing is playing" in (await it.whisper("Alice", "like"))[0]
        await it.play("a")
        assert "2 Z" in (await it.whisper("Alice", "like"))[0]
        assert "already" in (await it.whisper("ALICE", "like"))[0]
        assert "2 Z" in (await it.whisper("Bob", "like"))[0]
        await it.play("b")
        assert "2 Z" in (await it.whisper("Alice", "like"))[0]
        like = ("content.like_current", 2)
        assert earned(home, "Alice", "Bob") == [[like, like], [like]]


async def test_fractions_are_kept_apart(tmp_path: Path) -> None:
    """2.2, P-EARN-2: halves add up per user and trigger, and over a restart of the service."""
    halves = {"comment_during_media": {"reward_per_message": 0.5}}
    path = tmp_path / "e.db"
    settings = paying(
        "comment_during_media",
        "first_message_of_day",
        content_triggers=halves,
        chat_triggers={"first_message_of_day": {"reward": 1}},
        multipliers={"high_population": {"enabled": True, "min_users": 2, "multiplier": 1.5}},
    )
    async with street(path, settings) as it:
        for name in ("Alice", "Bob"):
            await it.join(name)
        await it.play("a")
        await it.chat("Alice", "one and a half, and three quarters")
        await it.chat("Bob", "the same")
        first = ("chat.first_message_of_day", 1)
        assert earned(it.house, "Alice", "Bob") == [[first], [first]]
    async with house(path, settings, start_ms=it.house.now_ms) as home:
        assert earned(home, "Alice") == [[first]]
    async with street(path, settings, start_ms=it.house.now_ms) as it:
        for name in ("Alice", "Bob"):
            await it.join(name)
        await it.play("a")
        await it.chat("Alice", "three quarters more are one and a half")
        assert earned(it.house, "Alice")[0][1:] == [("content.comment_during_media", 1)]
        await it.chat("Alice", "two and a quarter")
        assert earned(it.house, "Alice")[0][2:] == [("content.comment_during_media", 1)]


async def test_an_older_file_may_have_the_trigger_elsewhere(tmp_path: Path) -> None:
    """P-EARN-8: `first_after_media_change` among the chat triggers pays what it says there."""
    file = {
        "nats": {"servers": ["nats://127.0.0.1:4222"]},
        "channels": [{"domain": "cytube.test", "channel": CHANNEL}],
        "chat_triggers": {"first_after_media_change": {"reward": 9}},
    }
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps(file))
    async with street(tmp_path / "e.db", load(path, {}).settings) as it:
        await it.join("Alice")
        await it.play("a")
        await it.chat("Alice", "oh")
        assert ("content.first_after_media_change", 9) in earned(it.house, "Alice")[0]
