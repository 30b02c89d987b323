"""Who has reached a rank, a level or an achievement by what a commit has changed."""

from collections.abc import Callable
from typing import Any, assert_never

from economy_actors.channel.levels import LEVEL_WAIT_S, Levels
from economy_actors.channel.messages import LevelDue, RankUpsDue
from economy_actors.channel.rank_ups import RankUpBoard
from economy_actors.context import World
from economy_actors.runtime import Ref
from economy_actors.session.messages import ProgressMade, SessionMessage
from kryten_economy.features.achievements.progress import reached
from kryten_economy.features.presence.rules import Roster
from kryten_economy.ledger.facts import Facts
from kryten_economy.ledger.wallet import Wallet

__all__ = ("ProgressWatch",)

_FOLLOWED_AT_ONCE = frozenset(
    {"admin_grant", "admin_adjust", "admin_rain", "competition", "event_bonus", "achievement"}
)

_BUSY_DEPTH = 48
"""Who is that busy looks at the next fact, and keeps room for what they say themselves."""


class ProgressWatch:
    """One pure decision per changed wallet, so that nobody is woken for nothing.

    Who has been gone for longer than a bounce is looked at when they come: their arrival changes
    their wallet, too. What an operator or a competition gives is followed at once.
    """

    def __init__(
        self,
        channel: str,
        world: World,
        roster: Roster,
        session: Callable[[str], Ref[SessionMessage]],
    ) -> None:
        self._world = world
        self._session = session
        self._roster = roster
        self._achievements = world.live.settings.achievements
        self.rank_ups = RankUpBoard(channel, world)
        self.levels = Levels(roster, session)

    def changed(self, facts: Facts) -> None:
        """Wake whoever has something to get, with the wallet that says so."""
        given = {each.user.name for each in facts.postings if each.type in _FOLLOWED_AT_ONCE}
        for name, wallet in facts.wallets.items():
            self.check(wallet, absent_too=name in given)

    def check(self, wallet: Wallet, *, absent_too: bool = False) -> None:
        """Wake the user if something is due."""
        live = self._world.live
        is_here = self._roster.get(wallet.user.name) is not None
        if not (is_here or absent_too) or live.ignores(wallet.display_name):
            return
        if reached(wallet, live.ladder, live.settings.achievements) is None:
            return
        session = self._session(wallet.user.name)
        if session.depth < _BUSY_DEPTH:
            session.offer(ProgressMade(wallet))

    def news(self, message: RankUpsDue | LevelDue, after: Callable[[float, Any], object]) -> None:
        """See to what is due now; ``after`` tells the channel something later."""
        match message:
            case RankUpsDue():
                self.rank_ups.tell()
            case LevelDue(waited=True):
                self.levels.ask(message)
            case LevelDue(name, level):
                after(LEVEL_WAIT_S, LevelDue(name, level, waited=True))
            case _:
                assert_never(message)

    def reloaded(self) -> bool:
        """Whether the settings in force have other achievements than those before."""
        before, self._achievements = self._achievements, self._world.live.settings.achievements
        return before != self._achievements
