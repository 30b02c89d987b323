"""Sessions, minutes and days at their edges, from events and the clock (`earning.md` 3)."""

from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import apsw
import pytest
from tests.actors.earning.street import earned, paying, play, street
from tests.actors.house import CHANNEL, START_MS, House, house

from economy_actors import ledger
from economy_actors.messages.channel import AfkChanged, MinutePassed
from kryten_economy.refusals import BALANCE_MAX_Z
from kryten_economy.users import UserKey

MINUTES: dict[str, Any] = {"presence": {"base_rate_per_minute": 1}}
WELCOMED = paying(presence={"base_rate_per_minute": 1}, onboarding={"welcome_wallet": 100})


def torn(home: House, copy: Path) -> Path:
    """The books as a power cut at this moment leaves them."""
    with closing(apsw.Connection(str(home.path))) as books:
        books.execute("VACUUM INTO ?", (str(copy),))
    return copy


def _day(home: House, name: str, day: str = "2026-11-20") -> dict[str, int]:
    days = home.report(lambda reports: reports.day_of_all(CHANNEL, day))
    return next(dict(each.values) for each in days if each.name == name)


@pytest.mark.parametrize(("away_s", "is_arrival"), [(299, False), (300, True)])
async def test_an_arrival_after_a_clean_stop(tmp_path: Path, away_s: int, is_arrival: bool) -> None:
    """P-PRES-2, P-PRES-8: the moment of leaving is stored, and an absence of five minutes counts.

    The wallet, unclaimed because the user was found at the start, is what an arrival brings.
    """
    path = tmp_path / "e.db"
    async with house(path, WELCOMED) as home:
        await home.userlist(("Alice", 1), stored=True)
        await home.minutes(1)
        left_ms = home.now_ms
        await home.leave("Alice")
        await home.minutes(2)
    async with house(path, WELCOMED, start_ms=left_ms + away_s * 1000) as home:
        await home.join("Alice")
        assert home.balance("Alice") == 1 + 100 * is_arrival


@pytest.mark.parametrize(("away_s", "is_arrival"), [(299, False), (300, True)])
async def test_an_arrival_after_an_unclean_stop(
    tmp_path: Path, away_s: int, is_arrival: bool
) -> None:
    """No departure was stored: the last tick that saw the user stands for it."""
    async with house(tmp_path / "e.db", WELCOMED) as home:
        await home.userlist(("Alice", 1), stored=True)
        await home.minutes(1)
        seen = home.wallet("Alice")
        assert seen is not None
        books = torn(home, tmp_path / "torn.db")
    async with house(books, WELCOMED, start_ms=seen.last_seen_ms + away_s * 1000) as home:
        await home.join("Alice")
        assert home.balance("Alice") == 1 + 100 * is_arrival


async def test_a_second_join_is_no_arrival(tmp_path: Path) -> None:
    """A join while a session exists keeps it with its start: no welcome, no newcomer, no change."""
    settings = paying("survived_full_media", "greeted_newcomer", onboarding={"welcome_wallet": 100})
    async with house(tmp_path / "e.db", settings) as home:
        await home.userlist(("Alice", 1), ("Bob", 1), stored=True)
        await home.minutes(1)
        await play(home, "a")
        await anyio.sleep(300)
        await home.minutes(1)
        await home.join("BOB")
        await home.chat("Alice", "welcome Bob")
        await anyio.sleep(300)
        await play(home, "b")
        survived = [("content.survived_full_media", 5)]
        assert earned(home, "Alice", "Bob") == [survived, survived]


async def test_the_departing_count_for_nothing(tmp_path: Path) -> None:
    """P-PRES-4: from the leave on no part of crowd, rain, event bonus or mentions."""
    event = {
        "name": "E",
        "cron": "1 10 * * *",
        "duration_hours": 1,
        "multiplier": 1,
        "presence_bonus": 100,
    }
    settings = paying(
        "mentioned_by_other",
        presence={"base_rate_per_minute": 2},
        rain={"enabled": True, "interval_minutes": 1, "min_amount": 7, "max_amount": 7},
        multipliers={
            "high_population": {"enabled": True, "min_users": 2, "multiplier": 2},
            "scheduled_events": [event],
        },
    )
    async with house(tmp_path / "e.db", settings) as home:
        await home.join("Alice")
        await home.join("Bob")
        await home.leave("Bob")
        await home.chat("Alice", "where is Bob?")
        await home.minutes(2)
        kinds = dict(earned(home, "Alice")[0])
        assert kinds == {"presence.base": 2, "event.E.presence": 100, "rain.ambient": 7}
        assert earned(home, "Bob") == [[]]
        shown = home.context.metrics.render().decode()
        assert f'economy_active_users{{channel="{CHANNEL}"}} 1.0' in shown
        await home.join("Bob")
        await home.minutes(1)
        paid = [z for trigger, z in earned(home, "Bob")[0] if trigger == "presence.base"]
        assert paid == [12], "two held minutes and one more, now in a crowd"


async def test_channels_are_independent(tmp_path: Path) -> None:
    """One user is here in each channel by themselves: gone from one, they earn in the other."""
    settings = paying(**MINUTES)
    async with house(tmp_path / "e.db", settings, channels=(CHANNEL, "Other")) as home:
        other = House(home.context, home.system, home.context.channels["Other"], home.path, None)  # type: ignore[arg-type]
        await home.join("Alice")
        await other.join("Alice")
        await home.leave("Alice")
        await other.minutes(2)
        found = home.report(lambda reports: reports.wallet(UserKey("Other", "alice"), "2026-11-20"))
        assert found.balance_z == 2
        assert earned(home, "Alice") == [[]]


async def test_a_list_is_no_arrival_but_for_those_long_gone(tmp_path: Path) -> None:
    """3.2: names of a later `userlist` are welcomed only after a real absence."""
    async with street(tmp_path / "e.db", WELCOMED) as it:
        home = it.house
        await home.userlist(("Alice", 1), ("Bob", 1), stored=True)
        await home.minutes(1)
        listed = [{"name": "Alice", "rank": 1, "meta": {"afk": False}}]
        await it.see("userlist", listed)
        assert await home.present() == {"Alice"}
        await anyio.sleep(240)
        await it.see("userlist", [*listed, {"name": "Bob", "rank": 1, "meta": {}}])
        assert (home.balance("Alice"), home.balance("Bob")) == (1, 1)
        await it.see("userlist", listed)
        await anyio.sleep(300)
        await it.see("userlist", [*listed, {"name": "Bob", "rank": 1, "meta": {}}])
        assert (home.balance("Alice"), home.balance("Bob")) == (1, 101)


@pytest.mark.parametrize(
    ("behind", "active", "paid"),
    [
        ([], 5, 15),
        ([AfkChanged("Alice", True)], 0, 5),
        ([AfkChanged("Alice", True), AfkChanged("Alice", False)], 5, 15),
    ],
    ids=["active", "afk", "back"],
)
async def test_afk_costs_the_bonus_and_never_the_base(
    tmp_path: Path, behind: list[AfkChanged], active: int, paid: int
) -> None:
    """3.3: minutes and active minutes are counted; the bonus is for those who are not AFK."""
    settings = paying(
        presence={
            "base_rate_per_minute": 1,
            "active_bonus_per_minute": 2,
            "afk_threshold_minutes": 10,
        }
    )
    async with house(tmp_path / "e.db", settings) as home:
        await home.join("Alice")
        for change in behind:
            home.channel.tell(change)
        await home.minutes(5)
        day = _day(home, "alice")
        assert (day["minutes_present"], day["minutes_active"]) == (5, active)
        wallet = home.wallet("Alice")
        assert wallet is not None
        assert wallet.balance_z == paid
        assert home.now_ms - wallet.last_seen_ms < 1000


async def test_one_full_wallet_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """3.3: whoever can't be paid is passed over; the others of the tick are paid."""
    # The books would be checked meanwhile, and the coins that are put in here noticed.
    monkeypatch.setattr(ledger, "CHECK_EVERY_S", 3600.0)
    async with house(tmp_path / "e.db", paying(**MINUTES)) as home:
        await home.join("Alice")
        await home.join("Bob")
        await home.minutes(1)
        room_z = BALANCE_MAX_Z - 1
        _tamper(home, "alice", room_z)
        await home.minutes(2)
        assert (home.balance("Alice"), home.balance("Bob")) == (BALANCE_MAX_Z, 3)
        assert _day(home, "alice")["minutes_present"] == 3
        _tamper(home, "alice", -room_z)


def _tamper(home: House, name: str, by_z: int) -> None:
    with closing(apsw.Connection(str(home.path))) as books:
        sql = "UPDATE account SET balance_z = balance_z + ? WHERE name = ?"
        books.execute(sql, (by_z, name))


async def test_minutes_belong_to_the_day_of_their_tick(tmp_path: Path) -> None:
    """3.4: at 00:00 UTC counters begin at 0 for all, also for milestones and the streak."""
    settings = paying(presence={"base_rate_per_minute": 1, "hourly_milestones": {1: 10}})
    start_ms = START_MS + 14 * 3_600_000 - 30 * 60_000
    async with house(tmp_path / "e.db", settings, start_ms=start_ms) as home:
        await home.join("Alice")
        await home.minutes(60)
        assert _day(home, "alice")["minutes_present"] == 29
        assert _day(home, "alice", "2026-11-21")["minutes_present"] == 31
        assert home.balance("Alice") == 60, "no hour of either day"


async def test_todays_minutes_outlive_a_restart(tmp_path: Path) -> None:
    """P-PRES-8: the hour is full after 40 minutes before a restart and 20 behind it."""
    settings = paying(presence={"base_rate_per_minute": 0, "hourly_milestones": {1: 10}})
    path = tmp_path / "e.db"
    async with house(path, settings) as home:
        await home.join("Alice")
        await home.minutes(40)
        before_ms = home.now_ms
    async with house(path, settings, start_ms=before_ms) as home:
        await home.userlist(("Alice", 1), stored=True)
        await home.minutes(19)
        assert earned(home, "Alice") == [[]]
        await home.minutes(1)
        assert earned(home, "Alice") == [[("dwell.1h", 10)]]


async def test_a_tick_is_paid_once_however_often_it_is_told(tmp_path: Path) -> None:
    """P-PRES-5: minutes are those of the wall clock, not the number of ticks."""
    async with house(tmp_path / "e.db", paying(**MINUTES)) as home:
        await home.join("Alice")
        await home.minutes(2)
        for _ in range(3):
            home.channel.tell(MinutePassed(home.now_ms // 60_000 * 60_000))
        await home.settle()
        assert home.balance("Alice") == 2


async def test_the_night_has_its_hours(tmp_path: Path) -> None:
    """3.5: base and active bonus times the factor while the UTC hour is in `hours`, not after."""
    night = {"enabled": True, "hours": [10], "multiplier": 1.5}
    settings = paying(
        presence={
            "base_rate_per_minute": 1,
            "active_bonus_per_minute": 1,
            "afk_threshold_minutes": 60,
            "night_watch": night,
        }
    )
    async with house(tmp_path / "e.db", settings, start_ms=START_MS + 58 * 60_000) as home:
        await home.join("Alice")
        await home.minutes(4)
        assert earned(home, "Alice") == [[("presence.base", z) for z in (3, 2, 2, 2)]]
