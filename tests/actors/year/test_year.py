"""A year of spending: an independent oracle agrees with the books on every coin of every day.

Both changes of the clocks fall into it, the service is restarted each quarter, people rise in rank,
and prices follow the coins in circulation from the second half on. ``YEAR_SEEDS=1,2`` throws other
years.
"""

import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import pytest
from tests.actors.api.helpers import api
from tests.actors.house import settings_with
from tests.actors.year.acts import Year
from tests.actors.year.agenda import midnight_ms
from tests.actors.year.oracle import Oracle
from tests.actors.year.terms import ANCHORS_Z, DAYS, EARNING_OFF, FIRST, PEOPLE, TERMS

from kryten_economy.ledger.invariants import verify

SEEDS = [int(each) for each in os.environ.get("YEAR_SEEDS", "20270101").split(",")]

pytestmark = pytest.mark.usefixtures("rare_wakes")

# What stands in the books, and where the oracle says otherwise

Daily = Counter[tuple[str, str]]


class Booked(NamedTuple):
    """Balances and counters of lifetimes by user, of days by user and day, and what is held."""

    balance: dict[str, int]
    lifetime_earned: dict[str, int]
    lifetime_spent: dict[str, int]
    z_spent: Daily
    queues: Daily
    tips: Daily
    escrow: int
    held: int


_ACCOUNTS = """
    SELECT display_name, balance_z, lifetime_earned_z, lifetime_spent_z
    FROM account WHERE kind = 'wallet'
"""
_DAYS = """
    SELECT a.display_name, d.day, d.z_spent, d.queues_used, d.tips_sent_z
    FROM daily_activity AS d JOIN account AS a ON a.id = d.account_id
"""
_ESCROW = "SELECT coalesce(sum(balance_z), 0) FROM account WHERE kind = 'escrow'"
_HELD = "SELECT coalesce(sum(amount_z), 0) FROM hold WHERE state = 'open'"


def booked(path: Path) -> Booked:
    """Read by plain SQL; what is 0 is left out of the days."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        accounts = [row for row in connection.execute(_ACCOUNTS) if row[0] in PEOPLE]
        days = list(connection.execute(_DAYS))
        ((escrow,),) = connection.execute(_ESCROW)
        ((held,),) = connection.execute(_HELD)
    finally:
        connection.close()
    balance, earned, lifetime_spent = (
        {str(row[0]): int(row[column]) for row in accounts} for column in (1, 2, 3)
    )
    spent, queues, tips = (
        +Counter({(str(row[0]), str(row[1])): int(row[column]) for row in days})
        for column in (2, 3, 4)
    )
    return Booked(balance, earned, lifetime_spent, spent, queues, tips, escrow, held)


def differences(found: Booked, oracle: Oracle, today: str) -> list[str]:
    """Each number that is not what the rules say, with its user and day."""
    return [
        *_of_users(today, "balance", found.balance, oracle.balance),
        *_of_users(today, "earned over a lifetime", found.lifetime_earned, oracle.lifetime_earned),
        *_of_users(today, "spent over a lifetime", found.lifetime_spent, oracle.lifetime_spent),
        *_of_days("spent", found.z_spent, oracle.z_spent),
        *_of_days("queued", found.queues, oracle.queues),
        *_of_days("tipped", found.tips, oracle.tips),
        *_of_users(today, "escrow", {"all": found.escrow}, {"all": oracle.escrow}),
        *_of_users(today, "open holds", {"all": found.held}, {"all": oracle.escrow}),
    ]


def _of_users(
    today: str, what: str, found: Mapping[str, int], wanted: Mapping[str, int]
) -> Iterator[str]:
    for user in sorted({*found, *wanted}):
        if found.get(user, 0) != wanted.get(user, 0):
            yield _sentence(today, user, what, found.get(user, 0), wanted.get(user, 0))


def _of_days(what: str, found: Daily, wanted: Daily) -> Iterator[str]:
    for user, day in sorted({*found, *wanted}):
        if found[user, day] != wanted[user, day]:
            yield _sentence(day, user, what, found[user, day], wanted[user, day])


def _sentence(day: str, user: str, what: str, found: int, wanted: int) -> str:
    return f"{day}, {user}, {what}: {found} in the books, {wanted} by the rules"


# The year


def _inflation(anchor_z: int | None) -> dict[str, Any]:
    """Off, or from the float that is read at the start and at no other time."""
    if anchor_z is None:
        return {"enabled": False}
    limits = {"min_multiplier": 0.25, "max_multiplier": 8}
    return {
        "enabled": True,
        "anchor_float": anchor_z,
        "update_interval_seconds": 10**9,
    } | limits


@asynccontextmanager
async def _open(year: Year, path: Path, first: date, anchor_z: int | None) -> AsyncIterator[None]:
    """The service runs from that day on; but for the very first it was away for five minutes."""
    settings = settings_with(**EARNING_OFF, **TERMS, inflation=_inflation(anchor_z))
    start_ms = midnight_ms(first) + (0 if first == FIRST else 300_000)
    async with api(path, settings, start_ms=start_ms) as it:
        await year.open(it, anchor_z)
        yield


async def _live(year: Year, day: date) -> None:
    if day.day == 1:
        await year.pay()
        await year.restock()
    year.plan(day)
    await year.live_until(midnight_ms(day + timedelta(days=1)))


def _differences(year: Year) -> list[str]:
    return differences(booked(year.api.house.path), year.oracle, year.today)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", SEEDS)
async def test_a_year_of_spending_comes_to_what_the_rules_say(tmp_path: Path, seed: int) -> None:
    """Who may buy what at which price, and what stands in the books each night, for twelve months.

    What is set aside, set out or waits for an operator when the service is stopped is still so
    when it is back; what was to be said is not.
    """
    year = Year(seed)
    days = [FIRST + timedelta(days=number) for number in range(DAYS)]
    quarters = [[day for day in days if (day.month - 1) // 3 == number] for number in range(4)]
    for quarter, anchor_z in zip(quarters, ANCHORS_Z, strict=True):
        async with _open(year, tmp_path, quarter[0], anchor_z):
            assert _differences(year) == []
            for day in quarter:
                await _live(year, day)
                assert _differences(year) == []
            await year.reserve()
            await year.shout(echo="unknown")
            assert _differences(year) == []
    report = verify(tmp_path / "economy.db")
    assert report.ok, report
    assert not year.missing, year.answers


async def test_a_coin_too_many_is_noticed_on_its_day(tmp_path: Path) -> None:
    """The oracle is told that a tip was a coin higher: both users, the day, each number."""
    year = Year(SEEDS[0])
    async with _open(year, tmp_path, FIRST, None):
        for number in range(3):
            await _live(year, FIRST + timedelta(days=number))
        assert _differences(year) == []
        alice, bob = year.oracle.balance["Alice"], year.oracle.balance["Bob"]
        spent = year.oracle.lifetime_spent["Alice"]
        await year.live_until(midnight_ms(FIRST + timedelta(days=3)) + 60_000)
        await year.tip_of("Alice", "Bob", 50)
        year.oracle.tip("Alice", "Bob", 1, year.now_ms)
        today, lifetime = "2027-01-04", "spent over a lifetime"
        assert _differences(year) == [
            f"{today}, Alice, balance: {alice - 50} in the books, {alice - 51} by the rules",
            f"{today}, Bob, balance: {bob + 50} in the books, {bob + 51} by the rules",
            f"{today}, Alice, {lifetime}: {spent + 50} in the books, {spent + 51} by the rules",
            f"{today}, Alice, tipped: 50 in the books, 51 by the rules",
        ]


async def test_a_coin_that_was_put_into_the_file_is_noticed(tmp_path: Path) -> None:
    """Behind the service's back: in a balance, and among what was spent on a day long past."""
    year = Year(SEEDS[0])
    async with _open(year, tmp_path, FIRST, None):
        for number in range(6):
            await _live(year, FIRST + timedelta(days=number))
        assert _differences(year) == []
    (user, day), spent = min(year.oracle.z_spent.items())
    connection = apsw.Connection(str(tmp_path / "economy.db"))
    connection.execute("UPDATE account SET balance_z = balance_z + 1 WHERE display_name = 'Carol'")
    connection.execute(
        "UPDATE daily_activity SET z_spent = z_spent + 1 WHERE day = ?2"
        " AND account_id = (SELECT id FROM account WHERE display_name = ?1)",
        (user, day),
    )
    connection.close()
    carol = year.oracle.balance["Carol"]
    assert differences(booked(tmp_path / "economy.db"), year.oracle, "2027-01-06") == [
        f"2027-01-06, Carol, balance: {carol + 1} in the books, {carol} by the rules",
        f"{day}, {user}, spent: {spent + 1} in the books, {spent} by the rules",
    ]
