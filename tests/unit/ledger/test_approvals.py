"""What waits for an operator: the payment is held, and moves once, when they decide."""

from dataclasses import dataclass
from typing import Any

import pytest
from tests.unit.ledger.acts import CHANNEL, DAY, NEXT_DAY, NOW, earn, key

from kryten_economy.features.approvals import (
    Opened,
    ResolveApproval,
    Resolved,
    approvable,
    open_approval,
    overdue_approvals,
    pending_approvals,
)
from kryten_economy.features.possessions import owned_by_user, put
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.account import Account
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.operation import Act, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import (
    Banned,
    Conflict,
    Insufficient,
    InvalidAmount,
    NoAccount,
    NotPending,
)
from kryten_economy.users import UserKey

DAY_MS = 86_400_000


def _hang(tx: Tx, account: Account, data: dict[str, Any], at_ms: int) -> None:
    put(tx, account, "poster", data["text"], at_ms)


POSTER = approvable("test_poster", refund_trigger="refund.poster", granted=_hang, expires_ms=DAY_MS)


@dataclass(frozen=True, slots=True)
class Asked:
    """The number of the request."""

    approval_id: int
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class AskForPoster(Act[Asked | Insufficient | NoAccount | Banned | InvalidAmount]):
    """Pay for a poster that an operator has to like."""

    op_id: str
    user: UserKey
    amount_z: int
    text: str
    at_ms: int
    day: str


@operation
def ask_for_poster(
    tx: Tx, ask: AskForPoster
) -> Asked | Insufficient | NoAccount | Banned | InvalidAmount | Conflict:
    """Set the payment aside and ask."""
    data = {"text": ask.text}
    opened = open_approval(
        tx, ask, ask.user, ask.amount_z, POSTER, "spend.poster", "Poster", data, ask.day
    )
    return Asked(opened.approval_id, opened.wallet) if isinstance(opened, Opened) else opened


@pytest.fixture
def asked(books: Books) -> Asked:
    """Bob has 50 Z and asks for a poster of 30."""
    books.commit([earn("Bob", 50)])
    [answer] = books.commit([AskForPoster("ask", key("Bob"), 30, "Metropolis", NOW, DAY)]).answers
    assert isinstance(answer, Asked)
    return answer


def _decide(books: Books, approval_id: int, op_id: str, *, approved: bool) -> object:
    act = ResolveApproval(
        op_id, CHANNEL, approval_id, approved, "Boss", "Poster", NOW + 1, NEXT_DAY
    )
    [answer] = books.commit([act]).answers
    return answer


def test_the_payment_waits_until_it_is_decided(reports: Reports, asked: Asked) -> None:
    """What was paid is out of reach and nobody's yet, and the request says what it is about."""
    [pending] = pending_approvals(reports, CHANNEL, POSTER)
    assert asked.wallet.balance_z == 20
    assert (pending.id, pending.name, pending.paid_z) == (asked.approval_id, "bob", 30)
    assert pending.data == {"text": "Metropolis"}


def test_a_grant_takes_the_money_and_has_its_effect(
    books: Books, reports: Reports, asked: Asked
) -> None:
    """Granted: the coins are spent and the thing is theirs, in one act."""
    answer = _decide(books, asked.approval_id, "yes", approved=True)
    assert isinstance(answer, Resolved)
    assert (answer.wallet.balance_z, answer.refund_z) == (20, 0)
    assert [(each.type, each.value) for each in owned_by_user(reports, key("Bob"))] == [
        ("poster", "Metropolis")
    ]


def test_a_rejection_gives_all_back(books: Books, reports: Reports, asked: Asked) -> None:
    """Rejected: the balance is as before, and nothing counts as spent."""
    answer = _decide(books, asked.approval_id, "no", approved=False)
    assert isinstance(answer, Resolved)
    assert (answer.wallet.balance_z, answer.refund_z) == (50, 30)
    wallet = reports.wallet(key("Bob"), DAY)
    assert wallet is not None
    assert owned_by_user(reports, key("Bob")) == ()


@pytest.mark.parametrize("first", [True, False])
def test_only_the_first_decision_counts(books: Books, asked: Asked, *, first: bool) -> None:
    """A second operator learns that it is settled, and moves nothing (P-SHOP-5)."""
    _decide(books, asked.approval_id, "first", approved=first)
    assert _decide(books, asked.approval_id, "second", approved=not first) == NotPending()
    assert _decide(books, 999, "third", approved=True) == NotPending()


def test_who_waits_too_long_is_found(reports: Reports, asked: Asked) -> None:
    """A request is overdue when its kind's time is over, and not before."""
    assert overdue_approvals(reports, CHANNEL, NOW + DAY_MS - 1) == ()
    [overdue] = overdue_approvals(reports, CHANNEL, NOW + DAY_MS)
    assert overdue.id == asked.approval_id


def test_a_kind_is_named_once() -> None:
    """Two features can't decide for each other."""
    with pytest.raises(AssertionError):
        approvable("test_poster", refund_trigger="x")
