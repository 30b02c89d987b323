"""The real server under its actor: what it does with connections, and that it ends."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import httpx
import pytest
from tests.actors.house import House, house

from economy_actors.context import Context
from economy_actors.exporter import HttpBindError
from economy_actors.pages.actor import Pages
from economy_actors.pages.server import listen
from economy_actors.pages.streams import FROM_ADDRESS_MAX, Live
from economy_actors.runtime import Actor, Ref
from kryten_economy.config.web import Web


@pytest.fixture
def anyio_backend() -> str:
    """Real time: sockets keep to no other."""
    return "asyncio"


@dataclass(slots=True)
class Served:
    house: House
    port: int
    pages: Ref[Any]
    live: Live

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def served(path: Path) -> AsyncIterator[Served]:
    web = Web(port=0)
    listening = listen(web)
    made: list[Ref[Any]] = []
    live = Live()

    def start(root: Actor[Any], context: Context) -> None:
        made.append(root.spawn("pages", lambda: Pages(context, web, listening, live)))

    try:
        async with house(path, more=start, facts_to=live.note) as here:
            yield Served(here, listening.getsockname()[1], made[0], live)
    finally:
        listening.close()


async def nobody_looks(here: Served) -> None:
    """Wait until all streams are known to be over."""
    for _ in range(500):
        if not here.live.count:
            return
        await anyio.sleep(0.02)
    raise AssertionError(here.live.count)


async def test_pages_are_served(tmp_path: Path) -> None:
    """Over a real socket, without a word about what serves them."""
    async with served(tmp_path / "e.db") as here, httpx.AsyncClient() as client:
        page = await client.get(f"{here.url}/c/TestChan/")
        assert page.status_code == 200
        assert "server" not in page.headers
        assert "content-security-policy" in page.headers


async def test_a_failure_of_the_pages_is_theirs_alone(tmp_path: Path) -> None:
    """PMs are answered meanwhile, and the pages are back on the same port."""
    async with served(tmp_path / "e.db") as here, httpx.AsyncClient() as client:
        await here.house.join("Alice")
        here.pages.tell("nonsense")
        assert await here.house.pm("Alice", "balance")
        page = await client.get(f"{here.url}/c/TestChan/")
        assert page.status_code == 200
        assert here.house.observer.stats("pages").restarts == 1


async def test_what_is_no_http_is_cut(tmp_path: Path) -> None:
    """Heads that can be read in two ways, that never end, or that name no method."""
    both = b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"
    heads = (
        b"GET / HTTP/1.1\r\nHost: a\r\n" + both + b"\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 20_000,
        b"\x16\x03\x01\x02\x00",
        b"GET /c/TestChan/\r\nX: y HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n X: y\r\nContent-Length: -1\r\n\r\n",
    )
    async with served(tmp_path / "e.db") as here:
        await here.house.join("Alice")
        for head in heads:
            async with await anyio.connect_tcp("127.0.0.1", here.port) as stream:
                await stream.send(head)
                answer = await stream.receive()
                assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 ")), (head, answer)
        assert await here.house.pm("Alice", "balance")


async def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    """The service does not start, and says which key to change."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(HttpBindError, match=rf"127\.0\.0\.1:{port}.*web\.port"):
            listen(Web(port=port))


async def test_the_server_ends_with_the_service(tmp_path: Path) -> None:
    """Though visitors keep their connections; nothing of it holds up the stop."""
    async with served(tmp_path / "e.db") as here:
        stream = await anyio.connect_tcp("127.0.0.1", here.port)
        await stream.send(b"GET /c/TestChan/ HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await stream.receive()).startswith(b"HTTP/1.1 200 ")
        began_s = anyio.current_time()
        await here.house.system.stop(9)
        assert anyio.current_time() - began_s < 4
        await stream.aclose()


async def test_a_stream_tells_what_changes(tmp_path: Path) -> None:
    """Within two seconds of a commit the page knows, over a real socket."""
    async with served(tmp_path / "e.db") as here, httpx.AsyncClient() as client:
        await here.house.join("Alice")
        url = f"{here.url}/c/TestChan/live"
        with anyio.fail_after(10):
            async with client.stream("GET", url) as stream:
                assert stream.headers["content-type"].startswith("text/event-stream")
                lines = stream.aiter_lines()
                assert await anext(lines) == "retry: 3000"
                await here.house.join("Bob")
                async for line in lines:
                    if "Bob" in line:
                        break
        await nobody_looks(here)


async def test_floods_leave_pms_answered(tmp_path: Path) -> None:
    """2,000 open streams, then slow heads and bodies: a PM takes its usual moment."""
    async with served(tmp_path / "e.db") as here, anyio.create_task_group() as tasks:
        await here.house.join("Alice")
        streams: list[anyio.abc.SocketStream] = []
        limit = anyio.Semaphore(100)

        async def visit(head: bytes) -> None:
            async with limit:
                try:
                    stream = await anyio.connect_tcp("127.0.0.1", here.port)
                    streams.append(stream)
                    await stream.send(head)
                except OSError:
                    return

        form = b"Content-Length: 900\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        heads = (
            b"GET /c/TestChan/live HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET /c/TestChan/live HTTP/1.1\r\nHo",
            b"POST /c/TestChan/sign-in HTTP/1.1\r\nHost: a\r\n" + form + b"\r\nname=",
        )
        async with anyio.create_task_group() as visiting:
            for number in range(2_000):
                visiting.start_soon(visit, heads[0 if number < 1_800 else number % 3])
        assert 0 < here.live.count <= FROM_ADDRESS_MAX
        for _ in range(5):
            began_s = anyio.current_time()
            assert await here.house.pm("Alice", "balance")
            assert anyio.current_time() - began_s < 2
        for stream in streams:
            with anyio.CancelScope(shield=True):
                await anyio.aclose_forcefully(stream)
        await nobody_looks(here)
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{here.url}/c/TestChan/")).status_code == 200
        tasks.cancel_scope.cancel()


async def test_streams_end_with_the_service(tmp_path: Path) -> None:
    """They are ended first, so that a stop waits for nobody who looks."""
    async with served(tmp_path / "e.db") as here:
        stream = await anyio.connect_tcp("127.0.0.1", here.port)
        await stream.send(b"GET /c/TestChan/live HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await stream.receive()).startswith(b"HTTP/1.1 200 ")
        began_s = anyio.current_time()
        await here.house.system.stop(9)
        assert anyio.current_time() - began_s < 4
        assert here.live.count == 0
        await stream.aclose()
