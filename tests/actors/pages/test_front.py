"""The overview of a channel: what a visitor sees who knows nothing yet."""

from pathlib import Path
from typing import Any

import pytest
from tests.actors.games.test_instant import games
from tests.actors.house import CHANNEL, PLAIN_MULTIPLIERS
from tests.actors.pages.browser import Browser, Pages, pages
from tests.actors.pages.test_live import Reader, watched

from economy_actors.pages import live
from kryten_economy.features.media.rules import Medium
from kryten_economy.features.queue.buying import BuyMedia
from kryten_economy.features.queue.rules import Media, QueueLimits
from kryten_economy.features.queue.settling import QueueConfirmed
from kryten_economy.users import UserKey

DAY = "2026-11-20"
SCRIPT = "<script>alert(1)</script>"
EVENT: dict[str, Any] = {"name": "Movie night", "cron": "0 20 * * 6", "duration_hours": 3}
GAMES = {"gambling": games().gambling, "onboarding": {"welcome_wallet": 1000}}


async def test_a_visitor_is_told_how_to_get_in(tmp_path: Path) -> None:
    """Whom to write what, how much money there is, and who is on top, without signing in."""
    async with pages(tmp_path / "e.db", sections={"onboarding": {"welcome_wallet": 1234}}) as here:
        await here.house.join("Alice")
        await here.house.join("Bob")
        await here.house.pm("Bob", "tip @alice 34")
        async with here.browser() as browser:
            await browser.get("/")
            bot = here.house.context.live.settings.bot.username
            assert f"write help to {bot}" in " ".join(browser.text.split())
            assert "2,468 Z" in browser.text
            assert "1,268 Z" in browser.text
            assert browser.text.index("Alice") < browser.text.index("Bob")
            assert "1x" in browser.text


async def test_events_that_run_are_shown_while_they_run(tmp_path: Path) -> None:
    """With what they multiply together; what is hidden is neither named nor counted."""
    crowd = {"enabled": True, "min_users": 1, "multiplier": 5, "hidden": True}
    holidays = {"enabled": True, "dates": [{"date": "11-20", "name": "Feast", "multiplier": 3}]}
    multipliers = PLAIN_MULTIPLIERS | {"high_population": crowd, "holidays": holidays}
    async with (
        pages(tmp_path / "e.db", sections={"multipliers": multipliers}) as here,
        here.browser() as browser,
    ):
        await here.house.join("Boss", 5)
        await here.house.pm("Boss", f"event start 2 30 {SCRIPT} hour")
        await browser.get("/")
        assert "Feast: 3x" in browser.text
        assert "hour: 2x" in browser.text
        assert "2026-11-20 10:30" in browser.text
        assert "Together: 6x" in " ".join(browser.text.split())
        assert "rowd bonus" not in browser.text
        assert "<script>alert" not in browser.page.text
        await here.house.pm("Boss", "event stop")
        await browser.get("/")
        assert "hour: 2x" not in browser.text


async def test_what_is_announced_is_seen_coming(tmp_path: Path) -> None:
    """The next time of each, and regular hours; a surprise stays one until it begins."""
    off_peak = {"enabled": True, "days": [1, 2], "hours": [6, 7, 8, 22], "multiplier": 2}
    crowd = {"enabled": True, "min_users": 20, "multiplier": 1.5, "hidden": False}
    surprise = EVENT | {"name": "Secret rush", "announce": False}
    multipliers = PLAIN_MULTIPLIERS | {
        "off_peak": off_peak,
        "high_population": crowd,
        "scheduled_events": [EVENT, surprise],
        "holidays": {
            "enabled": True,
            "dates": [{"date": "12-06", "name": "St Nicholas", "multiplier": 3}],
        },
    }
    async with (
        pages(tmp_path / "e.db", sections={"multipliers": multipliers}) as here,
        here.browser() as browser,
    ):
        await browser.get("/")
        text = " ".join(browser.text.split())
        assert "Movie night 2x 2026-11-21 20:00 , for 3h" in text
        assert "St Nicholas 3x 2026-12-06 00:00 , for 1d" in text
        assert "Off-peak bonus 2x Mon, Tue: 06:00 to 09:00, 22:00 to 23:00" in text
        assert "Crowd bonus 1.5x while 20 users or more are here" in text
        assert "Secret rush" not in text
        assert '<time datetime="2026-11-21T20:00:00+00:00">' in browser.page.text


async def test_the_page_tells_what_the_channel_was_told(tmp_path: Path) -> None:
    """The last wins and achievements; of those who may be named, and that are still there."""
    achievement = {
        "id": "first",
        "description": f"First words {SCRIPT}",
        "condition": {"type": "lifetime_messages", "threshold": 1},
    }
    sections = GAMES | {"achievements": [achievement]}
    async with pages(tmp_path / "e.db", sections=sections) as here, here.browser() as browser:
        for name in ("Alice", "Bob"):
            await here.house.join(name)
        await here.house.pm("Alice", "flip 100")
        await here.house.chat("Bob", "hello everybody")
        await here.house.minutes(1)
        await browser.get("/")
        news = [line for line in here.house.lines() if "flipped" in line or "unlocked" in line]
        assert len(news) >= 2
        for line in news:
            assert line in browser.text
        assert "<script>alert" not in browser.page.text
        await here.house.pm("Alice", "quiet top")
        await browser.get("/")
        assert "Alice" not in browser.text
        assert "Bob unlocked an achievement" in browser.text


async def test_what_the_channel_is_not_told_is_no_news(tmp_path: Path) -> None:
    """A channel that announces no wins has none on its page."""
    sections = GAMES | {"announcements": {"gambling_jackpot": False}}
    async with pages(tmp_path / "e.db", sections=sections) as here, here.browser() as browser:
        await here.house.join("Alice")
        await here.house.pm("Alice", "flip 100")
        await browser.get("/")
        assert "flipped and won" not in browser.text
        assert "stand here" in browser.text


async def _bought(here: Pages, title: str) -> None:
    house = here.house
    film = Media("yt", "abc", title, 600)
    user, limits = UserKey.of(CHANNEL, "Alice"), QueueLimits(3, 0)
    await house.commit(BuyMedia("buy", user, "queue", film, 30, limits, house.now_ms, DAY))
    await house.commit(QueueConfirmed("queued:buy", CHANNEL, "buy", 7, house.now_ms, DAY))


async def test_a_bought_film_is_shown_with_its_buyer(tmp_path: Path) -> None:
    """While it plays; who is on no list is not named here either."""
    sections = {"onboarding": {"welcome_wallet": 1000}}
    async with pages(tmp_path / "e.db", sections=sections) as here, here.browser() as browser:
        await here.house.join("Alice")
        await _bought(here, f"Film {SCRIPT}")
        playing = here.house.context.playing
        playing[CHANNEL] = Medium("yt:other", "Another", 60, 6)
        await browser.get("/")
        assert "Now playing: Another" in " ".join(browser.text.split())
        assert "bought" not in browser.text
        playing[CHANNEL] = Medium("yt:abc", f"Film {SCRIPT}", 600, 7)
        await browser.get("/")
        assert "bought by Alice for 30" in browser.text
        assert "<script>alert" not in browser.page.text
        await here.house.pm("Alice", "quiet top")
        await browser.get("/")
        assert "bought for 30" in browser.text
        assert "Alice" not in browser.text


async def test_what_is_new_reaches_an_open_page(tmp_path: Path) -> None:
    """News, events, what plays and each board by their own names."""
    async with pages(tmp_path / "e.db", sections=GAMES) as here:
        await here.house.join("Boss", 5)
        await here.house.join("Alice")
        reader = Reader(here.site)
        async with watched(here, reader):
            await live.beat(here.site)
            await here.house.pm("Boss", "event start 3 30 Happy hour")
            await here.house.pm("Alice", "flip 100")
            here.house.context.playing[CHANNEL] = Medium("yt:abc", "Film", 600, 7)
            await live.beat(here.site)
            await here.house.settle()
        assert "Happy hour: 3x" in reader.text
        assert "event: told\n" in reader.text
        assert "Alice" in reader.text.partition("event: told\n")[2]
        assert "event: earners\n" in reader.text
        assert "event: lifetime\n" in reader.text
        assert "Film" in reader.text.partition("event: playing\n")[2]


# What earns


async def test_what_earns_is_what_the_pm_tells(tmp_path: Path) -> None:
    """Line by line as `rewards`; ranks with thresholds; hidden achievements are counted only."""
    listed = [
        {
            "id": "open",
            "description": f"Known {SCRIPT}",
            "condition": {"type": "lifetime_messages", "threshold": 1},
            "reward": 50,
            "hidden": False,
        },
        {
            "id": "hidden",
            "description": "Nobody knows",
            "condition": {"type": "lifetime_messages", "threshold": 2},
            "reward": 70,
        },
    ]
    async with (
        pages(tmp_path / "e.db", sections={"achievements": listed}) as here,
        here.browser() as browser,
    ):
        await here.house.join("Alice")
        [told] = await here.house.pm("Alice", "rewards")
        await browser.get("/earn")
        text = " ".join(browser.text.split())
        ways = [line.removeprefix("• ") for line in told.splitlines() if line.startswith("• ")]
        assert ways
        for way in ways:
            what, pays = way.split(": ", 1)
            assert f"{what[:1].upper()}{what[1:]} {pays}" in text
        assert "Grip 1,000 Z" in text
        assert "Known" in text
        assert "50 Z" in text
        assert "Nobody knows" not in text
        assert "1 hidden achievement is there" in text
        assert "<script>alert" not in browser.page.text


@pytest.mark.parametrize("path", ["/", "/earn", "/boards", "/games", "/supply", "/fair"])
async def test_all_of_it_stands_in_an_empty_channel(tmp_path: Path, path: str) -> None:
    """A channel in which nothing has happened yet says so, and no page asks to sign in first."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        page = await browser.get(path)
        assert page.status_code == 200
        assert page.text.count("<h1>") == 1
        assert "Sign in" in page.text


async def test_another_channel_s_pages_show_nothing_of_this_one(tmp_path: Path) -> None:
    """Names, news and rounds stay where they are, also for who is signed in here."""
    async with pages(tmp_path / "e.db", sections=GAMES, channels=(CHANNEL, "Other")) as here:
        await here.house.join("Alice")
        async with here.browser() as browser:
            await browser.sign_in("alice")
            await here.house.pm("Alice", "flip 100")
            elsewhere = Browser(here.house, browser.client, "Other")
            for path in ("/", "/boards", "/supply", "/games", "/fair"):
                page = await elsewhere.get(path)
                assert page.status_code == 200
                assert "Alice" not in page.text
