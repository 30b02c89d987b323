"""A private message as a command: read, find in the table, check the rank, run, reply.

Every command of an operator, also one that is written wrongly or fails, leaves a line in the
audit log.
"""

from uuid import uuid4

from economy_actors.context import World
from economy_actors.handlers.answers import Code, Failed, PmAnswer, Refused, result_of
from economy_actors.handlers.call import PmCall
from economy_actors.handlers.kit import audit
from economy_actors.handlers.registry import COMMANDS
from economy_actors.ledger.client import commit
from economy_actors.ledger.messages import Defect
from economy_actors.outbox.message import Pm, Priority
from economy_actors.runtime import AskExpired, AskFailed, RuntimeFault
from economy_actors.session.messages import Command
from kryten_economy.commands import refusals, texts
from kryten_economy.commands.grammar import Parsed, parse
from kryten_economy.commands.table import CommandSpec
from kryten_economy.features.bans.texts import banned
from kryten_economy.features.presence.operations import RecordActivity
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.users import UserKey

__all__ = ("carry_out",)

_SENTENCE_WORDS = 3


async def carry_out(world: World, user: UserKey, message: Command, trace: str | None) -> None:
    """Do what a message asks for, count it, and reply; a blank one does nothing."""
    parsed = parse(message.text)
    if parsed is None:
        return
    is_admin = message.rank >= world.live.settings.admin.owner_level
    spec = COMMANDS.find(parsed.word)
    if spec is None:
        answer: PmAnswer = _unknown(world, parsed, is_admin=is_admin)
    elif not spec.enabled(world.live.settings):
        answer = Refused(Code.REJECTED, refusals.feature_off(f"'{spec.name}'"))
    elif spec.admin and not is_admin:
        answer = Refused(Code.REJECTED, texts.not_authorised(spec.name))
    elif spec.is_about_another(parsed):
        has_profile = COMMANDS.find("profile") is not None
        answer = Refused(Code.INVALID_REQUEST, texts.about_oneself_only(spec.name, has_profile))
    else:
        answer = await _answer(world, user, message, spec, parsed, trace, is_admin=is_admin)
    world.metrics.pm_command("unknown" if spec is None else spec.name, result_of(answer))
    text = answer if isinstance(answer, str) else answer.text
    world.outboxes[user.channel].offer(
        Pm(to=message.display_name, text=text, priority=Priority.REPLY, trace=trace)
    )


def _unknown(world: World, parsed: Parsed, *, is_admin: bool) -> Refused:
    near = COMMANDS.suggest(parsed.word, is_admin=is_admin, settings=world.live.settings)
    if near is None and _is_sentence(parsed):
        return Refused(Code.UNKNOWN_COMMAND, texts.no_sentences())
    return Refused(Code.UNKNOWN_COMMAND, texts.unknown_command(parsed.word, near))


def _is_sentence(parsed: Parsed) -> bool:
    """Whether somebody talks as to a person; a command names a user or a number."""
    named = any(each.startswith("@") or each[0].isdecimal() for each in parsed.args)
    return len(parsed.args) + 1 >= _SENTENCE_WORDS and not named


async def _answer(
    world: World,
    user: UserKey,
    message: Command,
    spec: CommandSpec,
    parsed: Parsed,
    trace: str | None,
    *,
    is_admin: bool,
) -> PmAnswer:
    """What the command's handler answers, or why it could not."""
    try:
        wallet = await _count(world, user, message)
    except Defect:
        return Failed(Code.INTERNAL, texts.internal_error())
    except RuntimeFault:
        return Failed(Code.UNAVAILABLE, refusals.busy())
    if wallet.banned and not (spec.for_banned or spec.admin):
        return Refused(Code.BANNED, banned())
    cause = trace or uuid4().hex
    op_id, name = f"{spec.name}:{cause}", message.display_name
    call = PmCall(world, user.channel, name, op_id, cause, spec, user, parsed, wallet, is_admin)
    if spec.admin:
        return await _audited(call)
    return await _run(call)


async def _count(world: World, user: UserKey, message: Command) -> Wallet:
    """Make sure of the account, count the command, and learn the facts."""
    at_ms = world.clock.now_ms()
    day = world.live.calendar.day(at_ms)
    request = RecordActivity(user, message.display_name, at_ms, day, commands=1)
    answer = await commit(world.ledger, request)
    assert isinstance(answer, Wallet), answer
    return answer


async def _audited(call: PmCall) -> PmAnswer:
    result = "failed"
    try:
        answer = await _run(call)
        result = answer if isinstance(answer, str) else answer.text
    finally:
        audit(
            call.world,
            channel=call.channel,
            admin=call.by,
            command=call.spec.name,
            arguments=call.parsed.rest,
            result=result,
        )
    return answer


async def _run(call: PmCall) -> PmAnswer:
    try:
        return await COMMANDS.handler(call.spec)(call)
    except Defect:
        return Failed(Code.INTERNAL, texts.internal_error())
    except (AskExpired, AskFailed):
        # The books may or may not have done it; a money command is never silently lost.
        text = refusals.busy() if call.spec.reads else texts.outcome_unknown()
        return Failed(Code.UNAVAILABLE, text)
