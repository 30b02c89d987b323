"""A user's command as its handler gets it."""

from dataclasses import dataclass

from kryten_economy.commands.grammar import Parsed
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.users import UserKey

__all__ = ("UserRequest",)


@dataclass(frozen=True, slots=True)
class UserRequest:
    """A command with what is known about its sender."""

    user: UserKey
    display_name: str
    parsed: Parsed
    wallet: Wallet
    is_admin: bool
