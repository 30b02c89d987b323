"""What players read about games in general."""

from kryten_economy.text.templates import money

__all__ = ("called_off", "settled_late")


def settled_late(
    title: str, number: int, stake_z: int, payout_z: int, balance_z: int, symbol: str
) -> str:
    """A round that was drawn before an interruption, and paid after it."""
    paid = money(payout_z, symbol)
    return (
        f"🎲 {title} {number} is settled after an interruption: you staked"
        f" {money(stake_z, symbol)} and got {paid}."
        f" Balance: {money(balance_z, symbol)}."
    )


def called_off(title: str, stake_z: int, balance_z: int, symbol: str) -> str:
    """A round that did not take place."""
    return (
        f"🎲 {title} was called off: your {money(stake_z, symbol)} are back."
        f" Balance: {money(balance_z, symbol)}."
    )
