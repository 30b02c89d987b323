"""Trivia: bets before the question, answers after it; the rest is the table's business."""

import json
from dataclasses import replace
from typing import Any

from economy_actors.handlers import kit
from economy_actors.handlers.answers import Code, Failed, PmAnswer, Refused
from economy_actors.handlers.registry import PmCall, command
from economy_actors.messages.questions import PickQuestion
from economy_actors.messages.tables import News
from economy_actors.runtime import RuntimeFault
from economy_actors.tables.trivia import AllAnswered, Began
from kryten_economy.commands.table import Section
from kryten_economy.features.games import trivia_texts as texts
from kryten_economy.features.games.questions import letter_of
from kryten_economy.features.games.stakes import stats_of
from kryten_economy.features.games.tables import (
    Joined,
    JoinRound,
    Opened,
    OpenRound,
    OpenRow,
    open_rounds,
    stakes_in,
)
from kryten_economy.features.games.trivia import (
    Answered,
    AnswerTrivia,
    answers_until_ms,
    limits_of,
    round_terms,
)
from kryten_economy.ledger.channels import Reader
from kryten_economy.refusals import NotPending

__all__ = ()

_QUESTION_TIMEOUT_S = 12.0
_ANY_OPTION = ("", "", "", "")


@command(
    "trivia",
    syntax="trivia <wager> | trivia <A-D> | trivia stats",
    summary="bet on a question, then answer it",
    section=Section.SPECTACLE,
    enabled=lambda settings: settings.gambling.enabled and settings.gambling.trivia.enabled,
)
async def trivia(call: PmCall) -> PmAnswer:
    """Bet on a new question or the one that is coming, or answer the one that is out."""
    said = call.parsed.rest
    if not call.args:
        return call.usage()
    if said.strip().lower() == "stats":
        known = await call.read(lambda reports: stats_of(reports, call.user, "trivia"))
        return texts.stats(known, call.symbol)
    row = await _round_now(call)
    is_letter = letter_of(said, _ANY_OPTION) is not None
    if row is not None and answers_until_ms(row.terms) is not None:
        options = [row.terms["right"], *row.terms["wrong"]]
        if is_letter or letter_of(said, options) is not None:
            return await _answer(call, row, said)
    if is_letter:
        return _unheard(call, texts.nothing_to_answer())
    return await _bet(call, row)


async def _round_now(call: PmCall) -> OpenRow | None:
    channel = call.channel
    rows = await call.read(lambda reports: open_rounds(reports, channel))
    return next((row for row in rows if row.game == "trivia" and row.state == "open"), None)


def _unheard(call: PmCall, text: str) -> Refused:
    """Nothing comes of an answer: in the channel people say single letters for other reasons."""
    return Refused(Code.NOT_FOUND, "" if call.in_chat else text)


# Answers


async def _answer(call: PmCall, row: OpenRow, said: str) -> PmAnswer:
    def is_in(reader: Reader) -> bool:
        return any(each.name == call.user.name for each in stakes_in(reader, row.number))

    if not await call.read(is_in):
        return _unheard(call, texts.not_in())
    answer = await call.commit(
        AnswerTrivia(call.op_id, call.user, row.number, said, call.now_ms, call.day)
    )
    if isinstance(answer, NotPending):
        return Refused(Code.NOT_FOUND, texts.too_late())
    if not isinstance(answer, Answered):
        return call.refused(answer)
    if not answer.waiting:
        call.context.floors[call.channel].offer(News(row.number, AllAnswered()), trace=call.trace)
    return texts.answered(answer.letter, answer.option, first=answer.first)


# Bets


async def _bet(call: PmCall, row: OpenRow | None) -> PmAnswer:
    if len(call.args) > 1:
        return call.usage()
    if row is not None and answers_until_ms(row.terms) is not None:
        return Refused(Code.REJECTED, texts.bets_closed())
    stake_z = call.amount_at(0, of_z=call.wallet.balance_z)
    if isinstance(stake_z, Refused):
        return stake_z
    return await (_start(call, stake_z) if row is None else _join(call, row, stake_z))


async def _join(call: PmCall, row: OpenRow, stake_z: int) -> PmAnswer:
    answer = await call.commit(
        JoinRound(
            op_id=call.op_id,
            channel=call.channel,
            number=row.number,
            user=call.user,
            stake_z=stake_z,
            limits=limits_of(call.settings),
            at_ms=call.now_ms,
            day=call.day,
        )
    )
    if isinstance(answer, NotPending):
        return Refused(Code.REJECTED, texts.bets_closed())
    if not isinstance(answer, Joined):
        return kit.stake_refused(call, answer)
    return texts.bet_placed(stake_z, answer.wallet.balance_z, row.terms, call.symbol)


async def _start(call: PmCall, stake_z: int) -> PmAnswer:
    """Take the stage, find a question, and only then take the stake."""
    terms: dict[str, Any] = {}

    async def with_question(request: OpenRound) -> OpenRound | Failed:
        try:
            question = await call.context.questions.ask(PickQuestion, timeout_s=_QUESTION_TIMEOUT_S)
        except RuntimeFault:
            return Failed(Code.UNAVAILABLE, texts.no_question())
        terms.update(round_terms(call.settings.gambling.trivia, question, call.by))
        # Finding it may have taken a while, and the time for bets begins now.
        as_json = json.dumps(terms, ensure_ascii=False)
        return replace(request, terms=as_json, at_ms=call.now_ms, day=call.day)

    request = OpenRound(
        op_id=call.op_id,
        channel=call.channel,
        game="trivia",
        terms="{}",
        limits=limits_of(call.settings),
        fresh_seed=call.context.fresh_seed(),
        at_ms=call.now_ms,
        day=call.day,
        player=call.user,
        stake_z=stake_z,
    )
    opened = await kit.open_round(call, request, news=Began(), complete=with_question)
    if not isinstance(opened, Opened):
        return opened
    assert opened.wallet is not None, opened
    return texts.started(stake_z, opened.wallet.balance_z, terms, call.symbol)
