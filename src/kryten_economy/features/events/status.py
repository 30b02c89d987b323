"""The reply to `status`: what goes on here now. Nothing of what is hidden (P-EARN-15)."""

from kryten_economy.features.events.rules import Combined
from kryten_economy.text.clean import user_text
from kryten_economy.text.lengths import clip, units
from kryten_economy.text.numbers import factor, plural

__all__ = ("status",)


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
) -> str:
    """One PM: who is here, what plays, what multiplies, rain.

    ``title`` None: nothing known to play; ``rain_minutes`` None: rain is off. The title gets
    the room that the others leave.
    """
    head = f"📊 {plural(present, 'user')} here"
    lines = [f"{_earning(combined)} More: 'events'"]
    if rain_minutes is not None:
        lines.append(f"☔ Rain about every {plural(rain_minutes, 'minute')}")
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
