"""Who may be named on leaderboards."""

from dataclasses import dataclass

from kryten_economy.ledger.operation import Request, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.users import UserKey

__all__ = ("Listed", "SetListed", "set_listed")


@dataclass(frozen=True, slots=True)
class Listed:
    """Whether leaderboards name the user now; ``changed`` if they did not agree before."""

    listed: bool
    changed: bool


@dataclass(frozen=True, slots=True)
class SetListed(Request[Listed]):
    """Let leaderboards name a user or not; opens the account if missing."""

    user: UserKey
    display_name: str
    listed: bool
    at_ms: int
    day: str


@operation
def set_listed(tx: Tx, ask: SetListed) -> Listed:
    """Let leaderboards name the user or not; a missing account is opened."""
    account = tx.find_or_open(ask.user, ask.display_name, ask.day, ask.at_ms)
    changed = bool(account.unlisted) == ask.listed
    if changed:
        account.unlisted = int(not ask.listed)
        tx.accounts.touch(account, profile=True)
    return Listed(ask.listed, changed)
