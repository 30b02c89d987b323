"""What is done once a day in each channel: interest or decay, the competitions, and folding.

The marker of a job is written in the transaction of its money, so a crash at any moment leaves
it done once or still to do. What was missed is caught up at the start. Folding moves nothing and
may be much: it is done in pieces, with time for everybody else in between, and the books know
how far it came.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import assert_never

import structlog

from economy_actors.context import Context, notify, shown_name
from economy_actors.messages.ledger import commit, query
from economy_actors.outbox.message import Line, LineKind
from economy_actors.runtime import Actor, RuntimeFault
from kryten_economy.calendar import Calendar
from kryten_economy.features import competitions
from kryten_economy.features.competitions import (
    CompetitionsPaid,
    PayCompetitions,
    Prize,
    Won,
    judge,
)
from kryten_economy.features.jobs import COMPETITIONS, FOLDING, Due, folding_due, jobs_due, terms_of
from kryten_economy.features.money.operations import MaintainBalances, Maintained
from kryten_economy.features.presence.operations import FoldMinutes
from kryten_economy.features.presence.rules import MINUTE_MS
from kryten_economy.ledger.folding import ClosedDay
from kryten_economy.ledger.records import FinishJob
from kryten_economy.refusals import Halted, ReadOnly

__all__ = ("FOLDING_PAUSE_S", "FOLDING_ROWS", "DailyJobs", "GoOn", "LookForJobs")

_SECOND_MS = 30_000
"""Half past each minute: behind the presence tick, and at 00:00:30 for the competitions."""

FOLDING_ROWS = 1_000
"""Rows read per piece: some hundredths of a second, in which no money moves."""
FOLDING_PAUSE_S = 0.25
"""Between two pieces, several times as long as one takes."""

_log = structlog.get_logger("jobs")


@dataclass(frozen=True, slots=True)
class LookForJobs:
    """Time to see what is due."""


@dataclass(frozen=True, slots=True)
class GoOn:
    """Time for the next piece of a job."""

    due: Due


class DailyJobs(Actor[LookForJobs | GoOn]):
    """Runs the daily jobs of all channels."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._done: set[Due] = set()
        self._under_way: set[Due] = set()

    async def started(self) -> None:
        """Catch up at once, but let the start go on meanwhile."""
        self.after(0.0, LookForJobs())

    async def receive(self, message: LookForJobs | GoOn) -> None:
        """Do what is due; what fails waits for the next minute."""
        match message:
            case LookForJobs():
                await self._look()
            case GoOn(due):
                self._under_way.discard(due)
                await self._try(due)
            case _:
                assert_never(message)

    async def _look(self) -> None:
        now_ms = self._context.clock.now_ms()
        next_ms = (now_ms - _SECOND_MS) // MINUTE_MS * MINUTE_MS + MINUTE_MS + _SECOND_MS
        self.after(self._context.clock.wait_s(next_ms), LookForJobs())
        live, channels = self._context.live, tuple(self._context.channels)
        due = (
            *jobs_due(live.settings, live.calendar, now_ms, channels),
            *folding_due(live.calendar, now_ms, channels),
        )
        self._done &= set(due)
        for job in due:
            if job not in self._done and job not in self._under_way:
                await self._try(job)

    async def _try(self, due: Due) -> None:
        try:
            done = await self._is_done(due) or await self._do(due)
        except RuntimeFault as fault:
            self._context.metrics.error("scheduler")
            _log.warning("job waits", job=due.job, channel=due.channel, error=repr(fault))
            return
        if done:
            self._done.add(due)

    async def _is_done(self, due: Due) -> bool:
        return await query(
            self._context.reader,
            lambda reports: reports.job_is_done(due.job, due.channel, due.day),
        )

    async def _do(self, due: Due) -> bool:
        if due.job == COMPETITIONS:
            return await self._judge(due)
        if due.job == FOLDING:
            return await self._fold(due)
        return await self._maintain(due)

    async def _maintain(self, due: Due) -> bool:
        terms = terms_of(self._context.live.settings)
        if terms is None:
            return False
        request = MaintainBalances(
            op_id=_op_id(due),
            channel=due.channel,
            mode=terms.mode,
            rate=terms.rate,
            from_z=terms.from_z,
            most_z=terms.most_z,
            reason=terms.reason,
            at_ms=self._context.clock.now_ms(),
            day=due.day,
        )
        answer = await commit(self._context.ledger, request)
        if not isinstance(answer, Maintained):
            _tell_refused("balances not maintained", due, answer)
            return False
        _log.info(terms.mode, channel=due.channel, accounts=answer.accounts, total=answer.total_z)
        return True

    async def _judge(self, due: Due) -> bool:
        settings = self._context.live.settings
        days = await query(
            self._context.reader, lambda reports: reports.day_of_all(due.channel, due.day)
        )
        awards = judge(settings.daily_competitions, days, settings.ignored_names)
        at_ms = self._context.clock.now_ms()
        request = PayCompetitions(
            op_id=_op_id(due),
            channel=due.channel,
            for_day=due.day,
            prizes=tuple(
                Prize(
                    each.competition.id,
                    each.competition.description,
                    each.name,
                    each.amount_z,
                    each.metadata,
                )
                for each in awards
            ),
            at_ms=at_ms,
            day=self._context.live.calendar.day(at_ms),
        )
        answer = await commit(self._context.ledger, request)
        if not isinstance(answer, CompetitionsPaid):
            _tell_refused("competitions not paid", due, answer)
            return False
        self._tell(due, {prize.competition_id: prize for prize in request.prizes}, answer.won)
        return True

    def _tell(self, due: Due, prizes: dict[str, Prize], won: tuple[Won, ...]) -> None:
        """A notice to each winner and one line for all, hidden competitions included."""
        if not won:
            return
        symbol = self._context.live.settings.currency.symbol
        by_competition: dict[str, list[Won]] = defaultdict(list)
        for each in won:
            by_competition[each.competition_id].append(each)
        parts = []
        for competition_id, winners in by_competition.items():
            text = prizes[competition_id].description
            names = [
                shown_name(self._context, each.wallet.user, each.wallet.display_name)
                for each in winners
            ]
            most_z = max(each.amount_z for each in winners)
            parts.append(competitions.prize_of(text, names, most_z, symbol))
            for each in winners:
                told = competitions.competition_notice(text, each.amount_z, symbol)
                notify(self._context, each.wallet, told)
        line = Line(
            competitions.competition_summary(due.day, parts), LineKind.RESULT, gate="daily_champion"
        )
        self._context.outboxes[due.channel].offer(line)

    async def _fold(self, due: Due) -> bool:
        """Fold the next piece of what was before the day; the one after it comes as a message."""
        context, channel = self._context, due.channel
        now_ms = context.clock.now_ms()
        oldest_ms = await query(
            context.reader, lambda reports: reports.oldest_unfolded_ms(channel, now_ms)
        )
        closed = _day_of(oldest_ms, context.live.calendar)
        if closed is None or closed.day >= due.day:
            await commit(context.ledger, FinishJob(FOLDING, channel, due.day, now_ms))
            return True
        answer = await commit(context.ledger, FoldMinutes(channel, closed, now_ms, FOLDING_ROWS))
        if not isinstance(answer, ReadOnly):
            self._under_way.add(due)
            self.after(FOLDING_PAUSE_S, GoOn(due))
        return False


def _tell_refused(event: str, due: Due, answer: object) -> None:
    """What admins have stopped is no fault, and waits for them."""
    log = _log.info if isinstance(answer, Halted) else _log.error
    log(event, channel=due.channel, reason=repr(answer))


def _day_of(at_ms: int | None, calendar: Calendar) -> ClosedDay | None:
    if at_ms is None:
        return None
    day = calendar.day(at_ms)
    return ClosedDay(day, calendar.day_start_ms(day), calendar.next_midnight_ms(at_ms))


def _op_id(due: Due) -> str:
    return f"job:{due.job}:{due.channel}:{due.day}"
