"""Events and what goes on here: what multiplies earning now, and an operator's own event.

Rain at an operator's word: exactly the total falls on all who are here and not banned.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

import structlog

from economy_actors.context import multipliers_now, notify, present_users
from economy_actors.handlers import kit
from economy_actors.handlers.answers import ApiAnswer, Code, Done, Failed, PmAnswer, Refused
from economy_actors.handlers.fields import Amount, Body, Invalid, NumberText, Text
from economy_actors.handlers.registry import ApiCall, Call, PmCall, Question, command, request
from economy_actors.messages.workers import AdHocBegun, AdHocEnded, EventsMessage
from economy_actors.outbox.message import Line, LineKind
from kryten_economy.commands.grammar import BadAmount, amount
from kryten_economy.commands.table import Section
from kryten_economy.features.audit.texts import rain_question
from kryten_economy.features.events import texts
from kryten_economy.features.events import texts as status_texts
from kryten_economy.features.events.adhoc import EventStarted, StartAdHoc, StopAdHoc
from kryten_economy.features.events.rules import (
    ADHOC_MINUTES_MAX,
    ADHOC_MULTIPLIER_MAX,
    ADHOC_NAME_MAX,
)
from kryten_economy.features.gifts import (
    AdminRain,
    Distributed,
    admin_rain_done,
    rain_line,
    rain_notice,
    rain_refused,
)
from kryten_economy.features.money.texts import currency_variables
from kryten_economy.features.queue.rules import blackout_at, next_blackout
from kryten_economy.features.queue.texts import queueing
from kryten_economy.refusals import AMOUNT_MAX_Z, Refusal, TooFewCoins
from kryten_economy.text.markup import user_text
from kryten_economy.users import UNNAMED_ADMIN

__all__ = ("Multiplier", "event_asked_for")

TOTAL = Amount("total_amount", low=1, high=AMOUNT_MAX_Z)


@command(
    "rain",
    syntax="rain <total>",
    summary="share money among all who are here",
    section=Section.ADMIN,
)
async def rain_by_pm(call: PmCall) -> PmAnswer | Question:
    """On how many it fell; a large one is shown first and awaits its code."""
    total_z = call.amount_at(0)
    if isinstance(total_z, Refused):
        return total_z
    if len(call.args) > 1:
        return call.usage()
    if total_z < call.settings.admin.confirm_rain_from:
        return await _rain_and_tell(call, total_z)
    channel = call.channel
    banned = {each.user.name for each in await call.read(lambda reports: reports.bans(channel))}
    wet = [each for each in present_users(call.context, channel) if each.name not in banned]
    if not 0 < len(wet) <= total_z:
        return Refused(Code.REJECTED, rain_refused(len(wet), total_z, call.symbol))
    code = kit.confirmation_code(call)
    names = [each.display_name for each in wet]
    return Question(
        rain_question(names, total_z, call.symbol, code),
        yes=lambda said: _rain_and_tell(kit.confirmed(said, call), total_z),
        code=code,
    )


async def _rain_and_tell(call: PmCall, total_z: int) -> PmAnswer:
    answer = await _rain(call, total_z)
    if not isinstance(answer, Distributed):
        return answer
    return admin_rain_done(len(answer.paid), total_z, call.symbol)


@request("rain", TOTAL, mutating=True, repeatable=True)
async def rain(call: ApiCall) -> ApiAnswer:
    """Let exactly so much fall on those present."""
    total_z = call.field(TOTAL)
    answer = await _rain(call, total_z)
    if not isinstance(answer, Distributed):
        return answer
    data: dict[str, object] = {
        "channel": call.channel,
        "recipients": len(answer.paid),
        "amount_each": total_z // len(answer.paid),
        "total_awarded": total_z,
    }
    return Done(data | {"idempotent_replay": True} if answer.replayed else data)


async def _rain(call: Call, total_z: int) -> Distributed | Refused | Failed:
    """Let it fall (P-MON-16).

    Raises AskExpired or AskFailed when it stays unknown whether it fell.
    """
    answer = await call.commit(
        AdminRain(
            op_id=call.op_id,
            channel=call.channel,
            present=present_users(call.context, call.channel),
            total_z=total_z,
            by=call.by,
            at_ms=call.now_ms,
            day=call.day,
        )
    )
    if isinstance(answer, TooFewCoins):
        return Refused(Code.REJECTED, rain_refused(answer.users, total_z, call.symbol))
    if not isinstance(answer, Distributed):
        assert isinstance(answer, Refusal), answer
        return call.refused(answer)
    if not answer.replayed:
        _tell_of_rain(call, total_z, answer)
    return answer


def _tell_of_rain(call: Call, total_z: int, answer: Distributed) -> None:
    """In the channel first, or CyTube may drop the line behind many messages (P-MSG-3)."""
    settings = call.settings
    currency = currency_variables(settings.currency)
    text = rain_line(
        settings.announcements.templates.rain,
        currency,
        count=len(answer.paid),
        total_z=total_z,
        each_z=min(each.amount_z for each in answer.paid),
        sender=settings.bot.username if call.by == UNNAMED_ADMIN else call.by,
    )
    # An operator who lets it rain twice means it twice.
    call.context.outboxes[call.channel].offer(
        Line(text, kind=LineKind.ADMIN, dedup=False, trace=call.trace)
    )
    for each in answer.paid:
        told = rain_notice(settings.rain.message, each.amount_z, currency)
        notify(call.context, each.wallet, told, trace=call.trace)


_log = structlog.get_logger("events")
_DECIMAL = re.compile(r"\s*([0-9]{1,3}(?:\.[0-9]{1,17})?)\s*", re.ASCII)
_TYPED = re.compile(r"([0-9]{1,2}(?:\.[0-9]{1,4})?)x?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Multiplier:
    """A factor above 1 and at most 10, in the digits it was written with; required."""

    name: str

    @property
    def required(self) -> bool:
        """Always."""
        return True

    @property
    def schema(self) -> Body:
        """A number in the range."""
        return {"type": "number", "exclusiveMinimum": 1, "maximum": int(ADHOC_MULTIPLIER_MAX)}

    def read(self, value: object) -> str | Invalid:
        """The digits, which are exact and which the audit log can keep."""
        if value is None:
            return Invalid(f"{self.name} is required")
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        written = _DECIMAL.fullmatch(value) if isinstance(value, str | NumberText) else None
        if written is None or not 1 < Fraction(written[1]) <= ADHOC_MULTIPLIER_MAX:
            return Invalid(f"{self.name} must be above 1 and at most {ADHOC_MULTIPLIER_MAX}")
        return written[1]


MULTIPLIER = Multiplier("multiplier")
MINUTES = Amount("minutes", low=1, high=ADHOC_MINUTES_MAX)
NAME = Text("name", most=ADHOC_NAME_MAX, default="Ad-hoc Event")


@command(
    "status",
    summary="what goes on here now",
    section=Section.EVENTS,
    aliases=("eventstatus",),
    reads=True,
)
async def status(call: PmCall) -> PmAnswer:
    """Who is here, what plays, what multiplies, and rain."""
    settings = call.settings
    medium = call.context.playing.get(call.channel)
    return status_texts.status(
        call.context.population.get(call.channel, 0),
        None if medium is None else medium.title,
        multipliers_now(call.context, call.channel, call.now_ms),
        settings.rain.interval_minutes if settings.rain.enabled else None,
        settings.messages.max_length,
        _queueing(call),
    )


def _queueing(call: Call) -> str | None:
    """Whether one can queue now; None where nobody can, or where it is done on the web."""
    live, now_ms = call.context.live, call.now_ms
    mediacms = live.settings.mediacms
    if not mediacms.configured or mediacms.web_queue_redirect:
        return None
    closed = blackout_at(live.settings, live.calendar, now_ms)
    ahead = next_blackout(live.settings, live.calendar, now_ms)
    return queueing(closed, ahead, live.calendar, now_ms)


@command(
    "events",
    summary="what multiplies earning now",
    section=Section.EVENTS,
    aliases=("multipliers",),
    reads=True,
)
async def events(call: PmCall) -> PmAnswer:
    """The factors in force that are no secret."""
    return texts.events_shown(multipliers_now(call.context, call.channel), call.now_ms)


@request("events.list")
async def events_list(call: ApiCall) -> ApiAnswer:
    """The events that run, scheduled and started by operators."""
    running = []
    for factor in multipliers_now(call.context, call.channel).factors:
        kind, _, name = factor.source.partition(":")
        if kind in {"scheduled", "adhoc"} and factor.ends_at_ms is not None:
            running.append(
                {
                    "type": kind,
                    "name": name,
                    "multiplier": float(factor.mult),
                    "ends_at": _iso(factor.ends_at_ms),
                }
            )
    return Done({"channel": call.channel, "events": running})


@command(
    "event",
    syntax="event start <multiplier> <minutes> <name> | event stop",
    summary="multiply earning for a while",
    section=Section.ADMIN,
)
async def event(call: PmCall) -> PmAnswer:
    """Start or stop an operator's event."""
    match [each.lower() for each in call.args]:
        case ["start", multiplier, minutes, _, *_]:
            return await _start_by_pm(call, multiplier, minutes, user_text(call.parsed.text(3)))
        case ["stop"]:
            name = await _stop(call)
            if name is None:
                return Refused(Code.NOT_FOUND, texts.no_adhoc())
            return texts.stopped_reply(name)
        case _:
            return call.usage()


def event_asked_for(typed: str, minutes: str, name: str) -> tuple[Fraction, int] | str:
    """The factor and the minutes of an event as they were typed, or what is allowed."""
    written, length = _TYPED.fullmatch(typed), amount(minutes)
    if (
        written is None
        or isinstance(length, BadAmount)
        or not 1 < Fraction(written[1]) <= ADHOC_MULTIPLIER_MAX
        or length > ADHOC_MINUTES_MAX
        or not 1 <= len(name) <= ADHOC_NAME_MAX
    ):
        return texts.adhoc_too_long(ADHOC_NAME_MAX, ADHOC_MULTIPLIER_MAX, ADHOC_MINUTES_MAX)
    return Fraction(written[1]), length


async def _start_by_pm(call: PmCall, typed: str, minutes: str, name: str) -> PmAnswer:
    asked = event_asked_for(typed, minutes, name)
    if isinstance(asked, str):
        return call.usage(asked)
    multiplier, length = asked
    started = await _start(call, multiplier, length, name)
    return texts.started_reply(name, multiplier, length, started.replaced)


@request("event.start", MULTIPLIER, MINUTES, NAME, mutating=True)
async def event_start(call: ApiCall) -> ApiAnswer:
    """Start an event; the one that runs ends with it."""
    multiplier, minutes = Fraction(call.field(MULTIPLIER)), call.field(MINUTES)
    name = call.field(NAME)
    started = await _start(call, multiplier, minutes, name)
    return Done(
        {
            "channel": call.channel,
            "name": name,
            "multiplier": float(multiplier),
            "minutes": minutes,
            "active": True,
            "ends_at": _iso(started.event.ends_at_ms),
        }
    )


@request("event.stop", mutating=True)
async def event_stop(call: ApiCall) -> ApiAnswer:
    """Stop the event of an operator, if one runs."""
    stopped = await _stop(call) is not None
    return Done({"channel": call.channel, "stopped": stopped}, acted=stopped)


async def _start(call: Call, multiplier: Fraction, minutes: int, name: str) -> EventStarted:
    """Start an event; this and `_stop` raise as `Call.commit`.

    The books are asked, and whoever runs the channel's events is told what they answered.
    """
    at_ms = call.now_ms
    started = await call.commit(
        StartAdHoc(call.channel, name, multiplier, at_ms + minutes * 60_000, at_ms)
    )
    _tell(call, AdHocBegun(started.event, minutes, call.by))
    return started


async def _stop(call: Call) -> str | None:
    """End the operator's event; its name, or None if there is none."""
    stopped = await call.commit(StopAdHoc(call.channel, call.now_ms))
    if stopped.name is not None and stopped.fired_at_ms is not None:
        _tell(call, AdHocEnded(stopped.name, stopped.fired_at_ms, call.by))
    return stopped.name


def _tell(call: Call, change: EventsMessage) -> None:
    if not call.context.channel_events[call.channel].offer(change, trace=call.trace):
        _log.warning("a change of the event takes effect after a restart", channel=call.channel)


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")
