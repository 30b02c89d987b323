"""The configuration file as plain values, and where each of them was written.

Reading is safe: no tag makes an object, floods of aliases are refused, an alias of its own
parent is null (as the YAML library reads it), and every fault of the file is a ConfigError
with a line. The texts of faults never quote values.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.constructor import ConstructorError, DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scalarbool import ScalarBoolean

from kryten_economy.config.problems import HIDDEN, ConfigError, Problem

__all__ = ("Document", "Key", "KeyPath", "Place", "read")

Key: TypeAlias = str | int | float | bool | None
KeyPath: TypeAlias = tuple[Key, ...]

T = TypeVar("T")

# A configuration has about a thousand values; far more means aliases of aliases.
_VALUES_MAX: Final = 100_000
_DUPLICATE = re.compile(r'found duplicate key "([^"]*)"')
_SURROGATE = re.compile("[\ud800-\udfff]")
_REPLACED: Final = "\ufffd"
_STANDARD_TAG: Final = "tag:yaml.org,2002:"
# Quoted words of the library's texts may be pieces of secrets; single signs, be they escaped as
# a tab is, and the names of tokens, such as '<scalar>', may not.
_QUOTED = re.compile(r"""'[^']*'|"[^"]*\"""")
_HARMLESS = re.compile(r"""(['"])(\\?.|<[a-z ]+>|)\1""")
_BROKEN: Final = "is no valid YAML"
_TOO_DEEP: Final = "is nested too deeply"
_UNREADABLE: Final = "has a value that does not fit its form or tag"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was written: a file and line, or an environment variable."""

    file: str
    line: int | None
    key_path: str

    def __str__(self) -> str:
        """``config.yaml:12: rain.max_amount``."""
        return f"{self.file if self.line is None else f'{self.file}:{self.line}'}: {self.key_path}"


@dataclass(slots=True)
class Document:
    """Plain data, and the place of each path in it."""

    file: str
    data: dict[Key, object] = field(default_factory=dict)
    places: dict[KeyPath, Place] = field(default_factory=dict)

    def place(self, path: KeyPath) -> Place:
        """Where ``path`` is written, or where it would be: at its nearest written parent."""
        for length in range(len(path), 0, -1):
            known = self.places.get(path[:length])
            if known is not None:
                return Place(known.file, known.line, _joined(known.key_path, path[length:]))
        return Place(self.file, None, _joined("", path))

    def value(self, path: KeyPath) -> object:
        """The value at ``path``; None if there is none."""
        here: object = self.data
        for key in path:
            match here:
                case dict():
                    here = here.get(key)
                case list() if isinstance(key, int) and key < len(here):
                    here = here[key]
                case _:
                    return None
        return here

    def has(self, path: KeyPath) -> bool:
        """Whether anything stands at ``path``, be it null."""
        parent = self.value(path[:-1])
        match parent:
            case dict():
                return path[-1] in parent
            case list():
                return isinstance(path[-1], int) and path[-1] < len(parent)
            case _:
                return False

    def section(self, path: KeyPath) -> dict[Key, object] | None:
        """The mapping at ``path``, made if it is missing or null; None if it is no mapping."""
        here = self.data
        for length, key in enumerate(path, start=1):
            inner = here.get(key)
            if inner is None:
                inner = here[key] = {}
            if isinstance(inner, list) and length < len(path):
                entry = self.value(path)
                return entry if isinstance(entry, dict) else None
            if not isinstance(inner, dict):
                return None
            here = inner
        return here

    def put(self, path: KeyPath, value: object, place: Place) -> None:
        """Write a value over whatever is at ``path``, unless a parent can't hold it."""
        parent = self.value(path[:-1])
        if not isinstance(parent, list):
            parent = self.section(path[:-1])
        if isinstance(parent, list):
            assert isinstance(path[-1], int)
            parent[path[-1]] = value
        elif isinstance(parent, dict):
            parent[path[-1]] = value
        else:
            return
        self._forget(path)
        self.places[path] = place

    def move(self, source: KeyPath, target: KeyPath) -> None:
        """Take a value elsewhere; its place stays where it was written."""
        below = {path: place for path, place in self.places.items() if _starts(path, source)}
        value = self.value(source)
        parent = self.section(target[:-1])
        if parent is None:
            return
        self.remove(source)
        parent[target[-1]] = value
        for path, place in below.items():
            self.places[target + path[len(source) :]] = place

    def remove(self, path: KeyPath) -> None:
        """Drop a value; the later entries of a list move up and keep their places."""
        parent = self.value(path[:-1])
        if isinstance(parent, dict):
            parent.pop(path[-1], None)
            self._forget(path)
        elif isinstance(parent, list) and isinstance(path[-1], int) and path[-1] < len(parent):
            del parent[path[-1]]
            self._forget(path)
            self._move_up(path[:-1], path[-1])

    def _move_up(self, container: KeyPath, gone: int) -> None:
        depth = len(container)
        moved: dict[KeyPath, Place] = {}
        for path in [path for path in self.places if _starts(path, container)]:
            index = path[depth] if len(path) > depth else None
            if isinstance(index, int) and index > gone:
                moved[(*container, index - 1, *path[depth + 1 :])] = self.places.pop(path)
        self.places.update(moved)

    def change_texts(self, change: Callable[[str], str]) -> None:
        """Replace every text by what ``change`` makes of it; keys stay as they are."""

        def changed(value: object) -> object:
            match value:
                case str():
                    return change(value)
                case dict():
                    return {key: changed(inner) for key, inner in value.items()}
                case list():
                    return [changed(inner) for inner in value]
                case _:
                    return value

        self.data = {key: changed(value) for key, value in self.data.items()}

    def join_surrogates(self) -> list[Place]:
        """Make one character of each pair of halves, as JSON writes emoji; where halves are alone.

        A half is no character, and no database or message takes it: U+FFFD stands for it.
        """
        alone: list[Place] = []

        def joined(value: object, path: KeyPath) -> object:
            match value:
                case str() if _SURROGATE.search(value):
                    text = _whole(value)
                    if text.count(_REPLACED) > value.count(_REPLACED):
                        alone.append(self.place(path))
                    return text
                case dict():
                    return {
                        _whole(key): joined(inner, (*path, _whole(key)))
                        for key, inner in value.items()
                    }
                case list():
                    return [joined(inner, (*path, index)) for index, inner in enumerate(value)]
                case _:
                    return value

        self.places = {
            tuple(map(_whole, path)): Place(place.file, place.line, _whole(place.key_path))
            for path, place in self.places.items()
        }
        data = joined(self.data, ())
        assert isinstance(data, dict)
        self.data = data
        return alone

    def _forget(self, path: KeyPath) -> None:
        for known in [known for known in self.places if _starts(known, path)]:
            del self.places[known]


def _whole(key: T) -> T | str:
    """A text without halves of characters; anything else as it is."""
    if not isinstance(key, str) or not _SURROGATE.search(key):
        return key
    return key.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _starts(path: KeyPath, prefix: KeyPath) -> bool:
    return path[: len(prefix)] == prefix


def _joined(start: str, path: KeyPath) -> str:
    for key in path:
        if isinstance(key, int) and not isinstance(key, bool):
            start = f"{start}[{key}]"
        else:
            start = f"{start}.{key}" if start else str(key)
    return start


def read(path: Path) -> Document:
    """The file's values; ConfigError if it is missing, no UTF-8, no YAML or no mapping."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError.of(path, "must be UTF-8 text") from error
    except OSError as error:
        raise ConfigError.of(path, f"can't be read: {error.strerror or error}") from error
    tree = _parse(path, text)
    if not isinstance(tree, CommentedMap):
        raise ConfigError.of(path, "must be a mapping of sections at the top level")
    reader = _Reader(Document(str(path)))
    try:
        data = reader.plain(tree, ())
    except RecursionError:
        raise ConfigError.of(path, _TOO_DEEP) from None
    assert isinstance(data, dict)
    reader.document.data = data
    if reader.problems:
        raise ConfigError(tuple(reader.problems))
    return reader.document


def _parse(path: Path, text: str) -> object:
    yaml = YAML(typ="rt", pure=True)
    try:
        return yaml.load(text)
    except DuplicateKeyError as error:
        # The library's own text quotes both values, which may be secrets.
        name = _DUPLICATE.search(str(error.problem))
        what = f"the key {name[1]!r} stands twice" if name else "a key stands twice"
        raise ConfigError.of(path, f"{what} in one mapping", _line_of(error)) from None
    except ConstructorError as error:
        # Its text quotes the value too.
        raise ConfigError.of(path, _UNREADABLE, _line_of(error)) from None
    except MarkedYAMLError as error:
        problem = _masked(error.problem or error.context or "broken syntax")
        raise ConfigError.of(path, f"{_BROKEN}: {problem}", _line_of(error)) from None
    except RecursionError:
        raise ConfigError.of(path, _TOO_DEEP) from None
    except YAMLError:
        raise ConfigError.of(path, _BROKEN) from None
    except (ValueError, LookupError):
        # Impossible dates and numbers, such as 2024-13-01, surface as Python's own errors.
        raise ConfigError.of(path, _UNREADABLE) from None


def _masked(text: str) -> str:
    """The library's text without what it quotes of the file.

    A quoted word may hold quotation marks itself: all up to the last mark is hidden.
    """
    for quoted in _QUOTED.finditer(text):
        if not _HARMLESS.fullmatch(quoted[0]):
            last = max(text.rfind("'"), text.rfind('"'))
            return text[: quoted.start()] + HIDDEN + text[last + 1 :]
    return text


def _line_of(error: MarkedYAMLError) -> int | None:
    mark = error.problem_mark or error.context_mark
    return None if mark is None else mark.line + 1


@dataclass(slots=True)
class _Reader:
    """Turns the YAML tree into plain values and notes the line of each."""

    document: Document
    problems: list[Problem] = field(default_factory=list)
    count: int = 0

    def plain(self, node: object, path: KeyPath) -> object:
        self.count += 1
        if self.count > _VALUES_MAX:
            raise ConfigError.of(self.document.file, f"has more than {_VALUES_MAX} values")
        if not _is_plain(node):
            self._refuse(path, "has a tag that is not allowed")
            return None
        if isinstance(node, CommentedMap):
            return dict(self._entries(node, path))
        if isinstance(node, CommentedSeq):
            return [self._entry(node, index, path) for index in range(len(node))]
        return _scalar(node)

    def _entries(self, node: CommentedMap, path: KeyPath) -> Iterator[tuple[Key, object]]:
        for raw in node:
            key = _scalar(raw)
            if not isinstance(key, (str, int, float, type(None))):
                self._refuse(path, "has a key that is no plain word or number")
                continue
            self._note(path, (*path, key), node, raw, f".{key}" if path else str(key))
            yield key, self.plain(node[raw], (*path, key))

    def _entry(self, node: CommentedSeq, index: int, path: KeyPath) -> object:
        self._note(path, (*path, index), node, index, f"[{index}]")
        return self.plain(node[index], (*path, index))

    def _note(
        self,
        parent: KeyPath,
        path: KeyPath,
        node: CommentedMap | CommentedSeq,
        key: object,
        name: str,
    ) -> None:
        # Keys that come from a merge (`<<`) have no line of their own.
        known = (node.lc.data or {}).get(key)
        above = self.document.place(parent)
        line = above.line if known is None else known[0] + 1
        self.document.places[path] = Place(above.file, line, f"{above.key_path}{name}")

    def _refuse(self, path: KeyPath, why: str) -> None:
        place = self.document.place(path)
        self.problems.append(Problem(place.file, place.line, place.key_path, None, why))


def _is_plain(node: object) -> bool:
    match node:
        case CommentedMap():
            return node.tag.value in {None, f"{_STANDARD_TAG}map"}
        case CommentedSeq():
            return node.tag.value in {None, f"{_STANDARD_TAG}seq"}
        case TaggedScalar():
            return bool(node.tag.value == f"{_STANDARD_TAG}str")
        case _:
            return node is None or isinstance(node, (str, int, float, date))


def _scalar(node: object) -> object:
    """A scalar without what the YAML library keeps to write it again as it was."""
    match node:
        case bool() | ScalarBoolean():
            return bool(node)
        case str() | date():
            return str(node)
        case TaggedScalar():
            return str(node.value)
        case int():
            return int(node)
        case float():
            return float(node)
        case _:
            return node
