"""From a search over HTTP and a payment over the bus to CyTube's playlist, with the real parts."""

from collections.abc import AsyncIterator

import anyio
import pytest
from tests.integration.service.house import House, OpenHouse, until

from economy_sandbox.catalogue import MediaCmsSite, films

FILM = films()[0]
REQUEST = {"username": "ALICE", "duration_sec": 600, "tier": "queue"}
ID = "6b1d2a3e-7c55-4b58-9c6b-2f0a4f6f0b11"


@pytest.fixture
async def cinema(make_house: OpenHouse) -> AsyncIterator[House]:
    async with MediaCmsSite() as site:
        yield await make_house(
            mediacms={"base_url": site.url, "web_queue_redirect": False},
            spending={"queue_cooldown_minutes": 0},
            ranks={"spend_discount_per_rank": 0},
        )


async def test_a_film_is_searched_bought_and_stands_on_the_playlist(cinema: House) -> None:
    """PMs, catalogue, robot, books: what was asked for is on the list and paid for."""
    await cinema.ask("alice", "quiet")
    await cinema.give("alice", 50_000)
    before_z = cinema.balance("alice") or 0
    listed = await cinema.ask("alice", f"search {FILM.title}")
    assert FILM.title in listed
    assert "Reply YES" in await cinema.ask("alice", "1")
    assert "set aside" in await cinema.ask("alice", "yes")
    await cinema.robot.wait_pm("alice", "is on the playlist")
    await until(lambda: cinema.metric("economy_queues_total") == 1)
    assert cinema.balance("alice") == before_z - 7_500
    cinema.balanced()


async def test_one_request_in_many_copies_charges_once(cinema: House) -> None:
    """64 copies over the bus charge once; the refund gives it back, once."""
    await cinema.give("alice", 50_000)
    before_z = cinema.balance("alice") or 0
    answers = []

    async def send() -> None:
        answers.append(await cinema.api("spending.queue", request_id=ID, **REQUEST))

    async with anyio.create_task_group() as tasks:
        for _ in range(64):
            tasks.start_soon(send)
    assert all(each["success"] and each["data"]["cost_z"] == 2_500 for each in answers)
    assert cinema.balance("alice") == before_z - 2_500
    refund = {"username": "alice", "request_id": ID, "reason": "add_failed"}
    for _ in range(2):
        data = await cinema.data("spending.queue_refund", **refund)
        assert (data["success"], data["refunded"]) == (True, 2_500)
    assert cinema.balance("alice") == before_z
    cinema.balanced()


async def test_a_refused_spend_is_a_failure_on_the_bus(cinema: House) -> None:
    """The gateway sees a failure with a sentence for people, and the data beside it."""
    answer = await cinema.api("spending.queue", request_id=ID, **REQUEST | {"username": "nobody"})
    assert (answer["success"], answer["error_code"]) == (False, "insufficient_balance")
    assert answer["data"]["success"] is False
    preview = await cinema.data("spending.queue_preview", **REQUEST | {"username": "nobody"})
    assert (preview["available"], preview["cost_z"]) == (False, 2_500)
