"""`limit`: what players allow themselves in a day, and pauses from all games.

Lower at once, higher from the next day on, and no way back from a pause: the books keep all of it
(`features.games.limits`), and every stake is checked there.
"""

import re
from typing import NamedTuple

from economy_actors.handlers.answers import ApiAnswer, Code, Done, PmAnswer, Refused
from economy_actors.handlers.registry import ApiCall, PmCall, command, request
from kryten_economy.calendar import day_after
from kryten_economy.commands.table import Section
from kryten_economy.config import Settings
from kryten_economy.features.games import texts
from kryten_economy.features.games.limits import (
    Limit,
    LimitKind,
    LimitSet,
    OwnLimits,
    PausePlay,
    SetPlayLimit,
    limits_of,
)
from kryten_economy.features.games.stakes import PlayedToday, played_today
from kryten_economy.text.templates import minute_of

__all__ = ("LimitNow", "limits_now", "pause_ms")

_TIME = re.compile(r"([0-9]{1,5})([hdw])", re.ASCII | re.IGNORECASE)
_HOUR_MS = 3_600_000
_UNITS_MS = {"h": _HOUR_MS, "d": 24 * _HOUR_MS, "w": 7 * 24 * _HOUR_MS}
_PAUSE_MAX_MS = 365 * 24 * _HOUR_MS
_KINDS: dict[str, LimitKind] = {"stakes": "stakes", "losses": "losses"}


@command(
    "limit",
    syntax="limit [[losses] <amount>|off] | limit pause <time>",
    summary="limit what you stake or lose in a day, or pause from all games",
    section=Section.GAMBLING,
    enabled=lambda settings: settings.gambling.enabled,
)
async def limit(call: PmCall) -> PmAnswer:
    """Show one's own limits, or change one."""
    words = [each.lower() for each in call.args]
    if not words:
        user = call.user
        return await _shown(call, await call.read(lambda reports: limits_of(reports, user)))
    if words[0] == "pause":
        return await _pause(call, words[1:])
    place = 1 if words[0] in _KINDS else 0
    if len(words) != place + 1:
        return call.usage()
    limit_z: int | None = None
    if words[place] != "off":
        typed = call.amount_at(place, or_nothing=True)
        if isinstance(typed, Refused):
            return typed
        limit_z = typed
    answer = await call.commit(
        SetPlayLimit(
            op_id=call.op_id,
            user=call.user,
            what=_KINDS.get(words[0], "stakes"),
            limit_z=limit_z,
            next_day=day_after(call.day),
            at_ms=call.now_ms,
            day=call.day,
        )
    )
    if not isinstance(answer, LimitSet):
        return call.refused(answer)
    return await _shown(call, answer.own)


async def _pause(call: PmCall, words: list[str]) -> PmAnswer:
    for_ms = pause_ms(words[0]) if len(words) == 1 else None
    if for_ms is None:
        return Refused(Code.INVALID_REQUEST, texts.pause_unclear())
    answer = await call.commit(PausePlay(call.op_id, call.user, for_ms, call.now_ms, call.day))
    if not isinstance(answer, LimitSet):
        return call.refused(answer)
    assert answer.own.paused_until_ms is not None, answer
    return texts.pause_begun(_time(call, answer.own.paused_until_ms))


def pause_ms(written: str) -> int | None:
    """How long a pause is that is written like ``7d``; None for what is none."""
    typed = _TIME.fullmatch(written)
    for_ms = int(typed[1]) * _UNITS_MS[typed[2].lower()] if typed else 0
    return for_ms if _HOUR_MS <= for_ms <= _PAUSE_MAX_MS else None


def _time(call: PmCall, at_ms: int) -> str:
    zone = call.context.live.calendar.zone
    return f"{minute_of(at_ms, zone)} ({zone.key})"


async def _shown(call: PmCall, own: OwnLimits) -> str:
    user, day = call.user, call.day
    today = await call.read(lambda reports: played_today(reports, user, day))
    current = limits_now(call.settings, own, today, day)
    raised = [
        (each.what, each.own.next_z, each.own.next_from)
        for each in current
        if each.own.next_from is not None
    ]
    pauses = own.paused_until_ms is not None and own.pauses(call.now_ms)
    return texts.limits_shown(
        [(each.what, each.own.now_z, each.channel_z, each.used_z) for each in current],
        raised,
        _time(call, own.paused_until_ms or 0) if pauses else "",
        call.symbol,
    )


class LimitNow(NamedTuple):
    """A limit of a day: one's own, the channel's if it has one, and what is used of it."""

    what: LimitKind
    own: Limit
    channel_z: int | None
    used_z: int


def limits_now(settings: Settings, own: OwnLimits, today: PlayedToday, day: str) -> list[LimitNow]:
    """All limits that hold for somebody today."""
    channel = settings.gambling.limits
    return [
        LimitNow("stakes", own.stakes.as_of(day), channel.daily_stakes or None, today.staked_z),
        LimitNow("losses", own.losses.as_of(day), channel.daily_losses or None, today.lost_z),
    ]


@request("limits.get", user=True)
async def limits_get(call: ApiCall) -> ApiAnswer:
    """What a user allows themself, what the channel allows, and what of it is used today."""
    user, day = call.user, call.day
    wallet, own, today = await call.read(
        lambda reports: (
            reports.wallet(user, day),
            limits_of(reports, user),
            played_today(reports, user, day),
        )
    )
    if wallet is None:
        return Done({"found": False, "username": call.name, "channel": call.channel})
    pauses = own.pauses(call.now_ms)
    return Done(
        {
            "found": True,
            "username": wallet.display_name,
            "channel": call.channel,
            "day": day,
            "paused_until": own.paused_until_ms if pauses else None,
            **{
                each.what: {
                    "own": each.own.now_z,
                    "next": each.own.next_z,
                    "next_from": each.own.next_from,
                    "channel": each.channel_z,
                    "used_today": each.used_z,
                }
                for each in limits_now(call.settings, own, today, day)
            },
        }
    )
