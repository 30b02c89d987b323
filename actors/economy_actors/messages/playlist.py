"""What the playlist of a channel hears: CyTube's list as it changes, and what has been paid for.

A uid names an item until somebody shuffles the list or CyTube starts again; `Medium.key` names
what it shows by type and id, and is the same for ever.
"""

from dataclasses import dataclass, field

from economy_actors.messages.channel import MediaChanged, PlaylistEmptied, RobotPresence
from economy_actors.runtime import RuntimeFault
from kryten_economy.features.media.rules import Medium
from kryten_economy.features.queue.purchases import Purchase
from kryten_economy.features.queue.settling import QueueConfirmed, QueueRefused, SettledPurchase
from kryten_economy.refusals import Conflict, InvalidAmount, NotPending, ReadOnly

__all__ = (
    "BooksRead",
    "CommandLost",
    "Deleted",
    "Fulfil",
    "Item",
    "LockChanged",
    "Moved",
    "PlaylistListed",
    "PlaylistMessage",
    "PlaylistNews",
    "PurchaseSettled",
    "QueueFailed",
    "Queued",
    "RepliesSent",
    "RightsTold",
    "SettleAnswer",
    "StepDue",
    "TimeToReconcile",
)


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the list; ``queued_by`` is the account that put it there, "" if not told."""

    uid: int
    medium: Medium
    queued_by: str


@dataclass(frozen=True, slots=True)
class Queued:
    """An item was put behind the one with the uid ``after``; None: at the beginning."""

    item: Item
    after: int | None


@dataclass(frozen=True, slots=True)
class Deleted:
    """An item has played and is gone, or somebody took it off."""

    uid: int


@dataclass(frozen=True, slots=True)
class Moved:
    """An item is behind another one now; ``after`` None: at the beginning."""

    uid: int
    after: int | None


@dataclass(frozen=True, slots=True)
class PlaylistListed:
    """The whole list; ``stored``: as the robot's store has it, which may lag behind.

    ``items`` None: the store says nothing. ``current`` is what plays by the store.
    """

    items: tuple[Item, ...] | None
    stored: bool = False
    current: Medium | None = None


@dataclass(frozen=True, slots=True)
class QueueFailed:
    """CyTube has refused an item that the bot wanted to add."""

    media_ids: frozenset[str]
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LockChanged:
    """Whether the list is locked: other ranks are needed then."""

    locked: bool


@dataclass(frozen=True, slots=True)
class RightsTold:
    """The rank needed to add an item at "next", on a locked list and on an open one."""

    locked: float
    open: float


@dataclass(frozen=True, slots=True)
class CommandLost:
    """This command has not reached the robot, and so did nothing."""

    command: str


@dataclass(frozen=True, slots=True)
class Fulfil:
    """Put on the playlist what somebody has paid for; once, however often it is told.

    ``saved_z`` is what their rank took off the price.
    """

    purchase: Purchase
    saved_z: int = 0


@dataclass(frozen=True, slots=True)
class RepliesSent:
    """What was to be said has been said, or took too long; ``number`` is whose turn it is."""

    number: int


@dataclass(frozen=True, slots=True)
class StepDue:
    """Time is up for a step of the item with this ``number``."""

    number: int
    step: str


@dataclass(frozen=True, slots=True)
class BooksRead:
    """What the instance before has left in the books; None: the report could not say.

    ``waited`` once it is time to ask again.
    """

    unsettled: tuple[Purchase, ...] | None
    queued: tuple[Purchase, ...] = ()
    waited: bool = False


@dataclass(frozen=True, slots=True)
class TimeToReconcile:
    """What is not on the playlist by now will not come; ``finally_``: even if it is not known."""

    finally_: bool = False


SettleAnswer = SettledPurchase | NotPending | InvalidAmount | Conflict | ReadOnly | RuntimeFault


@dataclass(frozen=True, slots=True)
class PurchaseSettled:
    """The books have answered, or a fault came instead; ``waited`` once it is to be asked again."""

    request: QueueConfirmed | QueueRefused
    answer: SettleAnswer
    waited: bool = False


PlaylistNews = (
    Queued
    | Deleted
    | Moved
    | PlaylistListed
    | QueueFailed
    | LockChanged
    | RightsTold
    | MediaChanged
    | PlaylistEmptied
    | RobotPresence
)

PlaylistMessage = (
    PlaylistNews
    | CommandLost
    | Fulfil
    | RepliesSent
    | StepDue
    | BooksRead
    | TimeToReconcile
    | PurchaseSettled
)
