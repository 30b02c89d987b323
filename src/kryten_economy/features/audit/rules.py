"""Acts of operators and what came of undoing them, as values."""

import json
from dataclasses import dataclass
from typing import Literal, NamedTuple

__all__ = ("Entry", "Lack", "One", "Outcome", "Place", "Preview", "Restored", "Share", "Wanted")


@dataclass(frozen=True, slots=True)
class Restored:
    """What was changed beside money, as JSON before and after it; equal where it was left."""

    kind: str
    subject: str
    before: str | None
    after: str | None


class One(NamedTuple):
    """The one user whose money an undo has moved."""

    name: str
    delta_z: int
    balance_z: int


class Outcome(NamedTuple):
    """What came of an undo, as its operator is told."""

    undo_id: int
    audit_id: int
    command: str
    stands: bool
    accounts: int
    total_z: int
    missing_z: int
    one: One | None
    restored: tuple[Restored, ...]


class Share(NamedTuple):
    """What somebody would gain, or lose."""

    name: str
    delta_z: int


class Lack(NamedTuple):
    """Somebody who has less than would be taken from them."""

    name: str
    wanted_z: int
    balance_z: int


class Preview(NamedTuple):
    """What an undo, or another act on many, would do.

    ``total_z`` is all that would be moved; ``top`` are the largest parts. ``short`` is how many
    have less than would be taken from them, ``lacking`` the first of these.
    """

    id: int
    command: str
    accounts: int
    total_z: int
    top: tuple[Share, ...]
    short: int = 0
    lacking: tuple[Lack, ...] = ()


class Place(NamedTuple):
    """Where in the log a row stands."""

    at_ms: int
    id: int


class Wanted(NamedTuple):
    """Which rows of the log are asked for: by whom, what, to whom, from a time to before another.

    Names count in any casing; None is whoever and whatever.
    """

    admin: str | None = None
    command: str | None = None
    user: str | None = None
    from_ms: int = 0
    until_ms: int = 2**62


class Entry(NamedTuple):
    """A row of the audit log; before and after are JSON, or None where nothing is known of it."""

    id: int
    at_ms: int
    admin: str
    origin: Literal["pm", "page", "api", "key", "cli", "clock"]
    channel: str
    command: str
    arguments: str
    result: str
    done: int
    about: str
    reason: str
    before: str | None
    after: str | None
    undoable: int
    undoes: int | None
    undone_by: int | None

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(self.at_ms, self.id)

    @property
    def can_be_undone(self) -> bool:
        """Whether an undo of it would be tried now."""
        return bool(self.undoable) and self.undone_by is None

    @property
    def was(self) -> object:
        """How it was before."""
        return None if self.before is None else json.loads(self.before)

    @property
    def became(self) -> object:
        """How it was after."""
        return None if self.after is None else json.loads(self.after)
