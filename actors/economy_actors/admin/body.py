"""The body of a request: JSON from a stranger, read without trusting any of it.

Numbers that no field could take as they are (fractions, exponents, NaN, huge ones) keep their
text, so that a field can say what is wrong and nothing is rounded on the way.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ("Body", "NotJson", "NotObject", "NumberText", "read_body")

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
