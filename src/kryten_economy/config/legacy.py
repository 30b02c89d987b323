"""Shapes of older configuration files, brought into the current one.

Values keep the place where they were written, so an error names the key of the file.
"""

from typing import Annotated, Final

from pydantic import Field, ValidationError

from kryten_economy.config.document import Document, KeyPath
from kryten_economy.config.problems import Problem
from kryten_economy.config.section import Amount, Section
from kryten_economy.config.validation import is_unreadable, problems_of

__all__ = ("modernise",)

_MISPLACED: Final[KeyPath] = ("chat_triggers", "first_after_media_change")
_PLACED: Final[KeyPath] = ("content_triggers", "first_after_media_change")
_NIGHT_WATCH: Final[KeyPath] = ("presence", "night_watch")
_CURRENT: Final = frozenset({"hours", "multiplier"})


_HourOrMidnight = Annotated[int, Field(ge=0, le=24)]


class _OlderNightWatch(Section):
    """Z added per minute from one hour to another, past midnight if it must be."""

    start_hour: _HourOrMidnight = 2
    end_hour: _HourOrMidnight = 6
    bonus_per_minute: Amount = 1

    @property
    def hours(self) -> list[int]:
        """Every hour from start to before end; equal ones are the whole day."""
        length = (self.end_hour - self.start_hour) % 24 or 24
        return [(self.start_hour + step) % 24 for step in range(length)]


def modernise(document: Document) -> tuple[list[Problem], list[str]]:
    """Rewrite older shapes in place; answer what is wrong in them and what is worth a warning."""
    _rename(document, ("metrics", "path"), ("metrics", "metrics_path"))
    _rename(document, _MISPLACED, _PLACED)
    section = document.value(_NIGHT_WATCH)
    older = [key for key in _OlderNightWatch.model_fields if document.has((*_NIGHT_WATCH, key))]
    if not isinstance(section, dict) or not older:
        return [], []
    if _CURRENT.intersection(section):
        return [], [_drop(document, older)]
    return _convert(document, section, older)


def _rename(document: Document, old: KeyPath, new: KeyPath) -> None:
    """Move the older key, unless the current one is given as well: that one wins."""
    if document.has(new):
        document.remove(old)
    elif document.has(old):
        document.move(old, new)


def _drop(document: Document, older: list[str]) -> str:
    place = document.place((*_NIGHT_WATCH, older[0]))
    for key in older:
        document.remove((*_NIGHT_WATCH, key))
    where = place.file if place.line is None else f"{place.file}:{place.line}"
    return (
        f"{where}: presence.night_watch: the older keys {', '.join(older)} are ignored, since"
        " hours or multiplier is given"
    )


def _convert(
    document: Document, section: dict[object, object], older: list[str]
) -> tuple[list[Problem], list[str]]:
    place = document.place((*_NIGHT_WATCH, older[0]))
    try:
        shape = _OlderNightWatch.model_validate(section)
    except ValidationError as error:
        problems = problems_of(error, document, _NIGHT_WATCH)
        for key in older:
            document.remove((*_NIGHT_WATCH, key))
        if any(is_unreadable(detail) for detail in error.errors()):
            return list(problems), []
        document.put((*_NIGHT_WATCH, "enabled"), False, place)
        return [], [f"{problem}; presence.night_watch is off" for problem in problems]
    for key in older:
        document.remove((*_NIGHT_WATCH, key))
    document.put((*_NIGHT_WATCH, "hours"), shape.hours, place)
    document.put((*_NIGHT_WATCH, "multiplier"), 1.0, place)
    document.put((*_NIGHT_WATCH, "bonus_per_minute"), shape.bonus_per_minute, place)
    return [], []
