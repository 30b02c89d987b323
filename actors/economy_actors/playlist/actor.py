"""One channel's playlist: whose the paid items on it are, and what is still to be put there.

It hears CyTube's list as it changes. Paid items are put on it one by one (`playlist.adding`), and
what became of a purchase is settled in the books, by an id that makes a repetition harmless. After
a restart of the service, the robot or CyTube items are known again by what they show, that the
bot has queued them, and their order; the books say whose they are. Someone who paid and whose
item is not there gets everything back, and an item that turns up after that is taken off.

It also thanks those whose items begin (`spending.md` 4.10).
"""

from collections.abc import Mapping
from functools import partial
from typing import ClassVar, NamedTuple, assert_never

import structlog

from economy_actors.context import Context, MayAdd, hindrance
from economy_actors.messages.channel import MediaChanged, PlaylistEmptied, RobotPresence
from economy_actors.messages.gateway import ReadPlaylist, RobotCommand
from economy_actors.messages.ledger import Commit, Query
from economy_actors.messages.playlist import (
    BooksRead,
    CommandLost,
    Deleted,
    Fulfil,
    Item,
    LockChanged,
    Moved,
    PlaylistListed,
    PlaylistMessage,
    PlaylistNews,
    PurchaseSettled,
    Queued,
    QueueFailed,
    RepliesSent,
    RightsTold,
    StepDue,
    TimeToReconcile,
)
from economy_actors.outbox.message import Line
from economy_actors.outbox.protocol import Drain
from economy_actors.playlist.adding import Adding
from economy_actors.playlist.listing import Listing, Owners, key_of, match
from economy_actors.playlist.settling import Settling
from economy_actors.runtime import Actor, Timer
from kryten_economy.features.media.rules import Medium, Screening, begins
from kryten_economy.features.money.texts import currency_variables
from kryten_economy.features.queue import outcomes
from kryten_economy.features.queue.purchases import (
    Purchase,
    purchases_on_playlist,
    unsettled_purchases,
)
from kryten_economy.features.queue.settling import (
    EndPurchases,
    MovePurchase,
    QueueConfirmed,
    QueueRefused,
    SettledPurchase,
)

__all__ = ("MAILBOX", "Playlist")

MAILBOX = 1024
PATIENCE_S = 60.0
"""For the books; and for a playlist to be told, before those who wait are given up."""
GRACE_S = 10.0
"""So long a robot may still be busy with what the instance before has asked for."""
REPLIES_S = 1.0
LATE_S = 600.0
"""So long an item that was refunded in doubt is taken off when it turns up."""
_AGAIN_S = 1.0

_log = structlog.get_logger("playlist")


class _Unsettled(NamedTuple):
    """Somebody has paid, and nobody is at it."""

    purchase: Purchase
    since_s: float


class Playlist(Actor[PlaylistMessage]):
    """One per channel."""

    requests_max: ClassVar[int] = MAILBOX

    def __init__(self, name: str, context: Context) -> None:
        self._name = name
        self._context = context
        self._list = Listing()
        self._owners = Owners()
        self._adding = Adding(self, self._list, self._owners, self._bot, self._step_later)
        self._settling = Settling(
            name, context, self._ask_books, self._settle_later, lambda: self.trace
        )
        self._here = name not in context.robots_away()
        self._rights = RightsTold(2, 2)
        self._locked = True
        self._screening = Screening()
        self._books_known = self._is_reading = False
        self._publish()
        self._unsettled: dict[str, _Unsettled] = {}
        self._queued: tuple[Purchase, ...] = ()
        self._late: dict[str, float] = {}

    async def started(self) -> None:
        """Ask what the instance before has left, in the books and on the playlist."""
        playing = self._context.playing.get(self._name)
        if playing is not None:
            self._screening.change(playing, None)
            self._list.current = playing.uid
        self._read_books()
        self.look()
        self.after(PATIENCE_S, TimeToReconcile(finally_=True))

    async def receive(self, message: PlaylistMessage) -> None:
        """Follow the playlist, and see to what has been paid for."""
        match message:
            case Fulfil(purchase):
                self._unsettled.pop(purchase.id, None)
                self._late.pop(key_of(purchase), None)
                self._adding.fulfil(message)
            case StepDue():
                self._adding.due(message)
            case RepliesSent(number):
                self._adding.replied(number)
            case CommandLost(command):
                self._adding.lost(command)
            case PurchaseSettled():
                self._settled(message)
            case BooksRead():
                self._books_read(message)
            case TimeToReconcile(finally_):
                self._reconcile(finally_=finally_)
                if finally_:
                    self._read_books()
                    self.after(PATIENCE_S, TimeToReconcile(finally_=True))
            case _:
                self._news(message)

    def _news(self, news: PlaylistNews) -> None:  # noqa: C901  # one case each
        match news:
            case Queued(item, after):
                self._came(item, after)
            case Deleted(uid):
                self._went(uid)
            case Moved(uid, after):
                self._list.moved(uid, after)
            case PlaylistListed():
                self._listed(news)
            case QueueFailed():
                self._adding.failed(news)
            case LockChanged(locked):
                self._locked = locked
                self._publish()
            case RightsTold():
                self._rights = news
                self._publish()
            case MediaChanged(medium, _, position_s):
                self._plays(medium, position_s)
            case PlaylistEmptied():
                self._screening.end()
                self._list.current = None
            case RobotPresence(here):
                self._here = here
                self._publish()
            case _:
                assert_never(news)

    # CyTube's list

    def _bot(self) -> str:
        return self._context.live.settings.bot.username

    def _came(self, item: Item, after: int | None) -> None:
        self._list.queued(item, after)
        if not self._adding.queued(item) and not self._claim(item):
            self._take_off_if_late(item)

    def _went(self, uid: int) -> None:
        is_played = uid == self._list.current
        self._list.deleted(uid)
        self._end(uid, is_played=is_played)

    def _end(self, uid: int, *, is_played: bool) -> None:
        purchase = self._owners.drop(uid)
        if purchase is not None:
            self._note_end((purchase,), is_played=is_played)

    def _note_end(self, purchases: tuple[Purchase, ...], *, is_played: bool) -> None:
        ids = tuple(each.id for each in purchases)
        request = EndPurchases(self._name, ids, "played" if is_played else "gone")
        self._context.ledger.offer(Commit(request))

    def _listed(self, news: PlaylistListed) -> None:
        # The store outlives its robot: without one nobody knows how old it is.
        if news.items is None or (news.stored and not self._here):
            return
        if news.current is not None and self._screening.medium is None and news.items:
            self._screening.change(news.current, None)
            self._list.current = news.current.uid
        if news.stored and self._list.is_known:
            self._look_at_stored(news.items)
            return
        self._list.listed(news.items)
        playing = self._screening.medium
        current = self._list.find(self._list.current)
        if current is None or playing is None or current.medium.key != playing.key:
            self._list.current = None  # told right after a list that has other uids
        self._follow()
        self._adding.look_at(news.items, stored=False)
        self._reconcile()
        for item in news.items:
            self._take_off_if_late(item)

    def _look_at_stored(self, items: tuple[Item, ...]) -> None:
        """The store may lag behind the events: only what is looked for is believed."""
        found = self._adding.look_at(items, stored=True)
        if found is not None:
            at = items.index(found)
            self._list.queued(found, items[at - 1].uid if at else None)

    def _follow(self) -> None:
        """Know the paid items again on a list that was told as a whole."""
        known = (*self._owners.purchases, *self._queued)
        self._queued = ()
        found, missing = match(known, self._list.items, self._bot())
        for uid, purchase in found.items():
            if purchase.uid != uid:
                self._context.ledger.offer(Commit(MovePurchase(self._name, purchase.id, uid)))
        self._owners.become(found)
        if missing:
            self._note_end(tuple(missing), is_played=False)

    def _plays(self, medium: Medium, position_s: float) -> None:
        before, self._list.current = self._list.current, medium.uid
        if before is not None and before != medium.uid:
            self._end(before, is_played=True)
        self._adding.plays(medium.uid)
        if not self._screening.is_change(medium, position_s):
            self._screening.told_again(self._context.clock.now_ms(), position_s)
            return
        self._screening.change(medium, None)
        if begins(position_s):
            self._thank(medium)

    def _thank(self, medium: Medium) -> None:
        """Tell the channel who has queued what begins; the bot is never thanked (P-QUE-9)."""
        purchase, item = self._owners.get(medium.uid), self._list.find(medium.uid)
        if purchase is not None:
            owner = purchase.display_name
        elif item is not None and item.medium.key == medium.key:
            owner = item.queued_by
        else:
            return
        if owner and not self._context.live.ignores(owner):
            settings = self._context.live.settings
            text = outcomes.credit_line(
                settings.announcements.templates.now_playing_credit,
                currency_variables(settings.currency),
                user=owner,
                title=medium.title,
            )
            self._settling.say(Line(text, gate="now_playing_credit", trace=self.trace))

    def _publish(self) -> None:
        """Who is about to pay looks here, and need not ask."""
        needed = self._rights.locked if self._locked else self._rights.open
        self._context.may_add[self._name] = MayAdd(self._here, needed)

    # What Adding needs

    def command(self, command: str, args: Mapping[str, object]) -> None:
        """Have the robot do something."""
        gateway = self._context.gateway
        if gateway is None or not gateway.offer(RobotCommand(self._name, command, args)):
            self.after(0.0, CommandLost(command))

    def hindrance(self) -> str | None:
        """Why nothing can be added now."""
        return hindrance(self._context, self._name)

    def when_replied(self, number: int) -> None:
        """Replies go first: a robot that is busy with an item says nothing.

        Nor does anything go out before it is known what the item has to stand behind.
        """
        if not self._list.is_known:
            self.look()
            self.after(REPLIES_S, RepliesSent(number))
            return
        self.request(
            self._context.outboxes[self._name],
            Drain,
            lambda _: RepliesSent(number),
            timeout_s=REPLIES_S,
        )

    def look(self) -> None:
        """Have the playlist read from the robot's store."""
        if self._context.gateway is not None and self._here:
            self._context.gateway.offer(ReadPlaylist(self._name))

    def _step_later(self, delay_s: float, message: StepDue) -> Timer:
        return self.after(delay_s, message)

    def settle(self, purchase: Purchase, uid: int | None, reason: str, *, is_sure: bool) -> None:
        """Keep the payment for the item of this uid, or give everything back."""
        if uid is not None:
            self._settling.keep(purchase, uid)
            return
        if not is_sure:
            self._late[key_of(purchase)] = self.now_s() + LATE_S
        self._settling.give_back(purchase, reason)

    def tell(self, purchase: Purchase, text: str) -> None:
        """Write to the buyer."""
        self._settling.tell(purchase, text)

    def _ask_books(self, request: QueueConfirmed | QueueRefused) -> None:
        self.request(
            self._context.ledger,
            lambda reply: Commit(request, reply),
            partial(PurchaseSettled, request),
            timeout_s=PATIENCE_S,
        )

    def _settle_later(self, delay_s: float, message: PurchaseSettled) -> None:
        self.after(delay_s, message)

    def _settled(self, message: PurchaseSettled) -> None:
        request = message.request
        answer = self._settling.answered(message)
        if answer is None:
            return
        is_kept = isinstance(request, QueueConfirmed) and isinstance(answer, SettledPurchase)
        saved_z = self._adding.saved_z(request.purchase_id)
        # Its place first: who is told looks at the playlist.
        if isinstance(request, QueueConfirmed) and not is_kept:
            self._take_off(request.purchase_id)
        if self._adding.has_under_way(request.purchase_id):
            self._adding.settled(request.purchase_id, is_queued=is_kept)
        elif is_kept:
            self._put_in_order(request.purchase_id)
        if isinstance(answer, SettledPurchase):
            if isinstance(request, QueueRefused):
                self._settling.tell_refund(answer, request.reason)
            else:
                self._settling.tell_queued(answer, saved_z)

    # After a restart

    def _read_books(self) -> None:
        if self._is_reading:
            return
        self._is_reading = True
        name = self._name
        self.request(
            self._context.reader,
            lambda reply: Query(
                lambda reports: BooksRead(
                    unsettled_purchases(reports, name), purchases_on_playlist(reports, name)
                ),
                reply,
            ),
            lambda read: read if isinstance(read, BooksRead) else BooksRead(None),
            timeout_s=PATIENCE_S,
        )

    def _books_read(self, read: BooksRead) -> None:
        self._is_reading = False
        if read.waited:
            self._read_books()
        elif read.unsettled is None:
            self._is_reading = True
            self.after(_AGAIN_S, BooksRead(None, waited=True))
        else:
            self._know_from_books(read.unsettled, read.queued)
            self._reconcile()

    def _know_from_books(
        self, unsettled: tuple[Purchase, ...], queued: tuple[Purchase, ...]
    ) -> None:
        """What is the instance before's to do is waited for; so is what was never told here."""
        if not self._books_known:
            self._books_known = True
            self._queued = tuple(each for each in queued if self._owners.uid_of(each.id) is None)
            if self._list.is_known:
                self._follow()
        now_s = self.now_s()
        for each in unsettled:
            is_seen_to = self._adding.knows(each.id) or self._settling.is_open(each.id)
            if not is_seen_to and each.id not in self._unsettled:
                self._unsettled[each.id] = _Unsettled(each, now_s)
        if self._unsettled:
            self.after(GRACE_S, TimeToReconcile())

    def _reconcile(self, *, finally_: bool = False) -> None:
        """Whose item is there has it; who waits in vain gets everything back."""
        if not self._unsettled:
            return
        for item in self._list.items:
            self._claim(item)
        if not self._list.is_known and not finally_:
            return
        # The timer may fire a hair too early.
        since_s = self.now_s() - 0.99 * GRACE_S
        for waiting in list(self._unsettled.values()):
            if waiting.since_s <= since_s:
                del self._unsettled[waiting.purchase.id]
                reason = self.hindrance() or outcomes.NO_ANSWER
                self.settle(waiting.purchase, None, reason, is_sure=False)

    def _claim(self, item: Item) -> bool:
        """Give an item to whom the instance before has wanted it for."""
        if item.queued_by.lower() != self._bot().lower() or item.uid in self._owners:
            return False
        for purchase, _ in self._unsettled.values():
            if key_of(purchase) == item.medium.key:
                del self._unsettled[purchase.id]
                self._owners.add(item.uid, purchase)
                self.settle(purchase, item.uid, "", is_sure=True)
                return True
        return False

    def _put_in_order(self, purchase_id: str) -> None:
        """The instance before was stopped before it could see to an item's place."""
        uid = self._owners.uid_of(purchase_id)
        purchase = self._owners.get(uid)
        if uid is None or purchase is None or uid == self._list.current:
            return
        if purchase.action == "forcenow":
            self._adding.jump(uid)
        else:
            self._adding.place(purchase, uid)

    def _take_off(self, purchase_id: str) -> None:
        """Nobody has paid for this item after all."""
        uid = self._owners.uid_of(purchase_id)
        if uid is not None:
            self._owners.drop(uid)
            _log.warning("an item that is not paid for is taken off", channel=self._name, uid=uid)
            self.command("rmvideo", {"uid": uid})

    def _take_off_if_late(self, item: Item) -> None:
        """It was given back in doubt, and came nevertheless."""
        until_s = self._late.get(item.medium.key)
        is_bots = item.queued_by.lower() == self._bot().lower()
        if until_s is None or not is_bots or item.uid in self._owners:
            return
        del self._late[item.medium.key]
        if self.now_s() < until_s:
            _log.warning("a refunded item is taken off", channel=self._name, uid=item.uid)
            self.command("rmvideo", {"uid": item.uid})
