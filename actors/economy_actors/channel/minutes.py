"""The minutes of a channel: counted, shared out, and told to the books (`earning.md` 3.3).

How many minutes have passed the steady clock says; whatever is left over half a minute counts with
the next tick. A tick is one ledger operation for everybody here, named after the minute of the wall
clock in which it ends, so that no restart can pay a minute twice. Where that clock is set back its
minutes come again: then the numbers go on from the highest. The channel tells and goes on; one
tick is under way at a time, and one whose outcome is unknown is asked for again by its id.

Tells sessions when their user has been here long enough for something.

Told again with each fact until the session says that it is settled: at most once per mark is
the promise of the books, at least once that of this repetition.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from time import perf_counter

import structlog

from economy_actors.context import Context, terms_now
from economy_actors.messages.channel import AttendanceSettled, MinuteBooked
from economy_actors.messages.session import AttendanceDue, SessionMessage
from economy_actors.runtime import Ref, RuntimeFault
from kryten_economy.features.presence.minutes import minute_rate
from kryten_economy.features.presence.operations import (
    PresenceEntry,
    PresenceMinute,
    PresencePaid,
)
from kryten_economy.features.presence.rules import (
    MINUTE_IDS,
    MINUTE_MS,
    STALL_MINUTES_MAX,
    Attendance,
    MinuteShare,
    Moment,
    Roster,
    Visit,
    earning_gate,
    marks,
    nearest_minute,
)
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import ReadOnly

__all__ = (
    "AttendanceWatch",
    "CutOff",
    "Minutes",
    "cut_off",
)

CUT_OFF_MINUTES = 10
"""How long before the last sign of life an award may have been cut off: a tick, generously."""

CutOff = tuple[int, tuple[tuple[str, int], ...]]
"""When anybody was seen last, and the minutes of that day of those who were seen then."""


def cut_off(reports: Reports, channel: str, day_of: Callable[[int], str]) -> CutOff | None:
    """Whose minutes were counted by the instance before, just before it stopped."""
    last_ms = reports.last_seen_ms(channel)
    if last_ms is None:
        return None
    since_ms = last_ms - CUT_OFF_MINUTES * MINUTE_MS
    return last_ms, reports.minutes_of(channel, day_of(last_ms), since_ms)


class AttendanceWatch:
    """What the channel remembers of the marks of today."""

    def __init__(self, context: Context, session: Callable[[str], Ref[SessionMessage]]) -> None:
        self._context = context
        self._session = session
        self._attendance = Attendance()

    def catch_up(self, found: CutOff) -> None:
        """See to what a stop cut off: minutes that were counted, and what they bring was not.

        That can only be true of those who were here in the last minutes of the instance
        before; they may be gone since, and their day may be over.
        """
        last_ms, minutes = found
        self._tell(minutes, self._context.live.calendar.day(last_ms), last_ms)

    def changed(self, wallets: Iterable[Wallet], at_ms: int) -> None:
        """See for whom of those whose wallets have changed something is due."""
        by_day: dict[str, list[tuple[str, int]]] = {}
        for wallet in wallets:
            if wallet.minutes_today:
                minutes = (wallet.user.name, wallet.minutes_today)
                by_day.setdefault(wallet.day, []).append(minutes)
        for day, minutes_of_day in by_day.items():
            self._tell(minutes_of_day, day, at_ms)

    def _tell(self, minutes: Sequence[tuple[str, int]], day: str, at_ms: int) -> None:
        due = set(self._attendance.due(minutes, day, marks(self._context.live.settings)))
        if not due:
            return
        for name, present in minutes:
            if name in due and not self._context.live.ignores(name):
                self._session(name).offer(AttendanceDue(day, present, at_ms))

    def settled(self, message: AttendanceSettled) -> None:
        """The books hold everything up to there."""
        self._attendance.settle(message.name, message.day, message.minutes)

    def forget(self, name: str) -> None:
        """The user has gone."""
        self._attendance.forget(name)

    def settings_changed(self) -> None:
        """Marks that were not in force before may be due by now."""
        self._attendance.forget_all()


_SLOW_S = 5.0
_AGAIN_S = 0.5

_ARRIVING_MS = 5_000
"""How long the books may take to judge an arrival; a minute counted before it is judged would
pass for an earlier visit."""

_log = structlog.get_logger("channel")


class Minutes:
    """``request`` has the channel ask the books; the answer comes as `MinuteBooked`."""

    def __init__(
        self,
        name: str,
        context: Context,
        roster: Roster,
        request: Callable[[PresenceMinute], None],
        later: Callable[[float, MinuteBooked], object],
    ) -> None:
        self._name = name
        self._context = context
        self._roster = roster
        self._request = request
        self._later = later
        self._arriving: dict[str, int] = {}
        self._waiting: deque[PresenceMinute] = deque()
        self._number = 0
        self._is_resumed = False
        self._began_s = 0.0
        self._tries = 0
        self._counted_to_ms = context.clock.steady_ms() - context.clock.now_ms() % MINUTE_MS

    def resume(self, highest: tuple[int, int] | None) -> None:
        """The highest minute in the books is known with its time, or that it can't be had.

        Where its time is still to come a start can't tell whether the clock was set back a little
        or these minutes were paid just now: they stay paid, and no more are lost than in a stall.
        Further back they are new minutes.
        """
        if highest is not None:
            number, at_ms = highest
            behind = nearest_minute(at_ms - self._context.clock.now_ms())
            if behind > STALL_MINUTES_MAX:
                _log.warning("the clock was set back", channel=self._name, minutes=behind)
            if behind <= 0 or behind > STALL_MINUTES_MAX:
                self._number = number
        if not self._is_resumed:
            self._is_resumed = True
            if self._waiting:
                self._ask()

    def arriving(self, name: str) -> None:
        """Somebody came whose arrival the books have to judge first."""
        self._arriving[name.lower()] = self._context.clock.steady_ms()

    def passed(self, ended: Moment) -> tuple[Visit, ...]:
        """Count the minutes since the last tick and have them paid; the visits that are over."""
        at_ms, steady_ms = ended
        minutes = nearest_minute(steady_ms - self._counted_to_ms)
        if minutes <= 0:
            return ()
        self._counted_to_ms += minutes * MINUTE_MS
        presence = self._context.live.settings.presence
        since_ms = steady_ms - _ARRIVING_MS
        self._arriving = {name: ms for name, ms in self._arriving.items() if ms > since_ms}
        shares, over = self._roster.tick(
            ended,
            min(minutes, STALL_MINUTES_MAX),
            presence.join_debounce_minutes * MINUTE_MS,
            presence.afk_threshold_minutes * MINUTE_MS,
            self._arriving,
        )
        if shares:
            self._waiting.append(self._tick(at_ms, shares))
            if len(self._waiting) == 1 and self._is_resumed:
                self._ask()
        else:
            self._context.metrics.ticked(0.0)
        return tuple(over)

    def _tick(self, at_ms: int, shares: list[MinuteShare]) -> PresenceMinute:
        live = self._context.live
        return PresenceMinute(
            op_id="",
            channel=self._name,
            at_ms=at_ms,
            day=live.calendar.day(at_ms),
            entries=tuple(
                PresenceEntry(visit.name, visit.display_name, minutes, active, visit.connected)
                for visit, minutes, active in shares
            ),
            rate=minute_rate(live.settings, live.calendar.hour(at_ms)),
            terms=terms_now(self._context, self._name, at_ms),
            gate=earning_gate(live.settings.onboarding),
        )

    def _ask(self) -> None:
        self._began_s = perf_counter()
        self._waiting[0] = request = self._named(self._waiting[0])
        self._request(request)

    def _named(self, request: PresenceMinute) -> PresenceMinute:
        """The request with its id, which it keeps from the first time it is asked."""
        if request.op_id:
            return request
        self._number = max(request.at_ms // MINUTE_MS, self._number + 1)
        return replace(request, op_id=MINUTE_IDS.format(self._name, self._number))

    def booked(self, message: MinuteBooked) -> None:
        """The books have answered, or somebody else in their place."""
        request = self._waiting[0]
        match message.answer:
            case RuntimeFault() if not self._tries:
                self._tries += 1
                self._ask()
                return
            case RuntimeFault() as fault if not message.waited:
                _log.warning(
                    "minute is asked for again",
                    channel=self._name,
                    fault=str(fault),
                    once_a_minute="",
                )
                self._later(_AGAIN_S, MinuteBooked(fault, waited=True))
                return
            case RuntimeFault():
                self._ask()
                return
            case PresencePaid(replayed=True):
                _log.warning("minute was paid before", channel=self._name, op_id=request.op_id)
            case PresencePaid():
                self._measure()
            case ReadOnly(reason=reason):
                _log.error("minute not paid", channel=self._name, reason=reason)
            case refusal:
                raise AssertionError(f"a presence minute cannot be refused: {refusal!r}")
        self._tries = 0
        self._waiting.popleft()
        if self._waiting:
            self._ask()

    def _measure(self) -> None:
        duration_s = perf_counter() - self._began_s
        self._context.metrics.ticked(duration_s)
        if duration_s > _SLOW_S:
            _log.warning(
                "slow presence minute",
                channel=self._name,
                seconds=round(duration_s, 1),
                once_a_minute="",
            )

    def unbooked(self) -> tuple[PresenceMinute, ...]:
        """What is not known to be in the books, for the end of the channel."""
        return tuple(map(self._named, self._waiting))
