"""A toy operation: a treat for somebody."""

from dataclasses import dataclass

from kryten_economy.ledger.operation import Act, operation
from kryten_economy.ledger.posting import Entry, post
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import NoAccount
from kryten_economy.users import UserKey

__all__ = ("GiveTreat", "TreatGiven", "give_treat")


@dataclass(frozen=True, slots=True)
class TreatGiven:
    """The wallet after it."""

    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class GiveTreat(Act[TreatGiven | NoAccount]):
    """Three coins for a user."""

    op_id: str
    user: UserKey
    at_ms: int
    day: str


@operation
def give_treat(tx: Tx, ask: GiveTreat) -> TreatGiven | NoAccount:
    """Pay the treat from the mint."""
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    entry = Entry("earn", "toy.treat", "A treat", ask.at_ms, ask.day)
    post(tx, account, 3, tx.system(account.channel, "mint"), entry)
    return TreatGiven(account.wallet)
