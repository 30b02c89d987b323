"""pydantic's verdicts in the words of the configuration file: place, key, found, allowed."""

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from kryten_economy.config.document import Document, KeyPath
from kryten_economy.config.problems import Problem, kind, shown

__all__ = ("problems_of",)

_WHOLE = "must be a whole number"
_NUMBER = "must be a number"
_TRUTH = "must be true or false"
_TEXT = "must be text"
_LIST = "must be a list"
_MAPPING = "must be a mapping"
_ALLOWED = {
    "missing": "is required",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "string_type": _TEXT,
    "tuple_type": _LIST,
    "list_type": _LIST,
    "dict_type": _MAPPING,
    "mapping_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "greater_than": "must be > {gt}",
    "greater_than_equal": "must be >= {ge}",
    "less_than": "must be < {lt}",
    "less_than_equal": "must be <= {le}",
    "too_short": "must have at least {min_length} entries",
    "literal_error": "must be one of {expected}",
    "string_pattern_mismatch": "must match {pattern}",
    "check": "{allowed}",
}
_OF_A_KEY = "[key]"
_CONTAINERS = frozenset({_LIST, _MAPPING})


def problems_of(
    error: ValidationError, document: Document, above: KeyPath = ()
) -> tuple[Problem, ...]:
    """Every verdict as a Problem; ``above`` is the section judged."""
    details = error.errors(include_url=False)
    problems = dict.fromkeys(
        _problem(detail, document, above) for detail in details if not _is_echo(detail)
    )
    return tuple(problems)


def _is_echo(detail: ErrorDetails) -> bool:
    """Whether a list is only called too short because its faulty entries were not counted."""
    return detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]


def _problem(detail: ErrorDetails, document: Document, above: KeyPath) -> Problem:
    context = detail.get("ctx", {})
    path: KeyPath = (*above, *detail["loc"], *context.get("at", ()))
    is_key = bool(path) and path[-1] == _OF_A_KEY
    if is_key:
        path = path[:-1]
    place = document.place(path)
    allowed = _ALLOWED.get(detail["type"], detail["msg"])
    allowed = allowed.format(**{name: _written(value) for name, value in context.items()})
    return Problem(place.file, place.line, place.key_path, _found(detail, document, path), allowed)


def _found(detail: ErrorDetails, document: Document, path: KeyPath) -> str | None:
    """What the file holds; a default that fails a check is shown as the check got it."""
    if detail["type"] == "missing":
        return None
    if detail["loc"] and detail["loc"][-1] == _OF_A_KEY:
        return shown("", path[-1])
    value = document.value(path) if document.has(path) else detail["input"]
    if _ALLOWED.get(detail["type"]) in _CONTAINERS:
        # What stands in the place of a whole section may hold any secret of it.
        return kind(value)
    is_check_of_many = detail["type"] == "check" and not isinstance(value, (str, int, float))
    return None if is_check_of_many else shown(path[-1] if path else "", value)


def _written(limit: object) -> object:
    """A limit as one would write it: 0 rather than 0.0."""
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit
