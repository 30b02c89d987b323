"""The metrics page and the health answer over real HTTP."""

import asyncio
import dataclasses
import json
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable

import anyio
import pytest

from economy_actors import exporter
from economy_actors.exporter import Health, HttpBindError, serve
from economy_actors.metrics.metrics import Metrics
from kryten_economy.ledger.facts import Committed

FINE = Health(
    uptime_seconds=600.12345,
    nats_connected=True,
    database_usable=True,
    channels_configured=2,
    active_sessions=5,
    version="1.2.3",
    last_tick_age_seconds=20.0,
)


@pytest.fixture
def anyio_backend() -> str:
    """aiohttp runs on asyncio only."""
    return "asyncio"


async def fine() -> Health:
    return FINE


async def get(port: int, path: str) -> tuple[int, str, str]:
    """Status, content type and body of a GET."""

    def fetch() -> tuple[int, str, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers["Content-Type"], error.read().decode()

    return await asyncio.to_thread(fetch)


async def health(check: Callable[[], Awaitable[Health]]) -> tuple[int, dict[str, object]]:
    async with serve(Metrics().render, check, port=0) as where:
        status, _, body = await get(where.port, "/health")
    return status, json.loads(body)


async def test_a_robot_that_is_away_is_a_problem() -> None:
    """Its channel is named and the service degraded; without NATS only that is said."""

    async def away() -> Health:
        return dataclasses.replace(FINE, robots_away=("lounge",))

    async def all_away() -> Health:
        return dataclasses.replace(FINE, robots_away=("lounge",), nats_connected=False)

    status, body = await health(away)
    assert (status, body["status"]) == (503, "degraded")
    assert body["problems"] == ["no robot in lounge: its minutes are held"]
    status, body = await health(all_away)
    assert (status, body["problems"]) == (503, ["NATS does not carry our messages"])


async def test_the_page_is_prometheus_text() -> None:
    """GET /metrics answers text format 0.0.4."""
    metrics = Metrics()
    metrics.committed(Committed((), counts={"z_earned_total": 5}))
    async with serve(metrics.render, fine, port=0) as where:
        assert where.host == "127.0.0.1"
        status, kind, body = await get(where.port, "/metrics")
    assert status == 200
    assert kind == "text/plain; version=0.0.4; charset=utf-8"
    assert "economy_z_earned_total 5.0\n" in body


async def test_paths_are_configurable() -> None:
    """The configured paths answer, the usual ones then do not."""
    async with serve(Metrics().render, fine, port=0, metrics_path="/m", health_path="/h") as where:
        answers = [await get(where.port, path) for path in ("/m", "/h", "/metrics", "/health")]
    assert [status for status, _, _ in answers] == [200, 200, 404, 404]


async def test_a_healthy_service_answers_200_with_every_field() -> None:
    """The JSON has the documented fields and nothing else."""
    status, body = await health(fine)
    assert status == 200
    assert body == {
        "service": "economy",
        "status": "healthy",
        "uptime_seconds": 600.123,
        "nats_connected": True,
        "database": "connected",
        "channels_configured": 2,
        "active_sessions": 5,
        "version": "1.2.3",
        "last_tick_age_seconds": 20.0,
        "problems": [],
        "panic": [],
    }


async def test_another_service_in_the_channel_is_a_problem() -> None:
    """A service beside this one makes it degraded, and the answer says which."""

    async def not_alone() -> Health:
        return dataclasses.replace(FINE, rivals=("another economy service on vm serves c",))

    status, body = await health(not_alone)
    assert (status, body["status"]) == (503, "degraded")
    assert body["problems"] == ["another economy service on vm serves c"]


async def test_an_unhealthy_service_answers_503() -> None:
    """A probe that looks at the code alone sees that something is wrong."""

    async def no_bus() -> Health:
        return dataclasses.replace(FINE, nats_connected=False)

    async def no_books() -> Health:
        return dataclasses.replace(FINE, database_usable=False)

    assert (await health(no_bus))[0] == 503
    status, body = await health(no_books)
    assert (status, body["status"], body["database"]) == (503, "error", "disconnected")


async def test_a_failing_check_answers_500_without_details() -> None:
    """An error text may hold a path or a secret; the answer holds neither."""

    async def broken() -> Health:
        raise RuntimeError("/var/lib/secret")

    status, body = await health(broken)
    assert status == 500
    assert body == {"service": "economy", "status": "error"}


async def test_a_hanging_check_answers_500(monkeypatch: pytest.MonkeyPatch) -> None:
    """A probe is never left waiting."""
    monkeypatch.setattr(exporter, "_CHECK_LIMIT_S", 0.01)

    async def hanging() -> Health:
        await anyio.sleep_forever()
        raise AssertionError

    assert (await health(hanging))[0] == 500


async def test_a_taken_port_is_told_clearly() -> None:
    """The error names address and setting."""
    async with serve(Metrics().render, fine, port=0) as where:
        with pytest.raises(HttpBindError, match=rf"127\.0\.0\.1:{where.port}.*metrics\.port"):
            async with serve(Metrics().render, fine, port=where.port):
                pass


async def test_the_port_is_free_after_the_block() -> None:
    """A restart inside the process finds its port free again."""
    async with serve(Metrics().render, fine, port=0) as where:
        await get(where.port, "/metrics")
    async with serve(Metrics().render, fine, port=where.port) as again:
        assert again.port == where.port


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "healthy"),
        ({"last_tick_age_seconds": 180.0}, "healthy"),
        ({"last_tick_age_seconds": 180.1}, "degraded"),
        ({"last_tick_age_seconds": None}, "degraded"),
        ({"last_tick_age_seconds": None, "uptime_seconds": 10.0}, "healthy"),
        ({"nats_connected": False}, "degraded"),
        ({"database_usable": False}, "error"),
        ({"books_lost": True}, "error"),
        ({"database_usable": False, "nats_connected": False}, "error"),
    ],
)
def test_status_rules(change: dict[str, bool | float | None], expected: str) -> None:
    """No books, or lost ones, is an error; no bus, or no tick for more than 180 s, is degraded."""
    assert dataclasses.replace(FINE, **change).status == expected  # type: ignore[arg-type]  # fields by name
