"""The whole service as a process, killed while the robot is putting a paid film on."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.faults.process import ServiceProcess, write_config

from economy_sandbox.catalogue import Film, MediaCmsSite
from economy_sandbox.media import Media
from economy_sandbox.nats import NatsServer
from economy_sandbox.robot import SimulatedRobot
from kryten_economy.features.catalogue import cytube_media
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.invariants import verify

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CHANNEL = "Faults"
LOADS_S = 0.3
"""What CyTube takes to look a film up."""
KILLED_AFTER_S = (0.0, 0.02, 0.1, 0.25, 0.35, 0.6)
"""From when the payment stands in the books: before the robot hears, meanwhile, and after."""
MISSING_FROM = len(KILLED_AFTER_S)
FILMS = tuple(Film(f"Film {number}", 600, "short") for number in range(2 * MISSING_FROM))
"""The second half is not where the catalogue says."""
WEALTH_Z = 100_000
PRICE_Z = 2_500


@pytest.fixture
def anyio_backend() -> str:
    """The bus library lives on asyncio only."""
    return "asyncio"


@pytest.fixture
async def nats_server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    async with NatsServer(store_dir=tmp_path / "nats") as server:
        yield server


@pytest.fixture
async def robot(nats_server: NatsServer) -> AsyncIterator[SimulatedRobot]:
    robot = SimulatedRobot(nats_server.url, channel=CHANNEL, is_throttled=False)
    robot.room.account("boss", rank=5)
    for name in ("boss", "Ann"):
        robot.room.join(name)
    async with robot:
        await robot.change_media(Media("https://media.test/running.json", "Running", 3_600))
        yield robot


def _rows(books: Path, sql: str) -> list[Any]:
    reports = Reports.open(books)
    try:
        return reports.connection.execute(sql).fetchall()
    finally:
        reports.close()


async def _states(books: Path, sql: str, wanted: int) -> None:
    with anyio.fail_after(30):
        while len(_rows(books, sql)) != wanted:  # noqa: ASYNC110 - a file gives no event
            await anyio.sleep(0.005)


async def test_a_kill_between_payment_and_playlist_loses_neither(
    tmp_path: Path, nats_server: NatsServer, robot: SimulatedRobot
) -> None:
    """Whenever it is killed: nothing paid stays unplayed, nothing on the playlist unpaid."""
    async with MediaCmsSite(FILMS) as site:
        library = robot.room.playlist.library
        site.stock(library)
        addresses = [cytube_media(site.url, film.token)[1] for film in FILMS]
        for number, address in enumerate(addresses):
            library.delay(address, LOADS_S)
            if number >= MISSING_FROM:
                library.refuse(address, "Expected HTTP 200 OK, not 404 Not Found")
        config = write_config(
            tmp_path,
            nats_server.url,
            CHANNEL,
            mediacms={"base_url": site.url, "web_queue_redirect": False},
            spending={"queue_cooldown_minutes": 0, "max_queues_per_day": 50},
            ranks={"tiers": [{"name": "Extra", "min_lifetime_earned": 0}]},
            cytube_promotion={"min_rank": "Extra"},
            presence={"base_rate_per_minute": 0},
        )
        books = ServiceProcess(config).books
        for number, film in enumerate(FILMS):
            async with ServiceProcess(config) as service:
                await service.until_health(200)
                if not number:
                    await robot.ask("Ann", "balance")
                    told = await robot.ask("boss", f"set_balance Ann {WEALTH_Z}")
                    assert f"{WEALTH_Z:,} Z" in told
                # What the last kill has left is settled before anything else is bought.
                await _states(books, "SELECT 1 FROM purchase WHERE state = 'paid'", 0)
                await robot.pm("Ann", f"queue {film.token}")
                await robot.wait_pm("Ann", f'"{film.title}" (10m) for 2,500 Z')
                await robot.pm("Ann", "YES")
                await _states(books, "SELECT 1 FROM purchase", number + 1)
                await anyio.sleep(KILLED_AFTER_S[number % len(KILLED_AFTER_S)])
                await service.kill()
            assert verify(books).ok
        async with ServiceProcess(config) as service:
            await service.until_health(200)
            await _states(books, "SELECT 1 FROM purchase WHERE state = 'paid'", 0)
            await robot.settled()
            service.terminate()
            assert await service.ended(20) == 0
        on_list = Counter(item.media.id for item in robot.room.playlist.items)
    bought = _rows(
        books,
        "SELECT p.media_id, p.state, h.state, h.captured_z FROM purchase AS p"
        " JOIN hold AS h ON h.id = p.hold_id",
    )
    assert len(bought) == len(FILMS)
    for media_id, *states in bought:
        listed = on_list[media_id]
        wanted = ["queued", "captured", PRICE_Z] if listed else ["failed", "released", 0]
        assert (listed, states) == (min(listed, 1), wanted), media_id
    kept = sum(on_list[address] for address in addresses)
    assert 0 < kept <= MISSING_FROM
    [(balance_z,)] = _rows(books, "SELECT balance_z FROM account WHERE name = 'ann'")
    assert balance_z == WEALTH_Z - kept * PRICE_Z
    [(used,)] = _rows(books, "SELECT sum(queues_used) FROM daily_activity")
    assert used == kept
    assert verify(books).ok
