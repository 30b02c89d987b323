"""The whole service as a process on a real bus: stopped, killed, cut off, started alone."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from nats.aio.client import Client
from nats.errors import Error as NatsError
from tests.faults.process import ServiceProcess, run_once, write_config
from tests.integration.service.house import SUBJECT, until

from economy_sandbox.nats import NatsServer
from economy_sandbox.outbox import connect
from economy_sandbox.robot import SimulatedRobot
from kryten_economy.cli.run import OPERATOR_EXIT_CODE
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.invariants import verify

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CHANNEL = "Faults"
USERS = ("Ann", "Bob", "Cyd", "Dee")
ASKERS = 16


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
    robot = SimulatedRobot(
        nats_server.url,
        channel=CHANNEL,
        retries_s=(0.1, 0.2, 0.4),
        reconnect_wait_s=0.05,
        is_throttled=False,
    )
    robot.room.account("boss", rank=5)
    for name in USERS:
        robot.room.account(name, rank=1)
    for name in ("boss", *USERS):
        robot.room.join(name)
    async with robot:
        yield robot


@pytest.fixture
def config(tmp_path: Path, nats_server: NatsServer) -> Path:
    return write_config(tmp_path, nats_server.url, CHANNEL)


@dataclass
class Callers:
    """Other services that move money over the bus, each waiting for its answer."""

    bus: Client
    done: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The data of each acknowledged request, by its id."""
    asked: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def call(self, request_id: str, *, timeout_s: float = 2.0) -> dict[str, Any] | None:
        """Ask once; None when no answer came."""
        body = self.asked[request_id]
        try:
            reply = await self.bus.request(SUBJECT, json.dumps(body).encode(), timeout=timeout_s)
        except (NatsError, TimeoutError):
            return None
        answer = json.loads(reply.data)
        if not answer["success"]:
            return None
        data: dict[str, Any] = answer["data"]
        return data

    async def load(self, tag: str) -> None:
        """Grants and deductions from several sides, until cancelled."""
        async with anyio.create_task_group() as tasks:
            for asker in range(ASKERS):
                tasks.start_soon(self._ask_on, tag, asker)

    async def _ask_on(self, tag: str, asker: int) -> None:
        for number in range(10**9):
            request_id = f"{tag}-{asker}-{number}"
            self.asked[request_id] = {
                "command": "balance.adjust",
                "channel": CHANNEL,
                "username": USERS[(asker + number) % len(USERS)],
                "amount": 7 if number % 3 else -5,
                "request_id": request_id,
            }
            data = await self.call(request_id)
            if data is None:
                await anyio.sleep(0.05)
            else:
                self.done[request_id] = data

    async def repeat(self, *, also_unknown: bool) -> None:
        """Ask everything again by its id: what was acknowledged is told as it was told."""
        todo = iter(list(self.asked if also_unknown else self.done))
        async with anyio.create_task_group() as tasks:
            for _ in range(ASKERS):
                tasks.start_soon(self._repeat_some, todo)

    async def _repeat_some(self, todo: Iterator[str]) -> None:
        for request_id in todo:
            known, again = self.done.get(request_id), await self.call(request_id)
            if known is not None:
                assert again is not None, request_id
                assert again.pop("idempotent_replay"), request_id
                assert again == {key: known[key] for key in again}, request_id
            elif again is not None:
                self.done[request_id] = again


@pytest.fixture
async def callers(nats_server: NatsServer) -> AsyncIterator[Callers]:
    bus = await connect(nats_server.url, "webqueue", reconnect_wait_s=0.05)
    yield Callers(bus)
    await bus.close()


@asynccontextmanager
async def running(config: Path) -> AsyncIterator[ServiceProcess]:
    """A service that answers."""
    async with ServiceProcess(config) as service:
        await service.until_health(200)
        yield service


def operations(books: Path) -> dict[str, int]:
    """How often each id stands in the books, and how many transfers it has made."""
    reports = Reports.open(books)
    try:
        rows: list[Any] = reports.connection.execute(
            "SELECT o.id, count(t.id) FROM operation AS o"
            " LEFT JOIN transfer AS t ON t.operation = o.seq GROUP BY o.seq"
        ).fetchall()
        return dict(rows)
    finally:
        reports.close()


def told_is_kept(books: Path, callers: Callers) -> None:
    """Each acknowledged request is one operation with one transfer, and the books balance."""
    report = verify(books)
    assert report.ok, report
    found = operations(books)
    for request_id in callers.done:
        assert found.get(f"api:{request_id}") == 1, request_id
    api = {op_id.removeprefix("api:") for op_id in found if op_id.startswith("api:")}
    assert api <= callers.asked.keys()


@dataclass
class Bosses:
    """An admin who grants by PM, one after the other, and reads each answer."""

    robot: SimulatedRobot
    answers: int = 0

    async def load(self) -> None:
        for number in range(10**9):
            try:
                answer = await self.robot.ask("boss", f"grant Ann {number + 1} load", timeout_s=3)
            except TimeoutError:
                await anyio.sleep(0.05)
                continue
            self.answers += "Granted" in answer or "Ann" in answer


def have_had(callers: Callers, boss: Bosses, calls: int, answers: int) -> bool:
    """Whether so many requests and commands have been answered by now."""
    return len(callers.done) >= calls and boss.answers >= answers


def granted(books: Path) -> int:
    return sum(op_id.startswith("grant:") for op_id in operations(books))


async def test_sigterm_under_load_keeps_all_that_was_answered(
    config: Path, robot: SimulatedRobot, callers: Callers
) -> None:
    """SIGTERM: every mailbox drained, the last batch committed, exit 0 in under 10 seconds."""
    async with running(config) as service, anyio.create_task_group() as tasks:
        boss = Bosses(robot)
        tasks.start_soon(callers.load, "a")
        tasks.start_soon(boss.load)
        await until(lambda: len(callers.done) > 50 and boss.answers > 3)
        service.terminate()
        assert await service.ended(30) == 0
        await anyio.sleep(0.1)
        tasks.cancel_scope.cancel()
    [drained] = service.logged("drained")
    assert drained["dropped"] == 0, drained
    assert drained["seconds"] < 9, drained
    told_is_kept(service.books, callers)
    assert granted(service.books) >= boss.answers
    assert "Traceback" not in service.raw_log()


async def test_a_killed_service_has_done_what_it_said(
    config: Path, robot: SimulatedRobot, callers: Callers
) -> None:
    """SIGKILL under load, three times: after each restart what was answered is there once."""
    boss = Bosses(robot)
    for number in range(3):
        async with running(config) as service, anyio.create_task_group() as tasks:
            tasks.start_soon(callers.load, f"k{number}")
            tasks.start_soon(boss.load)
            await until(partial(have_had, callers, boss, len(callers.done) + 40, boss.answers + 2))
            await anyio.sleep(number / 7)
            await service.kill()
            tasks.cancel_scope.cancel()
        told_is_kept(service.books, callers)
        assert granted(service.books) >= boss.answers
    async with running(config) as service:
        before = operations(service.books)
        known = dict(callers.done)
        await callers.repeat(also_unknown=False)
        assert callers.done == known
        # A minute of presence may pass at any time; no repetition has made anything new.
        made = operations(service.books).keys() - before.keys()
        assert [each for each in made if not each.startswith("presence:")] == []
        await callers.repeat(also_unknown=True)
        service.terminate()
        assert await service.ended(30) == 0
    told_is_kept(service.books, callers)


async def test_an_outage_of_nats_loses_nothing_committed(
    config: Path, robot: SimulatedRobot, callers: Callers, nats_server: NatsServer
) -> None:
    """While NATS is away /health says 503; when it is back everything goes on, once."""
    async with running(config) as service, anyio.create_task_group() as tasks:
        tasks.start_soon(callers.load, "n")
        await until(lambda: len(callers.done) > 20)
        await nats_server.stop(kill=True)
        await service.until_health(503)
        before = len(callers.done)
        await anyio.sleep(1)
        assert len(callers.done) == before
        told_is_kept(service.books, callers)
        await nats_server.start()
        await service.until_health(200, within_s=30)
        await until(lambda: len(callers.done) >= before + 50)
        tasks.cancel_scope.cancel()
    async with running(config) as service:
        await callers.repeat(also_unknown=True)
        assert robot.is_connected
        assert "Ann" in await robot.ask("boss", "grant Ann 1 back again", timeout_s=20)
    told_is_kept(service.books, callers)


async def test_a_service_may_start_before_its_bus(
    config: Path, nats_server: NatsServer, robot: SimulatedRobot, callers: Callers
) -> None:
    """Without NATS it keeps trying, says so in the log and by /health, then works."""
    await nats_server.stop()
    async with ServiceProcess(config) as service:
        await service.until_health(503)
        line = await service.until_logged("will be tried again")
        assert line["level"] == "warning"
        await nats_server.start()
        await service.until_health(200, within_s=30)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(callers.load, "late")
            await until(lambda: len(callers.done) >= 20)
            tasks.cancel_scope.cancel()
        service.terminate()
        assert await service.ended(30) == 0
    told_is_kept(service.books, callers)


async def test_a_service_whose_bus_never_came_stops_at_once(
    config: Path, nats_server: NatsServer
) -> None:
    """SIGTERM is obeyed also while there is no bus."""
    await nats_server.stop()
    async with ServiceProcess(config) as service:
        await service.until_health(503)
        service.terminate()
        assert await service.ended(30) == 0
    assert verify(service.books).ok


@pytest.mark.parametrize("replaced", [False, True])
async def test_a_file_taken_away_under_load_ends_the_service(
    config: Path, robot: SimulatedRobot, callers: Callers, tmp_path: Path, replaced: bool
) -> None:
    """All that was answered is in the saved file, the end is for an operator, and no start comes.

    The exit code is the one upon which systemd does not start the service again.
    """
    async with running(config) as service, anyio.create_task_group() as tasks:
        tasks.start_soon(callers.load, "a")
        await until(lambda: len(callers.done) > 50)
        take_away(service.books, replaced=replaced)
        line = await service.until_logged("the book file was removed or replaced", 5)
        assert await service.health() in {0, 503}
        assert await service.ended(15) == OPERATOR_EXIT_CODE
        tasks.cancel_scope.cancel()
    assert line["level"] == "critical"
    saved = rescued(tmp_path)
    assert str(saved) in line["reason"]
    assert "Traceback" not in service.raw_log()
    told_is_kept(saved, callers)
    found = service.books.read_bytes() if replaced else None
    again = run_once(config)
    assert (again.returncode, str(saved) in again.stderr) == (OPERATOR_EXIT_CODE, True)
    assert (service.books.read_bytes() if service.books.exists() else None) == found


def rescued(folder: Path) -> Path:
    [saved] = folder.glob("economy.db.rescued-*")
    return saved


def take_away(books: Path, *, replaced: bool) -> None:
    """As somebody does who tidies up, or who restores with `mv` while the service runs."""
    other = books.with_name("other.db")
    Books.open(other).close()
    for each in books.parent.glob("economy.db*"):
        each.unlink()
    if replaced:
        other.rename(books)


async def test_a_file_taken_away_in_silence_ends_the_service(
    config: Path, robot: SimulatedRobot, callers: Callers, tmp_path: Path
) -> None:
    """Nobody asks for money and nobody for its health; within a minute the newest is saved."""
    async with running(config) as service:
        callers.asked["last"] = {
            "command": "balance.adjust",
            "channel": CHANNEL,
            "username": "Ann",
            "amount": 7,
            "request_id": "last",
        }
        callers.done["last"] = await callers.call("last") or {}
        take_away(service.books, replaced=False)
        assert await service.ended(60) == OPERATOR_EXIT_CODE
    saved = rescued(tmp_path)
    told_is_kept(saved, callers)
    assert callers.done["last"]
