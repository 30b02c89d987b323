"""CyTube levels that come with a rank (`spending.md` 8, `progression.md` 1).

A level is asked for only where CyTube has told a lower rank for this stay, so that nobody is
ever lowered, and once in a stay; it counts as given when CyTube tells the new rank. The books know
first what is going to be asked for, so that a level given while nobody listened is found out by
comparing.
"""

from collections.abc import Callable
from typing import NamedTuple

import structlog

from economy_actors.channel.messages import LevelDue
from economy_actors.runtime import Ref
from economy_actors.session.messages import GiveLevel, LevelGiven, SessionMessage
from kryten_economy.features.presence.rules import Roster

__all__ = ("LEVEL_WAIT_S", "Levels")

LEVEL_WAIT_S = 5.0
"""After an arrival CyTube tells the channel rank within moments; before that it is not known."""

_log = structlog.get_logger("levels")


class _Asked(NamedTuple):
    """A level, and the beginning of the stay in which it was asked for."""

    level: int
    since_ms: int


class Levels:
    """The levels asked for and not yet confirmed, by lower-case name."""

    def __init__(self, roster: Roster, session: Callable[[str], Ref[SessionMessage]]) -> None:
        self._roster = roster
        self._session = session
        self._asked: dict[str, _Asked] = {}
        self._intended: dict[str, int] = {}

    def ask(self, due: LevelDue) -> None:
        """Have the level given, if the user is here and known to stand lower."""
        visit = self._roster.get(due.name)
        if visit is None or not visit.connected:
            return
        if not visit.rank_confirmed or visit.rank >= due.level:
            return
        asked = _Asked(due.level, visit.since_ms)
        if self._asked.get(visit.name) == asked:
            return
        if not self._session(visit.name).offer(GiveLevel(visit.display_name, due.level)):
            _log.warning("level waits for the next arrival", user=visit.display_name)
            return
        self._asked[visit.name] = asked
        self._intended[visit.name] = due.level

    def intended(self, name: str, level: int) -> None:
        """The instance before was going to ask for it; the last word on a user counts."""
        self._intended.setdefault(name, level)

    def compare(self) -> None:
        """See of whom CyTube tells by now what was asked for, and ask again for the others."""
        for name, level in list(self._intended.items()):
            visit = self._roster.get(name)
            if visit is None or not visit.connected or not visit.rank_confirmed:
                continue
            if visit.rank < level:
                self.ask(LevelDue(visit.display_name, level))
            else:
                self.told(name, visit.rank)

    def told(self, name: str, rank: float) -> None:
        """CyTube told a rank; with it a level is given, if one was asked for."""
        level = self._intended.get(name.lower())
        if level is None or rank < level:
            return
        if self._session(name.lower()).offer(LevelGiven(level)):
            del self._intended[name.lower()]

    def forget(self, name: str) -> None:
        """The user is gone; it is asked for again at the next arrival."""
        self._asked.pop(name.lower(), None)
