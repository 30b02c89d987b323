"""Who has reached a rank, a level or an achievement by what a commit has changed.

CyTube levels that come with a rank (`spending.md` 8, `progression.md` 1).

A level is asked for only where CyTube has told a lower rank for this stay, so that nobody is
ever lowered, and once in a stay; it counts as given when CyTube tells the new rank. The books know
first what is going to be asked for, so that a level given while nobody listened is found out by
comparing.

The rank-ups of a channel that wait to be told together.

The books keep them, and when any were told last, so that a restart neither loses one nor begins
the quiet hour anew.

What the users of a channel are still to be told, over pauses and restarts.

Each notice stands in the books until it was handed to the outbox. What an instance leaves is
told by the next one, to those who are in the room then, or when they come. While the robot is
away notices stay here, since nobody knows who would get them. Who leaves before their welcome is
due is not welcomed (`earning.md` 7). A notice for one user is dropped when it is a week too late,
a public rank-up after an hour: then it is no news any more.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, assert_never

import structlog

from economy_actors.context import Context, notice, shown_name
from economy_actors.messages.channel import (
    ChannelMessage,
    LevelDue,
    NoticeDue,
    NoticeOwed,
    OwedRead,
    RankUpsDue,
    RankUpsRead,
)
from economy_actors.messages.ledger import Commit
from economy_actors.messages.session import GiveLevel, LevelGiven, ProgressMade, SessionMessage
from economy_actors.outbox.message import Line, Pm, Priority
from economy_actors.runtime import Ref
from kryten_economy.features.achievements import Lookout
from kryten_economy.features.money.texts import currency_variables
from kryten_economy.features.presence import texts as presence_texts
from kryten_economy.features.presence.operations import WELCOME
from kryten_economy.features.presence.rules import Roster
from kryten_economy.features.ranks import texts
from kryten_economy.features.ranks import texts as ranks_texts
from kryten_economy.features.ranks.operations import LEVEL_ASKED, LEVEL_GIVEN, RANK_UP, RankUpsTold
from kryten_economy.features.ranks.rules import LastRankUp, RankUp, by_rank, may_tell
from kryten_economy.features.reports.rows import RankFacts
from kryten_economy.ledger.facts import Facts
from kryten_economy.ledger.records import OwedNotice, SettleNotices
from kryten_economy.ledger.wallet import Wallet

__all__ = (
    "COLLECT_S",
    "LEVEL_WAIT_S",
    "Levels",
    "OwedNotices",
    "ProgressWatch",
    "RankUpBoard",
)

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


COLLECT_S = 3.0
"""How long the sessions of a minute tick have to say who was promoted."""

_WAITING_MAX = 200
_AGAIN_S = 30.0


class RankUpBoard:
    """Collects promotions and tells them in one public line."""

    def __init__(self, channel: str, context: Context) -> None:
        self._channel = channel
        self._context = context
        self._waiting: list[OwedNotice] = []
        self._told: LastRankUp | None = None

    def resume(self, told: LastRankUp | None) -> None:
        """When the instance before told any; what this one has told since counts more."""
        self._told = self._told or told

    def add(self, owed: OwedNotice) -> bool:
        """Take a promotion; True for the first one, after which the telling is to be planned."""
        self._waiting.append(owed)
        return len(self._waiting) == 1

    def take(self) -> tuple[OwedNotice, ...]:
        """What has come together; whoever takes it has it told, or puts it back."""
        taken, self._waiting = tuple(self._waiting), []
        return taken

    def put_back(self, due: Sequence[OwedNotice]) -> bool:
        """They could not be told yet; True if the telling is to be planned anew."""
        was_empty = not self._waiting
        self._waiting[:0] = due
        return was_empty

    def tell(self, due: Sequence[OwedNotice], facts: Iterable[RankFacts]) -> None:
        """Post those whose rank still holds, or none if the channel has heard enough.

        An undo may have taken a rank back since it was stored.
        """
        settings, ledger = self._context.live.settings, self._context.ledger
        held = {each.name: each for each in facts}
        ups = [
            self._rank_up(each)
            for each in due[:_WAITING_MAX]
            if self._holds(each, held.get(each.user.name))
        ]
        owed = tuple(each.id for each in due)
        told = may_tell(self._told, ups, self._context.clock.now_ms())
        if told is None or not settings.announcements.rank_promotion:
            ledger.offer(Commit(SettleNotices(owed)))
            return
        self._told = told
        template = settings.announcements.templates.rank_up
        text = texts.rank_ups(template, by_rank(ups), currency_variables(settings.currency))
        self._context.outboxes[self._channel].offer(Line(text, gate="rank_promotion", batch=True))
        ledger.offer(Commit(RankUpsTold(self._channel, owed, told.at_ms, told.highest)))

    def _holds(self, owed: OwedNotice, now: RankFacts | None) -> bool:
        """Whether they have that rank, or by now a higher one."""
        ladder, rank = self._context.live.ladder, str(owed.data["rank"])
        if now is None:
            return False
        index = ladder.effective(now.rank_name, now.lifetime_earned_z, now.rank_held_from_z)
        return ladder.names[index] == rank or index >= int(owed.data["tier"])

    def _rank_up(self, owed: OwedNotice) -> RankUp:
        tier, rank = int(owed.data["tier"]), str(owed.data["rank"])
        return RankUp(shown_name(self._context, owed.user, owed.display_name), tier, rank)


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
        context: Context,
        roster: Roster,
        session: Callable[[str], Ref[SessionMessage]],
        read_ranks: Callable[[tuple[OwedNotice, ...]], None],
    ) -> None:
        self._context = context
        self._session = session
        self._read_ranks = read_ranks
        self._roster = roster
        self._achievements = context.live.settings.achievements
        self._lookout = Lookout(context.live.ladder, self._achievements)
        self.rank_ups = RankUpBoard(channel, context)
        self.levels = Levels(roster, session)

    def changed(self, facts: Facts) -> None:
        """Wake whoever has something to get, with the wallet that says so."""
        sees = self._lookout_now().sees
        due = [wallet for wallet in facts.wallets.values() if sees(wallet)]
        if due:
            given = {each.user.name for each in facts.postings if each.type in _FOLLOWED_AT_ONCE}
            for wallet in due:
                self._wake(wallet, absent_too=wallet.user.name in given)

    def check(self, wallet: Wallet) -> None:
        """Wake the user if something is due and they are here."""
        if self._lookout_now().sees(wallet):
            self._wake(wallet)

    def _lookout_now(self) -> Lookout:
        """With the ladder and the achievements in force, which a reload may change."""
        live, lookout = self._context.live, self._lookout
        if lookout.ladder is not live.ladder or (
            lookout.achievements is not live.settings.achievements
        ):
            lookout = self._lookout = Lookout(live.ladder, live.settings.achievements)
        return lookout

    def _wake(self, wallet: Wallet, *, absent_too: bool = False) -> None:
        is_here = self._roster.get(wallet.user.name) is not None
        if not (is_here or absent_too) or self._context.live.ignores(wallet.display_name):
            return
        session = self._session(wallet.user.name)
        if session.depth < _BUSY_DEPTH:
            session.offer(ProgressMade(wallet))

    def news(
        self, message: RankUpsDue | RankUpsRead | LevelDue, after: Callable[[float, Any], object]
    ) -> None:
        """See to what is due now; ``after`` tells the channel something later."""
        match message:
            case RankUpsDue():
                self._read_ranks(self.rank_ups.take())
            case RankUpsRead(due, facts) if facts is not None:
                self.rank_ups.tell(due, facts)
            case RankUpsRead(due):
                if self.rank_ups.put_back(due):
                    after(_AGAIN_S, RankUpsDue())
            case LevelDue(waited=True):
                self.levels.ask(message)
            case LevelDue(name, level):
                after(LEVEL_WAIT_S, LevelDue(name, level, waited=True))
            case _:
                assert_never(message)

    def reloaded(self) -> bool:
        """Whether the settings in force have other achievements than those before."""
        before, self._achievements = self._achievements, self._context.live.settings.achievements
        return before != self._achievements


_WEEK_MS = 7 * 86_400_000
_HOUR_MS = 3_600_000
_SETTLED_MAX = 1024


class OwedNotices:
    """``read`` has the books say what is owed; ``later`` tells the channel something later."""

    def __init__(
        self,
        channel: str,
        context: Context,
        roster: Roster,
        progress: ProgressWatch,
        read: Callable[[], None],
        later: Callable[[float, ChannelMessage], object],
    ) -> None:
        self._channel = channel
        self._context = context
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
                # The reading at the start may have come to see it first.
                self._left_over.discard(owed.id)
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
        now_ms = self._context.clock.now_ms()
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
                wait_ms = owed.due_at_ms - self._context.clock.now_ms()
                if wait_ms > 0:
                    self._later(wait_ms / 1000, NoticeDue(owed))
                else:
                    self._due(owed, trace)

    def _due(self, owed: OwedNotice, trace: str | None) -> None:
        if _is_stale(owed, self._context.clock.now_ms()):
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
        if pm is None or self._context.outboxes[self._channel].offer(pm):
            self._settle(owed.id)
        else:
            self._later(_AGAIN_S, NoticeDue(owed))

    def _pm(self, owed: OwedNotice, trace: str | None) -> Pm | None:
        """The message; None for what is muted, or what only another version could tell."""
        settings = self._context.live.settings
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
        self._context.ledger.offer(Commit(SettleNotices(ids)))

    def _is_here(self, name: str) -> bool:
        visit = self._roster.get(name)
        return visit is not None and visit.connected


def _is_stale(owed: OwedNotice, now_ms: int) -> bool:
    return now_ms - owed.due_at_ms > (_HOUR_MS if owed.kind == RANK_UP else _WEEK_MS)
