"""Whether an outcome is what the dice have said: seeds after their day, rounds worked out again.

A seed leaves this module when nothing can be won by knowing it: its day is over, and no round of
that day waits for its draw or its end. Until then only its hash is told.
"""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from kryten_economy.features.games.fairness import FairDice, hash_of, public_id
from kryten_economy.features.games.rules import GAMES, Stake
from kryten_economy.ledger.channels import Reader

__all__ = (
    "ROUNDS_MAX",
    "Checked",
    "RoundRecord",
    "SeedOfDay",
    "Verdict",
    "check",
    "hash_of_day",
    "round_record",
    "rounds_of_day",
    "seed_of_day",
    "seeds",
)

ROUNDS_MAX = 500

_WAITS = """
    EXISTS (
        SELECT 1 FROM game_round AS w
        WHERE w.channel_id = f.channel_id AND w.day = f.day AND w.state IN ('open', 'drawn')
    )
"""
_SEEDS = f"""
    SELECT f.day, f.seed, {_WAITS}
    FROM fair_seed AS f JOIN channel AS c ON c.id = f.channel_id
    WHERE c.name = ?1 AND f.day <= ?2 ORDER BY f.day DESC LIMIT ?3
"""  # noqa: S608 - put together from constants
_SEED = f"""
    SELECT f.day, f.seed, {_WAITS}
    FROM fair_seed AS f JOIN channel AS c ON c.id = f.channel_id
    WHERE c.name = ?1 AND f.day = ?2
"""  # noqa: S608 - put together from constants
_ROUND = """
    SELECT r.id, c.name, r.game, r.day, r.state, r.terms, r.outcome
    FROM game_round AS r JOIN channel AS c ON c.id = r.channel_id WHERE r.id = ?
"""
_OF_DAY = """
    SELECT r.id, c.name, r.game, r.day, r.state, r.terms, r.outcome
    FROM game_round AS r JOIN channel AS c ON c.id = r.channel_id
    WHERE c.name = ?1 AND r.day = ?2 AND r.id > ?3 AND r.outcome IS NOT NULL
    ORDER BY r.id LIMIT ?4
"""
_STAKES = """
    SELECT a.name, a.display_name, s.stake_z, s.data, s.payout_z
    FROM game_stake AS s JOIN account AS a ON a.id = s.account_id
    LEFT JOIN hold AS h ON h.id = s.hold_id
    WHERE s.round_id = ? AND (h.id IS NULL OR h.state <> 'released')
    ORDER BY h.placed_at_ms, a.id
"""


class SeedOfDay(NamedTuple):
    """A day's seed as far as it is told; ``seed`` is None before its time.

    ``waits``: the day is over, and a round of it is not.
    """

    day: str
    hash: str
    seed: str | None
    waits: bool = False


@dataclass(frozen=True, slots=True)
class RoundRecord:
    """A round as it is stored, with the seed it follows from once that is told."""

    number: int
    channel: str
    game: str
    day: str
    state: str
    terms: dict[str, Any]
    outcome: dict[str, Any] | None
    stakes: tuple[Stake, ...]
    payouts: tuple[int | None, ...]
    seed: SeedOfDay | None = field(repr=False)


class Verdict(StrEnum):
    """What can be said of a round."""

    SECRET = "secret"  # noqa: S105 - a word, no password
    WAITING = "waiting"
    CANCELLED = "cancelled"
    TRUE = "true"
    FALSE = "false"


class Checked(NamedTuple):
    """The verdict, and what was worked out from the seed where it is told."""

    verdict: Verdict
    outcome: dict[str, Any] | None = None
    payouts: tuple[int, ...] = ()


def seeds(reader: Reader, channel: str, today: str, limit: int = 31) -> list[SeedOfDay]:
    """The seeds up to today's, the newest first."""
    rows = reader.sql.rows(_SEEDS, channel, today, max(1, min(limit, 366)))
    return [_told(row, today) for row in rows]


def seed_of_day(reader: Reader, channel: str, day: str, today: str) -> SeedOfDay | None:
    """The seed of one day; None if nothing is told of it, not even the hash."""
    row = None if day > today else reader.sql.row(_SEED, channel, day)
    return None if row is None else _told(row, today)


def hash_of_day(reader: Reader, channel: str, day: str) -> str | None:
    """What is told of the seed of a day that has begun."""
    found = seed_of_day(reader, channel, day, day)
    return None if found is None else found.hash


def _told(row: tuple[Any, ...], today: str) -> SeedOfDay:
    day, seed, waits = row
    is_over = day < today
    shown = seed if is_over and not waits else None
    return SeedOfDay(day, hash_of(seed), shown, bool(is_over and waits))


def round_record(reader: Reader, number: int, today: str) -> RoundRecord | None:
    """A round by its number, of whatever channel."""
    row = reader.sql.row(_ROUND, number)
    return None if row is None else _record(reader, row, today)


def rounds_of_day(
    reader: Reader, channel: str, day: str, today: str, after: int = 0
) -> list[RoundRecord]:
    """The drawn rounds of a day behind a number, at most `ROUNDS_MAX`; none before their time."""
    seed = seed_of_day(reader, channel, day, today)
    if seed is None or seed.seed is None:
        return []
    rows = reader.sql.rows(_OF_DAY, channel, day, after, ROUNDS_MAX)
    return [_record(reader, row, today) for row in rows]


def _record(reader: Reader, row: tuple[Any, ...], today: str) -> RoundRecord:
    number, channel, game, day, state, terms, outcome = row
    found = reader.sql.rows(_STAKES, number)
    return RoundRecord(
        number,
        channel,
        game,
        day,
        state,
        json.loads(terms),
        None if outcome is None else json.loads(outcome),
        tuple(Stake(name, shown, z, json.loads(data)) for name, shown, z, data, _ in found),
        tuple(payout_z for *_, payout_z in found),
        seed_of_day(reader, channel, day, today),
    )


def check(record: RoundRecord) -> Checked:
    """Work the outcome out again from seed, terms and stakes, and compare it with the stored one.

    What people have decided about a round is stored with its outcome as ``said``.
    """
    if record.state == "cancelled":
        return Checked(Verdict.CANCELLED)
    if record.outcome is None:
        return Checked(Verdict.WAITING)
    if record.seed is None or record.seed.seed is None:
        return Checked(Verdict.SECRET)
    game, said = GAMES[record.game], str(record.outcome.get("said", ""))
    dice = FairDice(record.seed.seed, public_id(record.channel, record.number))
    drawn = dict(game.draw(dice, record.terms, record.stakes, said))
    outcome: dict[str, Any] = json.loads(json.dumps(drawn | ({"said": said} if said else {})))
    if game.pay is None:
        payouts = tuple(outcome["payout_z"] for _ in record.stakes)
    else:
        payouts = tuple(each.payout_z for each in game.pay(record.terms, outcome, record.stakes))
    is_paid = record.state != "settled" or payouts == record.payouts
    is_true = outcome == record.outcome and is_paid
    return Checked(Verdict.TRUE if is_true else Verdict.FALSE, outcome, payouts)
