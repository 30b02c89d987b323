"""`events` for everybody; `event` and `rain` for operators (`commands.md` 6 and 8)."""

import re
from collections.abc import Awaitable, Callable
from fractions import Fraction

from economy_actors import deeds
from economy_actors.context import World
from economy_actors.deeds import Busy, Cause
from economy_actors.earning_terms import multipliers_now
from economy_actors.session.user_request import UserRequest
from kryten_economy.commands import refusals
from kryten_economy.commands import texts as commands_texts
from kryten_economy.commands.grammar import BadAmount, Parsed, amount
from kryten_economy.features.events import texts as events_texts
from kryten_economy.features.events.rules import (
    ADHOC_MINUTES_MAX,
    ADHOC_MULTIPLIER_MAX,
    ADHOC_NAME_MAX,
)
from kryten_economy.features.gifts import texts as gifts_texts
from kryten_economy.features.gifts.operations import Distributed
from kryten_economy.refusals import AMOUNT_MAX_Z, InvalidAmount, ReadOnly, TooFewCoins
from kryten_economy.text.clean import user_text

__all__ = ("HANDLERS", "event", "rain")

_MULTIPLIER = re.compile(r"([0-9]{1,2}(?:\.[0-9]{1,4})?)x?", re.ASCII | re.IGNORECASE)
_EVENT_SYNTAX = "event start <multiplier> <minutes> <name> | event stop"
_RAIN_SYNTAX = "rain <total>"


async def _events(world: World, request: UserRequest) -> str:
    combined = multipliers_now(world, request.user.channel)
    return events_texts.events_shown(combined, world.clock.now_ms())


HANDLERS: dict[str, Callable[[World, UserRequest], Awaitable[str]]] = {"events": _events}


async def rain(  # noqa: PLR0911  # one text for each answer
    world: World, cause: Cause, parsed: Parsed
) -> str:
    """Let it rain; the reply to the operator."""
    if len(parsed.args) != 1:
        return commands_texts.usage(_RAIN_SYNTAX)
    total_z = amount(parsed.args[0])
    if isinstance(total_z, BadAmount):
        problem = refusals.bad_amount(parsed.args[0], total_z.reason)
        return commands_texts.usage(_RAIN_SYNTAX, problem)
    symbol = world.live.settings.currency.symbol
    match await deeds.rain(world, cause, total_z):
        case Distributed(paid=paid):
            return gifts_texts.admin_rain_done(len(paid), total_z, symbol)
        case TooFewCoins(users=users):
            return gifts_texts.rain_refused(users, total_z, symbol)
        case InvalidAmount():
            return refusals.above_maximum(total_z, AMOUNT_MAX_Z, symbol)
        case ReadOnly():
            return refusals.books_closed()
        case Busy():
            return refusals.busy()
        case _:
            return commands_texts.internal_error()


async def event(world: World, cause: Cause, parsed: Parsed) -> str:
    """Start or stop an event; the reply to the operator."""
    match [each.lower() for each in parsed.args]:
        case ["start", multiplier, minutes, _, *_]:
            return await _start(world, cause, multiplier, minutes, parsed.text(3))
        case ["stop"]:
            name = await deeds.stop_event(world, cause)
            return events_texts.no_adhoc() if name is None else events_texts.stopped_reply(name)
        case _:
            return commands_texts.usage(_EVENT_SYNTAX)


async def _start(world: World, cause: Cause, typed: str, minutes: str, named: str) -> str:
    limits = events_texts.adhoc_too_long(ADHOC_NAME_MAX, ADHOC_MULTIPLIER_MAX, ADHOC_MINUTES_MAX)
    written = _MULTIPLIER.fullmatch(typed)
    length = amount(minutes)
    name = user_text(named)
    if written is None or isinstance(length, BadAmount):
        return commands_texts.usage(_EVENT_SYNTAX, limits)
    multiplier = Fraction(written[1])
    if not deeds.is_event(multiplier, length, name):
        return commands_texts.usage(_EVENT_SYNTAX, limits)
    started = await deeds.start_event(world, cause, multiplier, length, name)
    return events_texts.started_reply(name, multiplier, length, started.replaced)
