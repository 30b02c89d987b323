"""Waking one sleeper once.

An anyio event does it everywhere; a bare future of asyncio does the same there for a fraction of
the cost, and an actor sleeps after nearly every message.
"""

import asyncio
from typing import Protocol

import anyio

__all__ = ("Wake", "new_wake")


class Wake(Protocol):
    """Something to wait for; setting it again changes nothing."""

    def set(self) -> object:
        """Wake the sleeper, or let it pass when it comes."""
        ...

    async def wait(self) -> None:
        """Sleep until set."""
        ...


class _FutureWake:
    __slots__ = ("_future",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._future = loop.create_future()

    def set(self) -> None:
        # A sleeper that was cancelled has taken its future along.
        if not self._future.done():
            self._future.set_result(None)

    async def wait(self) -> None:
        await self._future


def new_wake() -> Wake:
    """A wake that nobody has set, for the event loop that runs now."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return anyio.Event()
    return _FutureWake(loop)
