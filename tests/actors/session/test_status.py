"""`status` and `streak` from the PM to the answer."""

from pathlib import Path
from typing import Any

from tests.actors.house import PLAIN_MULTIPLIERS, house, settings_with

from economy_actors.messages.channel import MediaChanged
from kryten_economy.features.media.rules import Medium
from kryten_economy.text.markup import units

DAY_MS = 86_400_000
NO_WALLET: dict[str, Any] = {"onboarding": {"welcome_wallet": 0}}


async def test_status_shows_what_goes_on_in_one_message(tmp_path: Path) -> None:
    """Who is here, what plays, visible factors with their product, rain; within one PM."""
    events = [
        {"name": f"{word} " * 9, "cron": "0 9 * * *", "duration_hours": 2, "multiplier": 2}
        for word in ("first", "second", "third")
    ]
    crowd = {"min_users": 1, "multiplier": 1.25}
    settings = settings_with(
        multipliers=PLAIN_MULTIPLIERS | {"scheduled_events": events, "high_population": crowd},
        rain={"enabled": True, "interval_minutes": 45, "min_amount": 5, "max_amount": 5},
    )
    async with house(tmp_path / "e.db", settings) as h:
        await h.join("Alice")
        h.channel.tell(MediaChanged(Medium("yt:1", "Plan 9 from " * 30, 600), h.now_ms))
        await h.settle()
        [answer] = await h.pm("Alice", "status")
        for part in (
            "1 user here | ▶ Plan 9 from",
            "1 more, 8x together",
            "every 45 minutes",
            "'events'",
        ):
            assert part in answer
        assert units(answer) <= 240
        for hidden in ("crowd", "1.25", "10x"):
            assert hidden not in answer


async def test_status_of_a_quiet_hour(tmp_path: Path) -> None:
    """Nothing special: base rate; no word of rain or of a queue where there is none."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        await h.join("Bob")
        [answer] = await h.pm("Alice", "eventstatus")
        assert answer.splitlines() == [
            "📊 2 users here",
            "Earnings: base rate (1x). More: 'events'",
        ]


async def test_status_names_no_queue_breaks(tmp_path: Path) -> None:
    """Nobody can queue, so a window without queueing is no news: now, soon or later."""
    windows = [{"name": "Film", "cron": "30 10 * * *", "duration_hours": 1}]
    settings = settings_with(spending={"blackout_windows": windows})
    async with house(tmp_path / "e.db", settings) as h:
        await h.join("Alice")
        for _ in range(3):
            [answer] = await h.pm("Alice", "status")
            assert "queue" not in answer.lower()
            assert "Film" not in answer
            await h.minutes(60)


async def test_streak_shows_days_today_and_what_is_next(tmp_path: Path) -> None:
    """Before the day counts, after it, and after a gap; the bridge beside it."""
    async with house(tmp_path / "e.db", settings_with(**NO_WALLET)) as h:
        await h.join("Alice")
        await h.minutes(14)
        assert (await h.pm("Alice", "streak"))[0].splitlines() == [
            "🔥 Streak: 0 days | Longest: 0 days",
            "Today: 14 of 15 minutes",
            "Day 1, today: no reward",
            "Next milestone: 7 days in a row, 200 Z",
            "🌉 Weekend and weekday, 500 Z: be here on a weekday and at the weekend",
        ]
        await h.minutes(1)
        assert (await h.pm("Alice", "streak"))[0].splitlines() == [
            "🔥 Streak: 1 day | Longest: 1 day",
            "Today counts already",
            "Day 2, tomorrow: +10 Z",
            "Next milestone: 7 days in a row, 200 Z",
            "🌉 Weekend and weekday, 500 Z: the weekend is still missing",
        ]
    async with house(
        tmp_path / "e.db", settings_with(**NO_WALLET), start_ms=h.now_ms + 5 * DAY_MS
    ) as later:
        await later.join("Alice")
        [answer] = await later.pm("Alice", "streak")
        assert "Streak: 0 days | Longest: 1 day" in answer
        assert "Day 1, today" in answer


async def test_streak_tells_what_is_switched_off(tmp_path: Path) -> None:
    """Only the bridge, or nothing at all."""
    off: dict[str, Any] = {"enabled": False}
    async with house(tmp_path / "a.db", settings_with(streaks={"daily": off})) as h:
        await h.join("Alice")
        [answer] = await h.pm("Alice", "streak")
        assert answer.startswith("🌉")
        assert "Streak:" not in answer
        both = settings_with(streaks={"daily": off, "weekend_weekday_bridge": off})
        h.context.live.swap(both)
        assert await h.pm("Alice", "streak") == ["Streaks are switched off in this channel."]
