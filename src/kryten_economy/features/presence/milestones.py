"""Hourly milestones: the claim and its reward in one operation (P-PRES-7)."""

from dataclasses import dataclass

from kryten_economy.features.presence.onboarding import OPEN, EarningGate, is_past
from kryten_economy.ledger.operation import Act, operation
from kryten_economy.ledger.posting import Entry, may_earn, post
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import AMOUNT_MAX_Z, InvalidAmount, NoAccount
from kryten_economy.users import UserKey

__all__ = ("ClaimMilestone", "MilestoneClaimed", "claim_milestone")

_CLAIM = """
    INSERT INTO milestone_claims (account_id, day, hours, reward_z, claimed_at_ms)
    VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class MilestoneClaimed:
    """What a number of hours brought; 0 where it was withheld or claimed before."""

    hours: int
    paid_z: int
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class ClaimMilestone(Act[MilestoneClaimed | NoAccount | InvalidAmount]):
    """So many hours of ``day`` are reached; claim and credit are one.

    ``amount_z`` ≥ 0; who is banned or kept by the ``gate`` claims for nothing.
    """

    op_id: str
    user: UserKey
    at_ms: int
    day: str
    hours: int
    amount_z: int
    gate: EarningGate = OPEN


@operation
def claim_milestone(tx: Tx, ask: ClaimMilestone) -> MilestoneClaimed | NoAccount | InvalidAmount:
    """Claim so many hours of a day once; the banned and the gated claim them for nothing."""
    if not 0 <= ask.amount_z <= AMOUNT_MAX_Z:
        return InvalidAmount(ask.amount_z)
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    earns = is_past(ask.gate, account, ask.at_ms) and may_earn(tx, account, ask.amount_z)
    paid_z = ask.amount_z if earns else 0
    if not tx.run(_CLAIM, account.id, ask.day, ask.hours, paid_z, ask.at_ms):
        return MilestoneClaimed(ask.hours, 0, account.wallet)
    if paid_z:
        reason = f"{ask.hours} {'hour' if ask.hours == 1 else 'hours'} present"
        entry = Entry("milestone", f"dwell.{ask.hours}h", reason, ask.at_ms, ask.day)
        post(tx, account, paid_z, tx.system(account.channel, "mint"), entry)
    return MilestoneClaimed(ask.hours, paid_z, account.wallet)
