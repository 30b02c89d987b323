"""What is said in a channel, and what it sets off for whom (`spec/earning.md` 8).

The conversation itself is a pure value of `rules.conversation`; here it gets the settings, the
day and the presence table, and its effects go to the sessions that book them.
"""

from collections.abc import Callable, Iterable

import structlog

from economy_actors.channel.emotes import Emotes
from economy_actors.channel.messages import MediaChanged, RoomStored
from economy_actors.ledger.client import look
from economy_actors.runtime import Ref, RuntimeFault
from economy_actors.session.messages import ChatLine, Deserved, ProgressDue, SessionMessage
from economy_actors.world import World
from kryten_economy.rules.awards import TriggerAward
from kryten_economy.rules.conversation import NOTHING, Conversation, Effect, Room, Spoken
from kryten_economy.rules.presence import Roster
from kryten_economy.rules.screening import Screening, begins, survived_award

__all__ = ("Talk",)

_BUSY_DEPTH = 4

_log = structlog.get_logger("channel")


class _Guard:
    """Keeps the error of one trigger from the others and from the line (P-EARN-12)."""

    def __init__(self, channel: str, world: World) -> None:
        self._channel = channel
        self._world = world

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, Exception):
            return False
        self._world.metrics.error("triggers")
        _log.error("a trigger failed", channel=self._channel, exc_info=error)
        return True


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
        self._conversation = Conversation()
        self._screening = Screening()
        self.emotes = Emotes(name, world)
        self._resumed = False
        self._guard = _Guard(name, world)

    async def said(self, name: str, text: str, at_ms: int) -> None:
        """Somebody said something; who is not tracked here, or said nothing, is not heard."""
        if not text.strip():
            return
        visit = self._roster.chatted(name, at_ms)
        if visit is None:
            return
        if not self._resumed:
            await self._resume(at_ms)
        line, room = Spoken(visit.name, text, at_ms), self._room(at_ms)
        content: tuple[TriggerAward, ...] = ()
        emotes: tuple[str, ...] = ()
        effect = NOTHING
        with self._guard:
            content = self._screening.hear(line, room.settings, self._guard)
        with self._guard:
            effect = self._conversation.hear(line, room, self._guard)
        with self._guard:
            emotes = self.emotes.used(text)
        if content or emotes:
            effect = effect._replace(awards=effect.awards + content, emotes=emotes)
        self._session(visit.name).offer(ChatLine(visit.display_name, text, at_ms, effect))

    def bot_spoke(self, text: str) -> None:
        """The bot account said something that was not from here (8.4)."""
        at_ms = self._world.clock.now_ms()
        bot = self._world.live.settings.bot.username
        effect = self._conversation.bot_spoke(text, at_ms, bot, self._room(at_ms))
        name = self._conversation.last_speaker
        if effect is not None and name is not None and self._roster.get(name) is not None:
            self._session(name).offer(Deserved(effect, at_ms))

    def media_changed(self, message: MediaChanged) -> None:
        """Pay who has watched the old item to its end, and begin the new one (8.5)."""
        medium, at_ms = message.medium, message.at_ms
        if not self._screening.is_change(medium, message.position_s):
            self._screening.told_again(at_ms, message.position_s)
            return
        is_seen = begins(message.position_s)
        if is_seen:
            self._pay_survivors(at_ms)
        self._screening.change(medium, at_ms if is_seen else None)
        self._world.playing[self._name] = medium

    def _pay_survivors(self, at_ms: int) -> None:
        settings, since_ms = self._world.live.settings, self._screening.started_at_ms
        if since_ms is None or not self._screening.is_survivable(settings, at_ms):
            return
        for visit in self._roster.connected():
            # A visit goes on through a bounce and begins anew after an absence.
            awards = survived_award(settings, visit.name)
            if awards and visit.since_ms <= since_ms:
                self._session(visit.name).offer(Deserved(Effect(awards), at_ms))

    def stored(self, message: RoomStored) -> None:
        """What plays at the start; later events know better than the store (`spec/wire.md` 5)."""
        self.emotes.told(message)
        if message.medium is not None and self._screening.medium is None:
            self._screening.change(message.medium, None)
            self._world.playing[self._name] = message.medium

    def arrived(self, name: str, at_ms: int) -> None:
        """A genuine arrival, which may be greeted."""
        self._conversation.arrived(name, at_ms)

    def rewarded(self, names: Iterable[str]) -> None:
        """Let those look at what they have reached whom others' lines have paid."""
        for name in names:
            if self._roster.get(name) is None:
                continue
            session = self._session(name)
            # Who is busy looks later: the next payment or minute asks again, and a favourite of
            # the whole channel must keep room for what he says himself.
            if session.depth < _BUSY_DEPTH:
                session.offer(ProgressDue())

    async def _resume(self, at_ms: int) -> None:
        """Ask the books once how long the channel had been silent before the start."""
        try:
            active_at_ms = await look(
                self._world.reader, lambda reports: reports.last_activity_ms(self._name)
            )
        except RuntimeFault:
            # Nobody is paid for a silence that nobody knows of.
            _log.warning("last activity not known", channel=self._name)
            active_at_ms = at_ms
        self._conversation.resume(active_at_ms)
        self._resumed = True

    def _room(self, at_ms: int) -> Room:
        live = self._world.live
        calendar = live.calendar
        return Room(
            live.settings,
            calendar.day(at_ms),
            calendar.next_midnight_ms(at_ms),
            self._is_here,
            live.ignores,
        )

    def _is_here(self, name: str) -> bool:
        visit = self._roster.get(name)
        return visit is not None and visit.connected
