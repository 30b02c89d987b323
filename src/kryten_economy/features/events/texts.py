"""Events and multipliers, in words; names are cleaned here.

The reply to `status`: what goes on here now. Nothing of what is hidden (P-EARN-15).
"""

from fractions import Fraction

from kryten_economy.features.events.rules import Combined
from kryten_economy.text.markup import clip, units, user_text
from kryten_economy.text.templates import duration, factor, money, plural
from kryten_economy.users import UNNAMED_ADMIN

__all__ = (
    "adhoc_ended",
    "adhoc_started",
    "adhoc_stopped",
    "adhoc_too_long",
    "bonus_notice",
    "event_begun",
    "event_over",
    "events_shown",
    "no_adhoc",
    "opening",
    "started_reply",
    "status",
    "stopped_reply",
)


def opening(label: str, multiplier: Fraction) -> str:
    """Off-peak hours or a holiday begin."""
    return f"⏰ {_capital(user_text(label))}: {factor(multiplier)} earnings from now on!"


def event_begun(name: str, multiplier: Fraction, length_s: float) -> str:
    """A scheduled event begins."""
    return (
        f"🎉 {user_text(name)} has begun: {factor(multiplier)} earnings for {duration(length_s)}!"
    )


def event_over(name: str) -> str:
    """A scheduled event has ended."""
    return f"🏁 {user_text(name)} is over. Thanks for being here!"


def bonus_notice(name: str, amount_z: int, symbol: str) -> str:
    """To somebody who was present when an event began."""
    return f"🎉 You were here when {user_text(name)} began: +{money(amount_z, symbol)}."


def adhoc_started(name: str, multiplier: Fraction, minutes: int, admin: str) -> str:
    """An operator's event begins; without a name, nobody has started it."""
    shown = user_text(name)
    begins = (
        f"{shown} has started" if admin == UNNAMED_ADMIN else f"{user_text(admin)} started {shown}"
    )
    return f"🎉 {begins}: {factor(multiplier)} earnings for {plural(minutes, 'minute')}!"


def adhoc_stopped(name: str, admin: str) -> str:
    """An operator ended it early."""
    if admin == UNNAMED_ADMIN:
        return f"🏁 {user_text(name)} was ended early."
    return f"🏁 {user_text(name)} was ended by {user_text(admin)}."


def adhoc_ended(name: str) -> str:
    """Its time is over."""
    return f"🏁 {user_text(name)} has ended."


def adhoc_too_long(name_max: int, multiplier_max: int, minutes_max: int) -> str:
    """The limits of an operator's event."""
    return (
        f"The multiplier must be above 1 and at most {multiplier_max}, with at most 4 decimals;"
        f" minutes 1 to {minutes_max}; the name 1 to {name_max} characters."
    )


def started_reply(name: str, multiplier: Fraction, minutes: int, replaced: str | None) -> str:
    """To the operator who started an event."""
    instead = f" It replaces {user_text(replaced)}." if replaced else ""
    return f"{user_text(name)} runs: {factor(multiplier)} for {plural(minutes, 'minute')}.{instead}"


def stopped_reply(name: str) -> str:
    """To the operator who ended it."""
    return f"{user_text(name)} has been stopped."


def no_adhoc() -> str:
    """There is nothing to stop."""
    return "No event is running that could be stopped."


def events_shown(combined: Combined, now_ms: int) -> str:
    """The `events` command: nothing of what is hidden, neither by name nor by number."""
    shown = combined.visible
    if not shown:
        return "Nothing special is on: earnings are at the base rate (1x)."
    lines = [
        f"{_capital(user_text(each.label))}: {factor(each.mult)}"
        + (
            ""
            if each.ends_at_ms is None
            else f", {duration((each.ends_at_ms - now_ms + 999) // 1000)} left"
        )
        for each in shown
    ]
    if len(shown) > 1:
        lines.append(f"Together: {factor(combined.visible_product)}")
    return "\n".join(lines)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


_TITLE_UNITS_MAX = 60


_TITLE_UNITS_MIN = 8


_NAME_UNITS_MAX = 16


_NAMED_MAX = 2


def status(
    present: int,
    title: str | None,
    combined: Combined,
    rain_minutes: int | None,
    max_units: int = 240,
    queueing: str | None = None,
) -> str:
    """One PM: who is here, what plays, what multiplies, rain, whether one can queue.

    ``title`` None: nothing known to play; ``rain_minutes`` None: rain is off; ``queueing`` None:
    nothing is queued here. The title gets the room that the others leave.
    """
    head = f"📊 {plural(present, 'user')} here"
    lines = [f"{_earning(combined)} More: 'events'"]
    if rain_minutes is not None:
        lines.append(f"☔ Rain about every {plural(rain_minutes, 'minute')}")
    if queueing is not None:
        lines.append(queueing)
    rest = "\n".join(["", *lines])
    return f"{head}{_playing(title, max_units - units(head) - units(rest))}{rest}"


def _playing(title: str | None, room: int) -> str:
    mark = " | ▶ "
    room = min(room - units(mark), _TITLE_UNITS_MAX)
    if title is None or room < _TITLE_UNITS_MIN:
        return ""
    return mark + clip(user_text(title), room)


def _earning(combined: Combined) -> str:
    shown = combined.visible
    if not shown:
        return "Earnings: base rate (1x)."
    names = [f"{_name(each.label)} {factor(each.mult)}" for each in shown[:_NAMED_MAX]]
    if len(shown) > _NAMED_MAX:
        names.append(f"{len(shown) - _NAMED_MAX} more")
    together = f", {factor(combined.visible_product)} together" if len(shown) > 1 else ""
    return f"Earnings: {', '.join(names)}{together}."


def _name(name: str) -> str:
    return clip(user_text(name), _NAME_UNITS_MAX)
