"""While a channel's robot is away nobody sees who comes and goes: its minutes are held."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from tests.actors.house import CHANNEL, House, house, settings_with
from tests.actors.presence.robots import Room, gateway_of

from economy_actors.exporter import check_health
from kryten_economy.config import Settings
from kryten_economy.features.presence.rules import UNSEEN_MINUTES_MAX

NAMES = ("Alice", "Bob")


def settings() -> Settings:
    streaks = {"daily": {"enabled": False}, "weekend_weekday_bridge": {"enabled": False}}
    return settings_with(
        onboarding={"welcome_wallet": 0}, presence={"hourly_milestones": {}}, streaks=streaks
    )


@asynccontextmanager
async def seen(path: Path) -> AsyncIterator[tuple[House, Room]]:
    """A channel whose robot has told that Alice and Bob came, four and a half minutes ago."""
    rooms: list[Room] = []
    async with house(path, settings(), scheduled=True, gateway=gateway_of(rooms)) as h:
        await anyio.sleep(20)
        [room] = rooms
        for name in NAMES:
            room.join(name)
        await anyio.sleep(250)
        assert balances(h) == (4, 4)
        yield h, room


def balances(h: House) -> tuple[int, int]:
    """What Alice and Bob have."""
    return h.balance("alice"), h.balance("bob")


async def minutes(count: float) -> None:
    await anyio.sleep(60 * count)


@pytest.mark.parametrize("kill", [False, True])
async def test_who_has_left_earns_nothing_while_the_robot_is_away(
    tmp_path: Path, kill: bool
) -> None:
    """Whoever left while the robot was away gets nothing for it, whoever stayed gets it all."""
    async with seen(tmp_path / "e.db") as (h, room):
        room.stop_robot(kill=kill)
        room.leave("Bob")
        await minutes(10)
        # A robot that dies without a word is missed within a minute.
        assert balances(h) in ([(4, 4)] if not kill else [(4, 4), (5, 5)])
        bob_z = h.balance("bob")
        room.start_robot()
        await minutes(1)
        assert balances(h) == (15, bob_z)
        await minutes(5)
        assert balances(h) == (20, bob_z)


@pytest.mark.parametrize("deaf", [False, True])
async def test_nats_away(tmp_path: Path, deaf: bool) -> None:
    """The same for an outage of the bus, and for a robot that stays deaf after it."""
    async with seen(tmp_path / "e.db") as (h, room):
        room.stop_nats()
        await minutes(2)
        room.leave("Bob")
        room.join("Carol")
        await minutes(2)
        assert balances(h) == (4, 4)
        room.start_nats(deaf=deaf)
        await minutes(3)
        if deaf:
            assert balances(h) == (4, 4)
            room.start_robot()
            await minutes(1)
        assert h.balance("alice") == (12 if deaf else 11)
        assert h.balance("bob") == 4
        assert h.balance("carol") == (1 if deaf else 3)


async def test_an_outage_of_hours_pays_a_bounded_time(tmp_path: Path) -> None:
    """Of an outage of hours one hour is paid: who was away in its middle is not known."""
    async with seen(tmp_path / "e.db") as (h, room):
        room.stop_robot()
        await minutes(8 * 60)
        room.start_robot()
        await minutes(1)
        assert balances(h) == (4 + UNSEEN_MINUTES_MAX + 1,) * 2


async def test_outages_one_after_the_other(tmp_path: Path) -> None:
    """A robot that comes and goes again before it has told who is there settles nothing."""
    async with seen(tmp_path / "e.db") as (h, room):
        for _ in range(5):
            room.stop_robot()
            await minutes(1)
            room.robot_is_here = True
            room.chat("Alice", "anybody?")
            room.stop_robot()
            await minutes(1)
        room.leave("Bob")
        assert balances(h) == (4, 4)
        room.start_robot()
        await minutes(1)
        assert balances(h) == (15, 4)


async def test_a_leave_after_the_robot_is_back_proves_the_stay(tmp_path: Path) -> None:
    """Who is seen leaving was here until then, list or not."""
    async with seen(tmp_path / "e.db") as (h, room):
        room.stop_nats()
        await minutes(3)
        room.start_nats(deaf=False)
        room.leave("Bob")
        await minutes(1)
        assert balances(h) == (8, 7)


async def test_the_store_has_missed_something(tmp_path: Path) -> None:
    """A list that only the robot's memory knows settles the minutes too."""
    async with seen(tmp_path / "e.db") as (h, room):
        room.stop_nats()
        room.leave("Bob")
        await minutes(2)
        room.start_nats(deaf=False)
        await minutes(1)
        assert balances(h) == (7, 4)


async def test_operators_see_it(tmp_path: Path) -> None:
    """`/health` is degraded and names the channel; the gauge is 0 until the robot is back."""
    async with seen(tmp_path / "e.db") as (h, room):
        assert await state(h) == ("healthy", (), 1)
        room.stop_robot(kill=True)
        await minutes(1)
        status, problems, gauge = await state(h)
        assert (status, gauge) == ("degraded", 0)
        assert problems == (f"no robot in {CHANNEL}: its minutes are held",)
        room.start_robot()
        await minutes(0.1)
        assert await state(h) == ("healthy", (), 1)


async def state(h: House) -> tuple[str, tuple[str, ...], float | None]:
    """What an operator sees."""
    health = await check_health(h.context)
    gauge = h.context.metrics.registry.get_sample_value(
        "economy_robot_present", {"channel": CHANNEL}
    )
    return health.status, health.problems, gauge


async def test_nothing_falls_on_those_who_may_have_left(tmp_path: Path) -> None:
    """Rain waits for somebody who is seen."""
    raining = settings_with(onboarding={"welcome_wallet": 0}, rain={"enabled": True})
    rooms: list[Room] = []
    async with house(tmp_path / "e.db", raining, scheduled=True, gateway=gateway_of(rooms)) as h:
        await anyio.sleep(20)
        [room] = rooms
        room.join("Alice")
        await minutes(1)
        room.stop_robot()
        room.leave("Alice")
        await minutes(12 * 60)
        assert h.balance("alice") <= 1
