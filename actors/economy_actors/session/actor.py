"""One user in one channel: arrivals, chat and commands, one after the other.

The session keeps nothing that the books do not know, so it may be put to sleep at any quiet
moment and woken by the next message.
"""

import uuid
from dataclasses import replace
from typing import ClassVar, assert_never

from economy_actors.channel.messages import (
    AttendanceSettled,
    ChannelMessage,
    Newcomer,
    WelcomeDue,
)
from economy_actors.context import World
from economy_actors.ledger.client import commit
from economy_actors.ledger.messages import Defect
from economy_actors.outbox.message import Pm, Priority
from economy_actors.persons import FindPersons
from economy_actors.runtime import (
    Actor,
    AskExpired,
    AskFailed,
    Ref,
    Reply,
    RuntimeFault,
    Supervision,
)
from economy_actors.session import attendance, chatting, progress, user_commands
from economy_actors.session.admin_commands import AdminRequest
from economy_actors.session.admin_commands import run as run_admin_command
from economy_actors.session.messages import (
    Arriving,
    AttendanceDue,
    ChatLine,
    Command,
    Deserved,
    LevelGiven,
    PersonKnown,
    ProgressMade,
    SessionMessage,
)
from economy_actors.session.told import Result, Told
from economy_actors.session.user_commands import UserRequest
from kryten_economy.commands import texts as commands_texts
from kryten_economy.commands.grammar import Parsed, parse
from kryten_economy.commands.table import CommandSpec, find, suggest
from kryten_economy.features.bans import texts as bans_texts
from kryten_economy.features.chat.aliases import suspects, without
from kryten_economy.features.presence.operations import Arrive, Arrived, RecordActivity
from kryten_economy.features.presence.rules import MINUTE_MS
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.users import UserKey

__all__ = ("Session",)

PERSON_TIMEOUT_S = 4.5
"""How long thanks wait for kryten-userstats; then plain names are compared."""

_OPEN_TO_BANNED = frozenset({"help", "about", "quiet", "unquiet"})
"""What a banned user may still ask (`commands.md` 1.8)."""


class Session(Actor[SessionMessage]):
    """Serializes everything one user does in one channel."""

    supervision: ClassVar[Supervision] = Supervision()

    def __init__(self, user: UserKey, world: World, channel: Ref[ChannelMessage]) -> None:
        self._user = user
        self._world = world
        self._channel = channel

    async def receive(self, message: SessionMessage) -> None:
        """Handle what the user did."""
        match message:
            case ChatLine():
                await self._said(message)
            case Deserved():
                await self._pay(message)
            case PersonKnown(due, own):
                effect = without(due.effect, own, self._world.live.settings)
                await self._book(replace(due, effect=effect))
            case Command():
                await self._command(message)
            case Arriving():
                await self._arrive(message)
            case LevelGiven(level):
                await progress.level_given(self._world, self._user, level, trace=self.trace)
            case ProgressMade(wallet):
                await progress.made(self._world, self._channel, wallet, trace=self.trace)
            case AttendanceDue():
                await self._attended(message)
            case _:
                assert_never(message)

    # Talk

    async def _said(self, line: ChatLine) -> None:
        """Decide what a line earns; thanks to whom nobody knows yet follow on their own."""
        key = self.trace or uuid.uuid4().hex
        effect, unknown = chatting.split_unknown(self._world, self._user, line.effect)
        request = chatting.record_request(self._world, self._user, line, effect, key)
        await chatting.hand_over(self._world, self._channel, self._user, (request,))
        if unknown is not None:
            self._ask_who(Deserved(unknown, line.at_ms, f"{key}:thanks"))

    async def _pay(self, due: Deserved) -> None:
        effect, unknown = chatting.split_unknown(self._world, self._user, due.effect)
        await self._book(replace(due, effect=effect))
        if unknown is not None:
            key = due.key or self.trace or uuid.uuid4().hex
            self._ask_who(Deserved(unknown, due.at_ms, f"{key}:thanks"))

    async def _book(self, due: Deserved) -> None:
        if due.effect.awards or due.effect.tallies:
            request = chatting.pay_request(self._world, self._user, due, self.trace)
            await chatting.hand_over(self._world, self._channel, self._user, (request,))

    def _ask_who(self, due: Deserved) -> None:
        """Have it found out which of the names are the user's own; plain names count meanwhile."""
        names = suspects(due.effect, self._world.live.settings)

        def ask(reply: Reply[frozenset[str]]) -> FindPersons:
            return FindPersons(self._user.name, tuple(names), reply)

        def known(own: frozenset[str] | RuntimeFault) -> PersonKnown:
            return PersonKnown(due, own if isinstance(own, frozenset) else frozenset())

        self.request(self._world.persons, ask, known, timeout_s=PERSON_TIMEOUT_S)

    # Arrival

    async def _arrive(self, message: Arriving) -> None:
        """Have the books judge the arrival, and tell what it has brought."""
        settings, calendar = self._world.live.settings, self._world.live.calendar
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
        )
        answer = await commit(self._world.ledger, request)
        if not isinstance(answer, Arrived):
            return
        if answer.genuine:
            self._channel.offer(Newcomer(message.display_name, message.at_ms))
        if answer.welcomed_z and not answer.replayed:
            delay_s = settings.onboarding.welcome_delay_seconds
            self._channel.offer(WelcomeDue(message.display_name, answer.welcomed_z, delay_s))
        if answer.welcomed_back_z and not answer.replayed:
            attendance.tell_welcome_back(
                self._world, answer.wallet, answer.welcomed_back_z, trace=self.trace
            )
        progress.ask_level(self._world, self._channel, answer.wallet)

    async def _attended(self, message: AttendanceDue) -> None:
        """Get what the time here brings, and say when it is in the books."""
        if await attendance.settle(self._world, self._user, message, trace=self.trace):
            self._channel.offer(AttendanceSettled(self._user.name, message.day, message.minutes))

    # Commands

    async def _command(self, message: Command) -> None:
        parsed = parse(message.text)
        if parsed is None:
            return
        settings = self._world.live.settings
        is_admin = message.rank >= settings.admin.owner_level
        spec = find(parsed.word)
        if spec is None or not spec.enabled(settings):
            self._count("unknown", "refused")
            near = suggest(parsed.word, is_admin=is_admin, settings=settings)
            self._reply(message, commands_texts.unknown_command(parsed.word, near))
            return
        if spec.admin and not is_admin:
            self._count(spec.name, "refused")
            self._reply(message, commands_texts.not_authorised(spec.name))
            return
        try:
            told = await self._run(spec, parsed, message, is_admin=is_admin)
        except Defect:
            self._count(spec.name, "error")
            self._reply(message, commands_texts.internal_error())
            return
        except (AskExpired, AskFailed):
            # The books may or may not have done it; a money command is never silently lost.
            self._count(spec.name, "error")
            self._reply(message, commands_texts.outcome_unknown())
            return
        self._count(spec.name, told.result)
        self._reply(message, told.text)

    async def _run(
        self, spec: CommandSpec, parsed: Parsed, message: Command, *, is_admin: bool
    ) -> Told:
        trace = self.trace or uuid.uuid4().hex
        if spec.admin:
            return await run_admin_command(
                self._world,
                AdminRequest(self._user.channel, message.display_name, parsed, trace),
            )
        wallet = await self._touch(message)
        if wallet.banned and spec.name not in _OPEN_TO_BANNED:
            return Told(bans_texts.banned(), "refused")
        request = UserRequest(self._user, message.display_name, parsed, wallet, is_admin)
        return Told(await user_commands.run(self._world, spec.name, request))

    async def _touch(self, message: Command) -> Wallet:
        """Make sure of the account, count the command, and learn the facts."""
        at_ms = self._world.clock.now_ms()
        return await commit(
            self._world.ledger,
            RecordActivity(
                user=self._user,
                display_name=message.display_name,
                at_ms=at_ms,
                day=self._world.live.calendar.day(at_ms),
                commands=1,
            ),
        )

    def _reply(self, message: Command, text: str) -> None:
        self._world.outboxes[self._user.channel].offer(
            Pm(to=message.display_name, text=text, priority=Priority.REPLY, trace=self.trace)
        )

    def _count(self, command: str, result: Result) -> None:
        self._world.metrics.pm_command(command, result)
