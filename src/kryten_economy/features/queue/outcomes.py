"""What the buyer and the channel are told of what became of a purchase (`spending.md` 4.7)."""

from collections.abc import Mapping
from typing import Final

from kryten_economy.text.markup import clip, name_shown, user_text
from kryten_economy.text.templates import money, render_tolerant, thousands

__all__ = (
    "BOT_AWAY",
    "NO_ANSWER",
    "TOO_QUICK",
    "cannot_jump",
    "credit_line",
    "is_too_quick",
    "no_right",
    "queue_line",
    "queued",
    "refunded",
    "why_refused",
)

_TITLE_UNITS_MAX = 100
_REASON_UNITS_MAX = 120
_QUEUE_LINE = '🎬 {user} just queued "{title}"! ({cost} {currency})'
_CREDIT_LINE = '🎬 Now playing: "{title}" — hat tip to {user} for the queue! 🎩'

BOT_AWAY: Final = "I'm not in the channel at the moment"
NO_ANSWER: Final = "the playlist did not take it in time"
TOO_QUICK: Final = "too much is being queued at the moment"
"""Reasons, as they stand in the middle of a sentence."""


def no_right(rank: float) -> str:
    """The bot is not allowed to add anything."""
    return f"I need channel rank {rank:g} to add to this playlist, which an operator has to give me"


def is_too_quick(text: str) -> bool:
    """Whether CyTube would take the same item a little later."""
    return "too quickly" in text.lower()


def why_refused(text: str) -> str:
    """CyTube's refusal as a reason."""
    told = text.lower()
    if "already on the playlist" in told:
        return "it is already on the playlist"
    if is_too_quick(text):
        return TOO_QUICK
    if "full" in told:
        return "the playlist is full"
    if "404" in told:
        return "the film is not where the catalogue says"
    said = clip(user_text(text), _REASON_UNITS_MAX)
    return f"the playlist refused it: {said}" if said else "the playlist refused it"


_PLACES: Final[Mapping[str, str]] = {
    "queue": "is on the playlist",
    "playnext": "plays next",
    "forcenow": "plays now",
}


def queued(action: str, title: str, price_z: int, saved_z: int, balance_z: int, symbol: str) -> str:
    """To the buyer: what they have, what it cost, and what is left."""
    saved = f" (your rank saved you {money(saved_z, symbol)})" if saved_z else ""
    return (
        f'🎬 "{_shown(title)}" {_PLACES[action]}. You paid {money(price_z, symbol)}{saved}.'
        f" Balance: {money(balance_z, symbol)}."
    )


def refunded(title: str, reason: str, refund_z: int, balance_z: int, symbol: str) -> str:
    """To the buyer: it can't be played, and everything is given back."""
    return (
        f'"{_shown(title)}" could not be queued: {reason}. You got your {money(refund_z, symbol)}'
        f" back. Balance: {money(balance_z, symbol)}."
    )


def cannot_jump(title: str) -> str:
    """To the buyer: forced in, but what plays now goes on."""
    return f'The playlist did not jump to "{_shown(title)}": it plays next instead.'


def queue_line(
    template: str, currency: Mapping[str, object], *, user: str, title: str, price_z: int
) -> str:
    """To the channel: somebody has queued something."""
    shown = {"user": name_shown(user), "title": _shown(title), "cost": thousands(price_z)}
    return _rendered(template, _QUEUE_LINE, {**currency, **shown})


def credit_line(template: str, currency: Mapping[str, object], *, user: str, title: str) -> str:
    """To the channel: whom it has to thank for what begins."""
    shown = {"user": name_shown(user), "title": _shown(title)}
    return _rendered(template, _CREDIT_LINE, {**currency, **shown})


def _rendered(template: str, fallback: str, values: Mapping[str, object]) -> str:
    return render_tolerant(template, values) or render_tolerant(fallback, values) or ""


def _shown(title: str) -> str:
    return clip(user_text(title), _TITLE_UNITS_MAX)
