"""Leaderboards by measure, page by page, and one that stands in somebody else's page."""

from typing import Final

from starlette.responses import Response

from economy_actors.handlers.leaderboards import placed_rows, rank_distribution
from economy_actors.pages.registry import page
from economy_actors.pages.view import View
from kryten_economy.features.leaderboards import BoardRow, Category, category_of
from kryten_economy.features.reports.queries import Board, Reports
from kryten_economy.features.reports.rows import Place

__all__ = ()

ROWS: Final = 25
PAGES_MAX: Final = 40
EMBEDDED_ROWS: Final = 10

_TITLES: Final[dict[Category, str]] = {
    "rich": "Richest",
    "earners": "Top earners today",
    "lifetime": "Most earned ever",
    "ranks": "Ranks",
}


def _asked(view: View) -> Category:
    """The board that the address names; the richest where it names none that there is."""
    return category_of(view.request.query_params.get("board", "")) or "rich"


@page("/boards", nav="Leaderboards", at=12, shared_s=5)
async def boards(view: View) -> Response:
    """A leaderboard, page by page; who has asked not to be listed isn't."""
    board = _asked(view)
    if board == "ranks":
        return await _ranks(view)
    number = view.number("page", low=1, high=PAGES_MAX, default=1)
    # One line more tells whether there is another page.
    most = number * ROWS + 1
    context, channel, day = view.context, view.channel, view.day
    user = None if view.member is None else view.user
    ignored = tuple(view.settings.ignored_names)

    def query(reports: Reports) -> tuple[list[BoardRow], Place | None]:
        own = None if user is None else reports.place(board, user, day, ignored)
        return placed_rows(context, channel, reports, board, day, most), own

    placed, own = await view.read(query)
    return view.show(
        "public/boards.html",
        board=board,
        titles=_TITLES,
        title=_TITLES[board],
        rows=placed[(number - 1) * ROWS : number * ROWS],
        own=own,
        number=number,
        has_more=len(placed) > number * ROWS and number < PAGES_MAX,
    )


async def _ranks(view: View) -> Response:
    """How many stand on each rank."""
    context, channel = view.context, view.channel
    counts = await view.read(lambda reports: rank_distribution(context, channel, reports))
    return view.show(
        "public/ranks.html", board="ranks", titles=_TITLES, title=_TITLES["ranks"], counts=counts
    )


@page("/board", prefix="/embed/{channel}", shared_s=5)
async def embedded(view: View) -> Response:
    """The first of a board, for the pages of others; the same for all who look."""
    asked = _asked(view)
    board: Board = "rich" if asked == "ranks" else asked
    context, channel, day = view.context, view.channel, view.day
    rows = await view.read(
        lambda reports: placed_rows(context, channel, reports, board, day, EMBEDDED_ROWS)
    )
    titles = {key: title for key, title in _TITLES.items() if key != "ranks"}
    return view.show(
        "embed/board.html", board=board, titles=titles, title=titles[board], rows=rows, number=1
    )
