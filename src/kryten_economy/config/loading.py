"""The one way to settings: find, read, substitute, override, check.

Start, reload by message and reload by request all call `load`, so that they can't differ
(P-CFG-1). Either the whole configuration can be used, with a warning for everything
that is read otherwise than written, or every fault is listed at once.

``${NAME}`` and ``${NAME:-default}`` in values.

An unset variable without default is empty; a set but empty one stays empty. What is
inserted is never read again, neither as YAML nor as another ``${…}``.

Overrides from the environment: ``KRYTEN_ECONOMY__SECTION__KEY`` (`architecture.md` 9).

Names are read without regard to case and win over the file. Plain values are taken as
they are; lists and maps are JSON and replace the file's; a whole section is JSON too and
replaces only the keys it names. ``null`` means none where none is allowed.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final, NamedTuple

from kryten_economy.config.document import Document, KeyPath, Place, read
from kryten_economy.config.lenient import key_paths, modernise, read_leniently, shape, unknown_keys
from kryten_economy.config.notices import setting_warnings
from kryten_economy.config.origins import Source, references_in, source_of
from kryten_economy.config.problems import ConfigError, Problem
from kryten_economy.config.section import Section
from kryten_economy.config.settings import Settings

__all__ = (
    "PREFIX",
    "SEARCH_ORDER",
    "Loaded",
    "apply_overrides",
    "find_config",
    "lay_over",
    "load",
    "substitute",
)

_REFERENCE = re.compile(r"\$\{([^}:]+)(?::-([^}]*))?\}")


def substitute(text: str, environ: Mapping[str, str]) -> str:
    """The text with every reference replaced from ``environ``."""
    return _REFERENCE.sub(lambda match: environ.get(match[1], match[2] or ""), text)


PREFIX = "KRYTEN_ECONOMY__"


class _Target(NamedTuple):
    """The key a variable names, and whether its value is JSON or may be null."""

    path: tuple[str, ...]
    is_section: bool
    is_json: bool
    optional: bool


def apply_overrides(
    document: Document, environ: Mapping[str, str]
) -> tuple[list[Problem], list[str]]:
    """Write every override into the document; answer what is wrong and what is unknown."""
    problems: list[Problem] = []
    unknown: list[str] = []
    found: list[tuple[_Target, str]] = []
    for variable in sorted(environ):
        if variable.upper().startswith(PREFIX):
            target = _target(variable[len(PREFIX) :].lower().split("__"))
            if target is None:
                unknown.append(_warning(variable))
            else:
                found.append((target, variable))
    # A whole section first, so that a variable for one of its keys wins over it.
    for target, variable in sorted(found, key=lambda pair: len(pair[0].path)):
        problem = _apply(document, target, variable, environ[variable])
        if problem is not None:
            problems.append(problem)
    return problems, unknown


def _warning(variable: str) -> str:
    known = [path.upper().replace(".", "__") for path in key_paths(Settings)]
    near = get_close_matches(variable[len(PREFIX) :].upper(), known, n=1, cutoff=0.7)
    hint = f" (did you mean {PREFIX}{near[0]}?)" if near else ""
    return f"{variable}: not a known key, ignored{hint}"


def _target(keys: list[str]) -> _Target | None:
    model: type[Section] | None = Settings
    held = None
    for key in keys:
        field = None if model is None else model.model_fields.get(key)
        if field is None:
            return None
        held = shape(field)
        model = None if held.container else held.section
    assert held is not None, "a split text has at least one part"
    is_section = model is not None
    return _Target(tuple(keys), is_section, is_section or held.container, held.optional)


def _apply(document: Document, target: _Target, variable: str, text: str) -> Problem | None:
    key_path = ".".join(target.path)
    value: object = None if target.optional and text == "null" else text
    if target.is_json:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            # The text is not shown: any part of it may be a secret.
            return Problem(variable, None, key_path, None, "must be JSON")
    if target.is_section and isinstance(value, dict):
        for path, inner in _leaves(target.path, value):
            document.put(path, inner, Place(variable, None, _dotted(path)))
    else:
        document.put(target.path, value, Place(variable, None, key_path))
    return None


def _leaves(path: KeyPath, value: object) -> Iterator[tuple[KeyPath, object]]:
    """What a section's JSON names, down to the plain values, lists and maps."""
    target = _target([str(key) for key in path])
    if isinstance(value, dict) and target is not None and target.is_section:
        for key, inner in value.items():
            yield from _leaves((*path, key), inner)
    else:
        yield path, value


def _dotted(path: KeyPath) -> str:
    return ".".join(map(str, path))


SEARCH_ORDER: Final = (Path("/etc/kryten/kryten-economy/config.yaml"), Path("config.yaml"))


@dataclass(frozen=True, slots=True)
class Loaded:
    """Good settings, and what the operator should be warned about."""

    settings: Settings
    warnings: tuple[str, ...]
    source: Source


def find_config(explicit: Path | None, search_order: Sequence[Path] = SEARCH_ORDER) -> Path:
    """The file to load: the one asked for, else the first of the search order that exists.

    ConfigError if there is none. A file asked for is not looked at here: `load` says what
    is wrong with it.
    """
    if explicit is not None:
        return explicit
    for candidate in search_order:
        if candidate.is_file():
            return candidate
    tried = " or ".join(map(str, search_order))
    raise ConfigError.of(tried, "no configuration file found; name one with --config")


def lay_over(document: Document, changes: Document) -> None:
    """Put what ``changes`` says over the document: key by key, lists and maps as a whole."""
    for key, value in changes.data.items():
        for path, inner in _leaves((key,), value):
            document.put(path, inner, changes.place(path))
            for below, place in changes.places.items():
                if below[: len(path)] == path:
                    document.places[below] = place


def load(path: Path, environ: Mapping[str, str], changes: Path | None = None) -> Loaded:
    """Read and check a configuration; ConfigError lists every fault with its place.

    ``changes`` is a file of some keys alone, which is laid over the other one.
    """
    document = read(path)
    if changes is not None:
        lay_over(document, read(changes))
    references = references_in(document)
    document.change_texts(lambda text: substitute(text, environ))
    problems, unknown = apply_overrides(document, environ)
    halves = [
        f"{place}: half a character (a lone surrogate) is written as '\N{REPLACEMENT CHARACTER}'"
        for place in document.join_surrogates()
    ]
    more_problems, warnings = modernise(document)
    problems += more_problems
    # Before anything is skipped, so that typos in what is skipped are told as well.
    misspelt = unknown_keys(document)
    read_otherwise = read_leniently(document)
    problems += read_otherwise.problems
    settings = read_otherwise.settings
    warnings = [*unknown, *halves, *misspelt, *warnings, *read_otherwise.warnings]
    if problems or settings is None:
        in_order = sorted(problems, key=lambda problem: problem.line or 0)
        raise ConfigError(tuple(in_order), tuple(warnings))
    source = source_of(document, document.text, references)
    return Loaded(settings, (*warnings, *setting_warnings(settings, document)), source)
