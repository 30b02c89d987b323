"""Panic levels: `pause`, `readonly`, `freeze` and `resume`, for a while or until resumed.

The books refuse by them from the next request on (`features.panic`); what they hold is told to the
one who keeps the time.
"""

import re
from collections.abc import Sequence
from typing import Final

from economy_actors.handlers import kit
from economy_actors.handlers.answers import ApiAnswer, Code, Done, PmAnswer, Refused
from economy_actors.handlers.fields import Text
from economy_actors.handlers.registry import ApiCall, Call, PmCall, command, request
from economy_actors.messages.workers import HaltsKnown
from kryten_economy.commands.table import Section
from kryten_economy.features import panic
from kryten_economy.features.api_keys import Scope
from kryten_economy.features.panic import (
    KINDS,
    LEVELS,
    Halt,
    HaltKind,
    PanicChanged,
    SetPanic,
    StopPanic,
    halts_of,
)
from kryten_economy.text.markup import user_text
from kryten_economy.users import UserKey, name_from_text

__all__ = ("duration_ms",)

_TIME = re.compile(r"([0-9]{1,6})([mhd])", re.ASCII | re.IGNORECASE)
_MINUTE_MS: Final = 60_000
_UNITS_MS: Final = {"m": _MINUTE_MS, "h": 60 * _MINUTE_MS, "d": 24 * 60 * _MINUTE_MS}
_LONGEST_MS: Final = 30 * 24 * 60 * _MINUTE_MS
_PAUSED: Final[dict[str, HaltKind]] = {each: each for each in LEVELS if each != "read-only"}
_READ_ONLY: Final[HaltKind] = "read-only"
_KINDS: Final[dict[str, HaltKind]] = {"readonly": _READ_ONLY, **{each: each for each in KINDS}}

WHAT = Text("what", most=20, required=True)
ANY = Text("what", most=20)
WHOM = Text("username", most=40)
FOR = Text("for", most=10)
REASON = Text("reason", most=200)


@command(
    "pause",
    syntax="pause earning|games|spending [time] [reason]",
    summary="stop one of these in this channel, for a time such as 30m or until 'resume'",
    section=Section.ADMIN,
)
async def pause(call: PmCall) -> PmAnswer:
    """Stop one kind of movement in the channel."""
    what = _PAUSED.get(call.args[0].lower()) if call.args else None
    if what is None:
        return call.usage()
    return await _set_by_pm(call, what, 1)


@command(
    "readonly",
    syntax="readonly [time] [reason]",
    summary="let no money move in this channel, for a time or until 'resume'",
    section=Section.ADMIN,
)
async def read_only(call: PmCall) -> PmAnswer:
    """Stop all movements in the channel but those that settle."""
    return await _set_by_pm(call, _READ_ONLY, 0)


@command(
    "freeze",
    syntax="freeze @user [time] [reason]",
    summary="let a user neither earn nor spend, for a time or until 'resume'",
    section=Section.ADMIN,
)
async def freeze(call: PmCall) -> PmAnswer:
    """Stop one account; says so where nobody of this name was ever seen."""
    name = call.name_at(0)
    if isinstance(name, Refused):
        return name
    answer = await _set_by_pm(call, "freeze", 1, name)
    if isinstance(answer, str) and not await kit.was_ever_here(call, call.named(name)):
        return f"{answer} {panic.never_seen()}"
    return answer


@command(
    "resume",
    syntax="resume earning|games|spending|read-only|all|@user",
    summary="let go on what was stopped",
    section=Section.ADMIN,
)
async def resume(call: PmCall) -> PmAnswer:
    """Let one thing go on, or all of them."""
    if len(call.args) != 1:
        return call.usage()
    word = call.args[0].lower()
    what: HaltKind | None = _KINDS.get(word)
    name = ""
    if word != "all" and (what is None or what == "freeze"):
        typed = call.name_at(0)
        if isinstance(typed, Refused):
            return typed
        what, name = "freeze", typed
    changed = await _stop(call, what, name)
    if not changed.ended:
        return Refused(Code.REJECTED, panic.nothing_to_resume(changed.halts))
    return panic.ended(changed.ended)


@command("panic", summary="what is stopped in this channel", section=Section.ADMIN, reads=True)
async def panic_state(call: PmCall) -> PmAnswer:
    """What admins have stopped, who, why and until when."""
    halts = await call.read(lambda reports: halts_of(reports, call.channel))
    return "\n".join(f"⏸️ {panic.in_words(each)}" for each in halts) or "Nothing is stopped here."


async def _set_by_pm(call: PmCall, what: HaltKind, place: int, name: str = "") -> PmAnswer:
    """The rest of the message is a time, if it is one, and a reason."""
    for_ms: int | None = None
    typed = call.args[place] if len(call.args) > place else ""
    if typed[:1].isdigit():
        for_ms = duration_ms(typed)
        if for_ms is None:
            return call.usage(panic.unclear(f"'{user_text(typed)}' is no time."))
        place += 1
    answer = await _set(call, what, name, for_ms, user_text(call.parsed.text(place))[:200])
    return answer if isinstance(answer, Refused) else panic.began(answer)


def duration_ms(typed: str) -> int | None:
    """How long something is to be stopped; None for what is no such time."""
    found = _TIME.fullmatch(typed)
    for_ms = int(found[1]) * _UNITS_MS[found[2].lower()] if found else 0
    return for_ms if _MINUTE_MS <= for_ms <= _LONGEST_MS else None


async def _set(
    call: Call, what: HaltKind, name: str, for_ms: int | None, reason: str
) -> Halt | Refused:
    """Have the books refuse by it, and have it told where others look."""
    user: UserKey | None = None
    shown = ""
    if what == "freeze":
        never = panic.never_frozen(name, bot=call.settings.bot.username, by=call.by)
        if never is not None:
            return Refused(Code.REJECTED, never)
        user, shown = call.named(name), await kit.spelling(call, name)
    now_ms = call.now_ms
    until_ms = None if for_ms is None else now_ms + for_ms
    changed = await call.commit(
        SetPanic(call.channel, what, call.by, reason, until_ms, now_ms, user, shown)
    )
    _tell(call, changed)
    if user is not None:
        kit.tell_user(call, shown, panic.frozen_notice(reason, until_ms))
    key = (what, "" if user is None else user.name)
    return next(each for each in changed.halts if (each.what, each.name) == key)


async def _stop(call: Call, what: HaltKind | None, name: str) -> PanicChanged:
    user = call.named(name) if name else None
    changed = await call.commit(StopPanic(call.channel, what, user))
    _tell(call, changed)
    for each in changed.ended:
        if each.what == "freeze":
            kit.tell_user(call, each.display_name, panic.thawed_notice())
    return changed


def _tell(call: Call, changed: PanicChanged) -> None:
    """Whoever can't be told now reads it from the books within the hour."""
    call.context.panic.offer(HaltsKnown(changed.channel, changed.halts), trace=call.trace)


def _rows(halts: Sequence[Halt]) -> list[dict[str, object]]:
    return [
        {
            "what": each.what,
            "username": each.display_name,
            "by": each.by,
            "reason": each.reason,
            "since": kit.time_of(each.since_ms),
            "until": None if each.until_ms is None else kit.time_of(each.until_ms),
        }
        for each in halts
    ]


def _whom(call: ApiCall, what: HaltKind | None) -> str | Refused:
    """The user of a request, who is named for a freeze and for nothing else."""
    typed = call.field(WHOM)
    if what == "freeze":
        name = name_from_text(typed) if typed else None
        if name is None:
            return Refused(Code.INVALID_REQUEST, "username is required: a CyTube name to freeze")
        return name
    if typed:
        return Refused(Code.INVALID_REQUEST, "username goes with what 'freeze' only")
    return ""


@request("panic.set", WHAT, WHOM, FOR, REASON, mutating=True)
async def panic_set(call: ApiCall) -> ApiAnswer:
    """Stop something; said again it gets another end and another reason."""
    what = _KINDS.get(call.field(WHAT).lower())
    if what is None:
        return Refused(Code.INVALID_REQUEST, f"what must be one of {', '.join(KINDS)}")
    name = _whom(call, what)
    if isinstance(name, Refused):
        return name
    typed = call.field(FOR)
    for_ms = duration_ms(typed) if typed else None
    if typed and for_ms is None:
        return Refused(Code.INVALID_REQUEST, panic.unclear("for must be a time."))
    halt = await _set(call, what, name, for_ms, call.field(REASON))
    if isinstance(halt, Refused):
        return halt
    return Done({"channel": call.channel, "set": _rows([halt])[0]})


@request("panic.clear", ANY, WHOM, mutating=True)
async def panic_clear(call: ApiCall) -> ApiAnswer:
    """Let one thing go on, or without ``what`` all that is stopped."""
    typed = call.field(ANY).lower()
    what: HaltKind | None = _KINDS.get(typed)
    if typed and what is None:
        return Refused(Code.INVALID_REQUEST, f"what must be one of {', '.join(KINDS)}")
    name = _whom(call, what)
    if isinstance(name, Refused):
        return name
    changed = await _stop(call, what, name)
    return Done(
        {"channel": call.channel, "ended": _rows(changed.ended), "panic": _rows(changed.halts)},
        acted=changed.changed,
    )


@request("panic.state", scope=Scope.OPERATE)
async def panic_state_of(call: ApiCall) -> ApiAnswer:
    """What is stopped in a channel."""
    halts = await call.read(lambda reports: halts_of(reports, call.channel))
    return Done({"channel": call.channel, "panic": _rows(halts)})
