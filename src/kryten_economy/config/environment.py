"""Overrides from the environment: ``KRYTEN_ECONOMY__SECTION__KEY`` (`architecture.md` 9).

Names are read without regard to case and win over the file. Plain values are taken as
they are; lists and maps are JSON and replace the file's; a whole section is JSON too and
replaces only the keys it names. ``null`` means none where none is allowed.
"""

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import NamedTuple

from kryten_economy.config.document import Document, KeyPath, Place
from kryten_economy.config.problems import Problem
from kryten_economy.config.schema import key_paths, shape
from kryten_economy.config.section import Section
from kryten_economy.config.settings import Settings

__all__ = ("PREFIX", "apply_overrides")

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
