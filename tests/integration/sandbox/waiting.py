"""Waiting, with an end to patience: a hung test says nothing."""

import asyncio
from collections.abc import Callable
from typing import Any

import anyio
from kryten import KrytenClient

_PATIENCE_S = 30.0


async def until(condition: Callable[[], bool]) -> None:
    """Return when ``condition`` holds; fail after half a minute."""
    with anyio.fail_after(_PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - the thing watched sets no event
            await anyio.sleep(0.005)


class Events:
    """The events a client hands out, in order."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Any] = asyncio.Queue()

    async def keep(self, event: Any) -> None:
        """The handler kryten-py calls."""
        self._queue.put_nowait(event)

    async def get(self) -> Any:
        """The next event; fail after half a minute."""
        with anyio.fail_after(_PATIENCE_S):
            return await self._queue.get()

    def empty(self) -> bool:
        """Whether all have been taken."""
        return self._queue.empty()


def listen(client: KrytenClient, *names: str) -> Events:
    """All events of these names the client hands out from now on."""
    events = Events()
    for name in names:
        client.on(name)(events.keep)
    return events
