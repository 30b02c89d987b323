"""The base of every settings section, and the value types sections share.

Promises: sections are immutable, a null section or container means its defaults,
numeric strings are read as numbers, and a truth value is never
taken for a number. Unknown keys are ignored here; the loader warns about them.

What is done with a value that the old service took and that can't be used as it stands.

A remedy is declared beside the field or the section it belongs to, and the checks stay the
only place that knows what is right: where a check fails, the nearest remedy on the way up
from the faulty value says how the file is read instead. Where no remedy is declared the
file is refused. A remedy never pays more than the file asks for: entries are skipped,
features are off, numbers go to the nearest allowed one.

Types for configured message templates.

A template type knows its variables. A broken template and an unknown or formatted variable
are found when the file is loaded and read as plain text with known variables, so nothing
can fail when a message is due.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from types import MappingProxyType
from typing import Annotated, ClassVar, Final, Self, TypeAlias, TypeVar, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, ValidationInfo
from pydantic.functional_validators import field_validator, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from kryten_economy.config.document import Document, KeyPath
from kryten_economy.config.problems import shown
from kryten_economy.text.templates import TemplateError, variables

__all__ = (
    "AS_DICT",
    "CLAMP",
    "COMMON_VARIABLES",
    "COUNT_MAX",
    "DEFAULT",
    "DEFAULT_IF_EMPTY",
    "DROPPED",
    "FIRST_FROM_ZERO",
    "FLOOR",
    "OFF",
    "READ_ONLY",
    "SKIP",
    "Z_MAX",
    "Amount",
    "Count",
    "Edit",
    "Factor",
    "Fault",
    "Hour",
    "Label",
    "Mend",
    "Percent",
    "Port",
    "PositiveCount",
    "PositiveFactor",
    "Price",
    "Reading",
    "Remedy",
    "Section",
    "Share",
    "at_least",
    "nearest",
    "off_by",
    "read_as",
    "refuse",
    "template",
    "unique",
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


# A sum of a million such amounts still fits the 64-bit integers of the books.
Z_MAX = 10**12
# A thousand million minutes are 1,900 years: later instants would overflow a datetime.
COUNT_MAX = 10**9

T = TypeVar("T")
N = TypeVar("N", int, float)


def refuse(
    allowed: str, *at: str | int, reading: Reading | None = None, **more: object
) -> PydanticCustomError:
    """The error of a check: what is allowed, and the key path below the value checked.

    ``reading`` is how the value is read instead; ``nearest`` the value that `CLAMP` takes;
    ``cause`` the path of another value that makes this one wrong; ``unreadable`` a value of
    another kind, for which there is no remedy.
    """
    context = {"allowed": allowed, "at": at, "reading": reading, **more}
    return PydanticCustomError("check", "{allowed}", context)


def at_least(other: str) -> AfterValidator:
    """The value may not be below that of the earlier key ``other`` of the same section."""

    def check(value: N, info: ValidationInfo) -> N:
        floor = info.data.get(other)
        if floor is not None and value < floor:
            raise refuse(f"must be >= {other} ({floor})", nearest=floor)
        return value

    return AfterValidator(check)


def unique(noun: str, key: Callable[[T], str], *, rename: bool = False) -> AfterValidator:
    """No two entries of a list may have the same ``key``, compared without regard to case.

    With ``rename`` the file is read with a number behind the later ``name``.
    """

    def check(entries: tuple[T, ...]) -> tuple[T, ...]:
        seen: set[str] = set()
        for index, entry in enumerate(entries):
            name = key(entry)
            if name.casefold() in seen:
                allowed = f"every {noun} must be unique, and {name!r} occurs twice"
                taken = {key(other).casefold() for other in entries}
                reading = _numbered(index, name, taken) if rename else None
                raise refuse(allowed, index, reading=reading)
            seen.add(name.casefold())
        return entries

    return AfterValidator(check)


def _numbered(index: int, name: str, taken: Collection[str]) -> Reading:
    numbered = (f"{name} ({number})" for number in count(2))
    free = next(each for each in numbered if each.casefold() not in taken)
    return Reading({(index, "name"): free}, f"this one is called {free!r}")


def _frozen(entries: Mapping[int, int]) -> Mapping[int, int]:
    return MappingProxyType(dict(sorted(entries.items())))


def _not_blank(text: str) -> str:
    if not text.strip():
        raise refuse("must not be blank")
    return text.strip()


Amount = Annotated[int, Field(ge=0, le=Z_MAX), FLOOR]
# What people pay: read as 0 it would be a present, so a wrong price has no remedy of its own.
Price = Annotated[int, Field(ge=0, le=Z_MAX)]
Count = Annotated[int, Field(ge=0, le=COUNT_MAX), FLOOR]
PositiveCount = Annotated[int, Field(ge=1, le=COUNT_MAX), FLOOR]
Hour = Annotated[int, Field(ge=0, le=23)]
Port = Annotated[int, Field(ge=1, le=65535)]
Share = Annotated[float, Field(ge=0, le=1)]
Percent = Annotated[float, Field(ge=0, le=100)]
Factor = Annotated[float, Field(ge=0, le=COUNT_MAX)]
PositiveFactor = Annotated[float, Field(gt=0, le=COUNT_MAX)]
Label = Annotated[str, AfterValidator(_not_blank)]
# To be put behind Annotated[Mapping[...]]: the map is sorted by key and can't be changed.
READ_ONLY = AfterValidator(_frozen)
AS_DICT = PlainSerializer(dict)


def _kinds(annotation: object) -> Iterable[object]:
    """The alternatives of an annotation: ``int | None`` is int and None."""
    return get_args(annotation) if type(None) in get_args(annotation) else (annotation,)


class Section(BaseModel):
    """One mapping of the configuration file."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", validate_default=True, allow_inf_nan=False
    )

    # What becomes of the whole section if a value in it is wrong and has no nearer remedy.
    if_broken: ClassVar[Remedy | None] = None

    # Plain values for which null means the default, as for sections.
    null_keys: ClassVar[frozenset[str]] = frozenset()

    # Keys that old files may hold and that mean nothing any more: no warning, no effect.
    ignored_keys: ClassVar[frozenset[str]] = frozenset()

    def __deepcopy__(self, memo: dict[int, object] | None = None) -> Self:
        """Itself: nothing in it can change, and read-only maps can't be copied deeply."""
        return self

    @model_validator(mode="before")
    @classmethod
    def _null_means_default(cls, data: object) -> object:
        if data is None:
            return {}
        if not isinstance(data, dict):
            return data
        # A section that there need not be is there once it is named.
        named: dict[str, object] = {
            key: {} for key, value in data.items() if value is None and cls._may_lack(key)
        }
        return {
            key: value for key, value in data.items() if value is not None or cls._scalar(key)
        } | named

    @classmethod
    def _may_lack(cls, key: str) -> bool:
        field = cls.model_fields.get(key)
        kinds = () if field is None else get_args(field.annotation)
        return type(None) in kinds and any(
            isinstance(each, type) and issubclass(each, Section) for each in kinds
        )

    @classmethod
    def _scalar(cls, key: str) -> bool:
        """Whether null is a value of its own for the key, to be judged like any other."""
        if key in cls.null_keys:
            return False
        field = cls.model_fields.get(key)
        return field is None or get_origin(field.annotation) not in {tuple, Mapping}

    @field_validator("*", mode="before")
    @classmethod
    def _truth_is_no_number(cls, value: object, info: ValidationInfo) -> object:
        assert info.field_name is not None
        kinds = _kinds(cls.model_fields[info.field_name].annotation)
        if isinstance(value, bool) and (int in kinds or float in kinds):
            raise refuse("must be a number, not true or false", unreadable=True)
        return value


_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
COMMON_VARIABLES = frozenset({"currency", "currency_plural", "symbol"})


def template(*names: str) -> AfterValidator:
    """Text that may use ``names`` and the three currency words as ``{name}``."""
    known = COMMON_VARIABLES.union(names)

    def check(text: str) -> str:
        try:
            unknown = sorted(variables(text) - known)
        except TemplateError as error:
            raise refuse(f"must be a template: {error}", reading=_plain(text, known)) from error
        if unknown:
            asked = ", ".join(f"{{{name}}}" for name in unknown)
            listed = ", ".join(f"{{{name}}}" for name in sorted(known))
            raise refuse(
                f"unknown variable {asked}; known are {listed}", reading=_plain(text, known)
            )
        return text

    return AfterValidator(check)


def _plain(text: str, known: Collection[str]) -> Reading:
    """The text with plain known variables only, and its lone braces doubled."""

    def plain(match: re.Match[str]) -> str:
        token = match.group()
        if token in {"{{", "}}"}:
            return token
        if token in {"{", "}"}:
            return token * 2
        name = _NAME.match(match.group(1))
        return f"{{{name[0]}}}" if name is not None and name[0] in known else ""

    read = _TOKEN.sub(plain, text)
    return Reading(
        {(): read}, f"what is unknown is left empty, and it is read as {shown('', read)}"
    )
