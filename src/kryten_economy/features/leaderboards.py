"""Leaderboards, in words.

Leaderboards (`progression.md` 3): their names, and who stands where.

Who may be named on leaderboards.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from kryten_economy.config.ranks import Tier
from kryten_economy.features.ranks.rules import Ladder
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.operation import Request, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.text.markup import user_text
from kryten_economy.text.templates import ByPm, money, plural
from kryten_economy.users import UserKey

__all__ = (
    "CATEGORIES",
    "BoardRow",
    "Category",
    "Listed",
    "SetListed",
    "category_of",
    "distribution",
    "is_listed",
    "listed_again",
    "listed_among",
    "places",
    "rank_counts",
    "set_listed",
    "top",
    "unknown_category",
    "unlisted",
)

Category = Literal["earners", "rich", "lifetime", "ranks"]


CATEGORIES: Final[tuple[Category, ...]] = ("earners", "rich", "lifetime", "ranks")


_WORDS: Final[dict[str, Category]] = {
    "earners": "earners",
    "today": "earners",
    "rich": "rich",
    "balance": "rich",
    "balances": "rich",
    "lifetime": "lifetime",
    "all": "lifetime",
    "ranks": "ranks",
}


def category_of(word: str) -> Category | None:
    """The leaderboard that is meant, in any casing."""
    return _WORDS.get(word.lower())


def places(values: Sequence[int]) -> list[int]:
    """The places of values in falling order; equal values share one, the next is left out."""
    found: list[int] = []
    for number, value in enumerate(values, start=1):
        same = number > 1 and values[number - 2] == value
        found.append(found[-1] if same else number)
    return found


def distribution(
    tiers: Sequence[Tier], standings: Iterable[tuple[str, int, int, int | None]]
) -> dict[str, int]:
    """How many stand on each tier, in tier order, without empty ones.

    ``standings`` are stored rank, lifetime earnings, number of users, and where a hand-set rank
    holds from.
    """
    ladder = Ladder(tiers)
    counts = [0] * len(ladder.names)
    for stored, earned_z, users, held_from_z in standings:
        counts[ladder.effective(stored, earned_z, held_from_z)] += users
    return {name: count for name, count in zip(ladder.names, counts, strict=True) if count}


@dataclass(frozen=True, slots=True)
class Listed:
    """Whether leaderboards name the user now; ``changed`` if they did not agree before."""

    listed: bool
    changed: bool


@dataclass(frozen=True, slots=True)
class SetListed(Request[Listed]):
    """Let leaderboards name a user or not; opens the account if missing."""

    user: UserKey
    display_name: str
    listed: bool
    at_ms: int
    day: str


@operation
def set_listed(tx: Tx, ask: SetListed) -> Listed:
    """Let leaderboards name the user or not; a missing account is opened."""
    account = tx.find_or_open(ask.user, ask.display_name, ask.day, ask.at_ms)
    changed = bool(account.unlisted) == ask.listed
    if changed:
        account.unlisted = int(not ask.listed)
        tx.accounts.touch(account, profile=True)
    return Listed(ask.listed, changed)


_UNLISTED = """
    SELECT 1 FROM account
    WHERE kind = 'wallet' AND name = ?2 AND channel_id = (SELECT id FROM channel WHERE name = ?1)
    AND unlisted
"""


def is_listed(reader: Reader, user: UserKey) -> bool:
    """Whether leaderboards may name a user; who has no account has not asked to be left out."""
    return reader.sql.row(_UNLISTED, *user) is None


_LISTED_AMONG = """
    SELECT a.name FROM json_each(?2) AS j CROSS JOIN account AS a
    ON a.channel_id = (SELECT id FROM channel WHERE name = ?1)
    AND a.kind = 'wallet' AND a.name = j.value AND a.unlisted = 0
"""


def listed_among(reader: Reader, channel: str, names: Iterable[str]) -> frozenset[str]:
    """Those of these lower-case names that have an account and may be named."""
    wanted = json.dumps(sorted(set(names)))
    return frozenset(name for (name,) in reader.sql.rows(_LISTED_AMONG, channel, wanted))


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
    return ByPm(
        f"🔕 You {state}. 'top' still shows you your own line.", " PM 'unquiet top' to be back."
    )


def listed_again(*, changed: bool) -> str:
    """The user is on the leaderboards."""
    state = "are on the leaderboards again" if changed else "are on the leaderboards already"
    return ByPm(f"🔔 You {state}.", " PM 'quiet top' to be left out.")


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
