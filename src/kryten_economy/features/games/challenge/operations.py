"""Challenges in the books (`gambling.md` 5).

A challenge is an open round with the challenger's stake held; it outlives a restart. One guarded
change of its state decides between accept, decline, expiry and a ban: whoever comes second finds
no open round, and moves nothing (P-MON-5). What is given back counts as nothing earned (P-MON-2).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final, NamedTuple

from kryten_economy.config import Settings
from kryten_economy.dice import Chance
from kryten_economy.features.games import rounds
from kryten_economy.features.games.rules import Edge, Game, Payout, Stake, Terms, exact, game
from kryten_economy.features.games.stakes import StakeRefused, may_stake, unfit
from kryten_economy.ledger.account import Account
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.operation import STAKING, Act, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import (
    AMOUNT_MAX_Z,
    AgainstTheRules,
    AlreadyPending,
    Banned,
    Insufficient,
    NoAccount,
    NotPending,
    OpponentUnable,
    SameAccount,
    TooYoung,
)
from kryten_economy.users import UserKey

__all__ = (
    "CHALLENGE",
    "PENDING_MOST",
    "AcceptChallenge",
    "ChallengeSomebody",
    "Challenged",
    "Decided",
    "Pending",
    "accept_challenge",
    "challenge_of",
    "challenge_somebody",
    "challenges_to",
    "terms_of",
)

PENDING_MOST: Final = 3
"""So many challenges of one player may wait at a time."""

_TOO_MANY: Final = AgainstTheRules(
    f"You have {PENDING_MOST} challenges waiting already, which is as many as one can have at once."
)


# The game


def _draw(
    dice: Chance, terms: Mapping[str, Any], _stakes: Sequence[Stake] = (), _said: str = ""
) -> Mapping[str, Any]:
    """The first half of the dice is the challenger's, the second the target's."""
    winner = terms["challenger"] if dice.roll() < 0.5 else terms["target"]
    pot_z = 2 * terms["stake_z"]
    rake_z = int(pot_z * Fraction(terms["rake"]) / 100)
    return {"winner": winner, "prize_z": pot_z - rake_z, "rake_z": rake_z}


def _pay(
    _terms: Mapping[str, Any], outcome: Mapping[str, Any], stakes: Sequence[Stake]
) -> Sequence[Payout]:
    return [Payout(outcome["prize_z"] if each.name == outcome["winner"] else 0) for each in stakes]


def _edges(settings: Settings) -> tuple[Edge, ...]:
    return (Edge("either player", 1 - exact(settings.gambling.challenge.rake_percent) / 100),)


CHALLENGE = game(
    Game(
        "challenge",
        "Challenge",
        "challenges",
        lambda settings: settings.gambling.challenge.enabled,
        _edges,
        _draw,
        _pay,
        among_players=True,
        resumes=True,
        counted_once=True,
        bound=lambda terms: (terms["challenger"], terms["target"]),
    )
)


def terms_of(settings: Settings) -> Terms:
    """What a stake has to keep to; there is neither cooldown nor daily limit."""
    gambling = settings.gambling
    return Terms(
        CHALLENGE.name,
        gambling.challenge.min_wager,
        gambling.challenge.max_wager,
        gambling.min_account_age_minutes * 60_000,
        stakes_z=gambling.limits.daily_stakes,
        losses_z=gambling.limits.daily_losses,
    )


# Challenging


_PENDING = """
    SELECT terms FROM game_round
    WHERE channel_id = ? AND game = 'challenge' AND state IN ('open', 'drawn') AND state = 'open'
"""

ChallengeRefused = SameAccount | AlreadyPending | AgainstTheRules | OpponentUnable | StakeRefused


@dataclass(frozen=True, slots=True)
class Challenged:
    """The challenge waits under this number; ``wallet`` is the challenger's."""

    number: int
    target: str
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class ChallengeSomebody(Act[Challenged | ChallengeRefused]):
    """Challenge a user for so much; ``rake`` is the percentage of the pot that the house keeps."""

    HALTED_BY = STAKING
    ATTEMPT = Act.ATTEMPT | {"rake", "lasts_ms", "limits", "fresh_seed"}

    op_id: str
    user: UserKey
    target: UserKey
    stake_z: int
    rake: str
    lasts_ms: int
    limits: Terms
    fresh_seed: str = field(repr=False)
    at_ms: int
    day: str


@operation
def challenge_somebody(tx: Tx, ask: ChallengeSomebody) -> Challenged | ChallengeRefused:
    """Hold the challenger's stake until the target decides."""
    if ask.user.name == ask.target.name:
        return SameAccount(ask.user)
    account = may_stake(tx, ask.user, ask.stake_z, ask.limits, ask.at_ms, ask.day)
    if not isinstance(account, Account):
        return account
    target = tx.find(ask.target, ask.day)
    if target is None:
        return NoAccount(ask.target)
    refused = _unable(target, ask) or _too_many(tx, account, target, ask)
    if refused is not None:
        return refused
    terms = {
        "challenger": account.name,
        "target": target.name,
        "names": [account.display_name, target.display_name],
        "stake_z": ask.stake_z,
        "rake": ask.rake,
        "expires_at_ms": ask.at_ms + ask.lasts_ms,
    }
    opened = rounds.begin(
        tx, account.channel, CHALLENGE.name, ask.day, ask.fresh_seed, terms, ask.at_ms
    )
    _hold(tx, opened.number, account, ask.stake_z, ask.at_ms, ask.day, ask.op_id)
    return Challenged(opened.number, target.display_name, account.wallet)


def _unable(target: Account, ask: ChallengeSomebody) -> Banned | OpponentUnable | None:
    """Why the target can't take part, as far as it is the challenger's business."""
    match unfit(target, ask.stake_z, ask.limits, ask.at_ms):
        case Banned() as banned:
            return banned
        case TooYoung():
            return OpponentUnable(ask.target, "is too new here to take part in games")
        case Insufficient():
            return OpponentUnable(ask.target, "can't pay that stake")
        case _:
            return None


def _too_many(
    tx: Tx, account: Account, target: Account, ask: ChallengeSomebody
) -> AlreadyPending | AgainstTheRules | None:
    rows = [json.loads(terms) for (terms,) in tx.query(_PENDING, account.channel.id)]
    own = [
        each
        for each in rows
        if each["challenger"] == account.name and each["expires_at_ms"] > ask.at_ms
    ]
    if any(each["target"] == target.name for each in own):
        return AlreadyPending(f"challenge to {target.display_name}")
    return _TOO_MANY if len(own) >= PENDING_MOST else None


def _hold(
    tx: Tx, number: int, account: Account, stake_z: int, at_ms: int, day: str, op_id: str
) -> None:
    rounds.hold_stake(
        tx,
        number,
        CHALLENGE.name,
        account,
        stake_z,
        f"Challenge {number}",
        at_ms,
        day,
        op_id=op_id,
    )


# Accepting


@dataclass(frozen=True, slots=True)
class Decided:
    """Who has won, and both wallets after it."""

    number: int
    stake_z: int
    prize_z: int
    rake_z: int
    winner: Wallet
    loser: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class AcceptChallenge(Act[Decided | NotPending | StakeRefused]):
    """Put the same stake against a challenge and have the dice decide, in one act."""

    HALTED_BY = STAKING
    ATTEMPT = Act.ATTEMPT | {"limits"}

    op_id: str
    user: UserKey
    number: int
    limits: Terms
    at_ms: int
    day: str


@operation
def accept_challenge(tx: Tx, ask: AcceptChallenge) -> Decided | NotPending | StakeRefused:
    """A target who can't pay leaves the challenge as it is; one who comes too late finds none."""
    known = rounds.round_of(tx, ask.number)
    if known is None or (known.game, known.state) != (CHALLENGE.name, "open"):
        return NotPending()
    terms = known.terms
    if (known.channel, terms["target"]) != (ask.user.channel, ask.user.name):
        return NotPending()
    challenger = tx.find(UserKey(known.channel, terms["challenger"]), ask.day)
    assert challenger is not None, known
    if ask.at_ms >= terms["expires_at_ms"] or challenger.barred:
        return NotPending()
    # The stake was within the limits when the challenge was made.
    limits = ask.limits._replace(lowest_z=1, highest_z=AMOUNT_MAX_Z)
    account = may_stake(tx, ask.user, terms["stake_z"], limits, ask.at_ms, ask.day)
    if not isinstance(account, Account):
        return account
    _hold(tx, ask.number, account, terms["stake_z"], ask.at_ms, ask.day, ask.op_id)
    return _decide(tx, known, account, challenger, ask)


def _decide(
    tx: Tx, known: rounds.StoredRound, target: Account, challenger: Account, ask: AcceptChallenge
) -> Decided:
    held = rounds.stakes_of(tx, known.number)
    assert len(held) == 2, known
    stakes = [each.stake for each in held]
    outcome = CHALLENGE.draw(rounds.dice_of(tx, known), known.terms, stakes, "")
    rounds.draw(tx, known.number, outcome)
    assert CHALLENGE.pay is not None
    for each, paid in zip(held, CHALLENGE.pay(known.terms, outcome, stakes), strict=True):
        rounds.settle_held(
            tx,
            known.number,
            CHALLENGE.name,
            each,
            paid,
            f"Challenge {known.number}",
            ask.at_ms,
            ask.day,
            channel=known.channel,
            among_players=True,
            is_first=each is held[0],
        )
    rounds.finish(tx, known.number, ask.at_ms)
    both = (challenger, target)
    winner, loser = both if outcome["winner"] == challenger.name else reversed(both)
    return Decided(
        known.number,
        known.terms["stake_z"],
        outcome["prize_z"],
        outcome["rake_z"],
        winner.wallet,
        loser.wallet,
    )


# Queries


class Pending(NamedTuple):
    """A challenge that waits for its target."""

    number: int
    challenger: str
    target: str
    challenger_shown: str
    target_shown: str
    stake_z: int
    expires_at_ms: int


_OPEN = """
    SELECT r.id, r.terms FROM game_round AS r JOIN channel AS c ON c.id = r.channel_id
    WHERE c.name = ?1 AND r.game = 'challenge' AND r.state IN ('open', 'drawn')
        AND r.state = 'open'
    ORDER BY r.id DESC LIMIT 10000
"""


def challenges_to(reader: Reader, target: UserKey) -> list[Pending]:
    """The challenges that wait for a user, the newest first; overdue ones are among them."""
    rows = [_pending(*row) for row in reader.sql.rows(_OPEN, target.channel)]
    return [each for each in rows if each.target == target.name]


def challenge_of(number: int, terms: Mapping[str, Any]) -> Pending:
    """A challenge by what is kept of it."""
    challenger_shown, target_shown = terms["names"]
    return Pending(
        number,
        terms["challenger"],
        terms["target"],
        challenger_shown,
        target_shown,
        terms["stake_z"],
        terms["expires_at_ms"],
    )


def _pending(number: int, terms: str) -> Pending:
    return challenge_of(number, json.loads(terms))
