"""Whom a tick or a reload concerns, of those who may have reached something."""

from collections.abc import Callable, Sequence
from typing import Any, assert_never

import structlog

from economy_actors.channel.levels import LEVEL_WAIT_S, Levels
from economy_actors.channel.messages import LevelDue, RankedUp, RankUpsDue
from economy_actors.channel.rank_ups import COLLECT_S, RankUpBoard
from economy_actors.context import World
from economy_actors.ledger.client import look
from economy_actors.runtime import RuntimeFault
from kryten_economy.features.achievements.rules import BY_MINUTE, Facts, earned_now
from kryten_economy.features.presence.rules import MINUTE_MS, Roster
from kryten_economy.features.ranks.rules import Ladder
from kryten_economy.ledger import PresenceFact
from kryten_economy.users import UserKey

__all__ = ("ProgressWatch",)

_HOURS_EVERY_MINUTES = 10

_log = structlog.get_logger("progress")


class ProgressWatch:
    """Pure checks over a whole channel, so that nobody is woken for nothing."""

    def __init__(self, channel: str, world: World, roster: Roster) -> None:
        self._channel = channel
        self._world = world
        self._achievements = world.live.settings.achievements
        self._rank_ups = RankUpBoard(channel, world)
        self.levels = Levels(channel, world, roster)

    def news(
        self, message: RankedUp | RankUpsDue | LevelDue, after: Callable[[float, Any], object]
    ) -> None:
        """Take what a session says of its user; ``after`` tells the channel something later."""
        match message:
            case RankedUp():
                if self._rank_ups.add(message):
                    after(COLLECT_S, RankUpsDue())
            case RankUpsDue():
                self._rank_ups.tell()
            case LevelDue(waited=True):
                self.levels.ask(message)
            case LevelDue(name, level):
                after(LEVEL_WAIT_S, LevelDue(name, level, waited=True))
            case _:
                assert_never(message)

    def rose(self, paid: Sequence[PresenceFact]) -> list[str]:
        """Those who have a rank or an achievement to get for what happened until now.

        That is what these minutes have paid, and what others have done since the last ones.
        """
        settings = self._world.live.settings
        ladder = self._world.live.ladder
        goals = [each for each in settings.achievements if each.condition.type in BY_MINUTE]
        return [
            fact.name
            for fact in paid
            if ladder.step(fact.rank_name, fact.lifetime_earned_z, fact.rank_held_from_z)
            or (goals and earned_now(goals, _facts_of(fact, ladder), self._won(fact.name)))
        ]

    async def stayed(self, at_ms: int, paid: Sequence[PresenceFact]) -> dict[str, int]:
        """Every ten minutes: lifetime minutes of those who have been here long enough to win."""
        if at_ms // MINUTE_MS % _HOURS_EVERY_MINUTES:
            return {}
        wanted = {
            each.id: each.condition.threshold * 60
            for each in self._world.live.settings.achievements
            if each.condition.type == "lifetime_presence_hours"
        }
        names = [fact.name for fact in paid if wanted.keys() - self._won(fact.name)]
        if not names:
            return {}
        try:
            minutes = await look(
                self._world.reader,
                lambda reports: reports.minutes_present(self._channel, names),
            )
        except RuntimeFault:
            _log.warning("hours are looked at in ten minutes", channel=self._channel)
            return {}
        return {
            name: total
            for name, total in minutes.items()
            if any(
                total >= threshold and each not in self._won(name)
                for each, threshold in wanted.items()
            )
        }

    def reloaded(self) -> bool:
        """Whether the settings in force have other achievements than those before."""
        before, self._achievements = self._achievements, self._world.live.settings.achievements
        return before != self._achievements

    def _won(self, name: str) -> frozenset[str]:
        return self._world.won.get(UserKey(self._channel, name), frozenset())


def _facts_of(fact: PresenceFact, ladder: Ladder) -> Facts:
    return Facts(
        earned_z=fact.lifetime_earned_z,
        spent_z=fact.lifetime_spent_z,
        gambled_z=fact.lifetime_gambled_in_z,
        biggest_win_z=fact.biggest_win_z,
        tip_recipients=fact.tip_recipients,
        tip_senders=fact.tip_senders,
        rank=ladder.effective(fact.rank_name, fact.lifetime_earned_z, fact.rank_held_from_z),
    )
