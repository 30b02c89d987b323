"""Leaderboards: `top` and the request of the same rows."""

from typing import NamedTuple

from economy_actors.context import Context, shown_name
from economy_actors.handlers import kit
from economy_actors.handlers.answers import ApiAnswer, Code, Done, PmAnswer, Refused
from economy_actors.handlers.fields import Count, Text
from economy_actors.handlers.registry import ApiCall, PmCall, command, request
from kryten_economy.commands.table import Section
from kryten_economy.features import leaderboards
from kryten_economy.features.leaderboards import (
    CATEGORIES,
    BoardRow,
    category_of,
    distribution,
    places,
)
from kryten_economy.features.reports.queries import Board, Reports
from kryten_economy.features.reports.rows import Place
from kryten_economy.users import UserKey

__all__ = ("Row", "board_rows", "placed_rows", "rank_distribution")

CATEGORY = Text("category", most=40, default="earners")
TOP_ROWS = Count("limit", default=10, low=1, high=100)

_ROWS = 10
_PAGES_MAX = 100
_VALUES: dict[Board, str] = {
    "earners": "earned_today",
    "rich": "balance",
    "lifetime": "lifetime_earned",
}


class Row(NamedTuple):
    """A line of a board; the rank is None where the board does not tell it."""

    name: str
    value_z: int
    rank: str | None = None


@command(
    "top",
    syntax="top [earners|rich|lifetime|ranks] [page]",
    summary="the leaderboards",
    section=Section.PROGRESS,
    aliases=("leaderboard", "lb"),
    reads=True,
)
async def top(call: PmCall) -> PmAnswer:
    """A page of a leaderboard with one's own line."""
    words = list(call.args)
    page = int(words.pop()) if words and _is_page(words[-1]) else 1
    category = category_of(words[0]) if words else "earners"
    if category is None or len(words) > 1:
        return Refused(Code.INVALID_REQUEST, leaderboards.unknown_category(CATEGORIES))
    if category == "ranks":
        tiers = call.settings.ranks.tiers
        own = tiers[kit.rank_index(call.context, call.wallet)].name
        return leaderboards.rank_counts(await _distribution(call), own)
    return await _page(call, category, page)


async def _page(call: PmCall, board: Board, page: int) -> str:
    ignored, day = tuple(call.settings.ignored_names), call.day

    def query(reports: Reports) -> tuple[list[BoardRow], Place]:
        rows = placed_rows(call.context, call.channel, reports, board, day, page * _ROWS)
        return rows, reports.place(board, call.user, day, ignored)

    placed, own = await call.read(query)
    mine = None if own.place is None else BoardRow(own.place, _shown(call, call.by), own.value)
    shown = placed[(page - 1) * _ROWS :]
    return leaderboards.top(board, shown, mine, page, call.symbol, listed=own.listed)


def _shown(call: PmCall, name: str) -> str:
    return shown_name(call.context, call.named(name), name)


def _is_page(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= 3 and 1 <= int(word) <= _PAGES_MAX


@request("leaderboard", CATEGORY, TOP_ROWS)
async def leaderboard(call: ApiCall) -> ApiAnswer:
    """The first of a leaderboard, or how many stand on each rank."""
    category, limit, day = call.field(CATEGORY), call.field(TOP_ROWS), call.day
    board = category_of(category)
    head: dict[str, object] = {"channel": call.channel, "category": category}
    if board is None:
        return Refused(Code.INVALID_REQUEST, leaderboards.unknown_category(CATEGORIES))
    if board == "ranks":
        return Done(head | {"distribution": await _distribution(call)})
    rows = await call.read(
        lambda reports: board_rows(call.context, call.channel, reports, board, day, limit)
    )
    shown = [
        {"username": row.name, _VALUES[board]: row.value_z}
        | ({} if row.rank is None else {"rank_name": row.rank})
        for row in rows
    ]
    return Done(head | {"rows": shown})


async def _distribution(call: PmCall | ApiCall) -> dict[str, int]:
    context, channel = call.context, call.channel
    return await call.read(lambda reports: rank_distribution(context, channel, reports))


def rank_distribution(context: Context, channel: str, reports: Reports) -> dict[str, int]:
    """How many stand on each rank, of those who take part."""
    settings = context.live.settings
    rows = reports.standings(channel, tuple(settings.ignored_names))
    return distribution(settings.ranks.tiers, rows)


def placed_rows(
    context: Context, channel: str, reports: Reports, board: Board, day: str, limit: int
) -> list[BoardRow]:
    """The first lines of a leaderboard with their places, named as the bot names people."""
    rows = board_rows(context, channel, reports, board, day, limit)
    return [
        BoardRow(place, shown_name(context, UserKey.of(channel, row.name), row.name), row.value_z)
        for place, row in zip(places([row.value_z for row in rows]), rows, strict=True)
    ]


def board_rows(
    context: Context, channel: str, reports: Reports, board: Board, day: str, limit: int
) -> list[Row]:
    """The first lines of a leaderboard; without those who are ignored or want to be on none."""
    ignored = tuple(context.live.settings.ignored_names)
    if board == "earners":
        earners = reports.earners(channel, day, limit, ignored)
        return [Row(row.username, row.earned_z) for row in earners]
    of = reports.richest if board == "rich" else reports.top_lifetime
    ladder = context.live.ladder
    return [
        Row(
            row.username,
            row.balance_z if board == "rich" else row.lifetime_earned_z,
            ladder.shown(row.rank_name, row.lifetime_earned_z, row.rank_held_from_z),
        )
        for row in of(channel, limit, ignored)
    ]
