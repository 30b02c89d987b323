"""Two lanes for one channel: events in order, and private messages past a queue.

The bus gives each private message twice, in order among all events and by a subscription of its
own. Whichever lane comes to it first handles it, and the other one leaves it. A lane of its own
waits a moment for the one in order, so that a person who joins and asks at once is known by then;
only while that one is held up, by a burst or by back pressure, does it go ahead.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import anyio

__all__ = ("PM_TOKEN", "Lanes")

PM_TOKEN = "pm"  # noqa: S105  # the last token of a subject
_WAITS_S = 0.2
_REMEMBERED_MAX = 4096


class Lanes:
    """``handle`` takes a message of nats-py; both lanes are callbacks of one event loop."""

    def __init__(self, handle: Callable[[Any], Awaitable[None]]) -> None:
        self._handle = handle
        self._seen_in_order: Counter[bytes] = Counter()
        self._seen_ahead: Counter[bytes] = Counter()
        self._moved = anyio.Event()
        self._is_behind = False

    async def in_order(self, msg: Any) -> None:  # noqa: ANN401  # a message of nats-py
        """Every event of the channel; returns when it has been handled."""
        if not msg.subject.endswith(f".{PM_TOKEN}"):
            await self._handle(msg)
            return
        if _taken(self._seen_ahead, msg.data):
            # The queue has been worked off when nothing is left that went ahead of it.
            self._is_behind = bool(self._seen_ahead)
            return
        _remember(self._seen_in_order, msg.data)
        self._moved.set()
        self._moved = anyio.Event()
        await self._handle(msg)

    async def ahead(self, msg: Any) -> None:  # noqa: ANN401  # a message of nats-py
        """A private message, which must not wait behind thousands of lines."""
        if not self._is_behind:
            with anyio.move_on_after(_WAITS_S):
                while msg.data not in self._seen_in_order:
                    await self._moved.wait()
        if _taken(self._seen_in_order, msg.data):
            return
        self._is_behind = True
        _remember(self._seen_ahead, msg.data)
        await self._handle(msg)

    def forget(self) -> None:
        """The connection broke: what one lane has seen may never reach the other one."""
        self._seen_in_order.clear()
        self._seen_ahead.clear()
        self._is_behind = False


def _remember(seen: Counter[bytes], body: bytes) -> None:
    if len(seen) >= _REMEMBERED_MAX:
        del seen[next(iter(seen))]
    seen[body] += 1


def _taken(seen: Counter[bytes], body: bytes) -> bool:
    """Whether the other lane has had it; if so that is forgotten."""
    if body not in seen:
        return False
    seen[body] -= 1
    if not seen[body]:
        del seen[body]
    return True
