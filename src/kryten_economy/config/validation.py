"""pydantic's verdicts in the words of the configuration file: place, key, found, allowed."""

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from kryten_economy.config.document import Document, KeyPath
from kryten_economy.config.problems import Problem, kind, shown, shown_server

__all__ = ("is_echo", "is_of_a_key", "is_unreadable", "problems_of", "written_path")

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
_KINDS = frozenset({_WHOLE, _NUMBER, _TRUTH, _TEXT, *_CONTAINERS})


def problems_of(
    error: ValidationError,
    document: Document,
    above: KeyPath = (),
    only: ErrorDetails | None = None,
) -> tuple[Problem, ...]:
    """Every verdict as a Problem, or ``only`` one of them; ``above`` is the section judged."""
    details = error.errors(include_url=False) if only is None else [only]
    problems = dict.fromkeys(
        _problem(detail, document, above)
        for detail in details
        if only is not None or not is_echo(detail)
    )
    return tuple(problems)


def is_echo(detail: ErrorDetails) -> bool:
    """Whether a list is only called too short because its faulty entries were not counted."""
    return detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]


def is_of_a_key(detail: ErrorDetails) -> bool:
    """Whether the key of a map is judged, not a value."""
    return bool(detail["loc"]) and detail["loc"][-1] == _OF_A_KEY


def is_unreadable(detail: ErrorDetails) -> bool:
    """Whether the value is of another kind than the key holds, so that nobody knows what it says.

    A key with a fraction is a number still.
    """
    if is_of_a_key(detail) and detail["type"] == "int_from_float":
        return False
    return _ALLOWED.get(detail["type"]) in _KINDS or "unreadable" in detail.get("ctx", {})


def written_path(detail: ErrorDetails, document: Document, above: KeyPath = ()) -> KeyPath:
    """The path of what a verdict is about, with the keys as the file has them."""
    path: KeyPath = (*above, *detail["loc"], *detail.get("ctx", {}).get("at", ()))
    if not is_of_a_key(detail):
        return path
    # pydantic names a key that is a fraction by its text.
    path = path[:-1]
    parent = document.value(path[:-1])
    keys = parent if isinstance(parent, dict) else {}
    return (*path[:-1], next((key for key in keys if str(key) == str(path[-1])), path[-1]))


def _problem(detail: ErrorDetails, document: Document, above: KeyPath) -> Problem:
    context = detail.get("ctx", {})
    path = written_path(detail, document, above)
    place = document.place(path)
    line = place.line
    if line is None and "cause" in context:
        line = document.place(context["cause"]).line
    allowed = _ALLOWED.get(detail["type"], detail["msg"])
    allowed = allowed.format(**{name: _written(value) for name, value in context.items()})
    return Problem(place.file, line, place.key_path, _found(detail, document, path), allowed)


def _found(detail: ErrorDetails, document: Document, path: KeyPath) -> str | None:
    """What the file holds; a default that fails a check is shown as the check got it."""
    if detail["type"] == "missing":
        return None
    if is_of_a_key(detail):
        return shown("", path[-1])
    value = document.value(path) if document.has(path) else detail["input"]
    if _ALLOWED.get(detail["type"]) in _CONTAINERS:
        # What stands in the place of a whole section may hold any secret of it.
        return kind(value)
    is_check_of_many = detail["type"] == "check" and not isinstance(value, (str, int, float))
    if is_check_of_many:
        return None
    return shown_server(value) if "servers" in path else shown(path[-1] if path else "", value)


def _written(limit: object) -> object:
    """A limit as one would write it: 0 rather than 0.0."""
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit
