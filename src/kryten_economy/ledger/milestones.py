"""Hourly milestones: the claim and its reward in one operation (`earning.md` 4, P-PRES-7)."""

from kryten_economy.ledger.answers import Answer, MilestoneClaimed
from kryten_economy.ledger.once import Kept, Memo, money_of, once, wallet_then
from kryten_economy.ledger.posting import Line, post
from kryten_economy.ledger.presence_requests import ClaimMilestone
from kryten_economy.ledger.rewarding import is_past, may_earn
from kryten_economy.ledger.tx import Tx
from kryten_economy.refusals import AMOUNT_MAX_Z, InvalidAmount, NoAccount

__all__ = ("claim_milestone",)

_CLAIM = """
    INSERT INTO milestone_claims (account_id, day, hours, reward_z, claimed_at_ms)
    VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""


def claim_milestone(tx: Tx, request: ClaimMilestone) -> Answer:
    """Claim so many hours of a day once; the banned and the gated claim them for nothing."""
    return once(tx, request, request.user.channel, _claim, _retell)


def _claim(tx: Tx, request: ClaimMilestone) -> Kept | Answer:
    if not 0 <= request.amount_z <= AMOUNT_MAX_Z:
        return InvalidAmount(request.amount_z)
    found = tx.find(request.user, request.day)
    if found is None:
        return NoAccount(request.user)
    channel, holder = found
    hours, at_ms, day = request.hours, request.at_ms, request.day
    paid_z = request.amount_z if is_past(request.gate, holder, at_ms) else 0
    if not may_earn(tx, channel, holder, paid_z):
        paid_z = 0
    tx.sql.run(_CLAIM, holder.account_id, day, hours, paid_z, at_ms)
    if tx.sql.changed() == 0:
        return MilestoneClaimed(hours, 0, holder.facts)
    if paid_z:
        reason = f"{hours} {'hour' if hours == 1 else 'hours'} present"
        line = Line("milestone", f"dwell.{hours}h", reason, at_ms, day)
        holder, _ = post(tx, holder, paid_z, channel.mint, line)
    return Kept(MilestoneClaimed(hours, paid_z, holder.facts), [paid_z, money_of(holder.facts)])


def _retell(tx: Tx, request: ClaimMilestone, memo: Memo) -> Answer:
    paid_z, money = memo
    wallet = wallet_then(tx, request.user, request.day, money)
    return MilestoneClaimed(request.hours, paid_z, wallet, replayed=True)
