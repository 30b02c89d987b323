"""Texts about standing: rank, leaderboards, profile, achievements; pure functions of values."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kryten_economy.messages.clean import user_text
from kryten_economy.messages.numbers import money, percent, plural, signed_money

__all__ = (
    "BoardRow",
    "Goal",
    "NextRank",
    "achievements",
    "bar",
    "listed_again",
    "profile",
    "rank_counts",
    "rank_report",
    "top",
    "unknown_category",
    "unlisted",
)

_MEDALS = {1: "🥇", 2: "🥈", 3: "🥉"}
_TITLES = {
    "earners": "🏆 Top earners today",
    "rich": "🏆 Richest",
    "lifetime": "🏆 Top lifetime earners",
}


class NextRank(NamedTuple):
    """The rank above, and the lifetime earnings it takes."""

    name: str
    threshold_z: int


class BoardRow(NamedTuple):
    """A line of a leaderboard."""

    place: int
    name: str
    value_z: int


def bar(part: int, whole: int, width: int) -> str:
    """How far ``part`` is on the way to ``whole``; full only when it is there."""
    full = width if part >= whole else part * width // whole
    return "█" * full + "░" * (width - full)


def rank_report(
    rank: str,
    lifetime_z: int,
    following: NextRank | None,
    perks: Sequence[str],
    discount_percent: float,
    symbol: str,
) -> str:
    """Where a user stands and what is next."""
    lines = [f"⭐ Rank: {rank} | Lifetime earned: {money(lifetime_z, symbol)}"]
    if following is None:
        lines.append("You've reached the maximum rank!")
    else:
        left_z = max(0, following.threshold_z - lifetime_z)
        reached = min(lifetime_z, following.threshold_z)
        lines.append(f"Next: {following.name}, {money(left_z, symbol)} to go")
        share = percent(reached, following.threshold_z)
        lines.append(f"{bar(reached, following.threshold_z, 20)} {share}")
    if perks:
        lines.append("Perks: " + ", ".join(perks))
    lines.append(f"Discount: {discount_percent:g}%")
    return "\n".join(lines)


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


class Goal(NamedTuple):
    """An achievement that is still to be won."""

    description: str
    current: int
    threshold: int


def achievements(won: Sequence[tuple[str, str]], goals: Sequence[Goal], hidden: int) -> str:
    """What was won on which date, how far the others are, and how many are hidden."""
    lines = [f"🏆 Achievements: {len(won):,} won"]
    lines += [f"✅ {user_text(description)} ({date})" for description, date in won]
    for description, current, threshold in goals:
        share = bar(current, threshold, 10)
        lines.append(f"{share} {user_text(description)} {current:,}/{threshold:,}")
    if hidden:
        lines.append(f"🔒 {plural(hidden, 'hidden achievement')} left to find.")
    elif not won and not goals:
        lines.append("There are none to win here yet.")
    return "\n".join(lines)


def profile(
    name: str,
    rank: str,
    balance_z: int,
    lifetime_z: int,
    streak_days: int,
    won: int,
    gambled_net_z: int | None,
    symbol: str,
) -> str:
    """What everybody may know about a user; ``gambled_net_z`` None: never played."""
    lines = [
        f"👤 {user_text(name)} | ⭐ {rank}",
        f"💰 Balance: {money(balance_z, symbol)} | Lifetime earned: {money(lifetime_z, symbol)}",
        f"🔥 Streak: {plural(streak_days, 'day')} | 🏆 {plural(won, 'achievement')}",
    ]
    if gambled_net_z is not None:
        lines.append(f"🎰 Gambling net: {signed_money(gambled_net_z, symbol)}")
    return "\n".join(lines)
