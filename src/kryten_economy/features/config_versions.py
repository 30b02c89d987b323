"""The configurations that the service has read, and what each has changed.

A reading that changes nothing leaves no version: neither a setting nor the text of the file. What
is compared and kept has no secrets (`config.origins`, `config.history`), so that a secret alone
that changes between two starts is not seen; within one process it is, and told as changed.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.operation import Request, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.text.markup import clip, user_text
from kryten_economy.text.templates import minute_of, plural

__all__ = (
    "HOWS",
    "ConfigNoted",
    "ConfigVersion",
    "How",
    "KeyChange",
    "NoteConfig",
    "differences",
    "history_page",
    "note_config",
    "shown_change",
    "shown_value",
    "version_of",
    "versions",
)

How: TypeAlias = Literal["start", "pm", "page", "api", "signal", "revert"]
HOWS: Final[tuple[How, ...]] = get_args(How)


class KeyChange(NamedTuple):
    """One setting with another value; None stands for a setting that was not there."""

    key_path: str
    before: object
    after: object


class ConfigVersion(NamedTuple):
    """One reading of the file that has changed something; the first one has changed nothing."""

    id: int
    at_ms: int
    how: How
    author: str
    changes: tuple[KeyChange, ...]


@dataclass(frozen=True, slots=True)
class ConfigNoted:
    """The number of the version in force, and whether it is a new one."""

    version: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class NoteConfig(Request[ConfigNoted]):
    """What was read, by whom; ``settings`` is JSON of every setting by key path.

    ``secrets`` are key paths of which it is known that what they hide is another value now.
    """

    at_ms: int
    how: How
    author: str
    document: str = field(repr=False)
    settings: str = field(repr=False)
    secrets: tuple[str, ...] = ()


_LAST = "SELECT id, document, settings FROM config_version ORDER BY id DESC LIMIT 1"
_ADD = """
    INSERT INTO config_version (at_ms, how, author, document, settings, changes)
    VALUES (?, ?, ?, ?, ?, ?) RETURNING id
"""
_PAGE = """
    SELECT id, at_ms, how, author, changes FROM config_version ORDER BY id DESC LIMIT ?1 OFFSET ?2
"""
_COUNT = "SELECT count(*) FROM config_version"
_DOCUMENT = "SELECT document, settings FROM config_version WHERE id = ?"


@operation
def note_config(tx: Tx, ask: NoteConfig) -> ConfigNoted:
    """Keep the version, unless it is the last one again."""
    last = tx.sql.row(_LAST)
    changes: list[KeyChange] = []
    if last is not None:
        changes = differences(last[2], ask.settings)
        known = {each.key_path for each in changes}
        hidden = json.loads(ask.settings)
        changes += [
            KeyChange(key, hidden.get(key), hidden.get(key))
            for key in ask.secrets
            if key not in known
        ]
        if not changes and last[1] == ask.document:
            return ConfigNoted(last[0], is_new=False)
    values = (ask.at_ms, ask.how, ask.author, ask.document, ask.settings)
    (number,) = tx.sql.only(_ADD, *values, json.dumps(changes, ensure_ascii=False))
    return ConfigNoted(number, is_new=True)


def differences(before: str, after: str) -> list[KeyChange]:
    """What differs between two sets of settings, each as JSON, in the order of the later one."""
    old, new = json.loads(before), json.loads(after)
    keys = dict.fromkeys((*new, *old))
    return [
        KeyChange(key, old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)
    ]


def versions(reader: Reader, limit: int, offset: int = 0) -> tuple[tuple[ConfigVersion, ...], int]:
    """The last versions, the newest first, and how many there are."""
    rows = reader.sql.rows(_PAGE, limit, offset)
    (count,) = reader.sql.only(_COUNT)
    found = (
        ConfigVersion(id_, at_ms, how, by, tuple(KeyChange(*each) for each in json.loads(changes)))
        for id_, at_ms, how, by, changes in rows
    )
    return tuple(found), count


def version_of(reader: Reader, number: int) -> tuple[str, str] | None:
    """The text of a version without secrets and its settings as JSON; None for an unknown one."""
    row = reader.sql.row(_DOCUMENT, number)
    return None if row is None else (row[0], row[1])


# Texts

_CHANGES_MAX = 4
_VALUE_UNITS_MAX = 60
_BY: Final[dict[How, str]] = {
    "start": "at a start",
    "pm": "by PM",
    "page": "on the pages",
    "api": "by request",
    "signal": "by SIGHUP",
    "revert": "by a revert",
}


def history_page(rows: Sequence[ConfigVersion], page: int, pages: int) -> str:
    """One page of `config history`, the newest first."""
    more = f" ('config history {page + 1}' for more)" if page < pages else ""
    return "\n".join((f"⚙️ Configuration, page {page} of {pages}{more}:", *map(_row, rows)))


def _row(version: ConfigVersion) -> str:
    who = f" {user_text(version.author)}" if version.author else ""
    when = f"#{version.id} {minute_of(version.at_ms)} UTC{who} {_BY[version.how]}"
    return f"{when}: {'; '.join(_told(version))}"


def _told(version: ConfigVersion) -> Iterator[str]:
    if not version.changes:
        yield "no setting changed"
    for each in version.changes[:_CHANGES_MAX]:
        yield shown_change(each)
    rest = len(version.changes) - _CHANGES_MAX
    if rest > 0:
        yield f"and {plural(rest, 'more setting')}"


def shown_change(change: KeyChange) -> str:
    """``rain.max_amount: 25 -> 30``."""
    return f"{change.key_path}: {shown_value(change.before)} -> {shown_value(change.after)}"


def shown_value(value: object) -> str:
    """A value on one line, shortly."""
    if value is None:
        return "none"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return clip(user_text(text), _VALUE_UNITS_MAX)
