"""What has been paid for is put on the playlist: one item after the other.

The robot works its commands off in order, and may be busy with one item for 8 s: so at most one
is under way, and it goes out after the replies that are ready. What the robot says proves nothing.
An item is ours when CyTube tells that the bot has queued this very film, under a uid that is
nobody's yet; another one's item is never taken for it. Where nothing comes the playlist is looked
at for two seconds more, and then the buyer gets everything back (`spending.md` 4.7).
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from economy_actors.messages.playlist import Fulfil, Item, QueueFailed, StepDue
from economy_actors.playlist.listing import Listing, Owners, key_of
from economy_actors.runtime import Timer
from kryten_economy.features.queue import outcomes
from kryten_economy.features.queue.purchases import Purchase

__all__ = ("ADD_S", "JUMP_S", "LOOKS_MAX", "LOOK_S", "Adding", "Desk")

ADD_S = 10.0
"""The robot itself waits for 8 s; a little more for what stood in its way."""
LOOK_S = 0.35
LOOKS_MAX = 6
JUMP_S = 5.0
_RANK_S = 2.0
"""A robot that comes in is told its rank in steps within some milliseconds."""
_QUICK_S = 3.0
_QUICK_MAX = 2
_SEEN_MAX = 4096


class Desk(Protocol):
    """What the actor does for it."""

    def command(self, command: str, args: Mapping[str, object]) -> None:
        """Have the robot do something."""

    def hindrance(self) -> str | None:
        """Why nothing can be added now, as a reason."""

    def when_replied(self, number: int) -> None:
        """Have `Adding.replied` called once the replies that are ready are out."""

    def look(self) -> None:
        """Have the store's playlist read; what is found is told to `Adding.look_at`."""

    def settle(self, purchase: Purchase, uid: int | None, reason: str, *, is_sure: bool) -> None:
        """Have the payment kept, for an item with a uid, or given back."""

    def tell(self, purchase: Purchase, text: str) -> None:
        """Write to the buyer."""


class _Step(StrEnum):
    """Where an item is on its way."""

    READY = "ready"
    ADDING = "adding"
    LOOKING = "looking"
    PAUSING = "pausing"
    SETTLING = "settling"
    JUMPING = "jumping"


@dataclass(slots=True)
class _Job:
    """The item under way; ``before`` are the uids that were on the playlist already."""

    order: Fulfil
    number: int
    step: _Step = _Step.READY
    before: frozenset[int] = frozenset()
    tries: int = 0
    looks: int = 0
    uid: int | None = None
    timer: Timer | None = None

    @property
    def purchase(self) -> Purchase:
        return self.order.purchase


class Adding:
    """``later`` delivers a message to the actor after a delay."""

    def __init__(
        self,
        desk: Desk,
        listing: Listing,
        owners: Owners,
        bot: Callable[[], str],
        later: Callable[[float, StepDue], Timer],
    ) -> None:
        self._desk = desk
        self._list = listing
        self._owners = owners
        self._bot = bot
        self._later = later
        self._waiting: deque[Fulfil] = deque()
        self._job: _Job | None = None
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._number = 0

    def knows(self, purchase_id: str) -> bool:
        """Whether it was asked for this purchase: it waits, is under way or was seen to."""
        return purchase_id in self._seen

    def has_under_way(self, purchase_id: str) -> bool:
        """Whether this is the one purchase that is being seen to."""
        return self._job is not None and self._job.purchase.id == purchase_id

    def fulfil(self, order: Fulfil) -> None:
        """Put this on the playlist, after those who have paid before."""
        purchase_id = order.purchase.id
        if purchase_id in self._seen or self._owners.uid_of(purchase_id) is not None:
            return
        self._seen[purchase_id] = None
        if len(self._seen) > _SEEN_MAX:
            self._seen.popitem(last=False)
        self._waiting.append(order)
        self._next()

    def _next(self) -> None:
        if self._job is None and self._waiting:
            self._number += 1
            self._job = _Job(self._waiting.popleft(), self._number)
            self._begin(self._job)

    # One step after the other

    def _begin(self, job: _Job) -> None:
        reason = self._desk.hindrance()
        if reason is None:
            job.step = _Step.READY
            self._desk.when_replied(job.number)
        elif reason is not outcomes.BOT_AWAY and not job.tries:
            job.tries += 1
            self._go(job, _Step.PAUSING, _RANK_S)
        else:
            self._refuse(job, reason, is_sure=True)

    def _go(self, job: _Job, step: _Step, within_s: float) -> None:
        self._stop_timer(job)
        job.step = step
        job.timer = self._later(within_s, StepDue(job.number, step))

    @staticmethod
    def _stop_timer(job: _Job) -> None:
        if job.timer is not None:
            job.timer.cancel()
            job.timer = None

    def replied(self, number: int) -> None:
        """Nobody waits for words any more: the robot may be kept busy."""
        job = self._job
        if job is None or job.number != number or job.step is not _Step.READY:
            return
        if self._desk.hindrance() is not None:
            self._begin(job)
            return
        job.before = frozenset(each.uid for each in self._list.items)
        self._go(job, _Step.ADDING, ADD_S)
        purchase = job.purchase
        wanted = {"type": purchase.media_type, "id": purchase.media_id, "pos": "next", "temp": True}
        self._desk.command("addvideo", wanted)

    def due(self, message: StepDue) -> None:
        """A step has taken as long as it may."""
        job = self._job
        if job is None or (job.number, job.step) != (message.number, message.step):
            return
        match job.step:
            case _Step.ADDING | _Step.LOOKING if job.looks < LOOKS_MAX:
                job.looks += 1
                self._go(job, _Step.LOOKING, LOOK_S)
                self._desk.look()
            case _Step.LOOKING:
                reason = self._desk.hindrance() or outcomes.NO_ANSWER
                self._refuse(job, reason, is_sure=False)
            case _Step.PAUSING:
                self._begin(job)
            case _Step.JUMPING:
                self._not_jumped(job)
            case _:
                pass

    # What CyTube tells

    def _awaits(self, item: Item) -> bool:
        job = self._job
        if job is None or job.step not in {_Step.ADDING, _Step.LOOKING}:
            return False
        is_bots = item.queued_by.lower() == self._bot().lower()
        is_film = item.medium.key == key_of(job.purchase)
        return is_bots and is_film and item.uid not in self._owners

    def queued(self, item: Item) -> bool:
        """An item is new on the list: whether it is the one that was asked for."""
        if self._job is None or not self._awaits(item):
            return False
        self._found(self._job, item.uid)
        return True

    def look_at(self, items: Iterable[Item], *, stored: bool) -> Item | None:
        """The whole list: the item that was asked for, if it is there."""
        job = self._job
        for item in items:
            # What was there before is none of ours; a list that is told anew has other uids.
            if job and self._awaits(item) and not (stored and item.uid in job.before):
                self._found(job, item.uid)
                return item
        return None

    def failed(self, news: QueueFailed) -> None:
        """CyTube has refused something that the bot wanted to add."""
        job = self._job
        if job is None or job.step not in {_Step.ADDING, _Step.LOOKING}:
            return
        if job.purchase.media_id not in news.media_ids:
            return
        if outcomes.is_too_quick(news.text) and job.tries < _QUICK_MAX:
            job.tries += 1
            self._go(job, _Step.PAUSING, _QUICK_S * job.tries)
            return
        self._refuse(job, outcomes.why_refused(news.text), is_sure=True)

    def lost(self, command: str) -> None:
        """A command has not reached the robot."""
        job = self._job
        if job is not None and command == "addvideo" and job.step is _Step.ADDING:
            self._refuse(job, outcomes.BOT_AWAY, is_sure=True)
        elif job is not None and command == "jump" and job.step is _Step.JUMPING:
            self._not_jumped(job)

    def plays(self, uid: int | None) -> None:
        """Something begins."""
        job = self._job
        if job is not None and job.step is _Step.JUMPING and uid == self._uid(job):
            self._done(job)

    # What becomes of it

    def _found(self, job: _Job, uid: int) -> None:
        self._stop_timer(job)
        job.step, job.uid = _Step.SETTLING, uid
        self._owners.add(uid, job.purchase)
        self._desk.settle(job.purchase, uid, "", is_sure=True)

    def _refuse(self, job: _Job, reason: str, *, is_sure: bool) -> None:
        self._stop_timer(job)
        job.step = _Step.SETTLING
        self._desk.settle(job.purchase, None, reason, is_sure=is_sure)

    def saved_z(self, purchase_id: str) -> int:
        """What the rank of the buyer took off, if it was told."""
        job = self._job
        return job.order.saved_z if job is not None and job.purchase.id == purchase_id else 0

    def settled(self, purchase_id: str, *, is_queued: bool) -> None:
        """The books know of it: see to its place, and go on with the next one."""
        job = self._job
        if job is None or job.purchase.id != purchase_id:
            return
        uid = self._uid(job)
        if not is_queued or uid is None:
            self._done(job)
        elif job.purchase.action != "forcenow":
            self.place(job.purchase, uid)
            self._done(job)
        elif uid == self._list.current:
            self._done(job)
        else:
            self._go(job, _Step.JUMPING, JUMP_S)
            self.jump(uid)

    def place(self, purchase: Purchase, uid: int) -> None:
        """Put a queued item behind those that were paid for earlier."""
        if purchase.action != "queue":
            return
        last = self._list.last_to_come(self._owners.uids, uid)
        if last is not None and not self._list.stands_behind(uid, last):
            self._desk.command("mvvideo", {"from": uid, "after": last})

    def jump(self, uid: int) -> None:
        """Have it played now; the robot takes the uid as text only."""
        self._desk.command("jump", {"uid": str(uid)})

    def _not_jumped(self, job: _Job) -> None:
        self._desk.tell(job.purchase, outcomes.cannot_jump(job.purchase.title))
        self._done(job)

    def _uid(self, job: _Job) -> int | None:
        """Where the item is now: a shuffle may have moved it meanwhile."""
        return self._owners.uid_of(job.purchase.id)

    def _done(self, job: _Job) -> None:
        self._stop_timer(job)
        self._job = None
        self._next()
