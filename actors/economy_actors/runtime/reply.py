"""The one-shot answer of an ask.

A reply is completed exactly once, by an answer or by a fault; whoever comes later is
ignored, since a late answer to an expired ask has nobody left to read it.
"""

from typing import Generic, TypeVar

from economy_actors.runtime.wake import Wake, new_wake

__all__ = ("Reply",)

T = TypeVar("T")


class Reply(Generic[T]):
    """Travels inside an ask message; the receiver calls `send`, the asker waits."""

    __slots__ = ("_done", "_fault", "_value", "_wake")

    def __init__(self) -> None:
        self._done = False
        self._wake: Wake | None = None
        self._fault: BaseException | None = None
        self._value: T | None = None

    @property
    def done(self) -> bool:
        """Whether an answer or a fault has come."""
        return self._done

    def send(self, value: T) -> None:
        """Answer the asker."""
        if not self._done:
            self._value = value
            self._complete()

    def fail(self, fault: BaseException) -> None:
        """End the ask without an answer."""
        if not self._done:
            self._fault = fault
            self._complete()

    def _complete(self) -> None:
        self._done = True
        if self._wake is not None:
            self._wake.set()

    async def wait(self) -> T:
        """The answer; raises the fault that took its place."""
        if not self._done:
            self._wake = new_wake()
            await self._wake.wait()
        if self._fault is not None:
            raise self._fault
        return self._value  # type: ignore[return-value]  # None only where T admits it
