"""What the floor of a channel is told: who wants the slot, what was opened, what happened since."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from economy_actors.runtime import Reply
from kryten_economy.features.games.tables import OpenRow
from kryten_economy.refusals import CoolingDown, Occupied
from kryten_economy.users import UserKey

__all__ = (
    "FloorMessage",
    "GameWon",
    "GiveBackSlot",
    "News",
    "PastRounds",
    "PlayerGone",
    "RoundOpened",
    "RoundOver",
    "SlotTaken",
    "SlotTimeout",
    "SlotUnused",
    "TakeSlot",
)


@dataclass(frozen=True, slots=True)
class SlotTaken:
    """The slot of the channel is yours, until you give it back or the round is over."""

    token: int


@dataclass(frozen=True, slots=True)
class TakeSlot:
    """May a spectacle begin? Whoever gets the slot must open a round or give it back.

    ``pause_s``: so long after the last round of this game there is no other one of it.
    """

    game: str
    reply: Reply[SlotTaken | Occupied | CoolingDown]
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True)
class GiveBackSlot:
    """Nothing came of it: the slot is free again, without a pause.

    Only for what was surely not opened; a slot whose opener has failed finds its way back alone.
    """

    token: int


@dataclass(frozen=True, slots=True)
class RoundOpened:
    """The books have opened a round: its table takes over. ``token`` None: it needs no slot.

    ``news`` is the first thing the table is told.
    """

    game: str
    number: int
    news: Any = None
    token: int | None = None


@dataclass(frozen=True, slots=True)
class News:
    """Something has happened in the books that the table of a round is to hear of."""

    number: int
    news: Any


@dataclass(frozen=True, slots=True)
class RoundOver:
    """A table has told its last line."""

    number: int


@dataclass(frozen=True, slots=True)
class SlotTimeout:
    """The slot has been taken for as long as a spectacle may last."""

    token: int


@dataclass(frozen=True, slots=True)
class SlotUnused:
    """Whoever has taken the slot has had time enough to open a round."""

    token: int


@dataclass(frozen=True, slots=True)
class GameWon:
    """Somebody has won more than they staked in a game of one move: the floor says who hears it."""

    what: Literal["spin", "flip", "free_spin"]
    user: UserKey
    display_name: str
    payout_z: int
    stake_z: int


@dataclass(frozen=True, slots=True)
class PlayerGone:
    """A user may play no longer: their stakes in rounds that were not drawn go back."""

    user: UserKey


def _any(_row: OpenRow) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class PastRounds:
    """Time to settle rounds that nobody plays; ``token`` is the slot that is free after it."""

    wanted: Callable[[OpenRow], bool] = _any
    token: int | None = None


FloorMessage = (
    TakeSlot
    | GiveBackSlot
    | RoundOpened
    | News
    | RoundOver
    | SlotTimeout
    | SlotUnused
    | GameWon
    | PlayerGone
    | PastRounds
)
