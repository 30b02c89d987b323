"""Anything that may be asked of the books: requests of every kind, at random and in conflict."""

from typing import Any

from hypothesis import strategies as st
from tests.unit.ledger import any_earning, any_games, any_running, any_spending
from tests.unit.ledger.acts import on_record
from tests.unit.ledger.any_earning import TALK

from kryten_economy.features.bans import Ban, Unban
from kryten_economy.features.bounties.operations import EndBounty
from kryten_economy.features.events.adhoc import StartAdHoc, StopAdHoc
from kryten_economy.features.gifts import AdminRain
from kryten_economy.features.money.operations import Credit, Debit, SetBalance
from kryten_economy.features.money.resetting import ResetBalances
from kryten_economy.features.presence.operations import RecordActivity
from kryten_economy.features.queue.purchases import standing_in
from kryten_economy.features.ranks.operations import SetRank
from kryten_economy.features.shop.operations import DefineItem, RemoveItem, SetStock
from kryten_economy.ledger.audit import OnRecord
from kryten_economy.ledger.operation import AndRead, Request

__all__ = ("KINDS", "TALK")

KINDS: dict[type[Request[Any]], st.SearchStrategy[Request[Any]]] = {
    **any_earning.KINDS,
    **any_spending.KINDS,
    **any_games.KINDS,
    **any_running.KINDS,
}
"""How each kind of request comes about; few names, ids and amounts, so that they meet."""
KINDS[OnRecord] = st.one_of(
    *(
        KINDS[kind]
        for kind in (
            Credit,
            Debit,
            SetBalance,
            AdminRain,
            ResetBalances,
            Ban,
            Unban,
            SetRank,
            StartAdHoc,
            StopAdHoc,
            DefineItem,
            RemoveItem,
            SetStock,
            EndBounty,
        )
    )
).map(on_record)
KINDS[AndRead] = st.builds(
    lambda counted: AndRead(counted, lambda tx: standing_in(tx, counted.user, counted.day)),
    KINDS[RecordActivity],
)
