"""One user in one channel: arrivals, chat and commands, one after the other.

The session keeps nothing that the books do not know, so it may be put to sleep at any quiet
moment and woken by the next message.

A user's chat lines: what each earns is decided here, in order, and handed to the channel.

What a line sets off was judged by the channel; what it is multiplied by, the books work out from
the terms that go with it. Nobody thanks themselves under another name: where it is not known yet
who is behind a name, the thanks wait for kryten-userstats and the line does not.

A private message as a command: read, find in the table, check the rank, run, reply.

Every command of an operator, also one that is written wrongly or fails, leaves a line in the
audit log.
"""

import uuid
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import ClassVar, assert_never
from uuid import uuid4

import structlog

from economy_actors.context import Context, terms_now
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
from economy_actors.handlers.registry import (
    COMMANDS,
    LOOKS,
    CommandHandler,
    Look,
    PmCall,
    Question,
)
from economy_actors.messages.channel import (
    AttendanceSettled,
    ChannelMessage,
    LinesReady,
    Newcomer,
    NoticeOwed,
)
from economy_actors.messages.gateway import FindPersons
from economy_actors.messages.ledger import COMMIT_TIMEOUT_S, Defect, commit
from economy_actors.messages.session import (
    Arriving,
    Asked,
    AttendanceDue,
    ChatLine,
    Command,
    Deserved,
    GiveLevel,
    LevelGiven,
    PageAnswer,
    PersonKnown,
    ProgressMade,
    PromptDue,
    SessionMessage,
)
from economy_actors.messages.vanity import GreetingOwed
from economy_actors.outbox.message import Pm, Priority
from economy_actors.runtime import (
    Actor,
    AskExpired,
    AskFailed,
    Ref,
    Reply,
    RuntimeFault,
    Supervision,
)
from economy_actors.session import progress
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
from kryten_economy.features.chat.operations import PayTriggers, RecordChat
from kryten_economy.features.chat.rules import parted, suspects, without
from kryten_economy.features.chat.triggers import Effect
from kryten_economy.features.panic import pause_told
from kryten_economy.features.presence.operations import Arrive, Arrived, RecordActivity
from kryten_economy.features.presence.rules import MINUTE_MS, earning_gate
from kryten_economy.ledger.operation import AndRead
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.text.templates import on_page
from kryten_economy.users import UserKey

__all__ = (
    "Session",
    "carry_out",
    "hand_over",
    "pay_request",
    "record_request",
    "split_unknown",
)

_SENTENCE_WORDS = 3
_ANSWERED_MAX = 16
"""So many forms of a user are known again with their answers; acts are known by the books."""


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


_log = structlog.get_logger("chat")


def split_unknown(context: Context, user: UserKey, effect: Effect) -> tuple[Effect, Effect | None]:
    """What is sure of an effect, and what waits until the persons behind its names are known."""
    names = suspects(effect, context.live.settings)
    if not names:
        return effect, None
    known = context.people.at_hand((user.name, *names))
    if known is None:
        return parted(effect, context.live.settings)
    person, *others = known
    own = {name for name, other in zip(names, others, strict=True) if other == person}
    return (without(effect, own, context.live.settings) if own else effect), None


def record_request(
    context: Context, user: UserKey, line: ChatLine, effect: Effect, key: str
) -> RecordChat:
    """A line as the books take it."""
    live = context.live
    return RecordChat(
        op_id=f"chat:{user.channel}:{key}",
        user=user,
        display_name=line.display_name,
        at_ms=line.at_ms,
        day=live.calendar.day(line.at_ms),
        long_messages=effect.long_messages,
        gifs_posted=effect.gifs_posted,
        emotes=effect.emotes,
        tallies=effect.tallies,
        awards=effect.awards,
        gate=earning_gate(live.settings.onboarding),
        terms=terms_now(context, user.channel, line.at_ms) if effect.awards else None,
    )


def pay_request(context: Context, user: UserKey, due: Deserved, trace: str | None) -> PayTriggers:
    """What no line of the user's own has set off."""
    live = context.live
    key = due.key or trace or uuid.uuid4().hex
    return PayTriggers(
        op_id=f"triggers:{user.channel}:{user.name}:{key}",
        channel=user.channel,
        at_ms=due.at_ms,
        day=live.calendar.day(due.at_ms),
        awards=due.effect.awards,
        tallies=due.effect.tallies,
        gate=earning_gate(live.settings.onboarding),
        terms=terms_now(context, user.channel, due.at_ms),
    )


async def hand_over(
    context: Context,
    channel: Ref[ChannelMessage],
    user: UserKey,
    lines: tuple[RecordChat | PayTriggers, ...],
) -> None:
    """Have the channel book them with the next batch.

    A channel that is ending takes nothing more: then the last lines go to the books from here.
    """
    if channel.is_open:
        with suppress(RuntimeFault):
            await channel.send(LinesReady(user.name, lines), timeout_s=COMMIT_TIMEOUT_S)
            return
    said = sum(isinstance(line, RecordChat) for line in lines)
    context.backlog.booked(user.channel, said)
    for line in lines:
        try:
            await commit(context.ledger, line)
        except RuntimeFault:
            _log.warning(
                "triggers not booked", channel=user.channel, user=user.name, op_id=line.op_id
            )


PERSON_TIMEOUT_S = 4.5
"""How long thanks wait for kryten-userstats; then plain names are compared."""


class Session(Actor[SessionMessage]):
    """Serializes everything one user does in one channel."""

    supervision: ClassVar[Supervision] = Supervision()

    def __init__(self, user: UserKey, context: Context, channel: Ref[ChannelMessage]) -> None:
        self._user = user
        self._context = context
        self._channel = channel
        self._is_asking = False
        self._thanks: list[Deserved] = []
        self._dialogue = Dialogue()
        self._answered: dict[str, PageAnswer] = {}

    async def started(self) -> None:
        """Nothing was asked yet, whatever the instance before had asked."""
        self._count_prompt()

    async def receive(  # noqa: C901  # one way for each message
        self, message: SessionMessage
    ) -> None:
        """Handle what the user did."""
        match message:
            case ChatLine():
                await self._said(message)
            case Deserved():
                await self._pay(message)
            case PersonKnown():
                await self._known(message)
            case Command():
                await self._carry_out(message)
            case PromptDue():
                self._dialogue.expire(self.now_s())
                self._count_prompt()
            case Arriving():
                await self._arrive(message)
            case GiveLevel(display_name, level):
                await progress.give_level(self._context, self._user, display_name, level)
            case LevelGiven(level):
                await progress.level_given(self._context, self._channel, self._user, level)
            case ProgressMade(wallet):
                await progress.made(self._context, self._channel, wallet, trace=self.trace)
            case AttendanceDue():
                await self._attended(message)
            case _:
                assert_never(message)

    async def _carry_out(self, message: Command) -> None:
        now_s = self.now_s()
        if message.page is not None and self.trace in self._answered:
            # The same form once more: it is answered alike, also a question already answered.
            message.page.reply.send(self._answered[self.trace])
            return
        told = await carry_out(
            self._context, self._user, message, self.trace, self._dialogue, now_s
        )
        # Of what has failed it may be unknown whether it was done, so it may be tried again.
        if told is not None and self.trace is not None and told.result != "error":
            self._answered[self.trace] = told
            if len(self._answered) > _ANSWERED_MAX:
                del self._answered[next(iter(self._answered))]
        self._count_prompt()
        if self._dialogue.waits:
            # A little late, so that the prompt is over by then.
            wait_s = self._context.live.settings.commands.confirm_timeout_seconds + 0.1
            self.after(wait_s, PromptDue())

    def _count_prompt(self) -> None:
        self._context.metrics.set_prompt(self._user, waits=self._dialogue.waits)

    async def stopping(self) -> None:
        """What was asked dies with the session."""
        self._context.metrics.set_prompt(self._user, waits=False)

    # Talk

    async def _said(self, line: ChatLine) -> None:
        """Decide what a line earns; thanks to whom nobody knows yet follow on their own."""
        key = self.trace or uuid.uuid4().hex
        effect, unknown = split_unknown(self._context, self._user, line.effect)
        request = record_request(self._context, self._user, line, effect, key)
        await hand_over(self._context, self._channel, self._user, (request,))
        if unknown is not None:
            self._ask_who(Deserved(unknown, line.at_ms, f"{key}:thanks"))

    async def _pay(self, due: Deserved) -> None:
        effect, unknown = split_unknown(self._context, self._user, due.effect)
        await self._book(replace(due, effect=effect))
        if unknown is not None:
            key = due.key or self.trace or uuid.uuid4().hex
            self._ask_who(Deserved(unknown, due.at_ms, f"{key}:thanks"))

    async def _book(self, *dues: Deserved) -> None:
        requests = tuple(
            pay_request(self._context, self._user, due, self.trace)
            for due in dues
            if due.effect.awards or due.effect.tallies
        )
        if requests:
            await hand_over(self._context, self._channel, self._user, requests)

    def _ask_who(self, *dues: Deserved) -> None:
        """Have it found out which of the names are the user's own; plain names count meanwhile.

        One question is under way at a time: thanks that come meanwhile share the next one.
        """
        if self._is_asking:
            self._thanks.extend(dues)
            return
        settings = self._context.live.settings
        names = dict.fromkeys(name for due in dues for name in suspects(due.effect, settings))

        def ask(reply: Reply[frozenset[str]]) -> FindPersons:
            return FindPersons(self._user.name, tuple(names), reply)

        def known(own: frozenset[str] | RuntimeFault) -> PersonKnown:
            return PersonKnown(dues, own if isinstance(own, frozenset) else frozenset())

        self._is_asking = True
        self.request(self._context.persons, ask, known, timeout_s=PERSON_TIMEOUT_S)

    async def _known(self, message: PersonKnown) -> None:
        """Book what has waited for an answer, and ask for what has come meanwhile."""
        self._is_asking = False
        thanks, self._thanks = self._thanks, []
        if thanks:
            self._ask_who(*thanks)
        settings = self._context.live.settings
        effects = [without(due.effect, message.own, settings) for due in message.due]
        paid = zip(message.due, effects, strict=True)
        await self._book(*(replace(due, effect=effect) for due, effect in paid))

    # Arrival

    async def _arrive(self, message: Arriving) -> None:
        """Have the books judge the arrival, and tell what it has brought."""
        settings, calendar = self._context.live.settings, self._context.live.calendar
        back = settings.retention.welcome_back
        request = Arrive(
            op_id=f"arrive:{self._user.channel}:{self._user.name}:{message.at_ms}",
            user=self._user,
            display_name=message.display_name,
            at_ms=message.at_ms,
            day=calendar.day(message.at_ms),
            welcome_wallet_z=settings.onboarding.welcome_wallet,
            welcome_back_z=back.bonus if back.enabled else 0,
            days_absent=back.days_absent,
            window_ms=settings.presence.join_debounce_minutes * MINUTE_MS,
            welcome_delay_ms=settings.onboarding.welcome_delay_seconds * 1000,
            greeting_absence_ms=self._greeting_absence_ms(message),
        )
        answer = await commit(self._context.ledger, request)
        if not isinstance(answer, Arrived):
            return
        if answer.genuine:
            self._channel.offer(Newcomer(message.display_name, message.at_ms))
        if answer.notice is not None:
            self._channel.offer(NoticeOwed(answer.notice))
        if answer.greeting is not None and not answer.replayed:
            self._channel.offer(
                GreetingOwed(self._user.name, message.display_name, answer.greeting)
            )
        if answer.welcomed_back_z and not answer.replayed:
            progress.tell_welcome_back(
                self._context, answer.wallet, answer.welcomed_back_z, trace=self.trace
            )
        progress.ask_level(self._context, self._channel, answer.wallet)

    def _greeting_absence_ms(self, message: Arriving) -> int | None:
        """After how long an absence a greeting is posted; None if it is not."""
        settings = self._context.live.settings
        if not message.seen_coming or not settings.announcements.custom_greeting:
            return None
        return settings.presence.greeting_absence_minutes * MINUTE_MS

    async def _attended(self, message: AttendanceDue) -> None:
        """Get what the time here brings, and say when it is in the books."""
        if await progress.settle(self._context, self._user, message, trace=self.trace):
            self._channel.offer(AttendanceSettled(self._user.name, message.day, message.minutes))
