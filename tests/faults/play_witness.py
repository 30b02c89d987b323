"""What the answers of games told, as plain JSON values, and which movements they prove."""

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tests.faults.play import TICKET_Z

from kryten_economy.features.games.auction import AuctionOver, BidStands, CloseAuction, PlaceBid
from kryten_economy.features.games.blackjack.operations import Deal, Play, Shown
from kryten_economy.features.games.challenge.operations import (
    AcceptChallenge,
    Challenged,
    ChallengeSomebody,
    Decided,
)
from kryten_economy.features.games.flip import Flip, Flipped
from kryten_economy.features.games.limits import LimitSet, PausePlay, SetPlayLimit
from kryten_economy.features.games.prediction import Closed, Predict, Predicted
from kryten_economy.features.games.race.operations import BetOnRace
from kryten_economy.features.games.raffle import BuyTickets, OpenRaffle, Tickets
from kryten_economy.features.games.rounds import Seeds
from kryten_economy.features.games.slots import FreeSpin, Spin, Spun
from kryten_economy.features.games.tables import (
    Cancelled,
    CancelRound,
    Drawn,
    DrawRound,
    Finished,
    FinishRound,
    Joined,
    JoinRound,
    Opened,
    OpenRound,
    Player,
)
from kryten_economy.features.games.trivia import (
    Answered,
    AnswerTrivia,
    Revealed,
    RevealQuestion,
)
from kryten_economy.ledger.operation import Act
from kryten_economy.ledger.wallet import Wallet

__all__ = ("Known", "Movement", "Told", "moved", "opens", "told_of_games")

Told = list[Any]
"""``[kind, replayed, facts…]`` for what was done, ``["no", what]`` for what was refused."""


class Movement(NamedTuple):
    """A transfer: a wallet's name or ``=mint`` and the like, and what a wallet held after it."""

    giver: str
    taker: str
    amount_z: int
    giver_after_z: int | None
    taker_after_z: int | None


def told_of_games(answer: object) -> Told | None:  # noqa: PLR0911 - one way out for each answer
    """What an answer of a game says; None for any other answer."""
    match answer:
        case Spun(number, symbols, payout_z, wallet, replayed):
            return ["Spun", replayed, number, payout_z, _balance(wallet), symbols]
        case Flipped(number, won, payout_z, wallet, replayed):
            return ["Flipped", replayed, number, payout_z, _balance(wallet), won]
        case LimitSet(own, replayed):
            return ["LimitSet", replayed, own]
        case Opened(number, wallet, replayed):
            return ["Opened", replayed, number, None if wallet is None else _balance(wallet)]
        case Joined(number, wallet, players, pool_z, replayed):
            return ["Joined", replayed, number, _balance(wallet), players, pool_z]
        case Revealed(number, options, at_ms, replayed):
            return ["Revealed", replayed, number, list(options), at_ms]
        case Answered(number, letter, _, first, waiting, replayed):
            return ["Answered", replayed, number, letter, first, waiting]
        case Drawn(number, outcome, replayed):
            return ["Drawn", replayed, number, json.loads(outcome)]
        case Finished(number, _, outcome, players, replayed):
            return ["Finished", replayed, number, json.loads(outcome), _players(players)]
        case Cancelled(number, _, players, giver, prize_z, replayed):
            back = None if giver is None else [giver.user.name, prize_z, _balance(giver)]
            return ["Cancelled", replayed, number, _players(players), back]
        case Shown(number, hand, stake_z, payout_z, _, wallet, replayed):
            money = [stake_z, payout_z, _balance(wallet)]
            return ["Shown", replayed, number, *money, hand.end, list(hand.player)]
        case Challenged(number, _, wallet, replayed):
            return ["Challenged", replayed, number, _balance(wallet)]
        case Decided(number, stake_z, prize_z, rake_z, winner, loser, replayed):
            both = [[each.user.name, _balance(each)] for each in (winner, loser)]
            return ["Decided", replayed, number, stake_z, prize_z, rake_z, *both]
        case Predicted(number, wallet, stake_z, _, _, replayed):
            return ["Predicted", replayed, number, stake_z, _balance(wallet)]
        case Tickets(number, wallet, own, _, _, replayed):
            return ["Tickets", replayed, number, own, _balance(wallet)]
        case BidStands(number, wallet, outbid, ends_at_ms, _, replayed):
            back = None if outbid is None else _players([outbid])[0]
            return ["BidStands", replayed, number, _balance(wallet), back, ends_at_ms]
        case AuctionOver(number, buyer, seller, returned, replayed):
            paid = None if seller is None else [seller.user.name, _balance(seller)]
            bought = None if buyer is None else _players([buyer])[0]
            return ["AuctionOver", replayed, number, bought, paid, returned]
        case Seeds(hashes):
            return ["no", "Seeds", dict(hashes)]
        case Closed(ends_at_ms):
            return ["no", "Closed", ends_at_ms]
        case _:
            return None


def _balance(wallet: Wallet) -> int:
    return wallet.balance_z


def _players(players: Sequence[Player]) -> list[Any]:
    return [
        [each.wallet.user.name, each.stake_z, each.payout_z, _balance(each.wallet)]
        for each in players
    ]


def opens(request: Act[Any], words: Told) -> dict[str, int]:
    """What an answer teaches of the numbers of rounds: `play.Players.numbers`."""
    match request:
        case OpenRound() | OpenRaffle() | ChallengeSomebody() if words[0] != "no":
            return {request.op_id: words[2]}
        case _:
            return {}


# Movements


class Known(NamedTuple):
    """What else is known of rounds: the prize somebody added, and the bid below a bid."""

    prize_of: Callable[[int], int]
    bid_below: Callable[[PlaceBid], tuple[str, int] | None]


def moved(  # noqa: PLR0911 - one way out for each act
    request: Act[Any], words: Told, known: Known
) -> list[Movement] | None:
    """The transfers that this answer of a game promises; None if it is no game's."""
    match request:
        case Spin() | Flip():
            return _at_once(request.user.name, request.stake_z, words[3], words[4])
        case FreeSpin():
            return _paid(request.user.name, words[3], words[4])
        case SetPlayLimit() | PausePlay() | RevealQuestion() | AnswerTrivia() | DrawRound():
            return []
        case OpenRound(player=player):
            return [] if player is None else [_held(player.name, request.stake_z, words[3])]
        case OpenRaffle(giver=giver):
            prize_z = json.loads(request.terms)["prize_z"]
            return [] if giver is None else [_held(giver.name, prize_z, words[3])]
        case JoinRound() | BetOnRace():
            return [_held(request.user.name, request.stake_z, words[3])]
        case ChallengeSomebody():
            return [_held(request.user.name, request.stake_z, words[3])]
        case AcceptChallenge():
            return _decided(request, words)
        case Deal() | Play():
            return _played(request, words)
        case Predict():
            return _raised(request.user.name, words[3] - request.amount_z, words[3], words[4])
        case BuyTickets():
            had, own = words[3] - request.count, words[3]
            return _raised(request.user.name, had * TICKET_Z, own * TICKET_Z, words[4])
        case PlaceBid():
            return _bid(request, words, known.bid_below(request))
        case CloseAuction():
            return _sold(words)
        case FinishRound():
            prize_z = known.prize_of(request.number)
            prize = [_captured(prize_z)] if prize_z else []
            each_own = (_settled(*each) for each in words[4])
            return prize + [each for own in each_own for each in own]
        case CancelRound():
            back = [_back(name, stake_z, money_z) for name, stake_z, _, money_z in words[3]]
            return back if words[4] is None else [*back, _back(*words[4])]
        case _:
            return None


def _held(name: str, amount_z: int, after_z: int) -> Movement:
    return Movement(name, "=escrow", amount_z, after_z, None)


def _back(name: str, amount_z: int, after_z: int) -> Movement:
    return Movement("=escrow", name, amount_z, None, after_z)


def _captured(amount_z: int, to: str = "=house") -> Movement:
    return Movement("=escrow", to, amount_z, None, None)


def _paid(name: str, payout_z: int, after_z: int) -> list[Movement]:
    return [Movement("=house", name, payout_z, None, after_z)] if payout_z else []


def _at_once(name: str, stake_z: int, payout_z: int, after_z: int) -> list[Movement]:
    stake = Movement(name, "=house", stake_z, after_z - payout_z, None)
    return [stake, *_paid(name, payout_z, after_z)]


def _settled(name: str, stake_z: int, payout_z: int, after_z: int) -> list[Movement]:
    return [_captured(stake_z), *_paid(name, payout_z, after_z)]


def _raised(name: str, before_z: int, total_z: int, after_z: int) -> list[Movement]:
    """What was held is given back, and all of it held anew."""
    back = [_back(name, before_z, after_z + total_z)] if before_z else []
    return [*back, _held(name, total_z, after_z)]


def _decided(request: AcceptChallenge, words: Told) -> list[Movement]:
    stake_z, prize_z, rake_z, (winner, winner_z), (loser, loser_z) = words[3:8]
    assert prize_z + rake_z == 2 * stake_z, words
    target = request.user.name
    assert target in {winner, loser}, words
    after_z = loser_z if target == loser else winner_z - prize_z
    both = [_captured(stake_z), _captured(stake_z)]
    return [_held(target, stake_z, after_z), *both, *_paid(winner, prize_z, winner_z)]


def _played(request: Deal | Play, words: Told) -> list[Movement]:
    stake_z, payout_z, after_z, end = words[3:7]
    name, before_z = request.user.name, after_z - payout_z
    if isinstance(request, Deal):
        held = [_held(name, stake_z, before_z)]
        return held + (_settled(name, stake_z, payout_z, after_z) if end else [])
    if not end:
        return []
    if request.move == "double":
        half_z = stake_z // 2
        more = Movement(name, "=house", half_z, before_z, None)
        return [more, *_settled(name, half_z, payout_z, after_z)]
    return _settled(name, stake_z, payout_z, after_z)


def _bid(request: PlaceBid, words: Told, below: tuple[str, int] | None) -> list[Movement]:
    name, amount_z, after_z = request.user.name, request.amount_z, words[3]
    outbid = words[4]
    if below is None or below[0] == name:
        assert outbid is None, (request, words, below)
        return _raised(name, 0 if below is None else below[1], amount_z, after_z)
    assert outbid is not None, (request, words, below)
    assert (outbid[0], outbid[1]) == below, (request, words, below)
    return [_back(outbid[0], outbid[1], outbid[3]), _held(name, amount_z, after_z)]


def _sold(words: Told) -> list[Movement]:
    bought, paid, returned = words[3:6]
    if bought is None:
        return []
    name, amount_z, _, after_z = bought
    if returned:
        return [_back(name, amount_z, after_z)]
    if paid is None:
        return [_captured(amount_z, "=sink")]
    return [Movement("=escrow", paid[0], amount_z, None, paid[1])]
