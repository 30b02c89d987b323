"""What the library is told, and what of its own words is kept."""

import logging

import pytest
from tests.unit.gateway.helpers import settings

from economy_actors.gateway.client import PatientClient, client_config

NATS = {"servers": ["nats://bob:hunter2@127.0.0.1:1"], "reconnect_time_wait": 1}


def test_library_keeps_no_gap_of_its_own() -> None:
    """The announcer paces, whatever the file says about the gap."""
    config = client_config(settings(chat_min_delay=2.0, chat_jitter=1.0))
    assert (config["chat_min_delay"], config["chat_jitter"]) == (0.0, 0.0)


def test_file_reaches_the_library() -> None:
    """NATS, channels, identity and the advertised port are those of the settings."""
    config = client_config(settings(nats={**NATS, "ping_interval": 7}, handler_timeout=5))
    client = PatientClient(config, lambda _: None)
    assert client.config.nats.ping_interval == 7
    assert client.config.nats.max_reconnect_attempts == -1
    assert client.config.channels[0].channel == "testchan"
    assert client.config.service.name == "economy"
    assert client.config.metrics.port == 28286
    assert client.config.handler_timeout == 5


def test_no_port_is_advertised_where_nothing_is_served() -> None:
    """Without the HTTP server there is no address to tell others."""
    assert "metrics" not in client_config(settings(metrics={"enabled": False}))


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_first_connection_gives_up(caplog: pytest.LogCaptureFixture) -> None:
    """A bus that is away makes the first connection fail soon, without password or traceback."""
    client = PatientClient(client_config(settings(nats=NATS)), lambda _: None)
    with caplog.at_level(logging.DEBUG), pytest.raises(Exception, match="no servers available"):
        await client.connect()
    assert caplog.records
    for record in caplog.records:
        assert "hunter2" not in record.getMessage() + str(record.__dict__)
        assert record.exc_info is None
