"""Daily competitions, in words; names are cleaned here."""

from collections.abc import Sequence

from kryten_economy.text.clean import user_text
from kryten_economy.text.numbers import money

__all__ = ("competition_notice", "competition_summary", "prize_of")


def competition_notice(description: str, amount_z: int, symbol: str) -> str:
    """To a winner."""
    return f"🏆 {user_text(description)}: you won {money(amount_z, symbol)}!"


def prize_of(description: str, names: Sequence[str], amount_z: int, symbol: str) -> str:
    """One competition of the summary; ``amount_z`` is the largest of its prizes."""
    shown = ", ".join(user_text(name) for name in names[:5])
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{user_text(description)}: {shown}{more} ({money(amount_z, symbol)})"


def competition_summary(day: str, prizes: Sequence[str]) -> str:
    """The public line about a finished day."""
    return f"🏆 Winners of {day} · " + " · ".join(prizes)
