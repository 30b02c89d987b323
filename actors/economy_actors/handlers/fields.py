"""The body of a request and its fields: JSON from a stranger, read without trusting any of it.

Each field says what it may be, and what to tell when it is something else. Numbers that no field
could take as they are (fractions, exponents, NaN, huge ones) keep their text, so that nothing is
rounded on the way.

A missing field and ``null`` are the same. Whole numbers may come as numeric strings and as
``5.0``; booleans, fractions, exponents and non-numbers are errors (`admin-api.md` 2, Types).
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeGuard, TypeVar, cast

from economy_actors.handlers.answers import Code
from kryten_economy.text.markup import clip, user_text
from kryten_economy.users import name_from_text

__all__ = (
    "Amount",
    "Body",
    "Count",
    "Field",
    "Flag",
    "Invalid",
    "NotJson",
    "NotObject",
    "NumberText",
    "Text",
    "Username",
    "Values",
    "read_body",
    "read_fields",
)

Body = Mapping[str, object]

_DIGITS_MAX = 19


class NumberText(str):
    """A number as it was written."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class NotJson:
    """The body is not UTF-8 JSON."""


@dataclass(frozen=True, slots=True)
class NotObject:
    """The body is JSON, but no object."""


def read_body(body: bytes) -> Body | NotJson | NotObject:
    """The request's fields by name."""
    try:
        value = json.loads(
            body.decode("utf-8"),
            parse_int=_whole,
            parse_float=NumberText,
            parse_constant=NumberText,
        )
    except (ValueError, RecursionError):
        return NotJson()
    return value if isinstance(value, dict) else NotObject()


def _whole(text: str) -> int | NumberText:
    # Python refuses to convert thousands of digits, and no field needs more than these.
    return int(text) if len(text) <= _DIGITS_MAX else NumberText(text)


T_co = TypeVar("T_co", covariant=True)

_PLAIN = re.compile(r"\s*[-+]?[0-9]{1,40}\s*", re.ASCII)
_INTEGRAL = re.compile(r"-?[0-9]{1,40}(?:\.0{1,40})?", re.ASCII)
_INTEGER_MAX = 2**53
"""Beyond this, JSON readers of other languages no longer tell neighbours apart."""
_SHOWN_UNITS_MAX = 40


@dataclass(frozen=True, slots=True)
class Invalid:
    """What is wrong with the request: the field, and what is allowed."""

    text: str
    code: Code = Code.INVALID_REQUEST


class Field(Protocol[T_co]):
    """A named field of type ``T_co``."""

    @property
    def name(self) -> str:
        """The key in the request."""

    @property
    def required(self) -> bool:
        """Whether a request without it is refused."""

    @property
    def schema(self) -> Body:
        """What it may be, in JSON Schema; what is taken beside that is for older callers."""

    def read(self, value: object) -> T_co | Invalid:
        """The value in its type; ``value`` is None where there is none."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many: ``default`` if missing, and drawn into ``low``..``high`` as it always has been."""

    name: str
    default: int
    low: int
    high: int

    @property
    def required(self) -> bool:
        """Never."""
        return False

    @property
    def schema(self) -> Body:
        """A whole number in the range; others are drawn into it."""
        bounds = {"minimum": self.low, "maximum": self.high}
        known = {"default": self.default} if self.low <= self.default <= self.high else {}
        return {"type": "integer"} | bounds | known

    def read(self, value: object) -> int | Invalid:
        """A number in the range."""
        if value is None:
            return self.default
        number = _integer(value)
        if number is None:
            return Invalid(f"{self.name} must be a whole number from {self.low} to {self.high}")
        return max(self.low, min(self.high, number))


@dataclass(frozen=True, slots=True)
class Amount:
    """Money: required, within bounds, and never drawn into them; 0 only with ``zero``."""

    name: str
    low: int
    high: int
    zero: bool = True

    @property
    def required(self) -> bool:
        """Always: money has no default."""
        return True

    @property
    def schema(self) -> Body:
        """A whole number within the bounds."""
        bounds = {"type": "integer", "minimum": self.low, "maximum": self.high}
        return bounds if self.zero else bounds | {"not": {"const": 0}}

    def read(self, value: object) -> int | Invalid:
        """An amount within the bounds."""
        if value is None:
            return Invalid(f"{self.name} is required")
        number = _integer(value)
        if number is None or not self.low <= number <= self.high or not (number or self.zero):
            other = "" if self.zero else ", and not 0"
            return Invalid(
                f"{self.name} must be a whole number from {self.low} to {self.high}{other}"
            )
        return number


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false; ``default`` if missing, and required where that is None."""

    name: str
    default: bool | None = False

    @property
    def required(self) -> bool:
        """If it has no default."""
        return self.default is None

    @property
    def schema(self) -> Body:
        """A truth value."""
        return {"type": "boolean"} | ({} if self.default is None else {"default": self.default})

    def read(self, value: object) -> bool | Invalid:
        """The truth value; nothing else is taken for one."""
        if value is None:
            value = self.default
        return value if isinstance(value, bool) else Invalid(f"{self.name} must be true or false")


@dataclass(frozen=True, slots=True)
class Text:
    """A text; empty is like missing. ``cleaned`` texts become one visible line."""

    name: str
    most: int
    default: str = ""
    required: bool = False
    cleaned: bool = True

    @property
    def schema(self) -> Body:
        """A text that is not too long."""
        least = {"minLength": 1} if self.required else {}
        known = {"default": self.default} if self.default else {}
        return {"type": "string", "maxLength": self.most} | least | known

    def read(self, value: object) -> str | Invalid:
        """The text without white space around it."""
        if value is not None and not _is_text(value):
            return Invalid(f"{self.name} must be a text")
        text = user_text(value or "") if self.cleaned else (value or "").strip()
        if len(text) > self.most:
            return Invalid(f"{self.name} must have at most {self.most} characters")
        if not text and self.required:
            return Invalid(f"{self.name} is required")
        return text or self.default


@dataclass(frozen=True, slots=True)
class Username:
    """A user name, as people write it."""

    name: str = "username"

    @property
    def required(self) -> bool:
        """Always."""
        return True

    @property
    def schema(self) -> Body:
        """A CyTube name."""
        return {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,20}$"}

    def read(self, value: object) -> str | Invalid:
        """The name without ``@`` and the like."""
        if value is None or value == "":
            return Invalid(f"{self.name} is required")
        found = name_from_text(value.strip()) if _is_text(value) else None
        if found is None:
            text = f"{self.name} must be a CyTube name: 1 to 20 letters, digits, '-' and '_'"
            # Nobody can be called so: to callers that is a user who does not exist.
            code = Code.NOT_FOUND if _is_text(value) else Code.INVALID_REQUEST
            return Invalid(text, code)
        return found


class Values:
    """What a request gave for each field of its command."""

    __slots__ = ("_by_name",)

    def __init__(self, by_name: Mapping[str, object]) -> None:
        self._by_name = by_name

    def __getitem__(self, field: Field[T_co]) -> T_co:
        return cast("T_co", self._by_name[field.name])

    def as_dict(self) -> dict[str, object]:
        """Names and values, for the audit log."""
        return dict(self._by_name)


def read_fields(fields: Sequence[Field[Any]], body: Body) -> Values | Invalid:
    """All fields of a command, or the first that is wrong."""
    values: dict[str, object] = {}
    for field in fields:
        value = field.read(body.get(field.name))
        if isinstance(value, Invalid):
            return Invalid(f"{value.text}{_found(body.get(field.name))}", value.code)
        values[field.name] = value
    return Values(values)


def _integer(value: object) -> int | None:
    """The whole number, if it is one and exact everywhere."""
    number = None
    match value:
        case bool():
            pass
        case int():
            number = value
        case NumberText() if _INTEGRAL.fullmatch(value):
            number = int(value.partition(".")[0])
        case NumberText():
            pass
        case str() if _PLAIN.fullmatch(value):
            number = int(value)
        case _:
            pass
    return number if number is not None and abs(number) <= _INTEGER_MAX else None


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and not isinstance(value, NumberText)


def _found(value: object) -> str:
    """What came instead, shortly."""
    match value:
        case None | "":
            return ""
        case bool():
            return f" (found {str(value).lower()})"
        case NumberText() | int():
            return f" (found {clip(str(value), _SHOWN_UNITS_MAX)})"
        case str():
            return f" (found '{clip(user_text(value[:200]), _SHOWN_UNITS_MAX)}')"
        case dict():
            return " (found an object)"
        case _:
            return " (found a list)"
