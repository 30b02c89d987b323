"""Pages that all see alike who are not signed in: one drawing serves everybody for some seconds.

Promises: however many ask for such a page at once, the books are asked for it once; who asks for
one that is still good needs neither the way to it nor the books; where the books don't answer, all
who wait for a drawing are told so at once; what is kept takes bounded room.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import anyio
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

__all__ = ("KEPT_MAX", "Shared")

KEPT_MAX: Final = 64


@dataclass(slots=True)
class _Kept:
    page: str
    response: Response | None = None
    until_s: float = 0.0
    refused: tuple[int, str] = (0, "")
    refused_s: float = 0.0
    drawing: anyio.Lock = field(default_factory=anyio.Lock)


def _address(scope: Scope) -> tuple[str, bytes]:
    return scope["path"], scope["query_string"]


class Shared:
    """The drawings of the last seconds, by address of the page; none where ``is_on`` is false."""

    def __init__(self, *, is_on: bool = True) -> None:
        self._is_on = is_on
        self._kept: dict[tuple[str, bytes], _Kept] = {}

    def found(self, scope: Scope) -> tuple[str, Response] | None:
        """The name of a page and its drawing, if one is kept and who asks is surely a stranger."""
        if scope["method"] != "GET":
            return None
        kept = self._kept.get(_address(scope))
        if kept is None or kept.response is None or anyio.current_time() >= kept.until_s:
            return None
        if any(name == b"cookie" for name, _ in scope["headers"]):
            return None
        return kept.page, kept.response

    async def answer(
        self, scope: Scope, page: str, for_s: float, draw: Callable[[], Awaitable[Response]]
    ) -> Response:
        """The page as it was drawn less than ``for_s`` ago, or as it is drawn now."""
        address = _address(scope)
        kept = self._kept.get(address)
        if kept is None:
            kept = self._kept[address] = _Kept(page)
            if len(self._kept) > KEPT_MAX:
                del self._kept[next(iter(self._kept))]
        came_s = anyio.current_time()
        # Whoever comes while it is drawn waits for that drawing, or for what is said instead.
        async with kept.drawing:
            if kept.refused_s > came_s:
                raise HTTPException(*kept.refused)
            if kept.response is None or anyio.current_time() >= kept.until_s:
                try:
                    drawn = await draw()
                except HTTPException as error:
                    kept.refused = error.status_code, error.detail
                    kept.refused_s = anyio.current_time()
                    raise
                if drawn.status_code != 200:
                    return drawn
                # Only the body: what else the answer says is for who has asked.
                kept.response = HTMLResponse(bytes(drawn.body))
                kept.until_s = anyio.current_time() + for_s * self._is_on
        return kept.response
