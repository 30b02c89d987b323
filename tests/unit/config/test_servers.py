"""Addresses of NATS: what the client can't reach is refused before it tries for ever."""

from pathlib import Path

import pytest
from tests.unit.config.samples import NO_ENVIRONMENT, faults, written

from kryten_economy.config import load

CHANNELS = "channels: [{domain: a, channel: b}]\n"
SERVERS = "nats:\n  servers:\n    - nats://first:4222\n    - {}\n"


@pytest.mark.parametrize(
    "address",
    [
        "nats//localhost",
        "nats:/localhost:4222",
        "http://localhost:4222",
        "nats://localhost:99999",
        "nats://localhost:0",
        "nats://localhost:port",
        "nats://local host:4222",
        "nats://localhost: 4222",
        "nats://localhost:4222/path",
        "nats://a:4222,nats://b:4222",
        "nats://",
        "a:b:c",
    ],
)
def test_no_address(tmp_path: Path, address: str) -> None:
    """An address that no client can use is refused with its line and an example of a good one."""
    (fault,) = faults(tmp_path, SERVERS.format(f"'{address}'"), start=CHANNELS)
    assert fault == (
        f"config.yaml:5: nats.servers[1]: found {address!r},"
        " must be an address such as nats://localhost:4222 (nats, tls, ws or wss)"
    )


@pytest.mark.parametrize(
    "address",
    [
        "localhost",
        "localhost:4222",
        "nats.example.org:4222",
        "nats://user:secret@host",
        "nats://127.0.0.1:4222",
        "nats://[::1]:4222",
        "tls://host:4222/",
        "wss://host",
    ],
)
def test_address(tmp_path: Path, address: str) -> None:
    """What the client reads as an address is taken as it is written, a host alone as well."""
    text = CHANNELS + SERVERS.format(f"'{address}'")
    got = load(written(tmp_path, text), NO_ENVIRONMENT)
    assert got.settings.nats.servers == ("nats://first:4222", address)


@pytest.mark.parametrize(
    "address",
    [
        "nats//me:hunter2@host",
        "http://me:hunter2@host:4222",
        "nats://me:hunter2@host:99999",
        "nats://me:hun hunter2@host",
        "nats://me:hunter2/x@host",
        "nats://me:hunter2@x@host:0",
    ],
)
def test_passwords(tmp_path: Path, address: str) -> None:
    """However wrongly an address is written, nothing before its host is told."""
    (fault,) = faults(tmp_path, SERVERS.format(f"'{address}'"), start=CHANNELS)
    assert "found '(hidden)@host" in fault
    assert "hunter2" not in fault
    assert "me:" not in fault


def test_from_the_environment(tmp_path: Path) -> None:
    """An address from the environment is checked like one of the file, and names its variable."""
    environ = {"KRYTEN_ECONOMY__NATS__SERVERS": '["nats//me:hunter2@host"]'}
    (fault,) = faults(tmp_path, "", environ, start=CHANNELS)
    assert fault.startswith("KRYTEN_ECONOMY__NATS__SERVERS: nats.servers[0]: found '(hidden)@host'")
