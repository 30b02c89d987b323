"""Pages that all see alike who are not signed in: one drawing serves everybody for some seconds.

Promises: however many ask for such a page at once, the books are asked for it once; what is kept
takes bounded room.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import anyio
from starlette.responses import HTMLResponse, Response

__all__ = ("KEPT_MAX", "Shared")

KEPT_MAX: Final = 64


@dataclass(slots=True)
class _Kept:
    body: bytes = b""
    until_s: float = 0.0
    drawing: anyio.Lock = field(default_factory=anyio.Lock)


class Shared:
    """The drawings of the last seconds, by address of the page; none where ``is_on`` is false."""

    def __init__(self, *, is_on: bool = True) -> None:
        self._is_on = is_on
        self._kept: dict[str, _Kept] = {}

    async def answer(
        self, address: str, for_s: float, draw: Callable[[], Awaitable[Response]]
    ) -> Response:
        """The page as it was drawn less than ``for_s`` ago, or as it is drawn now."""
        kept = self._kept.get(address)
        if kept is None:
            kept = self._kept[address] = _Kept()
            if len(self._kept) > KEPT_MAX:
                del self._kept[next(iter(self._kept))]
        # Whoever comes while it is drawn waits for that drawing.
        async with kept.drawing:
            if anyio.current_time() >= kept.until_s:
                drawn = await draw()
                if drawn.status_code != 200:
                    return drawn
                kept.body = bytes(drawn.body)
                kept.until_s = anyio.current_time() + for_s * self._is_on
        return HTMLResponse(kept.body)
