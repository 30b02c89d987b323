"""Rounds in the books: what every game's operation is made of.

A game of one move takes the stake and pays in one act (`take_stake`, `settle`). One that waits
on people holds the stakes (`hold_stake`), draws once (`draw`) and settles all players in one act
(`settle_held`), or gives everything back (`cancel`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from kryten_economy.features.games.fairness import FairDice, hash_of, public_id
from kryten_economy.features.games.rules import GAMES, STAKE, Payout, Stake, trigger_of
from kryten_economy.features.games.stakes import count_today, note_settled
from kryten_economy.ledger.account import Account
from kryten_economy.ledger.channels import Channel
from kryten_economy.ledger.expiry import resumable
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
    store_holds,
)
from kryten_economy.ledger.operation import Request, operation
from kryten_economy.ledger.posting import Entry, post
from kryten_economy.ledger.tx import CachedTable, Tx
from kryten_economy.users import UserKey

__all__ = (
    "CLOSED",
    "PURPOSE",
    "EnsureSeeds",
    "HeldStake",
    "Round",
    "Seeds",
    "StoredRound",
    "begin",
    "cancel",
    "close",
    "dice_of",
    "draw",
    "end_of",
    "ensure_seeds",
    "finish",
    "hold_stake",
    "keep",
    "note_paid",
    "note_with_stake",
    "played",
    "raise_stake",
    "round_of",
    "settle",
    "settle_held",
    "stakes_of",
    "take_stake",
)

PURPOSE = resumable("game")
"""Rounds settle their own holds: at a start the drawn ones are paid, the others called off."""

CLOSED = "closed_at_ms"
"""The key among a round's terms that says since when nobody can join it any more."""

_NEVER_MS = 100 * 365 * 86_400_000


# The seeds


_SEEDS: CachedTable[tuple[int, str], tuple[str]] = CachedTable(
    "SELECT seed FROM fair_seed WHERE channel_id = ? AND day = ?",
    "INSERT INTO fair_seed (channel_id, day, seed) VALUES (?, ?, ?)",
)


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
    fresh: tuple[str, ...] = field(repr=False)


@operation
def ensure_seeds(tx: Tx, ask: EnsureSeeds) -> Seeds:
    """Make the seeds that are missing."""
    channel = tx.channel(ask.channel)
    seeds = zip(ask.days, ask.fresh, strict=True)
    hashes = tuple((day, hash_of(_seed_of(tx, channel, day, fresh))) for day, fresh in seeds)
    return Seeds(hashes)


def _seed_of(tx: Tx, channel: Channel, day: str, fresh: str) -> str:
    seeds, key = tx.cached(_SEEDS), (channel.id, day)
    known = seeds.get(key)
    if known is not None:
        return known[0]
    seeds.put(key, (fresh,))
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
_PLAYED = """
    UPDATE game_round SET state = 'settled', outcome = ?, settled_at_ms = ?
    WHERE id = ? AND state = 'open'
"""
_CLOSE = "UPDATE game_round SET terms = ? WHERE id = ? AND state = 'open'"
_FINISH = """
    UPDATE game_round SET state = ?2, settled_at_ms = ?3
    WHERE id = ?1 AND state IN ('open', 'drawn')
"""
_ROUND = """
    SELECT r.id, c.name, r.game, r.day, r.state, r.terms, r.outcome, r.opened_at_ms,
        r.ends_at_ms
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


def played(tx: Tx, number: int, outcome: Mapping[str, Any], at_ms: int) -> None:
    """Keep what the dice have said in a game of one move, which is over with it."""
    ended = tx.run(_PLAYED, _json(outcome), at_ms, number)
    assert ended, number


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
    opened_at_ms: int
    ends_at_ms: int | None

    @property
    def end_ms(self) -> int:
        """When it takes no more stakes, where it ends by the clock."""
        return end_of(self.terms, self.opened_at_ms, self.ends_at_ms)


def round_of(tx: Tx, number: int) -> StoredRound | None:
    """The round of a number, in whatever state."""
    row = tx.sql.row(_ROUND, number)
    if row is None:
        return None
    number_, channel, game, day, state, terms, outcome, *times = row
    drawn = None if outcome is None else json.loads(outcome)
    return StoredRound(number_, channel, game, day, state, json.loads(terms), drawn, *times)


def close(tx: Tx, known: StoredRound, at_ms: int) -> None:
    """Nobody joins an open round any more, though nothing is drawn yet."""
    closed = tx.run(_CLOSE, _json({**known.terms, CLOSED: at_ms}), known.number)
    assert closed, known.number


def dice_of(tx: Tx, known: StoredRound) -> FairDice:
    """The dice of a round that waits for its draw."""
    seed = tx.cached(_SEEDS).get((tx.channel(known.channel).id, known.day))
    assert seed is not None, known
    return FairDice(seed[0], public_id(known.channel, known.number))


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# Stakes


_PUT_STAKE = """
    INSERT INTO game_stake (round_id, account_id, stake_z, payout_z, hold_id, data)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT DO UPDATE SET stake_z = ?3, payout_z = ?4, hold_id = COALESCE(?5, hold_id),
        data = ?6
"""
_NOTE_PAID = "UPDATE game_stake SET payout_z = ? WHERE round_id = ? AND account_id = ?"
_RAISE_STAKE = """
    UPDATE game_stake SET stake_z = stake_z + ? WHERE round_id = ? AND account_id = ?
"""
_NOTE_STAKE = "UPDATE game_stake SET data = ? WHERE round_id = ? AND account_id = ?"
_KEEP = "UPDATE game_stake SET data = ? WHERE round_id = ? AND hold_id = ?"
_STAKES = """
    SELECT a.name, a.display_name, s.stake_z, s.data, s.hold_id, h.day
    FROM game_stake AS s JOIN account AS a ON a.id = s.account_id
    JOIN hold AS h ON h.id = s.hold_id
    WHERE s.round_id = ? AND h.state = 'open' ORDER BY h.placed_at_ms, a.id
"""


def take_stake(
    tx: Tx, playing: Round, account: Account, stake_z: int, reason: str, at_ms: int
) -> None:
    """The stake of a game of one move goes to the house, and counts for the day."""
    entry = Entry("gamble_stake", trigger_of(playing.game), reason, at_ms, playing.day)
    post(tx, account, -stake_z, tx.system(account.channel, "house"), entry)
    count_today(
        tx, account, playing.game, playing.day, rounds=1, staked_z=stake_z, last_at_ms=at_ms
    )


def raise_stake(
    tx: Tx, number: int, game: str, account: Account, more_z: int, reason: str, at_ms: int, day: str
) -> None:
    """Add to a held stake what goes to the house at once, in the act that settles the round."""
    entry = Entry("gamble_stake", trigger_of(game), reason, at_ms, day)
    post(tx, account, -more_z, tx.system(account.channel, "house"), entry)
    count_today(tx, account, game, day, staked_z=more_z, last_at_ms=at_ms)
    tx.run(_RAISE_STAKE, more_z, number, account.id)


def note_with_stake(tx: Tx, number: int, account: Account, data: Mapping[str, Any]) -> None:
    """Keep with a stake what its player has done since."""
    tx.run(_NOTE_STAKE, _json(data), number, account.id)


class HeldStake(NamedTuple):
    """A stake that waits for its round to end; ``day`` is when it was placed."""

    stake: Stake
    hold_id: str
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
    """Set a stake aside for a round; what may be staked was checked before. Answers the hold.

    It is called by its act and not by its player, who may have had one here that was given back.
    """
    hold_id = f"game:{number}:{op_id}"
    held = place_hold(
        tx,
        PlaceHold(
            op_id,
            hold_id,
            account.user,
            stake_z,
            PURPOSE,
            GAMES[game].held_as,
            trigger_of(game),
            reason,
            at_ms + _NEVER_MS,
            at_ms,
            day,
        ),
    )
    assert isinstance(held, Held), held
    store_holds(tx)
    tx.run(_PUT_STAKE, number, account.id, stake_z, None, hold_id, _json(data or {}))
    if GAMES[game].held_as == STAKE:
        count_today(tx, account, game, day, rounds=1, staked_z=stake_z, last_at_ms=at_ms)
    return hold_id


def stakes_of(tx: Tx, number: int) -> list[HeldStake]:
    """The stakes of a round that are still held, in the order in which they were placed."""
    store_holds(tx)
    return [
        HeldStake(Stake(name, shown, stake_z, json.loads(data)), hold_id, day)
        for name, shown, stake_z, data, hold_id, day in tx.sql.rows(_STAKES, number)
    ]


def keep(tx: Tx, number: int, held: HeldStake, data: Mapping[str, Any]) -> None:
    """Keep something else with a held stake."""
    kept = tx.run(_KEEP, _json(data), number, held.hold_id)
    assert kept, held


# Settling


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
    note_settled(tx, account, playing.game, stake_z, paid, playing.day)


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
    is_first: bool = True,
) -> Account:
    """Take a held stake and pay what the round brings; ``among_players``: it is no earning.

    ``is_first``: of the players of this round.
    """
    account = tx.find(UserKey(channel, held.stake.name), day)
    assert account is not None, held
    captured = capture_hold(
        tx,
        CaptureHold(
            f"round:{number}", held.hold_id, held.stake.stake_z, "house", reason, at_ms, day
        ),
    )
    assert isinstance(captured, Captured), captured
    entry = Entry("", trigger_of(game), reason, at_ms, day)
    _pay(tx, account, held.stake.stake_z, paid, entry, among_players=among_players)
    note_paid(tx, number, account, paid.payout_z)
    note_settled(
        tx,
        account,
        game,
        held.stake.stake_z,
        paid,
        day,
        staked_on=held.day,
        is_first=is_first,
    )
    return account


def note_paid(tx: Tx, number: int, account: Account, payout_z: int) -> None:
    """Keep with a stake what it has brought."""
    tx.run(_NOTE_PAID, payout_z, number, account.id)


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
    account = tx.find(UserKey(channel, held.stake.name), day)
    assert account is not None, held
    if GAMES[game].held_as == STAKE:
        count_today(tx, account, game, held.day, rounds=-1, staked_z=-held.stake.stake_z)
    return account


# Rounds that end by the clock


def end_of(terms: Mapping[str, Any], opened_at_ms: int, ends_at_ms: int | None) -> int:
    """When a round takes no more stakes: as it was opened, unless its end was moved."""
    if ends_at_ms is not None:
        return ends_at_ms
    return opened_at_ms + int(terms["window_s"] * 1000)


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
