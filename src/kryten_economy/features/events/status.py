"""The reply to `status`: what goes on here now. Nothing of what is hidden (P-EARN-15)."""

from datetime import tzinfo

from kryten_economy.features.events.rules import Combined
from kryten_economy.features.queue.rules import Break
from kryten_economy.text.clean import user_text
from kryten_economy.text.lengths import clip, units
from kryten_economy.text.numbers import duration, factor, minute_of, plural

__all__ = ("queue_breaks", "status")


_TITLE_UNITS_MAX = 60


_TITLE_UNITS_MIN = 8


_NAME_UNITS_MAX = 16


_NAMED_MAX = 2


_SOON_S = 3600


def status(
    present: int,
    title: str | None,
    combined: Combined,
    rain_minutes: int | None,
    breaks: str,
    max_units: int = 240,
) -> str:
    """One PM: who is here, what plays, what multiplies, rain, breaks of the queue.

    ``title`` None: nothing known to play; ``rain_minutes`` None: rain is off; ``breaks`` is ""
    where there is no queue. The title gets the room that the others leave.
    """
    head = f"📊 {plural(present, 'user')} here"
    lines = [f"{_earning(combined)} More: 'events'"]
    if rain_minutes is not None:
        lines.append(f"☔ Rain about every {plural(rain_minutes, 'minute')}")
    if breaks:
        lines.append(breaks)
    rest = "\n".join(["", *lines])
    return f"{head}{_playing(title, max_units - units(head) - units(rest))}{rest}"


def _playing(title: str | None, room: int) -> str:
    mark = " | ▶ "
    room = min(room - units(mark), _TITLE_UNITS_MAX)
    if title is None or room < _TITLE_UNITS_MIN:
        return ""
    return mark + clip(user_text(title), room)


def queue_breaks(running: Break | None, following: Break | None, at_ms: int, zone: tzinfo) -> str:
    """The break that runs, with its end; else the next one, by the minute if it is near."""
    if running is not None:
        left = duration((running.ends_at_ms - at_ms + 999) // 1000)
        return f"⛔ No queueing: {_name(running.name)}, {left} left"
    if following is None:
        return "🎬 No queue breaks are planned"
    wait_s = (following.starts_at_ms - at_ms + 999) // 1000
    if wait_s <= _SOON_S:
        return f"🎬 No queueing in {duration(wait_s)}: {_name(following.name)}"
    begins = minute_of(following.starts_at_ms, zone)
    return f"🎬 Next queue break: {_name(following.name)}, {begins}"


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
