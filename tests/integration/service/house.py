"""The whole service between a simulated channel and its books, with the clock in the test's hand.

An event or the clock goes in; a message, an answer, a metric or a row of the books comes out.
Nothing looks inside the service but `House.metric`, which reads the page without HTTP.
"""

import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import apsw
from kryten import KrytenClient
from tests.actors.house import NO_TRIGGERS

from economy_actors.clock import SteppedClock
from economy_actors.context import LiveSettings
from economy_actors.service import Service, open_service
from economy_sandbox.outbox import arrived
from economy_sandbox.robot import SimulatedRobot
from kryten_economy.config import load
from kryten_economy.ledger.invariants import verify

DOMAIN = "cytube.test"
SUBJECT = "kryten.economy.command"
NOON_MS = 1_772_625_610_000
"""2026-03-04 12:00:10 UTC, a Wednesday: no day, week or hour ends by accident."""
MINUTE_MS = 60_000
PATIENCE_S = 30.0
"""How long a busy machine may take for what is a matter of moments."""

Answer = dict[str, Any]


def merged(base: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with others laid over them, section by section."""
    result = dict(base)
    for key, value in extra.items():
        old = result.get(key)
        result[key] = merged(old, value) if isinstance(old, dict) else value
    return result


def free_port() -> int:
    """A TCP port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def settings_of(folder: Path, url: str, channel: str, **changes: Any) -> dict[str, Any]:
    """A bot that answers at once, users who may ask as often as they like, and plain minutes."""
    return merged(
        {
            "nats": {"servers": [url], "connect_timeout": 1, "reconnect_time_wait": 1},
            "channels": [{"domain": DOMAIN, "channel": channel}],
            "database": {"path": str(folder / "economy.db"), "backup_interval_hours": 0},
            "metrics": {"enabled": False},
            "chat_min_delay": 0,
            "chat_jitter": 0,
            "commands": {"rate_limit_per_minute": 1000},
            "onboarding": {"welcome_delay_seconds": 3600},
            **NO_TRIGGERS,
            "multipliers": {
                key: {"enabled": False} for key in ("off_peak", "high_population", "holidays")
            },
            "rain": {"enabled": False},
            "balance_maintenance": {"mode": "none"},
            "gambling": {"trivia": {"api_url": ""}},
        },
        changes,
    )


class House:
    """One service, the robot of its channel, and another service that asks things of it."""

    def __init__(
        self,
        robot: SimulatedRobot,
        clock: SteppedClock,
        folder: Path,
        settings: dict[str, Any],
        client: KrytenClient,
    ) -> None:
        self.robot = robot
        self.clock = clock
        self.folder = folder
        self.config = folder / "config.yaml"
        self.settings = settings
        self.client = client
        self.channel: str = robot.channel
        self.service: Service | None = None
        self._stack = AsyncExitStack()
        self.write_config()

    # The service's life

    def write_config(self, **changes: Any) -> None:
        """Write the configuration file, with changes that stay. JSON is YAML."""
        self.settings = merged(self.settings, changes)
        self.config.write_text(json.dumps(self.settings, indent=1), encoding="utf-8")

    async def start(self) -> None:
        """Start the service and wait until it knows who is there."""
        live = LiveSettings(load(self.config, {}).settings, self.config)
        self.service = await self._stack.enter_async_context(open_service(live, clock=self.clock))
        if self.robot.is_running:
            await self.robot.service_started()
            ignored = live.settings.ignored_names
            await self.present(*(set(self.robot.room.people) - ignored))

    async def stop(self) -> None:
        """Stop the service; it drains."""
        await self._stack.aclose()
        self._stack = AsyncExitStack()
        self.service = None

    async def restart(self) -> None:
        """Stop and start on the same books."""
        await self.stop()
        await self.start()

    # What people do

    async def ask(self, name: str, text: str, *, timeout_s: float = PATIENCE_S) -> str:
        """Send a PM to the bot and give the next PM to this user."""
        self.tick()
        return await self.robot.ask(name, text, timeout_s=timeout_s)

    async def whole(self, name: str, text: str, ending: str) -> str:
        """The same for a reply of several PMs, of which the last holds ``ending``."""
        before = len(self.robot.pms_to(name))
        first = await self.ask(name, text)
        if ending not in first:
            await self.robot.wait_pm(name, ending)
        return "\n".join(self.robot.pms_to(name)[before:])

    async def say(self, name: str, text: str) -> None:
        """Say something in public."""
        self.tick()
        await self.robot.chat(name, text)

    async def at_once(
        self, name: str, *texts: str, times: int = 64, unanswered: int = 0
    ) -> list[str]:
        """So many messages of one user in one burst, and the PMs that answer them.

        ``texts`` take turns; those that begin with ``!`` are said in public, and so many of them
        may be answered there.
        """

        async def send(text: str) -> None:
            self.tick()
            await (self.robot.chat if text.startswith("!") else self.robot.pm)(name, text)

        before = len(self.robot.pms_to(name))
        async with anyio.create_task_group() as tasks:
            for number in range(times):
                tasks.start_soon(send, texts[number % len(texts)])
        least = before + times - unanswered
        await until(lambda: len(self.robot.pms_to(name)) >= least, what=f"answers to {texts}")
        await self.settled()
        return self.robot.pms_to(name)[before:]

    def tick(self, ms: int = 1) -> None:
        """Let a moment pass, so that no two lines are said in the same one."""
        self.clock.move_to(self.clock.now_ms() + ms)

    async def minutes(self, count: int = 1) -> None:
        """Let minutes pass, one by one, and wait until each has been paid to those present.

        While the robot is away nobody is; then it is enough that the minute was told.
        """
        for _ in range(count):
            self.tick(MINUTE_MS)
            if self.robots_away():
                await anyio.sleep(0.2)
            elif self.metric("economy_active_users", channel=self.channel):
                await self.row("SELECT 1 FROM operation WHERE id = ?", self.minute_id())

    def robots_away(self) -> tuple[str, ...]:
        """The channels that the service knows to be without a robot."""
        assert self.service is not None
        return self.service.context.robots_away()

    def sees(self) -> bool:
        """Whether the service knows who comes and goes."""
        assert self.service is not None
        return self.service.context.presence[self.channel].value.seen

    def minute_id(self) -> str:
        """The id under which the books paid the current minute."""
        return f"presence:{self.channel}:{self.clock.now_ms() // MINUTE_MS}"

    async def settled(self, probe: str = "boss") -> None:
        """Everything said so far has been heard, and sessions had their turn."""
        await self.robot.settled()
        await self.ask(probe, "about")
        await self.ask(probe, "about")

    # Requests

    async def api(self, command: str, **fields: Any) -> Answer:
        """The envelope that answers a request about this channel."""
        body = {"command": command, "channel": self.channel, **fields}
        answer: Answer = await self.client.nats_request(SUBJECT, body, timeout=PATIENCE_S)
        return answer

    async def data(self, command: str, **fields: Any) -> Answer:
        """The data of a request that must succeed."""
        answer = await self.api(command, **fields)
        assert answer["success"], answer
        data: Answer = answer["data"]
        return data

    async def code(self, command: str, **fields: Any) -> str:
        """The error code of a request that must fail."""
        answer = await self.api(command, **fields)
        assert not answer["success"], answer
        assert answer["error"], answer
        return str(answer["error_code"])

    async def give(self, name: str, amount_z: int) -> None:
        """Money for a user who is here or has an account."""
        await self.data("balance.adjust", username=name, amount=amount_z)

    # What came out

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of the books as they are on disk.

        By the service's own SQLite: a second one in a process takes away the first one's locks.
        """
        path = self.settings["database"]["path"]
        flags = apsw.SQLITE_OPEN_READONLY
        with closing(apsw.Connection(path, flags=flags)) as books:
            return list(books.execute(sql, values))

    async def row(self, sql: str, *values: object) -> tuple[Any, ...]:
        """The first row, as soon as there is one."""
        await until(lambda: self.rows(sql, *values), what=sql)
        return self.rows(sql, *values)[0]

    def balance(self, name: str) -> int | None:
        """The wallet of a user; None without an account."""
        found = self.rows(
            "SELECT balance_z FROM account WHERE kind = 'wallet' AND name = ?", name.lower()
        )
        return found[0][0] if found else None

    def accounts(self) -> dict[str, int]:
        """All wallets by display name."""
        return dict(self.rows("SELECT display_name, balance_z FROM account WHERE kind = 'wallet'"))

    def activity(self, name: str, column: str) -> int:
        """A counter of a user, over all days."""
        (total,) = self.rows(
            f"SELECT coalesce(sum({column}), 0) FROM daily_activity JOIN account"  # noqa: S608 - a column named in a test
            " ON account.id = account_id WHERE name = ?",
            name.lower(),
        )
        return int(total[0])

    def metric(self, name: str, **labels: str) -> float:
        """A sample of the metrics page; 0 if it is not there."""
        assert self.service is not None
        return self.service.context.metrics.registry.get_sample_value(name, labels) or 0.0

    def dropped(self, reason: str) -> float:
        """How many events the edge has dropped for this reason."""
        return self.metric("economy_gateway_dropped_total", reason=reason)

    async def present(self, *names: str) -> None:
        """Wait until exactly so many users count as present."""
        await until(
            lambda: self.metric("economy_active_users", channel=self.channel) == len(names),
            what=f"{len(names)} users are present",
        )

    def balanced(self) -> None:
        """The books prove that every balance is the sum of its transfers."""
        report = verify(Path(self.settings["database"]["path"]))
        assert report.ok, report


OpenHouse = Callable[..., Awaitable[House]]


async def until(
    condition: Callable[[], object], *, within_s: float = PATIENCE_S, what: str = "condition"
) -> None:
    """Return as soon as the condition holds."""
    with anyio.move_on_after(within_s):
        while not condition():  # noqa: ASYNC110  # seen from outside, nobody signals it
            await anyio.sleep(0.005)
        return
    raise TimeoutError(f"did not come about in {within_s} s: {what}")


async def get(url: str) -> tuple[int, str]:
    """The status and the text of a page."""
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


@asynccontextmanager
async def connected_client(url: str, channel: str) -> AsyncIterator[KrytenClient]:
    """Another service on the bus."""
    client = KrytenClient(
        {
            "nats": {"servers": [url], "reconnect_time_wait": 1},
            "channels": [{"domain": DOMAIN, "channel": channel}],
            "service": {"name": "webqueue", "version": "1.0.0"},
        }
    )
    await client.connect()
    # kryten-py leaves its subscriptions in nats-py's buffer.
    await arrived(client._nats)
    try:
        yield client
    finally:
        await client.disconnect()


PEOPLE: Sequence[tuple[str, float]] = (("boss", 5), ("alice", 1), ("Bob", 1), ("Dr_Z_oid", 1))


@asynccontextmanager
async def open_house(
    folder: Path,
    url: str,
    channel: str,
    *,
    people: Sequence[tuple[str, float]] = PEOPLE,
    start: bool = True,
    is_throttled: bool = False,
    **settings: Any,
) -> AsyncIterator[House]:
    """A channel with people in it, then the service; ``settings`` change the configuration.

    A channel that throttles needs seconds that pass by themselves; others stand still.
    """
    clock, began_s = SteppedClock(NOON_MS), time.monotonic()

    def server_s() -> float:
        passed_s = time.monotonic() - began_s if is_throttled else 0.0
        return clock.now_ms() / 1000 + passed_s

    robot = SimulatedRobot(
        url,
        DOMAIN,
        channel,
        clock=server_s,
        retries_s=(0.5, 1.0, 2.0),
        reconnect_wait_s=0.1,
        is_throttled=is_throttled,
    )
    for name, rank in people:
        robot.room.account(name, rank=rank)
        robot.room.join(name)
    async with connected_client(url, channel) as client, robot:
        house = House(robot, clock, folder, settings_of(folder, url, channel, **settings), client)
        try:
            if start:
                await house.start()
            yield house
        finally:
            await house.stop()
