"""Parts of a coin, kept per account and trigger until they make a whole one."""

from kryten_economy.ledger.accounts import Account
from kryten_economy.ledger.cached import CachedTable
from kryten_economy.ledger.tx import Tx

__all__ = ("held_fraction", "hold_fraction")

_FRACTIONS: CachedTable[tuple[int, str], tuple[float]] = CachedTable(
    "SELECT held FROM trigger_fractions WHERE account_id = ? AND trigger_id = ?",
    """
    INSERT INTO trigger_fractions (account_id, trigger_id, held) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET held = excluded.held
    """,
)


def held_fraction(tx: Tx, account: Account, trigger_id: str) -> float:
    """The part of a coin that waits for more, in [0, 1)."""
    row = tx.cached(_FRACTIONS).get((account.id, trigger_id))
    if row is None:
        return 0.0
    (held,) = row
    return held


def hold_fraction(tx: Tx, account: Account, trigger_id: str, held: float) -> None:
    """Keep another part."""
    tx.cached(_FRACTIONS).put((account.id, trigger_id), (held,))
