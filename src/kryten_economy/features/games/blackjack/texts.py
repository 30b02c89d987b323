"""What players of blackjack read."""

from collections.abc import Sequence
from typing import Final

from kryten_economy.features.games.blackjack.operations import OpenHand, PlayerStats, Shown
from kryten_economy.features.games.blackjack.rules import Hand, total
from kryten_economy.text.templates import ByPm, money, plural, signed_money

__all__ = ("hand_shown", "no_hand", "nothing_played", "settled", "stats", "stood_for", "warning")

_ENDS: Final = {
    "natural": "Blackjack!",
    "dealer_natural": "The dealer has a blackjack.",
    "bust": "You bust.",
    "dealer_bust": "The dealer busts, you win.",
    "win": "You win.",
    "lose": "The dealer wins.",
    "push": "A push: nobody wins.",
}
"""In one sentence how a hand has ended; a bust is told from a dealer who had more (P-GAM-22)."""


def _cards(cards: Sequence[str]) -> str:
    points, soft = total(cards)
    return f"{' '.join(cards)} ({'soft ' if soft and len(cards) > 1 else ''}{points})"


def _hand(hand: Hand) -> str:
    return f"You have {_cards(hand.player)}, the dealer shows {hand.dealer[0]}."


def _choices(hand: Hand) -> str:
    return "hit, stand or double" if hand.may_double else "hit or stand"


def hand_shown(open_: OpenHand | Shown, balance_z: int, symbol: str) -> str:
    """A hand that waits for a move."""
    return ByPm(
        f"🃏 {_hand(open_.hand)}",
        f" Say {_choices(open_.hand)}.",
        f" Stake: {money(open_.stake_z, symbol)}. Balance: {money(balance_z, symbol)}.",
    )


def settled(shown: Shown, symbol: str) -> str:
    """A hand that is over: both sides, what it has brought, and the balance."""
    hand, net_z = shown.hand, shown.payout_z - shown.stake_z
    doubled = " after doubling" if hand.doubled else ""
    return (
        f"🃏 You: {_cards(hand.player)}. Dealer: {_cards(hand.dealer)}. {_ENDS[hand.end]}"
        f" Stake: {money(shown.stake_z, symbol)}{doubled},"
        f" result: {signed_money(net_z, symbol)}."
        f" Balance: {money(shown.wallet.balance_z, symbol)}. (Round {shown.number})"
    )


def stood_for(shown: Shown, symbol: str) -> str:
    """The same where the player has not moved for too long."""
    return f"You did not move for a while, so you stand. {settled(shown, symbol)}"


def warning(open_: OpenHand, left_s: int) -> str:
    """The player has not moved for a while."""
    return (
        f"🃏 Your blackjack hand waits. {_hand(open_.hand)} Say {_choices(open_.hand)}:"
        f" in {plural(left_s, 'second')} you stand."
    )


def no_hand() -> str:
    """There is nothing to move in."""
    return ByPm("You have no blackjack hand.", " 'blackjack <wager>' deals one.")


def nothing_played() -> str:
    """No statistics yet."""
    return "You have not played blackjack yet. 'blackjack <wager>' deals a hand."


def stats(of: PlayerStats, symbol: str) -> str:
    """What all hands have brought."""
    return (
        f"🃏 Blackjack: {plural(of.hands, 'hand')}, {of.won:,} won"
        f" ({of.naturals:,} by a natural), {of.lost:,} lost,"
        f" {plural(of.pushes, 'push', 'pushes')}."
        f" Wagered: {money(of.staked_z, symbol)}, won back: {money(of.paid_z, symbol)}."
    )
