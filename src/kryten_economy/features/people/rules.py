"""Where a text names somebody, and the same text with a pseudonym instead.

A name stands for itself or as a part between separators, as in ``alice-bob`` or ``pm:alice:7``.
Letters and digits right beside it make it another word: ``alices`` and ``alice2`` are left alone,
and so is every name that somebody else has.
"""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property

__all__ = ("Naming", "pseudonym")

_WORD = re.compile(r"\\u[0-9a-fA-F]{4}|\\.|[A-Za-z0-9_-]+", re.ASCII | re.DOTALL)
"""Words that may be names; what a backslash escapes is none, nor the beginning of one."""

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_NAME_KEYS = frozenset(
    {"name", "display_name", "username", "related_user", "winner", "creator", "opponent", "by"}
)
"""Where JSON of ours holds a name and nothing else."""


def pseudonym(number: int) -> str:
    """A name that nobody has; ``number`` is a random one."""
    return f"forgotten-{number % 2**32:08x}"


@dataclass(frozen=True)
class Naming:
    """How ``name`` (lower case) is looked for, and what is written ``instead``.

    ``others`` are the names of everybody else. ``is_common``: the name is also a word of the
    program (``heist``, ``open``), and only what can hold nothing but a name is taken for it.
    """

    name: str
    instead: str
    others: Collection[str] = field(default=(), repr=False)
    is_common: bool = False

    def without(self, text: str) -> str:
        """The text with the pseudonym; the same text where the name does not stand in it."""
        if self.name not in text.lower():
            return text
        if text[:1] in {"{", "["}:
            try:
                value = json.loads(text)
            except ValueError:
                pass
            else:
                cleaned = self._value(value)
                # Half a character can be escaped and not be written.
                is_escaped = text.isascii() or "\\u" in text
                return text if cleaned == value else json.dumps(cleaned, ensure_ascii=is_escaped)
        return text if self.is_common else _WORD.sub(self._word, text)

    def exactly(self, text: str) -> str:
        """The same for what is a name and nothing else."""
        return self.instead if text.lower() == self.name else text

    def names(self, text: str) -> bool:
        """Whether the text names them."""
        return self.without(text) != text

    def is_left_in(self, text: str) -> bool:
        """Whether the name is a part of some word that is nobody else's name."""
        if self.name not in text.lower():
            return False
        words = (word.lower() for word in _WORD.findall(text))
        return any(self.name in word and word not in self.others for word in words)

    def _value(self, value: object, key: str = "") -> object:
        """Keys are words of the program and stay."""
        match value:
            case str():
                return self.exactly(value) if key in _NAME_KEYS else self.without(value)
            case list():
                return [self._value(each, key) for each in value]
            case dict():
                return {name: self._value(each, name) for name, each in value.items()}
            case _:
                return value

    def _word(self, found: re.Match[str]) -> str:
        word = found[0]
        lower = word.lower()
        if lower == self.name:
            return self.instead
        if self.name not in lower or lower in self.others or _UUID.fullmatch(word):
            return word
        return self._part.sub(self.instead, word)

    @cached_property
    def _part(self) -> re.Pattern[str]:
        edge = "[A-Za-z0-9]"
        return re.compile(f"(?<!{edge}){re.escape(self.name)}(?!{edge})", re.IGNORECASE)
