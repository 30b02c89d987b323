"""What the two of a challenge read; each is told their own net (P-GAM-23)."""

from collections.abc import Mapping

from kryten_economy.config.announcements import Templates
from kryten_economy.features.games.challenge.operations import Decided, Pending
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.text.markup import name_shown
from kryten_economy.text.templates import money, plural, rendered_or, signed_money, thousands

__all__ = (
    "back",
    "challenged",
    "declined_reply",
    "expired_for_target",
    "invitation",
    "lost",
    "none_waiting",
    "not_here",
    "off_for_target",
    "oneself",
    "public",
    "won",
)


def challenged(target: str, stake_z: int, lasts_s: int, balance_z: int, symbol: str) -> str:
    """The reply to who challenges."""
    return (
        f"⚔️ You have challenged {name_shown(target)} for {money(stake_z, symbol)}. They have"
        f" {plural(lasts_s, 'second')} to accept. Balance: {money(balance_z, symbol)}."
    )


def invitation(challenger: str, stake_z: int, lasts_s: int, symbol: str) -> str:
    """What the target is told."""
    name = name_shown(challenger)
    return (
        f"⚔️ {name} challenges you for {money(stake_z, symbol)}. Say accept or decline"
        f" (accept @{name}, if there are several) within {plural(lasts_s, 'second')}."
    )


def won(decided: Decided, symbol: str) -> str:
    """To the winner."""
    net_z = decided.prize_z - decided.stake_z
    return (
        f"⚔️ You won against {name_shown(decided.loser.display_name)}:"
        f" {signed_money(net_z, symbol)}{_rake(decided, symbol)}."
        f" Balance: {money(decided.winner.balance_z, symbol)}. (Round {decided.number})"
    )


def lost(decided: Decided, symbol: str) -> str:
    """To the loser."""
    return (
        f"⚔️ You lost against {name_shown(decided.winner.display_name)}:"
        f" {signed_money(-decided.stake_z, symbol)}."
        f" Balance: {money(decided.loser.balance_z, symbol)}. (Round {decided.number})"
    )


def _rake(decided: Decided, symbol: str) -> str:
    if not decided.rake_z:
        return ""
    pot_z = decided.prize_z + decided.rake_z
    return f" ({money(pot_z, symbol)} less {money(decided.rake_z, symbol)} for the house)"


def public(
    template: str, decided: Decided, winner: str, loser: str, currency: Mapping[str, object]
) -> str:
    """What the channel hears of it; both names as the bot speaks of them."""
    values = {
        **currency,
        "winner": name_shown(winner),
        "loser": name_shown(loser),
        "amount": thousands(decided.prize_z),
        "wager": thousands(decided.stake_z),
        "rake": thousands(decided.rake_z),
    }
    return rendered_or(template, Templates().challenge_win, values)


def back(why: str, other: str, of: Pending, wallet: Wallet, symbol: str) -> str:
    """To the challenger: ``why`` continues a sentence that begins with the other's name."""
    return (
        f"⚔️ {name_shown(other)} {why}: your {money(of.stake_z, symbol)} are back."
        f" Balance: {money(wallet.balance_z, symbol)}."
    )


def declined_reply(of: Pending, symbol: str) -> str:
    """To the target who has declined."""
    return (
        f"⚔️ You have declined the challenge of {name_shown(of.challenger_shown)}"
        f" for {money(of.stake_z, symbol)}."
    )


def expired_for_target(of: Pending) -> str:
    """To the target who has not decided."""
    return f"⚔️ The challenge of {name_shown(of.challenger_shown)} has run out."


def off_for_target(of: Pending) -> str:
    """To the target, where the challenger may play no longer."""
    return f"⚔️ The challenge of {name_shown(of.challenger_shown)} is off."


def none_waiting(by: str | None) -> str:
    """There is nothing to decide."""
    return (
        "No challenge is waiting for you."
        if by is None
        else f"No challenge of {name_shown(by)} is waiting for you."
    )


def not_here(target: str) -> str:
    """Who is not in the channel can't be challenged."""
    return f"{name_shown(target)} is not here. Challenge somebody who is."


def oneself(target: str) -> str:
    """The target is the challenger under another name."""
    return f"{name_shown(target)} is you under another name: you can't challenge yourself."
