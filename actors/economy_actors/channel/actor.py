"""One channel: its presence table, its minutes, and the way to its users' sessions.

Presence comes from the bus in the economy's own words (`channel.messages`).
"""

from functools import partial
from typing import ClassVar, assert_never

import structlog

from economy_actors.channel.intake import PrivateIntake, broken
from economy_actors.channel.minutes import AttendanceWatch, Minutes, cut_off
from economy_actors.channel.progress import OwedNotices, ProgressWatch
from economy_actors.channel.talk import PATIENCE_S, Booking, Talk
from economy_actors.channel.vanity import Vanity, read_vanity
from economy_actors.context import Context, who_is_here
from economy_actors.messages.channel import (
    AfkChanged,
    AttendanceSettled,
    BooksChanged,
    BotSpoke,
    ChannelMessage,
    ChannelView,
    EmoteChanged,
    EmotesListed,
    Joined,
    Left,
    LevelDue,
    LinesBooked,
    LinesReady,
    Listed,
    MediaChanged,
    MinuteBooked,
    MinutePassed,
    Newcomer,
    NoticeDue,
    NoticeOwed,
    OwedRead,
    PageCommand,
    PastKnown,
    PlaylistEmptied,
    PrivateMessage,
    RankChanged,
    RankUpsDue,
    RankUpsRead,
    RobotPresence,
    RoomStored,
    Said,
    SettingsChanged,
    ShownUser,
    ShowPresence,
    WalletsRead,
)
from economy_actors.messages.gateway import ReadUserlist
from economy_actors.messages.ledger import QUERY_TIMEOUT_S, Commit, Query, commit
from economy_actors.messages.session import Arriving, ChatLine, Command, SessionMessage
from economy_actors.messages.vanity import (
    GreetingOwed,
    GreetingsDue,
    LevelOverdue,
    LevelSold,
    LineTold,
    PurchaseSettled,
    SettleDue,
    VanityRead,
)
from economy_actors.outbox import protocol as outbox
from economy_actors.outbox.message import Pm, Priority
from economy_actors.runtime import Actor, Ref, RuntimeFault, Supervision
from economy_actors.session.actor import Session
from kryten_economy.commands import refusals as commands_texts
from kryten_economy.features.chat.operations import RecordLines
from kryten_economy.features.games.words import as_command
from kryten_economy.features.presence.operations import Depart, PresenceMinute
from kryten_economy.features.presence.rules import MINUTE_MS, Entrance, Moment, Roster, Visit
from kryten_economy.features.vanity.operations import SettlePurchase
from kryten_economy.ledger.facts import Facts
from kryten_economy.ledger.records import OwedNotice
from kryten_economy.text.markup import clip
from kryten_economy.users import UserKey

__all__ = ("MAILBOX", "SESSION_IDLE_S", "Channel")

MAILBOX = 1024
SESSION_MAILBOX = 64
SESSION_IDLE_S = 600.0

_log = structlog.get_logger("channel")


class Channel(Actor[ChannelMessage]):
    """Owns the sessions of one channel."""

    supervision: ClassVar[Supervision] = Supervision(drain_s=3.0)

    def __init__(self, name: str, context: Context) -> None:
        self._name = name
        self._context = context
        self._roster = Roster()
        self._below: dict[str, float] = {}
        self._unjudged: set[str] = set()
        self._heard_list = False
        self._said_farewell = False
        self._sessions: dict[str, Ref[SessionMessage]] = {}
        self._ignored = context.live.settings.ignored_names
        self._progress = ProgressWatch(name, context, self._roster, self._session, self._read_ranks)
        self._owed = OwedNotices(
            name, context, self._roster, self._progress, self._read_owed, self._later
        )
        self._vanity = Vanity(
            name, context, self._roster, self._settle_purchase, self._read_vanity, self._later
        )
        self._attendance = AttendanceWatch(context, self._session)
        self._minutes = Minutes(name, context, self._roster, self._ask_minute, self._later)
        self._talk = Talk(name, context, self._roster, self._session)
        self._booking = Booking(name, context, self._ask_lines, self._later)
        self._intake = PrivateIntake(
            name, context, self._roster, self._below, self._session, self._ask_for_userlist
        )

    async def started(self) -> None:
        """A new instance knows nobody: have the stored user list read, and the past.

        What waited for the sessions of the instance before is still theirs to do.
        """
        if self._robot_is_away():
            self._roster.lose_sight(self._now())
        self._publish()
        for name in self.children_with_mail:
            self._session(name)
        self._context.backlog.begin(self._name, self.ref.depth)
        self._read_past()
        self._read_owed()
        self._read_vanity()
        self._ask_for_userlist()
        self._talk.emotes.ask()

    async def receive(self, message: ChannelMessage) -> None:  # noqa: C901, PLR0912, PLR0915  # one case each
        """Keep the presence table true and pass on what concerns one user."""
        match message:
            case Said(name, text, at_ms):
                self._context.backlog.heard(self._name)
                self._talk.said(name, text, at_ms, self.trace)
                self._play(name, text, at_ms)
            case BotSpoke(text):
                self._talk.bot_spoke(text, self.trace)
            case MediaChanged():
                self._talk.media_changed(message, self.trace)
            case PlaylistEmptied():
                self._talk.playlist_emptied(message, self.trace)
            case EmotesListed() | EmoteChanged():
                self._talk.emotes.told(message)
            case RoomStored():
                self._talk.stored(message)
            case Newcomer(name, at_ms):
                self._talk.arrived(name, at_ms)
            case LinesReady(name, lines):
                self._booking.add(lines)
                self._talk.proceed(name)
            case LinesBooked():
                self._booking.booked(message)
            case MinuteBooked():
                self._minutes.booked(message)
            case BooksChanged(facts):
                self._changed(facts)
            case PastKnown():
                self._past_known(message)
            case WalletsRead(wallets):
                for wallet in wallets:
                    self._progress.check(wallet)
            case PrivateMessage():
                self._intake.take(message, self.now_s(), self.trace)
            case PageCommand():
                self._intake.take_from_page(message, self.now_s())
            case Joined(name, rank, afk, at_ms):
                self._joined(name, rank, at_ms, afk=afk)
            case Left(name, at_ms):
                self._left(name, at_ms)
            case Listed():
                self._listed(message)
            case AfkChanged(name, afk):
                self._roster.set_afk(name, self._now(), afk=afk)
            case RankChanged(name, rank):
                self._ranked(name, rank)
            case RobotPresence():
                self._robot(message)
            case MinutePassed():
                self._minute_passed(message)
            case NoticeOwed() | NoticeDue() | OwedRead():
                self._owed.news(message, self.trace)
            case RankUpsDue() | RankUpsRead() | LevelDue():
                self._progress.news(message, self.after)
            case AttendanceSettled():
                self._attendance.settled(message)
            case (
                LineTold()
                | LevelSold()
                | LevelOverdue()
                | SettleDue()
                | PurchaseSettled()
                | GreetingOwed()
                | GreetingsDue()
                | VanityRead()
            ):
                self._vanity.news(message)
            case SettingsChanged():
                self._settings_changed()
            case ShowPresence(reply):
                reply.send(self._view())
            case _:
                assert_never(message)

    def _play(self, name: str, text: str, at_ms: int) -> None:
        """A move of a game that is said in the channel; who is not here plays by no word."""
        command = as_command(text, self._context.chat_words[self._name].value)
        if command is not None and self._roster.get(name) is not None:
            message = PrivateMessage(name, command, at_ms, in_chat=True)
            self._intake.take(message, self.now_s(), self.trace)

    # Presence

    def _minute_passed(self, message: MinutePassed) -> None:
        at_ms, steady_ms = message.at_ms, message.steady_ms
        self._talk.emotes.minute(at_ms)
        self._talk.proceed_all()
        self._recount()
        ended = self._now(at_ms) if steady_ms is None else Moment(at_ms, steady_ms)
        for visit in self._minutes.passed(ended):
            self._forget(visit)

    def _robot_is_away(self) -> bool:
        return self._name in self._context.robots_away()

    def _robot(self, message: RobotPresence) -> None:
        """While the robot is away nobody sees who comes and goes; the next user list tells."""
        self._owed.robot(here=message.here)
        _log.info("robot is back" if message.here else "robot is away", channel=self._name)
        if not message.here:
            self._roster.lose_sight(self._now())
            self._publish()

    def _now(self, at_ms: int | None = None) -> Moment:
        """This moment; ``at_ms`` where something else than our clock tells the time of day."""
        clock = self._context.clock
        return Moment(clock.now_ms() if at_ms is None else at_ms, clock.steady_ms())

    @property
    def _window_ms(self) -> int:
        return self._context.live.settings.presence.join_debounce_minutes * MINUTE_MS

    def _joined(self, name: str, rank: float, at_ms: int, *, afk: bool) -> None:
        if rank < self._context.live.settings.presence.min_cytube_rank:
            self._below[name.lower()] = rank
            return
        self._below.pop(name.lower(), None)
        entrance = self._roster.join(name, rank, self._now(at_ms), self._window_ms, afk=afk)
        self._outbox.offer(outbox.Present(name))
        # A stored list may have been read before the news of this very join was heard.
        is_news = entrance is Entrance.ALREADY_HERE and name.lower() in self._unjudged
        if entrance is Entrance.NEW or is_news:
            self._arrived(name, at_ms, seen_coming=True)
        self._unjudged.discard(name.lower())
        self._publish()
        self._owed.here()

    def _arrived(self, name: str, at_ms: int, *, seen_coming: bool) -> None:
        self._minutes.arriving(name)
        self._session(name.lower()).offer(Arriving(name, at_ms, seen_coming))

    def _left(self, name: str, at_ms: int) -> None:
        self._below.pop(name.lower(), None)
        visit = self._roster.leave(name, self._now(at_ms))
        if visit is not None:
            self._progress.levels.forget(name)
            self._outbox.offer(outbox.Left(name))
            self._record_departures([visit], at_ms)
            self._publish()

    def _listed(self, message: Listed) -> None:
        self._heard_list = True
        lowest = self._context.live.settings.presence.min_cytube_rank
        users = [each for each in message.users if each.rank >= lowest]
        self._below.clear()
        self._below.update(
            (each.name.lower(), each.rank) for each in message.users if each.rank < lowest
        )
        now = self._now(message.at_ms)
        left_at = self._roster.unseen_since or now
        change = self._roster.listed(
            [(each.name, each.rank, each.afk) for each in users], now, self._window_ms
        )
        self._talk.list_heard()
        self._outbox.offer(outbox.Here(frozenset(each.name for each in message.users)))
        self._record_departures(change.departed, left_at.at_ms)
        if self._robot_is_away():
            self._roster.lose_sight(now)
        if message.stored:
            self._unjudged.update(visit.name for visit in change.begun)
        else:
            for visit in change.begun:
                self._arrived(visit.display_name, message.at_ms, seen_coming=False)
        self._publish()
        self._progress.levels.compare()
        self._vanity.listed()
        self._owed.here()
        _log.info(
            "user list",
            channel=self._name,
            present=len(users),
            begun=len(change.begun),
            returned=len(change.returned),
            departed=len(change.departed),
        )

    def _settings_changed(self) -> None:
        """Let those go whom the new settings ignore; have those read whom they let in again."""
        settings, now_ms = self._context.live.settings, self._context.clock.now_ms()
        self._intake.settings_changed()
        self._attendance.settings_changed()
        lowest = settings.presence.min_cytube_rank
        for visit in self._roster.connected():
            rank = visit.rank
            if self._context.live.ignores(visit.name):
                self._left(visit.display_name, now_ms)
            elif rank < lowest:
                self._left(visit.display_name, now_ms)
                self._below[visit.name] = rank
        let_in = any(rank >= lowest for rank in self._below.values())
        if let_in or self._ignored - settings.ignored_names:
            self._ask_for_userlist()
        self._ignored = settings.ignored_names
        if self._progress.reloaded():
            self._read_wallets()

    def _record_departures(self, visits: "list[Visit] | tuple[Visit, ...]", at_ms: int) -> None:
        if visits:
            names = tuple(visit.name for visit in visits)
            self._context.ledger.offer(
                Commit(Depart(self._name, names, at_ms, self._context.live.calendar.day(at_ms)))
            )

    def _ranked(self, name: str, rank: float) -> None:
        self._roster.set_rank(name, rank)
        self._publish()
        self._progress.levels.told(name, rank)
        self._vanity.ranked(name, rank)

    def _view(self) -> ChannelView:
        users = [ShownUser(v.display_name, v.rank, v.afk) for v in self._roster.connected()]
        return ChannelView(self._name, tuple(users), self._heard_list or bool(users))

    def _publish(self) -> None:
        """Let others see who is here, and how many."""
        is_seen = self._roster.unseen_since is None
        here = who_is_here(self._roster.connected(), heard_list=self._heard_list, is_seen=is_seen)
        self._context.presence[self._name].publish(here)
        present = len(here.users)
        self._context.population[self._name] = present
        self._context.metrics.set_channel_gauges(self._name, {"active_users": present})

    # Sessions

    def _forget(self, visit: Visit) -> None:
        """End the session of somebody long gone; who comes back now gets a new one."""
        self._unjudged.discard(visit.name)
        self._attendance.forget(visit.name)
        session = self._sessions.pop(visit.name, None)
        if session is not None:
            self.stop_child(session)

    def _ask_for_userlist(self) -> None:
        # Before the first connection there is no gateway; it reads all lists when it comes.
        if self._context.gateway is not None:
            self._context.gateway.offer(ReadUserlist(self._name))

    def _reply(self, name: str, text: str) -> None:
        self._outbox.offer(Pm(to=name, text=text, priority=Priority.REPLY, trace=self.trace))

    @property
    def _outbox(self) -> Ref[outbox.OutboxMessage]:
        return self._context.outboxes[self._name]

    def _session(self, name: str) -> Ref[SessionMessage]:
        session = self._sessions.get(name)
        if session is None:
            session = self._sessions[name] = self.spawn(
                name,
                partial(Session, UserKey(self._name, name), self._context, self.ref),
                capacity=SESSION_MAILBOX,
                lazy=True,
                idle_s=SESSION_IDLE_S,
                kind="session",
            )
        return session

    def child_crashed(self, ref: Ref[SessionMessage], message: object) -> None:
        """Whoever sent the fatal command is told that something went wrong."""
        self._context.metrics.error("session")
        if isinstance(message, ChatLine):
            self._context.backlog.booked(self._name, 1)
            self.ref.offer(LinesReady(ref.address.rpartition("/")[2], ()))
        if isinstance(message, Command):
            word = clip(message.text.split(maxsplit=1)[0], 20) if message.text.split() else ""
            self._context.metrics.pm_command(word.lower(), "error")
            if message.page is not None:
                message.page.reply.send(broken())
                return
            self._reply(message.display_name, commands_texts.internal_error())

    # The books

    def _ask_lines(self, request: RecordLines) -> None:
        self.request(
            self._context.ledger,
            lambda reply: Commit(request, reply),
            lambda answer: LinesBooked(answer if isinstance(answer, RuntimeFault) else None),
            timeout_s=PATIENCE_S,
        )

    def _recount(self) -> None:
        """What a session has taken with it into the dark must not keep the bus waiting for good."""
        if not self._context.backlog.of(self._name):
            return
        is_idle = self._booking.is_idle and self._talk.is_idle
        if is_idle and not any(session.depth for session in self._sessions.values()):
            self._context.backlog.settled(self._name)

    def _ask_minute(self, request: PresenceMinute) -> None:
        self.request(
            self._context.ledger,
            lambda reply: Commit(request, reply),
            MinuteBooked,
            timeout_s=PATIENCE_S,
        )

    def _later(self, delay_s: float, message: ChannelMessage) -> None:
        self.after(delay_s, message)

    def _read_past(self) -> None:
        """Ask what the instance before has left: a silence, and minutes that bring something."""
        name, day_of = self._name, self._context.live.calendar.day
        self.request(
            self._context.reader,
            lambda reply: Query(
                lambda reports: PastKnown(
                    reports.last_activity_ms(name),
                    cut_off(reports, name, day_of),
                    minute=reports.highest_minute(name),
                ),
                reply,
            ),
            lambda past: past if isinstance(past, PastKnown) else PastKnown(None, None, False),
            timeout_s=PATIENCE_S,
        )

    def _read_owed(self) -> None:
        """Ask what the instance before was still to tell."""
        name = self._name
        self.request(
            self._context.reader,
            lambda reply: Query(
                lambda reports: OwedRead(reports.owed_notices(name), reports.rank_ups_told(name)),
                reply,
            ),
            lambda read: read if isinstance(read, OwedRead) else OwedRead(None),
            timeout_s=QUERY_TIMEOUT_S,
        )

    def _read_ranks(self, due: tuple[OwedNotice, ...]) -> None:
        """Ask which ranks those have now whose rank-ups are to be told."""
        name, users = self._name, {each.user.name for each in due}
        self.request(
            self._context.reader,
            lambda reply: Query(lambda reports: reports.rank_facts(name, users), reply),
            lambda read: RankUpsRead(due, read if isinstance(read, tuple) else None),
            timeout_s=QUERY_TIMEOUT_S,
        )

    def _settle_purchase(self, request: SettlePurchase) -> None:
        self.request(
            self._context.ledger,
            lambda reply: Commit(request, reply),
            lambda answer: PurchaseSettled(request, answer),
            timeout_s=PATIENCE_S,
        )

    def _read_vanity(self) -> None:
        """Ask what is shown with names, and what the instance before had sold."""
        name = self._name
        self.request(
            self._context.reader,
            lambda reply: Query(lambda reports: read_vanity(reports, name), reply),
            lambda read: read if isinstance(read, VanityRead) else VanityRead(None),
            timeout_s=QUERY_TIMEOUT_S,
        )

    def _past_known(self, past: PastKnown) -> None:
        self._minutes.resume(past.minute)
        self._talk.resume(past)
        if past.cut_off is not None:
            self._attendance.catch_up(past.cut_off)

    def _read_wallets(self) -> None:
        """Have those who are here looked at anew: other achievements are in force."""
        name, names = self._name, [visit.name for visit in self._roster.connected()]
        day = self._context.live.calendar.day(self._context.clock.now_ms())
        self.request(
            self._context.reader,
            lambda reply: Query(
                lambda reports: WalletsRead(tuple(reports.wallets(name, day, names).values())),
                reply,
            ),
            lambda read: read if isinstance(read, WalletsRead) else WalletsRead(()),
            timeout_s=QUERY_TIMEOUT_S,
        )

    def _changed(self, facts: Facts) -> None:
        self._progress.changed(facts)
        self._attendance.changed(facts.wallets.values(), self._context.clock.now_ms())

    async def stopping(self) -> None:
        """Who is still here counts as seen until now; what was said and counted is booked."""
        self._said_farewell = True
        at_ms = (self._roster.unseen_since or self._now()).at_ms
        names = tuple(visit.name for visit in self._roster.connected())
        await self._booking.finish()
        try:
            for minute in self._minutes.unbooked():
                await commit(self._context.ledger, minute)
            day = self._context.live.calendar.day(at_ms)
            await commit(self._context.ledger, Depart(self._name, names, at_ms, day))
        except RuntimeFault:
            _log.warning("last minutes not known to be booked", channel=self._name)

    async def release(self) -> None:
        """An instance that ends without farewell leaves what it has not booked to the books.

        They wait for nobody who asked: while the books are restarted, so is whoever asks them.
        """
        if not self._said_farewell:
            for request in (*self._booking.unbooked(), *self._minutes.unbooked()):
                self._context.ledger.offer(Commit(request))
