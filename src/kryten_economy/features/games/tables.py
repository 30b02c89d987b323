"""Rounds that several play: opened, joined, drawn, then settled or called off.

One set of operations for all such games: a game brings its pure draw and pay. Each act is one
transaction, and whatever dies in between, the books know what to do next: a round that was drawn
is paid, one that was not is called off or goes on.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from kryten_economy.features.games import rounds, timed
from kryten_economy.features.games.rules import GAMES, Payout, Stake, Terms
from kryten_economy.features.games.stakes import StakeRefused, may_stake
from kryten_economy.ledger.account import Account
from kryten_economy.ledger.audit import final
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.operation import ALWAYS, STAKING, Act, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import AlreadyIn, NotPending, Occupied
from kryten_economy.users import UserKey

__all__ = (
    "CancelRound",
    "Cancelled",
    "DrawRound",
    "Drawn",
    "FinishRound",
    "Finished",
    "JoinRound",
    "Joined",
    "OpenRound",
    "OpenRow",
    "Opened",
    "Player",
    "cancel_round",
    "draw_round",
    "finish_round",
    "join_round",
    "open_round",
    "open_rounds",
    "open_rounds_of",
    "round_row",
    "stakes_in",
)

_OPEN = """
    SELECT r.game FROM game_round AS r WHERE r.channel_id = ?1 AND r.state IN ('open', 'drawn')
    AND r.game IN (SELECT value FROM json_each(?2)) LIMIT 1
"""


# Opening


@dataclass(frozen=True, slots=True)
class Opened:
    """A round under its number; ``wallet`` is of who has opened it, if they have staked."""

    number: int
    wallet: Wallet | None = None
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class OpenRound(Act[Opened | Occupied | StakeRefused]):
    """Open a round of a game, with or without a first stake.

    ``terms`` is the JSON of what the outcome follows from beside the dice; ``limits`` is what
    stakes have to keep to. A spectacle is refused while another one is on; of any other game
    there is one round at a time unless ``several``. ``player`` None: nobody stakes.
    """

    HALTED_BY = STAKING
    ATTEMPT = Act.ATTEMPT | {"terms", "limits", "fresh_seed"}

    op_id: str
    channel: str
    game: str
    terms: str
    limits: Terms
    fresh_seed: str = field(repr=False)
    at_ms: int
    day: str
    player: UserKey | None = None
    stake_z: int = 0
    data: str = "{}"
    several: bool = False


@operation
def open_round(tx: Tx, ask: OpenRound) -> Opened | Occupied | StakeRefused:
    """Open a round, and hold the first stake."""
    game, channel = GAMES[ask.game], tx.channel(ask.channel)
    if game.spectacle:
        rivals = [each.name for each in GAMES.values() if each.spectacle]
    else:
        rivals = [] if ask.several else [ask.game]
    if taken := tx.sql.rows(_OPEN, channel.id, json.dumps(rivals)):
        return Occupied(GAMES[taken[0][0]].title)
    account = None
    if ask.player is not None:
        found = may_stake(tx, ask.player, ask.stake_z, ask.limits, ask.at_ms, ask.day)
        if not isinstance(found, Account):
            return found
        account = found
    terms = json.loads(ask.terms)
    opened = rounds.begin(tx, channel, ask.game, ask.day, ask.fresh_seed, terms, ask.at_ms)
    if account is None:
        return Opened(opened.number)
    rounds.hold_stake(
        tx,
        opened.number,
        ask.game,
        account,
        ask.stake_z,
        f"{game.title} {opened.number}",
        ask.at_ms,
        ask.day,
        op_id=ask.op_id,
        data=json.loads(ask.data),
    )
    return Opened(opened.number, account.wallet)


# Joining


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody is in: their wallet, and how many stakes and Z the round has now."""

    number: int
    wallet: Wallet
    players: int
    pool_z: int
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class JoinRound(Act[Joined | NotPending | AlreadyIn | StakeRefused]):
    """Put a stake into an open round; one per player."""

    HALTED_BY = STAKING
    ATTEMPT = Act.ATTEMPT | {"limits"}

    op_id: str
    channel: str
    number: int
    user: UserKey
    stake_z: int
    limits: Terms
    at_ms: int
    day: str
    data: str = "{}"


@operation
def join_round(tx: Tx, ask: JoinRound) -> Joined | NotPending | AlreadyIn | StakeRefused:
    """Hold the stake, as long as the round is open and nothing was drawn."""
    known = rounds.round_of(tx, ask.number)
    if known is None or known.channel != ask.channel or known.state != "open":
        return NotPending()
    if rounds.CLOSED in known.terms:
        return NotPending()
    held = rounds.stakes_of(tx, ask.number)
    if any(each.stake.name == ask.user.name for each in held):
        return AlreadyIn(GAMES[known.game].title)
    account = may_stake(tx, ask.user, ask.stake_z, ask.limits, ask.at_ms, ask.day)
    if not isinstance(account, Account):
        return account
    rounds.hold_stake(
        tx,
        ask.number,
        known.game,
        account,
        ask.stake_z,
        f"{GAMES[known.game].title} {ask.number}",
        ask.at_ms,
        ask.day,
        op_id=ask.op_id,
        data=json.loads(ask.data),
    )
    pool_z = sum(each.stake.stake_z for each in held) + ask.stake_z
    return Joined(ask.number, account.wallet, len(held) + 1, pool_z)


# Drawing


@dataclass(frozen=True, slots=True)
class Drawn:
    """The outcome as JSON; from now on the round is played to its end."""

    number: int
    outcome: str
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class DrawRound(Act[Drawn | NotPending]):
    """Draw an open round; ``said`` is what people have decided about it, if anything.

    A game may ask for a number of stakes. Whoever has counted them before it asks for this may
    be wrong by now.
    """

    HALTED_BY = ALWAYS

    op_id: str
    channel: str
    number: int
    at_ms: int
    day: str
    said: str = ""


@operation
def draw_round(tx: Tx, ask: DrawRound) -> Drawn | NotPending:
    """Work the outcome out and keep it, before anybody hears of it."""
    known = rounds.round_of(tx, ask.number)
    if known is None or known.channel != ask.channel or known.state != "open":
        return NotPending()
    stakes = [each.stake for each in rounds.stakes_of(tx, ask.number)]
    game = GAMES[known.game]
    if len(stakes) < game.least(known.terms):
        return NotPending()
    outcome = game.draw(rounds.dice_of(tx, known), known.terms, stakes, ask.said)
    if ask.said:
        outcome = {**outcome, "said": ask.said}  # without it nobody could work the round out again
    rounds.draw(tx, ask.number, outcome)
    return Drawn(ask.number, json.dumps(outcome, ensure_ascii=False))


# The end


class Player(NamedTuple):
    """What a round has brought somebody, and their wallet after it."""

    wallet: Wallet
    stake_z: int
    payout_z: int
    data: str

    @property
    def net_z(self) -> int:
        """What they have won, or lost where it is below 0."""
        return self.payout_z - self.stake_z


@dataclass(frozen=True, slots=True)
class Finished:
    """All players of a settled round, in the order of their stakes."""

    number: int
    game: str
    outcome: str
    players: tuple[Player, ...]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class FinishRound(Act[Finished | NotPending]):
    """Take all stakes of a drawn round and pay what it brings, in one act."""

    HALTED_BY = ALWAYS

    op_id: str
    channel: str
    number: int
    at_ms: int
    day: str


@operation
def finish_round(tx: Tx, ask: FinishRound) -> Finished | NotPending:
    """Settle all players; each payout is worked out once (P-GAM-16)."""
    known = rounds.round_of(tx, ask.number)
    if known is None or known.channel != ask.channel or known.outcome is None:
        return NotPending()
    if known.state != "drawn":
        return NotPending()
    game, held = GAMES[known.game], rounds.stakes_of(tx, ask.number)
    assert game.pay is not None, game.name
    timed.take_prize(tx, ask.number, f"Prize of {game.title} {ask.number}", ask.at_ms, ask.day)
    payouts = game.pay(known.terms, known.outcome, [each.stake for each in held])
    players = [
        _settle(tx, ask, known.game, each, paid, is_first=each is held[0])
        for each, paid in zip(held, payouts, strict=True)
    ]
    rounds.finish(tx, ask.number, ask.at_ms)
    outcome = json.dumps(known.outcome, ensure_ascii=False)
    return Finished(ask.number, known.game, outcome, tuple(players))


def _settle(
    tx: Tx, ask: FinishRound, name: str, held: rounds.HeldStake, paid: Payout, *, is_first: bool
) -> Player:
    game = GAMES[name]
    account = rounds.settle_held(
        tx,
        ask.number,
        name,
        held,
        paid,
        f"{game.title} {ask.number}",
        ask.at_ms,
        ask.day,
        channel=ask.channel,
        among_players=game.among_players or paid.among_players,
        is_first=is_first,
    )
    data = json.dumps(held.stake.data, ensure_ascii=False)
    return Player(account.wallet, held.stake.stake_z, paid.payout_z, data)


@dataclass(frozen=True, slots=True)
class Cancelled:
    """All players of a round that was called off; their stakes are back.

    ``giver`` is who has added a prize, which is back too.
    """

    number: int
    game: str
    players: tuple[Player, ...]
    giver: Wallet | None = None
    prize_z: int = 0
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class CancelRound(Act[Cancelled | NotPending]):
    """Call a round off and give all stakes back; ``leaver`` alone leaves it where given.

    A round that can't go on without the leaver is called off for all. One that was drawn is not
    called off.
    """

    HALTED_BY = ALWAYS

    op_id: str
    channel: str
    number: int
    reason: str
    at_ms: int
    day: str
    leaver: UserKey | None = None


final(
    OpenRound,
    FinishRound,
    CancelRound,
    why="A game is called off, not undone, and a settled one stays settled.",
)


@operation
def cancel_round(tx: Tx, ask: CancelRound) -> Cancelled | NotPending:
    """Give back, of everybody or of one who may play no longer."""
    known = rounds.round_of(tx, ask.number)
    if known is None or known.channel != ask.channel or known.state != "open":
        return NotPending()
    held, leaver = rounds.stakes_of(tx, ask.number), ask.leaver
    ends = leaver is None or leaver.name in GAMES[known.game].bound(known.terms)
    if leaver is not None and not ends:
        held = [each for each in held if each.stake.name == leaver.name]
        if not held:
            return NotPending()
    players = [_give_back(tx, ask, known.game, each) for each in held]
    prize = None
    if ends:
        prize = timed.give_prize_back(tx, ask.number, ask.reason, ask.at_ms, ask.day)
        rounds.finish(tx, ask.number, ask.at_ms, cancelled=True)
    if prize is None:
        return Cancelled(ask.number, known.game, tuple(players))
    return Cancelled(ask.number, known.game, tuple(players), prize.wallet, prize.released_z)


def _give_back(tx: Tx, ask: CancelRound, game: str, held: rounds.HeldStake) -> Player:
    account = rounds.cancel(
        tx, ask.number, game, held, ask.reason, ask.at_ms, ask.day, channel=ask.channel
    )
    data = json.dumps(held.stake.data, ensure_ascii=False)
    return Player(account.wallet, held.stake.stake_z, held.stake.stake_z, data)


# Queries


class OpenRow(NamedTuple):
    """A round as its table sees it."""

    number: int
    game: str
    state: str
    terms: dict[str, Any]
    opened_at_ms: int
    ends_at_ms: int | None = None

    @property
    def end_ms(self) -> int:
        """When it takes no more stakes, where it ends by the clock."""
        return rounds.end_of(self.terms, self.opened_at_ms, self.ends_at_ms)


_COLUMNS = "r.id, r.game, r.state, r.terms, r.opened_at_ms, r.ends_at_ms"
_ROWS = f"""
    SELECT {_COLUMNS} FROM game_round AS r JOIN channel AS c ON c.id = r.channel_id
    WHERE c.name = ?1 AND r.state IN ('open', 'drawn') ORDER BY r.id LIMIT 1000
"""  # noqa: S608 - put together from the names of columns
_ROWS_OF = f"""
    SELECT {_COLUMNS} FROM json_each(?2) AS j CROSS JOIN game_round AS r
    WHERE r.channel_id = (SELECT id FROM channel WHERE name = ?1) AND r.game = j.value
    AND r.state IN ('open', 'drawn') ORDER BY r.id LIMIT 100
"""  # noqa: S608 - as above
_ROW = f"SELECT {_COLUMNS} FROM game_round AS r WHERE r.id = ?"  # noqa: S608 - as above
_HELD = """
    SELECT a.name, a.display_name, s.stake_z, s.data
    FROM game_stake AS s JOIN account AS a ON a.id = s.account_id
    JOIN hold AS h ON h.id = s.hold_id
    WHERE s.round_id = ? AND h.state = 'open' ORDER BY h.placed_at_ms, a.name LIMIT 10000
"""


def open_rounds(reader: Reader, channel: str) -> Sequence[OpenRow]:
    """The rounds of a channel that are not over, the oldest first."""
    return [_open_row(row) for row in reader.sql.rows(_ROWS, channel)]


def open_rounds_of(reader: Reader, channel: str, games: Sequence[str]) -> Sequence[OpenRow]:
    """The same, of these games only."""
    return [_open_row(row) for row in reader.sql.rows(_ROWS_OF, channel, json.dumps(games))]


def round_row(reader: Reader, number: int) -> OpenRow | None:
    """A round in whatever state."""
    row = reader.sql.row(_ROW, number)
    return None if row is None else _open_row(row)


def _open_row(row: Sequence[Any]) -> OpenRow:
    number, game, state, terms, *times = row
    return OpenRow(number, game, state, json.loads(terms), *times)


def stakes_in(reader: Reader, number: int) -> tuple[Stake, ...]:
    """The stakes that wait for the end of a round, in their order."""
    return tuple(
        Stake(name, shown, stake_z, json.loads(data))
        for name, shown, stake_z, data in reader.sql.rows(_HELD, number)
    )
