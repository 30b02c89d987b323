"""The real kryten-py client at the other end of the simulated robot's wire."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from kryten import KrytenClient

from economy_sandbox.nats import NatsServer
from economy_sandbox.outbox import arrived

MakeClient = Callable[..., Awaitable[KrytenClient]]


@pytest.fixture
async def make_client(nats_server: NatsServer, channel: str) -> AsyncIterator[MakeClient]:
    """Connect clients: ``await make_client(url=..., channels=[...])``; no pace of their own."""
    async with AsyncExitStack() as stack:

        async def make(
            url: str = nats_server.url, name: str = "economy", **nats: Any
        ) -> KrytenClient:
            client = KrytenClient(
                {
                    "nats": {"servers": [url], "reconnect_time_wait": 1, **nats},
                    "channels": [{"domain": "cytube.test", "channel": channel}],
                    "service": {"name": name, "version": "1.0.0"},
                    "chat_min_delay": 0.0,
                    "chat_jitter": 0.0,
                }
            )
            await client.connect()
            # kryten-py leaves its subscriptions in nats-py's buffer.
            await arrived(client._nats)
            stack.push_async_callback(client.disconnect)
            return client

        yield make


@pytest.fixture
async def client(make_client: MakeClient) -> KrytenClient:
    """A connected client for the test's channel."""
    return await make_client()
