"""Visitors of pages in a process of their own: open streams, and pages asked for at a steady rate.

Each stream and each page comes from an address of its own, as behind a proxy. The public pages are
asked for in turn, and every tenth page is one of a member who is signed in. Every second a line of
JSON tells how many streams are open and how many pages were answered and refused so far.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from itertools import count, cycle

import anyio
from anyio.abc import SocketStream

__all__ = ("Seen",)

_SAY_EVERY_S = 1.0
_OWN_EVERY = 10


@dataclass(slots=True)
class Seen:
    """What became of the visitors so far."""

    open: int = 0
    events: int = 0
    answered: int = 0
    refused: int = 0


_addresses = count(1)


def _request(path: str, cookie: str) -> bytes:
    number = next(_addresses)
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return (
        f"GET {path} HTTP/1.1\r\nHost: bench\r\nX-Forwarded-For: {address}\r\n"
        + (f"Cookie: {cookie}\r\n" if cookie else "")
        + f"Connection: {'keep-alive' if path.endswith('/live') else 'close'}\r\n\r\n"
    ).encode()


async def _asked(port: int, path: str, cookie: str = "") -> SocketStream:
    stream = await anyio.connect_tcp("127.0.0.1", port)
    await stream.send(_request(path, cookie))
    return stream


async def _watch(port: int, channel: str, seen: Seen) -> None:
    async with await _asked(port, f"/c/{channel}/live") as stream:
        if b" 200 " not in (await stream.receive())[:20]:
            seen.refused += 1
            return
        seen.open += 1
        try:
            async for piece in stream:
                seen.events += piece.count(b"event:")
        finally:
            seen.open -= 1


async def _ask(port: int, path: str, cookie: str, seen: Seen) -> None:
    async with await _asked(port, path, cookie) as stream:
        is_good = b" 200 " in (await stream.receive())[:20]
        async for _ in stream:
            pass
    seen.answered += is_good
    seen.refused += not is_good


async def _tell(seen: Seen) -> None:
    while True:
        sys.stdout.write(json.dumps(asdict(seen)) + "\n")
        sys.stdout.flush()
        await anyio.sleep(_SAY_EVERY_S)


async def _visit(given: argparse.Namespace) -> None:
    seen = Seen()
    public, own = cycle(given.public), cycle(given.own)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_tell, seen)
        for _ in range(given.streams):
            tasks.start_soon(_watch, given.port, given.channel, seen)
            await anyio.sleep(0.005)
        due = anyio.current_time()
        for number in count(1):
            if number % _OWN_EVERY:
                tasks.start_soon(_ask, given.port, next(public), "", seen)
            else:
                tasks.start_soon(_ask, given.port, next(own), given.cookie, seen)
            due += 1 / given.rate
            await anyio.sleep_until(due)


def main() -> None:
    """Visit until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--channel", required=True)
    parser.add_argument("--streams", type=int, required=True)
    parser.add_argument("--rate", type=int, required=True)
    parser.add_argument("--public", nargs="+", required=True, help="paths that anybody asks for")
    parser.add_argument("--own", nargs="+", required=True, help="paths that a member asks for")
    parser.add_argument("--cookie", required=True, help="with which the member is signed in")
    anyio.run(_visit, parser.parse_args())


if __name__ == "__main__":
    main()
