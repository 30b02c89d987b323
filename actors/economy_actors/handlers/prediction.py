"""Predictions: opened, bet on, closed, settled, called off; by PM, in the channel, by request."""

from collections.abc import Sequence
from typing import Any

from economy_actors.handlers import kit, social
from economy_actors.handlers.answers import ApiAnswer, Code, Done, Failed, PmAnswer, Refused, Shown
from economy_actors.handlers.fields import Text
from economy_actors.handlers.registry import ApiCall, Call, PmCall, command, request
from kryten_economy.commands.table import Section
from kryten_economy.features.games import social_texts as texts
from kryten_economy.features.games.prediction import (
    OUTCOMES_MAX,
    QUESTION_UNITS_MAX,
    BadQuestion,
    CloseBets,
    Closed,
    Predict,
    Predicted,
    Question,
    limits_of,
    outcome_of,
    pools,
    question_from,
    question_of,
    round_terms,
)
from kryten_economy.features.games.rules import Stake
from kryten_economy.features.games.tables import (
    Cancelled,
    Drawn,
    DrawRound,
    Opened,
    OpenRow,
    stakes_in,
)

__all__ = ("prediction_now",)

QUESTION = Text("question", most=QUESTION_UNITS_MAX, required=True)
OUTCOMES = Text("outcomes", most=40 * OUTCOMES_MAX, required=True)
OUTCOME = Text("outcome", most=60, required=True)


@command(
    "predict",
    syntax=(
        'predict [<amount> <outcome>] | predict open <minutes> "<question>" <a> | <b> | ...'
        " | predict lock | predict settle <outcome> | predict void"
    ),
    summary="bet on what happens",
    section=Section.SPECTACLE,
    enabled=lambda settings: settings.gambling.enabled and settings.gambling.prediction.enabled,
)
async def predict(call: PmCall) -> PmAnswer:
    """Show the question, bet on it, or run it."""
    match [each.lower() for each in call.args]:
        case []:
            return await _show(call)
        case ["open", *_]:
            return await _open_by_pm(call)
        case ["lock" | "void"] | ["settle", *_]:
            return await _run(call)
        case _:
            return await _bet(call)


async def _show(call: PmCall) -> PmAnswer:
    row = await _round(call)
    if row is None:
        return texts.nothing_on("prediction")
    number = row.number
    stakes = await call.read(lambda reports: stakes_in(reports, number))
    own = next((each for each in stakes if each.name == call.user.name), None)
    left_s = (row.end_ms - call.now_ms) / 1000
    return texts.prediction_shown(row.terms, pools(row.terms, stakes), left_s, own, call.symbol)


async def _round(call: Call) -> OpenRow | None:
    return await social.round_on(call, "prediction")


async def _bet(call: PmCall) -> PmAnswer:
    amount_z = call.amount_at(0, of_z=call.wallet.balance_z)
    if isinstance(amount_z, Refused):
        return amount_z
    row = await _round(call)
    if row is None:
        return Refused(Code.NOT_FOUND, texts.nothing_on("prediction"))
    outcomes = row.terms["outcomes"]
    outcome = outcome_of(outcomes, call.parsed.text(1))
    if outcome is None:
        return Refused(Code.INVALID_REQUEST, texts.which_outcome(outcomes))
    answer = await call.commit(
        Predict(
            call.op_id,
            row.number,
            call.user,
            amount_z,
            outcome,
            limits_of(call.settings),
            call.now_ms,
            call.day,
        )
    )
    if not isinstance(answer, Predicted):
        return kit.stake_refused(call, answer)
    return texts.own_bet(
        outcomes[outcome],
        answer.stake_z,
        answer.backed_z,
        answer.pool_z,
        answer.wallet.balance_z,
        call.symbol,
    )


# Opening


async def _open_by_pm(call: PmCall) -> PmAnswer:
    call = social.on_record(call)
    prediction = call.settings.gambling.prediction
    refusal = social.may_open(call, "predictions", prediction.member_rank)
    if refusal is not None:
        return refusal
    minutes = social.minutes_at(call, 1, prediction.max_minutes)
    if isinstance(minutes, Refused):
        return minutes
    question = question_from(call.parsed.text(2))
    if isinstance(question, BadQuestion):
        return call.usage(question.problem)
    opened = await _open(call, question, minutes, call.by)
    if not isinstance(opened, Opened):
        return opened
    reply = texts.opened_reply("Prediction", opened.number, minutes * 60)
    social.audit(call, reply)
    return reply


async def _open(
    call: Call, question: Question, minutes: int, opener: str
) -> Opened | Refused | Failed:
    """Open one; ``opener`` is "" for other services. Raises as `Call.commit`."""
    terms = round_terms(call.settings, question, minutes * 60, opener)
    is_public = call.settings.gambling.prediction.announce_public
    line = texts.prediction_line(terms)
    return await social.open_round(call, "prediction", terms, line, is_public=is_public)


# Closing, settling, calling off


async def _run(call: PmCall) -> PmAnswer:
    call = social.on_record(call)
    row = await _round(call)
    if row is None:
        return Refused(Code.NOT_FOUND, texts.nothing_on("prediction"))
    if not social.may_run(call, row):
        text = "Only whoever has opened the prediction and admins can do that."
        return Refused(Code.REJECTED, text)
    what = call.args[0].lower()
    if what == "void" and not call.is_admin and await _has_stake(call, row):
        return Refused(Code.REJECTED, texts.staked_yourself())
    answer = await _carry_out(call, row, what, call.parsed.text(1))
    if isinstance(answer, str) and not isinstance(answer, Shown):
        social.audit(call, answer)
    return answer


async def _carry_out(call: Call, row: OpenRow, what: str, said: str) -> str | Refused | Failed:
    """Lock, settle or void, and say what was done."""
    if what == "lock":
        closed = await _close(call, row)
        if not isinstance(closed, Closed):
            return closed
        text = texts.closed_reply(changed=closed.changed)
        return text if closed.changed else Shown(text)
    if what == "void":
        is_public = call.settings.gambling.prediction.announce_public
        cancelled = await social.cancel(call, row, "prediction", is_public=is_public)
        if not isinstance(cancelled, Cancelled):
            return cancelled
        return texts.called_off_reply("prediction", len(cancelled.players))
    if await _has_stake(call, row):
        return Refused(Code.REJECTED, texts.staked_yourself())
    return await _settle(call, row, said)


async def _has_stake(call: Call, row: OpenRow) -> bool:
    """Whether who asks would gain or lose by what came true."""
    name, number = call.named(call.by).name, row.number
    stakes = await call.read(lambda reports: stakes_in(reports, number))
    return any(each.name == name for each in stakes)


async def _close(call: Call, row: OpenRow) -> Closed | Refused | Failed:
    answer = await call.commit(CloseBets(call.channel, row.number, call.now_ms))
    if not isinstance(answer, Closed):
        return call.refused(answer)
    social.look(call, row.number)
    return answer


async def _settle(call: Call, row: OpenRow, said: str) -> str | Refused | Failed:
    """Keep what came true; the table pays, and so does a start if there is none any more."""
    outcomes = row.terms["outcomes"]
    won = outcome_of(outcomes, said)
    if won is None:
        return Refused(Code.INVALID_REQUEST, texts.which_outcome(outcomes))
    request_ = DrawRound(call.op_id, call.channel, row.number, call.now_ms, call.day, str(won))
    answer = await call.commit(request_)
    if not isinstance(answer, Drawn):
        return call.refused(answer)
    social.look(call, row.number)
    return texts.settled_reply(outcomes[won])


# Requests


@request("prediction.state")
async def prediction_state(call: ApiCall) -> ApiAnswer:
    """The open prediction, or none."""
    row = await _round(call)
    if row is None:
        return Done({"channel": call.channel, "open": False})
    number = row.number
    stakes = await call.read(lambda reports: stakes_in(reports, number))
    return Done({"channel": call.channel, **prediction_now(row, stakes, call.now_ms)})


def prediction_now(row: OpenRow, stakes: Sequence[Stake], now_ms: int) -> dict[str, Any]:
    """What all may see of a prediction: the pools by outcome, and who has opened it."""
    terms = row.terms
    on = pools(terms, stakes)
    outcomes = [
        {
            "outcome": outcome,
            "pool": on[place],
            "bets": sum(each.data["outcome"] == place for each in stakes),
        }
        for place, outcome in enumerate(terms["outcomes"])
    ]
    return {
        "open": True,
        "round": row.number,
        "question": terms["question"],
        "opener": terms["opener"],
        "outcomes": outcomes,
        "pool": sum(on),
        "takes_bets": now_ms < row.end_ms,
        "seconds_left": max(0, (row.end_ms - now_ms) // 1000),
    }


@request("prediction.open", QUESTION, OUTCOMES, social.MINUTES, mutating=True, repeatable=True)
async def prediction_open(call: ApiCall) -> ApiAnswer:
    """Open one; ``outcomes`` have ``|`` between them."""
    minutes, gambling = call.field(social.MINUTES), call.settings.gambling
    if not (gambling.enabled and gambling.prediction.enabled):
        return Refused(Code.DISABLED, "Predictions are switched off.")
    refusal = social.minutes_fit(minutes, gambling.prediction.max_minutes)
    if refusal is not None:
        return refusal
    question = question_of(call.field(QUESTION), call.field(OUTCOMES).split("|"))
    if isinstance(question, BadQuestion):
        return Refused(Code.INVALID_REQUEST, question.problem)
    opened = await _open(call, question, minutes, "")
    if not isinstance(opened, Opened):
        return opened
    return Done({"channel": call.channel, "round": opened.number, "open": True})


@request("prediction.lock", mutating=True)
async def prediction_lock(call: ApiCall) -> ApiAnswer:
    """Take no more bets."""
    return await _run_by_request(call, "lock", "")


@request("prediction.settle", OUTCOME, mutating=True)
async def prediction_settle(call: ApiCall) -> ApiAnswer:
    """Say what came true: the number or the text of an outcome."""
    return await _run_by_request(call, "settle", call.field(OUTCOME))


@request("prediction.void", mutating=True)
async def prediction_void(call: ApiCall) -> ApiAnswer:
    """Call it off."""
    return await _run_by_request(call, "void", "")


async def _run_by_request(call: ApiCall, what: str, said: str) -> ApiAnswer:
    row = await _round(call)
    if row is None:
        return Refused(Code.NOT_FOUND, texts.nothing_on("prediction"))
    answer = await _carry_out(call, row, what, said)
    if not isinstance(answer, str):
        return answer
    told = {"channel": call.channel, "round": row.number, "done": what, "result": answer}
    return Done(told, acted=not isinstance(answer, Shown))
