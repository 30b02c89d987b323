"""The real server under its actor: what it does with connections, and that it ends."""

import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
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


CHUNKED = b"POST /c/TestChan/sign-in HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
UNREADABLE = {
    "a body of two lengths": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "a length below nothing": b" X: y\r\nContent-Length: -1\r\n\r\n",
    "a coding that nobody knows": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a coding in two lines": b"Transfer-Encoding: gzip,\r\n chunked\r\n\r\n0\r\n\r\n",
    "a name with a space": b"Content-Length : 5\r\n\r\nhello",
    "a line that ends early": b"X: y\nZ: z\r\n\r\n",
    "a value with a NUL": b"X: \0\r\n\r\n",
    "a second host": b"Host: b\r\n\r\n",
    "a head without end": b"X: " + b"a" * 20_000,
    "a long head": b"X: " + b"a" * 20_000 + b"\r\n\r\n",
    "many small lines": b"X: a\r\n" * 4_000 + b"\r\n",
}
NO_REQUEST = {
    "another protocol": b"\x16\x03\x01\x02\x00",
    "no version": b"GET /c/TestChan/\r\nX: y HTTP/1.1\r\n\r\n",
    "a version of old": b"GET /c/TestChan/ HTTP/0.9\r\nHost: a\r\n\r\n",
    "a version to come": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no host": b"GET /c/TestChan/ HTTP/1.1\r\n\r\n",
    "a bent address": b"GET //\xff/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "no end of the address": b"GET /" + b"a" * 20_000,
}
HEADS = {
    **{name: b"GET / HTTP/1.1\r\nHost: a\r\n" + rest for name, rest in UNREADABLE.items()},
    **NO_REQUEST,
}


async def test_what_is_no_http_is_cut(tmp_path: Path) -> None:
    """Heads that can be read in two ways, that are too long or never end, or that are none."""
    async with served(tmp_path / "e.db") as here:
        await here.house.join("Alice")
        answers = {name: await _answer_to(here, head) for name, head in HEADS.items()}
        taken = {
            name: answer[:12] for name, answer in answers.items() if b" 400 " not in answer[:13]
        }
        assert not taken
        assert await here.house.pm("Alice", "balance")


async def _answer_to(here: Served, sent: bytes) -> bytes:
    """All that comes back until the connection is closed or silent."""
    found = b""
    async with await anyio.connect_tcp("127.0.0.1", here.port) as stream:
        await stream.send(sent)
        with anyio.move_on_after(1.0):
            try:
                async for piece in stream:
                    found += piece
            except anyio.BrokenResourceError:
                return found
    return found


async def test_a_head_of_many_pieces_is_no_longer_than_others(tmp_path: Path) -> None:
    """Piece by piece it takes no more room than at once; a form behind it is no part of it."""
    async with served(tmp_path / "e.db") as here:
        async with await anyio.connect_tcp("127.0.0.1", here.port) as stream:
            await stream.send(b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
            with pytest.raises((anyio.BrokenResourceError, anyio.EndOfStream)):  # noqa: PT012 - as it comes
                for _ in range(100):
                    await stream.send(b"a" * 1_000)
                    await anyio.sleep(0.005)
                while True:
                    await stream.receive()
        form = b"name=" + b"a" * 10_000
        length = b"Content-Length: %d\r\n" % len(form)
        kind = b"Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n"
        head = b"POST /c/TestChan/sign-in HTTP/1.1\r\nHost: a\r\n" + length + kind
        head += b"X: " + b"a" * 10_000 + b"\r\n\r\n"
        assert (await _answer_to(here, head + form)).startswith(b"HTTP/1.1 422 ")


async def test_what_follows_a_body_is_no_head(tmp_path: Path) -> None:
    """A trailer is not read as a header of the request, and takes no room without end."""
    async with served(tmp_path / "e.db") as here:
        body = b"5\r\nname=\r\n0\r\n"
        kind = b"Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\n"
        whole = CHUNKED + kind + body
        plain = await _answer_to(here, whole + b"\r\n")
        trailed = await _answer_to(here, whole + b"Host: b\r\nX: y\r\n\r\n")
        assert plain[:12] == trailed[:12] != b""
        assert not await _answer_to(here, whole + b"X: " + b"a" * 100_000)


async def test_requests_in_a_row_are_answered_in_their_order(tmp_path: Path) -> None:
    """A few that are sent at once are answered one after the other; thousands are cut."""
    async with served(tmp_path / "e.db") as here:
        one = b"GET /static/pages.css HTTP/1.1\r\nHost: a\r\n\r\n"
        found = await _answer_to(here, one * 5)
        assert found.count(b"HTTP/1.1 200 ") == 5
        assert (await _answer_to(here, one * 5_000)).count(b"HTTP/1.1 200 ") < 20
        await here.house.join("Alice")
        assert await here.house.pm("Alice", "balance")


FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
SOUND = (
    b"GET /c/TestChan/ HTTP/1.1\r\nHost: a\r\nCookie: ke_session=abc\r\n\r\n",
    b"GET http://a/c/TestChan/boards?board=rich HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\n\r\n",
    b"HEAD /c/TestChan/ HTTP/1.0\r\nExpect: 100-continue\r\n\r\n",
    b"POST /c/TestChan/sign-in HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n" + FORM + b"\r\nname=x",
    CHUNKED + FORM + b"\r\n6\r\nname=x\r\n0\r\nX: y\r\n\r\n",
    b"POST /api/v1/balance.get HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
)
ODD: tuple[bytes, ...] = (
    b"\r\n",
    b"\n",
    b"\0",
    b" ",
    b":",
    b"\xff",
    b"%",
    b"%00",
    b"%2e%2e/",
    b"//",
    b"#",
    b"0\r\n\r\n",
)
ODD += (b"Host: b\r\n", b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"f" * 17)


def bent(chance: Random) -> bytes:
    """One to three requests in a row, with something put in, left out or doubled here and there."""
    sent = bytearray(chance.choice(SOUND) * chance.choice((1, 1, 2, 3)))
    for _ in range(chance.choice((0, 1, 2, 5))):
        at = chance.randrange(len(sent) + 1)
        if chance.random() < 0.6:
            sent[at:at] = chance.choice(ODD)
        elif chance.random() < 0.5:
            del sent[at : at + chance.randrange(1, 8)]
        else:
            sent[at:at] = sent[chance.randrange(len(sent)) :][: chance.randrange(40)]
    return bytes(sent)


async def test_whatever_is_sent_is_answered_or_cut(tmp_path: Path) -> None:
    """Requests bent in any way, and in pieces, are no defect, and cost nobody an answer."""
    statuses: Counter[bytes] = Counter()

    async def send(here: Served, chance: Random) -> None:
        sent = bent(chance)
        cut = chance.randrange(len(sent) + 1)
        async with await anyio.connect_tcp("127.0.0.1", here.port) as stream:
            gone = anyio.BrokenResourceError, anyio.EndOfStream
            with suppress(*gone), anyio.move_on_after(0.3):
                await stream.send(sent[:cut])
                await anyio.sleep(0.01)
                await stream.send(sent[cut:])
                statuses[(await stream.receive())[:12]] += 1
                async for _ in stream:
                    pass

    async with served(tmp_path / "e.db") as here:
        await here.house.join("Alice")
        for turn in range(8):
            async with anyio.create_task_group() as tasks:
                for number in range(20):
                    tasks.start_soon(send, here, Random(turn * 20 + number))
        assert await here.house.pm("Alice", "balance")
        assert here.house.observer.stats("pages").restarts == 0
        async with httpx.AsyncClient() as client:
            # So many from one address are too many for a while.
            assert (await client.get(f"{here.url}/c/TestChan/")).status_code in {200, 429}
    assert statuses.keys() >= {b"HTTP/1.1 200", b"HTTP/1.1 400"}
    assert b"HTTP/1.1 500" not in statuses


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
