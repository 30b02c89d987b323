"""Raffles: everybody buys tickets, the fair dice draw one, its owner takes the pot.

The tickets are numbered in the order in which the stakes stand in the round; one draw of the
dice picks one, each as likely as the others. Whoever opens a raffle may add a prize of their own.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from kryten_economy.config import Settings
from kryten_economy.dice import Chance
from kryten_economy.features.games import rounds, timed
from kryten_economy.features.games.rules import Edge, Game, Payout, Stake, Terms, exact, game
from kryten_economy.features.games.stakes import StakeRefused, may_stake, unfit
from kryten_economy.features.games.tables import Opened, OpenRound, open_round
from kryten_economy.ledger.account import Account
from kryten_economy.ledger.operation import STAKING, Act, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import AMOUNT_MAX_Z, AgainstTheRules, NoAccount, NotPending, Occupied
from kryten_economy.text.templates import plural
from kryten_economy.users import UserKey

__all__ = (
    "RAFFLE",
    "BuyTickets",
    "OpenRaffle",
    "Tickets",
    "buy_tickets",
    "limits_of",
    "open_raffle",
    "pot_of",
    "round_terms",
)


def limits_of(terms: Mapping[str, Any], settings: Settings) -> Terms:
    """What tickets of a raffle with these terms have to keep to."""
    price_z, limits = terms["price_z"], settings.gambling.limits
    return Terms(
        "raffle",
        price_z,
        price_z * terms["tickets_max"],
        settings.gambling.min_account_age_minutes * 60_000,
        stakes_z=limits.daily_stakes,
        losses_z=limits.daily_losses,
    )


def round_terms(
    settings: Settings, window_s: int, price_z: int, prize_z: int, opener: str
) -> dict[str, Any]:
    """What a raffle is played by; ``opener`` is "" where no user has opened it."""
    raffle = settings.gambling.raffle
    return {
        "opener": opener,
        "window_s": window_s,
        "price_z": price_z,
        "prize_z": prize_z,
        "tickets_max": raffle.max_tickets,
        "least": raffle.min_participants,
        "rake": str(exact(raffle.rake_percent)),
    }


def pot_of(terms: Mapping[str, Any], stakes: Sequence[Stake]) -> int:
    """What the winner gets: what the tickets brought, less the rake, and the prize."""
    brought_z = sum(each.stake_z for each in stakes)
    prize_z: int = terms["prize_z"]
    return brought_z - int(brought_z * Fraction(terms["rake"]) / 100) + prize_z


def _edges(settings: Settings) -> tuple[Edge, ...]:
    return (
        Edge("a ticket, after the rake", 1 - exact(settings.gambling.raffle.rake_percent) / 100),
    )


def _draw(
    dice: Chance, _terms: Mapping[str, Any], stakes: Sequence[Stake], _said: str
) -> Mapping[str, Any]:
    """One ticket of all, counted through the stakes in their order."""
    tickets = sum(each.data["tickets"] for each in stakes)
    ticket = left = dice.between(1, tickets)
    for each in stakes:
        left -= each.data["tickets"]
        if left <= 0:
            return {"ticket": ticket, "tickets": tickets, "winner": each.name}
    raise AssertionError(stakes)


def _pay(
    terms: Mapping[str, Any], outcome: Mapping[str, Any], stakes: Sequence[Stake]
) -> Sequence[Payout]:
    pot_z = pot_of(terms, stakes)
    return [Payout(pot_z if each.name == outcome["winner"] else 0) for each in stakes]


RAFFLE = game(
    Game(
        "raffle",
        "Raffle",
        "raffles",
        lambda settings: settings.gambling.raffle.enabled,
        _edges,
        _draw,
        _pay,
        among_players=True,
        resumes=True,
        least=lambda terms: max(1, terms["least"]),
    )
)


# Opening


@dataclass(frozen=True, slots=True)
class OpenRaffle(Act[Opened | Occupied | StakeRefused]):
    """Open a raffle; ``giver`` adds the prize that its terms name."""

    HALTED_BY = STAKING
    ATTEMPT = Act.ATTEMPT | {"terms", "fresh_seed"}

    op_id: str
    channel: str
    terms: str
    fresh_seed: str = field(repr=False)
    at_ms: int
    day: str
    giver: UserKey | None = None


@operation
def open_raffle(tx: Tx, ask: OpenRaffle) -> Opened | Occupied | StakeRefused:
    """Open the round, and hold the prize if somebody adds one."""
    prize_z = json.loads(ask.terms)["prize_z"]
    free = Terms("raffle", 1, AMOUNT_MAX_Z)
    giver = None
    if ask.giver is not None and prize_z:
        giver = tx.find(ask.giver, ask.day)
        if giver is None:
            return NoAccount(ask.giver)
        if (refusal := unfit(giver, prize_z, free, ask.at_ms)) is not None:
            return refusal
    request = OpenRound(
        ask.op_id, ask.channel, "raffle", ask.terms, free, ask.fresh_seed, ask.at_ms, ask.day
    )
    opened = open_round(tx, request)
    if not isinstance(opened, Opened) or giver is None:
        return opened
    timed.hold_prize(
        tx, opened.number, "raffle", giver, prize_z, ask.at_ms, ask.day, op_id=ask.op_id
    )
    return Opened(opened.number, giver.wallet)


# Tickets


@dataclass(frozen=True, slots=True)
class Tickets:
    """How many tickets somebody has now, their wallet, and what the winner would get."""

    number: int
    wallet: Wallet
    own: int
    players: int
    pot_z: int
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class BuyTickets(Act[Tickets | NotPending | AgainstTheRules | StakeRefused]):
    """Buy so many tickets, in addition to those one has."""

    HALTED_BY = STAKING
    ATTEMPT = Act.ATTEMPT | {"limits"}

    op_id: str
    number: int
    user: UserKey
    count: int
    limits: Terms
    at_ms: int
    day: str


@operation
def buy_tickets(tx: Tx, ask: BuyTickets) -> Tickets | NotPending | AgainstTheRules | StakeRefused:
    """Hold what the tickets cost, as long as they are sold."""
    known = timed.running(tx, ask.number, "raffle", ask.user.channel)
    if known is None or ask.at_ms >= known.end_ms or ask.count < 1:
        return NotPending()
    held = rounds.stakes_of(tx, ask.number)
    own = timed.own_stake(held, ask.user)
    before = 0 if own is None else own.stake.data["tickets"]
    most: int = known.terms["tickets_max"]
    if before + ask.count > most:
        text = f"At most {plural(most, 'ticket')} each; you have {before:,}."
        return AgainstTheRules(text)
    cost_z = ask.count * known.terms["price_z"]
    account = may_stake(tx, ask.user, cost_z, ask.limits, ask.at_ms, ask.day)
    if not isinstance(account, Account):
        return account
    total_z = cost_z + (0 if own is None else own.stake.stake_z)
    data = {"tickets": before + ask.count}
    timed.raise_stake(tx, ask, known, account, own, total_z, ask.day, data)
    stakes = [each.stake for each in rounds.stakes_of(tx, ask.number)]
    pot_z = pot_of(known.terms, stakes)
    return Tickets(ask.number, account.wallet, before + ask.count, len(stakes), pot_z)
