"""Back pressure: while the books are behind, chat waits where it came from."""

import anyio

__all__ = ("Gate",)


class Gate:
    """Open at first. Closing and opening waits for nothing and may be done twice.

    Use it from one event loop. Whoever waits goes on when it opens; a gate that is closed again
    at once still lets those through who were waiting, one message each.
    """

    __slots__ = ("_opened",)

    def __init__(self) -> None:
        self._opened: anyio.Event | None = None

    @property
    def is_open(self) -> bool:
        """Whether nobody has to wait."""
        return self._opened is None

    def close(self) -> None:
        """From now on chat waits."""
        if self._opened is None:
            self._opened = anyio.Event()

    def open(self) -> None:
        """Let go on whoever waits."""
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.set()

    async def wait_open(self) -> None:
        """Return at once if the gate is open, else when it opens."""
        if self._opened is not None:
            await self._opened.wait()
