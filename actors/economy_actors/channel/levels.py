"""CyTube levels that come with a rank (`spending.md` 8, `progression.md` 1).

A level is asked for only where CyTube has told a lower rank for this stay, so that nobody is
ever lowered, and once in a stay; it counts as given when CyTube tells the new rank.
"""

from typing import NamedTuple

import structlog

from economy_actors.channel.messages import LevelDue
from economy_actors.context import World
from economy_actors.gateway.messages import GiveRank
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

    def __init__(self, channel: str, world: World, roster: Roster) -> None:
        self._channel = channel
        self._world = world
        self._roster = roster
        self._asked: dict[str, _Asked] = {}

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
        gateway = self._world.gateway
        request = GiveRank(self._channel, visit.display_name, due.level)
        if gateway is None or not gateway.offer(request):
            _log.warning("level waits for the next arrival", user=visit.display_name)
            return
        self._asked[visit.name] = asked

    def told(self, name: str, rank: float) -> int | None:
        """CyTube told a rank; the level that is given with it, if one was asked for."""
        asked = self._asked.get(name.lower())
        if asked is None or rank < asked.level:
            return None
        return self._asked.pop(name.lower()).level

    def forget(self, name: str) -> None:
        """The user is gone; it is asked for again at the next arrival."""
        self._asked.pop(name.lower(), None)
