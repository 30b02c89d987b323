"""The minutes of a channel: counted, shared out, and told to the books (`earning.md` 3.3).

A tick is one ledger operation for everybody here, named after the minute it stands for, so that
no restart can pay a minute twice. The channel tells and goes on; one tick is under way at a time,
and one whose outcome is unknown is asked for again by its id.
"""

from collections import deque
from collections.abc import Callable
from time import perf_counter

import structlog

from economy_actors.channel.messages import MinuteBooked
from economy_actors.context import World
from economy_actors.earning_terms import terms_now
from economy_actors.runtime import RuntimeFault
from kryten_economy.features.presence.minutes import minute_rate
from kryten_economy.features.presence.onboarding import earning_gate
from kryten_economy.features.presence.operations import (
    PresenceEntry,
    PresenceMinute,
    PresencePaid,
)
from kryten_economy.features.presence.rules import (
    MINUTE_MS,
    MinuteShare,
    Roster,
    Visit,
    elapsed_minutes,
)
from kryten_economy.refusals import ReadOnly

__all__ = ("Minutes",)

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
        world: World,
        roster: Roster,
        request: Callable[[PresenceMinute], None],
        later: Callable[[float, MinuteBooked], object],
    ) -> None:
        self._name = name
        self._world = world
        self._roster = roster
        self._request = request
        self._later = later
        self._arriving: dict[str, int] = {}
        self._waiting: deque[PresenceMinute] = deque()
        self._began_s = 0.0
        self._tries = 0
        self._ticked_at_ms = world.clock.now_ms() // MINUTE_MS * MINUTE_MS

    def arriving(self, name: str, at_ms: int) -> None:
        """Somebody came whose arrival the books have to judge first."""
        self._arriving[name.lower()] = at_ms

    def passed(self, at_ms: int) -> tuple[Visit, ...]:
        """Count the minutes since the last tick and have them paid; the visits that are over."""
        minutes = elapsed_minutes(self._ticked_at_ms, at_ms)
        if not minutes:
            return ()
        self._ticked_at_ms = at_ms
        presence = self._world.live.settings.presence
        since_ms = at_ms - _ARRIVING_MS
        self._arriving = {name: ms for name, ms in self._arriving.items() if ms > since_ms}
        shares, over = self._roster.tick(
            at_ms,
            minutes,
            presence.join_debounce_minutes * MINUTE_MS,
            presence.afk_threshold_minutes * MINUTE_MS,
            self._arriving,
        )
        if shares:
            self._waiting.append(self._tick(at_ms, shares))
            if len(self._waiting) == 1:
                self._ask()
        else:
            self._world.metrics.ticked(0.0)
        return tuple(over)

    def _tick(self, at_ms: int, shares: list[MinuteShare]) -> PresenceMinute:
        live = self._world.live
        return PresenceMinute(
            op_id=f"presence:{self._name}:{at_ms // MINUTE_MS}",
            channel=self._name,
            at_ms=at_ms,
            day=live.calendar.day(at_ms),
            entries=tuple(
                PresenceEntry(visit.name, visit.display_name, minutes, active)
                for visit, minutes, active in shares
            ),
            rate=minute_rate(live.settings, live.calendar.hour(at_ms)),
            terms=terms_now(self._world, self._name, at_ms),
            gate=earning_gate(live.settings.onboarding),
        )

    def _ask(self) -> None:
        self._began_s = perf_counter()
        self._request(self._waiting[0])

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
        self._world.metrics.ticked(duration_s)
        if duration_s > _SLOW_S:
            _log.warning(
                "slow presence minute",
                channel=self._name,
                seconds=round(duration_s, 1),
                once_a_minute="",
            )

    def unbooked(self) -> tuple[PresenceMinute, ...]:
        """What is not known to be in the books, for the end of the channel."""
        return tuple(self._waiting)
