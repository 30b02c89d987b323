"""Whether a reward can be paid at all: what is not possible is skipped silently.

`earning.md` 1: credits to the banned are skipped, whatever is claimed beside them.
"""

from kryten_economy.features.presence.onboarding import EarningGate
from kryten_economy.ledger.channels import Channel
from kryten_economy.ledger.page import Page
from kryten_economy.ledger.posting import has_room, is_amount
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallets import Holder

__all__ = ("is_past", "may_earn")


def may_earn(tx: Tx, channel: Channel, purse: Holder | Page, amount_z: int) -> bool:
    """Whether a wallet may and can take this much from the mint."""
    return (
        is_amount(amount_z)
        and not purse.facts.banned
        and has_room(purse, amount_z)
        and tx.journal.fits(channel.mint, -amount_z)
    )


def is_past(gate: EarningGate, holder: Holder, at_ms: int) -> bool:
    """Whether the account is old and busy enough to earn (`earning.md` 2.4)."""
    return gate.is_open(holder.facts.first_seen_ms, holder.facts.lifetime_messages, at_ms)
