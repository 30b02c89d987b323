"""Visitors of pages in a process of their own: open streams, and pages asked for at a steady rate.

Each stream and each page comes from an address of its own, as behind a proxy. Every second a line
of JSON tells how many streams are open and how many pages were answered and refused so far.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from itertools import count

import anyio
from anyio.abc import SocketStream

__all__ = ("Seen",)

_SAY_EVERY_S = 1.0


@dataclass(slots=True)
class Seen:
    """What became of the visitors so far."""

    open: int = 0
    events: int = 0
    answered: int = 0
    refused: int = 0


_addresses = count(1)


def _request(path: str) -> bytes:
    number = next(_addresses)
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return (
        f"GET {path} HTTP/1.1\r\nHost: bench\r\nX-Forwarded-For: {address}\r\n"
        f"Connection: {'keep-alive' if path.endswith('/live') else 'close'}\r\n\r\n"
    ).encode()


async def _asked(port: int, path: str) -> SocketStream:
    stream = await anyio.connect_tcp("127.0.0.1", port)
    await stream.send(_request(path))
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


async def _ask(port: int, path: str, seen: Seen) -> None:
    async with await _asked(port, path) as stream:
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


async def _visit(port: int, channel: str, streams: int, rate: int) -> None:
    seen = Seen()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_tell, seen)
        for _ in range(streams):
            tasks.start_soon(_watch, port, channel, seen)
            await anyio.sleep(0.005)
        due = anyio.current_time()
        while True:
            tasks.start_soon(_ask, port, f"/c/{channel}/", seen)
            due += 1 / rate
            await anyio.sleep_until(due)


def main() -> None:
    """Visit until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--channel", required=True)
    parser.add_argument("--streams", type=int, required=True)
    parser.add_argument("--rate", type=int, required=True)
    given = parser.parse_args()
    anyio.run(_visit, given.port, given.channel, given.streams, given.rate)


if __name__ == "__main__":
    main()
