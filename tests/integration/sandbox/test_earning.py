"""The demo's crowd earns in every way there is: the real service, its books, stepped time."""

from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from random import Random

import apsw
import pytest
from kryten import KrytenClient

from economy_actors.clock import SteppedClock
from economy_actors.handlers.registry import COMMANDS
from economy_actors.messages.workers import RainDue
from economy_actors.service import open_service
from economy_sandbox.crowd import Crowd, dress_channel
from economy_sandbox.media import Event
from economy_sandbox.nats import NatsServer
from economy_sandbox.past import write_past
from economy_sandbox.robot import SimulatedRobot
from economy_sandbox.settings import demo_settings
from economy_sandbox.timekeeper import Timekeeper, hosted
from kryten_economy.config import load
from kryten_economy.features.chat.triggers import TRIGGERS
from kryten_economy.ledger.invariants import verify
from kryten_economy.transaction_types import TYPES

START_MS = 1_772_625_610_000
"""2026-03-04 12:00:10 UTC, a Wednesday: behind the daily jobs, far from the day's end."""
DOMAIN, BOT = "demo.local", "ZCoinBot"
EVENING_MINUTES = 60
RAIN_AFTER_STEPS = 20
MINUTE_MS = 60_000
BREATH = 4
"""After so many acts the crowd waits until the service has followed."""

BY_HAND = {"admin_rain", "admin_grant", "admin_adjust"}
"""What only an operator gives."""

OTHERS = {
    "presence.base",
    "presence.night_watch",
    "dwell.1h",
    "streak.day7",
    "streak.milestone.7",
    "bridge.weekly",
    "rain.ambient",
}
"""Analytics ids beside the table of triggers."""


class Stage:
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


class Books:
    """What the evening itself has put into the books, without the past."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def column(self, sql: str) -> set[str]:
        flags = apsw.SQLITE_OPEN_READONLY
        with closing(apsw.Connection(str(self._path), flags=flags)) as books:
            return {value for (value,) in books.execute(sql, {"start": START_MS})}

    def hits(self) -> dict[str, int]:
        """How often each trigger has paid today."""
        sql = (
            "SELECT trigger_id, hit_count FROM trigger_analytics"
            " WHERE day = date(:start / 1000, 'unixepoch')"
        )
        flags = apsw.SQLITE_OPEN_READONLY
        with closing(apsw.Connection(str(self._path), flags=flags)) as books:
            return dict(books.execute(sql, {"start": START_MS}))

    def missing(self) -> set[str]:
        """The ways to earn that nobody has gone yet."""
        types = "SELECT credit_type FROM transfer WHERE created_at_ms >= :start"
        triggers = (
            "SELECT trigger_id FROM trigger_analytics WHERE hit_count > 0"
            " AND day = date(:start / 1000, 'unixepoch')"
        )
        wanted_types = {kind.name for kind in TYPES.values() if kind.earns} - BY_HAND
        wanted = {trigger.id for trigger in TRIGGERS} | OTHERS
        return (wanted_types - self.column(types)) | (wanted - self.column(triggers))


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_crowd_earns_in_every_way(
    nats_server: NatsServer, channel: str, tmp_path: Path
) -> None:
    """Within an hour every trigger and type of earning has paid, and the metrics say the same."""
    clock, path, books = SteppedClock(START_MS), tmp_path / "c.yaml", Books(tmp_path / "e.db")
    text = demo_settings(nats_server.url, DOMAIN, channel, BOT, tmp_path / "e.db")
    path.write_text(f"{text}chat_min_delay: 0\nchat_jitter: 0\n", encoding="utf-8")
    write_past(load(path, {}).settings, channel, START_MS)
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
        async with robot:
            crowd = Crowd(robot, Random(4))
            crowd.know([word for spec in COMMANDS for word in spec.words])
            await dress_channel(robot)
            await crowd.arrive()
            async with hosted(open_service, path, clock) as service:
                await robot.service_started()
                keeper, stage = Timekeeper(service, clock), Stage(robot, client)
                await keeper.begin()
                await robot.join("you", rank=4)
                crowd.greet("you")
                steps, end_ms = 0, START_MS + EVENING_MINUTES * MINUTE_MS
                while (missing := books.missing()) and clock.now_ms() < end_ms:
                    pause_s = await crowd.step()
                    steps += 1
                    at_ms = clock.now_ms() + round(pause_s * 1000)
                    if not steps % BREATH or at_ms // MINUTE_MS != clock.now_ms() // MINUTE_MS:
                        await keeper.reach(at_ms / 1000, stage)
                    clock.move_to(at_ms)
                    await robot.tick()
                    if steps == RAIN_AFTER_STEPS:
                        # Clouds keep the time of the running loop, not of the stepped clock.
                        service.context.channel_events[channel].offer(RainDue())
                await keeper.digested(stage)
                metrics = service.context.metrics
                counted = {
                    trigger.id: metrics.registry.get_sample_value(
                        "economy_trigger_hits_total", {"channel": channel, "trigger": trigger.id}
                    )
                    for trigger in TRIGGERS
                }
                totals = metrics.persistent()
    finally:
        await client.disconnect()
    assert not missing, f"after {steps} acts nobody has earned by {sorted(missing)}"
    assert "Key Grip" in books.column("SELECT rank_name FROM account")
    assert {**books.hits(), **counted} == books.hits()
    assert (totals["rain_drops_total"], totals["competition_awards_total"]) == (1, 3)
    assert verify(tmp_path / "e.db").ok
