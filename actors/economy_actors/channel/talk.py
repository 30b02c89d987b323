"""What is said in a channel, and what it sets off for whom (`earning.md` 8).

What a line sets off is decided by the rules that features have registered; here they get the
settings, the day and the presence table, and what they find goes to the sessions that book it. A
defect in one rule costs what it would have found, not the line (P-EARN-12).

A channel's lines on their way to the books: as batches, one of which is under way.

What the sessions have decided waits here until the batch before it is answered, so that a burst
makes bigger batches and not fuller mailboxes. A batch whose outcome is unknown is asked for again
by its id, for as long as it takes; one that meets a defect is booked line by line, so that only
the line at fault is lost.
"""

import uuid
from collections import deque
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import structlog

from economy_actors.backlog import LINES_MAX
from economy_actors.channel.intake import Emotes
from economy_actors.context import Context
from economy_actors.messages.channel import (
    LinesBooked,
    MediaChanged,
    PastKnown,
    PlaylistEmptied,
    RoomStored,
)
from economy_actors.messages.ledger import Defect, commit
from economy_actors.messages.session import ChatLine, Deserved, SessionMessage
from economy_actors.runtime import Ref, RuntimeFault
from kryten_economy.features.chat.operations import PayTriggers, RecordChat, RecordLines
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
from kryten_economy.features.presence.rules import Moment, Roster, Visit

__all__ = (
    "PATIENCE_S",
    "Booking",
    "Talk",
)

BATCH_LINES_MAX = 256
PATIENCE_S = 60.0
"""For an answer: longer than the books themselves wait for a locked file. A disk that hangs for
some seconds is no reason to ask again, since nothing else of the channel is under way."""
_AGAIN_S = 0.5

_log = structlog.get_logger("chat")


class Booking:
    """``request`` has the channel ask the books; the answer comes as `LinesBooked`."""

    def __init__(
        self,
        channel: str,
        context: Context,
        request: Callable[[RecordLines], None],
        later: Callable[[float, LinesBooked], object],
    ) -> None:
        self._channel = channel
        self._context = context
        self._request = request
        self._later = later
        self._waiting: deque[RecordChat | PayTriggers] = deque()
        self._under_way: RecordLines | None = None
        self._one_by_one = 0
        self._tries = 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way or waits for its turn."""
        return self._under_way is None and not self._waiting

    def add(self, lines: tuple[RecordChat | PayTriggers, ...]) -> None:
        """Take what a session has decided."""
        self._waiting.extend(lines)
        self._send()

    def booked(self, message: LinesBooked) -> None:
        """The books have answered, or somebody else in their place."""
        batch = self._under_way
        if batch is None:
            return
        fault = message.fault
        if fault is None:
            self._done(batch)
        elif isinstance(fault, Defect):
            self._isolate(batch)
        elif message.waited or not self._tries:
            self._tries += 1
            self._request(batch)
            return
        else:
            _log.warning(
                "lines are asked for again",
                channel=self._channel,
                fault=str(fault),
                once_a_minute="",
            )
            self._later(_AGAIN_S, LinesBooked(fault, waited=True))
            return
        self._tries = 0
        self._under_way = None
        self._send()

    def _done(self, batch: RecordLines) -> None:
        self._one_by_one = max(0, self._one_by_one - len(batch.lines))
        said = sum(isinstance(line, RecordChat) for line in batch.lines)
        self._context.backlog.booked(self._channel, said)

    def _isolate(self, batch: RecordLines) -> None:
        """Nothing of a batch with a defect stands: find the line."""
        if len(batch.lines) == 1:
            [line] = batch.lines
            _log.warning(
                "triggers not booked",
                channel=self._channel,
                op_id=line.op_id,
                once_a_minute=self._channel,
            )
            self._done(batch)
            return
        self._waiting.extendleft(reversed(batch.lines))
        self._one_by_one = len(batch.lines)

    def _send(self) -> None:
        if self._under_way is not None or not self._waiting:
            return
        count = 1 if self._one_by_one else min(len(self._waiting), BATCH_LINES_MAX)
        lines = tuple(self._waiting.popleft() for _ in range(count))
        self._under_way = RecordLines(self._channel, uuid.uuid4().hex, lines)
        self._request(self._under_way)

    def unbooked(self) -> tuple[RecordLines, ...]:
        """What is not known to be in the books, in order; the one under way by its id."""
        waiting = tuple(self._waiting)
        chunks = (
            waiting[at : at + BATCH_LINES_MAX] for at in range(0, len(waiting), BATCH_LINES_MAX)
        )
        batches = (RecordLines(self._channel, uuid.uuid4().hex, lines) for lines in chunks)
        return (*batches,) if self._under_way is None else (self._under_way, *batches)

    async def finish(self) -> None:
        """The sessions have ended: book what is left, before the channel ends."""
        try:
            for batch in self.unbooked():
                await commit(self._context.ledger, batch)
        except RuntimeFault:
            _log.warning("last lines not known to be booked", channel=self._channel)


P = ParamSpec("P")
T = TypeVar("T")


_SESSION_LINES_MAX = 48
"""Of the 64 messages a session has room for; the rest of a burst waits in the channel."""


class Talk:
    """The channel's ears: ``session`` finds the session of a lower-case name."""

    def __init__(
        self,
        name: str,
        context: Context,
        roster: Roster,
        session: Callable[[str], Ref[SessionMessage]],
    ) -> None:
        self._name = name
        self._context = context
        self._roster = roster
        self._session = session
        self._memory = Memory()
        self._conversation = self._memory.of(Conversation)
        self._screening = self._memory.of(Screening)
        self.emotes = Emotes(name, context)
        self._rules = TRIGGERS.rules
        self._known_room: Room | None = None
        self._room_from_ms = 0
        self._before: list[tuple[str, str, int, str | None]] | None = []
        self._waiting: dict[str, deque[tuple[ChatLine, str | None]]] = {}
        self._of_unknown: deque[tuple[str, str, int, str | None]] | None = deque(maxlen=LINES_MAX)

    def said(self, name: str, text: str, at_ms: int, trace: str | None) -> None:
        """Somebody said something; who is not tracked here, or said nothing, is not heard.

        Before the first user list nobody knows who is here: lines wait for it.
        """
        now = Moment(at_ms, self._context.clock.steady_ms())
        visit = self._roster.chatted(name, now) if text.strip() else None
        if visit is None:
            self._context.backlog.booked(self._name, 1)
            if self._of_unknown is not None:
                self._of_unknown.append((name, text, at_ms, trace))
        elif self._before is not None:
            self._before.append((visit.name, text, at_ms, trace))
        else:
            self._hear(visit, text, at_ms, trace)

    def list_heard(self) -> None:
        """It is known who is here."""
        lines, self._of_unknown = self._of_unknown or (), None
        for name, text, at_ms, trace in lines:
            self.said(name, text, at_ms, trace)

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
        at_ms = self._context.clock.now_ms()
        bot, name = self._context.live.settings.bot.username, self._conversation.last_speaker
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
        self._context.playing[self._name] = medium
        self._pay(survivors, at_ms)

    def playlist_emptied(self, message: PlaylistEmptied, trace: str | None) -> None:
        """Pay who has watched the last item to its end; from now on nothing plays."""
        at_ms, since_ms = message.at_ms, self._screening.started_at_ms
        if since_ms is not None and at_ms < since_ms:
            return
        is_seen = message.is_seen
        survivors = self._guarded(SURVIVED.id, trace, self._survivors, at_ms) if is_seen else None
        self._screening.end()
        self._context.playing.pop(self._name, None)
        self._pay(survivors, at_ms)

    def _pay(self, effects: dict[str, Effect] | None, at_ms: int) -> None:
        for name, effect in (effects or {}).items():
            self._session(name).offer(Deserved(effect, at_ms))

    def stored(self, message: RoomStored) -> None:
        """What plays at the start; later events know better than the store (`wire.md` 5)."""
        self.emotes.told(message)
        if message.medium is not None and self._screening.medium is None:
            self._screening.change(message.medium, None)
            self._context.playing[self._name] = message.medium

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
        begun_ms = before[0][2] if before else self._context.clock.now_ms()
        self._conversation.resume(past.last_activity_ms if past.known else begun_ms)
        for name, text, at_ms, trace in before:
            visit = self._roster.get(name)
            if visit is None:
                self._context.backlog.booked(self._name, 1)
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
        self._context.metrics.error("triggers")
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
        settings, since_ms = self._context.live.settings, self._screening.started_at_ms
        if self._roster.unseen_since is not None:
            return {}  # who has left in an outage has not seen the end
        if since_ms is None or not self._screening.is_survivable(settings, at_ms):
            return {}
        # A visit goes on through a bounce and begins anew after an absence.
        stayed = [v.name for v in self._roster.connected() if v.since_ms <= since_ms]
        paid = ((name, survived_award(settings, name)) for name in stayed)
        return {name: Effect(awards) for name, awards in paid if awards}

    def _room(self, at_ms: int) -> Room:
        """What is true around a line; the same for a whole day under the same settings."""
        live, known = self._context.live, self._known_room
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
