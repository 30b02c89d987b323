"""What forms were answered, kept for a while so that each answer has an address of its own.

A form leads on to the page of its answer; loading that page again, or going back to it, sends no
form again. An answer is shown to the session that has sent the form and to no other.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = ("KEPT_FOR_MS", "KEPT_MAX", "PER_SESSION_MAX", "Kept", "KeptAnswers")

KEPT_FOR_MS: Final = 600_000
PER_SESSION_MAX: Final = 20
KEPT_MAX: Final = 2_000
"""So many of all sessions together; the oldest make room."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A page to be shown: its template with what that needs, beside the view of who looks.

    ``once`` is the one-time token of the form on it, the same however often the page is loaded:
    what is agreed to twice is done once. ``for_operators``: it tells what only they may see.
    """

    title: str
    template: str
    status: int
    values: Mapping[str, object] = field(repr=False)
    for_operators: bool
    at_ms: int
    once: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)
    id: str = field(default_factory=lambda: secrets.token_urlsafe(9))


class KeptAnswers:
    """Those of all sessions, by the hash of the session; the newest last."""

    def __init__(self) -> None:
        self._of: dict[bytes, dict[str, Kept]] = {}
        self._in_order: dict[str, bytes] = {}

    def __len__(self) -> int:
        return len(self._in_order)

    def keep(self, session: bytes, kept: Kept) -> None:
        """Keep one more; what is too old goes, and the oldest of what is too much."""
        own = self._of.setdefault(session, {})
        own[kept.id] = kept
        self._in_order[kept.id] = session
        if len(own) > PER_SESSION_MAX:
            self._drop(next(iter(own)))
        while len(self) > KEPT_MAX or self._is_over(next(iter(self._in_order)), kept.at_ms):
            self._drop(next(iter(self._in_order)))

    def all_of(self, session: bytes, now_ms: int) -> list[Kept]:
        """What a session was answered lately, the newest first."""
        own = self._of.get(session, {}).values()
        return [each for each in reversed(own) if now_ms - each.at_ms < KEPT_FOR_MS]

    def _is_over(self, id_: str, now_ms: int) -> bool:
        return now_ms - self._of[self._in_order[id_]][id_].at_ms >= KEPT_FOR_MS

    def _drop(self, id_: str) -> None:
        session = self._in_order.pop(id_)
        del self._of[session][id_]
        if not self._of[session]:
            del self._of[session]
