"""Days in a row, from the fifteenth minute to balance, notice and public line."""

from pathlib import Path

from tests.actors.house import CHANNEL, House, house
from tests.actors.presence.helpers import been_here, days_later, only, triggers

from economy_actors.outbox.message import Line
from kryten_economy.calendar import day_before
from kryten_economy.config import Settings
from kryten_economy.features.bans import Ban, Unban
from kryten_economy.features.streaks.operations import QualifyDay
from kryten_economy.features.streaks.rules import StreakTerms
from kryten_economy.users import UserKey

STREAKS = only(streaks={"daily": {"enabled": True}})


async def days_in_a_row(h: House, name: str, count: int) -> None:
    """Be there long enough on so many days, beginning today; ends on the last of them."""
    for number in range(count):
        if number:
            await days_later(h, 1)
        await been_here(h, name, 14)
        await h.userlist((name, 1), stored=True)
        await h.minutes(1)


async def counted_before(h: House, name: str, count: int) -> None:
    """So many days in a row up to yesterday are in the books, and were worth nothing."""
    await been_here(h, name, 0)
    day = h.context.live.calendar.day(h.now_ms)
    days = [day]
    for _ in range(count):
        days.append(day_before(days[-1]))
    for earlier in reversed(days[1:]):
        user, nothing = UserKey.of(CHANNEL, name), StreakTerms((), 0, 0)
        await h.commit(QualifyDay(f"q:{earlier}", user, h.now_ms, earlier, nothing, None))


async def test_fourteen_minutes_are_no_day_and_fifteen_are_one(tmp_path: Path) -> None:
    """The first day pays nothing and is counted all the same, also with a rate of 0 (P-PRES-6)."""
    async with house(tmp_path / "e.db", STREAKS) as h:
        await h.join("Alice")
        await h.minutes(14)
        assert h.wallet("alice").streak_days == 0  # type: ignore[union-attr]
        await h.minutes(1)
        assert h.wallet("alice").streak_days == 1  # type: ignore[union-attr]
        assert (triggers(h, "alice"), h.pms("alice")) == ([], [])
        assert any("Streak: 1 day" in text for text in await h.pm("Alice", "balance"))


async def test_each_day_in_a_row_pays_and_the_seventh_is_announced(tmp_path: Path) -> None:
    """`earning.md` 11: day 7 is 100 + 200 in two rows; day 8 pays the highest reward."""
    async with house(tmp_path / "e.db", STREAKS) as h:
        await days_in_a_row(h, "Alice", 8)
        assert triggers(h, "alice") == [
            ("streak.day2", 10),
            ("streak.day3", 20),
            ("streak.day4", 30),
            ("streak.day5", 50),
            ("streak.day6", 75),
            ("streak.day7", 100),
            ("streak.milestone.7", 200),
            ("streak.day8", 100),
        ]
        assert len(h.pms("alice")) == 8
        [line] = [each for each in h.heard if isinstance(each, Line)]
        assert (line.text, line.gate) == ("🔥 Alice hit a 7-day streak!", "streak_milestone")


async def test_the_thirtieth_day_pays_its_bonus_and_is_announced(tmp_path: Path) -> None:
    """Day 30 is 100 + 2000 and the channel hears of it; day 31 is an ordinary one."""
    async with house(tmp_path / "e.db", STREAKS) as h:
        await counted_before(h, "Alice", 29)
        await days_in_a_row(h, "Alice", 2)
        assert triggers(h, "alice") == [
            ("streak.day30", 100),
            ("streak.milestone.30", 2000),
            ("streak.day31", 100),
        ]
        assert [text for text in h.lines() if "streak" in text] == ["🔥 Alice hit a 30-day streak!"]


async def test_a_missed_day_begins_anew_and_shows_as_no_streak(tmp_path: Path) -> None:
    """A broken streak is 0 until the next qualifying day makes it 1, which pays nothing."""
    async with house(tmp_path / "e.db", STREAKS) as h:
        await days_in_a_row(h, "Alice", 3)
        before = h.balance("alice")
        await days_later(h, 2)
        assert h.wallet("alice").streak_days == 0  # type: ignore[union-attr]
        await days_in_a_row(h, "Alice", 1)
        wallet = h.wallet("alice")
        assert wallet is not None
        assert (wallet.streak_days, wallet.balance_z) == (1, before)


async def test_a_day_counts_once_over_restarts(tmp_path: Path) -> None:
    """P-PRES-9: the second service of a day finds the day counted and paid."""
    path = tmp_path / "e.db"
    async with house(path, STREAKS) as h:
        await days_in_a_row(h, "Alice", 2)
        paid = triggers(h, "alice")
    changed = only(streaks={"daily": {"enabled": True, "rewards": {2: 999}}})
    for settings in (STREAKS, changed):
        async with house(path, settings) as h:
            await days_later(h, 1)
            await h.userlist(("Alice", 1), stored=True)
            await h.minutes(5)
            assert triggers(h, "alice") == paid
            assert h.wallet("alice").streak_days == 2  # type: ignore[union-attr]


async def test_withheld_rewards_are_counted_and_not_paid_later(tmp_path: Path) -> None:
    """`earning.md` 2.4: behind the gate days count; from the message on they pay."""
    gated = only(streaks={"daily": {"enabled": True}}, onboarding={"min_messages_to_earn": 1})
    async with house(tmp_path / "e.db", gated) as h:
        await days_in_a_row(h, "Alice", 3)
        assert (triggers(h, "alice"), h.pms("alice")) == ([], [])
        await h.chat("Alice", "hello")
        await days_later(h, 1)
        await days_in_a_row(h, "Alice", 1)
        assert triggers(h, "alice") == [("streak.day4", 30)]


async def test_the_banned_count_days_for_nothing(tmp_path: Path) -> None:
    """P-USR-6: no reward, no notice and no line for the banned; the days go on counting."""
    async with house(tmp_path / "e.db", STREAKS) as h:
        user = UserKey(CHANNEL, "mallory")
        await h.commit(Ban(user, "Mallory", "boss", "", h.now_ms))
        await counted_before(h, "Mallory", 6)
        await days_in_a_row(h, "Mallory", 1)
        assert (triggers(h, "mallory"), h.pms("mallory"), h.lines()) == ([], [], [])
        await h.commit(Unban(user))
        await days_later(h, 1)
        await days_in_a_row(h, "Mallory", 1)
        assert triggers(h, "mallory") == [("streak.day8", 100)]


def bridge(*, streaks: bool = False) -> Settings:
    return only(
        streaks={"daily": {"enabled": streaks}, "weekend_weekday_bridge": {"enabled": True}}
    )


async def test_weekday_then_weekend_of_a_week_pay_once(tmp_path: Path) -> None:
    """Friday and Saturday of one ISO week make 500, with streaks off; Sunday adds nothing."""
    async with house(tmp_path / "e.db", bridge()) as h:
        await days_in_a_row(h, "Alice", 3)
        assert triggers(h, "alice") == [("bridge.weekly", 500)]
        [notice] = h.pms("alice")
        assert "500" in notice


async def test_a_weekend_visitor_is_reminded_once_and_paid_on_monday(tmp_path: Path) -> None:
    """Saturday and Sunday: one reminder; Monday of the next week pays; Friday adds nothing."""
    async with house(tmp_path / "e.db", bridge()) as h:
        await days_later(h, 1)
        await days_in_a_row(h, "Alice", 2)
        [reminder] = h.pms("alice")
        assert "500 Z-Coin bridge bonus" in reminder
        await days_later(h, 1)
        await days_in_a_row(h, "Alice", 5)
        assert triggers(h, "alice") == [("bridge.weekly", 500)]
        assert len(h.pms("alice")) == 2


async def test_streak_and_bridge_pay_side_by_side(tmp_path: Path) -> None:
    """The second day in a row on a Saturday: a streak reward and a bridge bonus."""
    async with house(tmp_path / "e.db", bridge(streaks=True)) as h:
        await days_in_a_row(h, "Alice", 2)
        assert triggers(h, "alice") == [("streak.day2", 10), ("bridge.weekly", 500)]
