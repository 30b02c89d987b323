"""A toy game: the rules of a coin, and the round as one operation."""

from dataclasses import dataclass
from typing import NamedTuple

from kryten_economy.dice import Dice
from kryten_economy.ledger.operation import Act, operation
from kryten_economy.ledger.posting import Entry, is_amount, post
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import Banned, Insufficient, InvalidAmount, NoAccount
from kryten_economy.users import UserKey

__all__ = ("Round", "Toss", "Tossed", "play", "toss")


class Round(NamedTuple):
    """What a round pays, the stake included, and what is said of it."""

    payout_z: int
    line: str


def play(stake_z: int, side: str, dice: Dice) -> Round:
    """The coin falls; who is right gets the stake twice."""
    fell = dice.pick(("heads", "tails"))
    if fell == side:
        return Round(2 * stake_z, f"{fell}: you win {2 * stake_z}")
    return Round(0, f"{fell}: you lose {stake_z}")


@dataclass(frozen=True, slots=True)
class Tossed:
    """What the round paid, what is said of it, and the wallet after it."""

    payout_z: int
    line: str
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Toss(Act[Tossed | Insufficient | NoAccount | Banned | InvalidAmount]):
    """Stake so much on a side; the seed belongs to the first attempt."""

    ATTEMPT = Act.ATTEMPT | {"seed"}

    op_id: str
    user: UserKey
    stake_z: int
    side: str
    seed: int
    at_ms: int
    day: str


@operation
def toss(tx: Tx, ask: Toss) -> Tossed | Insufficient | NoAccount | Banned | InvalidAmount:
    """Take the stake and pay the outcome."""
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    if account.banned:
        return Banned(ask.user)
    if not is_amount(ask.stake_z):
        return InvalidAmount(ask.stake_z)
    if account.balance_z < ask.stake_z:
        return Insufficient(account.balance_z, ask.stake_z - account.balance_z)
    house = tx.system(account.channel, "house")
    outcome = play(ask.stake_z, ask.side, Dice(ask.seed))
    staked = Entry("gamble_stake", "gambling.toss", "A toss", ask.at_ms, ask.day)
    post(tx, account, -ask.stake_z, house, staked)
    if outcome.payout_z:
        won = staked._replace(type="gamble_win", reason=outcome.line)
        net_z = max(0, outcome.payout_z - ask.stake_z)
        post(tx, account, outcome.payout_z, house, won, net_z=net_z)
    return Tossed(outcome.payout_z, outcome.line, account.wallet)
