"""Hands of blackjack in the books: dealt, played move by move, settled in one act.

A hand is an open round with one held stake, which keeps the moves made so far. A double takes its
second stake in the act that settles the hand, so no hand ever waits with two. Each move finds the
hand as it is: of two at the same time the second meets what the first has left (P-MON-7).
"""

import json
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from kryten_economy.features.games import rounds
from kryten_economy.features.games.blackjack.rules import (
    BLACKJACK,
    MOVES,
    Hand,
    deck_of,
    play,
)
from kryten_economy.features.games.fairness import FairDice, public_id
from kryten_economy.features.games.rules import Terms
from kryten_economy.features.games.stakes import StakeRefused, may_stake
from kryten_economy.ledger.account import Account
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.operation import ALWAYS, READ_ONLY, STAKING, Act, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import (
    AMOUNT_MAX_Z,
    AgainstTheRules,
    AlreadyIn,
    Level,
    NotPending,
)
from kryten_economy.users import UserKey

__all__ = (
    "Deal",
    "OpenHand",
    "Play",
    "PlayerStats",
    "Shown",
    "deal",
    "hand_of",
    "play_hand",
    "stats_of",
)

FIRST_TWO_ONLY: Final = AgainstTheRules(
    "You can double on your first two cards only. Now say hit or stand."
)

_OPEN = """
    SELECT r.id FROM game_round AS r
    JOIN game_stake AS s ON s.round_id = r.id AND s.account_id = ?2
    WHERE r.channel_id = ?1 AND r.game = 'blackjack' AND r.state = 'open' LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """A hand as its player may see it after ``moves`` moves; it is over where it has an end."""

    number: int
    hand: Hand
    stake_z: int
    payout_z: int
    moves: int
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Deal(Act[Shown | AlreadyIn | StakeRefused]):
    """Stake so much on a new hand; ``natural`` to one is what a natural wins."""

    HALTED_BY = STAKING
    ATTEMPT = Act.ATTEMPT | {"natural", "hits_soft_17", "limits", "fresh_seed"}

    op_id: str
    user: UserKey
    stake_z: int
    natural: str
    hits_soft_17: bool
    limits: Terms
    fresh_seed: str = field(repr=False)
    at_ms: int
    day: str


@operation
def deal(tx: Tx, ask: Deal) -> Shown | AlreadyIn | StakeRefused:
    """Hold the stake and deal two cards each; a natural settles at once."""
    known = tx.find(ask.user, ask.day)
    if known is not None and tx.query(_OPEN, known.channel.id, known.id):
        return AlreadyIn(BLACKJACK.title)
    account = may_stake(tx, ask.user, ask.stake_z, ask.limits, ask.at_ms, ask.day)
    if not isinstance(account, Account):
        return account
    terms = {
        "player": account.name,
        "natural": ask.natural,
        "hits_soft_17": ask.hits_soft_17,
    }
    opened = rounds.begin(
        tx, account.channel, BLACKJACK.name, ask.day, ask.fresh_seed, terms, ask.at_ms
    )
    rounds.hold_stake(
        tx,
        opened.number,
        BLACKJACK.name,
        account,
        ask.stake_z,
        f"Blackjack {opened.number}",
        ask.at_ms,
        ask.day,
        op_id=ask.op_id,
        data={"moves": []},
    )
    return _played(tx, account, opened.number, (), ask.at_ms, ask.day)


@dataclass(frozen=True, slots=True)
class Play(Act[Shown | NotPending | AgainstTheRules | StakeRefused]):
    """Make a move in the open hand.

    With ``number`` and ``after`` it is made only in that hand and only after so many moves:
    whoever stands for an idle player must not stand for one who has just moved.
    """

    ATTEMPT = Act.ATTEMPT | {"limits"}

    op_id: str
    user: UserKey
    move: str
    limits: Terms
    at_ms: int
    day: str
    number: int | None = None
    after: int | None = None

    @property
    def halted_by(self) -> tuple[Level, ...]:
        """A hand is played to its end; only more money for it is money that moves."""
        return READ_ONLY if self.move == "double" else ALWAYS


@operation
def play_hand(tx: Tx, ask: Play) -> Shown | NotPending | AgainstTheRules | StakeRefused:
    """Play on, and settle what is over."""
    assert ask.move in MOVES, ask.move
    account = tx.find(ask.user, ask.day)
    rows = [] if account is None else tx.query(_OPEN, account.channel.id, account.id)
    if account is None or not rows or ask.number not in {None, rows[0][0]}:
        return NotPending()
    number = int(rows[0][0])
    held = rounds.stakes_of(tx, number)
    if not held or ask.after not in {None, len(held[0].stake.data["moves"])}:
        return NotPending()
    moves = (*held[0].stake.data["moves"], ask.move)
    if ask.move == "double":
        stake_z = held[0].stake.stake_z
        if len(moves) > 1:
            return FIRST_TWO_ONLY
        limits = ask.limits._replace(
            lowest_z=1, highest_z=AMOUNT_MAX_Z, min_age_ms=0, cooldown_ms=0, daily_rounds=0
        )
        may = may_stake(tx, ask.user, stake_z, limits, ask.at_ms, ask.day)
        if not isinstance(may, Account):
            return may
        reason = f"Blackjack {number}: doubled"
        rounds.raise_stake(tx, number, BLACKJACK.name, account, stake_z, reason, ask.at_ms, ask.day)
    return _played(tx, account, number, moves, ask.at_ms, ask.day)


def _played(
    tx: Tx, account: Account, number: int, moves: tuple[str, ...], at_ms: int, day: str
) -> Shown:
    """The hand after these moves, settled if that is its end."""
    known = rounds.round_of(tx, number)
    assert known is not None, number
    deck, hits = deck_of(rounds.dice_of(tx, known)), known.terms["hits_soft_17"]
    hand = play(deck, moves, hits_soft_17=hits)
    rounds.note_with_stake(tx, number, account, {"moves": moves})
    [held] = rounds.stakes_of(tx, number)
    stake_z = held.stake.stake_z
    if not hand.end:
        seen = _seen(hand)
        return Shown(number, seen, stake_z, 0, len(moves), account.wallet)
    assert BLACKJACK.pay is not None
    outcome = BLACKJACK.draw(rounds.dice_of(tx, known), known.terms, (), " ".join(moves))
    rounds.draw(tx, number, outcome)
    [paid] = BLACKJACK.pay(known.terms, outcome, [held.stake])
    reason = f"Blackjack {number}: {hand.end.replace('_', ' ')}"
    rounds.settle_held(
        tx, number, BLACKJACK.name, held, paid, reason, at_ms, day, channel=known.channel
    )
    rounds.finish(tx, number, at_ms)
    return Shown(number, hand, stake_z, paid.payout_z, len(moves), account.wallet)


def _seen(hand: Hand) -> Hand:
    """What the player may know of a hand that goes on."""
    return hand._replace(dealer=hand.dealer[:1])


# Queries


class OpenHand(NamedTuple):
    """A hand that waits for its player's next move."""

    number: int
    hand: Hand
    stake_z: int
    moves: int


_HAND = """
    SELECT r.id, r.terms, s.stake_z, s.data, f.seed
    FROM game_round AS r
    JOIN channel AS c ON c.id = r.channel_id
    JOIN account AS a ON a.channel_id = c.id AND a.kind = 'wallet' AND a.name = ?2
    JOIN game_stake AS s ON s.round_id = r.id AND s.account_id = a.id
    JOIN fair_seed AS f ON f.channel_id = c.id AND f.day = r.day
    WHERE c.name = ?1 AND r.game = 'blackjack' AND r.state = 'open' LIMIT 1
"""


def hand_of(reader: Reader, user: UserKey) -> OpenHand | None:
    """The open hand of a user, without what they must not see."""
    row = reader.sql.row(_HAND, user.channel, user.name)
    if row is None:
        return None
    number, terms, stake_z, data, seed = row
    deck = deck_of(FairDice(seed, public_id(user.channel, number)))
    moves = json.loads(data)["moves"]
    hand = play(deck, moves, hits_soft_17=json.loads(terms)["hits_soft_17"])
    return OpenHand(number, _seen(hand), stake_z, len(moves))


class PlayerStats(NamedTuple):
    """A player's settled hands; ``won`` includes naturals."""

    hands: int
    won: int
    lost: int
    naturals: int
    staked_z: int
    paid_z: int

    @property
    def pushes(self) -> int:
        """What was neither won nor lost."""
        return self.hands - self.won - self.lost


_STATS = """
    SELECT g.rounds, g.won, g.lost, g.naturals, g.staked_z, g.paid_z
    FROM game_stats AS g JOIN account AS a ON a.id = g.account_id
    JOIN channel AS c ON c.id = a.channel_id
    WHERE c.name = ?1 AND a.name = ?2 AND g.game = 'blackjack'
"""


def stats_of(reader: Reader, user: UserKey) -> PlayerStats | None:
    """What a user's hands have brought; None if they have played none."""
    row = reader.sql.row(_STATS, user.channel, user.name)
    return None if row is None else PlayerStats._make(row)
