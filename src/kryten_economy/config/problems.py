"""What is wrong with a configuration, said so that it can be mended.

A problem names file, line, key path, what was found and what is allowed; secrets are never
shown (`architecture.md` 9).
"""

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = (
    "HIDDEN",
    "SECRET_KEYS",
    "ConfigError",
    "Problem",
    "is_secret",
    "kind",
    "masked",
    "shown",
    "shown_server",
    "userinfo",
)

SECRET_KEYS = frozenset({"password", "token", "api_key", "api_token"})
HIDDEN = "(hidden)"
_SHOWN_MAX = 60
_USERINFO = re.compile(r"(?<=://)\S+(?=@)")
# In an address that is written wrongly anything before the last @ may be a password.
_BEFORE_AT = re.compile(r"^.*(?=@)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend; ``file`` is a path, or the environment variable that is wrong."""

    file: str
    line: int | None
    key_path: str
    found: str | None
    allowed: str

    def __str__(self) -> str:
        """One line: ``config.yaml:12: rain.max_amount: found -1, must be >= 0``."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        what = self.allowed if self.found is None else f"found {self.found}, {self.allowed}"
        return ": ".join(part for part in (place, self.key_path, what) if part)


class ConfigError(Exception):
    """The configuration can't be used. Mend what ``problems`` lists, one per line.

    ``warnings`` is what would be read otherwise than written, were the rest good.
    """

    def __init__(self, problems: tuple[Problem, ...], warnings: tuple[str, ...] = ()) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems
        self.warnings = warnings

    @classmethod
    def of(cls, file: Path | str, allowed: str, line: int | None = None) -> "ConfigError":
        """An error about the file as a whole."""
        return cls((Problem(str(file), line, "", None, allowed),))


_SECRET = re.compile(
    r"(?:^|_)(?:password|passwd|token|secret|api_?key|dsn|private_key)$", re.IGNORECASE
)


def is_secret(key: str) -> bool:
    """Whether a key names a secret, be it one that this version knows or not."""
    return key in SECRET_KEYS or _SECRET.search(key) is not None


def userinfo(text: str) -> str:
    """The text with the credentials of addresses hidden."""
    return _USERINFO.sub(HIDDEN, text)


def masked(key: object, value: object) -> object:
    """The value, unless ``key`` names a secret; credentials inside an address are hidden."""
    if key in SECRET_KEYS and value not in (None, ""):
        return HIDDEN
    return _USERINFO.sub(HIDDEN, value) if isinstance(value, str) else value


def kind(value: object) -> str:
    """What sort of value it is, for places where the value itself must not be told."""
    match value:
        case None:
            text = "nothing"
        case dict():
            text = "a mapping"
        case list() | tuple():
            text = "a list"
        case bool():
            text = "true or false"
        case str():
            text = "text"
        case _:
            text = "a number"
    return text


def shown(key: object, value: object) -> str:
    """A value as an error shows it: on one line, short, and without secrets."""
    match masked(key, value):
        case dict() | list() | tuple() | None as found:
            text = kind(found)
        case str() as found if found != HIDDEN:
            text = repr(found if len(found) <= _SHOWN_MAX else f"{found[:_SHOWN_MAX]}…")
        case bool() as found:
            text = str(found).lower()
        case other:
            text = str(other)[:_SHOWN_MAX]
    return text


def shown_server(value: object) -> str:
    """The address of a server that can't be used, without credentials wherever they stand."""
    return shown("", _BEFORE_AT.sub(HIDDEN, value) if isinstance(value, str) else value)
