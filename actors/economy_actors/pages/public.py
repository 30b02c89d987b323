"""What everybody sees of a channel."""

from typing import Final

from starlette.responses import Response

from economy_actors.handlers.leaderboards import board_rows
from economy_actors.pages.live import fragment
from economy_actors.pages.registry import page
from economy_actors.pages.view import View
from kryten_economy.features.leaderboards import BoardRow, places
from kryten_economy.features.reports.queries import Board

__all__ = ()

ROWS: Final = 25
PAGES_MAX: Final = 40

_BOARDS: Final[dict[str, tuple[Board, str]]] = {
    "rich": ("rich", "Richest"),
    "earners": ("earners", "Top earners today"),
    "lifetime": ("lifetime", "Most earned ever"),
}


@page("/", nav="Leaderboards", at=10)
async def boards(view: View) -> Response:
    """A leaderboard, page by page; who has asked not to be listed isn't."""
    asked = view.request.query_params.get("board", "rich")
    board, title = _BOARDS.get(asked, _BOARDS["rich"])
    number = view.number("page", low=1, high=PAGES_MAX, default=1)
    placed = await _placed(view, board, number)
    return view.show(
        "public/boards.html",
        board=board,
        boards={key: name for key, (_, name) in _BOARDS.items()},
        title=title,
        rows=placed[(number - 1) * ROWS : number * ROWS],
        number=number,
        has_more=len(placed) > number * ROWS and number < PAGES_MAX,
    )


@fragment("rich")
async def richest(view: View) -> str:
    """The first page of the richest, as it is now."""
    placed = await _placed(view, "rich", 1)
    return view.part("public/rows.html", rows=placed[:ROWS], number=1)


async def _placed(view: View, board: Board, number: int) -> list[BoardRow]:
    """All lines up to the end of a page, and one more where there is another page."""
    most, context, channel, day = number * ROWS + 1, view.context, view.channel, view.day
    rows = await view.read(lambda reports: board_rows(context, channel, reports, board, day, most))
    return [
        BoardRow(place, row.name, row.value_z)
        for place, row in zip(places([row.value_z for row in rows]), rows, strict=True)
    ]
