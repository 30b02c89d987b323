"""A business act is one module: its request, its answer and a function that is registered."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import pytest
from tests.unit.ledger.acts import DAY, NOW, ask, earn, key, look, op

from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.operation import Act, Failed, Request, operation
from kryten_economy.ledger.posting import Entry, post
from kryten_economy.ledger.records import SetReadOnly
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import Conflict, NoAccount, ReadOnly
from kryten_economy.users import UserKey


@dataclass(frozen=True, slots=True)
class Treated:
    """What the treat was worth, and the wallet after it."""

    amount_z: int
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Treat(Act[Treated | NoAccount]):
    """Give somebody a treat."""

    op_id: str
    user: UserKey
    amount_z: int
    at_ms: int
    day: str


@operation
def treat(tx: Tx, ask: Treat) -> Treated | NoAccount:
    """Pay the treat from the mint."""
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    entry = Entry("earn", "toy.treat", "Treat", ask.at_ms, ask.day)
    post(tx, account, ask.amount_z, tx.system(account.channel, "mint"), entry)
    return Treated(ask.amount_z, account.wallet)


@dataclass(frozen=True, slots=True)
class Untold:
    """An answer that can't say that it is a repetition."""

    amount_z: int


@dataclass(frozen=True, slots=True)
class Hush(Act[Untold]):
    """An act whose answer nobody could keep."""

    op_id: str
    user: UserKey
    at_ms: int


@dataclass(frozen=True, slots=True)
class Careless(Act[Treated | NoAccount]):
    """An act that moves money before it refuses."""

    op_id: str
    user: UserKey
    at_ms: int
    day: str


@operation
def careless(tx: Tx, ask: Careless) -> Treated | NoAccount:
    """Do what no operation may do."""
    treat(tx, Treat(ask.op_id, ask.user, 3, ask.at_ms, ask.day))
    return NoAccount(ask.user)


@dataclass(frozen=True, slots=True)
class Unheard(Request[int]):
    """A request that no function carries out."""


def test_an_act_of_one_module_is_asked_and_told_again(books: Books, reports: Reports) -> None:
    """Nothing but the module itself makes it an act of the books, repetition included."""
    books.commit([earn("Bob", 5)])
    asked = Treat(op(), key("Bob"), 3, NOW, DAY)
    first = ask(books, asked)
    assert (first.amount_z, first.wallet.balance_z, first.replayed) == (3, 8, False)
    assert ask(books, replace(asked, at_ms=NOW + 5)) == replace(first, replayed=True)
    assert ask(books, replace(asked, amount_z=4)) == Conflict(asked.op_id)
    assert reports.transactions(key("Bob"))[0].trigger_id == "toy.treat"
    assert look(books, "Bob").balance_z == 8


def test_an_act_of_one_module_is_refused_like_any_other(books: Books) -> None:
    """Refusals leave the id free, and a closed channel refuses it without being asked."""
    asked = Treat(op(), key("Bob"), 3, NOW, DAY)
    assert ask(books, asked) == NoAccount(key("Bob"))
    books.commit([earn("Bob", 5), SetReadOnly("Lounge", "odd", NOW)])
    assert ask(books, asked) == ReadOnly("Lounge", "odd")
    assert look(books, "Bob").balance_z == 5


class OldParcel(NamedTuple):
    """What a parcel holds, before it could be wrapped."""

    amount_z: int


class NewParcel(NamedTuple):
    """The same, of a younger version."""

    amount_z: int
    wrapping: str = ""


@dataclass(frozen=True, slots=True)
class Post(Act[Treated | NoAccount]):
    """Send a parcel."""

    op_id: str
    user: UserKey
    parcel: OldParcel
    at_ms: int
    day: str


@dataclass(frozen=True, slots=True)
class YoungerPost(Act[Treated | NoAccount]):
    """The same, of a younger version, which has two fields more."""

    op_id: str
    user: UserKey
    parcel: NewParcel
    at_ms: int
    day: str
    insured_z: int = 0
    weight_g: int = 0


@operation
def send(tx: Tx, ask: Post) -> Treated | NoAccount:
    """Pay what is in the parcel."""
    return treat(tx, Treat(ask.op_id, ask.user, ask.parcel.amount_z, ask.at_ms, ask.day))


# What the books keep are the names that the older version had.
YoungerPost.__name__, NewParcel.__name__ = Post.__name__, OldParcel.__name__


@operation
def send_younger(tx: Tx, ask: YoungerPost) -> Treated | NoAccount:
    """Pay what is in the parcel."""
    return treat(tx, Treat(ask.op_id, ask.user, ask.parcel.amount_z, ask.at_ms, ask.day))


def test_an_act_that_has_gained_fields_is_still_the_same_act(books: Books) -> None:
    """Asked again by a younger version it is a repetition, unless a new field says otherwise."""
    books.commit([earn("Bob", 5)])
    old = Post(op(), key("Bob"), OldParcel(3), NOW, DAY)
    first = ask(books, old)
    young = YoungerPost(old.op_id, key("Bob"), NewParcel(3), NOW, DAY)
    assert ask(books, young) == replace(first, replayed=True)
    for other in (
        replace(young, insured_z=1),
        replace(young, parcel=NewParcel(3, "red")),
        replace(young, parcel=NewParcel(4)),
    ):
        assert ask(books, other) == Conflict(old.op_id)
    assert look(books, "Bob").balance_z == 8


def test_equal_values_of_different_fields_are_different_acts(books: Books) -> None:
    """Leaving out what is at its default confuses no two acts."""
    books.commit([earn("Bob", 5)])
    young = YoungerPost(op(), key("Bob"), NewParcel(3), NOW, DAY, insured_z=7)
    ask(books, young)
    assert ask(books, replace(young, insured_z=0, weight_g=7)) == Conflict(young.op_id)
    assert look(books, "Bob").balance_z == 8


def test_a_request_has_one_operation() -> None:
    """A second function for the same request is refused when it is registered."""
    with pytest.raises(AssertionError, match="Treat has an operation already"):

        @operation
        def second(tx: Tx, ask: Treat) -> Treated:
            raise NotImplementedError


def test_an_answer_that_is_kept_says_whether_it_is_a_repetition() -> None:
    """An act whose answer can't be told again is refused when it is registered."""
    with pytest.raises(AssertionError, match=r"Untold\.replayed"):

        @operation
        def hush(tx: Tx, ask: Hush) -> Untold:
            raise NotImplementedError


def test_who_refuses_after_moving_money_fails(books: Books) -> None:
    """A refusal means that nothing has moved; the books hold operations to it."""
    books.commit([earn("Bob", 5)])
    assert isinstance(ask(books, Careless(op(), key("Bob"), NOW, DAY)), Failed)
    assert look(books, "Bob").balance_z == 5


def test_what_nobody_carries_out_fails_alone(books: Books) -> None:
    """A request without an operation is a defect of its sender."""
    failed, _ = books.commit([Unheard(), earn("Bob", 5)]).answers
    assert isinstance(failed, Failed)
    assert look(books, "Bob").balance_z == 5
