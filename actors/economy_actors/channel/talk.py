"""What is said in a channel, and what it sets off for whom (`earning.md` 8).

What a line sets off is decided by the rules that features have registered; here they get the
settings, the day and the presence table, and what they find goes to the sessions that book it. A
defect in one rule costs what it would have found, not the line (P-EARN-12).
"""

from collections import deque
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import structlog

from economy_actors.channel.emotes import Emotes
from economy_actors.channel.messages import (
    MediaChanged,
    PastKnown,
    PlaylistEmptied,
    RoomStored,
)
from economy_actors.context import World
from economy_actors.runtime import Ref
from economy_actors.session.messages import ChatLine, Deserved, SessionMessage
from kryten_economy.features.chat.rules import BOT_INTERACTION, Conversation
from kryten_economy.features.chat.triggers import (
    NOTHING,
    TRIGGERS,
    Effect,
    Memory,
    Room,
    Spoken,
    combined,
)
from kryten_economy.features.media.rules import SURVIVED, Screening, begins, survived_award
from kryten_economy.features.presence.rules import Roster, Visit

__all__ = ("Talk",)

P = ParamSpec("P")
T = TypeVar("T")


_SESSION_LINES_MAX = 48
"""Of the 64 messages a session has room for; the rest of a burst waits in the channel."""

_log = structlog.get_logger("channel")


class Talk:
    """The channel's ears: ``session`` finds the session of a lower-case name."""

    def __init__(
        self,
        name: str,
        world: World,
        roster: Roster,
        session: Callable[[str], Ref[SessionMessage]],
    ) -> None:
        self._name = name
        self._world = world
        self._roster = roster
        self._session = session
        self._memory = Memory()
        self._conversation = self._memory.of(Conversation)
        self._screening = self._memory.of(Screening)
        self.emotes = Emotes(name, world)
        self._rules = TRIGGERS.rules
        self._known_room: Room | None = None
        self._room_from_ms = 0
        self._before: list[tuple[str, str, int, str | None]] | None = []
        self._waiting: dict[str, deque[tuple[ChatLine, str | None]]] = {}

    def said(self, name: str, text: str, at_ms: int, trace: str | None) -> None:
        """Somebody said something; who is not tracked here, or said nothing, is not heard."""
        visit = self._roster.chatted(name, at_ms) if text.strip() else None
        if visit is None:
            self._world.backlog.booked(self._name, 1)
        elif self._before is not None:
            self._before.append((visit.name, text, at_ms, trace))
        else:
            self._hear(visit, text, at_ms, trace)

    def _hear(self, visit: Visit, text: str, at_ms: int, trace: str | None) -> None:
        effect = self._effect_of(Spoken(visit.name, text, at_ms), trace)
        line = ChatLine(visit.display_name, text, at_ms, effect)
        waiting = self._waiting.get(visit.name)
        if waiting is None and self._tell(visit.name, line, trace):
            return
        self._waiting.setdefault(visit.name, deque()).append((line, trace))

    def _tell(self, name: str, line: ChatLine, trace: str | None) -> bool:
        """Give a line to its session, which keeps room for what the user asks."""
        session = self._session(name)
        return session.depth < _SESSION_LINES_MAX and session.offer(line, trace=trace)

    def proceed(self, name: str) -> None:
        """A session has worked some lines off: give it those that waited for room."""
        waiting = self._waiting.get(name)
        while waiting and self._tell(name, *waiting[0]):
            waiting.popleft()
        if waiting is not None and not waiting:
            del self._waiting[name]

    def proceed_all(self) -> None:
        """The same for everybody, in case a session has died with its lines."""
        for name in list(self._waiting):
            self.proceed(name)

    @property
    def is_idle(self) -> bool:
        """Whether no line waits here for its session."""
        return not self._waiting and not self._before

    def bot_spoke(self, text: str, trace: str | None) -> None:
        """The bot account said something that was not from here (8.4)."""
        at_ms = self._world.clock.now_ms()
        bot, name = self._world.live.settings.bot.username, self._conversation.last_speaker
        rule = self._conversation.bot_spoke
        effect = self._guarded(BOT_INTERACTION.id, trace, rule, text, at_ms, bot, self._room(at_ms))
        if effect is not None and name is not None and self._roster.get(name) is not None:
            self._session(name).offer(Deserved(effect, at_ms))

    def media_changed(self, message: MediaChanged, trace: str | None) -> None:
        """Pay who has watched the old item to its end, and begin the new one (8.5)."""
        medium, at_ms = message.medium, message.at_ms
        if not self._screening.is_change(medium, message.position_s):
            self._screening.told_again(at_ms, message.position_s)
            return
        is_seen = begins(message.position_s)
        survivors = self._guarded(SURVIVED.id, trace, self._survivors, at_ms) if is_seen else None
        self._screening.change(medium, at_ms if is_seen else None)
        self._world.playing[self._name] = medium
        self._pay(survivors, at_ms)

    def playlist_emptied(self, message: PlaylistEmptied, trace: str | None) -> None:
        """Pay who has watched the last item to its end; from now on nothing plays."""
        at_ms, since_ms = message.at_ms, self._screening.started_at_ms
        if since_ms is not None and at_ms < since_ms:
            return
        is_seen = message.is_seen
        survivors = self._guarded(SURVIVED.id, trace, self._survivors, at_ms) if is_seen else None
        self._screening.end()
        self._world.playing.pop(self._name, None)
        self._pay(survivors, at_ms)

    def _pay(self, effects: dict[str, Effect] | None, at_ms: int) -> None:
        for name, effect in (effects or {}).items():
            self._session(name).offer(Deserved(effect, at_ms))

    def stored(self, message: RoomStored) -> None:
        """What plays at the start; later events know better than the store (`wire.md` 5)."""
        self.emotes.told(message)
        if message.medium is not None and self._screening.medium is None:
            self._screening.change(message.medium, None)
            self._world.playing[self._name] = message.medium

    def arrived(self, name: str, at_ms: int) -> None:
        """A genuine arrival, which may be greeted."""
        self._conversation.arrived(name, at_ms)

    def resume(self, past: PastKnown) -> None:
        """How long the channel had been silent before the start.

        Nobody is paid for a silence that nobody knows of.
        """
        if self._before is None:
            return
        before, self._before = self._before, None
        begun_ms = before[0][2] if before else self._world.clock.now_ms()
        self._conversation.resume(past.last_activity_ms if past.known else begun_ms)
        for name, text, at_ms, trace in before:
            visit = self._roster.get(name)
            if visit is None:
                self._world.backlog.booked(self._name, 1)
            else:
                self._hear(visit, text, at_ms, trace)

    def _effect_of(self, line: Spoken, trace: str | None) -> Effect:
        """What the line sets off, by all the rules there are."""
        room = self._room(line.at_ms)
        found = []
        for trigger_id, rule in self._rules:
            try:
                effect = rule(line, room)
            except Exception as defect:  # noqa: BLE001 - each trigger is supervised on its own
                self._failed(trigger_id, trace, defect)
                continue
            if effect is not NOTHING:
                found.append(effect)
        self._conversation.record(line)
        return combined(found) if found else NOTHING

    def _guarded(
        self,
        trigger_id: str,
        trace: str | None,
        rule: Callable[P, T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T | None:
        """What a trigger's rule finds; None where the rule has a defect."""
        try:
            return rule(*args, **kwargs)
        except Exception as defect:  # noqa: BLE001 - likewise
            self._failed(trigger_id, trace, defect)
            return None

    def _failed(self, trigger_id: str, trace: str | None, defect: Exception) -> None:
        self._world.metrics.error("triggers")
        _log.error(
            "a trigger failed",
            channel=self._name,
            trigger=trigger_id,
            correlation_id=trace,
            exc_info=defect,
            once_a_minute=trigger_id,
        )

    def _survivors(self, at_ms: int) -> dict[str, Effect]:
        """Who is paid for having seen the whole item that ends now."""
        settings, since_ms = self._world.live.settings, self._screening.started_at_ms
        if since_ms is None or not self._screening.is_survivable(settings, at_ms):
            return {}
        # A visit goes on through a bounce and begins anew after an absence.
        stayed = [v.name for v in self._roster.connected() if v.since_ms <= since_ms]
        paid = ((name, survived_award(settings, name)) for name in stayed)
        return {name: Effect(awards) for name, awards in paid if awards}

    def _room(self, at_ms: int) -> Room:
        """What is true around a line; the same for a whole day under the same settings."""
        live, known = self._world.live, self._known_room
        is_known = known is not None and known.settings is live.settings
        if known is not None and is_known and self._room_from_ms <= at_ms < known.midnight_ms:
            return known
        calendar = live.calendar
        day = calendar.day(at_ms)
        self._room_from_ms = calendar.day_start_ms(day)
        self._known_room = room = Room(
            live.settings,
            day,
            calendar.next_midnight_ms(at_ms),
            self._is_here,
            live.ignores,
            self.emotes.used,
            self._memory,
        )
        return room

    def _is_here(self, name: str) -> bool:
        visit = self._roster.get(name)
        return visit is not None and visit.connected
