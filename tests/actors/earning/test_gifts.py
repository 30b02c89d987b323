"""Wallet, welcome back, rain, interest and decay at their edges (`earning.md` 7)."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.earning.street import ONE_RANK, earned, paying
from tests.actors.house import CHANNEL, START_MS, House, house

from economy_actors.outbox.message import Line, Pm
from kryten_economy.features.bans import Ban, Unban
from kryten_economy.features.money.operations import SetBalance
from kryten_economy.users import UserKey

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
THREE_MS = START_MS + 17 * HOUR_MS
"""2026-11-21 03:00 UTC."""
RAIN: dict[str, Any] = {"enabled": True, "interval_minutes": 10, "min_amount": 5, "max_amount": 25}


async def test_a_wallet_of_nothing_stays_unclaimed(tmp_path: Path) -> None:
    """Amount 0: no row, no PM; once there is an amount, the next arrival gets it."""
    path = tmp_path / "e.db"
    nothing = paying(onboarding={"welcome_wallet": 0, "welcome_delay_seconds": 0})
    async with house(path, nothing) as home:
        await home.join("Alice")
        await anyio.sleep(1)
        assert (earned(home, "Alice"), home.pms("alice")) == ([[]], [])
        await home.leave("Alice")
    given = paying(onboarding={"welcome_wallet": 30, "welcome_delay_seconds": 0})
    async with house(path, given, start_ms=START_MS + HOUR_MS) as home:
        await home.join("Alice")
        await anyio.sleep(1)
        assert earned(home, "Alice") == [[("onboarding.wallet", 30)]]
        [told] = home.pms("alice")
        assert "30 Z-Coin" in told


async def test_who_left_before_the_welcome_is_not_told(tmp_path: Path) -> None:
    """The PM comes after its delay, if the user is still there; the money stays."""
    settings = paying(onboarding={"welcome_wallet": 30, "welcome_delay_seconds": 90})
    async with house(tmp_path / "e.db", settings) as home:
        for name in ("Alice", "Bob"):
            await home.join(name)
        await anyio.sleep(80)
        await home.leave("Bob")
        await anyio.sleep(20)
        assert (len(home.pms("alice")), home.pms("bob")) == (1, [])
        assert (home.balance("Alice"), home.balance("Bob")) == (30, 30)


async def test_the_banned_claim_no_wallet(tmp_path: Path) -> None:
    """A ban leaves the claim open: the first arrival after it brings the wallet."""
    path, settings = tmp_path / "e.db", paying(onboarding={"welcome_wallet": 30})
    mallory = UserKey(CHANNEL, "mallory")
    async with house(path, settings) as home:
        await home.commit(Ban(mallory, "Mallory", "boss", "", home.now_ms))
        await home.join("Mallory")
        assert earned(home, "Mallory") == [[]]
        await home.leave("Mallory")
        await home.commit(Unban(mallory))
    async with house(path, settings, start_ms=START_MS + HOUR_MS) as home:
        await home.join("Mallory")
        assert earned(home, "Mallory") == [[("onboarding.wallet", 30)]]


@pytest.mark.parametrize(("away_ms", "paid"), [(7 * DAY_MS - 1000, 0), (7 * DAY_MS, 50)])
async def test_seven_whole_days_away(tmp_path: Path, away_ms: int, paid: int) -> None:
    """P-PRES-3: the absence is the one before this join, and never beside the wallet."""
    path = tmp_path / "e.db"
    settings = paying(
        onboarding={"welcome_wallet": 100},
        retention={"welcome_back": {"enabled": True, "days_absent": 7, "bonus": 50}},
    )
    async with house(path, settings) as home:
        await home.join("Alice")
        left_ms = home.now_ms
        await home.leave("Alice")
        assert home.balance("Alice") == 100
    async with house(path, settings, start_ms=left_ms + away_ms) as home:
        await home.join("Alice")
        assert home.balance("Alice") == 100 + paid
        assert len([text for text in home.pms("alice") if "missed" in text]) == bool(paid)


async def test_rain_falls_in_its_time_and_measure(tmp_path: Path) -> None:
    """Intervals of 7 to 13 min, one amount from 5 to 25 for all, the line first, then PMs."""
    async with house(tmp_path / "e.db", paying(rain=RAIN)) as home:
        await home.join("Alice")
        await home.join("Bob")
        fallen: list[int] = []
        times: list[int] = [home.now_ms]
        for _ in range(60):
            before = home.balance("Alice")
            del home.heard[:]
            await anyio.sleep(60)
            if home.balance("Alice") > before:
                fallen.append(home.balance("Alice") - before)
                times.append(home.now_ms)
                told = [each for each in home.heard if isinstance(each, Line | Pm)]
                assert [type(each) for each in told] == [Line, Pm, Pm]
                assert home.balance("Alice") == home.balance("Bob")
                assert str(fallen[-1]) in home.pms("alice")[0]
        waits = [(b - a) / 60_000 for a, b in pairwise(times)]
        assert len(fallen) in range(4, 9)
        assert all(6 <= wait <= 14 for wait in waits), waits
        assert all(5 <= amount <= 25 for amount in fallen)
        assert len(set(fallen)) > 1


@pytest.mark.parametrize(
    ("sections", "lines", "pms", "paid"),
    [
        ({}, 1, 1, 1),
        ({"rain": {"pm_notification": False}}, 1, 0, 1),
        ({"rain": {"enabled": False}}, 0, 0, 0),
    ],
    ids=["plain", "no-pm", "off"],
)
async def test_what_rain_tells(
    tmp_path: Path, sections: dict[str, Any], lines: int, pms: int, paid: int
) -> None:
    """`pm_notification` and `enabled` are read at each drop; an empty channel stays dry."""
    amount = {"min_amount": 1, "max_amount": 1, "interval_minutes": 1}
    rain = RAIN | amount | sections.get("rain", {})
    async with house(tmp_path / "e.db", paying(rain=rain)) as home:
        await anyio.sleep(90)
        assert home.heard == []
        await home.join("Alice")
        del home.heard[:]
        await _until(home, START_MS + 170_000)
        assert (len(home.lines()), len(home.pms("alice"))) == (lines, pms)
        assert home.balance("Alice") == paid


async def _until(home: House, at_ms: int) -> None:
    """With an interval of a minute, drops are 60 to 78 s apart."""
    await anyio.sleep((at_ms - home.now_ms) / 1000)
    await home.settle()


PERKS = [
    {"name": "A", "min_lifetime_earned": 0, "perks": ["RAIN drops + 20%"]},
    {"name": "B", "min_lifetime_earned": 10, "perks": ["rain +10%", "queue +3"]},
    {"name": "C", "min_lifetime_earned": 20, "perks": ["Rain +50%"]},
]


@pytest.mark.parametrize(
    ("event", "rows"),
    [(None, [12, 12, 15]), ({"multiplier": 1.5}, [18, 18, 23]), ({"multiplier": 0.01}, [1, 1, 1])],
    ids=["perk", "event", "least"],
)
async def test_perks_and_events_make_more_rain(
    tmp_path: Path, event: dict[str, float] | None, rows: list[int]
) -> None:
    """Progression 1.1, P-USR-9: the best perk of this and lower ranks; rounded, at least 1.

    Off-peak hours do not count for rain.
    """
    scheduled = {"name": "E", "cron": "0 9 * * *", "duration_hours": 9, "presence_bonus": 0}
    settings = paying(
        rain=RAIN | {"min_amount": 10, "max_amount": 10, "interval_minutes": 1},
        ranks={"tiers": PERKS},
        cytube_promotion={"enabled": False, "min_rank": "A"},
        multipliers={
            "scheduled_events": [scheduled | event] if event else [],
            "off_peak": {"enabled": True, "days": [5], "hours": [10], "multiplier": 9},
        },
    )
    async with house(tmp_path / "e.db", settings) as home:
        await home.join("Boss")
        await home.rank("Boss", 4)
        for name, rank in (("Ann", "A"), ("Ben", "B"), ("Cat", "C")):
            await home.join(name)
            await home.pm(name, "balance")
            await home.pm("Boss", f"set_rank {name} {rank}")
        await _until(home, START_MS + 100_000)
        assert earned(home, "Ann", "Ben", "Cat") == [[("rain.ambient", z)] for z in rows]


async def _balances(path: Path, table: dict[str, tuple[int, int]], mode: str) -> House:
    """Wallets as of the table before three o'clock, and the house one minute after it."""
    settings = paying(**ONE_RANK, balance_maintenance={"mode": mode})
    async with house(path, settings, start_ms=THREE_MS - 60_000) as home:
        for name, (balance, _) in table.items():
            await home.join(name)
            await home.pm(name, "balance")
            request = SetBalance(
                f"set:{name}", UserKey.of(CHANNEL, name), balance, "", "boss", home.now_ms, "d"
            )
            await home.commit(request)
        banned = UserKey(CHANNEL, "mallory")
        await home.commit(Ban(banned, "Mallory", "boss", "", home.now_ms))
    for start_ms in (THREE_MS - 5_000, THREE_MS + 10_000, THREE_MS + 20 * HOUR_MS):
        async with house(path, settings, start_ms=start_ms, scheduled=True) as home:
            await anyio.sleep(40)
            await home.settle()
    return home


async def test_interest_at_three(tmp_path: Path) -> None:
    """11: 0.1 %, rounded down, ten at most, nothing below 100 nor to the banned; once a day."""
    table = {
        "A": (10_000, 10),
        "B": (100_000, 10),
        "C": (50, 0),
        "D": (1_999, 1),
        "E": (999, 0),
        "Mallory": (5_000, 0),
    }
    home = await _balances(tmp_path / "e.db", table, "interest")
    for name, (before, paid) in table.items():
        assert home.balance(name) == before + paid, name
    assert earned(home, "A")[0][-1] == ("maintenance.interest", 10)


async def test_decay_at_three(tmp_path: Path) -> None:
    """11: half a percent from 50,000 on, the label as its reason; once a day."""
    table = {"A": (100_000, 500), "B": (40_000, 0), "C": (50_000, 250), "D": (49_999, 0)}
    home = await _balances(tmp_path / "e.db", table | {"Mallory": (1, 0)}, "decay")
    for name, (before, taken) in table.items():
        assert home.balance(name) == before - taken, name
    rows = home.report(lambda reports: reports.transactions(UserKey.of(CHANNEL, "A"), 1))
    assert (rows[0].type, rows[0].reason) == ("decay", "Vault maintenance fee")
