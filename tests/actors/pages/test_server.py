"""The real server under its actor: what it does with connections, and that it ends."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from tests.actors.house import House, house

from economy_actors.context import Context
from economy_actors.exporter import HttpBindError
from economy_actors.pages.actor import Pages
from economy_actors.pages.server import listen
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

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def served(path: Path) -> AsyncIterator[Served]:
    web = Web(port=0)
    listening = listen(web)
    made: list[Ref[Any]] = []

    def start(root: Actor[Any], context: Context) -> None:
        made.append(root.spawn("pages", lambda: Pages(context, web, listening)))

    try:
        async with house(path, more=start) as here:
            yield Served(here, listening.getsockname()[1], made[0])
    finally:
        listening.close()


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
    heads = (
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0"
        b"\r\n\r\n",
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
