"""What a stake has to keep to, what counts toward the limits of a day, and statistics.

Checks refuse before anything is changed. Everything here works within the transaction of a
game's operation.
"""

from typing import NamedTuple, TypeAlias

from kryten_economy.features.games.limits import LimitKind, own_limits
from kryten_economy.features.games.rules import GAMES, Payout, Prospect, Terms
from kryten_economy.ledger.account import Account
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.posting import is_amount
from kryten_economy.ledger.tx import CachedTable, Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import (
    AboveMaximum,
    Banned,
    BelowMinimum,
    CoolingDown,
    DailyLimit,
    Insufficient,
    InvalidAmount,
    NoAccount,
    PlayLimit,
    PlayPaused,
    TooYoung,
)
from kryten_economy.users import UserKey

__all__ = (
    "ALL_GAMES",
    "PlayedToday",
    "StakeRefused",
    "Stats",
    "count_today",
    "may_stake",
    "note_settled",
    "played_today",
    "player_today",
    "stats_of",
    "unfit",
)

ALL_GAMES = "*"
StakeRefused: TypeAlias = (
    NoAccount
    | Banned
    | TooYoung
    | InvalidAmount
    | BelowMinimum
    | AboveMaximum
    | Insufficient
    | CoolingDown
    | DailyLimit
    | PlayPaused
    | PlayLimit
)


# What a stake has to keep to


class PlayedToday(NamedTuple):
    """What counts toward the limits of a day."""

    rounds: int = 0
    staked_z: int = 0
    returned_z: int = 0
    last_at_ms: int = 0

    @property
    def lost_z(self) -> int:
        """What was staked and did not come back, or not yet."""
        return max(0, self.staked_z - self.returned_z)


_TODAY: CachedTable[tuple[int, str, str], PlayedToday] = CachedTable(
    """
    SELECT rounds, staked_z, returned_z, last_at_ms FROM game_day
    WHERE account_id = ? AND game = ? AND day = ?
    """,
    """
    INSERT INTO game_day (account_id, game, day, rounds, staked_z, returned_z, last_at_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET rounds = excluded.rounds, staked_z = excluded.staked_z,
        returned_z = excluded.returned_z, last_at_ms = excluded.last_at_ms
    """,
)


_LAST_BEFORE = """
    SELECT last_at_ms FROM game_day
    WHERE account_id = ? AND game = ? AND day < ? AND last_at_ms > 0 ORDER BY day DESC LIMIT 1
"""


def player_today(tx: Tx, account: Account, game: str, day: str) -> PlayedToday:
    """What a player has played of a game on a day; ``ALL_GAMES`` for all of them."""
    row = tx.cached(_TODAY).get((account.id, game, day))
    return PlayedToday() if row is None else PlayedToday._make(row)


_READ_TODAY = """
    SELECT g.rounds, g.staked_z, g.returned_z, g.last_at_ms
    FROM game_day AS g JOIN account AS a ON a.id = g.account_id
    JOIN channel AS c ON c.id = a.channel_id
    WHERE c.name = ? AND a.kind = 'wallet' AND a.name = ? AND g.game = ? AND g.day = ?
"""


def played_today(reader: Reader, user: UserKey, day: str, game: str = ALL_GAMES) -> PlayedToday:
    """The same for reports."""
    row = reader.sql.row(_READ_TODAY, user.channel, user.name, game, day)
    return PlayedToday() if row is None else PlayedToday._make(row)


def unfit(  # noqa: PLR0911 - one way out for each refusal
    staker: Account | Wallet, stake_z: int, terms: Terms, at_ms: int
) -> Banned | TooYoung | InvalidAmount | BelowMinimum | AboveMaximum | Insufficient | None:
    """What speaks against a stake at first sight; a spectacle asks before it takes the slot."""
    if staker.barred is not None:
        return staker.barred
    if (age_ms := at_ms - staker.first_seen_ms) < terms.min_age_ms:
        return TooYoung(terms.min_age_ms - age_ms)
    if not is_amount(stake_z):
        return InvalidAmount(stake_z)
    if stake_z < terms.lowest_z:
        return BelowMinimum(stake_z, terms.lowest_z)
    if stake_z > terms.highest_z:
        return AboveMaximum(stake_z, terms.highest_z)
    if staker.balance_z < stake_z:
        return Insufficient(staker.balance_z, stake_z - staker.balance_z)
    return None


def may_stake(
    tx: Tx, user: UserKey, stake_z: int, terms: Terms, at_ms: int, day: str
) -> Account | StakeRefused:
    """The player's account, or the first reason against the stake (`gambling.md` 1, G1)."""
    account = tx.find(user, day)
    if account is None:
        return NoAccount(user)
    if (refusal := unfit(account, stake_z, terms, at_ms)) is not None:
        return refusal
    return _limited(tx, account, stake_z, terms, at_ms, day) or account


def _limited(
    tx: Tx, account: Account, stake_z: int, terms: Terms, at_ms: int, day: str
) -> CoolingDown | DailyLimit | PlayPaused | PlayLimit | None:
    title = GAMES[terms.game].title
    played = player_today(tx, account, terms.game, day)
    if (left_ms := _cooldown_left_ms(tx, account, played, terms, at_ms, day)) > 0:
        return CoolingDown(title, left_ms)
    if terms.daily_rounds and played.rounds >= terms.daily_rounds:
        return DailyLimit(f"round of {title}", terms.daily_rounds)
    own = own_limits(tx, account)
    if own.paused_until_ms is not None and own.pauses(at_ms):
        return PlayPaused(own.paused_until_ms)
    whole = player_today(tx, account, ALL_GAMES, day)
    return _over(
        "stakes", whole.staked_z, stake_z, terms.stakes_z or None, own.stakes.on(day)
    ) or _over("losses", whole.lost_z, stake_z, terms.losses_z or None, own.losses.on(day))


def _cooldown_left_ms(
    tx: Tx, account: Account, played: PlayedToday, terms: Terms, at_ms: int, day: str
) -> int:
    """How long the last round still cools down; midnight ends no cooldown."""
    if not terms.cooldown_ms:
        return 0
    last_at_ms = played.last_at_ms
    if not last_at_ms:
        rows = tx.query(_LAST_BEFORE, account.id, terms.game, day)
        last_at_ms = int(rows[0][0]) if rows else 0
    if not last_at_ms:
        return 0
    # A clock that was set back makes nobody wait for longer than they would have to.
    return min(terms.cooldown_ms, last_at_ms + terms.cooldown_ms - at_ms)


def _over(what: LimitKind, used_z: int, stake_z: int, *limits: int | None) -> PlayLimit | None:
    """Whether a stake would pass the lowest of the limits; what waits counts as lost."""
    holding = [each for each in limits if each is not None]
    if not holding or used_z + stake_z <= (limit_z := min(holding)):
        return None
    return PlayLimit(what, limit_z, max(0, limit_z - used_z))


def count_today(
    tx: Tx,
    account: Account,
    game: str,
    day: str,
    *,
    rounds: int = 0,
    staked_z: int = 0,
    returned_z: int = 0,
    last_at_ms: int = 0,
) -> None:
    """Raise what counts toward the limits of a day, for the game and for all of them."""
    rows = tx.cached(_TODAY)
    for name in (game, ALL_GAMES):
        known = player_today(tx, account, name, day)
        rows.put(
            (account.id, name, day),
            PlayedToday(
                max(0, known.rounds + rounds),
                max(0, known.staked_z + staked_z),
                max(0, known.returned_z + returned_z),
                max(known.last_at_ms, last_at_ms),
            ),
        )


# Statistics


class Stats(NamedTuple):
    """A player's settled rounds of one game."""

    rounds: int = 0
    won: int = 0
    lost: int = 0
    staked_z: int = 0
    paid_z: int = 0
    biggest_win_z: int = 0
    biggest_loss_z: int = 0
    streak: int = 0
    best_streak: int = 0
    naturals: int = 0


_COLUMNS = ", ".join(Stats._fields)
_STATS: CachedTable[tuple[int, str], Stats] = CachedTable(
    f"SELECT {_COLUMNS} FROM game_stats WHERE account_id = ? AND game = ?",  # noqa: S608
    f"""
    INSERT INTO game_stats (account_id, game, {_COLUMNS})
    VALUES ({", ".join("?" * (len(Stats._fields) + 2))})
    ON CONFLICT DO UPDATE SET {", ".join(f"{each} = excluded.{each}" for each in Stats._fields)}
    """,  # noqa: S608 - put together from the names of fields
)
_RETURNS: CachedTable[tuple[int, str, str], tuple[int, int, int, float, float]] = CachedTable(
    """
    SELECT rounds, staked_z, paid_z, expected_z, variance_z2 FROM game_return
    WHERE channel_id = ? AND game = ? AND day = ?
    """,
    """
    INSERT INTO game_return (
        channel_id, game, day, rounds, staked_z, paid_z, expected_z, variance_z2
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET rounds = excluded.rounds, staked_z = excluded.staked_z,
        paid_z = excluded.paid_z, expected_z = excluded.expected_z,
        variance_z2 = excluded.variance_z2
    """,
)
_NO_ROUNDS = (0, 0, 0, 0.0, 0.0)


_OWN_STATS = f"""
    SELECT {", ".join(f"s.{each}" for each in Stats._fields)}
    FROM game_stats AS s JOIN account AS a ON a.id = s.account_id
    JOIN channel AS c ON c.id = a.channel_id WHERE c.name = ? AND a.name = ? AND s.game = ?
"""  # noqa: S608 - put together from the names of fields


def stats_of(reader: Reader, user: UserKey, game: str) -> Stats:
    """A player's settled rounds of one game."""
    row = reader.sql.row(_OWN_STATS, user.channel, user.name, game)
    return Stats() if row is None else Stats._make(row)


def note_settled(
    tx: Tx,
    account: Account,
    game: str,
    stake_z: int,
    paid: Payout,
    day: str,
    *,
    staked_on: str | None = None,
    is_first: bool = True,
) -> None:
    """Count a settled round: for the player, for the limits, for the return of the game.

    What comes back counts on the day of its stake, so that it allows no more on another one.
    ``is_first``: of the players of this round. What they bet wins and loses together, so all of
    them are one observation of the game's return.
    """
    net_z = paid.payout_z - stake_z
    rows = tx.cached(_STATS)
    row = rows.get((account.id, game))
    known = Stats() if row is None else Stats._make(row)
    won = net_z > 0 if paid.is_won is None else paid.is_won
    lost = net_z < 0 if paid.is_won is None else not paid.is_won
    streak = known.streak + 1 if won else 0
    rows.put(
        (account.id, game),
        Stats(
            known.rounds + 1,
            known.won + won,
            known.lost + lost,
            known.staked_z + stake_z,
            known.paid_z + paid.payout_z,
            max(known.biggest_win_z, net_z),
            max(known.biggest_loss_z, -net_z),
            streak,
            max(known.best_streak, streak),
            known.naturals + paid.is_natural,
        ),
    )
    count_today(tx, account, game, staked_on or day, returned_z=paid.payout_z)
    if is_first or not GAMES[game].counted_once:
        tx.journal.count(f"{GAMES[game].counted}_total")
    tx.journal.count("gambling_z_wagered_total", stake_z)
    tx.journal.count("gambling_z_won_total", paid.payout_z)
    if paid.prospect is not None and stake_z:
        _note_return(
            tx, account.channel.id, game, day, stake_z, paid.payout_z, paid.prospect, is_first
        )


def _note_return(
    tx: Tx,
    channel_id: int,
    game: str,
    day: str,
    stake_z: int,
    paid_z: int,
    prospect: Prospect,
    is_first: bool,
) -> None:
    """What the game has paid against what it was expected to."""
    returns, key = tx.cached(_RETURNS), (channel_id, game, day)
    rounds, all_staked_z, all_paid_z, expected_z, variance_z2 = returns.get(key) or _NO_ROUNDS
    returns.put(
        key,
        (
            rounds + is_first,
            all_staked_z + stake_z,
            all_paid_z + paid_z,
            expected_z + float(stake_z * prospect.mean),
            variance_z2 + float(stake_z * stake_z * prospect.variance),
        ),
    )
