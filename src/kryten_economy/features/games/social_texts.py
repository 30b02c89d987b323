"""What is said of predictions, raffles and auctions, in the channel and in private.

Public lines begin with a sign, never with words of a user. Those words were cleaned when the
round was opened.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from kryten_economy.features.games.rules import Stake
from kryten_economy.text.markup import name_shown
from kryten_economy.text.templates import duration, factor, money, plural

__all__ = (
    "auction_back_pm",
    "auction_line",
    "auction_over",
    "auction_shown",
    "bid_line",
    "bid_stands",
    "bids_none",
    "bought_pm",
    "called_off_line",
    "called_off_reply",
    "closed_line",
    "closed_reply",
    "not_for_members",
    "nothing_on",
    "opened_reply",
    "outbid_pm",
    "own_bet",
    "prediction_line",
    "prediction_over",
    "prediction_own",
    "prediction_shown",
    "prize_back_pm",
    "raffle_line",
    "raffle_over",
    "raffle_own",
    "raffle_shown",
    "raffle_too_few",
    "settled_reply",
    "sold_pm",
    "staked_yourself",
    "tickets_bought",
    "which_outcome",
)


# What all three share


def _by(opener: str) -> str:
    return f" by {name_shown(opener)}" if opener else ""


def nothing_on(what: str) -> str:
    """``what``: a prediction, a raffle, an auction."""
    return f"No {what} is open right now."


def not_for_members(what: str, rank: str | None) -> str:
    """Somebody may not open one; ``rank`` is the first that may, None if only admins."""
    who = "Only admins" if rank is None else f"Only admins and members from the rank {rank} on"
    return f"{who} can open {what}."


def opened_reply(what: str, number: int, left_s: float) -> str:
    """To whoever has opened one."""
    return f"✅ {what} {number} is open for {duration(left_s)}."


def called_off_line(what: str) -> str:
    """In the channel."""
    return f"🎟️ The {what} was called off. Everything is back with its owners."


def called_off_reply(what: str, players: int) -> str:
    """To whoever has called it off."""
    if not players:
        return f"✅ The {what} was called off. Nobody had a stake in it."
    return f"✅ The {what} was called off, and {plural(players, 'user')} had their money back."


def prize_back_pm(prize_z: int, balance_z: int, symbol: str) -> str:
    """To whoever had added a prize."""
    return (
        f"🎟️ The raffle was called off: your prize of {money(prize_z, symbol)} is back."
        f" Balance: {money(balance_z, symbol)}."
    )


# Predictions


def _listed(terms: Mapping[str, Any]) -> str:
    outcomes = enumerate(terms["outcomes"], 1)
    return ", ".join(f"({place}) {outcome}" for place, outcome in outcomes)


def prediction_line(terms: Mapping[str, Any]) -> str:
    """The question, in the channel."""
    return (
        f"🔮 Prediction{_by(terms['opener'])}: {terms['question']} {_listed(terms)}."
        f" Say '!predict <amount> <outcome>' within {duration(terms['window_s'])}."
    )


def _odds(pool_z: int, on_z: int) -> str:
    return f" ({factor(pool_z / on_z)})" if on_z else ""


def prediction_shown(
    terms: Mapping[str, Any],
    on: Sequence[int],
    left_s: float,
    own: Stake | None,
    symbol: str,
) -> str:
    """The question with what lies on each outcome, what it would pay, and the time that is left."""
    pool_z = sum(on)
    lines = [f"🔮 {terms['question']}"]
    lines += [
        f"{place}) {outcome}: {money(on_z, symbol)}{_odds(pool_z, on_z)}"
        for place, (outcome, on_z) in enumerate(zip(terms["outcomes"], on, strict=True), 1)
    ]
    lines.append(f"Bets are taken for {duration(left_s)}." if left_s > 0 else "Bets are closed.")
    if own is not None:
        backed = terms["outcomes"][own.data["outcome"]]
        lines.append(f"You have {money(own.stake_z, symbol)} on '{backed}'.")
    return "\n".join(lines)


def which_outcome(outcomes: Sequence[str]) -> str:
    """No outcome was named, or one that there is not."""
    listed = ", ".join(f"{place}) {outcome}" for place, outcome in enumerate(outcomes, 1))
    return f"Which outcome? {listed}"


def own_bet(
    outcome: str, stake_z: int, backed_z: int, pool_z: int, balance_z: int, symbol: str
) -> str:
    """A bet stands; the odds are those of now."""
    return (
        f"🔮 You have {money(stake_z, symbol)} on '{outcome}', which pays"
        f" {factor(pool_z / backed_z)} as it stands. Balance: {money(balance_z, symbol)}."
    )


def closed_line(terms: Mapping[str, Any], on: Sequence[int], symbol: str) -> str:
    """No more bets."""
    pool_z = sum(on)
    shown = ", ".join(
        f"{outcome}{_odds(pool_z, on_z)}"
        for outcome, on_z in zip(terms["outcomes"], on, strict=True)
    )
    return f"🔮 Bets are closed with {money(pool_z, symbol)} in the pool: {shown}."


def closed_reply(*, changed: bool) -> str:
    """To whoever has closed the bets."""
    return "✅ Bets are closed." if changed else "Bets were closed already."


def staked_yourself() -> str:
    """Whoever has a stake does not say what came true."""
    return (
        "You have a stake in this one, so somebody else has to settle it: please ask an admin"
        " without one. Any admin may call it off, which gives all stakes back: 'predict void'."
    )


def settled_reply(outcome: str) -> str:
    """To whoever has said what came true."""
    return f"✅ Settled: '{outcome}'."


def prediction_over(outcome: str, winners: int, pool_z: int, paid_z: int, symbol: str) -> str:
    """What came true, in the channel."""
    if not pool_z:
        return f"🔮 It is '{outcome}'. Nobody had bet."
    if not winners:
        return f"🔮 It is '{outcome}', and nobody had seen it coming: all stakes are back."
    who = f"{winners:,} users shared" if winners > 1 else "one user gets"
    return (
        f"🔮 It is '{outcome}': {who} {money(paid_z, symbol)}"
        f" of the {money(pool_z, symbol)} in the pool."
    )


def prediction_own(outcome: str, stake_z: int, payout_z: int, balance_z: int, symbol: str) -> str:
    """A player's own result."""
    net = f"{payout_z - stake_z:+,} {symbol}"
    return (
        f"🔮 It is '{outcome}'. You staked {money(stake_z, symbol)} and got"
        f" {money(payout_z, symbol)} ({net}). Balance: {money(balance_z, symbol)}."
    )


# Raffles


def raffle_line(terms: Mapping[str, Any], symbol: str) -> str:
    """A raffle, in the channel."""
    prize_z = terms["prize_z"]
    prize = f" and {money(prize_z, symbol)} on top" if prize_z else ""
    return (
        f"🎟️ Raffle{_by(terms['opener'])}! One winner takes the pot{prize}. A ticket is"
        f" {money(terms['price_z'], symbol)}: say '!raffle <tickets>' within"
        f" {duration(terms['window_s'])}."
    )


def raffle_shown(
    terms: Mapping[str, Any],
    stakes: Sequence[Stake],
    pot_z: int,
    left_s: float,
    own: int,
    symbol: str,
) -> str:
    """The pot, the tickets, the time that is left."""
    tickets = sum(each.data["tickets"] for each in stakes)
    return (
        f"🎟️ The winner gets {money(pot_z, symbol)} as it stands."
        f" {plural(tickets, 'ticket')} of {plural(len(stakes), 'user')}, you have {own:,}."
        f" A ticket is {money(terms['price_z'], symbol)}, at most {terms['tickets_max']:,} each."
        f" Drawn in {duration(left_s)}."
    )


def tickets_bought(own: int, paid_z: int, pot_z: int, balance_z: int, symbol: str) -> str:
    """Tickets are bought; ``paid_z`` is for all somebody has."""
    return (
        f"🎟️ You have {plural(own, 'ticket')} for {money(paid_z, symbol)}. The winner gets"
        f" {money(pot_z, symbol)} as it stands. Balance: {money(balance_z, symbol)}."
    )


def raffle_too_few(players: int, least: int) -> str:
    """Nothing is drawn."""
    return f"🎟️ The raffle is off: it takes {least} and there were {players}. Everything is back."


def raffle_over(
    winner: str, pot_z: int, ticket: int, tickets: int, number: int, symbol: str
) -> str:
    """Who has won, in the channel."""
    return (
        f"🎟️ Ticket {ticket:,} of {tickets:,} wins: {name_shown(winner)} takes"
        f" {money(pot_z, symbol)}! (Round {number})"
    )


def raffle_own(
    winner: str, stake_z: int, payout_z: int, balance_z: int, number: int, symbol: str
) -> str:
    """A player's own result."""
    result = (
        f"You have won {money(payout_z, symbol)} with {money(stake_z, symbol)} of tickets!"
        if payout_z
        else f"{name_shown(winner)} has won; your tickets were {money(stake_z, symbol)}."
    )
    return f"🎟️ {result} Balance: {money(balance_z, symbol)}. (Round {number})"


# Auctions


def auction_line(terms: Mapping[str, Any], symbol: str) -> str:
    """An auction, in the channel."""
    return (
        f"🔨 Auction{_by(terms['opener'])}: {terms['thing']}. From"
        f" {money(terms['minimum_z'], symbol)}: say '!bid <amount>' within"
        f" {duration(terms['window_s'])}."
    )


def auction_shown(
    terms: Mapping[str, Any], top: Stake | None, least_z: int, left_s: float, symbol: str
) -> str:
    """What is sold, the highest bid, the next one, the time that is left."""
    highest = (
        "Nobody has bid."
        if top is None
        else f"{name_shown(top.display_name)} bids {money(top.stake_z, symbol)}."
    )
    return (
        f"🔨 {terms['thing']}. {highest} Next bid: from {money(least_z, symbol)}."
        f" Ends in {duration(left_s)}."
    )


def bid_stands(amount_z: int, left_s: float, balance_z: int, *, extended: bool, symbol: str) -> str:
    """Somebody's bid is the highest."""
    longer = " (extended)" if extended else ""
    return (
        f"🔨 Yours is the highest bid: {money(amount_z, symbol)}. Ends in"
        f" {duration(left_s)}{longer}. Balance: {money(balance_z, symbol)}."
    )


def outbid_pm(amount_z: int, least_z: int, back_z: int, balance_z: int, symbol: str) -> str:
    """Somebody else has bid more."""
    return (
        f"🔨 You were outbid with {money(amount_z, symbol)}: your {money(back_z, symbol)} are back."
        f" Next bid: from {money(least_z, symbol)}. Balance: {money(balance_z, symbol)}."
    )


def bid_line(top: Stake, left_s: float, symbol: str) -> str:
    """The highest bid, in the channel."""
    return (
        f"🔨 {name_shown(top.display_name)} bids {money(top.stake_z, symbol)}."
        f" Ends in {duration(left_s)}."
    )


def auction_over(thing: str, buyer: str, price_z: int, number: int, symbol: str) -> str:
    """Sold, in the channel."""
    return f"🔨 Sold to {name_shown(buyer)} for {money(price_z, symbol)}: {thing}. (Round {number})"


def bids_none(thing: str) -> str:
    """Nobody wanted it, or nobody could be paid for it."""
    return f"🔨 The auction is over, and nothing was sold: {thing}."


def bought_pm(thing: str, price_z: int, seller: str, balance_z: int, symbol: str) -> str:
    """To the buyer."""
    whom = f" {name_shown(seller)} was paid: please see to it with them." if seller else ""
    return (
        f"🔨 It is yours for {money(price_z, symbol)}: {thing}.{whom}"
        f" Balance: {money(balance_z, symbol)}."
    )


def sold_pm(thing: str, price_z: int, buyer: str, balance_z: int, symbol: str) -> str:
    """To the seller."""
    return (
        f"🔨 {name_shown(buyer)} has paid you {money(price_z, symbol)} for {thing}: please hand it"
        f" over. Balance: {money(balance_z, symbol)}."
    )


def auction_back_pm(price_z: int, balance_z: int, symbol: str) -> str:
    """To the highest bidder, where nothing could be sold."""
    return (
        f"🔨 Nothing was sold: your bid of {money(price_z, symbol)} is back."
        f" Balance: {money(balance_z, symbol)}."
    )
