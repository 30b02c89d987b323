"""One task that wakes whoever asked to be woken, so that a timer costs no task of its own."""

import heapq
from collections.abc import Callable
from itertools import count

import anyio

__all__ = ("Timer", "Timers")


class Timer:
    """A pending call; `cancel` forgets it."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[[], None]) -> None:
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        """Forget the call; harmless when it has happened."""
        self.call = None


class Timers:
    """All timers of a system, on the clock of the event loop."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = count()
        self._wake = anyio.Event()
        self._next_s = float("inf")

    def at(self, when_s: float, call: Callable[[], None]) -> Timer:
        """Call ``call`` (which must neither wait nor raise) at the given loop time."""
        timer = Timer(call)
        heapq.heappush(self._heap, (when_s, next(self._order), timer))
        if when_s < self._next_s:
            self._wake.set()
        return timer

    async def run(self) -> None:
        """Serve timers until cancelled."""
        while True:
            self._wake = anyio.Event()
            now_s = self._now_s()
            while self._heap and (self._heap[0][0] <= now_s or self._heap[0][2].call is None):
                timer = heapq.heappop(self._heap)[2]
                if timer.call is not None:
                    call, timer.call = timer.call, None
                    call()
            self._next_s = self._heap[0][0] if self._heap else float("inf")
            if self._wake.is_set():
                continue
            with anyio.CancelScope(deadline=self._next_s):
                await self._wake.wait()
