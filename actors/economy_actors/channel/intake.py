"""Private messages on their way to a session (`commands.md` 1).

Commands of who is signed in on the pages, which are taken as theirs and answered there.

The emotes of a channel, which its users' lines are searched for (`earning.md` 8.6).

The names come from the robot's store at the start, once an hour and after an outage, and from
its events in between. Where none are known no line holds any, and that is all.
"""

from collections.abc import Callable, Mapping

from economy_actors.context import Context
from economy_actors.handlers.answers import Code
from economy_actors.handlers.registry import COMMANDS
from economy_actors.messages.channel import (
    EmoteChanged,
    EmotesListed,
    PageCommand,
    PrivateMessage,
    RoomStored,
)
from economy_actors.messages.gateway import ReadRoom
from economy_actors.messages.session import Command, PageAnswer, SessionMessage
from economy_actors.outbox.message import Pm, Priority
from economy_actors.runtime import Ref
from kryten_economy.commands import refusals
from kryten_economy.commands import refusals as commands_texts
from kryten_economy.commands.grammar import parse
from kryten_economy.commands.ratelimit import (
    Allowed,
    Decision,
    RateLimiter,
    Silent,
    TellSlowDown,
)
from kryten_economy.features.chat.rules import emotes_in
from kryten_economy.features.presence.rules import Roster
from kryten_economy.users import UserKey

__all__ = (
    "Emotes",
    "PrivateIntake",
    "broken",
)

SLOW_DOWN = "slow_down"

_HOUR_MS = 3_600_000


def broken() -> PageAnswer:
    """The answer on a page to a command over which its session has failed."""
    return PageAnswer(refusals.internal_error(), "error", Code.INTERNAL)


class Emotes:
    """Knows the names; finds them in texts."""

    def __init__(self, channel: str, context: Context) -> None:
        self._channel = channel
        self._context = context
        self._names: frozenset[str] = frozenset()
        self._asked_in_hour = context.clock.now_ms() // _HOUR_MS

    def told(self, message: EmotesListed | EmoteChanged | RoomStored) -> None:
        """Take in what the robot or its store says; a store without a list changes nothing."""
        match message:
            case EmotesListed(names):
                self._names = names
            case EmoteChanged(name, True):
                self._names |= {name}
            case EmoteChanged(name):
                self._names -= {name}
            case RoomStored(emotes) if emotes is not None:
                self._names = emotes
            case _:
                pass

    def used(self, text: str) -> tuple[str, ...]:
        """The distinct emotes in a line."""
        return emotes_in(text, self._names)

    def minute(self, at_ms: int) -> None:
        """Have the list read again with the first minute of each hour."""
        hour = at_ms // _HOUR_MS
        if hour != self._asked_in_hour:
            self._asked_in_hour = hour
            self.ask()

    def ask(self) -> None:
        """Have the store read. Before the first connection there is no gateway to ask."""
        if self._context.gateway is not None:
            self._context.gateway.offer(ReadRoom(self._channel))


class PrivateIntake:
    """Lets commands pass to the sessions of those who are here, at a bearable rate.

    ``below`` holds who is here with too low a rank; ``unknown`` is called when a stranger asks.
    """

    def __init__(
        self,
        name: str,
        context: Context,
        roster: Roster,
        below: Mapping[str, float],
        session: Callable[[str], Ref[SessionMessage]],
        unknown: Callable[[], None],
    ) -> None:
        self._name = name
        self._context = context
        self._roster = roster
        self._below = below
        self._session = session
        self._unknown = unknown
        self._limiter = RateLimiter(context.live.settings.commands.rate_limit_per_minute)

    def settings_changed(self) -> None:
        """Take over the new limit."""
        self._limiter.limit = self._context.live.settings.commands.rate_limit_per_minute

    def take(self, message: PrivateMessage, now_s: float, trace: str | None) -> None:
        """Pass a message on, or answer why not; a blank one does nothing."""
        if not message.text.strip():
            return
        visit = self._roster.get(message.name)
        if visit is None or not visit.connected:
            self._of_stranger(message, now_s, trace)
            return
        is_admin = visit.rank >= self._context.live.settings.admin.owner_level
        if not is_admin and not self._allowed(message, now_s, trace):
            return
        command = Command(
            visit.display_name, message.text, visit.rank, message.at_ms, message.in_chat
        )
        if not self._session(visit.name).offer(command):
            self._reply(visit.display_name, refusals.busy(), trace)

    def _of_stranger(self, message: PrivateMessage, now_s: float, trace: str | None) -> None:
        """Someone of too low a rank, or someone the presence table has not heard of yet."""
        if not self._allowed(message, now_s, trace):
            return
        if message.name.lower() in self._below:
            self._reply(message.name, commands_texts.guest_not_allowed(), trace)
            return
        self._reply(message.name, commands_texts.not_known_yet(), trace)
        self._unknown()

    def take_from_page(self, message: PageCommand, now_s: float) -> None:
        """Pass a command on with the rank that its giver has here now, or answer why not.

        Who is not here has none. The rate is the one of PMs, both together.
        """
        visit = self._roster.get(message.name)
        is_here = visit is not None and visit.connected
        shown = visit.display_name if visit is not None else message.name
        rank = visit.rank if visit is not None and is_here else 0
        reply, live = message.page.reply, self._context.live
        if live.ignores(message.name):
            reply.send(PageAnswer(refusals.ignored(shown), "refused", Code.IGNORED_USER))
            return
        if rank < live.settings.admin.owner_level:
            decision = self._rate(message.name, message.text, now_s)
            if not isinstance(decision, Allowed):
                wait_s = decision.retry_after_s if isinstance(decision, TellSlowDown) else 60.0
                text = commands_texts.slow_down(self._limiter.limit, wait_s)
                reply.send(PageAnswer(text, "refused", SLOW_DOWN))
                return
        command = Command(shown, message.text, rank, message.at_ms, page=message.page)
        if not self._session(message.name.lower()).offer(command):
            reply.send(PageAnswer(refusals.busy(), "error", Code.UNAVAILABLE))

    def _rate(self, name: str, text: str, now_s: float) -> Decision:
        parsed = parse(text)
        spec = None if parsed is None else COMMANDS.find(parsed.word)
        reads = spec is not None and spec.reads
        return self._limiter.allow(UserKey.of(self._name, name), now_s, half=reads)

    def _allowed(self, message: PrivateMessage, now_s: float, trace: str | None) -> bool:
        name = message.name
        match self._rate(name, message.text, now_s):
            case Allowed():
                return True
            case TellSlowDown(retry_after_s):
                text = commands_texts.slow_down(self._limiter.limit, retry_after_s)
                self._reply(name, text, trace)
                return False
            case Silent():
                return False

    def _reply(self, name: str, text: str, trace: str | None) -> None:
        pm = Pm(to=name, text=text, priority=Priority.REPLY, trace=trace)
        self._context.outboxes[self._name].offer(pm)
