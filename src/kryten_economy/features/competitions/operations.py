"""The prizes of a finished day: each once, in one operation."""

from dataclasses import dataclass

from kryten_economy.features.jobs.rules import COMPETITIONS
from kryten_economy.ledger.operation import Act, operation
from kryten_economy.ledger.posting import Entry, may_earn, post
from kryten_economy.ledger.records import FinishJob, finish_job
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.users import UserKey

__all__ = ("CompetitionsPaid", "PayCompetitions", "Prize", "Won", "pay_competitions")

_CLAIM = """
    INSERT INTO competition_runs (
        channel_id, day, competition_id, account_id, reward_z, paid_at_ms
    ) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Prize:
    """What somebody won; ``name`` is lower case, ``metadata`` is JSON."""

    competition_id: str
    description: str
    name: str
    amount_z: int
    metadata: str | None = None


@dataclass(frozen=True, slots=True)
class Won:
    """A prize that was paid, and the wallet after it."""

    competition_id: str
    wallet: Wallet
    amount_z: int


@dataclass(frozen=True, slots=True)
class CompetitionsPaid:
    """The prizes that were paid."""

    won: tuple[Won, ...]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class PayCompetitions(Act[CompetitionsPaid]):
    """Pay the winners of ``for_day``, with the marker of the job.

    Who is banned or was paid for that day and competition before is passed over.
    """

    op_id: str
    channel: str
    for_day: str
    prizes: tuple[Prize, ...]
    at_ms: int
    day: str


@operation
def pay_competitions(tx: Tx, ask: PayCompetitions) -> CompetitionsPaid:
    """Pay every prize that has not been paid, and mark the day as done."""
    channel = tx.channel(ask.channel)
    won = []
    for prize in ask.prizes:
        account = tx.find(UserKey(ask.channel, prize.name), ask.day)
        if account is None or not may_earn(tx, account, prize.amount_z):
            continue
        claim = (channel.id, ask.for_day, prize.competition_id, account.id)
        if not tx.run(_CLAIM, *claim, prize.amount_z, ask.at_ms):
            continue
        entry = Entry(
            "competition",
            f"competition.{prize.competition_id}",
            prize.description,
            ask.at_ms,
            ask.day,
            metadata=prize.metadata,
        )
        post(tx, account, prize.amount_z, tx.system(channel, "mint"), entry)
        won.append(Won(prize.competition_id, account.wallet, prize.amount_z))
    if won:
        tx.journal.count("competition_awards_total", len(won))
    finish_job(tx, FinishJob(COMPETITIONS, ask.channel, ask.for_day, ask.at_ms))
    return CompetitionsPaid(tuple(won))
