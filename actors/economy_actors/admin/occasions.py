"""Rain and events by request (`admin-api.md` 3 and 6)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

from economy_actors import deeds
from economy_actors.admin.body import NumberText
from economy_actors.admin.call import REPLAY, Call
from economy_actors.admin.envelope import Code, Done, Outcome, Refused
from economy_actors.admin.fields import Amount, Invalid, Text
from economy_actors.context import World
from economy_actors.deeds import Busy
from economy_actors.earning_terms import multipliers_now
from kryten_economy.commands import refusals
from kryten_economy.commands import texts as commands_texts
from kryten_economy.features.events.rules import (
    ADHOC_MINUTES_MAX,
    ADHOC_MULTIPLIER_MAX,
    ADHOC_NAME_MAX,
)
from kryten_economy.features.gifts import texts
from kryten_economy.features.gifts.operations import Distributed
from kryten_economy.refusals import AMOUNT_MAX_Z, Conflict, InvalidAmount, ReadOnly, TooFewCoins

__all__ = (
    "MINUTES",
    "MULTIPLIER",
    "NAME",
    "TOTAL",
    "Multiplier",
    "event_start",
    "event_stop",
    "events_list",
    "rain",
)

_DECIMAL = re.compile(r"\s*([0-9]{1,3}(?:\.[0-9]{1,17})?)\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Multiplier:
    """A factor above 1 and at most 10, in the digits it was written with; required."""

    name: str

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
TOTAL = Amount("total_amount", low=1, high=AMOUNT_MAX_Z)


async def events_list(world: World, call: Call) -> Outcome:
    """The events that run, scheduled and started by operators."""
    events = []
    for factor in multipliers_now(world, call.channel).factors:
        kind, _, name = factor.source.partition(":")
        if kind in {"scheduled", "adhoc"} and factor.ends_at_ms is not None:
            events.append(
                {
                    "type": kind,
                    "name": name,
                    "multiplier": float(factor.mult),
                    "ends_at": _iso(factor.ends_at_ms),
                }
            )
    return Done({"channel": call.channel, "events": events})


async def event_start(world: World, call: Call) -> Outcome:
    """Start an event; the one that runs ends with it."""
    multiplier = Fraction(call.values[MULTIPLIER])
    minutes, name = call.values[MINUTES], call.values[NAME]
    started = await deeds.start_event(world, call.cause, multiplier, minutes, name)
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


async def event_stop(world: World, call: Call) -> Outcome:
    """Stop the event of an operator, if one runs."""
    stopped = await deeds.stop_event(world, call.cause)
    return Done({"channel": call.channel, "stopped": stopped is not None})


async def rain(world: World, call: Call) -> Outcome:  # noqa: PLR0911  # one for each answer
    """Let exactly so much fall on those present."""
    total_z = call.values[TOTAL]
    match await deeds.rain(world, call.cause, total_z):
        case Distributed(paid=paid, replayed=replayed):
            data = {
                "channel": call.channel,
                "recipients": len(paid),
                "amount_each": total_z // len(paid),
                "total_awarded": total_z,
            }
            return Done(data | REPLAY if replayed else data)
        case TooFewCoins(users=users):
            symbol = world.live.settings.currency.symbol
            return Refused(Code.REJECTED, texts.rain_refused(users, total_z, symbol))
        case InvalidAmount():
            text = f"total_amount must leave balances of at most {AMOUNT_MAX_Z}"
            return Refused(Code.INVALID_REQUEST, text)
        case Conflict():
            return Refused(Code.REQUEST_ID_CONFLICT, commands_texts.request_id_used())
        case ReadOnly():
            return Refused(Code.UNAVAILABLE, refusals.books_closed())
        case Busy():
            return Refused(Code.UNAVAILABLE, refusals.busy())
        case _:
            return Refused(Code.INTERNAL, commands_texts.internal_error())


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")
