"""Texts about achievements."""

from collections.abc import Sequence
from typing import NamedTuple

from kryten_economy.text.clean import user_text
from kryten_economy.text.numbers import bar, money, plural

__all__ = ("Goal", "achieved", "achieved_public", "achievements")


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


def achieved(description: str, reward_z: int, symbol: str) -> str:
    """To the user who has won an achievement."""
    text = f"🏆 Achievement unlocked: {user_text(description)}"
    return f"{text} (+{money(reward_z, symbol)})" if reward_z else text


def achieved_public(user: str, description: str) -> str:
    """The public line about an achievement."""
    return f"🏆 {user_text(user)} unlocked an achievement: {user_text(description)}"
