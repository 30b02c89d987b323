"""Snapshots and digests, from the clock to the books and the message (`progression.md` 5 and 6)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.api.helpers import Refuser, spawn
from tests.actors.house import CHANNEL, START_MS, House, house, settings_with

from economy_actors.jobs.reports import Reporter
from economy_actors.outbox.message import Pm, Priority
from economy_actors.runtime import AskExpired
from kryten_economy.config import Settings
from kryten_economy.features.bans import Ban
from kryten_economy.features.money.operations import Credit
from kryten_economy.features.reports.snapshots import Snapshot, last_snapshot, snapshots_between
from kryten_economy.ledger.operation import Request
from kryten_economy.users import UserKey

HOUR_S, DAY_S = 3600, 86_400
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
EVENING_MS = START_MS + 13 * HOUR_MS
"""2026-11-20 23:00 UTC, five hours before the digest of users."""
SUNDAY_MS = EVENING_MS + 2 * DAY_MS - HOUR_MS
"""2026-11-22 22:00 UTC, seven hours before the digest of the week."""


def digesting(**sections: Any) -> Settings:
    """Nothing is earned by being here, and all digests are sent."""
    quiet: dict[str, Any] = {
        "onboarding": {"welcome_wallet": 0},
        "presence": {"base_rate_per_minute": 0, "hourly_milestones": {}},
        "streaks": {
            "daily": {"enabled": False},
            "weekend_weekday_bridge": {"enabled": False},
        },
        "cytube_promotion": {"enabled": False, "min_rank": "Grip"},
        "ranks": {
            "tiers": [
                {"name": "Extra", "min_lifetime_earned": 0},
                {"name": "Grip", "min_lifetime_earned": 1_000},
            ]
        },
    }
    return settings_with(**(quiet | sections))


@asynccontextmanager
async def told(
    path: Path, settings: Settings | None = None, start_ms: int = START_MS
) -> AsyncIterator[House]:
    async with house(
        path / "e.db", settings or digesting(), scheduled=True, start_ms=start_ms
    ) as h:
        yield h


async def earn(h: House, name: str, amount_z: int, op_id: str = "") -> None:
    now_ms = h.now_ms
    day = h.context.live.calendar.day(now_ms)
    await h.commit(
        Credit(
            op_id or f"{name}:{now_ms}",
            UserKey.of(CHANNEL, name),
            amount_z,
            "earn",
            "presence.base",
            "Here",
            now_ms,
            day,
            create=True,
            display_name=name,
        )
    )


async def hours(h: House, count: float) -> None:
    await anyio.sleep(count * HOUR_S)
    await h.settle()


def digests(h: House, name: str) -> list[str]:
    """What somebody was sent at the lowest priority."""
    return [
        each.text
        for each in h.heard
        if isinstance(each, Pm) and each.to == name and each.priority is Priority.DIGEST
    ]


def snapshots(h: House) -> list[Snapshot]:
    return list(h.report(lambda reports: snapshots_between(reports, CHANNEL, 0, 2**60)))


# Snapshots


async def test_snapshots_are_taken_by_the_clock(tmp_path: Path) -> None:
    """Once at the first start, then at 12, 18, 0 and 6 UTC, with the figures of that moment."""
    async with told(tmp_path) as h:
        await h.join("Alice")
        await earn(h, "Alice", 40)
        await earn(h, "Bob", 7)
        await hours(h, 20.2)
        times = [each.taken_at_ms - START_MS for each in snapshots(h)]
        assert times == [2_000, *(hour * HOUR_MS + 5_000 for hour in (2, 8, 14, 20))]
        noon, night = snapshots(h)[1], snapshots(h)[3]
        assert noon == Snapshot(
            noon.taken_at_ms, 2, 47, 2, 47, 0, 0, 23, noon.participation_rate, 1.0
        )
        assert (night.z_earned_today, night.active_economy_users_today) == (0, 0)
        assert night.total_z_circulation == 47


async def test_no_period_has_two_snapshots_over_restarts(tmp_path: Path) -> None:
    """A start takes one only if the last is older than six hours."""
    async with told(tmp_path) as h:
        await hours(h, 0.1)
        first = snapshots(h)
        assert len(first) == 1
    for start in (1.9, 2.0, 2.5):
        async with told(tmp_path, start_ms=START_MS + round(start * HOUR_MS)) as h:
            await hours(h, 0.05)
    async with told(tmp_path, start_ms=START_MS + 3 * HOUR_MS) as h:
        await hours(h, 0.05)
        assert [each.taken_at_ms - START_MS for each in snapshots(h)] == [
            2_000,
            2 * HOUR_MS + 2_000,
        ]
    async with told(tmp_path, start_ms=START_MS + 13 * HOUR_MS) as h:
        await hours(h, 0.05)
        assert snapshots(h)[-1].taken_at_ms == START_MS + 13 * HOUR_MS + 2_000


async def test_a_snapshot_that_fails_is_taken_a_minute_later(tmp_path: Path) -> None:
    """While the books give no answer none is kept, and operators can count that."""
    async with house(tmp_path / "e.db", digesting()) as h:
        await earn(h, "Alice", 5)
        asked: list[Request[Any]] = []
        reader = h.context.reader
        h.context.reader = spawn(h, "no-reader", lambda: Refuser(AskExpired("busy"), asked))
        spawn(h, "reporter", lambda: Reporter(h.context))
        await hours(h, 0.005)
        assert not snapshots(h)
        registry = h.context.metrics.registry
        labels = {"component": "scheduler"}
        assert (registry.get_sample_value("economy_errors_total", labels) or 0) > 0
        h.context.reader = reader
        await hours(h, 0.02)
        assert len(snapshots(h)) == 1


async def test_the_snapshot_knows_the_price_factor(tmp_path: Path) -> None:
    """What everything was multiplied with at that moment."""
    inflation = {"enabled": True, "anchor_float": 100, "update_interval_seconds": 60}
    async with told(tmp_path, digesting(inflation=inflation)) as h:
        await earn(h, "Alice", 150)
        await hours(h, 2.1)
        last = h.report(lambda reports: last_snapshot(reports, CHANNEL))
        assert last is not None
        assert last.inflation_multiplier == 1.5


# The digest of a user


async def test_users_are_told_of_their_yesterday(tmp_path: Path) -> None:
    """At four UTC, once, in the order of urgency behind everything else (P-MSG-14)."""
    async with told(tmp_path, start_ms=EVENING_MS) as h:
        await h.join("Alice")
        await earn(h, "Alice", 140)
        await hours(h, 1.1)
        await earn(h, "Alice", 60)
        await hours(h, 3.8)
        assert not digests(h, "Alice")
        await hours(h, 2.5)
        [digest] = digests(h, "Alice")
        assert digest == (
            "📊 Daily Summary:\n"
            "Earned: 140 Z | Spent: 0 | Balance: 200\n"
            "Rank: Extra | Streak: 0 days 🔥\n"
            "Next goal: Grip, 800 Z to go (40 days away)"
        )


async def test_a_digest_ends_with_how_to_be_without(tmp_path: Path) -> None:
    """It is one of those messages that quiet mode stops."""
    async with told(tmp_path, start_ms=EVENING_MS) as h:
        await h.join("Alice")
        await earn(h, "Alice", 140)
        await hours(h, 5.1)
        [pm] = [each for each in h.heard if isinstance(each, Pm) and "Daily Summary" in each.text]
        assert pm.mutable
        assert not pm.merge


async def test_who_gets_no_digest(tmp_path: Path) -> None:
    """Who is absent, was not active, wants quiet, is banned or ignored (P-MSG-13)."""
    settings = digesting(ignored_users=["Robo"])
    async with told(tmp_path, settings, EVENING_MS) as h:
        for name in ("Alice", "Quinn", "Mallory", "Robo", "Gone"):
            await h.join(name)
            await earn(h, name, 10)
        await h.pm("Quinn", "quiet")
        await h.commit(Ban(UserKey.of(CHANNEL, "Mallory"), "Mallory", "Boss", "", h.now_ms, ""))
        await h.leave("Gone")
        await hours(h, 3)
        await h.join("Newcomer")
        await hours(h, 2.1)
        assert {
            each.to for each in h.heard if isinstance(each, Pm) and each.priority is Priority.DIGEST
        } == {"Alice"}


async def test_nobody_gets_a_digest_twice(tmp_path: Path) -> None:
    """A restart within the two hours finds it sent."""
    async with told(tmp_path, start_ms=EVENING_MS) as h:
        await h.join("Alice")
        await earn(h, "Alice", 10)
        await hours(h, 5.1)
        assert len(digests(h, "Alice")) == 1
    async with told(tmp_path, start_ms=EVENING_MS + round(5.2 * HOUR_MS)) as h:
        await h.join("Alice")
        await hours(h, 1)
        assert not digests(h, "Alice")


@pytest.mark.parametrize(("down_until", "sent"), [(6.5, 1), (7.1, 0)])
async def test_a_digest_is_sent_late_or_not_at_all(
    tmp_path: Path, down_until: float, sent: int
) -> None:
    """Up to two hours after its time, as soon as it is known who is here."""
    async with told(tmp_path, start_ms=EVENING_MS) as h:
        await h.join("Alice")
        await earn(h, "Alice", 10)
    async with told(tmp_path, start_ms=EVENING_MS + round(down_until * HOUR_MS)) as h:
        await hours(h, 0.1)
        await h.userlist(("Alice", 1))
        await hours(h, 0.2)
        assert len(digests(h, "Alice")) == sent


async def test_the_digest_is_of_the_day_of_the_zone(tmp_path: Path) -> None:
    """At nine UTC it is one in the morning in Los Angeles: told is what was before midnight there.

    In UTC all of it is the same day.
    """
    digest = {"user_digest": {"send_hour_utc": 9}}
    settings = digesting(timezone="America/Los_Angeles", digest=digest)
    async with told(tmp_path, settings, START_MS - 3 * HOUR_MS) as h:
        await h.join("Alice")
        await earn(h, "Alice", 11)
        await hours(h, 1.5)
        await earn(h, "Alice", 500)
        await hours(h, 0.6)
        [told_of] = digests(h, "Alice")
        assert "Earned: 11 Z" in told_of
        assert "Balance: 511" in told_of


async def test_the_digest_obeys_its_switch_template_and_hour(tmp_path: Path) -> None:
    """Who is at the top has no goal; switched off, also by a reload, nobody is told."""
    digest = {"user_digest": {"send_hour_utc": 1, "message": "{balance} {days_away} {rank}"}}
    off = digesting(digest={"user_digest": {"enabled": False, "send_hour_utc": 1}})
    async with told(tmp_path, digesting(digest=digest), EVENING_MS) as h:
        await h.join("Alice")
        await earn(h, "Alice", 5_000)
        await hours(h, 2.1)
        assert digests(h, "Alice") == ["5,000 0 Grip"]
        await earn(h, "Alice", 5_000)
    async with told(tmp_path, digesting(digest=digest), EVENING_MS + DAY_MS) as h:
        await h.join("Alice")
        h.context.live.swap(off)
        await hours(h, 2.1)
        assert not digests(h, "Alice")


# The digest of a week


async def test_admins_are_told_of_their_week(tmp_path: Path) -> None:
    """On Monday at five UTC, whoever of them is here, quiet or not; others hear nothing."""
    async with told(tmp_path, start_ms=SUNDAY_MS) as h:
        await h.join("Boss", 5)
        await h.join("Mod", 2)
        await h.join("Deputy", 4)
        await h.pm("Deputy", "quiet")
        await earn(h, "Mod", 1_200)
        await hours(h, 0.1)
        await earn(h, "Alice", 300)
        await hours(h, 6.8)
        await earn(h, "Mod", 10_000)
        assert not [text for text in digests(h, "Boss") if "Week" in text]
        await hours(h, 0.2)
        [week] = [text for text in digests(h, "Boss") if "Week" in text]
        assert [text for text in digests(h, "Deputy") if "Week" in text] == [week]
        assert not [text for text in digests(h, "Mod") if "Week" in text]
        lines = week.splitlines()
        assert lines[:3] == [
            "📊 Week 2026-11-16 to 2026-11-22",
            "Minted 1,500 | Spent 0 | Gambled 0",
            "In circulation: 11,500 Z (+300 between its snapshots)",
        ]
        assert "🏆 Top earners: Mod 1,200, Alice 300" in lines
        assert "🛒 Spent on: nothing" in lines
        assert "🔥 Hot triggers: presence.base 2" in lines
        assert "Without a hit: content.like_current, content.present_at_event_start" in lines
        assert lines[-2] == "🎲 0 games, paid 0 | Actual edge 0.00 % | Slots as configured 7.50 %"
        assert lines[-1] == "⭐ 0 jackpots, 1 promotion, 0 streak milestones"
    async with told(tmp_path, start_ms=SUNDAY_MS + 7 * DAY_MS) as h:
        await h.join("Boss", 5)
        await hours(h, 7.1)
        [week] = [text for text in digests(h, "Boss") if "Week" in text]
        assert week.startswith("📊 Week 2026-11-23 to 2026-11-29\nMinted 10,000 |")


async def test_an_admin_who_comes_in_time_gets_the_week(tmp_path: Path) -> None:
    """Nobody was here at the hour: the first who comes within two hours is told, once."""
    async with told(tmp_path, start_ms=SUNDAY_MS) as h:
        await earn(h, "Alice", 300)
        await hours(h, 8)
        await h.join("Boss", 5)
        await hours(h, 0.1)
        assert len(digests(h, "Boss")) == 1
    async with told(tmp_path, start_ms=SUNDAY_MS + round(8.2 * HOUR_MS)) as h:
        await h.join("Boss", 5)
        await hours(h, 0.5)
        assert not digests(h, "Boss")


async def test_the_week_is_late_after_two_hours(tmp_path: Path) -> None:
    """Then it is skipped, and so it is where it is switched off."""
    async with told(tmp_path, start_ms=SUNDAY_MS) as h:
        await hours(h, 9.1)
        await h.join("Boss", 5)
        await hours(h, 1)
        assert not digests(h, "Boss")
    off = digesting(digest={"admin_digest": {"enabled": False}})
    async with told(tmp_path, off, SUNDAY_MS + 7 * DAY_MS + 6 * HOUR_MS) as h:
        await h.join("Boss", 5)
        await hours(h, 2)
        assert not digests(h, "Boss")
