"""The published 0.13.0 under a short load, and the database that it leaves behind."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import anyio
from tests.benchmarks.baseline import Baseline, install_baseline
from tests.benchmarks.child import Child, start_child
from tests.benchmarks.robot import Robot, robot
from tests.benchmarks.settings import free_port, service_settings

from economy_sandbox.nats import NatsServer

__all__ = ("CHANNEL", "PEOPLE", "installed", "lived_in")

CHANNEL = "lounge"
"""The old service looks for the list of users under the lower-case name only."""
PEOPLE = ("Alice", "Bob_2", "CARL", "dora-4", "Eve", "Fritz", "Gina", "Hugo")
_FUNDS_Z = 200_000
_START_S = 120.0
_MINUTE_S = 75.0
_ANSWER_S = 5.0


def installed() -> Baseline:
    """The old release in an environment that stays for the next run.

    Raises BaselineError where it can't be had.
    """
    return install_baseline(Path(gettempdir()) / "kryten-economy-0.13.0-venv")


async def lived_in(baseline: Baseline, home: Path) -> Path:
    """Its database after an evening of a minute: everything that people do there, done."""
    database = home / "economy.db"
    async with _serving(baseline, home, database) as playing:
        await _spend_an_evening(playing)
    return database


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
    with anyio.fail_after(_START_S):
        while True:
            assert not child.has_ended, child.tail()
            if await playing.ask(CHANNEL, PEOPLE[0], '"balance"', timeout_s=3.0):
                return


async def _spend_an_evening(playing: Robot) -> None:
    for name in (*PEOPLE, PEOPLE[0].lower(), PEOPLE[4].upper()):
        await playing.api(
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
    await playing.api("user.ban", channel=CHANNEL, username=PEOPLE[7], reason="rude")
    # The minute after which presence is paid.
    await anyio.sleep(_MINUTE_S)
    await _talk(playing)
    await anyio.sleep(2)


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
    await playing.api("rank.set", channel=CHANNEL, username=PEOPLE[4], rank_name="Grip")
    await playing.api(
        "spending.queue",
        channel=CHANNEL,
        username=PEOPLE[6],
        duration_sec=600,
        tier="queue",
        request_id="7d3f0a52-5f3c-4a6e-9d6e-0c7c9b3f1a2b",
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
