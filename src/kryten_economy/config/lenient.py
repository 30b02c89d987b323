"""Reading a file as the old service did where that is harmless, with a warning for each finding.

The document is checked, every fault with a remedy is mended in the document and told with
its place, and the document is checked again, until it is good or only faults without a
remedy are left.

Questions about the settings models: which key holds a section, a list or a plain value.

Keys nobody reads: usually typos, so each is named with the nearest key there is.

Shapes of older configuration files, brought into the current one.

Values keep the place where they were written, so an error names the key of the file.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Annotated, Final, NamedTuple, get_args, get_origin

from pydantic import Field, ValidationError
from pydantic.fields import FieldInfo

from kryten_economy.config.document import Document, KeyPath
from kryten_economy.config.problems import Problem
from kryten_economy.config.section import DROPPED, Amount, Fault, Mend, Reading, Remedy, Section
from kryten_economy.config.settings import Settings
from kryten_economy.config.validation import (
    is_echo,
    is_unreadable,
    problems_of,
    written_path,
)

__all__ = (
    "Read",
    "Shape",
    "key_paths",
    "modernise",
    "read_leniently",
    "shape",
    "unknown_keys",
)


class Shape(NamedTuple):
    """What a key holds.

    ``section`` is the model of the value, or of each entry if the value is a list;
    ``container`` is true for lists and maps.
    """

    section: type[Section] | None
    container: bool
    optional: bool


def shape(field: FieldInfo) -> Shape:
    """The shape of one field of a section."""
    annotation = field.annotation
    arguments = get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return Shape(annotation, container=False, optional=False)
    if get_origin(annotation) is tuple:
        entry = arguments[0]
        if get_origin(entry) is Annotated:
            entry = get_args(entry)[0]
        is_section = isinstance(entry, type) and issubclass(entry, Section)
        return Shape(entry if is_section else None, container=True, optional=False)
    if get_origin(annotation) is Mapping:
        return Shape(None, container=True, optional=False)
    section = next(
        (each for each in arguments if isinstance(each, type) and issubclass(each, Section)), None
    )
    return Shape(section, container=False, optional=type(None) in arguments)


def key_paths(model: type[Section], above: str = "") -> Iterator[str]:
    """Every key path of a model and its sections, such as ``rain.max_amount``; no list entries."""
    for name, info in model.model_fields.items():
        held = shape(info)
        yield f"{above}{name}"
        if held.section is not None and not held.container:
            yield from key_paths(held.section, f"{above}{name}.")


def unknown_keys(document: Document) -> list[str]:
    """One warning for each key of the document that no model knows."""
    return [
        _warning(document, path, model) for path, model in _unknown((), document.data, Settings)
    ]


def _unknown(
    path: KeyPath, data: object, model: type[Section]
) -> Iterator[tuple[KeyPath, type[Section]]]:
    if not isinstance(data, dict):
        return
    for key, value in data.items():
        field = model.model_fields.get(key) if isinstance(key, str) else None
        if field is not None:
            held = shape(field)
            if held.section is not None:
                entries = list(enumerate(value)) if held.container and _is_list(value) else []
                for index, entry in entries:
                    yield from _unknown((*path, key, index), entry, held.section)
                if not held.container:
                    yield from _unknown((*path, key), value, held.section)
        elif key not in model.ignored_keys:
            yield (*path, key), model


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _warning(document: Document, path: KeyPath, model: type[Section]) -> str:
    place = document.place(path)
    where = place.file if place.line is None else f"{place.file}:{place.line}"
    above = place.key_path.rpartition(".")[0]
    near = _nearest(str(path[-1]), above, model)
    hint = f" (did you mean {near}?)" if near else ""
    return f"{where}: {place.key_path} is not a known key and is ignored{hint}"


def _nearest(key: str, above: str, model: type[Section]) -> str | None:
    """A very similar key of this section, else the same key elsewhere, else a similar one here."""
    here = {f"{above}.{name}" if above else name: name for name in model.model_fields}
    close = _similar(key, here, 0.8)
    elsewhere = [path for path in key_paths(Settings) if path.rpartition(".")[2] == key]
    return next(iter((*close, *elsewhere, *_similar(key, here, 0.6))), None)


def _similar(key: str, names: dict[str, str], cutoff: float) -> list[str]:
    close = get_close_matches(key.lower(), names.values(), n=1, cutoff=cutoff)
    return [path for path, name in names.items() if name in close]


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


# Each round mends at least one fault; a file that needs more rounds is not worth the time.
_ROUNDS_MAX: Final = 500


@dataclass(slots=True)
class Read:
    """The settings, or what makes the file unusable; and what was read otherwise than written."""

    settings: Settings | None = None
    problems: list[Problem] = field(default_factory=list)
    findings: list[tuple[Problem, str]] = field(default_factory=list)

    @property
    def warnings(self) -> list[str]:
        """The findings in the order of the file: place, key, found, allowed, what is done."""
        in_order = sorted(self.findings, key=lambda finding: finding[0].line or 0)
        return list(dict.fromkeys(f"{problem}; {words}" for problem, words in in_order))


def read_leniently(document: Document) -> Read:
    """Check the document; it is changed where a remedy mends it."""
    read = Read()
    error: ValidationError | None = None
    for _ in range(_ROUNDS_MAX):
        try:
            read.settings = _validated(document)
        except ValidationError as found:
            error = found
            if not _mend(error, document, read):
                break
        else:
            return read
    if error is not None and not read.problems:
        read.problems = list(problems_of(error, document))
    return read


def _validated(document: Document) -> Settings:
    # Only known sections go in: other keys might be taken for arguments of pydantic-settings.
    known = {key: value for key, value in document.data.items() if key in Settings.model_fields}
    return Settings.model_validate(known)


def _mend(error: ValidationError, document: Document, read: Read) -> bool:
    """Mend what has a remedy; whether anything was, for then the rest is looked at again.

    The faults are taken from the last to the first, so that a list that loses an entry
    keeps the positions of those still to come.
    """
    mends: list[Mend] = []
    found: list[tuple[Problem, str]] = []
    for detail in reversed(error.errors(include_url=False)):
        if is_echo(detail):
            continue
        fault = Fault(document, written_path(detail, document), detail)
        mend = _remedied(fault)
        (problem,) = problems_of(error, document, only=detail)
        if mend is not None:
            mends.append(mend)
            found.append((problem, mend.words))
        elif problem not in read.problems:
            # It stays, even if another fault beside it puts the whole section off.
            read.problems.append(problem)
    overwritten: list[KeyPath] = []
    for mend in mends:
        for path, value in mend.edits:
            if not any(path[: len(above)] == above for above in overwritten):
                _edit(document, path, value)
                overwritten.append(path)
    read.findings += reversed(found)
    return bool(mends)


def _edit(document: Document, path: KeyPath, value: object) -> None:
    if value is DROPPED:
        document.remove(path)
    else:
        document.put(path, value, document.place(path))


def _remedied(fault: Fault) -> Mend | None:
    """What the check offers, else what the nearest remedy on the way up to the root plans."""
    offered = fault.detail.get("ctx", {}).get("reading")
    if isinstance(offered, Reading):
        start = tuple(fault.detail["loc"])
        edits = tuple((start + below, value) for below, value in offered.edits.items())
        return Mend(edits, offered.words)
    if is_unreadable(fault.detail):
        return None
    for at, remedy in reversed(list(_declared(fault.path, Settings))):
        mend = remedy.plan(fault, at)
        if mend is not None:
            return mend
    return None


def _declared(path: KeyPath, model: type[Section]) -> Iterator[tuple[KeyPath, Remedy]]:
    """Every remedy between the root and the faulty value, with the path it is declared at."""
    length = 0
    while length < len(path):
        key = path[length]
        found = model.model_fields.get(key) if isinstance(key, str) else None
        if found is None:
            return
        length += 1
        for remedy in found.metadata:
            if isinstance(remedy, Remedy):
                yield path[:length], remedy
        held = shape(found)
        if held.section is None:
            return
        model = held.section
        length += held.container
        if model.if_broken is not None:
            yield path[:length], model.if_broken
