"""Word to systemd, heard on a real datagram socket."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
import trio.testing

from economy_actors.service import Notifier


@pytest.fixture
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """A socket as systemd has it, and the address it passes on."""
    name = f"economy-{os.getpid()}-{id(request)}"
    address = str(tmp_path / "n") if getattr(request, "param", "path") == "path" else f"@{name}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(address.replace("@", "\0", 1) if address.startswith("@") else address)
        server.settimeout(2)
        yield address, server


@pytest.mark.parametrize("listener", ["path", "abstract"], indirect=True)
def test_each_state_is_told(listener: tuple[str, socket.socket]) -> None:
    """READY, STATUS, WATCHDOG and STOPPING arrive, by path and on an abstract socket."""
    address, server = listener
    notifier = Notifier.from_environ({"NOTIFY_SOCKET": address})
    notifier.ready()
    notifier.status("2 channels,\n5 users")
    notifier.watchdog()
    notifier.stopping()
    heard = [server.recv(1000).decode() for _ in range(4)]
    assert heard == ["READY=1", "STATUS=2 channels, 5 users", "WATCHDOG=1", "STOPPING=1"]


def test_nobody_listening_is_no_failure(tmp_path: Path) -> None:
    """Without a socket, with a vanished one, or with an unknown form the service just runs."""
    for environ in ({}, {"NOTIFY_SOCKET": str(tmp_path / "gone")}, {"NOTIFY_SOCKET": "vsock:2:1"}):
        Notifier.from_environ(environ).ready()
    assert Notifier.from_environ({"NOTIFY_SOCKET": "vsock:2:1"}).address is None


def test_a_full_socket_does_not_block(listener: tuple[str, socket.socket]) -> None:
    """If systemd reads nothing, the event loop goes on all the same."""
    address, server = listener
    notifier = Notifier.from_environ({"NOTIFY_SOCKET": address})
    for _ in range(2_000):
        notifier.watchdog()
    assert server.recv(100) == b"WATCHDOG=1"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "42"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "43"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_interval_is_read(environ: dict[str, str], expected: float | None) -> None:
    """WATCHDOG_USEC is in microseconds and counts only if it is meant for this process."""
    assert Notifier.from_environ(environ, pid=42).watchdog_s == expected


class TestWatchdog:
    """Signs of life on a virtual clock."""

    @pytest.fixture
    def anyio_backend(self) -> tuple[str, dict[str, object]]:
        return "trio", {"clock": trio.testing.MockClock(autojump_threshold=0)}

    async def test_life_is_shown_twice_per_interval(
        self, listener: tuple[str, socket.socket]
    ) -> None:
        """In 100 s with an interval of 30 s there are seven signs, the first at once."""
        address, server = listener
        notifier = Notifier(address, watchdog_s=30.0)
        with anyio.move_on_after(100):
            await notifier.feed_watchdog(lambda: True)
        server.setblocking(False)
        heard = [server.recv(100) for _ in range(7)]
        assert heard == [b"WATCHDOG=1"] * 7
        with pytest.raises(BlockingIOError):
            server.recv(100)

    async def test_a_sick_service_gives_no_sign(self, listener: tuple[str, socket.socket]) -> None:
        """systemd restarts a service that can't say it is alive."""
        address, server = listener
        with anyio.move_on_after(100):
            await Notifier(address, watchdog_s=30.0).feed_watchdog(lambda: False)
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.recv(100)

    async def test_no_watchdog_ends_at_once(self) -> None:
        """If systemd wants no signs, the task just ends."""
        with anyio.fail_after(1):
            await Notifier("@nobody", watchdog_s=None).feed_watchdog(lambda: True)
