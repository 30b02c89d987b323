"""One user in one channel: arrivals, chat and commands, one after the other.

The session keeps nothing that the books do not know, so it may be put to sleep at any quiet
moment and woken by the next message.
"""

import uuid
from dataclasses import replace
from typing import ClassVar, assert_never

from economy_actors.context import Context
from economy_actors.messages.channel import AttendanceSettled, ChannelMessage, Newcomer, NoticeOwed
from economy_actors.messages.gateway import FindPersons
from economy_actors.messages.ledger import commit
from economy_actors.messages.session import (
    Arriving,
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
from economy_actors.runtime import Actor, Ref, Reply, RuntimeFault, Supervision
from economy_actors.session import progress
from economy_actors.session.commands import carry_out
from economy_actors.session.dialogue import Dialogue
from economy_actors.session.talk import hand_over, pay_request, record_request, split_unknown
from kryten_economy.features.chat.rules import suspects, without
from kryten_economy.features.presence.operations import Arrive, Arrived
from kryten_economy.features.presence.rules import MINUTE_MS
from kryten_economy.users import UserKey

__all__ = ("PERSON_TIMEOUT_S", "Session")

_ANSWERED_MAX = 16
"""So many forms of a user are known again with their answers; acts are known by the books."""

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
