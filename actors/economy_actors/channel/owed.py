"""What the users of a channel are still to be told, over pauses and restarts.

Each notice stands in the books until it was handed to the outbox. What an instance leaves is
told by the next one, to those who are in the room then, or when they come. While the robot is
away notices stay here, since nobody knows who would get them. Who leaves before their welcome is
due is not welcomed (`earning.md` 7). A notice for one user is dropped when it is a week too late,
a public rank-up after an hour: then it is no news any more.
"""

from collections import deque
from collections.abc import Callable

import structlog

from economy_actors.channel.messages import (
    ChannelMessage,
    NoticeDue,
    NoticeOwed,
    OwedRead,
    RankUpsDue,
)
from economy_actors.channel.progress import ProgressWatch
from economy_actors.channel.rank_ups import COLLECT_S
from economy_actors.context import World
from economy_actors.ledger.messages import Commit
from economy_actors.notices import notice
from economy_actors.outbox.message import Pm, Priority
from kryten_economy.features.money.texts import currency_variables
from kryten_economy.features.presence import texts as presence_texts
from kryten_economy.features.presence.operations import WELCOME
from kryten_economy.features.presence.rules import Roster
from kryten_economy.features.ranks import texts as ranks_texts
from kryten_economy.features.ranks.operations import LEVEL_ASKED, LEVEL_GIVEN, RANK_UP
from kryten_economy.ledger.notices import OwedNotice, SettleNotices

__all__ = ("OwedNotices",)

_WEEK_MS = 7 * 86_400_000
_HOUR_MS = 3_600_000
_AGAIN_S = 30.0
_SETTLED_MAX = 1024

_log = structlog.get_logger("notices")


class OwedNotices:
    """``read`` has the books say what is owed; ``later`` tells the channel something later."""

    def __init__(
        self,
        channel: str,
        world: World,
        roster: Roster,
        progress: ProgressWatch,
        read: Callable[[], None],
        later: Callable[[float, ChannelMessage], object],
    ) -> None:
        self._channel = channel
        self._world = world
        self._roster = roster
        self._progress = progress
        self._read = read
        self._later = later
        self._pending: set[int] = set()
        self._settled: deque[int] = deque(maxlen=_SETTLED_MAX)
        self._left_over: set[int] = set()
        self._absent: dict[str, list[OwedNotice]] = {}
        self._robot_here = True

    def news(self, message: NoticeOwed | NoticeDue | OwedRead, trace: str | None) -> None:
        """Take a notice that is owed now, one whose time has come, or all that were left."""
        match message:
            case NoticeOwed(owed):
                self._take(owed, trace)
            case NoticeDue(owed):
                self._due(owed, trace)
            case OwedRead(owed=None, waited=False):
                self._later(_AGAIN_S, OwedRead(None, waited=True))
            case OwedRead(owed=None):
                self._read()
            case OwedRead(owed=left, rank_ups_told=told):
                self._progress.rank_ups.resume(told)
                self._catch_up(left or ())
                self._progress.levels.compare()

    def robot(self, *, here: bool) -> None:
        """The robot went away or came back; what has waited is told with the next news of people.

        Until then nobody knows who has left meanwhile.
        """
        self._robot_here = here

    def here(self) -> None:
        """The room has changed: whoever is owed something and is in it now is told."""
        if not self._robot_here:
            return
        present = [name for name in self._absent if self._is_here(name)]
        for name in present:
            for owed in self._absent.pop(name):
                self._due(owed, None)

    def _catch_up(self, left: tuple[OwedNotice, ...]) -> None:
        now_ms = self._world.clock.now_ms()
        stale = tuple(each.id for each in left if _is_stale(each, now_ms))
        if stale:
            _log.info("notices are too old to be told", channel=self._channel, count=len(stale))
            self._settle(*stale)
        for each in left:
            if each.id not in self._settled and each.id not in self._pending:
                self._left_over.add(each.id)
                self._take(each, None)

    def _take(self, owed: OwedNotice, trace: str | None) -> None:
        if owed.id in self._settled or owed.id in self._pending:
            return
        match owed.kind:
            case kind if kind == RANK_UP:
                self._settled.append(owed.id)
                if self._progress.rank_ups.add(owed):
                    self._later(COLLECT_S, RankUpsDue())
            case kind if kind == LEVEL_ASKED:
                self._progress.levels.intended(owed.user.name, int(owed.data["level"]))
            case _:
                self._pending.add(owed.id)
                wait_ms = owed.due_at_ms - self._world.clock.now_ms()
                if wait_ms > 0:
                    self._later(wait_ms / 1000, NoticeDue(owed))
                else:
                    self._due(owed, trace)

    def _due(self, owed: OwedNotice, trace: str | None) -> None:
        if _is_stale(owed, self._world.clock.now_ms()):
            self._settle(owed.id)
        elif not self._robot_here:
            self._absent.setdefault(owed.user.name, []).append(owed)
        elif self._is_here(owed.user.name):
            self._tell(owed, trace)
        elif owed.kind == WELCOME and owed.id not in self._left_over:
            self._settle(owed.id)
        else:
            self._absent.setdefault(owed.user.name, []).append(owed)

    def _tell(self, owed: OwedNotice, trace: str | None) -> None:
        """Hand it to the outbox first and take it out of the books then; so it is never lost."""
        pm = self._pm(owed, trace)
        if pm is None or self._world.outboxes[self._channel].offer(pm):
            self._settle(owed.id)
        else:
            self._later(_AGAIN_S, NoticeDue(owed))

    def _pm(self, owed: OwedNotice, trace: str | None) -> Pm | None:
        """The message; None for what is muted, or what only another version could tell."""
        settings = self._world.live.settings
        if owed.kind == WELCOME:
            words = currency_variables(settings.currency)
            template, amount_z = settings.onboarding.welcome_message, int(owed.data["amount_z"])
            text = presence_texts.welcome(template, amount_z, words)
            return Pm(to=owed.display_name, text=text, priority=Priority.RESULT, trace=trace)
        if owed.kind == LEVEL_GIVEN and not owed.quiet:
            text = ranks_texts.level_given(int(owed.data["level"]))
            return notice(owed.display_name, text, trace=trace)
        return None

    def _settle(self, *ids: int) -> None:
        self._settled.extend(ids)
        self._pending.difference_update(ids)
        self._left_over.difference_update(ids)
        self._world.ledger.offer(Commit(SettleNotices(ids)))

    def _is_here(self, name: str) -> bool:
        visit = self._roster.get(name)
        return visit is not None and visit.connected


def _is_stale(owed: OwedNotice, now_ms: int) -> bool:
    return now_ms - owed.due_at_ms > (_HOUR_MS if owed.kind == RANK_UP else _WEEK_MS)
