"""What the books keep in memory is never seen: they are the same as without it."""

import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import apsw
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.ledger.acts import (
    CHANNEL,
    DAY,
    NEXT_DAY,
    NOW,
    ask,
    earn,
    key,
    look,
    pay,
    spend,
    tip,
    told,
)
from tests.unit.ledger.anything import KINDS, TALK

from kryten_economy import features
from kryten_economy.features.chat.operations import LineRecorded, RecordChat
from kryten_economy.features.chat.triggers import TriggerAward, Window
from kryten_economy.features.presence.operations import RecordActivity
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger import accounts
from kryten_economy.ledger.account import Account
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.facts import Committed, TriggerHits
from kryten_economy.ledger.invariants import verify
from kryten_economy.ledger.operation import _OPERATIONS, Failed, Request
from kryten_economy.ledger.posting import Entry, earn_each, post
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet

RESTART = None
Batches = Sequence[Sequence[Request[Any]] | None]
REQUESTS = st.one_of(TALK, TALK, TALK, *KINDS.values())
BATCHES = st.lists(
    st.one_of(st.just(RESTART), st.lists(REQUESTS, max_size=8), st.lists(REQUESTS, min_size=4)),
    max_size=8,
)


@dataclass
class Heard:
    """What was answered in all, and what the facts of all commits come to."""

    answers: list[object] = field(default_factory=list)
    moved_z: Counter[object] = field(default_factory=Counter)
    hits: dict[object, TriggerHits] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    wallets: dict[object, Wallet] = field(default_factory=dict)

    def hear(self, done: Committed) -> None:
        """Take the answers and facts of a commit."""
        self.answers += [Failed if isinstance(each, Failed) else each for each in done.answers]
        self.counts.update(done.counts)
        for facts in done.facts:
            for posting in facts.postings:
                what = (posting.user, posting.type, posting.trigger_id)
                self.moved_z[what, "moved"] += posting.delta_z
                self.moved_z[what, "earned"] += posting.earned_z
            for trigger_id, hits in facts.hits.items():
                known = self.hits.get(trigger_id, TriggerHits(0, 0))
                self.hits[trigger_id] = TriggerHits(
                    known.hits + hits.hits, known.amount_z + hits.amount_z
                )
            for name, wallet in facts.wallets.items():
                # The day of a wallet is the one it was last asked for, by whomever.
                self.wallets[facts.channel, name] = wallet._replace(
                    day="", minutes_today=0, streak_days=0
                )


def test_every_operation_takes_part() -> None:
    """Whoever adds an operation adds an example of its request to `anything`."""
    for module in walk_packages(features.__path__, f"{features.__name__}."):
        import_module(module.name)
    ours = {each for each in _OPERATIONS if each.__module__.startswith("kryten_economy.")}
    assert KINDS.keys() == ours


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(BATCHES)
def test_the_books_are_what_they_are_without_memory(batches: Batches) -> None:
    """Any batches, defects, repetitions and restarts in them, equal each request on its own."""
    with tempfile.TemporaryDirectory() as folder:
        together, alone = Path(folder) / "together.db", Path(folder) / "alone.db"
        assert _in_batches(together, batches) == _one_by_one(alone, batches)
        assert _content(together) == _content(alone)
        assert verify(together).ok


def _in_batches(path: Path, batches: Batches) -> Heard:
    books, heard = Books.open(path), Heard()
    for batch in batches:
        if batch is RESTART:
            books.close()
            books = Books.open(path)
        else:
            heard.hear(books.commit(batch))
    books.close()
    return heard


def _one_by_one(path: Path, batches: Batches) -> Heard:
    books, heard = Books.open(path), Heard()
    for batch in batches:
        for request in batch or ():
            heard.hear(books.commit([request]))
            books._tx.forget()
    books.close()
    return heard


def _content(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table; of a lifetime counter all but the time."""
    connection = apsw.Connection(str(path), apsw.SQLITE_OPEN_READONLY)
    try:
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        names = [str(name) for (name,) in tables.fetchall()]
        selects = {name: f"SELECT * FROM {name}" for name in names}  # noqa: S608
        selects["service_metrics"] = "SELECT key, value FROM service_metrics"
        return {
            name: sorted(connection.execute(select), key=repr) for name, select in selects.items()
        }
    finally:
        connection.close()


def test_spending_counts_once_batch_after_batch(books: Books, reports: Reports) -> None:
    """What one batch has written the next one does not write again."""
    ask(books, earn("Al", 100))
    for number in range(3):
        books.commit([spend("Al", 2), tip("Al", "Al", 1), earn("Bob", 1)])
        books.commit([tip("Al", "Bob", 1), RecordChat("", key("Al"), "Al", NOW + number, DAY)])
    stake = pay("Bob", 5, "gamble_win", "gambling.slots")
    books.commit([replace(stake, net_z=3), spend("Bob", 1), spend("Al", 2)])
    totals = reports.daily_totals(CHANNEL, DAY)
    al, bob = look(books, "Al"), look(books, "Bob")
    assert (al.balance_z, al.lifetime_earned_z, al.lifetime_spent_z) == (89, 100, 11)
    assert (al.tip_recipients, al.lifetime_messages) == (1, 3)
    assert (bob.balance_z, bob.lifetime_earned_z, bob.lifetime_spent_z) == (10, 6, 1)
    assert (bob.tip_senders, bob.lifetime_gambled_out_z, bob.biggest_win_z) == (1, 5, 3)
    assert totals[:2] == (103, 9)


def test_memory_that_is_full_is_begun_anew(books: Books) -> None:
    """More people than are kept: everybody is counted all the same."""
    crowd = [f"user{number}" for number in range(200)]
    kept = accounts.ACCOUNTS_MAX
    accounts.ACCOUNTS_MAX = 50  # type: ignore[misc]  # a smaller crowd shows the same
    try:
        for _ in range(2):
            books.commit([RecordChat("", key(name), name, NOW, DAY) for name in crowd])
    finally:
        accounts.ACCOUNTS_MAX = kept  # type: ignore[misc]
    last = told(books, RecordActivity(key("user7"), "user7", NOW, DAY), Wallet)
    assert last.lifetime_messages == 2


def test_a_line_that_cannot_be_written_costs_itself_only(books: Books) -> None:
    """A defect that shows when the batch is written is found out and left out."""
    lines = [RecordChat("", key(name), name, NOW, DAY) for name in ("Al", "Bob")]
    assert books.commit(lines).answers == (LineRecorded(), LineRecorded())
    wrong = RecordChat("", key("Al"), "Al", -1, "no day")
    done = books.commit([lines[0], wrong, lines[1]])
    assert [type(answer) for answer in done.answers] == [LineRecorded, Failed, LineRecorded]
    assert done.facts[0].wallets["al"].lifetime_messages == 2
    ask(books, lines[0])
    assert look(books, "Al").lifetime_messages == 3


def test_a_defect_leaves_no_gap(books: Books, reports: Reports) -> None:
    """The ids of rows go on where they were, also after a request that failed while written."""
    wrong = replace(earn("Al", 3), reason=None)  # type: ignore[arg-type]  # can't be written
    books.commit([earn("Al", 9), wrong, earn("Al", 2)])
    run = books._connection.execute
    assert run("SELECT seq FROM operation").fetchall() == [(1,), (2,)]
    assert run("SELECT id FROM transfer").fetchall() == [(1,), (2,)]
    assert [row.amount_z for row in reports.transactions(key("Al"))] == [2, 9]


def test_windows_and_parts_of_coins_survive_a_restart(path: Path) -> None:
    """8.1 and 2.2: two hits of three and half a coin are known to the next process."""
    limit = Window("k", NOW + 9000, 3)
    talked = TriggerAward("al", "chat.long_message", "Talked", 0.75, limit)

    def lines(*op_ids: str) -> list[Request[Any]]:
        return [RecordChat(each, key("Al"), "Al", NOW, DAY, awards=(talked,)) for each in op_ids]

    paid = []
    for batch in (lines("a", "b"), lines("c", "d")):
        books = Books.open(path)
        for answer in books.commit(batch).answers:
            assert isinstance(answer, LineRecorded), answer
            paid.append([each.amount_z for each in answer.paid])
        books.close()
    assert paid == [[0], [1], [1], []]


_WRITTEN = (
    "account",
    "daily_activity",
    "daily_flow",
    "trigger_analytics",
    "trigger_user",
    "transfer",
)


def _after(
    directory: Path, credit: Callable[[Tx, list[tuple[Account, int, str | None]], Entry], None]
) -> tuple[dict[str, list[Any]], object]:
    """What the tables hold and the facts tell once ``credit`` has paid a crowd, twice over."""
    path = directory / f"{credit.__name__}.db"
    with closing(Books.open(path)) as books:
        books.commit([earn(name, 5, f"first:{name}") for name in ("Al", "Bob", "Cy")])
        books.commit([RecordActivity(key("Bob"), "Bob", NOW, NEXT_DAY, messages=1)])
    connection = apsw.Connection(str(path))
    try:
        tx = Tx(connection)
        connection.execute("BEGIN IMMEDIATE")
        found = [tx.find(key(name), NEXT_DAY) for name in ("Al", "Bob", "Cy", "Al")]
        crowd = [account for account in found if account is not None]
        shares = list(zip(crowd, (1, 2, 3, 4), (None, '{"base": 2}', None, None), strict=True))
        credit(tx, shares, Entry("earn", "presence.base", "Presence", NOW, NEXT_DAY))
        tx.journal.finish("crowd", "PresenceMinute", bytes(16), "{}", NOW)
        tx.finish()
        connection.execute("COMMIT")
        tables = {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall()  # noqa: S608 - constants
            for table in _WRITTEN
        }
        return tables, tx.tell()
    finally:
        connection.close()


def test_a_crowd_is_paid_as_each_of_it_would_be(tmp_path: Path) -> None:
    """Paid together or one by one: the same rows, chains, counters, analytics and facts."""

    def together(tx: Tx, shares: list[tuple[Account, int, str | None]], entry: Entry) -> None:
        assert earn_each(tx, tx.system(tx.channel(CHANNEL), "mint"), shares, entry) == 10

    def apart(tx: Tx, shares: list[tuple[Account, int, str | None]], entry: Entry) -> None:
        mint = tx.system(tx.channel(CHANNEL), "mint")
        for account, amount_z, why in shares:
            post(tx, account, amount_z, mint, entry._replace(metadata=why))

    assert _after(tmp_path, together) == _after(tmp_path, apart)
    assert verify(tmp_path / "together.db").ok
