"""Auctions: the highest bid waits in a hold, whoever is outbid has their money back at once.

What is sold is a text; handing it over is between people. A member's own offer is paid to them,
what operators sell is paid to the sink. A bid is a purchase and no stake: it counts as spent, and
toward no limit of play.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kryten_economy.config import Settings
from kryten_economy.dice import Chance
from kryten_economy.features.games import rounds, timed
from kryten_economy.features.games.rules import Edge, Game, Payout, Stake, Terms, game, trigger_of
from kryten_economy.features.games.stakes import unfit
from kryten_economy.features.games.tables import Player
from kryten_economy.ledger.account import Account
from kryten_economy.ledger.holds import Captured, CaptureHold, capture_hold
from kryten_economy.ledger.operation import ALWAYS, STAKING, Act, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import (
    AboveMaximum,
    AgainstTheRules,
    Banned,
    BelowMinimum,
    Insufficient,
    InvalidAmount,
    NoAccount,
    NotPending,
    TooYoung,
)
from kryten_economy.users import UserKey

__all__ = (
    "AUCTION",
    "THING_UNITS_MAX",
    "AuctionOver",
    "BidStands",
    "CloseAuction",
    "PlaceBid",
    "close_auction",
    "least_bid",
    "limits_of",
    "place_bid",
    "round_terms",
)

THING_UNITS_MAX = 100


def limits_of(settings: Settings) -> Terms:
    """What a bid has to keep to; the least is a matter of the auction."""
    return Terms(
        "auction",
        1,
        settings.gambling.auction.max_bid,
        settings.gambling.min_account_age_minutes * 60_000,
    )


def round_terms(
    settings: Settings, thing: str, window_s: int, minimum_z: int, opener: str, seller: str
) -> dict[str, Any]:
    """What an auction is held by; ``seller`` is who is paid, "" for the sink."""
    auction = settings.gambling.auction
    return {
        "thing": thing,
        "opener": opener,
        "seller": seller,
        "window_s": window_s,
        "minimum_z": minimum_z,
        "step_z": auction.step,
        "extend_s": auction.extend_seconds,
        "extend_max_s": auction.max_extension_minutes * 60,
    }


def least_bid(terms: Mapping[str, Any], highest_z: int | None) -> int:
    """The smallest bid that is taken now."""
    least_z: int = terms["minimum_z"]
    step_z: int = terms["step_z"]
    return least_z if highest_z is None else highest_z + step_z


def _extended(known: rounds.StoredRound, at_ms: int) -> int:
    """The end after a bid at this time: later, if it was close (but not for ever)."""
    terms, end_ms = known.terms, known.end_ms
    extend_ms: int = terms["extend_s"] * 1000
    if end_ms - at_ms > extend_ms:
        return end_ms
    first_ms = rounds.end_of(terms, known.opened_at_ms, None)
    last_ms: int = first_ms + terms["extend_max_s"] * 1000
    return max(end_ms, min(last_ms, end_ms + extend_ms))


def _edges(_settings: Settings) -> tuple[Edge, ...]:
    return ()


def _draw(
    _dice: Chance, _terms: Mapping[str, Any], stakes: Sequence[Stake], _said: str
) -> Mapping[str, Any]:
    """No dice: the highest bid wins."""
    highest = max(stakes, key=lambda each: each.stake_z)
    return {"winner": highest.name, "price_z": highest.stake_z}


def _pay(
    _terms: Mapping[str, Any], _outcome: Mapping[str, Any], stakes: Sequence[Stake]
) -> Sequence[Payout]:
    return [Payout(0) for _ in stakes]


AUCTION = game(
    Game(
        "auction",
        "Auction",
        "auctions",
        lambda settings: settings.gambling.auction.enabled,
        _edges,
        _draw,
        _pay,
        among_players=True,
        resumes=True,
        held_as="spend",
    )
)


# Bidding


@dataclass(frozen=True, slots=True)
class BidStands:
    """The bid is the highest; ``outbid`` is whose money is back, and when it ends now."""

    number: int
    wallet: Wallet
    outbid: Player | None
    ends_at_ms: int
    extended: bool
    replayed: bool = False


BidRefused = (
    NotPending
    | AgainstTheRules
    | NoAccount
    | Banned
    | TooYoung
    | InvalidAmount
    | BelowMinimum
    | AboveMaximum
    | Insufficient
)


@dataclass(frozen=True, slots=True)
class PlaceBid(Act[BidStands | BidRefused]):
    """Bid so much."""

    HALTED_BY = STAKING
    ATTEMPT = Act.ATTEMPT | {"limits"}

    op_id: str
    number: int
    user: UserKey
    amount_z: int
    limits: Terms
    at_ms: int
    day: str


@operation
def place_bid(tx: Tx, ask: PlaceBid) -> BidStands | BidRefused:
    """Hold the bid and give the one before back, in one act."""
    known = timed.running(tx, ask.number, "auction", ask.user.channel)
    if known is None or ask.at_ms >= known.end_ms:
        return NotPending()
    if known.terms["seller"].lower() == ask.user.name:
        return AgainstTheRules("You can't bid on what you sell yourself.")
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    highest = next(iter(rounds.stakes_of(tx, ask.number)), None)
    top = None if highest is None else highest.stake
    least_z = least_bid(known.terms, None if top is None else top.stake_z)
    own_z = top.stake_z if top is not None and top.name == ask.user.name else 0
    bidder = account.wallet._replace(balance_z=account.balance_z + own_z)
    limits = ask.limits._replace(lowest_z=least_z)
    if (refusal := unfit(bidder, ask.amount_z, limits, ask.at_ms)) is not None:
        return refusal
    back = None if highest is None else _give_back(tx, ask, highest, "outbid")
    rounds.hold_stake(
        tx,
        ask.number,
        "auction",
        account,
        ask.amount_z,
        f"Bid in auction {ask.number}",
        ask.at_ms,
        ask.day,
        op_id=ask.op_id,
    )
    end_ms = _extended(known, ask.at_ms)
    if end_ms != known.end_ms:
        timed.move_end(tx, ask.number, end_ms)
    outbid = None if own_z else back
    return BidStands(ask.number, account.wallet, outbid, end_ms, end_ms != known.end_ms)


def _give_back(tx: Tx, ask: "PlaceBid | CloseAuction", held: rounds.HeldStake, why: str) -> Player:
    channel = ask.user.channel if isinstance(ask, PlaceBid) else ask.channel
    reason = f"Bid in auction {ask.number}: {why}"
    account = rounds.cancel(
        tx, ask.number, "auction", held, reason, ask.at_ms, ask.day, channel=channel
    )
    return Player(account.wallet, held.stake.stake_z, held.stake.stake_z, "{}")


# The end


@dataclass(frozen=True, slots=True)
class AuctionOver:
    """How it has ended: ``buyer`` None if nobody has bid.

    ``seller`` is who was paid, None for the sink. ``returned``: the seller can't be paid, so the
    buyer has their money back.
    """

    number: int
    buyer: Player | None
    seller: Wallet | None = None
    returned: bool = False
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class CloseAuction(Act[AuctionOver | NotPending]):
    """The time is over: the highest bid is paid."""

    HALTED_BY = ALWAYS

    op_id: str
    channel: str
    number: int
    at_ms: int
    day: str


@operation
def close_auction(tx: Tx, ask: CloseAuction) -> AuctionOver | NotPending:
    """Have the winner pay, once; before its end an auction is not closed."""
    known = timed.running(tx, ask.number, "auction", ask.channel)
    if known is None or ask.at_ms < known.end_ms:
        return NotPending()
    held = next(iter(rounds.stakes_of(tx, ask.number)), None)
    if held is None:
        rounds.finish(tx, ask.number, ask.at_ms, cancelled=True)
        return AuctionOver(ask.number, None)
    paid_to: UserKey | None = None
    if known.terms["seller"]:
        paid_to = UserKey.of(ask.channel, known.terms["seller"])
        seller = tx.find(paid_to, ask.day)
        if seller is None or seller.banned or not seller.has_room(held.stake.stake_z):
            back = _give_back(tx, ask, held, "the seller can't be paid")
            rounds.finish(tx, ask.number, ask.at_ms, cancelled=True)
            return AuctionOver(ask.number, back, returned=True)
    return _sell(tx, ask, known, held, paid_to)


def _sell(
    tx: Tx,
    ask: CloseAuction,
    known: rounds.StoredRound,
    held: rounds.HeldStake,
    paid_to: UserKey | None,
) -> AuctionOver:
    outcome = _draw(rounds.dice_of(tx, known), known.terms, [held.stake], "")
    rounds.draw(tx, ask.number, outcome)
    request = CaptureHold(
        ask.op_id,
        held.hold_id,
        held.stake.stake_z,
        paid_to or "sink",
        f"Auction {ask.number}",
        ask.at_ms,
        ask.day,
        "auction_sale" if paid_to else "",
        trigger_of("auction") if paid_to else "",
    )
    captured = capture_hold(tx, request)
    assert isinstance(captured, Captured), captured
    buyer = tx.find(UserKey(ask.channel, held.stake.name), ask.day)
    assert isinstance(buyer, Account), held
    rounds.note_paid(tx, ask.number, buyer, 0)
    rounds.finish(tx, ask.number, ask.at_ms)
    tx.journal.count("auctions_total")
    player = Player(captured.owner, held.stake.stake_z, 0, "{}")
    return AuctionOver(ask.number, player, captured.taker)
