"""What a tip may be, kept within the one operation, whatever comes at once."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.ledger.acts import (
    NEXT_DAY,
    NOW,
    ask,
    earn,
    key,
    look,
    tip,
    told,
)

from kryten_economy.features.bans import Ban
from kryten_economy.features.tips import Tipped
from kryten_economy.ledger.books import Books
from kryten_economy.refusals import Banned, Conflict, DailySum, NoAccount, TooYoung

MINUTE_MS = 60_000


@pytest.fixture
def pair(books: Books) -> Books:
    books.commit([earn("Al", 1000), earn("Bob", 10)])
    return books


def test_the_allowance_of_the_day(pair: Books) -> None:
    """What was sent today counts, whoever got it; the next day begins at nothing."""
    small = replace(tip("Al", "Bob", 60), most_per_day_z=100)
    assert told(pair, small, Tipped).left_today_z == 40
    assert ask(pair, replace(small, op_id="b", amount_z=41)) == DailySum("tips", 100, 40)
    assert told(pair, replace(small, op_id="c", amount_z=40), Tipped).left_today_z == 0
    tomorrow = replace(small, op_id="d", amount_z=100, day=NEXT_DAY)
    assert told(pair, tomorrow, Tipped).left_today_z == 0


def test_a_lowered_limit_leaves_nothing(pair: Books) -> None:
    """More was sent than is allowed now: nothing is left, and not less."""
    pair.commit([tip("Al", "Bob", 60)])
    assert ask(pair, replace(tip("Al", "Bob", 1), most_per_day_z=50)) == DailySum("tips", 50, 0)


def test_the_age_of_the_account(pair: Books) -> None:
    """The exact age is enough; who is too new is told so even if nobody is to get it."""
    young = replace(tip("Al", "Bob", 1), min_age_ms=MINUTE_MS, at_ms=NOW + MINUTE_MS - 1)
    assert ask(pair, young) == TooYoung(1)
    assert ask(pair, replace(young, taker=key("Ghost"))) == TooYoung(1)
    old = replace(young, at_ms=NOW + MINUTE_MS)
    assert ask(pair, replace(old, taker=key("Ghost"))) == NoAccount(key("Ghost"))
    assert isinstance(ask(pair, old), Tipped)


def test_what_is_wrong_with_the_giver_comes_first(pair: Books) -> None:
    """The banned learn of their ban, not of who has an account."""
    pair.commit([Ban(key("Al"), "Al", "Boss", "", NOW)])
    assert ask(pair, tip("Al", "Ghost", 1)) == Banned(key("Al"))


def test_a_repetition_under_other_limits_is_the_same_tip(pair: Books) -> None:
    """A reload between two deliveries of a message makes no conflict; another amount does."""
    first = tip("Al", "Bob", 5, "once")
    pair.commit([first])
    again = told(pair, replace(first, most_per_day_z=7, min_age_ms=9, day=NEXT_DAY), Tipped)
    assert again.replayed
    assert ask(pair, replace(first, amount_z=6)) == Conflict("once")
    assert look(pair, "Bob").balance_z == 15


PEOPLE = st.sampled_from(["Al", "Bob", "Cy"])
TIPS = st.lists(st.tuples(PEOPLE, PEOPLE, st.integers(1, 60)), max_size=40)


@settings(max_examples=60)
@given(TIPS)
def test_tipping_back_and_forth_earns_nothing(moves: list[tuple[str, str, int]]) -> None:
    """P-MON-2: no sequence of tips changes what anybody has earned, or the sum of all coins."""
    with TemporaryDirectory() as folder:
        books = Books.open(Path(folder) / "e.db")
        books.commit([earn(name, 50) for name in ("Al", "Bob", "Cy")])
        sent = dict.fromkeys(("Al", "Bob", "Cy"), 0)
        for giver, taker, amount_z in moves:
            answer = ask(books, replace(tip(giver, taker, amount_z), most_per_day_z=100))
            sent[giver] += amount_z if isinstance(answer, Tipped) else 0
        wallets = {name: look(books, name) for name in sent}
        assert {each.lifetime_earned_z for each in wallets.values()} == {50}
        assert sum(each.balance_z for each in wallets.values()) == 150
        assert max(sent.values()) <= 100
        assert {name: each.lifetime_spent_z for name, each in wallets.items()} == sent
        books.close()


def test_a_tip_between_known_accounts_reads_only_its_id(pair: Books) -> None:
    """Allowance, age and balances stand in rows that are known: nothing more is looked up."""
    pair.commit([tip("Al", "Bob", 1)])
    statements: list[str] = []

    def note(_: object, statement: str, __: object) -> bool:
        statements.append(statement)
        return True

    pair._tx.sql.connection.exec_trace = note
    [answer] = pair.commit([replace(tip("Al", "Bob", 1), most_per_day_z=100, min_age_ms=0)]).answers
    assert isinstance(answer, Tipped)
    reads = [each for each in statements if each.lstrip().upper().startswith("SELECT")]
    assert len(reads) <= 1, reads
