"""Stored ranks and CyTube levels: what was reached is stored once."""

from dataclasses import dataclass

from kryten_economy.ledger.operation import Request, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import NoAccount
from kryten_economy.users import UserKey

__all__ = (
    "RankStored",
    "SetRank",
    "StoreLevel",
    "StoreRank",
    "set_rank",
    "store_level",
    "store_rank",
)


@dataclass(frozen=True, slots=True)
class RankStored:
    """Whether this request stored the rank, and the wallet as it is now."""

    changed: bool
    wallet: Wallet


@dataclass(frozen=True, slots=True)
class StoreRank(Request[RankStored | NoAccount]):
    """Store a rank that was reached, if the stored one is still the one that was looked at.

    An admin's setting ends with it.
    """

    user: UserKey
    rank_name: str
    was_name: str
    was_held_from_z: int | None
    promoted: bool
    at_ms: int
    day: str


@operation
def store_rank(tx: Tx, ask: StoreRank) -> RankStored | NoAccount:
    """Store a rank unless somebody else has stored one since; so a promotion is told once."""
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    stored = (account.rank_name, account.rank_held_from_z)
    if stored != (ask.was_name, ask.was_held_from_z):
        return RankStored(False, account.wallet)
    account.rank_name, account.rank_held_from_z = ask.rank_name, None
    tx.accounts.touch(account, profile=True)
    if ask.promoted:
        tx.journal.count("rank_promotions_total")
    return RankStored(True, account.wallet)


@dataclass(frozen=True, slots=True)
class SetRank(Request[RankStored | NoAccount]):
    """Set a rank by hand; ``held`` until the earnings cross a threshold above those of now."""

    user: UserKey
    rank_name: str
    held: bool
    day: str


@operation
def set_rank(tx: Tx, ask: SetRank) -> RankStored | NoAccount:
    """An admin's setting, or the end of one."""
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    account.rank_name = ask.rank_name
    account.rank_held_from_z = account.lifetime_earned_z if ask.held else None
    tx.accounts.touch(account, profile=True)
    return RankStored(True, account.wallet)


@dataclass(frozen=True, slots=True)
class StoreLevel(Request[RankStored | NoAccount]):
    """Store a CyTube level that was given; never a lower one."""

    user: UserKey
    level: int
    day: str


@operation
def store_level(tx: Tx, ask: StoreLevel) -> RankStored | NoAccount:
    """The level CyTube has confirmed."""
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    if account.cytube_level >= ask.level:
        return RankStored(False, account.wallet)
    account.cytube_level = ask.level
    tx.accounts.touch(account, profile=True)
    tx.journal.count("cytube_promotions_total")
    return RankStored(True, account.wallet)
