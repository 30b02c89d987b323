"""Daily competitions, in words; names are cleaned here.

Who won what on a finished day (`earning.md` 10).

Everything is judged by the day as it was before any prize. Whoever ties wins.

The prizes of a finished day: each once, in one operation.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, get_args

from kryten_economy.config.achievements import Competition, CompetitionField
from kryten_economy.features.gifts import percent_of
from kryten_economy.features.jobs import COMPETITIONS
from kryten_economy.ledger.operation import EARNING, Act, operation
from kryten_economy.ledger.posting import Entry, may_earn, post
from kryten_economy.ledger.records import FinishJob, finish_job
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.text.markup import user_text
from kryten_economy.text.templates import money
from kryten_economy.users import UserKey

__all__ = (
    "FIELDS",
    "Award",
    "CompetitionsPaid",
    "DayOf",
    "PayCompetitions",
    "Prize",
    "Won",
    "competition_notice",
    "competition_summary",
    "judge",
    "pay_competitions",
    "prize_of",
)

FIELDS: tuple[str, ...] = get_args(CompetitionField)


class DayOf(NamedTuple):
    """What one user did on the day; ``name`` is lower case, ``values`` are by field."""

    name: str
    display_name: str
    banned: bool
    values: Mapping[str, int]


class Award(NamedTuple):
    """A prize that is due; ``metadata`` (JSON) says of what it is a part, if it is one."""

    competition: Competition
    name: str
    display_name: str
    amount_z: int
    metadata: str | None = None


def judge(
    competitions: Iterable[Competition], days: Sequence[DayOf], ignored: Collection[str]
) -> tuple[Award, ...]:
    """All prizes above 0, by competition and then by name; ``ignored`` names are lower case."""
    players = [each for each in days if not each.banned and each.name not in ignored]
    return tuple(
        Award(competition, each.name, each.display_name, amount_z, _share(competition, each))
        for competition in competitions
        for each in sorted(_winners(competition, players), key=lambda each: each.name)
        if (amount_z := _reward(competition, each)) > 0
    )


def _winners(competition: Competition, players: Sequence[DayOf]) -> list[DayOf]:
    condition = competition.condition
    field = condition.field
    if condition.type == "daily_threshold":
        threshold = condition.threshold
        assert threshold is not None, competition
        return [each for each in players if each.values[field] >= threshold]
    best = max((each.values[field] for each in players), default=0)
    return [each for each in players if best > 0 and each.values[field] == best]


def _reward(competition: Competition, winner: DayOf) -> int:
    if _is_share(competition):
        percent = competition.reward_percent_of_earnings
        return max(1, percent_of(winner.values["z_earned"], percent))
    return competition.reward


def _is_share(competition: Competition) -> bool:
    return competition.condition.type == "daily_top" and competition.reward_percent_of_earnings > 0


def _share(competition: Competition, winner: DayOf) -> str | None:
    if not _is_share(competition):
        return None
    percent = competition.reward_percent_of_earnings
    return json.dumps({"percent": percent, "of": winner.values["z_earned"]})


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

    HALTED_BY = EARNING

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


def competition_notice(description: str, amount_z: int, symbol: str) -> str:
    """To a winner."""
    return f"🏆 {user_text(description)}: you won {money(amount_z, symbol)}!"


def prize_of(description: str, names: Sequence[str], amount_z: int, symbol: str) -> str:
    """One competition of the summary; ``amount_z`` is the largest of its prizes."""
    shown = ", ".join(user_text(name) for name in names[:5])
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{user_text(description)}: {shown}{more} ({money(amount_z, symbol)})"


def competition_summary(day: str, prizes: Sequence[str]) -> str:
    """The public line about a finished day."""
    return f"🏆 Winners of {day} · " + " · ".join(prizes)
