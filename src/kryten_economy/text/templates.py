"""Templates with ``{name}`` placeholders.

A template is read once, in one pass: values are inserted last and are never looked at
again, so a title holding ``{x}`` or ``%`` stays as it is. ``{{`` and ``}}`` stand for
single braces. Positions, attributes, indexes, conversions and format specs are refused.
"""

import re
from collections.abc import Collection, Mapping
from functools import lru_cache

__all__ = ("TemplateError", "check", "render", "render_tolerant", "variables")


_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class TemplateError(ValueError):
    """The template is broken or names an unknown variable; the message says which and where."""


def variables(template: str) -> frozenset[str]:
    """The names a template asks for; TemplateError if the template is broken."""
    return frozenset(name for _, name in _parts(template) if name is not None)


def check(template: str, allowed: Collection[str]) -> None:
    """Accept a template or raise TemplateError: it is broken or asks for a name not allowed."""
    unknown = sorted(variables(template).difference(allowed))
    if unknown:
        raise _unknown(unknown, allowed)


def render(template: str, values: Mapping[str, object]) -> str:
    """The template with its values inserted; TemplateError for a broken one or a missing value."""
    out: list[str] = []
    for literal, name in _parts(template):
        out.append(literal)
        if name is None:
            continue
        if name not in values:
            raise _unknown([name], values)
        out.append(str(values[name]))
    return "".join(out)


def render_tolerant(
    template: str, values: Mapping[str, object], fallback: str | None = None
) -> str | None:
    """Like `render`, but an unknown variable is empty and a broken template is ``fallback``."""
    try:
        parts = _parts(template)
    except TemplateError:
        return fallback
    return "".join(
        literal + ("" if name is None else str(values.get(name, ""))) for literal, name in parts
    )


@lru_cache(maxsize=512)
def _parts(template: str) -> tuple[tuple[str, str | None], ...]:
    """Pairs of a literal text and the variable after it (None after the last one)."""
    parts: list[tuple[str, str | None]] = []
    literal: list[str] = []
    end = 0
    for match in _TOKEN.finditer(template):
        literal.append(template[end : match.start()])
        end = match.end()
        token = match.group()
        if token in {"{{", "}}"}:
            literal.append(token[0])
        elif token in {"{", "}"}:
            raise TemplateError(
                f"lone {token!r} at position {match.start() + 1}; write {token * 2!r} for a brace"
            )
        else:
            parts.append(("".join(literal), _name(match.group(1), match.start() + 1)))
            literal.clear()
    literal.append(template[end:])
    parts.append(("".join(literal), None))
    return tuple(parts)


def _name(field: str, position: int) -> str:
    if _NAME.fullmatch(field):
        return field
    raise TemplateError(
        f"{{{field}}} at position {position} is not a variable; only plain names like {{user}}"
        " are allowed (no positions, attributes, indexes or formats)"
    )


def _unknown(names: Collection[str], allowed: Collection[str]) -> TemplateError:
    asked = ", ".join(f"{{{name}}}" for name in names)
    known = ", ".join(f"{{{name}}}" for name in sorted(allowed)) or "none"
    return TemplateError(f"unknown variable {asked}; known here: {known}")


def rendered_or(template: str, built_in: str, values: Mapping[str, object]) -> str:
    text = render_tolerant(template, values) or render_tolerant(built_in, values)
    assert text is not None
    return text
