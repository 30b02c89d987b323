"""The published 0.13.0 under a short load: the database that it leaves and what it answers.

One run of it serves all tests of a run, in whichever worker they are.
"""

import fcntl
import json
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import anyio
import pytest
from tests.benchmarks.baseline import Baseline, BaselineError, install_baseline
from tests.benchmarks.child import Child, start_child
from tests.benchmarks.robot import Robot, robot
from tests.benchmarks.settings import free_port, service_settings
from tests.integration.migration.asked import CHANNEL, CHARGED, GIVEN_BACK, PEOPLE, READS, TWICE

from economy_sandbox.nats import NatsServer

__all__ = ("Published", "published")

_FUNDS_Z = 200_000
_START_S = 120.0
_MINUTE_S = 75.0
_ANSWER_S = 5.0
_EVENING_S = 180.0
_DAY_S = 86_400


@dataclass(frozen=True)
class Published:
    """What the old release has left: its database, its settings, and its last answers."""

    database: Path
    settings: Mapping[str, Any]
    answers: list[dict[str, Any]]
    """To `READS`, in their order."""
    asked_at_ms: int


def published(factory: pytest.TempPathFactory) -> Published:
    """Made by whichever worker of the test run comes first, in an environment that stays."""
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    home = shared / "published-release"
    with (shared / "published-release.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "answers.json").exists():
            try:
                release = install_baseline(Path(gettempdir()) / "kryten-economy-0.13.0-venv")
            except BaselineError as error:
                pytest.skip(f"0.13.0 can't be installed here: {error}")
            home.mkdir(exist_ok=True)
            anyio.run(_live, release, home)
    told = json.loads((home / "answers.json").read_text(encoding="utf-8"))
    settings = json.loads((home / "old.json").read_text(encoding="utf-8"))
    return Published(home / "economy.db", settings, **told)


async def _live(baseline: Baseline, home: Path) -> None:
    """An evening of a minute: everything that people do there, done; then it is asked."""
    async with _serving(baseline, home, home / "economy.db") as playing:
        await _spend_an_evening(playing)
        asked_at_ms = int(time.time() * 1000)
        answers = [await playing.request(each) for each in READS]
    assert all(answers), "the old service has answered each request"
    told = {"answers": answers, "asked_at_ms": asked_at_ms}
    (home / "answers.json").write_text(json.dumps(told), encoding="utf-8")


@asynccontextmanager
async def _serving(baseline: Baseline, home: Path, database: Path) -> AsyncIterator[Robot]:
    async with NatsServer() as server, robot(server.url) as playing:
        await playing.furnish(CHANNEL, PEOPLE)
        config = home / "old.json"
        config.write_text(json.dumps(_settings(server.url, database)), encoding="utf-8")
        command = [*baseline.subject.command, "--config", str(config)]
        child = await start_child(command, home / "old.log", {"PYTHONUNBUFFERED": "1"})
        try:
            await _wait_ready(playing, child)
            yield playing
        finally:
            with anyio.CancelScope(shield=True):
                await child.stop()


def _settings(url: str, database: Path) -> dict[str, Any]:
    settings: dict[str, Any] = service_settings(
        nats_url=url, database=database, channels=[CHANNEL], http_port=free_port()
    )
    del settings["ranks"]
    quick = {"cooldown_seconds": 0}
    return settings | {
        "presence": {"base_rate_per_minute": 3, "hourly_milestones": {}},
        "streaks": {"daily": {"enabled": True, "min_presence_minutes": 1}},
        "onboarding": {"welcome_wallet": 100, "welcome_delay_seconds": 1},
        "gambling": {
            "min_account_age_minutes": 0,
            "spin": quick,
            "flip": quick,
            "blackjack": quick,
        },
        "tipping": {"min_account_age_minutes": 0},
    }


async def _wait_ready(playing: Robot, child: Child) -> None:
    """It answers PMs before it listens to requests."""
    with anyio.fail_after(_START_S):
        while True:
            assert not child.has_ended, child.tail()
            if (
                await playing.ask(CHANNEL, PEOPLE[0], '"balance"', timeout_s=3.0)
                and await playing.api("system.ping") is not None
            ):
                return
            await anyio.sleep(0.2)


async def _spend_an_evening(playing: Robot) -> None:
    # What was done today is done by yesterday behind midnight, and the old service keeps real time.
    left_s = _DAY_S - time.time() % _DAY_S
    if left_s < _EVENING_S:
        await anyio.sleep(left_s + 1)
    for name in (*PEOPLE, *TWICE.values()):
        assert await playing.api(
            "balance.adjust", channel=CHANNEL, username=name, amount=_FUNDS_Z, reason="Start"
        )
    await _talk(playing)
    for name in PEOPLE:
        for text in ("spin", "spin 50", "spin 200", "flip 100", "flip 30", "fortune"):
            await _say(playing, name, text)
    for giver, taker, amount in ((0, 1, 40), (1, 2, 7), (3, 0, 90), (0, 5, 11), (0, 1, 5)):
        await _say(playing, PEOPLE[giver], f"tip @{PEOPLE[taker]} {amount}")
    await _buy(playing)
    await _wager(playing)
    assert await playing.api("user.ban", channel=CHANNEL, username=PEOPLE[7], reason="rude")
    await _until_minute_is_paid(playing)
    await _talk(playing)
    await anyio.sleep(2)


async def _until_minute_is_paid(playing: Robot) -> None:
    """What is done in the seconds after it is in no danger of the next one."""
    since = None
    with anyio.fail_after(_MINUTE_S):
        while True:
            recent = await playing.request(
                {"command": "transactions.recent", "channel": CHANNEL, "limit": len(PEOPLE)}
            )
            assert recent is not None
            rows = recent["data"]["transactions"]
            since = since or rows[0]["id"]
            if any(row["trigger_id"] == "presence.base" and row["id"] > since for row in rows):
                return
            await anyio.sleep(0.5)


async def _talk(playing: Robot) -> None:
    for name in PEOPLE:
        for text in ("hello everybody", "a line that is long enough to be a long line " * 3, "lol"):
            await playing.say(CHANNEL, name, json.dumps(text))
    await anyio.sleep(1)


async def _buy(playing: Robot) -> None:
    for name, text in (
        (0, "buy greeting Good evening"),
        (1, "buy title Duke"),
        (2, "buy gif https://x.test/a.gif"),
        (3, "buy rename Peanuts"),
        (5, 'bounty 500 "first to sing"'),
        (6, "shoutout hello"),
    ):
        await _say(playing, PEOPLE[name], text)
    assert await playing.api("rank.set", channel=CHANNEL, username=PEOPLE[4], rank_name="Grip")
    for buyer, request_id in ((6, CHARGED), (3, GIVEN_BACK)):
        charged = await playing.api(
            "spending.queue",
            channel=CHANNEL,
            username=PEOPLE[buyer],
            duration_sec=600,
            tier="queue",
            request_id=request_id,
        )
        assert charged is not None
        assert charged["success"]
    assert await playing.api(
        "spending.queue_refund",
        channel=CHANNEL,
        username=PEOPLE[3],
        request_id=GIVEN_BACK,
        reason="add_failed",
    )


async def _wager(playing: Robot) -> None:
    await _say(playing, PEOPLE[0], f"challenge @{PEOPLE[1]} 300")
    await _say(playing, PEOPLE[1], "accept")
    await _say(playing, PEOPLE[2], f"challenge @{PEOPLE[3]} 120")  # nobody answers
    for name in PEOPLE[:3]:
        await _say(playing, name, "blackjack 60")
        await _say(playing, name, "stand")


async def _say(playing: Robot, name: str, text: str) -> str:
    await playing.ask(CHANNEL, name, json.dumps(text), timeout_s=_ANSWER_S)
    return playing.last_reply(CHANNEL, name)
