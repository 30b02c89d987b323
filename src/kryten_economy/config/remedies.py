"""What is done with a value that the old service took and that can't be used as it stands.

A remedy is declared beside the field or the section it belongs to, and the checks stay the
only place that knows what is right: where a check fails, the nearest remedy on the way up
from the faulty value says how the file is read instead. Where no remedy is declared the
file is refused. A remedy never pays more than the file asks for: entries are skipped,
features are off, numbers go to the nearest allowed one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from pydantic_core import ErrorDetails

from kryten_economy.config.document import Document, KeyPath
from kryten_economy.config.problems import shown

__all__ = (
    "CLAMP",
    "DEFAULT",
    "DEFAULT_IF_EMPTY",
    "DROPPED",
    "FIRST_FROM_ZERO",
    "FLOOR",
    "OFF",
    "SKIP",
    "Edit",
    "Fault",
    "Mend",
    "Reading",
    "Remedy",
    "nearest",
    "off_by",
    "read_as",
)


class _Dropped:
    """The mark of a value that is taken out of the document."""


DROPPED: Final = _Dropped()
Edit: TypeAlias = tuple[KeyPath, object]


@dataclass(frozen=True, slots=True)
class Mend:
    """Edits that let the document be read, and what they do in words for the operator."""

    edits: tuple[Edit, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a check itself offers instead of the faulty value: edits below the value checked."""

    edits: Mapping[KeyPath, object]
    words: str


@dataclass(frozen=True, slots=True)
class Fault:
    """One failed check: the document, the path of the faulty value and pydantic's details."""

    document: Document
    path: KeyPath
    detail: ErrorDetails


Plan: TypeAlias = Callable[[Fault, KeyPath], Mend | None]


@dataclass(frozen=True, slots=True)
class Remedy:
    """Plans a mend for a fault at or below the path it is declared at; None if it can't."""

    plan: Plan


def nearest(value: object) -> Reading:
    """The reading of a check that knows the nearest allowed value."""
    return Reading({(): value}, f"it is read as {shown('', value)}")


def _skip(fault: Fault, at: KeyPath) -> Mend | None:
    """The entry of the list or map that holds the fault is left out."""
    if len(fault.path) <= len(at):
        return None
    entry = fault.path[: len(at) + 1]
    return Mend(((entry, DROPPED),), "this entry is skipped")


def _default(fault: Fault, at: KeyPath) -> Mend | None:
    if not fault.document.has(at):
        return None
    return Mend(((at, DROPPED),), "the default is used")


def _to_limit(*limits: str) -> Plan:
    def plan(fault: Fault, at: KeyPath) -> Mend | None:
        context = fault.detail.get("ctx", {})
        for limit in limits:
            if limit in context and fault.path == at:
                return Mend(((at, context[limit]),), f"it is read as {shown('', context[limit])}")
        return None

    return plan


def off_by(key: str, value: object) -> Remedy:
    """The section is switched off with this key; its other values are the defaults."""

    def plan(fault: Fault, at: KeyPath) -> Mend | None:
        if fault.document.value(at) == {key: value}:
            return None
        name = fault.document.place(at).key_path
        return Mend(((at, {key: value}),), f"{name} is off")

    return Remedy(plan)


def read_as(make: Callable[[Mapping[object, object]], object]) -> Remedy:
    """The value is what ``make`` says, which sees the other values of the same section."""

    def plan(fault: Fault, at: KeyPath) -> Mend | None:
        beside = fault.document.value(at[:-1])
        value = make(beside if isinstance(beside, dict) else {})
        if value is None or value == fault.document.value(at):
            return None
        return Mend(((at, value),), f"it is read as {shown('', value)}")

    return Remedy(plan)


def _default_if_empty(fault: Fault, at: KeyPath) -> Mend | None:
    return _default(fault, at) if fault.path == at and not fault.document.value(at) else None


def _first_from_zero(fault: Fault, at: KeyPath) -> Mend | None:
    """The first entry of the list may leave its threshold out: it is where all begin."""
    is_left_out = fault.document.value(at) is None and at[-2] == 0
    return Mend(((at, 0),), "it is read as 0") if is_left_out else None


SKIP: Final = Remedy(_skip)
DEFAULT: Final = Remedy(_default)
# Only what is too low is raised: a number too large for the books can't be kept by them.
DEFAULT_IF_EMPTY: Final = Remedy(_default_if_empty)
FIRST_FROM_ZERO: Final = Remedy(_first_from_zero)
FLOOR: Final = Remedy(_to_limit("ge"))
CLAMP: Final = Remedy(_to_limit("ge", "le", "nearest"))
OFF: Final = off_by("enabled", False)
