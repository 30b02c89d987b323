"""Pages that all see alike who are not signed in: one rendering serves everybody for a second.

Promises: however many ask for such a page at once, the books are asked for it once; what is kept
takes bounded room.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import anyio
from starlette.responses import HTMLResponse, Response

__all__ = ("KEPT_MAX", "KEPT_S", "Shared")

KEPT_S: Final = 1.0
KEPT_MAX: Final = 64


@dataclass(slots=True)
class _Kept:
    body: bytes = b""
    until_s: float = 0.0
    drawing: anyio.Lock = field(default_factory=anyio.Lock)


class Shared:
    """The renderings of the last ``kept_s`` seconds, by address of the page."""

    def __init__(self, kept_s: float = KEPT_S) -> None:
        self._kept_s = kept_s
        self._kept: dict[str, _Kept] = {}

    async def answer(self, address: str, draw: Callable[[], Awaitable[Response]]) -> Response:
        """The page as it was drawn less than a second ago, or as it is drawn now."""
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
                kept.until_s = anyio.current_time() + self._kept_s
        return HTMLResponse(kept.body)
