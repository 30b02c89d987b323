"""The rank-ups of a channel that wait to be told together."""

from economy_actors.channel.messages import RankedUp
from economy_actors.context import World
from economy_actors.outbox.message import Line
from kryten_economy.features.money.texts import currency_variables
from kryten_economy.features.ranks import texts
from kryten_economy.features.ranks.rules import RankUp, Told, by_rank, may_tell

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
        self._told: Told | None = None

    def add(self, up: RankedUp) -> bool:
        """Take a promotion; True for the first one, after which the telling is to be planned."""
        if len(self._waiting) < _WAITING_MAX:
            self._waiting.append(RankUp(up.name, up.index, up.rank))
        return len(self._waiting) == 1

    def tell(self) -> None:
        """Post what has come together, or drop it if the channel has heard enough."""
        ups, self._waiting = self._waiting, []
        settings = self._world.live.settings
        if not settings.announcements.rank_promotion:
            return
        told = may_tell(self._told, ups, self._world.clock.now_ms())
        if told is None:
            return
        self._told = told
        template = settings.announcements.templates.rank_up
        text = texts.rank_ups(template, by_rank(ups), currency_variables(settings.currency))
        self._world.outboxes[self._channel].offer(Line(text, gate="rank_promotion", batch=True))
