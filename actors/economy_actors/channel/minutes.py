"""The minutes of a channel: counted, made worth something, and paid (`spec/earning.md` 2.1, 3.3).

A tick is one ledger operation for everybody here, named after the minute it stands for, so that
no restart can pay a minute twice.
"""

from collections.abc import Callable
from time import perf_counter

import structlog

from economy_actors.channel.dwelling import Dwelling
from economy_actors.channel.progress_watch import ProgressWatch
from economy_actors.context import World
from economy_actors.ledger.client import commit
from economy_actors.metrics.metrics import Metrics
from economy_actors.multipliers import multipliers_now, rank_indexes
from economy_actors.runtime import Ref
from economy_actors.session.messages import ProgressDue, SessionMessage
from kryten_economy.features.events.rules import with_carry
from kryten_economy.features.presence.minutes import (
    Accumulator,
    MinuteWorth,
    minute_rate,
    minute_worth,
    rank_factor,
)
from kryten_economy.features.presence.onboarding import earning_gate
from kryten_economy.features.presence.rules import (
    MINUTE_MS,
    MinuteShare,
    Roster,
    Visit,
    elapsed_minutes,
)
from kryten_economy.features.presence.operations import PresenceEntry, PresenceMinute, PresencePaid
from kryten_economy.ledger import PresenceFact
from kryten_economy.refusals import ReadOnly

__all__ = ("Minutes",)

_NIGHT_TRIGGER = "presence.night_watch"
_SLOW_S = 5.0

_ARRIVING_MS = 5_000
"""How long the books may take to judge an arrival; a minute counted before it is judged would
pass for an earlier visit."""

_log = structlog.get_logger("channel")


class Minutes:
    """What passes in a channel; ``session`` finds the session of a lower-case name."""

    def __init__(
        self,
        name: str,
        world: World,
        roster: Roster,
        progress: ProgressWatch,
        dwelling: Dwelling,
        session: Callable[[str], Ref[SessionMessage]],
    ) -> None:
        self._name = name
        self._world = world
        self._roster = roster
        self._progress = progress
        self._dwelling = dwelling
        self._session = session
        self._fractions = Accumulator()
        self._arriving: dict[str, int] = {}
        self._ticked_at_ms = world.clock.now_ms() // MINUTE_MS * MINUTE_MS

    def arriving(self, name: str, at_ms: int) -> None:
        """Somebody came whose arrival the books have to judge first."""
        self._arriving[name.lower()] = at_ms

    async def passed(self, at_ms: int) -> tuple[Visit, ...]:
        """Count and pay the minutes since the last tick; the visits that are over."""
        began_s = perf_counter()
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
            await self._pay(at_ms, shares)
        duration_s = perf_counter() - began_s
        self._world.metrics.ticked(duration_s)
        if duration_s > _SLOW_S:
            _log.warning("slow presence minute", channel=self._name, seconds=round(duration_s, 1))
        return tuple(over)

    async def _pay(self, at_ms: int, shares: list[MinuteShare]) -> None:
        world = self._world
        request = PresenceMinute(
            op_id=f"presence:{self._name}:{at_ms // MINUTE_MS}",
            channel=self._name,
            at_ms=at_ms,
            day=world.live.calendar.day(at_ms),
            entries=await _entries(world, self._name, at_ms, shares, self._fractions),
            gate=earning_gate(world.live.settings.onboarding),
        )
        match await commit(world.ledger, request):
            case PresencePaid(paid=paid, replayed=False):
                _measure(world.metrics, request, paid)
                await self._check_progress(at_ms, paid)
                self._dwelling.look(paid, request.day, at_ms)
            case PresencePaid():
                _log.warning("minute was paid before", channel=self._name, op_id=request.op_id)
            case ReadOnly(reason=reason):
                _log.error("minute not paid", channel=self._name, reason=reason)
            case refusal:
                raise AssertionError(f"a presence minute cannot be refused: {refusal!r}")

    async def _check_progress(self, at_ms: int, paid: tuple[PresenceFact, ...]) -> None:
        """Let those look at what they have reached for whom these minutes counted."""
        for name in self._progress.rose(paid):
            self._session(name).offer(ProgressDue())
        for name, minutes in (await self._progress.stayed(at_ms, paid)).items():
            self._session(name).offer(ProgressDue(minutes))


async def _entries(
    world: World, channel: str, at_ms: int, shares: list[MinuteShare], fractions: Accumulator
) -> tuple[PresenceEntry, ...]:
    """One entry per share; the parts of coins stay in ``fractions`` under the user's name."""
    settings, calendar = world.live.settings, world.live.calendar
    rate = minute_rate(settings, calendar.hour(at_ms))
    combined = multipliers_now(world, channel, at_ms)
    names = [share.visit.name for share in shares]
    tiers = await rank_indexes(world, channel, names)
    worths: dict[tuple[int, int, int], MinuteWorth] = {}
    entries = []
    for visit, minutes, active in shares:
        # Most users of a tick share one of very few cases.
        case = (minutes, active, tiers.get(visit.name, 0))
        worth = worths.get(case)
        if worth is None:
            rank = rank_factor(settings, case[2])
            worth = worths[case] = minute_worth(rate, minutes, active, combined, rank)
        before = fractions.held(visit.name)
        credit_z = fractions.add(visit.name, worth.amount)
        base = rate.plain(minutes, active)
        night_z = None
        if rate.is_night:
            night_z = fractions.add((visit.name, _NIGHT_TRIGGER), worth.night)
        entries.append(
            PresenceEntry(
                visit.name,
                visit.display_name,
                minutes,
                active,
                credit_z,
                with_carry(worth.metadata, base, before, fractions.held(visit.name)),
                night_z,
            )
        )
    return tuple(entries)


def _measure(metrics: Metrics, request: PresenceMinute, paid: tuple[PresenceFact, ...]) -> None:
    """Show what a tick paid, and the part that the night watch added to it."""
    total_z = sum(fact.credited_z for fact in paid)
    metrics.earned(total_z)
    hits = sum(1 for fact in paid if fact.credited_z)
    metrics.trigger(request.channel, "presence.base", total_z, hits)
    night = [
        entry.night_z
        for entry, fact in zip(request.entries, paid, strict=True)
        if fact.credited_z and entry.night_z is not None
    ]
    if night:
        metrics.trigger(request.channel, _NIGHT_TRIGGER, sum(night), len(night))
