"""A sound installation for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.integration.doctor.installation import Installation, others

from economy_sandbox.catalogue import MediaCmsSite
from economy_sandbox.nats import NatsServer
from economy_sandbox.robot import SimulatedRobot


@pytest.fixture
def robot_of(nats_server: NatsServer, channel: str) -> SimulatedRobot:
    """The robot of the channel, before it is started."""
    return SimulatedRobot(nats_server.url, channel=channel, retries_s=(0.1,))


@pytest.fixture
async def site(nats_server: NatsServer, robot_of: SimulatedRobot) -> AsyncIterator[MediaCmsSite]:
    """A catalogue, beside a running robot and userstats."""
    async with others(nats_server, robot_of) as catalogue:
        yield catalogue


@pytest.fixture
def sound(
    nats_server: NatsServer, channel: str, tmp_path: Path, site: MediaCmsSite
) -> Installation:
    """Nothing is wrong with it."""
    installation = Installation(tmp_path, nats_server.url, channel, site.url)
    installation.pay()
    installation.back_up()
    return installation
