"""The text of a configuration without its secrets, and how it becomes a file again.

What is kept of a file holds no password, token or address with credentials, and of the
environment only names: `${NAME}` stays as it is written, its default does not where it is a
secret. Comments and layout stay as they are. When such a text is written back, what was hidden
comes from the file that is there now; a secret that is nowhere is a reason not to write at all.
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kryten_economy.config.document import KeyPath, joined
from kryten_economy.config.loading import load
from kryten_economy.config.problems import HIDDEN, ConfigError, Problem, is_secret, userinfo

__all__ = ("FileChangedError", "SecretsLostError", "hidden_text", "with_secrets", "write_back")

_REFERENCE = re.compile(r"\$\{[^}:]+\}")
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
_NAMED = re.compile(
    r"""((?:password|passwd|token|secret|api_?key|dsn)["']?[ \t]*[:=][ \t]*)(\S[^\n]*)""",
    re.IGNORECASE,
)
_UNSURE = re.compile("[^ -~\xa0-\ud7ff]")
_TELLING: Final = 8
"""A shorter secret may be a word that stands elsewhere for another reason."""


class _Scalar(NamedTuple):
    """A value of the text and where it stands in it; ``is_value`` is not so for keys."""

    path: KeyPath
    value: str
    start: int
    end: int
    is_value: bool


def _scalars(text: str) -> list[_Scalar]:
    """All of them in the order of the text, each once."""
    root = YAML(typ="rt", pure=True).compose(text)
    found = {} if root is None else {each.start: each for each in _below(root, (), set())}
    return [found[start] for start in sorted(found)]


def _below(node: Node, path: KeyPath, seen: set[int]) -> Iterator[_Scalar]:
    if id(node) in seen:
        return
    seen.add(id(node))
    match node:
        case ScalarNode():
            yield _scalar(node, path, is_value=True)
        case MappingNode():
            for key, value in node.value:
                if isinstance(key, ScalarNode):
                    yield _scalar(key, path, is_value=False)
                    yield from _below(value, (*path, str(key.value)), seen)
        case SequenceNode():
            for index, entry in enumerate(node.value):
                yield from _below(entry, (*path, index), seen)


def _scalar(node: ScalarNode, path: KeyPath, *, is_value: bool) -> _Scalar:
    return _Scalar(path, str(node.value), node.start_mark.index, node.end_mark.index, is_value)


def hidden_text(text: str) -> str:
    """The text of a file that was read without fault, without secrets."""
    try:
        scalars = _scalars(text)
    except (YAMLError, ValueError, RecursionError):
        return ""
    secrets = {each.value for each in scalars if each.is_value and _names_secret(each.path)}
    secrets -= {each for each in secrets if each in {"", HIDDEN} or _REFERENCE.fullmatch(each)}
    parts, at = [], 0
    for each in scalars:
        parts += [_comment(text[at : each.start], secrets), _shown(text, each, secrets)]
        at = each.end
    parts.append(_comment(text[at:], secrets))
    return "".join(parts)


def _names_secret(path: KeyPath) -> bool:
    return any(isinstance(key, str) and is_secret(key) for key in path)


def _shown(text: str, scalar: _Scalar, secrets: set[str]) -> str:
    written = text[scalar.start : scalar.end]
    if not scalar.is_value:
        return written
    telling = any(len(each) >= _TELLING and each in scalar.value for each in secrets)
    value = HIDDEN if telling or scalar.value in secrets else userinfo(scalar.value)
    return written if value == scalar.value else _replaced(written, value)


def _replaced(written: str, value: str) -> str:
    """Another value in the place of one, with its anchor and the line ends behind it."""
    properties = _PROPERTIES.match(written)
    before = "" if properties is None else properties[0]
    after = written[len(written.rstrip("\r\n")) :]
    return f"{before}{_quoted(value)}{after}"


def _quoted(value: str) -> str:
    """A text as YAML takes it between quotation marks, whatever is in it."""
    text = json.dumps(value, ensure_ascii=False)
    return _UNSURE.sub(lambda found: f"\\U{ord(found[0]):08x}", text)


def _comment(gap: str, secrets: set[str]) -> str:
    """What stands between values: marks, space and comments."""
    for each in sorted(secrets, key=len, reverse=True):
        gap = gap.replace(each, HIDDEN) if len(each) > 1 else gap
    return userinfo(_NAMED.sub(rf"\1{HIDDEN}", gap)) if "#" in gap else gap


class SecretsLostError(Exception):
    """Nobody knows any more what was hidden at these key paths."""

    def __init__(self, key_paths: tuple[str, ...]) -> None:
        super().__init__(", ".join(key_paths))
        self.key_paths = key_paths


def with_secrets(stored: str, current: str) -> str:
    """The stored text with what was hidden in it as the current file has it."""
    try:
        now = {each.path: each.value for each in _scalars(current) if each.is_value}
    except (YAMLError, ValueError, RecursionError):
        now = {}  # the file that is there is broken, which is why somebody goes back
    parts, at, missing = [], 0, []
    for each in _scalars(stored):
        if not each.is_value or HIDDEN not in each.value:
            continue
        value = _restored(each.value, now.get(each.path))
        if value is None:
            missing.append(joined("", each.path))
            continue
        parts += [stored[at : each.start], _replaced(stored[each.start : each.end], value)]
        at = each.end
    if missing:
        raise SecretsLostError(tuple(missing))
    return "".join((*parts, stored[at:]))


def _restored(hidden: str, current: str | None) -> str | None:
    if current is None or hidden == HIDDEN:
        return current or None
    if userinfo(current) == hidden:
        return current
    before, _, rest = userinfo(current).partition(HIDDEN)
    if HIDDEN not in userinfo(current):
        return None
    return hidden.replace(HIDDEN, current[len(before) : len(current) - len(rest)])


class FileChangedError(Exception):
    """Somebody has written the file meanwhile."""


def write_back(path: Path, stored: str, environ: Mapping[str, str], stamp: str) -> Path:
    """Replace the file by a stored text, if that is a good configuration here and now.

    Answers where the file as it was is kept. Raises SecretsLostError, FileChangedError,
    ConfigError (of the text, with the name of the file) or OSError; then the file is as it was.
    """
    target = path.resolve()
    before = target.read_bytes()
    text = with_secrets(stored, before.decode("utf-8-sig", "replace"))
    number, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".new", dir=target.parent)
    draft = Path(name)
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        _check(draft, target, environ)
        shutil.copymode(target, draft)
        backup = target.with_name(f"{target.name}.{stamp}.bak")
        shutil.copy2(target, backup)
        if target.read_bytes() != before:
            raise FileChangedError
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return backup


def _check(draft: Path, target: Path, environ: Mapping[str, str]) -> None:
    try:
        load(draft, environ)
    except ConfigError as error:
        named = [
            Problem(
                str(target) if each.file == str(draft) else each.file,
                each.line,
                each.key_path,
                each.found,
                each.allowed,
            )
            for each in error.problems
        ]
        raise ConfigError(tuple(named)) from None
