"""Who a user is: a channel and a lower-case name, with a display name kept beside it.

CyTube names are 1 to 20 characters of ``A-Z a-z 0-9 _ -`` and are compared without
regard to case (`wire.md` 3, `storage.md` S5).
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ("UNNAMED_ADMIN", "Present", "UserKey", "is_name", "name_from_text")

_NAME = re.compile(r"[A-Za-z0-9_-]{1,20}", re.ASCII)


UNNAMED_ADMIN = "system"
"""What a service orders without an admin's name is filed under this; no text shows it."""


class UserKey(NamedTuple):
    """One user in one channel; ``channel`` is spelled as configured, ``name`` in lower case."""

    channel: str
    name: str

    @classmethod
    def of(cls, channel: str, name: str) -> "UserKey":
        """The key for a name in any casing."""
        return cls(channel, name.lower())


def is_name(text: str) -> bool:
    """Whether ``text`` can be a CyTube account name."""
    return _NAME.fullmatch(text) is not None


def name_from_text(text: str) -> str | None:
    """A user name as people type it: ``@Bob,`` is ``Bob``; None if it can't be a name.

    Leading ``@`` and trailing ``,`` ``:`` are dropped (`commands.md` 1).
    """
    name = text.removeprefix("@").rstrip(",:")
    return name if is_name(name) else None


@dataclass(frozen=True, slots=True, order=True)
class Present:
    """Somebody connected; ``name`` is lower case."""

    name: str
    display_name: str
