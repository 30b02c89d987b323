"""In which order the books carry out what has come together."""

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.ledger.acts import ask, earn, look, spend, tip

from economy_actors.ledger import by_kind
from economy_actors.messages.ledger import Commit
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.operation import Request

KINDS = (
    lambda number: earn("alice", number + 1),
    lambda number: spend("alice", number + 1),
    lambda number: tip("alice", "bob", number + 1),
)
requests: st.SearchStrategy[list[tuple[int, bool]]] = st.lists(
    st.tuples(st.integers(0, len(KINDS) - 1), st.booleans()), max_size=40
)


def commits(drawn: list[tuple[int, bool]]) -> list[Commit]:
    return [
        Commit(KINDS[kind](number), is_awaited=is_awaited)
        for number, (kind, is_awaited) in enumerate(drawn)
    ]


@given(requests)
def test_each_is_carried_out_once(drawn: list[tuple[int, bool]]) -> None:
    """Nothing is lost by being moved, and nothing done twice."""
    came = commits(drawn)
    assert sorted(map(id, by_kind(came))) == sorted(map(id, came))


@given(requests)
def test_what_is_not_waited_for_keeps_its_place(drawn: list[tuple[int, bool]]) -> None:
    """Who goes on at once may ask for something that comes after it, and must find it done."""
    came = commits(drawn)
    ordered = by_kind(came)
    for place, commit in enumerate(came):
        if not commit.is_awaited:
            assert ordered[place] is commit
            assert {*map(id, ordered[:place])} == {*map(id, came[:place])}


@given(requests)
def test_within_a_kind_the_first_to_come_is_the_first(drawn: list[tuple[int, bool]]) -> None:
    """Two who want the last of something get it in the order in which they asked."""
    came = commits(drawn)

    def of(kind: type[Request[Any]], among: list[Commit]) -> list[int]:
        return [id(each) for each in among if type(each.request) is kind]

    for kind in {type(each.request) for each in came}:
        assert of(kind, by_kind(came)) == of(kind, came)


def test_a_kind_stands_together(tmp_path: Path) -> None:
    """Those who wait are answered as if their kind had come as one."""
    came = [Commit(KINDS[number % 3](number), is_awaited=True) for number in range(9)]
    ordered = by_kind(came)
    assert [came.index(each) for each in ordered] == [0, 3, 6, 1, 4, 7, 2, 5, 8]
    books = Books.open(tmp_path / "e.db")
    try:
        ask(books, earn("alice", 1_000))
        ask(books, earn("bob", 1))
        books.commit([each.request for each in ordered])
        assert look(books, "alice").balance_z == 1_000 + (1 + 4 + 7) - (2 + 5 + 8) - (3 + 6 + 9)
        assert look(books, "bob").balance_z == 1 + (3 + 6 + 9)
    finally:
        books.close()
