"""Bets on a race in the books, and what a user's races have brought so far."""

from dataclasses import dataclass
from typing import NamedTuple

from kryten_economy.features.games import rounds
from kryten_economy.features.games.race.rules import RACE, Course
from kryten_economy.features.games.rules import Terms
from kryten_economy.features.games.stakes import StakeRefused, may_stake
from kryten_economy.features.games.tables import Joined
from kryten_economy.ledger.account import Account
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.operation import STAKING, Act, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.refusals import AlreadyIn, NotPending
from kryten_economy.users import UserKey

__all__ = ("BetOnRace", "PastBets", "bet_on_race", "past_bets")


@dataclass(frozen=True, slots=True)
class BetOnRace(Act[Joined | NotPending | AlreadyIn | StakeRefused]):
    """Bet on a colour; one bet per user and race.

    The race may have begun already, if it is one that takes bets then. Who asks knows how far it
    has come; the books know whether it is over.
    """

    HALTED_BY = STAKING
    ATTEMPT = Act.ATTEMPT | {"limits"}

    op_id: str
    channel: str
    number: int
    user: UserKey
    stake_z: int
    color: str
    limits: Terms
    at_ms: int
    day: str


@operation
def bet_on_race(tx: Tx, ask: BetOnRace) -> Joined | NotPending | AlreadyIn | StakeRefused:
    """Hold the stake."""
    known = rounds.round_of(tx, ask.number)
    if known is None or known.channel != ask.channel or known.game != RACE.name:
        return NotPending()
    course = Course.of(known.terms)
    runs = known.state == "drawn"
    if known.state != "open" and not (runs and course.live):
        return NotPending()
    assert any(each.color == ask.color for each in course.runners), ask.color
    held = rounds.stakes_of(tx, ask.number)
    if any(each.stake.name == ask.user.name for each in held):
        return AlreadyIn(RACE.title)
    account = may_stake(tx, ask.user, ask.stake_z, ask.limits, ask.at_ms, ask.day)
    if not isinstance(account, Account):
        return account
    rounds.hold_stake(
        tx,
        ask.number,
        RACE.name,
        account,
        ask.stake_z,
        f"{RACE.title} {ask.number}: {ask.color}",
        ask.at_ms,
        ask.day,
        op_id=ask.op_id,
        data={"color": ask.color, "live": runs},
    )
    pool_z = sum(each.stake.stake_z for each in held) + ask.stake_z
    return Joined(ask.number, account.wallet, len(held) + 1, pool_z)


class PastBets(NamedTuple):
    """All settled bets of a user."""

    bets: int
    staked_z: int
    won_z: int
    biggest_z: int


_PAST = """
    SELECT count(*), coalesce(sum(s.stake_z), 0), coalesce(sum(s.payout_z), 0),
        coalesce(max(s.payout_z), 0)
    FROM game_stake AS s JOIN game_round AS r ON r.id = s.round_id
    JOIN account AS a ON a.id = s.account_id JOIN channel AS c ON c.id = a.channel_id
    WHERE c.name = ? AND a.name = ? AND r.game = ? AND r.state = 'settled'
"""


def past_bets(reader: Reader, user: UserKey) -> PastBets:
    """What a user's races have brought."""
    return PastBets._make(reader.sql.only(_PAST, user.channel, user.name, RACE.name))
