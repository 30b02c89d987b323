"""What the books answer about chat lines and triggers (see `ledger.answers`)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from kryten_economy.ledger.answers import Wallet

__all__ = ("ChatRecorded", "PaidTrigger", "TriggersPaid")


class PaidTrigger(NamedTuple):
    """An award that passed its limits; ``amount_z`` is 0 where it was withheld or is not whole."""

    name: str
    trigger_id: str
    amount_z: int
    wallet: "Wallet"


@dataclass(frozen=True, slots=True)
class TriggersPaid:
    """The awards that passed, in their order."""

    paid: tuple[PaidTrigger, ...]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class ChatRecorded:
    """The speaker's wallet after the line, and the awards that passed."""

    wallet: "Wallet"
    paid: tuple[PaidTrigger, ...] = ()
    replayed: bool = False
