"""Texts about ranks: promotions, levels, the reply to `rank`, profiles."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kryten_economy.text.markup import user_text
from kryten_economy.text.templates import (
    ByPm,
    bar,
    money,
    percent,
    plural,
    render_tolerant,
    signed_money,
)

__all__ = (
    "NextRank",
    "level_given",
    "profile",
    "promoted",
    "rank_report",
    "rank_set_done",
    "rank_ups",
    "rank_was_set",
    "unknown_rank",
)


class NextRank(NamedTuple):
    """The rank above, and the lifetime earnings it takes."""

    name: str
    threshold_z: int


def rank_report(
    rank: str,
    lifetime_z: int,
    following: NextRank | None,
    perks: Sequence[str],
    discount_percent: float,
    symbol: str,
    *,
    name: str | None = None,
) -> str:
    """Where a user stands and what is next; ``name`` is whose rank it is, None for the reader."""
    whose = "" if name is None else f"{user_text(name)} | "
    lines = [f"⭐ {whose}Rank: {rank} | Lifetime earned: {money(lifetime_z, symbol)}"]
    if following is None:
        who = "You've" if name is None else "They've"
        lines.append(f"{who} reached the maximum rank!")
    else:
        left_z = max(0, following.threshold_z - lifetime_z)
        reached = min(lifetime_z, following.threshold_z)
        lines.append(f"Next: {following.name}, {money(left_z, symbol)} to go")
        share = percent(reached, following.threshold_z)
        lines.append(f"{bar(reached, following.threshold_z, 20)} {share}")
    if perks:
        lines.append("Perks: " + ", ".join(perks))
    if discount_percent > 0:
        lines.append(f"Discount: {discount_percent:g}%")
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
    currency: str,
    owns: Sequence[str] = (),
    games: int = 0,
) -> str:
    """What everybody may know about a user; ``gambled_net_z`` None: never played.

    ``owns`` are the kinds of things they have bought, not the things.
    """
    has = f"{money(balance_z, symbol)} ({user_text(currency)})"
    lines = [
        f"👤 {user_text(name)} | ⭐ {rank}",
        f"💰 Balance: {has} | Lifetime earned: {money(lifetime_z, symbol)}",
        f"🔥 Streak: {plural(streak_days, 'day')} | 🏆 {plural(won, 'achievement')}",
    ]
    if gambled_net_z is not None:
        net = signed_money(gambled_net_z, symbol)
        lines.append(f"🎰 Gambling net: {net} in {plural(games, 'game')}")
    if owns:
        lines.append(f"🛍️ Owns: {', '.join(owns)}")
    return "\n".join(lines)


def promoted(rank: str, perks: Sequence[str], discount_percent: float) -> str:
    """To the user who has reached a rank: what it brings."""
    lines = [f"⭐ You've been promoted to {rank}!"]
    brings = [*perks]
    if discount_percent > 0:
        brings.insert(0, f"{discount_percent:g}% off everything you buy")
    if brings:
        lines.append("Perks: " + ", ".join(brings))
    return "\n".join(lines)


def rank_ups(
    template: str, groups: Sequence[tuple[str, Sequence[str]]], currency: Mapping[str, object]
) -> str:
    """The public line: one user by the template, several in one line, grouped by rank."""
    if len(groups) == 1 and len(groups[0][1]) == 1:
        [(rank, [user])] = groups
        values = {**currency, "user": user_text(user), "rank": rank}
        return render_tolerant(template, values) or f"⭐ {user} is now a {rank}!"
    told = [f"{rank}: {', '.join(map(user_text, users))}" for rank, users in groups]
    return "⭐ Rank-ups! " + " | ".join(told)


def rank_was_set(rank: str, *, automatic: bool) -> str:
    """To the user whose rank an admin has set."""
    if automatic:
        return f"⭐ Your rank follows your earnings again: {rank}."
    return f"⭐ An admin has set your rank to {rank}."


def rank_set_done(name: str, rank: str, *, automatic: bool) -> str:
    """To the admin: what was set, and how long it holds."""
    if automatic:
        return f"✅ The rank of {user_text(name)} follows the earnings again: {rank}."
    return ByPm(
        f"✅ {user_text(name)} is {rank} now, until the earnings cross a threshold above today's.",
        " 'set_rank @user auto' ends it sooner.",
    )


def unknown_rank(tiers: Sequence[str]) -> str:
    """No tier is called that."""
    return "There is no such rank. Ranks: " + ", ".join([*tiers, "auto"]) + "."


def level_given(level: int) -> str:
    """To the user whose rank has brought a CyTube level."""
    return f"⭐ Your rank brings you CyTube level {level} in this channel."
