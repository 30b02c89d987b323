"""Quiet mode: who wants no automatic notices."""

from dataclasses import dataclass

from kryten_economy.ledger.operation import Request, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.users import UserKey

__all__ = ("SetQuiet", "set_quiet")


@dataclass(frozen=True, slots=True)
class SetQuiet(Request[Wallet]):
    """Turn automatic notices off or on; opens the account if missing."""

    user: UserKey
    display_name: str
    on: bool
    at_ms: int
    day: str = ""


@operation
def set_quiet(tx: Tx, ask: SetQuiet) -> Wallet:
    """Turn automatic notices off or on; a missing account is opened (P-MSG-5)."""
    account = tx.find_or_open(ask.user, ask.display_name, ask.day, ask.at_ms)
    tx.accounts.rename(account, ask.display_name)
    if bool(account.quiet) != ask.on:
        account.quiet = int(ask.on)
        tx.accounts.touch(account, profile=True)
    return account.wallet
