"""The base of every settings section, and the value types sections share.

Promises: sections are immutable, a null section or container means its defaults,
numeric strings are read as numbers, and a truth value is never
taken for a number. Unknown keys are ignored here; the loader warns about them.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import count
from types import MappingProxyType
from typing import Annotated, ClassVar, Self, TypeVar, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, ValidationInfo
from pydantic.functional_validators import field_validator, model_validator
from pydantic_core import PydanticCustomError

from kryten_economy.config.remedies import FLOOR, Reading, Remedy

__all__ = (
    "AS_DICT",
    "COUNT_MAX",
    "READ_ONLY",
    "Z_MAX",
    "Amount",
    "Count",
    "Factor",
    "Hour",
    "Label",
    "Percent",
    "Port",
    "PositiveCount",
    "PositiveFactor",
    "Price",
    "Section",
    "Share",
    "at_least",
    "refuse",
    "unique",
)

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
        return {key: value for key, value in data.items() if value is not None or cls._scalar(key)}

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
