"""What predictions, raffles and auctions share: who may open and call off, and who is told."""

import json
from typing import Any

from economy_actors.handlers import kit
from economy_actors.handlers.answers import Code, Failed, PmAnswer, Refused
from economy_actors.handlers.fields import Amount
from economy_actors.handlers.registry import Call, PmCall
from economy_actors.messages.tables import News, RoundOpened
from economy_actors.outbox.message import Line, LineKind
from economy_actors.tables.kit import calling_off
from economy_actors.tables.social import Look, tell_cancelled
from kryten_economy.commands import refusals
from kryten_economy.commands.grammar import BadAmount, amount
from kryten_economy.features.games import social_texts as texts
from kryten_economy.features.games.rules import Terms
from kryten_economy.features.games.tables import (
    Cancelled,
    Opened,
    OpenRound,
    OpenRow,
    open_rounds,
)
from kryten_economy.refusals import NotPending, ReadOnly

__all__ = (
    "MINUTES",
    "announce",
    "audit",
    "cancel",
    "cancel_by_pm",
    "look",
    "may_open",
    "may_run",
    "minutes_at",
    "minutes_fit",
    "on_record",
    "open_round",
    "round_on",
    "seat",
)

MINUTES = Amount("minutes", low=1, high=100_000)


def may_open(call: PmCall, what: str, member_rank: int | None) -> Refused | None:
    """Admins may, and members from a rank on; ``what`` is the plural."""
    if call.is_admin:
        return None
    ladder = call.context.live.ladder
    index = kit.rank_index(call.context, call.wallet)
    if member_rank is not None and index >= member_rank:
        return None
    known = member_rank is not None and member_rank < len(ladder.names)
    rank = ladder.names[member_rank] if known and member_rank is not None else None
    return Refused(Code.REJECTED, texts.not_for_members(what, rank))


def may_run(call: PmCall, row: OpenRow) -> bool:
    """Whether the caller has opened this round, or is an admin."""
    return call.is_admin or str(row.terms["opener"]).lower() == call.user.name


def minutes_fit(minutes: int, most: int) -> Refused | None:
    """Whether a round may last so long."""
    if 1 <= minutes <= most:
        return None
    return Refused(Code.INVALID_REQUEST, f"The time is 1 to {most:,} minutes.")


def minutes_at(call: PmCall, place: int, most: int) -> int | Refused:
    """The argument there as whole minutes."""
    if len(call.args) <= place:
        return call.usage()
    minutes = amount(call.args[place])
    if isinstance(minutes, BadAmount):
        return call.usage(refusals.bad_amount(call.args[place], minutes.reason))
    refusal = minutes_fit(minutes, most)
    return minutes if refusal is None else call.usage(refusal.text)


async def round_on(call: Call, game: str, *, state: str = "open") -> OpenRow | None:
    """The round of a game that is on here."""
    channel = call.channel
    rows = await call.read(lambda reports: open_rounds(reports, channel))
    return next((row for row in rows if (row.game, row.state) == (game, state)), None)


async def open_round(
    call: Call, game: str, terms: dict[str, Any], line: str, *, is_public: bool
) -> Opened | Refused | Failed:
    """Open a round that costs nothing to open; raises as `Call.commit`."""
    answer = await call.begin(
        OpenRound(
            op_id=call.op_id,
            channel=call.channel,
            game=game,
            terms=json.dumps(terms, ensure_ascii=False),
            limits=Terms(game, 0, 0),
            fresh_seed=call.context.fresh_seed(),
            at_ms=call.now_ms,
            day=call.day,
        )
    )
    if not isinstance(answer, Opened):
        return call.refused(answer)
    if not answer.replayed:
        seat(call, game, answer.number, line, is_public=is_public)
    return answer


def seat(call: Call, game: str, number: int, line: str, *, is_public: bool) -> None:
    """A round was opened: its table takes over, and the channel hears of it."""
    call.context.floors[call.channel].offer(RoundOpened(game, number), trace=call.trace)
    announce(call, line, is_public=is_public)


def announce(call: Call, line: str, *, is_public: bool) -> None:
    """A line in the channel, unless the game is not to be heard there."""
    if is_public:
        said = Line(line, kind=LineKind.RESULT, trace=call.trace)
        call.context.outboxes[call.channel].offer(said, trace=call.trace)


def look(call: Call, number: int) -> None:
    """Have the table see what has changed in the books."""
    call.context.floors[call.channel].offer(News(number, Look()), trace=call.trace)


def on_record(call: PmCall) -> PmCall:
    """What decides over other people's money is written down, whoever does it."""
    return kit.on_record(call, call.origin, call.spec.name, call.parsed.rest)


def audit(call: PmCall, result: str) -> None:
    """The answer to a call that is on record, and that was carried out."""
    kit.recorded(call, result, done=True)


async def cancel(
    call: Call, row: OpenRow, what: str, *, is_public: bool
) -> Cancelled | Refused | Failed:
    """Call a round off, and tell everybody; raises as `Call.commit`."""
    reason = f"Called off by {call.by}"
    answer = await call.commit(calling_off(call.context, call.channel, row.number, reason))
    if not isinstance(answer, Cancelled):
        return call.refused(answer if isinstance(answer, ReadOnly) else NotPending())
    if not answer.replayed:
        announce(call, texts.called_off_line(what), is_public=is_public)
        tell_cancelled(call.context, answer)
    look(call, row.number)
    return answer


async def cancel_by_pm(call: PmCall, game: str, *, is_public: bool) -> PmAnswer:
    """Whoever has opened it, or an admin, calls off what is open."""
    call = on_record(call)
    row = await round_on(call, game)
    if row is None:
        return Refused(Code.NOT_FOUND, texts.nothing_on(game))
    if not may_run(call, row):
        text = f"Only whoever has opened the {game} and admins can call it off."
        return Refused(Code.REJECTED, text)
    cancelled = await cancel(call, row, game, is_public=is_public)
    if not isinstance(cancelled, Cancelled):
        return cancelled
    reply = texts.called_off_reply(game, len(cancelled.players))
    audit(call, reply)
    return reply
