"""Rounds in the books: what every game's operation is made of.

A game of one move takes the stake and pays in one act (`take_stake`, `settle`). One that waits
on people holds the stakes (`hold_stake`), draws once (`draw`) and settles all players in one act
(`settle_held`), or gives everything back (`cancel`). Checks come first: `may_stake` refuses
before anything is changed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from kryten_economy.features.games.fairness import FairDice, hash_of, public_id
from kryten_economy.features.games.rules import GAMES, Prospect, Terms, trigger_of
from kryten_economy.ledger.accounts import Account
from kryten_economy.ledger.channels import Channel
from kryten_economy.ledger.holds import (
    Captured,
    CaptureHold,
    Held,
    PlaceHold,
    Released,
    ReleaseHold,
    capture_hold,
    place_hold,
    release_hold,
    resumable,
)
from kryten_economy.ledger.operation import Request, operation
from kryten_economy.ledger.posting import Entry, is_amount, post
from kryten_economy.ledger.tx import CachedTable, Tx
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
    "PURPOSE",
    "EnsureSeeds",
    "HeldStake",
    "Payout",
    "PlayedToday",
    "Round",
    "Seeds",
    "StakeRefused",
    "Stats",
    "StoredRound",
    "begin",
    "cancel",
    "dice_of",
    "draw",
    "ensure_seeds",
    "finish",
    "hold_stake",
    "may_stake",
    "player_today",
    "round_of",
    "settle",
    "settle_held",
    "stakes_of",
    "take_stake",
)

PURPOSE = resumable("game")
"""Rounds settle their own holds: at a start the finished ones are paid, the others called off."""

ALL_GAMES = "*"
_NEVER_MS = 100 * 365 * 86_400_000

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


# The seeds


_SEED = "SELECT seed FROM fair_seed WHERE channel_id = ? AND day = ?"
_ADD_SEED = "INSERT INTO fair_seed (channel_id, day, seed) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"


@dataclass(frozen=True, slots=True)
class Seeds:
    """The hashes of a channel's seeds by day; what is told from the start of the day."""

    hashes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class EnsureSeeds(Request[Seeds]):
    """Have a seed for each of these days; those that have one keep it.

    ``fresh`` are seeds nobody has seen, one for each day.
    """

    channel: str
    days: tuple[str, ...]
    fresh: tuple[str, ...]


@operation
def ensure_seeds(tx: Tx, ask: EnsureSeeds) -> Seeds:
    """Make the seeds that are missing."""
    channel = tx.channel(ask.channel)
    seeds = zip(ask.days, ask.fresh, strict=True)
    hashes = tuple((day, hash_of(_seed_of(tx, channel, day, fresh))) for day, fresh in seeds)
    return Seeds(hashes)


def _seed_of(tx: Tx, channel: Channel, day: str, fresh: str) -> str:
    row = tx.sql.row(_SEED, channel.id, day)
    if row is not None:
        return str(row[0])
    tx.run(_ADD_SEED, channel.id, day, fresh)
    return fresh


# Rounds


class Round(NamedTuple):
    """A round under way, by its number, with its dice."""

    number: int
    channel: Channel
    game: str
    day: str
    dice: FairDice


_BEGIN = """
    INSERT INTO game_round (channel_id, game, day, state, terms, opened_at_ms)
    VALUES (?, ?, ?, 'open', ?, ?) RETURNING id
"""
_DRAW = "UPDATE game_round SET state = 'drawn', outcome = ? WHERE id = ? AND state = 'open'"
_FINISH = """
    UPDATE game_round SET state = ?2, settled_at_ms = ?3
    WHERE id = ?1 AND state IN ('open', 'drawn')
"""
_ROUND = """
    SELECT r.id, c.name, r.game, r.day, r.state, r.terms, r.outcome
    FROM game_round AS r JOIN channel AS c ON c.id = r.channel_id WHERE r.id = ?
"""


def begin(
    tx: Tx,
    channel: Channel,
    game: str,
    day: str,
    fresh_seed: str,
    terms: Mapping[str, Any],
    at_ms: int,
) -> Round:
    """Open a round; ``terms`` are what its outcome follows from beside the dice.

    ``fresh_seed`` becomes the seed of the day if there is none yet.
    """
    assert game in GAMES, game
    seed = _seed_of(tx, channel, day, fresh_seed)
    (number,) = tx.sql.only(_BEGIN, channel.id, game, day, _json(terms), at_ms)
    return Round(number, channel, game, day, FairDice(seed, public_id(channel.name, number)))


def draw(tx: Tx, number: int, outcome: Mapping[str, Any]) -> None:
    """Keep what the dice have said: from now on the round is played to its end."""
    drawn = tx.run(_DRAW, _json(outcome), number)
    assert drawn, number


def finish(tx: Tx, number: int, at_ms: int, *, cancelled: bool = False) -> bool:
    """End a round; False if it was over."""
    return bool(tx.run(_FINISH, number, "cancelled" if cancelled else "settled", at_ms))


class StoredRound(NamedTuple):
    """A round as it is stored."""

    number: int
    channel: str
    game: str
    day: str
    state: str
    terms: dict[str, Any]
    outcome: dict[str, Any] | None


def round_of(tx: Tx, number: int) -> StoredRound | None:
    """The round of a number, in whatever state."""
    row = tx.sql.row(_ROUND, number)
    if row is None:
        return None
    number_, channel, game, day, state, terms, outcome = row
    drawn = None if outcome is None else json.loads(outcome)
    return StoredRound(number_, channel, game, day, state, json.loads(terms), drawn)


def dice_of(tx: Tx, known: StoredRound) -> FairDice:
    """The dice of a round that waits for its draw."""
    (seed,) = tx.sql.only(_SEED, tx.channel(known.channel).id, known.day)
    return FairDice(str(seed), public_id(known.channel, known.number))


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# What a stake has to keep to


class PlayedToday(NamedTuple):
    """What counts toward the limits of a day."""

    rounds: int = 0
    staked_z: int = 0
    returned_z: int = 0
    last_at_ms: int = 0


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
_LIMITS = (
    "SELECT stakes_z, raised_z, raised_from, paused_until_ms FROM play_limit WHERE account_id = ?"
)


def player_today(tx: Tx, account: Account, game: str, day: str) -> PlayedToday:
    """What a player has played of a game on a day; ``ALL_GAMES`` for all of them."""
    row = tx.cached(_TODAY).get((account.id, game, day))
    return PlayedToday() if row is None else PlayedToday._make(row)


def may_stake(  # noqa: PLR0911 - one way out for each refusal
    tx: Tx, user: UserKey, stake_z: int, terms: Terms, at_ms: int, day: str
) -> Account | StakeRefused:
    """The player's account, or the first reason against the stake (`gambling.md` 1, G1)."""
    account = tx.find(user, day)
    if account is None:
        return NoAccount(user)
    if account.banned:
        return Banned(user)
    if (age_ms := at_ms - account.first_seen_ms) < terms.min_age_ms:
        return TooYoung(terms.min_age_ms - age_ms)
    if not is_amount(stake_z):
        return InvalidAmount(stake_z)
    if stake_z < terms.lowest_z:
        return BelowMinimum(stake_z, terms.lowest_z)
    if stake_z > terms.highest_z:
        return AboveMaximum(stake_z, terms.highest_z)
    if account.balance_z < stake_z:
        return Insufficient(account.balance_z, stake_z - account.balance_z)
    return _limited(tx, account, stake_z, terms, at_ms, day) or account


def _limited(
    tx: Tx, account: Account, stake_z: int, terms: Terms, at_ms: int, day: str
) -> CoolingDown | DailyLimit | PlayPaused | PlayLimit | None:
    title = GAMES[terms.game].title
    played = player_today(tx, account, terms.game, day)
    if (left_ms := played.last_at_ms + terms.cooldown_ms - at_ms) > 0 and played.last_at_ms:
        return CoolingDown(title, left_ms)
    if terms.daily_rounds and played.rounds >= terms.daily_rounds:
        return DailyLimit(f"round of {title}", terms.daily_rounds)
    stakes_z, paused_until_ms = _own_limits(tx, account, day)
    if paused_until_ms is not None and at_ms < paused_until_ms:
        return PlayPaused(paused_until_ms)
    whole = player_today(tx, account, ALL_GAMES, day)
    limits = [each for each in (terms.stakes_z or None, stakes_z) if each is not None]
    if limits and whole.staked_z + stake_z > (limit_z := min(limits)):
        return PlayLimit("stakes", limit_z, max(0, limit_z - whole.staked_z))
    lost_z = max(0, whole.staked_z - whole.returned_z)
    if terms.losses_z and lost_z + stake_z > terms.losses_z:
        return PlayLimit("losses", terms.losses_z, max(0, terms.losses_z - lost_z))
    return None


def _own_limits(tx: Tx, account: Account, day: str) -> tuple[int | None, int | None]:
    """The stakes a player allows themself today, and until when they want to pause."""
    row = tx.sql.row(_LIMITS, account.id)
    if row is None:
        return None, None
    stakes_z, raised_z, raised_from, paused_until_ms = row
    is_raised = raised_from is not None and day >= raised_from
    return (raised_z if is_raised else stakes_z), paused_until_ms


def _count(tx: Tx, account: Account, game: str, day: str, **by: int) -> None:
    """Raise what counts toward the limits of a day, for the game and for all of them."""
    rows = tx.cached(_TODAY)
    for name in (game, ALL_GAMES):
        known = player_today(tx, account, name, day)
        rows.put(
            (account.id, name, day),
            PlayedToday(
                max(0, known.rounds + by.get("rounds", 0)),
                max(0, known.staked_z + by.get("staked_z", 0)),
                max(0, known.returned_z + by.get("returned_z", 0)),
                max(known.last_at_ms, by.get("last_at_ms", 0)),
            ),
        )


# Stakes


_PUT_STAKE = """
    INSERT INTO game_stake (round_id, account_id, stake_z, payout_z, hold_id, data)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT DO UPDATE SET stake_z = ?3, payout_z = ?4, data = ?6
"""
_STAKES = """
    SELECT a.name, a.display_name, s.stake_z, s.hold_id, s.data, h.day
    FROM game_stake AS s JOIN account AS a ON a.id = s.account_id
    JOIN hold AS h ON h.id = s.hold_id
    WHERE s.round_id = ? AND h.state = 'open' ORDER BY h.placed_at_ms, a.name
"""


def take_stake(
    tx: Tx, playing: Round, account: Account, stake_z: int, reason: str, at_ms: int
) -> None:
    """The stake of a game of one move goes to the house, and counts for the day."""
    entry = Entry("gamble_stake", trigger_of(playing.game), reason, at_ms, playing.day)
    post(tx, account, -stake_z, tx.system(account.channel, "house"), entry)
    _count(tx, account, playing.game, playing.day, rounds=1, staked_z=stake_z, last_at_ms=at_ms)


class HeldStake(NamedTuple):
    """A stake that waits for its round to end; ``day`` is when it was placed."""

    name: str
    display_name: str
    stake_z: int
    hold_id: str
    data: dict[str, Any]
    day: str


def hold_stake(
    tx: Tx,
    number: int,
    game: str,
    account: Account,
    stake_z: int,
    reason: str,
    at_ms: int,
    day: str,
    *,
    op_id: str,
    data: Mapping[str, Any] | None = None,
) -> str:
    """Set a stake aside for a round; what may be staked was checked before. Answers the hold."""
    hold_id = f"game:{number}:{account.name}"
    held = place_hold(
        tx,
        PlaceHold(
            op_id,
            hold_id,
            account.user,
            stake_z,
            PURPOSE,
            "gamble_stake",
            trigger_of(game),
            reason,
            at_ms + _NEVER_MS,
            at_ms,
            day,
        ),
    )
    assert isinstance(held, Held), held
    tx.write()
    tx.run(_PUT_STAKE, number, account.id, stake_z, None, hold_id, _json(data or {}))
    _count(tx, account, game, day, rounds=1, staked_z=stake_z, last_at_ms=at_ms)
    return hold_id


def stakes_of(tx: Tx, number: int) -> list[HeldStake]:
    """The stakes of a round that are still held, in the order in which they were placed."""
    return [
        HeldStake(name, shown, stake_z, hold_id, json.loads(data), day)
        for name, shown, stake_z, hold_id, data, day in tx.query(_STAKES, number)
    ]


# Settling


class Payout(NamedTuple):
    """What a round brings a player: ``payout_z`` has the stake in it.

    ``is_natural`` counts a natural of blackjack. ``counts`` False leaves statistics alone.
    """

    payout_z: int
    prospect: Prospect | None = None
    is_natural: bool = False


def settle(
    tx: Tx,
    playing: Round,
    account: Account,
    stake_z: int,
    paid: Payout,
    reason: str,
    at_ms: int,
    *,
    trigger: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Pay a player of a game of one move what it brings, after `take_stake`."""
    stored = _json(data or {})
    tx.run(_PUT_STAKE, playing.number, account.id, stake_z, paid.payout_z, None, stored)
    entry = Entry("", trigger or trigger_of(playing.game), reason, at_ms, playing.day)
    _pay(tx, account, stake_z, paid, entry, among_players=False)
    _note(tx, account, playing.game, stake_z, paid, playing.day)


def settle_held(
    tx: Tx,
    number: int,
    game: str,
    held: HeldStake,
    paid: Payout,
    reason: str,
    at_ms: int,
    day: str,
    *,
    channel: str,
    among_players: bool = False,
) -> Account:
    """Take a held stake and pay what the round brings; ``among_players``: it is no earning."""
    account = tx.find(UserKey(channel, held.name), day)
    assert account is not None, held
    captured = capture_hold(
        tx, CaptureHold(f"round:{number}", held.hold_id, held.stake_z, "house", reason, at_ms, day)
    )
    assert isinstance(captured, Captured), captured
    entry = Entry("", trigger_of(game), reason, at_ms, day)
    _pay(tx, account, held.stake_z, paid, entry, among_players=among_players)
    tx.run(
        "UPDATE game_stake SET payout_z = ? WHERE round_id = ? AND account_id = ?",
        paid.payout_z,
        number,
        account.id,
    )
    _note(tx, account, game, held.stake_z, paid, day)
    return account


def cancel(
    tx: Tx,
    number: int,
    game: str,
    held: HeldStake,
    reason: str,
    at_ms: int,
    day: str,
    *,
    channel: str,
) -> Account:
    """Give a held stake back; it counts neither in statistics nor toward limits."""
    released = release_hold(
        tx, ReleaseHold(f"round:{number}", held.hold_id, None, None, reason, at_ms, day)
    )
    assert isinstance(released, Released), released
    account = tx.find(UserKey(channel, held.name), day)
    assert account is not None, held
    _count(tx, account, game, held.day, rounds=-1, staked_z=-held.stake_z)
    return account


def _pay(
    tx: Tx, account: Account, stake_z: int, paid: Payout, entry: Entry, *, among_players: bool
) -> None:
    payout_z = paid.payout_z
    if not payout_z:
        return
    house = tx.system(account.channel, "house")
    kind = "gamble_win" if payout_z > stake_z else "gamble_push"
    gain_z = max(0, payout_z - stake_z)
    net_z, won_z = (0, gain_z) if among_players else (gain_z, 0)
    post(tx, account, payout_z, house, entry._replace(type=kind), net_z=net_z, won_z=won_z)


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
_RETURN = """
    INSERT INTO game_return (
        channel_id, game, day, rounds, staked_z, paid_z, expected_z, variance_z2
    ) VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7)
    ON CONFLICT DO UPDATE SET rounds = rounds + 1, staked_z = staked_z + ?4, paid_z = paid_z + ?5,
        expected_z = expected_z + ?6, variance_z2 = variance_z2 + ?7
"""


def _note(tx: Tx, account: Account, game: str, stake_z: int, paid: Payout, day: str) -> None:
    """Count a settled round: for the player, for the day's limits, for the return of the game."""
    net_z = paid.payout_z - stake_z
    rows = tx.cached(_STATS)
    row = rows.get((account.id, game))
    known = Stats() if row is None else Stats._make(row)
    streak = known.streak + 1 if net_z > 0 else 0
    rows.put(
        (account.id, game),
        Stats(
            known.rounds + 1,
            known.won + (net_z > 0),
            known.lost + (net_z < 0),
            known.staked_z + stake_z,
            known.paid_z + paid.payout_z,
            max(known.biggest_win_z, net_z),
            max(known.biggest_loss_z, -net_z),
            streak,
            max(known.best_streak, streak),
            known.naturals + paid.is_natural,
        ),
    )
    _count(tx, account, game, day, returned_z=paid.payout_z)
    tx.journal.count(f"{GAMES[game].counted}_total")
    tx.journal.count("gambling_z_wagered_total", stake_z)
    tx.journal.count("gambling_z_won_total", paid.payout_z)
    if paid.prospect is not None and stake_z:
        mean, variance = paid.prospect
        tx.run(
            _RETURN,
            account.channel.id,
            game,
            day,
            stake_z,
            paid.payout_z,
            float(stake_z * mean),
            float(stake_z * stake_z * variance),
        )
