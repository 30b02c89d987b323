"""Templates with ``{name}`` placeholders.

A template is read once, in one pass: values are inserted last and are never looked at
again, so a title holding ``{x}`` or ``%`` stays as it is. ``{{`` and ``}}`` stand for
single braces. Positions, attributes, indexes, conversions and format specs are refused.

Numbers, amounts, durations and times as replies show them.

Amounts are whole Z with thousands separators; times are shown to
the minute in a given zone.
"""

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, tzinfo
from fractions import Fraction
from functools import lru_cache
from typing import Self

__all__ = (
    "ByPm",
    "TemplateError",
    "bar",
    "check",
    "duration",
    "exact",
    "factor",
    "hour_of",
    "minute_of",
    "money",
    "on_page",
    "ordinal",
    "percent",
    "plural",
    "render",
    "render_tolerant",
    "signed_money",
    "thousands",
    "uptime",
    "variables",
)


class ByPm(str):
    """A text with words for who reads it as a PM: ``how`` tells what to send back.

    A page has buttons and fields for that, and shows ``for_page`` in its place (`on_page`).
    """

    __slots__ = ("shown",)
    shown: str

    def __new__(cls, before: str, how: str, after: str = "", *, for_page: str = "") -> Self:
        """``before``, ``how`` and ``after`` in a row are the PM."""
        text = super().__new__(cls, f"{before}{how}{after}")
        text.shown = f"{before}{for_page}{after}"
        return text


def on_page(text: str) -> str:
    """The text as a page shows it."""
    return text.shown if isinstance(text, ByPm) else text


def thousands(number: int) -> str:
    """``1250`` is ``1,250``."""
    return f"{number:,}"


def money(amount_z: int, symbol: str) -> str:
    """``1,250 Z``."""
    return f"{amount_z:,} {symbol}"


def signed_money(amount_z: int, symbol: str) -> str:
    """``+50 Z``, ``-50 Z``."""
    return f"{amount_z:+,} {symbol}"


def plural(count: int, singular: str, several: str | None = None) -> str:
    """``1 day``, ``2 days``, ``1,250 days``."""
    word = singular if count == 1 else several or f"{singular}s"
    return f"{count:,} {word}"


def ordinal(number: int) -> str:
    """``1st``, ``2nd``, ``3rd``, ``11th``."""
    if number % 100 in {11, 12, 13}:
        return f"{number:,}th"
    return f"{number:,}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def percent(part: int, whole: int) -> str:
    """A share with one decimal, cut and not rounded so that only the whole is ``100.0%``."""
    assert whole > 0, whole
    tenths = part * 1000 // whole
    return f"{tenths // 10:,}.{tenths % 10}%"


def factor(multiplier: float | Fraction) -> str:
    """``2x``, ``1.5x``; at most two decimals."""
    return f"{float(multiplier):.2f}".rstrip("0").rstrip(".") + "x"


def duration(seconds: float) -> str:
    """``1d 2h 3m 4s`` without empty units; parts of a second are dropped, none is ``0s``."""
    rest = max(0, int(seconds))
    shown: list[str] = []
    for name, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            shown.append(f"{count}{name}")
    return " ".join(shown) or "0s"


def uptime(seconds: float) -> str:
    """``26h 0m 3s``: hours, minutes and seconds, always all three."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    return f"{minutes // 60:,}h {minutes % 60}m {rest}s"


def minute_of(at_ms: int, zone: tzinfo = UTC) -> str:
    """``2026-11-20 10:39`` in ``zone``."""
    return f"{_local(at_ms, zone):%Y-%m-%d %H:%M}"


def hour_of(at_ms: int, zone: tzinfo = UTC) -> str:
    """The hour of an instant as ``2026-11-20 10h``, told apart where the clocks go back."""
    return f"{_local(at_ms, zone):%Y-%m-%d %Hh%z}"


def _local(at_ms: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(at_ms // 1000, zone)


def bar(part: int, whole: int, width: int) -> str:
    """How far ``part`` is on the way to ``whole``; full only when it is there."""
    full = width if part >= whole else part * width // whole
    return "█" * full + "░" * (width - full)


def exact(multiplier: float) -> Fraction:
    """The decimal fraction that a config file or a person wrote."""
    return Fraction(str(multiplier))


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
