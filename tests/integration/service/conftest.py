"""Houses of the test's own channel on the shared bus."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.integration.service.house import House, OpenHouse, open_house

from economy_sandbox.nats import NatsServer


@pytest.fixture
async def make_house(
    nats_server: NatsServer, channel: str, tmp_path: Path
) -> AsyncIterator[OpenHouse]:
    """Open a house: ``await make_house(currency={"symbol": "¤"})``."""
    async with AsyncExitStack() as stack:

        async def make(**options: Any) -> House:
            return await stack.enter_async_context(
                open_house(tmp_path, nats_server.url, channel, **options)
            )

        yield make


@pytest.fixture
async def house(make_house: OpenHouse) -> House:
    """The service in a channel with boss (the founder), alice, Bob and Dr_Z_oid."""
    return await make_house()
