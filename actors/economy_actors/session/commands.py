"""A private message as a command: read, find in the table, check the rank, run, reply.

Every command of an operator, also one that is written wrongly or fails, leaves a line in the
audit log.
"""

from dataclasses import dataclass
from typing import assert_never
from uuid import uuid4

from economy_actors.context import Context
from economy_actors.handlers.answers import (
    Code,
    Failed,
    PmAnswer,
    Private,
    Refused,
    Shown,
    result_of,
)
from economy_actors.handlers.kit import on_record, recorded
from economy_actors.handlers.registry import COMMANDS, LOOKS, CommandHandler, Look, PmCall, Question
from economy_actors.messages.ledger import Defect, commit
from economy_actors.messages.session import Asked, Command, PageAnswer
from economy_actors.outbox.message import Pm, Priority
from economy_actors.runtime import AskExpired, AskFailed, RuntimeFault
from economy_actors.session.dialogue import (
    Chosen,
    Confirmed,
    Dialogue,
    Heard,
    Lapsed,
    OutOfRange,
    Pending,
    WrongCode,
)
from kryten_economy.commands import refusals
from kryten_economy.commands.grammar import Parsed, parse
from kryten_economy.commands.table import CommandSpec
from kryten_economy.features.bans import banned
from kryten_economy.features.panic import pause_told
from kryten_economy.features.presence.operations import RecordActivity
from kryten_economy.ledger.operation import AndRead
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.text.templates import on_page
from kryten_economy.users import UserKey

__all__ = ("carry_out",)

_SENTENCE_WORDS = 3


async def carry_out(
    context: Context,
    user: UserKey,
    message: Command,
    trace: str | None,
    dialogue: Dialogue,
    now_s: float,
) -> PageAnswer | None:
    """Do what a message asks for, count it, and reply; a blank one does nothing.

    What came from a page is answered there, with what the reply would have been.
    """
    parsed = parse(message.text)
    if parsed is None:
        if message.page is not None:
            text = refusals.unknown_command("", None)
            message.page.reply.send(PageAnswer(text, "refused", Code.UNKNOWN_COMMAND))
        return None
    waited = dialogue.waits
    is_admin = message.rank >= context.live.settings.admin.owner_level
    meant, is_move = _meant(context, user.channel, message, parsed)
    asking = _Asking(context, user, message, meant, trace, is_admin, is_move)
    heard = _heard(message, parsed, dialogue, now_s)
    if heard is None:
        spec, answer = await _command(asking)
        if spec is None and waited and not message.in_chat:
            answer = Refused(Code.REJECTED, refusals.cancelled())
    else:
        spec, answer = await _replied(asking, heard)
    asked = None
    if isinstance(answer, Question):
        for_s = answer.for_s or context.live.settings.commands.confirm_timeout_seconds
        assert spec is not None
        asked = dialogue.ask(answer, spec, now_s + for_s)
    result = result_of(answer.text if isinstance(answer, Question) else answer)
    context.metrics.pm_command("unknown" if spec is None else spec.name, result)
    text = answer if isinstance(answer, str) else answer.text
    if message.page is not None:
        text = on_page(text)
    if text:
        text += _pause_note(asking, spec, dialogue)
    if message.page is not None:
        code = answer.code if isinstance(answer, Refused | Failed) else ""
        told = PageAnswer(text, result, code, None if asked is None else _shown(asked))
        message.page.reply.send(told)
        return told
    if text:
        context.outboxes[user.channel].offer(
            Pm(to=message.display_name, text=text, priority=Priority.REPLY, trace=trace)
        )
    return None


def _heard(message: Command, parsed: Parsed, dialogue: Dialogue, now_s: float) -> Heard | None:
    """What a message says to a question; a page says to which one.

    What is said in the channel is no answer to a question asked in private.
    """
    if message.in_chat:
        return None
    answers = "" if message.page is None else message.page.answers
    if answers and not dialogue.knows(answers, now_s):
        return Lapsed()
    return dialogue.hear(parsed, now_s)


def _shown(pending: Pending) -> Asked:
    question = pending.question
    waits = question.yes is not None
    has_code = question.code is not None
    return Asked(pending.id, waits and not has_code, waits and has_code, question.choices)


def _pause_note(asking: "_Asking", spec: CommandSpec | None, dialogue: Dialogue) -> str:
    """That nothing is earned at the moment: for whoever asks how things stand, and once."""
    if spec is None or not spec.reads or spec.name == "help" or asking.is_admin:
        return ""
    for halt in asking.context.halts[asking.user.channel].value:
        if halt.what in ("earning", "read-only") and dialogue.told_pause_ms != halt.since_ms:
            dialogue.told_pause_ms = halt.since_ms
            return f"\n{pause_told(halt)}"
    return ""


async def _replied(
    asking: "_Asking", heard: Heard
) -> tuple[CommandSpec | None, PmAnswer | Question]:
    """What comes of an answer to a question; who was asked as an admin must be one still."""
    match heard:
        case Confirmed(pending) | Chosen(pending, _) if pending.spec.admin and not asking.is_admin:
            text = refusals.not_authorised(pending.spec.name)
            return pending.spec, Refused(Code.REJECTED, text)
        case Confirmed(pending):
            assert pending.question.yes is not None, pending
            return pending.spec, await _answer(asking, pending.spec, pending.question.yes)
        case Chosen(pending, number):
            chosen = pending.question.chosen
            assert chosen is not None, pending
            spec = pending.spec
            return spec, await _answer(asking, spec, lambda call: chosen(call, number))
        case OutOfRange(choices):
            return None, Refused(Code.INVALID_REQUEST, refusals.out_of_range(choices))
        case WrongCode():
            return None, Refused(Code.REJECTED, refusals.wrong_code())
        case Lapsed():
            return None, Refused(Code.REJECTED, refusals.nothing_to_confirm())
        case _:
            assert_never(heard)


@dataclass(frozen=True, slots=True)
class _Asking:
    """Who asks for what."""

    context: Context
    user: UserKey
    message: Command
    parsed: Parsed
    trace: str | None
    is_admin: bool
    is_move: bool


def _meant(context: Context, channel: str, message: Command, parsed: Parsed) -> tuple[Parsed, bool]:
    """The command a message stands for, and whether it is a move of a round under way.

    What such a round listens to may be sent in private as well; a command of one word stays that
    command. Moves are made whatever was switched off since the round began (`gambling.md` 1).
    """
    words = context.chat_words[channel].value
    if not words:
        return parsed, False
    command = None if message.in_chat else words.get(" ".join(message.text.split()).lower())
    if command is None or (not parsed.args and COMMANDS.find(parsed.word) is not None):
        return parsed, message.text in words.values()
    return parse(command) or parsed, True


async def _command(asking: _Asking) -> tuple[CommandSpec | None, PmAnswer | Question]:
    """What the message says as a command, whatever was asked before."""
    settings, parsed = asking.context.live.settings, asking.parsed
    spec = COMMANDS.find(parsed.word)
    if spec is None:
        return None, _unknown(asking.context, parsed, is_admin=asking.is_admin)
    if not (spec.enabled(settings) or spec.finishes or asking.is_move):
        return spec, Refused(Code.REJECTED, refusals.feature_off(f"'{spec.name}'"))
    if spec.admin and not asking.is_admin:
        return spec, Refused(Code.REJECTED, refusals.not_authorised(spec.name))
    if spec.is_about_another(parsed):
        return spec, Refused(Code.INVALID_REQUEST, _no_name_taken(spec))
    return spec, await _answer(asking, spec, COMMANDS.handler(spec))


def _no_name_taken(spec: CommandSpec) -> str:
    if not spec.is_about_oneself:
        return refusals.usage(spec.syntax, refusals.no_name_taken(spec.name))
    return refusals.about_oneself_only(spec.name, COMMANDS.find("profile") is not None)


def _unknown(context: Context, parsed: Parsed, *, is_admin: bool) -> Refused:
    near = COMMANDS.suggest(parsed.word, is_admin=is_admin, settings=context.live.settings)
    if near is None and _is_sentence(parsed):
        return Refused(Code.UNKNOWN_COMMAND, refusals.no_sentences())
    return Refused(Code.UNKNOWN_COMMAND, refusals.unknown_command(parsed.word, near))


def _is_sentence(parsed: Parsed) -> bool:
    """Whether somebody talks as to a person; a command names a user or a number."""
    named = any(each.startswith("@") or each[0].isdecimal() for each in parsed.args)
    return len(parsed.args) + 1 >= _SENTENCE_WORDS and not named


async def _answer(
    asking: _Asking, spec: CommandSpec, handler: CommandHandler
) -> PmAnswer | Question:
    """What the command's handler answers, or why it could not."""
    context, user, message = asking.context, asking.user, asking.message
    try:
        wallet, seen = await _count(context, user, message, LOOKS.get(spec.name))
    except Defect:
        return Failed(Code.INTERNAL, refusals.internal_error())
    except RuntimeFault:
        return Failed(Code.UNAVAILABLE, refusals.busy())
    if wallet.banned and not (spec.for_banned or spec.admin):
        return Refused(Code.BANNED, banned())
    if wallet.frozen_until_ms is not None and not (spec.for_banned or spec.admin or spec.reads):
        return Refused(Code.BANNED, refusals.frozen(wallet.frozen_until_ms))
    cause = asking.trace or uuid4().hex
    call = PmCall(
        context,
        user.channel,
        message.display_name,
        f"{spec.name}:{cause}",
        cause,
        spec,
        user,
        asking.parsed,
        wallet,
        asking.is_admin,
        message.in_chat,
        seen,
        "pm" if message.page is None else "page",
    )
    if spec.admin:
        return await _audited(call, handler)
    return await _run(call, handler)


async def _count(
    context: Context, user: UserKey, message: Command, look: Look | None
) -> tuple[Wallet, object]:
    """Make sure of the account, count the command, and learn the facts."""
    at_ms = context.clock.now_ms()
    day = context.live.calendar.day(at_ms)
    request = RecordActivity(user, message.display_name, at_ms, day, commands=1)
    if look is None:
        return await commit(context.ledger, request), None
    counted = await commit(context.ledger, AndRead(request, lambda tx: look(tx, user, day)))
    return counted.answer, counted.found


async def _audited(call: PmCall, handler: CommandHandler) -> PmAnswer | Question:
    call = on_record(call, call.origin, call.spec.name, call.parsed.rest)
    result, done = "failed", False
    try:
        answer = await _run(call, handler)
        text = answer if isinstance(answer, str) else answer.text
        result = "told" if isinstance(answer, Private) else text
        done = isinstance(answer, str) and not (call.spec.reads or isinstance(answer, Shown))
    finally:
        recorded(call, result, done=done)
    return answer


async def _run(call: PmCall, handler: CommandHandler) -> PmAnswer | Question:
    try:
        return await handler(call)
    except Defect:
        return Failed(Code.INTERNAL, refusals.internal_error())
    except (AskExpired, AskFailed):
        # The books may or may not have done it; a money command is never silently lost.
        text = refusals.busy() if call.spec.reads else refusals.outcome_unknown()
        return Failed(Code.UNAVAILABLE, text)
