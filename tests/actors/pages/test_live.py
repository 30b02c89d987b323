"""Streams of events: what is told, how often, to whom, and to how many."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import httpx
from tests.actors.house import CHANNEL
from tests.actors.pages.browser import Browser, Pages, pages

from economy_actors.pages import live
from economy_actors.pages.app import pages_app
from economy_actors.pages.security import COOKIE
from economy_actors.pages.streams import FROM_ADDRESS_MAX, STREAMS_MAX
from economy_actors.pages.view import Site


@dataclass(slots=True)
class Reader:
    """Reads a stream as the application sends it; one that is ``slow`` takes nothing more."""

    site: Site
    is_behind: bool = False
    status: int = 0
    text: str = ""
    cuts: int = 0
    left: anyio.Event = field(default_factory=anyio.Event)

    async def read(self, cookie: str = "") -> None:
        asked = False

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if not asked:
                asked = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await self.left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
            else:
                self.text += message["body"].decode()

        scope = {
            "type": "http",
            "method": "GET",
            "path": f"/c/{CHANNEL}/live",
            "query_string": b"",
            "headers": [(b"host", b"pages.test"), (b"cookie", cookie.encode())],
            "client": ("127.0.0.1", 1),
            "root_path": "",
            live.WIRE: self,
        }
        await pages_app(self.site)(scope, receive, send)

    def write(self, body: bytes) -> None:
        self.text += body.decode()

    def cut(self) -> None:
        self.cuts += 1
        self.left.set()


@asynccontextmanager
async def watched(here: Pages, *readers: Reader, cookie: str = "") -> AsyncIterator[None]:
    async with anyio.create_task_group() as tasks:
        for reader in readers:
            tasks.start_soon(reader.read, cookie)
        await here.house.settle()
        yield
        for reader in readers:
            reader.left.set()
        await here.house.settle()
        tasks.cancel_scope.cancel()


async def _signed_in(here: Pages, browser: Browser, name: str) -> str:
    await here.house.join(name)
    await browser.sign_in(name)
    return f"{COOKIE}={browser.client.cookies[COOKIE]}"


async def test_a_commit_is_told_once_a_second(tmp_path: Path) -> None:
    """However many there were, each name comes once, as it is then."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        cookie = await _signed_in(here, browser, "Alice")
        await here.house.join("Bob")
        reader = Reader(here.site)
        async with watched(here, reader, cookie=cookie):
            for _ in range(3):
                await here.house.pm("Alice", "tip @bob 5")
            await live.beat(here.site)
            await here.house.settle()
            left_z = here.house.balance("Alice")
        assert reader.text.count("event: balance\n") == 1
        assert f"event: balance\ndata: {left_z} Z\n\n" in reader.text
        assert reader.text.count("event: rich\n") == 1
        assert reader.text.count("event: money\n") == 1
        assert here.site.live.count == 0


async def test_a_balance_is_told_to_its_owner(tmp_path: Path) -> None:
    """Nobody else's stream holds it, be they signed in or not."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        cookie = await _signed_in(here, browser, "Alice")
        await here.house.join("Bob")
        own, others = Reader(here.site), Reader(here.site)
        async with watched(here, own, cookie=cookie), watched(here, others):
            await here.house.pm("Alice", "quiet top")
            await here.house.pm("Alice", "tip @bob 5")
            await live.beat(here.site)
            await here.house.settle()
        assert "event: balance" in own.text
        assert "event: balance" not in others.text
        assert "event: rich" in others.text
        assert "Alice" not in others.text


async def test_nothing_new_is_not_told(tmp_path: Path) -> None:
    """Without a commit there are signs of life only."""
    async with pages(tmp_path / "e.db") as here:
        reader = Reader(here.site)
        async with watched(here, reader):
            await live.beat(here.site)
            await anyio.sleep(21)
            await live.beat(here.site)
        assert reader.text == "retry: 3000\n\n:\n\n"


async def test_a_slow_reader_is_cut_off(tmp_path: Path) -> None:
    """After ten seconds in which nothing was taken; the others are told meanwhile."""
    async with pages(tmp_path / "e.db") as here:
        await here.house.join("Alice")
        slow, other = Reader(here.site), Reader(here.site)
        async with watched(here, slow, other):
            slow.is_behind = True
            await here.house.join("Bob")
            await live.beat(here.site)
            await anyio.sleep(9)
            await live.beat(here.site)
            assert slow.cuts == 0
            await anyio.sleep(2)
            await live.beat(here.site)
            await here.house.settle()
            assert slow.cuts == 1
            assert other.cuts == 0
            assert "event: rich" in other.text
            assert here.site.live.count == 1


async def test_who_reads_again_is_told_the_newest_only(tmp_path: Path) -> None:
    """What was missed comes at once, of each name as it is by now."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        cookie = await _signed_in(here, browser, "Alice")
        await here.house.join("Bob")
        reader = Reader(here.site)
        async with watched(here, reader, cookie=cookie):
            reader.is_behind = True
            for _ in range(2):
                await here.house.pm("Alice", "tip @bob 5")
                await live.beat(here.site)
            assert "event: balance" not in reader.text
            reader.is_behind = False
            await live.beat(here.site)
            left_z = here.house.balance("Alice")
        assert reader.text.count("event: balance\n") == 1
        assert f"event: balance\ndata: {left_z} Z\n\n" in reader.text


async def test_many_are_told_bit_by_bit(tmp_path: Path) -> None:
    """Between some dozens of pages others have their turn, and every page is told once."""
    async with pages(tmp_path / "e.db") as here:
        await here.house.join("Alice")
        readers = [Reader(here.site) for _ in range(FROM_ADDRESS_MAX)]
        async with watched(here, *readers):
            await here.house.join("Bob")
            before_s = anyio.current_time()
            await live.beat(here.site)
            assert anyio.current_time() > before_s
            assert {each.text.count("event: rich\n") for each in readers} == {1}


async def test_streams_are_limited_by_address(tmp_path: Path) -> None:
    """One more than an address may have is refused, and the place of one that ends is free."""
    async with pages(tmp_path / "e.db") as here:
        readers = [Reader(here.site) for _ in range(FROM_ADDRESS_MAX)]
        async with watched(here, *readers):
            one_more = Reader(here.site)
            await one_more.read()
            assert one_more.status == 503
            readers[0].left.set()
            await here.house.settle()
            again = Reader(here.site)
            async with watched(here, again):
                assert again.status == 200


async def test_streams_are_limited_all_together(tmp_path: Path) -> None:
    """From however many addresses they come."""
    async with pages(tmp_path / "e.db") as here:
        hub = here.site.live
        opened = [hub.open(CHANNEL, "", f"address {number}") for number in range(STREAMS_MAX)]
        assert None not in opened
        assert hub.open(CHANNEL, "", "another") is None
        for stream in opened:
            assert stream is not None
            hub.close(stream)
        assert hub.open(CHANNEL, "", "another") is not None


async def test_pages_say_what_is_live(tmp_path: Path) -> None:
    """The script finds its marks, and the page holds the same without it."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _signed_in(here, browser, "Alice")
        assert 'data-live="balance"' in browser.page.text
        assert 'data-stream="/c/TestChan/live"' in browser.page.text
        page: httpx.Response = await browser.get("/")
        assert 'data-live="rich"' in page.text
        assert "Alice" in page.text
