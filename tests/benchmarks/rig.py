"""A rig: one service under test with its own nats-server, robot, database and directory."""

import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
from tests.benchmarks.child import Child, start_child
from tests.benchmarks.robot import Robot, robot
from tests.benchmarks.settings import write_settings
from tests.benchmarks.subjects import Subject

from economy_sandbox.nats import NatsServer

__all__ = ("BALANCE", "Rig", "RigError", "crowd", "rig", "wait_quiet")

BALANCE = '"balance"'
_START_S = 180.0
_QUIET_CPU_SHARE = 0.05
_QUIET_S = 2.0


class RigError(Exception):
    """The service under test did not start or no longer answers; the last log lines follow."""


@dataclass(slots=True)
class Rig:
    """A running service under test and the robot that drives it.

    ``started_in_s`` is the time from the start until the first answer. ``pays_long_lines`` is
    supposed until the books have shown otherwise.
    """

    subject: Subject
    child: Child
    robot: Robot
    users: Mapping[str, Sequence[str]]
    database: Path
    started_in_s: float = 0.0
    pays_long_lines: bool = True


def crowd(channels: int, users_each: int) -> dict[str, list[str]]:
    """Channels with their users; every name is a valid CyTube name and unique."""
    return {
        f"bench{number:02d}": [f"user_{number:02d}_{index:05d}" for index in range(users_each)]
        for number in range(channels)
    }


@contextlib.asynccontextmanager
async def rig(
    subject: Subject,
    users: Mapping[str, Sequence[str]],
    workdir: Path,
    furnish: Callable[[Path], None] = lambda _database: None,
) -> AsyncIterator[Rig]:
    """Start everything, wait until the service answers a PM, and clear up afterwards.

    ``furnish`` may put a database where the service will look for it.

    Raises:
        RigError: the service did not come up.
    """
    with TemporaryDirectory(prefix="bench-", dir=workdir) as name:
        home = Path(name)
        async with NatsServer() as server, robot(server.url) as playing:
            for channel, members in users.items():
                await playing.furnish(channel, members)
            config, database = home / "config.yaml", home / "economy.db"
            write_settings(
                config,
                nats_url=server.url,
                database=database,
                channels=list(users),
                earning=subject.earning,
                catalogue_url=subject.catalogue_url,
                pages_port=subject.pages_port,
            )
            furnish(database)
            began = time.perf_counter()
            child = await _start(subject, config, home / "service.log")
            try:
                running = Rig(subject, child, playing, users, database)
                await _wait_ready(running)
                running.started_in_s = time.perf_counter() - began
                yield running
            finally:
                with anyio.CancelScope(shield=True):
                    await child.stop()


async def _start(subject: Subject, config: Path, log: Path) -> Child:
    command = [*subject.command, "--config", str(config)]
    try:
        return await start_child(command, log, {"PYTHONUNBUFFERED": "1"})
    except OSError as failure:
        raise RigError(f"{subject.name} does not start: {failure}") from failure


async def _wait_ready(running: Rig) -> None:
    subject, child, playing = running.subject, running.child, running.robot
    channel, members = next(iter(running.users.items()))
    is_ready = False
    with anyio.move_on_after(_START_S):
        while not is_ready and not child.has_ended:
            await anyio.sleep(0.05)
            if subject.has_api and await playing.api("system.ping") is None:
                continue
            is_ready = await playing.ask(channel, members[0], BALANCE, timeout_s=1.0)
    if not is_ready:
        raise RigError(f"{subject.name} does not start:\n{child.tail()}")


async def wait_quiet(running: Rig) -> None:
    """Wait until the service has used less than 5 % of a core for 2 s.

    Raises:
        RigError: it has not come to rest within three minutes.
    """
    before_s = running.child.cpu_s()
    with anyio.move_on_after(_START_S):
        while True:
            await anyio.sleep(_QUIET_S)
            after_s = running.child.cpu_s()
            if after_s - before_s < _QUIET_CPU_SHARE * _QUIET_S:
                return
            before_s = after_s
    raise RigError(f"{running.subject.name} does not come to rest:\n{running.child.tail()}")
