"""What is told about queueing: results, prices, questions and when it is closed.

Titles and names are cleaned here.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from kryten_economy.calendar import Calendar
from kryten_economy.features.queue.rules import Action, Blackout
from kryten_economy.text.markup import clip, name_shown, user_text
from kryten_economy.text.templates import ByPm, duration, factor, money, plural

__all__ = (
    "Offer",
    "adding",
    "allowed",
    "bad_id",
    "charge_reason",
    "closed",
    "left_catalogue",
    "no_length",
    "no_playlist",
    "not_charged_in_time",
    "not_now",
    "on_the_web",
    "question",
    "queueing",
    "results",
    "waits_for_operator",
)

_TITLE_UNITS_MAX = 80
_LISTED_UNITS_MAX = 50
_NAME_UNITS_MAX = 24
_WEEK_MS = 6 * 86_400_000
"""Beyond it a weekday alone does not say which one."""
_DOES: dict[Action, str] = {
    "queue": "Queue",
    "playnext": "Play next",
    "forcenow": "Play right now",
}


def on_the_web(url: str) -> str:
    """Media are queued on a page of another service."""
    return f"🎬 Search and queue on the web: {url}" if url else "🎬 Search and queue on the web."


# What there is


class Offer(NamedTuple):
    """A result as it is listed; ``price_z`` None: its length is unknown."""

    title: str
    seconds: int
    price_z: int | None


def results(offers: Sequence[Offer], symbol: str) -> str:
    """What a search has found, with the price for the reader."""
    lines = [_offer(number, offer, symbol) for number, offer in enumerate(offers, 1)]
    return ByPm("🔎 ", "Reply with a number to queue:", "\n".join(["", *lines]), for_page="Found:")


def _offer(number: int, offer: Offer, symbol: str) -> str:
    title = clip(user_text(offer.title), _LISTED_UNITS_MAX)
    if offer.price_z is None:
        return f"{number}. {title} | length unknown, can't be queued"
    return f"{number}. {title} | {duration(offer.seconds)} | {money(offer.price_z, symbol)}"


def no_length(title: str) -> str:
    """Without a length there is no price."""
    return f"{_shown(title)} has no known length, so it has no price and can't be queued."


def left_catalogue(title: str) -> str:
    """Between the question and YES the item went away."""
    return f"{_shown(title)} is no longer in the catalogue. Nothing was charged."


def bad_id() -> str:
    """The command needs an item."""
    return "Say which one: the id stands in its address, or 'search' lists what there is."


# Buying


def question(
    action: Action, title: str, seconds: int, tag: str, symbol: str, *, balance_z: int, for_s: float
) -> str:
    """What it is, what it costs and what to say."""
    return ByPm(
        f"🎬 {_DOES[action]}: {_shown(title)} ({duration(seconds)}) for {tag}?"
        f" You have {money(balance_z, symbol)}.",
        f" Reply YES within {duration(for_s)}.",
        for_page=f" Your answer is awaited for {duration(for_s)}.",
    )


def adding(title: str, price_z: int, symbol: str) -> str:
    """It is paid; what becomes of it is told when it is known."""
    return (
        f"⏳ {money(price_z, symbol)} set aside for {_shown(title)}."
        " I'll tell you as soon as it is on the playlist."
    )


def waits_for_operator(title: str, price_z: int, approval_id: int, symbol: str) -> str:
    """It is paid, and an operator has to allow it."""
    return (
        f"⏳ {money(price_z, symbol)} set aside for {_shown(title)}: request #{approval_id} waits"
        " for an operator. If they say no, or nothing for 24 hours, you get it all back."
    )


def not_now(reason: str) -> str:
    """Nothing could be added; ``reason`` stands in the middle of a sentence."""
    return f"Nothing can be queued right now: {reason}. Nothing was charged."


def no_playlist() -> str:
    """The part of the service that would add it takes nothing."""
    return "I can't reach the playlist at the moment. Nothing was charged; please try again later."


def charge_reason(tier_label: str, tier: str) -> str:
    """What another service has charged for, as the user's history shows it."""
    what = "Played next" if tier == "playnext" else "Queued"
    return f"{what} on the web: {user_text(tier_label)}"


def not_charged_in_time() -> str:
    """The books could not take the payment before the caller stops waiting."""
    return "The payment could not be taken in time. Nothing was charged; please try again."


# Operators


def allowed(name: str, title: str) -> str:
    """To the operator: it is on its way."""
    return f"✅ {_shown(title)} of {name_shown(name)} is on its way; I'll tell them when it plays."


# When not


def closed(blackout: Blackout, calendar: Calendar, now_ms: int) -> str:
    """A window forbids queueing: which one, and since or until when."""
    name, meanwhile = user_text(blackout.name), _meanwhile(blackout)
    ends = _when(calendar, blackout.ends_at_ms)
    if blackout.runs(now_ms):
        return f"🚫 Queueing is closed for {name} until {ends}{meanwhile}."
    starts = _when(calendar, blackout.starts_at_ms)
    return f"🚫 Queueing is closed: {name} starts {starts} and ends {ends}{meanwhile}."


def queueing(
    blackout: Blackout | None, ahead: Blackout | None, calendar: Calendar, now_ms: int
) -> str:
    """Whether one can queue, in a few words; ``ahead`` is the next window."""
    if blackout is not None and blackout.runs(now_ms):
        ends = _when(calendar, blackout.ends_at_ms)
        return f"🎬 Queueing closed: {_name(blackout)} until {ends}"
    if blackout is not None:
        minutes = max(1, -(-(blackout.starts_at_ms - now_ms) // 60_000))
        return f"🎬 Queueing closed: {_name(blackout)} in {plural(minutes, 'minute')}"
    if ahead is None:
        return "🎬 Queueing open, no pauses planned"
    starts = _when(calendar, ahead.starts_at_ms)
    if ahead.starts_at_ms - now_ms > _WEEK_MS:
        starts = f"{calendar.local(ahead.starts_at_ms):%Y-%m-%d} {starts}"
    return f"🎬 Queueing open until {_name(ahead)}, {starts}"


def _name(blackout: Blackout) -> str:
    return clip(user_text(blackout.name), _NAME_UNITS_MAX)


def _meanwhile(blackout: Blackout) -> str:
    if blackout.factor is None:
        return ""
    return f" (meanwhile earnings count {factor(blackout.factor)})"


def _when(calendar: Calendar, at_ms: int) -> str:
    """``Fri 20:00 UTC`` by the channel's clock."""
    local: datetime = calendar.local(at_ms)
    return f"{local:%a %H:%M} {local.tzname()}"


def _shown(title: str) -> str:
    return f'"{clip(user_text(title), _TITLE_UNITS_MAX)}"'
