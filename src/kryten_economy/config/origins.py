"""Where each setting comes from, and what may be told of it.

A value that comes from the environment is told by the name of its variable wherever it is kept.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from kryten_economy.config.document import Document, joined
from kryten_economy.config.problems import HIDDEN, is_secret, masked
from kryten_economy.config.section import Section

__all__ = (
    "Explained",
    "Origin",
    "Source",
    "explain",
    "is_hidden",
    "kept_values",
    "references_in",
    "source_of",
)

_REFERENCE = re.compile(r"\$\{([^}:]+)(?::-[^}]*)?\}")
_STEP = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)|\[([0-9]{1,6})\]")
_NOTHING: Final = object()


class Origin(NamedTuple):
    """Where a value is written; ``variables`` are those of the environment it is made of."""

    file: str
    line: int | None
    variables: tuple[str, ...]
    is_override: bool


@dataclass(frozen=True, slots=True)
class Source:
    """The text of the file, secrets and all, and where each written key path stands."""

    text: str = field(default="", repr=False)
    origins: Mapping[str, Origin] = field(default_factory=dict)

    def origin(self, key_path: str) -> Origin | None:
        """Where the value of a key path is written; None for a default."""
        return self.origins.get(key_path)

    def variables(self, key_path: str) -> tuple[str, ...]:
        """The variables in a value, or in anything below it."""
        below = (f"{key_path}.", f"{key_path}[")
        found = [
            name
            for path, origin in self.origins.items()
            if path == key_path or path.startswith(below)
            for name in origin.variables
        ]
        return tuple(dict.fromkeys(found))


def references_in(document: Document) -> dict[str, tuple[str, ...]]:
    """The variables of each value that has any, by its key path, before they are replaced."""
    found = {}
    for path, place in document.places.items():
        value = document.value(path)
        if isinstance(value, str) and (names := _REFERENCE.findall(value)):
            found[place.key_path] = tuple(names)
    return found


def source_of(document: Document, text: str, references: Mapping[str, tuple[str, ...]]) -> Source:
    """What is known of a document that everything has been read into."""
    origins = {}
    for path, place in document.places.items():
        is_override = place.file != document.file
        names = (place.file,) if is_override else references.get(place.key_path, ())
        origins[joined("", path)] = Origin(place.file, place.line, names, is_override)
    return Source(text, origins)


def kept_values(settings: Section, source: Source) -> dict[str, object]:
    """Every setting as it may be kept, by key path."""
    with_variables = {path for path, origin in source.origins.items() if origin.variables}
    return {
        path: _from(source.variables(path)) if _is_touched(path, with_variables) else value
        for path, value in _leaves("", settings)
    }


def _is_touched(path: str, with_variables: set[str]) -> bool:
    return any(each == path or each.startswith((f"{path}.", f"{path}[")) for each in with_variables)


def is_hidden(kept: object) -> bool:
    """Whether a kept value says nothing of the value itself."""
    return isinstance(kept, str) and (kept == HIDDEN or kept.startswith("(from "))


def _from(variables: tuple[str, ...]) -> str:
    return f"(from {', '.join(variables)})"


def _leaves(above: str, section: Section) -> Iterator[tuple[str, object]]:
    for key in type(section).model_fields:
        value, path = getattr(section, key), f"{above}{key}"
        if isinstance(value, Section):
            yield from _leaves(f"{path}.", value)
        elif isinstance(value, tuple) and any(isinstance(each, Section) for each in value):
            for index, each in enumerate(value):
                yield from _leaves(f"{path}[{index}].", each)
        else:
            yield path, plain(key, value)


def plain(key: str, value: object) -> object:
    """A value as JSON can hold it, secrets hidden."""
    if is_secret(key) and value not in (None, ""):
        return HIDDEN
    match value:
        case Section():
            return {name: plain(name, getattr(value, name)) for name in type(value).model_fields}
        case Mapping():
            return {str(name): plain(str(name), each) for name, each in value.items()}
        case list() | tuple() | frozenset() | set():
            return [plain(key, each) for each in value]
        case None | bool() | int() | float() | str():
            return masked(key, value)
        case _:
            return str(value)


@dataclass(frozen=True, slots=True)
class Explained:
    """A setting: what holds, what would hold without it, and where it is written.

    ``keys`` are those of a section, which has no value of its own.
    """

    key_path: str
    value: object
    default: object
    is_secret: bool
    is_set: bool
    origin: Origin | None
    variables: tuple[str, ...]
    keys: tuple[str, ...] = ()


def explain(settings: Section, source: Source, key_path: str) -> Explained | None:
    """What is to be said of a key path, such as ``rain.max_amount``; None if there is none."""
    value: object = settings
    default: object = _defaults(type(settings))
    key = ""
    for name, index in _STEP.findall(key_path):
        if index:
            if not isinstance(value, tuple) or int(index) >= len(value):
                return None
            value, default = value[int(index)], _NOTHING
            if isinstance(value, Section):
                default = _defaults(type(value))
            continue
        if not isinstance(value, Section) or name not in type(value).model_fields:
            return None
        default = (
            default.get(name, _NOTHING) if isinstance(default, dict) else _below(default, name)
        )
        value, key = getattr(value, name), name
    if not key:
        return None
    hidden = is_secret(key)
    return Explained(
        key_path,
        plain(key, value),
        None if default is _NOTHING else plain(key, default),
        hidden,
        value not in (None, "", ()),
        source.origin(key_path),
        source.variables(key_path),
        tuple(type(value).model_fields) if isinstance(value, Section) else (),
    )


def _defaults(model: type[Section]) -> dict[str, object]:
    return {
        name: _NOTHING if field.is_required() else field.get_default(call_default_factory=True)
        for name, field in model.model_fields.items()
    }


def _below(default: object, name: str) -> object:
    return getattr(default, name, _NOTHING) if isinstance(default, Section) else _NOTHING
