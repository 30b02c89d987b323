"""The events of one channel: noticed, announced, paid and ended once each; and its ambient rain.

What multiplies follows from the clock alone (`features.events.rules`); here is what else goes with
it (`earning.md` 9.3 to 9.5). What has been done is in the books, so no restart repeats it. Rain is
one amount for all who are here, told in the channel first (P-MSG-3).
"""

import structlog

from economy_actors.context import Context, multipliers_now, notify, present_if_known, present_users
from economy_actors.messages.ledger import commit, query
from economy_actors.messages.workers import AdHocBegun, AdHocEnded
from economy_actors.outbox.message import Line, LineKind
from kryten_economy.features.events import texts
from kryten_economy.features.events.adhoc import RunningEvent
from kryten_economy.features.events.operations import EndEvent, EventOpened, OpenEvent
from kryten_economy.features.events.rules import (
    OFF_PEAK,
    AdHoc,
    Occurrence,
    holidays_now,
    is_off_peak,
    metadata,
    scheduled_now,
)
from kryten_economy.features.gifts import (
    Distributed,
    RainDrop,
    RainShare,
    rain_amount,
    rain_line,
    rain_notice,
    rain_perk,
)
from kryten_economy.features.money.texts import currency_variables
from kryten_economy.features.presence.rules import earning_gate
from kryten_economy.features.ranks.rules import perks_of
from kryten_economy.ledger.records import ClaimJob
from kryten_economy.refusals import Halted
from kryten_economy.text.templates import exact
from kryten_economy.users import Present

__all__ = (
    "LATE_MS",
    "Events",
    "let_it_rain",
)

_log = structlog.get_logger("rain")


async def let_it_rain(context: Context, channel: str) -> None:
    """Let one drop fall; nobody here, nothing falls."""
    settings = context.live.settings
    present = present_users(context, channel)
    if not present:
        return
    at_ms = context.clock.now_ms()
    base_z = context.dice.between(settings.rain.min_amount, settings.rain.max_amount)
    request = RainDrop(
        op_id=f"rain:{channel}:{at_ms}",
        channel=channel,
        shares=await _shares(context, channel, at_ms, base_z, present),
        gate=earning_gate(settings.onboarding),
        at_ms=at_ms,
        day=context.live.calendar.day(at_ms),
    )
    answer = await commit(context.ledger, request)
    if isinstance(answer, Halted):
        return
    if not isinstance(answer, Distributed):
        _log.error("no rain", channel=channel, reason=repr(answer))
        return
    if answer.paid:
        _tell_of_rain(context, channel, answer)


async def _shares(
    context: Context, channel: str, at_ms: int, base_z: int, present: tuple[Present, ...]
) -> tuple[RainShare, ...]:
    events = multipliers_now(context, channel, at_ms).scheduled
    ladder, names = context.live.ladder, {each.name for each in present}
    known = await query(context.reader, lambda reports: reports.rank_facts(channel, names))
    indexes = {
        name: ladder.effective(rank_name, earned_z, held_from_z)
        for name, rank_name, earned_z, held_from_z in known
    }
    shares = []
    for each in present:
        bonus = perks_of(context.live.settings.ranks, indexes.get(each.name, 0)).rain_bonus_percent
        amount_z = rain_amount(base_z, events.product, bonus)
        why = metadata(base_z, events.also(rain_perk(bonus)))
        shares.append(RainShare(each.name, each.display_name, amount_z, why))
    return tuple(shares)


def _tell_of_rain(context: Context, channel: str, answer: Distributed) -> None:
    settings = context.live.settings
    currency = currency_variables(settings.currency)
    amounts = [each.amount_z for each in answer.paid]
    text = rain_line(
        settings.announcements.templates.rain,
        currency,
        count=len(amounts),
        total_z=sum(amounts),
        each_z=min(amounts),
        sender=settings.bot.username,
    )
    context.outboxes[channel].offer(Line(text, gate="rain_drop"))
    if settings.rain.pm_notification:
        for each in answer.paid:
            told = rain_notice(settings.rain.message, each.amount_z, currency)
            notify(context, each.wallet, told)


LATE_MS = 5 * 60_000
"""A start that is noticed later than this is neither announced nor paid for."""

_LOAD_S = 60.0
"""At a start all channels read at once; the last one is not to fail because it is the last."""


class Events:
    """Belongs to the channel_events of one channel."""

    def __init__(self, channel: str, context: Context) -> None:
        self._channel = channel
        self._context = context
        self._running: list[RunningEvent] = []

    async def load(self) -> None:
        """Go on with what runs according to the books."""
        channel = self._channel
        self._running = list(
            await query(
                self._context.reader,
                lambda reports: reports.running_events(channel),
                timeout_s=_LOAD_S,
            )
        )
        self._context.adhoc.pop(channel, None)
        for event in self._running:
            if event.kind == "adhoc":
                self._context.adhoc[channel] = _adhoc(event)
        self.show()

    async def begin_and_end(self, at_ms: int) -> None:
        """End what is over, begin what has fired, tell of windows that have just opened."""
        await self._end_over(at_ms)
        live = self._context.live
        for occurrence in scheduled_now(live.settings, live.calendar, at_ms):
            if not self._is_known(occurrence):
                await self._open(occurrence, at_ms)
        await self._tell_windows(at_ms)
        self.show()

    def show(self) -> None:
        """Set the gauges to what is in force."""
        self._context.metrics.set_multipliers(
            self._channel, multipliers_now(self._context, self._channel)
        )

    # Scheduled

    def _is_known(self, occurrence: Occurrence) -> bool:
        wanted = ("scheduled", occurrence.event.name, occurrence.fired_at_ms)
        return any((each.kind, each.name, each.fired_at_ms) == wanted for each in self._running)

    async def _open(self, occurrence: Occurrence, at_ms: int) -> None:
        event, fired_at_ms, ends_at_ms = occurrence
        in_time = at_ms - fired_at_ms <= LATE_MS
        present = present_if_known(self._context, self._channel) if in_time else ()
        if present is None:
            # Those who are here get their part: the next minute may know who that is.
            return
        request = OpenEvent(
            op_id=f"event:{self._channel}:{event.name}:{fired_at_ms}",
            channel=self._channel,
            name=event.name,
            multiplier=exact(event.multiplier),
            fired_at_ms=fired_at_ms,
            ends_at_ms=ends_at_ms,
            announced=event.announce,
            bonus_each_z=self._bonus_each(occurrence, len(present)),
            present=present,
            at_ms=at_ms,
            day=self._context.live.calendar.day(at_ms),
        )
        answer = await commit(self._context.ledger, request)
        self._running.append(
            RunningEvent(
                "scheduled", event.name, fired_at_ms, ends_at_ms, request.multiplier, event.announce
            )
        )
        if not isinstance(answer, EventOpened) or answer.replayed or not answer.fresh:
            # Known since before a restart, or the books take no money now.
            _log.info("event goes on", channel=self._channel, event_name=event.name)
            return
        if in_time and event.announce:
            length_s = (ends_at_ms - fired_at_ms) / 1000
            self._say(texts.event_begun(event.name, request.multiplier, length_s), LineKind.RESULT)
        symbol = self._context.live.settings.currency.symbol
        for each in answer.paid:
            notify(
                self._context, each.wallet, texts.bonus_notice(event.name, each.amount_z, symbol)
            )

    def _bonus_each(self, occurrence: Occurrence, users: int) -> int:
        """Each one's part of the pool, at least 1; 0 where there is no pool or nobody."""
        pool_z = occurrence.event.presence_bonus
        default = self._context.live.settings.content_triggers.present_at_event_start
        if pool_z is None:
            pool_z = default.default_reward if default.enabled else 0
        return max(1, pool_z // users) if pool_z and users else 0

    async def _end_over(self, at_ms: int) -> None:
        names = {event.name for event in self._context.live.settings.multipliers.scheduled_events}
        for event in list(self._running):
            gone = event.kind == "scheduled" and event.name not in names
            if not gone and at_ms < event.ends_at_ms:
                continue
            if await self._end(event, at_ms) and event.announced:
                told = texts.adhoc_ended if event.kind == "adhoc" else texts.event_over
                self._say(told(event.name), LineKind.RESULT)

    async def _end(self, event: RunningEvent, at_ms: int) -> bool:
        request = EndEvent(self._channel, event.kind, event.name, event.fired_at_ms, at_ms)
        answer = await commit(self._context.ledger, request)
        self._running.remove(event)
        if event.kind == "adhoc":
            self._context.adhoc.pop(self._channel, None)
        return answer.changed

    # Ad hoc

    def begun(self, told: AdHocBegun) -> None:
        """Run an operator's event from now on, instead of the one that runs.

        Of two that were started at once, the later one runs, whichever is told first.
        """
        event = told.event
        adhoc = [each for each in self._running if each.kind == "adhoc"]
        if all(each.fired_at_ms <= event.fired_at_ms for each in adhoc):
            self._running = [each for each in self._running if each.kind != "adhoc"]
            self._running.append(event)
            self._context.adhoc[self._channel] = _adhoc(event)
        self._say(
            texts.adhoc_started(event.name, event.multiplier, told.minutes, told.by),
            LineKind.RESULT,
        )
        self.show()

    def ended(self, told: AdHocEnded) -> None:
        """End the operator's event."""
        gone = ("adhoc", told.name, told.fired_at_ms)
        for event in list(self._running):
            if (event.kind, event.name, event.fired_at_ms) == gone:
                self._running.remove(event)
                self._context.adhoc.pop(self._channel, None)
        self._say(texts.adhoc_stopped(told.name, told.by), LineKind.RESULT)
        self.show()

    # Windows

    async def _tell_windows(self, at_ms: int) -> None:
        """Off-peak hours and holidays that have just begun, if there is anybody to hear it."""
        if not self._context.population.get(self._channel):
            return
        live = self._context.live
        settings, calendar, before_ms = live.settings, live.calendar, at_ms - LATE_MS
        multipliers = settings.multipliers
        opens = is_off_peak(settings, calendar, at_ms) and not is_off_peak(
            settings, calendar, before_ms
        )
        if opens and multipliers.off_peak.announce:
            mult = exact(multipliers.off_peak.multiplier)
            hour = f"{calendar.day(at_ms)}T{calendar.hour(at_ms):02}"
            await self._tell_opening(OFF_PEAK, hour, texts.opening("off-peak bonus", mult), at_ms)
        if multipliers.holidays.announce:
            yesterday = holidays_now(settings, calendar, before_ms)
            for name, mult in holidays_now(settings, calendar, at_ms):
                if (name, mult) not in yesterday:
                    text = texts.opening(name, mult)
                    await self._tell_opening(f"holiday:{name}", calendar.day(at_ms), text, at_ms)

    async def _tell_opening(self, source: str, period: str, text: str, at_ms: int) -> None:
        claim = ClaimJob(f"opening:{source}", self._channel, period, at_ms)
        answer = await commit(self._context.ledger, claim)
        if answer.fresh:
            self._say(text, LineKind.ORDINARY)

    def _say(self, text: str, kind: LineKind) -> None:
        # Two events of one name within seconds are two events, and each is told.
        line = Line(text, kind=kind, dedup=kind is LineKind.ORDINARY)
        if not self._context.outboxes[self._channel].offer(line):
            _log.warning("announcement lost", channel=self._channel)


def _adhoc(event: RunningEvent) -> AdHoc:
    return AdHoc(event.name, event.multiplier, event.fired_at_ms, event.ends_at_ms)
