"""Rain and events by request."""

from pathlib import Path
from typing import Any

import pytest
from tests.actors.api.helpers import api
from tests.actors.house import CHANNEL, settings_with
from tests.unit.outbox.helpers import UNPACED, OutboxDriver

from economy_actors.outbox.message import Line

NO_WALLET: dict[str, Any] = {"onboarding": {"welcome_wallet": 0}}


async def test_rain_by_request_is_exact_and_told_first(tmp_path: Path) -> None:
    """All of the total falls; the remainder goes to the first names."""
    async with api(tmp_path, settings_with(**NO_WALLET)) as it:
        for name in ("Carl", "Alice", "Bob"):
            await it.house.join(name)
        answer = await it.data("rain", total_amount="11", admin="Zed")
        assert answer.pop("undo_id") == 1
        assert answer == {
            "channel": CHANNEL,
            "recipients": 3,
            "amount_each": 3,
            "total_awarded": 11,
        }
        assert [it.house.balance(name) for name in ("Alice", "Bob", "Carl")] == [4, 4, 3]
        assert len(it.house.lines()) == 1
        assert [line.admin for line in it.audit()] == ["Zed"]


async def test_rain_falls_once_per_request_id(tmp_path: Path) -> None:
    """A repetition answers the same, whoever is here by then; another total is a conflict."""
    async with api(tmp_path, settings_with(**NO_WALLET)) as it:
        for name in ("Alice", "Bob"):
            await it.house.join(name)
        first = await it.data("rain", total_amount=9, request_id="r-1", admin="Zed")
        await it.house.join("Carl")
        await it.house.leave("Bob")
        again = await it.data("rain", total_amount=9, request_id="r-1", admin="Zed")
        assert again == first | {"idempotent_replay": True}
        assert [it.house.balance(name) for name in ("Alice", "Bob", "Carl")] == [5, 4, 0]
        assert len(it.house.lines()) == 1
        code, text = await it.refused("rain", total_amount=10, request_id="r-1", admin="Zed")
        assert code == "request_id_conflict"
        assert "Nothing was changed" in text
        await it.data("rain", total_amount=9, request_id="r-2", admin="Zed")
        assert it.house.balance("Carl") == 4


async def test_rain_that_cannot_fall_is_refused(tmp_path: Path) -> None:
    """Nobody there, or fewer coins than users: an error, and nothing paid."""
    async with api(tmp_path, settings_with(**NO_WALLET)) as it:
        assert (await it.refused("rain", total_amount=5))[0] == "rejected"
        await it.house.join("Alice")
        await it.house.join("Bob")
        assert (await it.refused("rain", total_amount=1))[0] == "rejected"
        assert (await it.refused("rain", total_amount=0))[0] == "invalid_request"
        assert it.house.balance("Alice") == 0
        assert it.house.lines() == []


async def test_event_is_started_listed_and_stopped(tmp_path: Path) -> None:
    """What runs is listed with its end; every change is announced."""
    async with api(tmp_path) as it:
        assert (await it.data("events.list"))["events"] == []
        started = await it.data("event.start", multiplier=2.5, minutes=30, name="Party")
        assert started["ends_at"].startswith("2026-11-20T10:30:")
        assert {key: started[key] for key in ("name", "multiplier", "minutes", "active")} == {
            "name": "Party",
            "multiplier": 2.5,
            "minutes": 30,
            "active": True,
        }
        (event,) = (await it.data("events.list"))["events"]
        assert event == {
            "type": "adhoc",
            "name": "Party",
            "multiplier": 2.5,
            "ends_at": started["ends_at"],
        }
        assert (await it.data("event.stop"))["stopped"] is True
        assert (await it.data("event.stop"))["stopped"] is False
        assert (await it.data("events.list"))["events"] == []
        assert len(it.house.lines()) == 2


async def test_event_has_a_name_of_its_own(tmp_path: Path) -> None:
    """Without a name it is called what it always was."""
    async with api(tmp_path) as it:
        assert (await it.data("event.start", multiplier=2, minutes=1))["name"] == "Ad-hoc Event"


@pytest.mark.parametrize(
    "fields",
    [
        {"multiplier": 1, "minutes": 5},
        {"multiplier": 10.5, "minutes": 5},
        {"multiplier": True, "minutes": 5},
        {"multiplier": "2x", "minutes": 5},
        {"multiplier": 2, "minutes": 0},
        {"multiplier": 2, "minutes": 1441},
        {"multiplier": 2, "minutes": 1.5},
        {"multiplier": 2, "minutes": 5, "name": "x" * 61},
        {"minutes": 5},
    ],
)
async def test_limits_of_an_event(tmp_path: Path, fields: dict[str, object]) -> None:
    """Outside the limits nothing starts."""
    async with api(tmp_path) as it:
        assert (await it.refused("event.start", **fields))[0] == "invalid_request"
        assert it.house.context.adhoc == {}


async def test_two_rains_and_two_events_within_seconds_are_each_announced(tmp_path: Path) -> None:
    """What an admin does twice is told twice, though the words are the same."""
    async with api(tmp_path, settings_with(**NO_WALLET)) as it:
        await it.house.join("Alice")
        for number in range(2):
            await it.data("rain", total_amount=9, request_id=f"r-{number}")
            await it.data("event.start", multiplier=2, minutes=30, name="Party")
            await it.data("event.stop")
        outbox = OutboxDriver(pace=UNPACED).outbox
        lines = [each for each in it.house.heard if isinstance(each, Line)]
        assert [outbox.offer(line, 0.0) for line in lines] == [None] * 6


async def test_an_event_without_an_admins_name_has_started(tmp_path: Path) -> None:
    """Where a service names no admin, the channel hears what happens and nobody's name."""
    async with api(tmp_path, settings_with(**NO_WALLET)) as it:
        await it.house.join("Alice")
        await it.data("event.start", multiplier=2, minutes=30, name="Test Night")
        await it.data("event.stop")
        assert it.house.lines() == [
            "🎉 Test Night has started: 2x earnings for 30 minutes!",
            "🏁 Test Night was ended early.",
        ]
