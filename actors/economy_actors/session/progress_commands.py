"""`rank` and `top`: where people stand (`commands.md` 6)."""

from collections.abc import Awaitable, Callable

from economy_actors.context import World
from economy_actors.ledger.client import query
from economy_actors.session.user_request import UserRequest
from kryten_economy.features.leaderboards import texts as leaderboards_texts
from kryten_economy.features.leaderboards.rules import CATEGORIES, category_of, distribution, places
from kryten_economy.features.leaderboards.texts import BoardRow
from kryten_economy.features.ranks import texts as ranks_texts
from kryten_economy.features.ranks.rules import discount_percent, perks_shown
from kryten_economy.features.ranks.texts import NextRank
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.reports.rows import Place
from kryten_economy.features.reports.standing import Board

__all__ = ("HANDLERS",)

_ROWS = 10
_PAGES_MAX = 100


async def _rank(world: World, request: UserRequest) -> str:
    settings, wallet = world.live.settings, request.wallet
    tiers = settings.ranks.tiers
    index = _index(world, request)
    following = None
    if index + 1 < len(tiers):
        following = NextRank(tiers[index + 1].name, tiers[index + 1].min_lifetime_earned)
    return ranks_texts.rank_report(
        tiers[index].name,
        wallet.lifetime_earned_z,
        following,
        perks_shown(settings.ranks, index),
        discount_percent(settings.ranks, index),
        settings.currency.symbol,
    )


async def _top(world: World, request: UserRequest) -> str:
    words = list(request.parsed.args)
    page = int(words.pop()) if words and _is_page(words[-1]) else 1
    category = category_of(words[0]) if words else "earners"
    if category is None or len(words) > 1:
        return leaderboards_texts.unknown_category(CATEGORIES)
    if category == "ranks":
        return await _top_ranks(world, request)
    return await _top_page(world, request, category, page)


async def _top_page(world: World, request: UserRequest, board: Board, page: int) -> str:
    settings = world.live.settings
    ignored = tuple(settings.ignored_names)
    day = world.live.calendar.day(world.clock.now_ms())

    def read(reports: Reports) -> tuple[list[tuple[str, int]], Place]:
        rows = board_rows(reports, board, request.user.channel, day, page * _ROWS, ignored)
        return rows, reports.place(board, request.user, day, ignored)

    rows, own = await query(world.reader, read)
    placed = [
        BoardRow(place, *row)
        for place, row in zip(places([value for _, value in rows]), rows, strict=True)
    ]
    mine = None if own.place is None else BoardRow(own.place, request.display_name, own.value)
    shown = placed[(page - 1) * _ROWS :]
    symbol = settings.currency.symbol
    return leaderboards_texts.top(board, shown, mine, page, symbol, listed=own.listed)


def board_rows(
    reports: Reports, board: Board, channel: str, day: str, limit: int, ignored: tuple[str, ...]
) -> list[tuple[str, int]]:
    """The first names of a leaderboard with their values."""
    match board:
        case "earners":
            earners = reports.earners(channel, day, limit, ignored)
            return [(row.username, row.earned_z) for row in earners]
        case "rich":
            rich = reports.richest(channel, limit, ignored)
            return [(row.username, row.balance_z) for row in rich]
        case "lifetime":
            top = reports.top_lifetime(channel, limit, ignored)
            return [(row.username, row.lifetime_earned_z) for row in top]


async def _top_ranks(world: World, request: UserRequest) -> str:
    settings = world.live.settings
    ignored = tuple(settings.ignored_names)
    rows = await query(
        world.reader, lambda reports: reports.standings(request.user.channel, ignored)
    )
    tiers = settings.ranks.tiers
    return leaderboards_texts.rank_counts(
        distribution(tiers, rows), tiers[_index(world, request)].name
    )


def _index(world: World, request: UserRequest) -> int:
    wallet = request.wallet
    return world.live.ladder.effective(
        wallet.rank_name, wallet.lifetime_earned_z, wallet.rank_held_from_z
    )


def _is_page(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= 3 and 1 <= int(word) <= _PAGES_MAX


HANDLERS: dict[str, Callable[[World, UserRequest], Awaitable[str]]] = {
    "rank": _rank,
    "top": _top,
}
