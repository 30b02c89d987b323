"""The playlist as far as its events have told it, and whose the paid items on it are.

Pure. A uid says where an item is, never an index (P-QUE-3), and it is believed only together with
what the item shows: a shuffle gives every item a new uid, and a CyTube that has started again
counts from 0 anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from economy_actors.messages.playlist import Item
from kryten_economy.features.queue.purchases import Purchase

__all__ = ("Listing", "Owners", "key_of", "match")


def key_of(purchase: Purchase) -> str:
    """`Medium.key` of what somebody has paid for, in the form the gateway gives it."""
    return f"{purchase.media_type}:{purchase.media_id}"[:500]


class Listing:
    """``current`` is the uid of what plays; ``is_known`` once the whole list has been told."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.current: int | None = None
        self.is_known = False

    def find(self, uid: int | None) -> Item | None:
        """The item of this uid."""
        return next((each for each in self.items if each.uid == uid), None)

    def listed(self, items: Iterable[Item]) -> None:
        """This is the whole list."""
        self.items = list(items)
        self.is_known = True

    def queued(self, item: Item, after: int | None) -> None:
        """An item came; behind an unknown one it is taken for the last."""
        self.deleted(item.uid)
        self.items.insert(self._behind(after), item)

    def deleted(self, uid: int) -> None:
        """An item is gone."""
        self.items = [each for each in self.items if each.uid != uid]

    def moved(self, uid: int, after: int | None) -> None:
        """An item is somewhere else now."""
        item = self.find(uid)
        if item is not None:
            self.queued(item, after)

    def _behind(self, uid: int | None) -> int:
        if uid is None:
            return 0
        at = [index for index, each in enumerate(self.items) if each.uid == uid]
        return at[0] + 1 if at else len(self.items)

    def last_to_come(self, uids: Iterable[int], new: int) -> int | None:
        """Which of these items will be played last, if it isn't the new one or what plays now.

        What stands before the current item comes after the last one: the list is a ring.
        """
        order = {each.uid: index for index, each in enumerate(self.items)}
        begin = order.get(-1 if self.current is None else self.current, 0)
        waiting = [uid for uid in uids if uid in order and uid not in {new, self.current}]
        return max(waiting, key=lambda uid: (order[uid] - begin) % len(order), default=None)

    def stands_behind(self, uid: int, after: int) -> bool:
        """Whether the one item is directly behind the other."""
        uids = [each.uid for each in self.items]
        return (after, uid) in pairwise(uids)


class Owners:
    """The paid items that stand on the playlist, by uid, in the order in which they came."""

    def __init__(self) -> None:
        self._by_uid: dict[int, Purchase] = {}

    def __contains__(self, uid: int) -> bool:
        return uid in self._by_uid

    @property
    def uids(self) -> tuple[int, ...]:
        """Where they are."""
        return tuple(self._by_uid)

    @property
    def purchases(self) -> tuple[Purchase, ...]:
        """What they were paid for by."""
        return tuple(self._by_uid.values())

    def get(self, uid: int | None) -> Purchase | None:
        """What this item was paid for by."""
        return None if uid is None else self._by_uid.get(uid)

    def uid_of(self, purchase_id: str) -> int | None:
        """Where the item of this purchase is now."""
        return next((uid for uid, each in self._by_uid.items() if each.id == purchase_id), None)

    def add(self, uid: int, purchase: Purchase) -> None:
        """This item was paid for."""
        self._by_uid[uid] = purchase._replace(uid=uid)

    def drop(self, uid: int) -> Purchase | None:
        """It is on the list no more, or is nobody's after all."""
        return self._by_uid.pop(uid, None)

    def become(self, found: Mapping[int, Purchase]) -> None:
        """These are all."""
        self._by_uid = {uid: purchase._replace(uid=uid) for uid, purchase in found.items()}


def match(
    purchases: Sequence[Purchase], items: Sequence[Item], bot: str
) -> tuple[dict[int, Purchase], list[Purchase]]:
    """Which of the bot's items are whose, by uid; and the purchases whose item is not there.

    Who has an item of the same uid that shows the same keeps it; the others get what is left, in
    the order of the list.
    """
    free = {each.uid: each.medium.key for each in items if each.queued_by.lower() == bot.lower()}
    found: dict[int, Purchase] = {}
    left: list[Purchase] = []
    for each in purchases:
        if each.uid is not None and free.get(each.uid) == key_of(each):
            found[each.uid] = each
            del free[each.uid]
        else:
            left.append(each)
    missing = []
    for each in left:
        uid = next((uid for uid, key in free.items() if key == key_of(each)), None)
        if uid is None:
            missing.append(each)
        else:
            found[uid] = each
            del free[uid]
    order = {each.id: index for index, each in enumerate(purchases)}
    return dict(sorted(found.items(), key=lambda pair: order[pair[1].id])), missing
