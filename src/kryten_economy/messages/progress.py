"""Texts about ranks and achievements; pure functions of plain values."""

from collections.abc import Mapping, Sequence

from kryten_economy.messages.clean import user_text
from kryten_economy.messages.numbers import money
from kryten_economy.messages.templates import render_tolerant

__all__ = (
    "achieved",
    "achieved_public",
    "level_given",
    "promoted",
    "rank_set_done",
    "rank_ups",
    "rank_was_set",
    "unknown_rank",
)


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
    return (
        f"✅ {user_text(name)} is {rank} now, until the earnings cross a threshold above"
        " today's. 'set_rank @user auto' ends it sooner."
    )


def unknown_rank(tiers: Sequence[str]) -> str:
    """No tier is called that."""
    return "There is no such rank. Ranks: " + ", ".join([*tiers, "auto"]) + "."


def level_given(level: int) -> str:
    """To the user whose rank has brought a CyTube level."""
    return f"⭐ Your rank brings you CyTube level {level} in this channel."


def achieved(description: str, reward_z: int, symbol: str) -> str:
    """To the user who has won an achievement."""
    text = f"🏆 Achievement unlocked: {user_text(description)}"
    return f"{text} (+{money(reward_z, symbol)})" if reward_z else text


def achieved_public(user: str, description: str) -> str:
    """The public line about an achievement."""
    return f"🏆 {user_text(user)} unlocked an achievement: {user_text(description)}"
