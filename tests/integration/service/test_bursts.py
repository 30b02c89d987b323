"""More talk than the books can take at once: all of it counts, and nobody waits for it.

The bus, the service and the books are real. The crowd speaks faster than any crowd could, and in
the middle of it the disk hangs for ten seconds.
"""

import contextlib
import io
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.lowlevel
import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from tests.faults.stall import hanging_disk
from tests.integration.service.house import DOMAIN, NOON_MS, settings_of, until

from economy_actors import logs
from economy_actors.backlog import ALL_LINES_MAX, LINES_MAX
from economy_actors.channel.actor import MAILBOX
from economy_actors.clock import SteppedClock
from economy_actors.context import LiveSettings
from economy_actors.runtime import DeadLetterReason
from economy_actors.service import Service, open_service
from economy_sandbox.nats import NatsServer
from kryten_economy.config import Settings
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.invariants import verify

BOT = "ZCoinBot"
LONG = "has anybody here seen the first part of this one already"
SHORT = "who queued this?"
LINES_PER_MS = 16
"""CyTube stamps lines by the millisecond; more of one millisecond would look like old ones."""
LINES_PER_TURN = 64
HANGS_S = 10.0
PATIENCE_S = 120.0

COUNTED = """
    SELECT display_name, sum(messages_sent) FROM daily_activity
    JOIN account ON account.id = account_id GROUP BY account.id
"""
PAID = "SELECT display_name, balance_z FROM account WHERE kind = 'wallet'"


class StandingClock(SteppedClock):
    """It is noon and stays so: no minute passes that would pay."""

    def wait_s(self, _at_ms: int) -> float:
        return 3600.0


@dataclass
class Hall:
    """Channels full of people who talk, and a service that listens to them."""

    bus: Client
    people: dict[str, list[str]]
    path: Path
    service: Service
    said: Counter[str] = field(default_factory=Counter)
    earned: Counter[str] = field(default_factory=Counter)
    answers: list[str] = field(default_factory=list)
    most: Counter[str] = field(default_factory=Counter)
    _at_ms: int = NOON_MS
    _number: int = 0

    async def everybody_comes(self) -> None:
        """Fill the channels, and wait until the service has settled down."""
        for channel, names in self.people.items():
            users = [{"name": name, "rank": 1, "meta": {"afk": False}} for name in names]
            await self._send(channel, "userlist", users)
        here = {channel: len(names) for channel, names in self.people.items()}
        await until(lambda: self.service.context.population == here, what="everybody is here")
        await until(self.service.system.at_rest, what="nothing is left to do")

    async def talk(self, lines: int) -> None:
        """Everybody in turn, in one channel after the other; every second round pays."""
        channels = list(self.people.items())
        for number in range(lines):
            turn, place = divmod(number, len(channels))
            channel, names = channels[place]
            round_number, speaker = divmod(turn, len(names))
            name, is_long = names[speaker], round_number % 2 == 0
            self._at_ms += number % LINES_PER_MS == 0
            await self._say(channel, "chatMsg", name, LONG if is_long else SHORT)
            self.said[name] += 1
            self.earned[name] += is_long
            if number % LINES_PER_TURN == 0:
                await anyio.lowlevel.checkpoint()

    async def ask(self, text: str) -> None:
        """Somebody asks by PM and waits for the answer."""
        channel, names = next(iter(self.people.items()))
        before = len(self.answers)
        await self._say(channel, "pm", names[0], text, to=BOT)
        await until(lambda: len(self.answers) > before, what="an answer")

    async def on_command(self, message: Msg) -> None:
        """The robot's side: what is sent comes back as its echo."""
        command = json.loads(message.data)
        if command["command"] == "pm":
            to, text = command["args"]["to"], command["args"]["msg"]
            await self._say(command["meta"]["channel"], "pm", BOT, text, to=to)
            self.answers.append(text)

    async def watch(self) -> None:
        """Note the most that ever waited in one place."""
        context = self.service.context
        while True:
            self.most["lines"] = max(self.most["lines"], context.backlog.total)
            for channel in self.people:
                depth = context.channels[channel].depth
                self.most["channel"] = max(self.most["channel"], depth)
            await anyio.sleep(0.01)

    @property
    def heard(self) -> float:
        """The lines that the service has taken from the bus."""
        registry = self.service.context.metrics.registry
        return registry.get_sample_value("economy_events_total", {"type": "chatmsg"}) or 0.0

    @property
    def unbooked(self) -> float:
        """The lines that were said and are not in the books."""
        return sum(self.said.values()) - self.heard + self.service.context.backlog.total

    async def all_booked(self) -> None:
        """Wait until the service has taken all lines and has none left."""
        await until(lambda: not self.unbooked, within_s=PATIENCE_S, what="all lines are booked")

    def books(self, sql: str) -> dict[str, int]:
        """Names and numbers on disk, without those that are 0."""
        with contextlib.closing(Reports.open(self.path)) as reports:
            return {name: number for name, number in reports.connection.execute(sql) if number}

    async def _say(
        self, channel: str, event: str, name: str, text: str, *, to: str | None = None
    ) -> None:
        line = {"username": name, "msg": text, "meta": {}, "time": self._at_ms}
        await self._send(channel, event, line if to is None else {**line, "to": to})

    async def _send(self, channel: str, event: str, payload: object) -> None:
        self._number += 1
        body = (
            f'{{"event_name":"{event}","payload":{json.dumps(payload)},"channel":"{channel}",'
            f'"domain":"{DOMAIN}","timestamp":"2026-03-04T12:00:10+00:00",'
            f'"correlation_id":"b0b00000-0000-4000-8000-{self._number:012x}"}}'
        )
        subject = f"kryten.events.cytube.{channel.lower()}.{event.lower()}"
        await self.bus.publish(subject, body.encode())


@asynccontextmanager
async def open_hall(folder: Path, url: str, people: dict[str, list[str]]) -> AsyncIterator[Hall]:
    """The service, with everybody in the channels and nothing left to do."""
    settings = settings_of(
        folder,
        url,
        next(iter(people)),
        channels=[{"domain": DOMAIN, "channel": channel} for channel in people],
        chat_triggers={"long_message": {"enabled": True, "max_per_hour": 1_000_000}},
        onboarding={"welcome_wallet": 0},
        bot={"username": BOT},
    )
    live = LiveSettings(Settings.model_validate(settings))
    bus = await nats.connect(url)
    try:
        async with open_service(live, clock=StandingClock(NOON_MS)) as service:
            hall = Hall(bus, people, Path(settings["database"]["path"]), service)
            await bus.subscribe("kryten.robot.command", cb=hall.on_command)
            await until(service.context.bus_connected, what="the service hears the bus")
            await hall.everybody_comes()
            async with anyio.create_task_group() as watching:
                watching.start_soon(hall.watch)
                yield hall
                watching.cancel_scope.cancel()
    finally:
        await bus.close()


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("channels", "people_each", "lines"),
    [
        pytest.param(1, 200, 50_000, id="one channel"),
        pytest.param(500, 4, 20_000, id="500 channels"),
    ],
)
async def test_a_burst_loses_nothing(
    nats_server: NatsServer, tmp_path: Path, channels: int, people_each: int, lines: int
) -> None:
    """Each line of a burst counts and pays, though the disk hangs; a PM is answered meanwhile.

    What waits inside the service stays within its bounds, and the log has one line about it.
    """
    people = {
        f"Hall{channels}x{number:03}": [f"p{number:03}_{each:03}" for each in range(people_each)]
        for number in range(channels)
    }
    log = io.StringIO()
    with hanging_disk() as disk:
        async with open_hall(tmp_path, nats_server.url, people) as hall:
            logs.configure("WARNING", log, as_json=True)
            async with anyio.create_task_group() as going:
                going.start_soon(hall.talk, lines)
                await until(lambda: sum(hall.said.values()) > lines // 20, what="the burst is on")
                await hall.ask("help")
                waiting_by_then = hall.unbooked
                disk.hang()
                await anyio.sleep(HANGS_S)
                disk.go_on()
            await hall.all_booked()
            lost = hall.service.system.observer.dead_letters
            told = [json.loads(line[3:]) for line in log.getvalue().splitlines()]
    assert hall.books(COUNTED) == dict(hall.said)
    assert hall.books(PAID) == {name: coins for name, coins in hall.earned.items() if coins}
    assert lost[DeadLetterReason.FULL] == 0
    assert hall.most["channel"] < MAILBOX
    assert LINES_MAX <= hall.most["lines"] <= ALL_LINES_MAX + channels
    assert waiting_by_then, "the answer has waited for the burst"
    assert [line["event"] for line in told] == ["the books are behind: chat waits at the bus"], told
    assert verify(hall.path).ok
