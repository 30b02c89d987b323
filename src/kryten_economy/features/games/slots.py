"""The slot machine and its free spin of the day (`gambling.md` 2 and 3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

from kryten_economy.config import Settings
from kryten_economy.config.gambling import Payout as Row
from kryten_economy.dice import Chance
from kryten_economy.features.games import rounds
from kryten_economy.features.games.limits import own_limits
from kryten_economy.features.games.rules import (
    Edge,
    Game,
    Payout,
    Prospect,
    Stake,
    Terms,
    game,
    prospect_of,
    terms_for,
)
from kryten_economy.features.games.stakes import StakeRefused, may_stake
from kryten_economy.ledger.account import Account
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.operation import STAKING, Act, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import Banned, DailyLimit, NoAccount, PlayPaused, TooYoung
from kryten_economy.users import UserKey

__all__ = (
    "FreeSpin",
    "Spin",
    "Spun",
    "edges",
    "free_spin",
    "has_spun_free",
    "jackpot_from_z",
    "pull",
    "spin",
    "table_of",
    "terms_of",
)

_SYMBOLS = ("🍒", "🍋", "💎", "7️⃣", "🍊", "🍇", "⭐", "🔔")

Table = tuple[tuple[str, str, str], ...]
"""What is shown, the factor and the probability of each row, as written in the configuration."""


def table_of(rows: Sequence[Row]) -> Table:
    """The payout table as it is stored with a round."""
    return tuple((each.symbols, str(each.multiplier), str(each.probability)) for each in rows)


def jackpot_from_z(settings: Settings) -> int:
    """From which payout on a spin is a jackpot."""
    configured = settings.gambling.spin.jackpot_announce_threshold
    return max(configured, settings.announcements.jackpot_min_amount)


def edges(settings: Settings) -> tuple[Edge, ...]:
    """What the table pays on average."""
    rows = table_of(settings.gambling.spin.payouts)
    return (Edge("any stake", prospect_of(_chances(rows)).mean),)


@lru_cache(maxsize=1024)
def _prospect(table: Table, stake_z: int) -> Prospect:
    """Worked out once: fractions are exact and slow, and people stake the same amounts."""
    return prospect_of(_chances(table), stake_z)


@lru_cache(maxsize=64)
def _marks(table: Table) -> tuple[tuple[Fraction, "Pull"], ...]:
    """Up to which number each row is rolled, in their order."""
    chances = accumulate(Fraction(chance) for _, _, chance in table)
    return tuple(zip(chances, (Pull(symbols, factor) for symbols, factor, _ in table), strict=True))


def _chances(table: Table) -> list[tuple[Fraction, Fraction]]:
    return [(Fraction(factor), Fraction(chance)) for _, factor, chance in table]


class Pull(NamedTuple):
    """What the machine shows, and by how much it multiplies the stake."""

    symbols: str
    factor: str


def pull(dice: Chance, table: Table) -> Pull:
    """One roll over the rows in their order; what they leave open below 1 is a loss (P-GAM-2)."""
    mark = Fraction(dice.roll())
    for passed, (symbols, factor) in _marks(table):
        if mark < passed:
            return Pull(_shown(dice, symbols), factor)
    return Pull(_shown(dice, "loss"), "0")


def _shown(dice: Chance, symbols: str) -> str:
    first, second, third, *_ = dice.shuffled(_SYMBOLS)
    match symbols:
        case "partial":
            return first + first + second
        case "loss":
            return first + second + third
        case _:
            return symbols


def _draw(
    dice: Chance, terms: Mapping[str, Any], _stakes: Sequence[Stake] = (), _said: str = ""
) -> Mapping[str, Any]:
    symbols, factor = pull(dice, tuple(tuple(row) for row in terms["table"]))
    return {
        "symbols": symbols,
        "factor": factor,
        "payout_z": int(terms["worth_z"] * Fraction(factor)),
    }


SPIN = game(
    Game("spin", "Spin", "spins", lambda settings: settings.gambling.spin.enabled, edges, _draw)
)


@dataclass(frozen=True, slots=True)
class Spun:
    """What the machine has shown and paid, in round ``number``."""

    number: int
    symbols: str
    payout_z: int
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Spin(Act[Spun | StakeRefused]):
    """Stake so much on one pull; table, limits and seed belong to the first attempt."""

    HALTED_BY = STAKING
    ATTEMPT = Act.ATTEMPT | {"table", "terms", "fresh_seed"}

    op_id: str
    user: UserKey
    stake_z: int
    table: Table
    terms: Terms
    fresh_seed: str = field(repr=False)
    at_ms: int
    day: str


@operation
def spin(tx: Tx, ask: Spin) -> Spun | StakeRefused:
    """Take the stake and pay what the machine shows."""
    account = may_stake(tx, ask.user, ask.stake_z, ask.terms, ask.at_ms, ask.day)
    if not isinstance(account, Account):
        return account
    terms = {"table": ask.table, "worth_z": ask.stake_z}
    playing = rounds.begin(tx, account.channel, "spin", ask.day, ask.fresh_seed, terms, ask.at_ms)
    outcome = _draw(playing.dice, terms)
    reason = f"Spin: {outcome['symbols']}"
    rounds.take_stake(tx, playing, account, ask.stake_z, reason, ask.at_ms)
    paid = Payout(outcome["payout_z"], _prospect(ask.table, ask.stake_z))
    rounds.settle(tx, playing, account, ask.stake_z, paid, reason, ask.at_ms)
    rounds.played(tx, playing.number, outcome, ask.at_ms)
    return Spun(playing.number, outcome["symbols"], outcome["payout_z"], account.wallet)


@dataclass(frozen=True, slots=True)
class FreeSpin(Act[Spun | NoAccount | Banned | TooYoung | PlayPaused | DailyLimit]):
    """The pull of the day that costs nothing and pays as if ``worth_z`` were staked."""

    HALTED_BY = STAKING
    ATTEMPT = Act.ATTEMPT | {"table", "fresh_seed", "min_age_ms", "worth_z"}

    op_id: str
    user: UserKey
    worth_z: int
    table: Table
    min_age_ms: int
    fresh_seed: str = field(repr=False)
    at_ms: int
    day: str


@operation
def free_spin(
    tx: Tx, ask: FreeSpin
) -> Spun | NoAccount | Banned | TooYoung | PlayPaused | DailyLimit:
    """Claim the free spin and pay it: two messages at once give one (P-MON-7)."""
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    if account.barred is not None:
        return account.barred
    if (age_ms := ask.at_ms - account.first_seen_ms) < ask.min_age_ms:
        return TooYoung(ask.min_age_ms - age_ms)
    own = own_limits(tx, account)
    if own.paused_until_ms is not None and own.pauses(ask.at_ms):
        return PlayPaused(own.paused_until_ms)
    if account.today.free_spin_used:
        return DailyLimit("free spin", 1)
    account.today.free_spin_used = 1
    tx.accounts.touch_day(account.today)
    terms = {"table": ask.table, "worth_z": ask.worth_z}
    playing = rounds.begin(tx, account.channel, "spin", ask.day, ask.fresh_seed, terms, ask.at_ms)
    outcome = _draw(playing.dice, terms)
    reason = f"Free spin: {outcome['symbols']}"
    rounds.settle(
        tx,
        playing,
        account,
        0,
        Payout(outcome["payout_z"]),
        reason,
        ask.at_ms,
        trigger="gambling.free_spin",
    )
    rounds.played(tx, playing.number, outcome, ask.at_ms)
    return Spun(playing.number, outcome["symbols"], outcome["payout_z"], account.wallet)


_SPUN_FREE = """
    SELECT 1 FROM account AS a JOIN channel AS c ON c.id = a.channel_id
    JOIN daily_activity AS d
        ON d.channel_id = a.channel_id AND d.day = ?3 AND d.account_id = a.id
    WHERE c.name = ?1 AND a.kind = 'wallet' AND a.name = ?2 AND d.free_spin_used = 1
"""


def has_spun_free(reader: Reader, user: UserKey, day: str) -> bool:
    """Whether somebody has had the free spin of a day."""
    return reader.sql.row(_SPUN_FREE, *user, day) is not None


def terms_of(settings: Settings) -> Terms:
    """What a stake on the machine has to keep to."""
    spin_ = settings.gambling.spin
    return terms_for(
        settings,
        "spin",
        spin_.min_wager,
        spin_.max_wager,
        cooldown_s=spin_.cooldown_seconds,
        daily_rounds=spin_.daily_limit,
    )
