"""The prizes of a finished day: each once, in one operation (`earning.md` 10)."""

from kryten_economy.features.jobs.rules import COMPETITIONS
from kryten_economy.ledger.answers import Answer
from kryten_economy.ledger.occasion_answers import CompetitionsPaid, Won
from kryten_economy.ledger.occasion_requests import PayCompetitions
from kryten_economy.ledger.once import Kept, Memo, money_of, once, wallet_then
from kryten_economy.ledger.posting import Line, post
from kryten_economy.ledger.requests import FinishJob
from kryten_economy.ledger.rewarding import may_earn
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.upkeep import finish_job
from kryten_economy.users import UserKey

__all__ = ("pay_competitions",)

_CLAIM = """
    INSERT INTO competition_runs (
        channel_id, day, competition_id, account_id, reward_z, paid_at_ms
    ) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""


def pay_competitions(tx: Tx, request: PayCompetitions) -> Answer:
    """Pay every prize that has not been paid, and mark the day as done."""
    return once(tx, request, request.channel, _pay, _retell)


def _pay(tx: Tx, request: PayCompetitions) -> Kept | Answer:
    channel = tx.channels.get(request.channel)
    won = []
    for competition_id, description, name, amount_z, why in request.prizes:
        # Looked up for each prize anew: the same user may win several.
        found = tx.find(UserKey(request.channel, name), request.day)
        if found is None or not may_earn(tx, channel, found[1], amount_z):
            continue
        holder = found[1]
        tx.sql.run(
            _CLAIM,
            channel.id,
            request.for_day,
            competition_id,
            holder.account_id,
            amount_z,
            request.at_ms,
        )
        if tx.sql.changed() == 0:
            continue
        trigger = f"competition.{competition_id}"
        line = Line("competition", trigger, description, request.at_ms, request.day, metadata=why)
        moved, _ = post(tx, holder, amount_z, channel.mint, line)
        won.append(Won(competition_id, moved.facts, amount_z))
    finish_job(tx, FinishJob(COMPETITIONS, request.channel, request.for_day, request.at_ms))
    memo = [[w.competition_id, w.wallet.user.name, w.amount_z, money_of(w.wallet)] for w in won]
    return Kept(CompetitionsPaid(tuple(won)), memo)


def _retell(tx: Tx, request: PayCompetitions, memo: Memo) -> Answer:
    won = tuple(
        Won(
            competition_id,
            wallet_then(tx, UserKey(request.channel, name), request.day, money),
            amount_z,
        )
        for competition_id, name, amount_z, money in memo
    )
    return CompetitionsPaid(won, replayed=True)
