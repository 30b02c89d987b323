"""Fair dice to be checked by anybody: hashes before, seeds after, rounds worked out again.

What may be told when is decided where seeds are read (`features.games.verifying`).
"""

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from economy_actors.context import Context
from economy_actors.handlers.answers import ApiAnswer, Code, Done, PmAnswer, Refused
from economy_actors.handlers.fields import Amount, Count, Text
from economy_actors.handlers.registry import ApiCall, Call, PmCall, command, request
from economy_actors.seeds import make_seeds
from kryten_economy.commands.table import Section
from kryten_economy.features.games import texts
from kryten_economy.features.games.rules import GAMES
from kryten_economy.features.games.verifying import (
    Checked,
    RoundRecord,
    SeedOfDay,
    Verdict,
    check,
    round_record,
    rounds_of_day,
    seed_of_day,
    seeds,
)
from kryten_economy.features.reports.queries import Reports

__all__ = ("day_left_s", "round_of_channel", "verdict_in_words")

ROUND = Amount("round", low=1, high=2**53)
DAY = Text("day", most=10, required=True)
DAYS = Count("limit", default=31, low=1, high=366)
AFTER = Count("after", default=0, low=0, high=2**53)

_NUMBER = re.compile(r"#?([0-9]{1,15})", re.ASCII)


def _plays(settings: Any) -> bool:  # noqa: ANN401 - the settings, as every command gets them
    return bool(settings.gambling.enabled)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


async def _todays(call: Call) -> SeedOfDay:
    """Today's hash; there is a seed from now on, if there was none."""
    today = call.day
    found = await call.read(lambda reports: seed_of_day(reports, call.channel, today, today))
    if found is not None:
        return found
    return SeedOfDay(today, await make_seeds(call.context, call.channel, today), None)


def _left_s(call: Call, day: str) -> int:
    """How long the day still lasts."""
    return day_left_s(call.context, day)


def day_left_s(context: Context, day: str) -> int:
    """How long a day still lasts; 0 for one that is over."""
    calendar = context.live.calendar
    end_ms = calendar.next_midnight_ms(calendar.day_start_ms(day))
    return max(0, (end_ms - context.clock.now_ms()) // 1000)


@command(
    "fair",
    syntax="fair [day]",
    summary="the dice can be checked: hash of today's seed, seeds of past days",
    section=Section.GAMBLING,
    enabled=_plays,
    reads=True,
)
async def fair(call: PmCall) -> PmAnswer:
    """The hash of today's seed, or the seed of a day that is over."""
    if len(call.args) > 1:
        return call.usage()
    if not call.args:
        today = await _todays(call)
        return texts.fair_today(today.day, today.hash)
    day, today_ = call.args[0], call.day
    found = (
        await call.read(lambda reports: seed_of_day(reports, call.channel, day, today_))
        if _is_day(day)
        else None
    )
    if found is None:
        return Refused(Code.NOT_FOUND, texts.fair_unknown(day))
    return _seed_in_words(found, _left_s(call, found.day))


def _seed_in_words(found: SeedOfDay, left_s: int) -> str:
    if found.seed is not None:
        return texts.fair_seed(found.day, found.hash, found.seed)
    if found.waits:
        return texts.fair_waits(found.day, found.hash)
    return texts.fair_secret(found.day, found.hash, left_s)


@command(
    "verify",
    syntax="verify <round>",
    summary="work out a round again from the seed of its day",
    section=Section.GAMBLING,
    enabled=_plays,
    reads=True,
)
async def verify(call: PmCall) -> PmAnswer:
    """Whether a round came out as its seed says."""
    typed = _NUMBER.fullmatch(call.args[0]) if len(call.args) == 1 else None
    if typed is None:
        return call.usage()
    number = int(typed[1])
    record = await _record(call, number)
    if record is None:
        return Refused(Code.NOT_FOUND, texts.no_round(number))
    return verdict_in_words(record, check(record), _left_s(call, record.day))


async def _record(call: Call, number: int) -> RoundRecord | None:
    """A round of this channel."""
    channel, today = call.channel, call.day
    return await call.read(lambda reports: round_of_channel(reports, channel, number, today))


def round_of_channel(reports: Reports, channel: str, number: int, today: str) -> RoundRecord | None:
    """A round by its number, if it is one of this channel."""
    found = round_record(reports, number, today)
    is_known = found is not None and found.channel == channel and found.game in GAMES
    return found if is_known else None


def verdict_in_words(record: RoundRecord, checked: Checked, left_s: int) -> str:
    """What `verify` says of a round; ``left_s`` is how long its day still lasts."""
    number, title, day = record.number, GAMES[record.game].title, record.day
    match checked.verdict:
        case Verdict.CANCELLED:
            return texts.verify_later(number, title, "cancelled")
        case Verdict.WAITING:
            return texts.verify_later(number, title, "open")
        case Verdict.SECRET:
            assert record.seed is not None, number
            return _seed_in_words(record.seed, left_s)
        case Verdict.TRUE:
            assert record.seed is not None, number
            seed = record.seed.seed or ""
            return texts.verified_true(number, title, day, _json(record.outcome), seed)
        case Verdict.FALSE:
            stored, worked_out = _json(record.outcome), _json(checked.outcome)
            return texts.verified_false(number, title, day, stored, worked_out)


def _json(value: Mapping[str, Any] | None) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# The same for machines


def _seed_as_json(each: SeedOfDay) -> dict[str, object]:
    told = {"day": each.day, "hash": each.hash, "revealed": each.seed is not None}
    return told if each.seed is None else told | {"seed": each.seed}


@request("fair.today")
async def fair_today(call: ApiCall) -> ApiAnswer:
    """The hash of today's seed."""
    today = await _todays(call)
    return Done({"channel": call.channel, "day": today.day, "hash": today.hash})


@request("fair.seeds", DAYS)
async def fair_seeds(call: ApiCall) -> ApiAnswer:
    """Hashes of all days, and the seeds that are told."""
    limit, today = call.field(DAYS), call.day
    found = await call.read(lambda reports: seeds(reports, call.channel, today, limit))
    return Done({"channel": call.channel, "seeds": [_seed_as_json(each) for each in found]})


@request("fair.verify", ROUND)
async def fair_verify(call: ApiCall) -> ApiAnswer:
    """A round, what was worked out from its seed, and whether that is the same."""
    record = await _record(call, call.field(ROUND))
    if record is None:
        return Refused(Code.NOT_FOUND, texts.no_round(call.field(ROUND)))
    checked = check(record)
    return Done(
        {
            "channel": call.channel,
            **_round_as_json(record),
            "verdict": checked.verdict.value,
            "worked_out": checked.outcome,
            "seed": None if record.seed is None else _seed_as_json(record.seed),
        }
    )


@request("fair.rounds", DAY, AFTER)
async def fair_rounds(call: ApiCall) -> ApiAnswer:
    """The rounds of a day whose seed is told, to be worked out elsewhere; a page at a time."""
    day, after, today = call.field(DAY), call.field(AFTER), call.day
    if not _is_day(day):
        return Refused(Code.INVALID_REQUEST, "day must be a date like 2026-01-31")
    seed, rounds = await call.read(
        lambda reports: (
            seed_of_day(reports, call.channel, day, today),
            rounds_of_day(reports, call.channel, day, today, after),
        )
    )
    if seed is None:
        return Refused(Code.NOT_FOUND, texts.fair_unknown(day))
    if seed.seed is None:
        return Refused(Code.REJECTED, _seed_in_words(seed, _left_s(call, seed.day)))
    return Done(
        {
            "channel": call.channel,
            "day": day,
            "hash": seed.hash,
            "seed": seed.seed,
            "rounds": [_round_as_json(each) for each in rounds],
        }
    )


def _round_as_json(record: RoundRecord) -> dict[str, object]:
    is_secret = record.seed is None or record.seed.seed is None
    return {
        "number": record.number,
        "game": record.game,
        "day": record.day,
        "state": record.state,
        # What is drawn of a round that still plays (a deck) is nobody's business yet.
        "terms": None if is_secret else record.terms,
        "outcome": None if is_secret else record.outcome,
        "stakes": []
        if is_secret
        else [
            {"name": stake.name, "stake": stake.stake_z, "data": dict(stake.data), "payout": paid_z}
            for stake, paid_z in zip(record.stakes, record.payouts, strict=True)
        ],
    }
