"""A new beginning for a whole channel: every balance becomes the same, in one act."""

import json
from dataclasses import dataclass
from typing import NamedTuple

from kryten_economy.ledger.audit import reversible
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.operation import Act, operation
from kryten_economy.ledger.posting import Entry, Paid, post
from kryten_economy.ledger.tx import Tx
from kryten_economy.refusals import AMOUNT_MAX_Z, InvalidAmount
from kryten_economy.users import Present

__all__ = ("BalancesReset", "ResetBalances", "ResetPreview", "reset_balances", "reset_preview")

_WALLETS = """
    SELECT name FROM account
    WHERE channel_id = ?1 AND kind = 'wallet' AND balance_z <> ?2 ORDER BY id
"""
_OTHERS = """
    FROM account AS a JOIN channel AS c ON c.id = a.channel_id
    WHERE c.name = ?1 AND a.kind = 'wallet' AND a.balance_z <> ?2
"""
_SUMS = f"""
    SELECT count(*), coalesce(sum(a.balance_z), 0),
        coalesce(sum(?2 - a.balance_z) FILTER (WHERE a.balance_z < ?2), 0),
        coalesce(sum(a.balance_z - ?2) FILTER (WHERE a.balance_z > ?2), 0)
    {_OTHERS}
"""
_TOP = f"""
    SELECT a.display_name, ?2 - a.balance_z {_OTHERS}
    ORDER BY abs(?2 - a.balance_z) DESC, a.name LIMIT 5
"""


@dataclass(frozen=True, slots=True)
class BalancesReset:
    """How many balances were changed, and how much was given and taken in all.

    ``moved`` are those who are here, each with what they gained or lost.
    """

    accounts: int
    given_z: int
    taken_z: int
    moved: tuple[Paid, ...]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class ResetBalances(Act[BalancesReset | InvalidAmount]):
    """Make every balance of a channel ``amount_z`` ≥ 0; what is held stays held.

    ``present`` are those to be told.
    """

    op_id: str
    channel: str
    amount_z: int
    reason: str
    by: str
    present: tuple[Present, ...]
    at_ms: int
    day: str


@operation
def reset_balances(tx: Tx, ask: ResetBalances) -> BalancesReset | InvalidAmount:
    """As setting each of them: the difference is one row (P-MON-15)."""
    if not 0 <= ask.amount_z <= AMOUNT_MAX_Z:
        return InvalidAmount(ask.amount_z)
    channel = tx.channel(ask.channel)
    names = [str(name) for (name,) in tx.query(_WALLETS, channel.id, ask.amount_z)]
    accounts = [each for each in tx.accounts.find_many(channel, names, ask.day) if each]
    deltas_z = [ask.amount_z - each.balance_z for each in accounts]
    given_z = sum(each for each in deltas_z if each > 0)
    taken_z = -sum(each for each in deltas_z if each < 0)
    mint, sink = tx.system(channel, "mint"), tx.system(channel, "sink")
    if not (mint.has_room(-given_z) and sink.has_room(taken_z)):
        return InvalidAmount(ask.amount_z)
    why = json.dumps({"by": ask.by})
    entry = Entry("admin_set_balance", "admin.reset", ask.reason, ask.at_ms, ask.day, metadata=why)
    here = {each.name for each in ask.present}
    moved = []
    for account, delta_z in zip(accounts, deltas_z, strict=True):
        post(tx, account, delta_z, mint if delta_z > 0 else sink, entry)
        if account.name in here:
            moved.append(Paid(account.wallet, delta_z))
    return BalancesReset(len(accounts), given_z, taken_z, tuple(moved))


reversible(ResetBalances)


class ResetPreview(NamedTuple):
    """What a reset would change now: how many balances, how much, and the largest changes."""

    accounts: int
    total_z: int
    given_z: int
    taken_z: int
    top: tuple[tuple[str, int], ...]


def reset_preview(reader: Reader, channel: str, amount_z: int) -> ResetPreview:
    """Nothing is changed."""
    accounts, total_z, given_z, taken_z = reader.sql.only(_SUMS, channel, amount_z)
    top = tuple(
        (str(name), int(delta_z)) for name, delta_z in reader.sql.rows(_TOP, channel, amount_z)
    )
    return ResetPreview(accounts, total_z, given_z, taken_z, top)
