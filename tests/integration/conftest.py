"""A real NATS server for the whole run, and simulated robots in channels of their own."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal

from economy_sandbox.nats import NatsServer
from economy_sandbox.robot import SimulatedRobot

_numbers = itertools.count(1)

MakeRobot = Callable[..., Awaitable[SimulatedRobot]]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """kryten-py and nats-py live on asyncio only."""
    return "asyncio"


@pytest.fixture(scope="session")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """One server with JetStream per test process; take a ``channel`` of your own on it.

    In a thread: an asynchronous fixture would hold its event loop for the whole run, and the
    tests on virtual time would get that one.
    """
    server = NatsServer(store_dir=tmp_path_factory.mktemp("nats"))
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(server) as running:
        yield running


@pytest.fixture
async def own_nats_server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    """A server for one test that may stop it."""
    async with NatsServer(store_dir=tmp_path / "nats") as server:
        yield server


@pytest.fixture
def channel() -> str:
    """A channel name no other test has, so that subjects and buckets are its own."""
    return f"Chan{next(_numbers)}"


@pytest.fixture
async def make_robot(nats_server: NatsServer, channel: str) -> AsyncIterator[MakeRobot]:
    """Start robots: ``await make_robot(channel=..., url=..., bot_rank=...)``, with short waits."""
    async with AsyncExitStack() as stack:

        async def make(**options: Any) -> SimulatedRobot:
            settings: dict[str, Any] = {
                "url": nats_server.url,
                "channel": channel,
                "retries_s": (0.1, 0.2, 0.4),
                "reconnect_wait_s": 0.05,
                "queue_wait_s": 0.2,
            }
            return await stack.enter_async_context(SimulatedRobot(**{**settings, **options}))

        yield make


@pytest.fixture
async def robot(make_robot: MakeRobot) -> SimulatedRobot:
    """A running robot in the test's channel."""
    return await make_robot()
