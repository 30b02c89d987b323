"""Rows of the old ledger as movements of ours: their types, and on which side money stands.

Stakes were no rows until 0.16.1 and had types of their own from then on. A type that is not ours,
or whose sign can't be, stays in the ledger as a movement of the type ``migration``.
"""

from typing import NamedTuple

from kryten_economy.ledger.channels import SystemKind
from kryten_economy.transaction_types import TYPES

__all__ = ("Kind", "kind_of")

_STAKE = "gamble_stake"
_WAGERS = {
    "wager": "",
    "wager_spin": "gambling.spin",
    "wager_flip": "gambling.flip",
    "wager_challenge": "gambling.challenge",
    "wager_heist": "gambling.heist",
    "wager_blackjack": "gambling.blackjack",
    "wager_blackjack_double": "gambling.blackjack",
    "wager_trivia": "gambling.trivia",
    "wager_race": "gambling.race",
}
_RENAMED = {
    "presence": "earn",
    "tip_in": "tip_receive",
    "tip_out": "tip_send",
    "gamble_loss": _STAKE,
    "admin": "admin_adjust",
}
_TRIGGERS = {
    "presence": "presence.base",
    "tip_in": "earn.tip",
    "tip_out": "spend.tip",
    "gamble_loss": "gambling",
    "admin": "admin.adjust",
}


class Kind(NamedTuple):
    """What a type of old rows is here; ``trigger_id`` stands in where a row has none.

    ``known``: whether it is one of the types of old, with the sign it had.
    """

    type: str
    trigger_id: str
    other: SystemKind
    known: bool


def kind_of(old: str, *, is_credit: bool) -> Kind:
    """The type of a row."""
    name = _STAKE if old in _WAGERS else _RENAMED.get(old, old)
    found = TYPES.get(name)
    if name == _STAKE and is_credit:
        # A stake that came back under its own name.
        name, found = "gamble_refund", TYPES["gamble_refund"]
    trigger_id = _WAGERS.get(old) or _TRIGGERS.get(old) or f"migration.{old or 'unknown'}"
    if found is None or not (found.credits if is_credit else found.debits):
        return Kind("migration", trigger_id, "mint", known=False)
    # The two rows of a tip were not linked: both are booked by way of the sink, where they meet.
    other = "sink" if found.counterpart == "wallet" else found.counterpart
    return Kind(name, trigger_id, other, known=True)
