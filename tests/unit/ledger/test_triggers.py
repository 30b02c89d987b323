"""Triggers in the books: limits, fractions, counters and credits in one (`storage.md` 4)."""

import contextlib
import dataclasses
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.ledger.acts import CHANNEL, DAY, NEXT_DAY, NOW, key, look, op, told

from kryten_economy.features.bans import Ban, BanState
from kryten_economy.features.chat.operations import (
    LineRecorded,
    LinesRecorded,
    PaidTrigger,
    PayTriggers,
    RecordChat,
    RecordLines,
    TriggersPaid,
)
from kryten_economy.features.chat.triggers import FirstOfDay, Tally, TriggerAward, Window
from kryten_economy.features.presence.rules import EarningGate
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.operation import Failed
from kryten_economy.ledger.records import Pruned, PruneHelpers

HOUR_MS = 3_600_000


@contextmanager
def fresh_books() -> Iterator[Books]:
    """Empty books for one example of a property."""
    with tempfile.TemporaryDirectory() as folder:
        books = Books.open(Path(folder) / "books.db")
        yield books
        books.close()


def award(name: str = "alice", amount: float = 1, **more: object) -> TriggerAward:
    values = {"trigger_id": "chat.long_message", "reason": "Long message"} | more
    return TriggerAward(name=name, amount=amount, **values)  # type: ignore[arg-type]  # test data


def line(*awards: TriggerAward, at_ms: int = NOW, day: str = DAY, **more: object) -> RecordChat:
    base = RecordChat(op(), key("Alice"), "Alice", at_ms, day, awards=awards)
    return dataclasses.replace(base, **more)  # type: ignore[arg-type]  # test data


def paid(books: Books, request: RecordChat) -> list[int]:
    return [each.amount_z for each in told(books, request, LineRecorded).paid]


def test_a_line_counts_and_pays(books: Books) -> None:
    """Counter and credit are one; the facts hold the wallet after both."""
    done = books.commit([line(award(), long_messages=1)])
    assert done.answers == (LineRecorded((PaidTrigger("alice", "chat.long_message", 1),)),)
    wallet = done.facts[0].wallets["alice"]
    assert (wallet.balance_z, wallet.lifetime_messages) == (1, 1)
    assert wallet.lifetime_earned_z == 1


def test_a_repeated_line_pays_once(books: Books) -> None:
    """The same id answers what it answered and moves nothing."""
    request = line(award())
    first = told(books, request, LineRecorded)
    again = told(books, request, LineRecorded)
    assert again.replayed
    assert again.paid == first.paid
    assert look(books, "Alice").balance_z == 1


def test_a_repeated_batch_of_lines_moves_nothing(tmp_path: Path) -> None:
    """A batch is booked once, be it asked for again at once or from books that were reopened.

    Its lines are not counted twice, those that pay nothing and have no id included; asked for
    by itself, a line that paid is answered what it was answered in the batch.
    """
    plain, paying = line(), line(award(), long_messages=1)
    thanks = PayTriggers(op(), CHANNEL, NOW, DAY, (award("alice", 3, trigger_id="chat.kudos"),))
    batch = RecordLines(CHANNEL, op(), (plain, paying, thanks))
    books = Books.open(tmp_path / "books.db")
    done = books.commit([batch, batch])
    assert done.answers == (LinesRecorded(3), LinesRecorded(0))
    first = done.facts[0].wallets["alice"]
    assert (first.balance_z, first.lifetime_messages) == (4, 2)
    assert books.commit([batch]).facts == ()
    books.close()
    books = Books.open(tmp_path / "books.db")
    again = books.commit([batch, paying, thanks])
    assert again.answers == (
        LinesRecorded(0),
        LineRecorded((PaidTrigger("alice", "chat.long_message", 1),), replayed=True),
        TriggersPaid((PaidTrigger("alice", "chat.kudos", 3),), replayed=True),
    )
    assert again.facts == ()
    assert look(books, "Alice") == first
    books.close()
    with contextlib.closing(apsw.Connection(str(tmp_path / "books.db"))) as sql:
        assert list(sql.execute("SELECT count(*) FROM transfer")) == [(2,)]
        assert list(sql.execute("SELECT sum(messages_sent) FROM daily_activity")) == [(2,)]


def test_a_batch_that_met_a_defect_is_not_taken_for_booked(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it stands, so asked for again it is booked whole."""
    batch = RecordLines(CHANNEL, op(), (line(), line(award())))
    with monkeypatch.context() as patch:
        patch.setattr("kryten_economy.features.chat.operations._credit", None)
        [failed] = books.commit([batch]).answers
    assert isinstance(failed, Failed)
    assert books.commit([batch]).answers == (LinesRecorded(2),)
    wallet = look(books, "Alice")
    assert (wallet.balance_z, wallet.lifetime_messages) == (1, 2)


def test_a_window_starts_with_its_first_hit(books: Books) -> None:
    """Hits inside count, the limit refuses, the first after the end opens anew (8.1)."""

    def hit(at_ms: int) -> list[int]:
        return paid(books, line(award(limit=Window("k", at_ms + HOUR_MS, 2)), at_ms=at_ms))

    assert hit(NOW) == [1]
    assert hit(NOW + HOUR_MS - 1) == [1]
    assert hit(NOW + HOUR_MS - 1) == []
    assert hit(NOW + HOUR_MS) == [1]
    assert hit(NOW + 2 * HOUR_MS - 1) == [1]
    assert hit(NOW + 2 * HOUR_MS - 1) == []


@settings(max_examples=40)
@given(steps=st.lists(st.integers(0, HOUR_MS), max_size=25), most=st.integers(0, 4))
def test_no_window_ever_pays_more_than_its_limit(steps: list[int], most: int) -> None:
    """Whatever the times, hits follow the model of a window that its first hit opens."""
    with fresh_books() as books:
        at_ms, ends_ms, count = NOW, 0, 0
        for step in steps:
            at_ms += step
            got = paid(books, line(award(limit=Window("k", at_ms + HOUR_MS, most)), at_ms=at_ms))
            if at_ms >= ends_ms:
                count, opened_ms = 0, at_ms + HOUR_MS
            else:
                opened_ms = ends_ms
            assert got == ([1] if count < most else [])
            if count < most:
                count, ends_ms = count + 1, opened_ms


def test_the_first_message_is_claimed_once_a_day(books: Books) -> None:
    """P-EARN-18: claim and credit are one; tomorrow has its own."""
    first = award(amount=5, limit=FirstOfDay())
    assert paid(books, line(first)) == [5]
    assert paid(books, line(first)) == []
    assert paid(books, line(first, day=NEXT_DAY)) == [5]


def test_halves_make_wholes(books: Books) -> None:
    """0.5 + 0.5 pays on the second, over a restart as well (2.2)."""
    assert paid(books, line(award(amount=0.5))) == [0]
    assert paid(books, line(award(amount=0.5))) == [1]
    assert paid(books, line(award(amount=0.5))) == [0]


@settings(max_examples=40)
@given(st.lists(st.sampled_from([0.5, 0.1, 0.75, 1.5, 2.0]), max_size=30))
def test_nothing_is_lost_to_fractions(amounts: list[float]) -> None:
    """The sum of what was paid is the whole part of the sum of all amounts."""
    with fresh_books() as books:
        total_z = sum(sum(paid(books, line(award(amount=amount)))) for amount in amounts)
        tenths = sum(round(amount * 100) for amount in amounts)
        assert total_z == tenths // 100


def test_nobody_gets_an_account_by_being_named(books: Books) -> None:
    """P-EARN-3: `c++` pays nobody, opens nothing and is no kudos given."""
    kudos = award("c", trigger_id="chat.kudos_received")
    tallies = (Tally("c", "kudos_received"), Tally("alice", "kudos_given", "c"))
    answer = told(books, line(kudos, tallies=tallies), LineRecorded)
    assert answer.paid == ()
    assert told(books, line(award("bob")), LineRecorded).paid == ()


def test_tallies_count_also_where_the_limit_refuses(tmp_path: Path) -> None:
    """Kudos count for both sides, whether they pay or not (8.3)."""
    books = Books.open(tmp_path / "e.db")
    told(books, RecordChat(op(), key("Bob"), "Bob", NOW, DAY), LineRecorded)
    kudos = award("bob", 3, trigger_id="chat.kudos_received", limit=Window("k", NOW + 1, 1))
    tallies = (Tally("bob", "kudos_received"), Tally("alice", "kudos_given", "bob"))
    for expected in ([3], []):
        assert paid(books, line(kudos, tallies=tallies)) == expected
    books.close()
    rows = _query(tmp_path / "e.db", "SELECT kudos_given, kudos_received FROM daily_activity")
    assert sorted(rows) == [(0, 2), (2, 0)]


def test_the_banned_are_neither_counted_nor_paid(books: Books) -> None:
    """8.6 and 1: their lines count nothing, and nobody pays them."""
    told(books, line(), LineRecorded)
    told(books, Ban(key("Alice"), "Alice", "boss", "", NOW), BanState)
    answer = told(books, line(award()), LineRecorded)
    assert answer.paid == ()
    wallet = look(books, "Alice")
    assert (wallet.lifetime_messages, wallet.balance_z) == (1, 0)


def test_the_gate_withholds_the_pay_and_keeps_the_claim(books: Books) -> None:
    """2.4: withheld rewards are not paid later, messages are counted."""
    gate = EarningGate(min_messages=2)
    first = award(limit=FirstOfDay())
    assert paid(books, line(first, gate=gate)) == [0]
    assert paid(books, line(first, gate=gate)) == []
    assert paid(books, line(award(), gate=gate)) == [1]


def test_emotes_count_once_a_day(tmp_path: Path) -> None:
    """The day's count is the number of distinct names (8.6)."""
    books = Books.open(tmp_path / "e.db")
    told(books, line(emotes=(":a:", ":b:")), LineRecorded)
    told(books, line(emotes=(":b:", ":c:")), LineRecorded)
    told(books, line(emotes=(":b:",), day=NEXT_DAY), LineRecorded)
    books.close()
    path = tmp_path / "e.db"
    days = _query(path, "SELECT day, unique_emotes_used FROM daily_activity ORDER BY day")
    assert days == [(DAY, 3), (NEXT_DAY, 1)]
    assert _query(path, "SELECT count(*) FROM lifetime_emotes") == [(3,)]


def test_triggers_are_counted_by_their_id(tmp_path: Path) -> None:
    """P-EARN-10, P-TXT-11: hits, distinct users and Z stand under the id that was booked."""
    books = Books.open(tmp_path / "e.db")
    told(books, RecordChat(op(), key("Bob"), "Bob", NOW, DAY), LineRecorded)
    told(books, line(award(), award("bob", 2), award()), LineRecorded)
    books.close()
    reports = Reports.open(tmp_path / "e.db")
    [row] = reports.triggers(CHANNEL, DAY, DAY)
    reports.close()
    assert (row.trigger_id, row.hit_count, row.unique_users) == ("chat.long_message", 3, 2)
    assert row.total_z_awarded == 4


def test_who_was_paid_on_several_days_is_one_of_the_days_together(tmp_path: Path) -> None:
    """Over days everybody counts once, and only whoever was paid on one of them."""
    books = Books.open(tmp_path / "e.db")
    told(books, RecordChat(op(), key("Bob"), "Bob", NOW, DAY), LineRecorded)
    told(books, line(award(), award("bob")), LineRecorded)
    told(books, line(award(), award(trigger_id="chat.greeted"), day=NEXT_DAY), LineRecorded)
    books.close()
    reports = Reports.open(tmp_path / "e.db")

    def users(first_day: str, last_day: str) -> dict[str, tuple[int, int]]:
        rows = reports.triggers(CHANNEL, first_day, last_day)
        return {each.trigger_id: (each.hit_count, each.unique_users) for each in rows}

    assert users(DAY, NEXT_DAY) == {"chat.long_message": (3, 2), "chat.greeted": (1, 1)}
    assert users(NEXT_DAY, NEXT_DAY) == {"chat.long_message": (1, 1), "chat.greeted": (1, 1)}
    assert users(DAY, DAY) == {"chat.long_message": (2, 2)}
    reports.close()


def test_triggers_without_a_line_pay_once(books: Books) -> None:
    """What others set off has an id of its own."""
    told(books, line(), LineRecorded)
    request = PayTriggers(op(), CHANNEL, NOW, DAY, (award(amount=2),))
    assert [each.amount_z for each in told(books, request, TriggersPaid).paid] == [2]
    assert told(books, request, TriggersPaid).replayed
    assert look(books, "Alice").balance_z == 2


def test_ended_windows_are_pruned(books: Books) -> None:
    """The helper rows do not grow without end."""
    told(books, line(award(limit=Window("k", NOW, 2))), LineRecorded)
    assert told(books, PruneHelpers("2030-01-01"), Pruned).count >= 1


def _query(path: Path, sql: str) -> list[tuple[object, ...]]:
    connection = apsw.Connection(str(path))
    try:
        return list(connection.execute(sql))
    finally:
        connection.close()
