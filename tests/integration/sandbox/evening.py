"""An evening of the demo's crowd: the real service and its books, on stepped time."""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import apsw
from kryten import KrytenClient

from economy_actors.clock import SteppedClock
from economy_actors.handlers.registry import COMMANDS
from economy_actors.service import Service, open_service
from economy_sandbox.catalogue import MediaCmsSite
from economy_sandbox.crowd import Crowd, dress_channel
from economy_sandbox.media import Event
from economy_sandbox.nats import NatsServer
from economy_sandbox.past import write_past
from economy_sandbox.robot import SimulatedRobot
from economy_sandbox.settings import demo_settings
from economy_sandbox.timekeeper import Timekeeper, hosted
from kryten_economy.config import load

__all__ = ("START_MS", "Evening", "an_evening")

START_MS = 1_772_625_610_000
"""2026-03-04 12:00:10 UTC, a Wednesday: behind the daily jobs, far from the day's end."""
DOMAIN, BOT = "demo.local", "ZCoinBot"
MINUTE_MS = 60_000
BREATH = 4
"""After so many acts the crowd waits until the service has followed."""


class _Stage:
    """The simulated channel, as the timekeeper of a recording sees it."""

    def __init__(self, robot: SimulatedRobot, client: KrytenClient) -> None:
        self._robot = robot
        self._client = client
        self._told: list[str] = []
        robot.watchers.append(self._watch)

    def _watch(self, event: Event) -> None:
        self._told.append(event.name.lower())

    def told(self, kinds: Collection[str]) -> int:
        return sum(name in kinds for name in self._told)

    async def exchanged(self) -> None:
        question = {"service": "economy", "command": "system.ping"}
        await self._client.nats_request("kryten.economy.command", question, timeout=10.0)
        await self._robot.settled()


@dataclass(slots=True)
class Evening:
    """The channel, the service in it, and what the evening has put into the books."""

    service: Service
    robot: SimulatedRobot
    channel: str
    path: Path
    _crowd: Crowd
    _clock: SteppedClock
    _keeper: Timekeeper
    _stage: _Stage
    steps: int = field(default=0, init=False)

    @property
    def minutes(self) -> float:
        """How long it has lasted."""
        return (self._clock.now_ms() - START_MS) / MINUTE_MS

    async def step(self) -> None:
        """Somebody does something, and time passes."""
        pause_s = await self._crowd.step()
        self.steps += 1
        at_ms = self._clock.now_ms() + round(pause_s * 1000)
        if not self.steps % BREATH or at_ms // MINUTE_MS != self._clock.now_ms() // MINUTE_MS:
            await self._keeper.reach(at_ms / 1000, self._stage)
        self._clock.move_to(at_ms)
        await self.robot.tick()

    async def digested(self) -> None:
        """Wait until the service has followed."""
        await self._keeper.digested(self._stage)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What stands in the books; ``:start`` is when the evening began."""
        flags = apsw.SQLITE_OPEN_READONLY
        with closing(apsw.Connection(str(self.path), flags=flags)) as books:
            return list(books.execute(sql, {"start": START_MS}))

    def column(self, sql: str) -> set[Any]:
        """Different values of one column."""
        return {value for (value,) in self.rows(sql)}


@asynccontextmanager
async def an_evening(
    nats_server: NatsServer,
    channel: str,
    folder: Path,
    *,
    seed: int = 4,
    adapt: Callable[[str], str] = str,
) -> AsyncIterator[Evening]:
    """The demo's channel, past, catalogue, crowd and settings, with ``you`` as the owner."""
    clock, config, books = SteppedClock(START_MS), folder / "c.yaml", folder / "e.db"
    robot = SimulatedRobot(
        nats_server.url, DOMAIN, channel, BOT, clock=lambda: clock.now_ms() / 1000
    )
    client = KrytenClient(
        {
            "nats": {"servers": [nats_server.url]},
            "channels": [{"domain": DOMAIN, "channel": channel}],
            "service": {"name": "asker", "version": "1.0.0"},
        }
    )
    await client.connect()
    try:
        async with MediaCmsSite() as site, robot:
            site.stock(robot.room.playlist.library)
            text = demo_settings(
                nats_server.url, DOMAIN, channel, BOT, books, catalogue_url=site.url
            )
            text = adapt(f"{text}chat_min_delay: 0\nchat_jitter: 0\n")
            config.write_text(text, encoding="utf-8")
            write_past(load(config, {}).settings, channel, START_MS)
            crowd = Crowd(robot, Random(seed))
            crowd.know([word for spec in COMMANDS for word in spec.words])
            await dress_channel(robot)
            await crowd.arrive()
            async with hosted(open_service, config, clock) as service:
                await robot.service_started()
                keeper, stage = Timekeeper(service, clock), _Stage(robot, client)
                await keeper.begin()
                await robot.join("you", rank=4)
                crowd.greet("you")
                yield Evening(service, robot, channel, books, crowd, clock, keeper, stage)
    finally:
        await client.disconnect()
