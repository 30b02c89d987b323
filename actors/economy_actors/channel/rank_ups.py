"""The rank-ups of a channel that wait to be told together.

The books keep them, and when any were told last, so that a restart neither loses one nor begins
the quiet hour anew.
"""

from economy_actors.context import World
from economy_actors.ledger.messages import Commit
from economy_actors.outbox.message import Line
from kryten_economy.features.money.texts import currency_variables
from kryten_economy.features.ranks import texts
from kryten_economy.features.ranks.operations import RankUpsTold
from kryten_economy.features.ranks.rules import RankUp, Told, by_rank, may_tell
from kryten_economy.ledger.notices import OwedNotice, SettleNotices

__all__ = ("COLLECT_S", "RankUpBoard")

COLLECT_S = 3.0
"""How long the sessions of a minute tick have to say who was promoted."""

_WAITING_MAX = 200


class RankUpBoard:
    """Collects promotions and tells them in one public line."""

    def __init__(self, channel: str, world: World) -> None:
        self._channel = channel
        self._world = world
        self._waiting: list[RankUp] = []
        self._owed: list[int] = []
        self._told: Told | None = None

    def resume(self, told: Told | None) -> None:
        """When the instance before told any; what this one has told since counts more."""
        self._told = self._told or told

    def add(self, owed: OwedNotice) -> bool:
        """Take a promotion; True for the first one, after which the telling is to be planned."""
        self._owed.append(owed.id)
        if len(self._waiting) < _WAITING_MAX:
            tier, rank = int(owed.data["tier"]), str(owed.data["rank"])
            self._waiting.append(RankUp(owed.display_name, tier, rank))
        return len(self._owed) == 1

    def tell(self) -> None:
        """Post what has come together, or drop it if the channel has heard enough."""
        ups, self._waiting = self._waiting, []
        owed, self._owed = tuple(self._owed), []
        settings, ledger = self._world.live.settings, self._world.ledger
        told = may_tell(self._told, ups, self._world.clock.now_ms())
        if told is None or not settings.announcements.rank_promotion:
            ledger.offer(Commit(SettleNotices(owed)))
            return
        self._told = told
        template = settings.announcements.templates.rank_up
        text = texts.rank_ups(template, by_rank(ups), currency_variables(settings.currency))
        self._world.outboxes[self._channel].offer(Line(text, gate="rank_promotion", batch=True))
        ledger.offer(Commit(RankUpsTold(self._channel, owed, told.at_ms, told.highest)))
