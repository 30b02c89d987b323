"""Leaderboards, in words."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kryten_economy.text.clean import user_text
from kryten_economy.text.numbers import money, plural

__all__ = ("BoardRow", "listed_again", "rank_counts", "top", "unknown_category", "unlisted")


_MEDALS = {1: "🥇", 2: "🥈", 3: "🥉"}


_TITLES = {
    "earners": "🏆 Top earners today",
    "rich": "🏆 Richest",
    "lifetime": "🏆 Top lifetime earners",
}


class BoardRow(NamedTuple):
    """A line of a leaderboard."""

    place: int
    name: str
    value_z: int


def top(
    category: str,
    rows: Sequence[BoardRow],
    own: BoardRow | None,
    page: int,
    symbol: str,
    *,
    listed: bool = True,
) -> str:
    """A page of a leaderboard with the asker's own line, once; ``own`` None: not on it.

    Who is not ``listed`` for others is told so.
    """
    title = _TITLES[category] + (f" (page {page})" if page > 1 else "")
    name = "" if own is None else own.name.lower()
    lines = [title]
    lines += [_row(row, symbol) + (" (you)" if row.name.lower() == name else "") for row in rows]
    if not rows:
        lines.append("Nobody yet." if page == 1 else "Nobody on this page.")
    if own is None:
        lines.append("You: not on this list yet.")
    elif name not in {row.name.lower() for row in rows}:
        lines.append(f"You: {_row(own, symbol)}")
    if not listed:
        lines.append("Only you see your line: 'unquiet top' shows it to all.")
    return "\n".join(lines)


def unlisted(*, changed: bool) -> str:
    """The user is on no leaderboard."""
    state = "are on no leaderboard now" if changed else "were on no leaderboard already"
    return f"🔕 You {state}. 'top' still shows you your own line. PM 'unquiet top' to be back."


def listed_again(*, changed: bool) -> str:
    """The user is on the leaderboards."""
    state = "are on the leaderboards again" if changed else "are on the leaderboards already"
    return f"🔔 You {state}. PM 'quiet top' to be left out."


def rank_counts(counts: Mapping[str, int], own: str) -> str:
    """How many stand on each rank, and where the asker stands."""
    lines = [f"{rank}: {plural(count, 'user')}" for rank, count in counts.items()]
    return "\n".join(["🏆 Ranks", *(lines or ["Nobody yet."]), f"You: {own}"])


def unknown_category(categories: Sequence[str]) -> str:
    """No leaderboard is called that."""
    return "I don't know that leaderboard. There are: " + ", ".join(categories) + "."


def _row(row: BoardRow, symbol: str) -> str:
    mark = _MEDALS.get(row.place, f"{row.place}.")
    return f"{mark} {user_text(row.name)}: {money(row.value_z, symbol)}"
