"""What talk keeps in memory is never seen: the books are the same as without it."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

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
    hold,
    key,
    look,
    minute,
    pay,
    present,
    release,
    spend,
    tip,
    told,
)

from kryten_economy.features.chat.triggers import FirstOfDay, Tally, TriggerAward, Window
from kryten_economy.features.presence.onboarding import EarningGate
from kryten_economy.ledger import (
    Answer,
    Ban,
    Books,
    ChatRecorded,
    Failed,
    PayTriggers,
    Posted,
    PruneHelpers,
    RecordActivity,
    RecordChat,
    Reports,
    Request,
    Transferred,
    Unban,
    Wallet,
    verify,
)
from kryten_economy.ledger.slate import Slate

RESTART = None
NAMES = st.sampled_from(["Al", "Bob", "Cy", "al", "BOB"])
LOWER = st.sampled_from(["al", "bob", "cy", "nobody"])
TIMES = st.integers(0, 5).map(lambda step: NOW + step * 1000)
DAYS = st.sampled_from([DAY, DAY, DAY, NEXT_DAY])
LIMITS = st.one_of(
    st.none(),
    st.just(FirstOfDay()),
    st.builds(Window, st.sampled_from("kl"), st.integers(NOW, NOW + 4000), st.integers(0, 3)),
)
AWARDS = st.builds(
    TriggerAward,
    LOWER,
    st.sampled_from(["chat.long_message", "content.comment_during_media"]),
    st.sampled_from(["Talked"] * 20 + [None]),  # a row without a reason can't be written
    st.sampled_from([0.25, 0.5, 1.0, 1.5, 3.0]),
    LIMITS,
    st.none(),
    st.sampled_from([None, '{"base": 1}']),
)
TALLIES = st.builds(
    Tally, LOWER, st.sampled_from(["kudos_given", "laughs_received"]), st.sampled_from(["", "bob"])
)
GATES = st.sampled_from([EarningGate(), EarningGate(min_messages=3)])
IDS = st.integers(0, 9).map(str)
LINES = st.builds(
    lambda op_id, name, at_ms, day, long_messages, emotes, tallies, awards, gate: RecordChat(
        f"chat:{op_id}",
        key(name),
        name,
        at_ms,
        day,
        long_messages=long_messages,
        emotes=tuple(emotes),
        tallies=tuple(tallies),
        awards=tuple(awards),
        gate=gate,
    ),
    st.integers(0, 60),
    NAMES,
    TIMES,
    DAYS,
    st.integers(0, 1),
    st.sets(st.sampled_from(["x", "y"])),
    st.lists(TALLIES, max_size=2),
    st.lists(AWARDS, max_size=3),
    GATES,
)
OTHERS: st.SearchStrategy[Request] = st.one_of(
    st.builds(
        lambda op_id, at_ms, awards: PayTriggers(
            f"pay:{op_id}", CHANNEL, at_ms, DAY, tuple(awards)
        ),
        IDS,
        TIMES,
        st.lists(AWARDS, max_size=2),
    ),
    st.builds(
        lambda name, at_ms, commands: RecordActivity(
            key(name), name, at_ms, DAY, commands=commands
        ),
        NAMES,
        TIMES,
        st.integers(0, 1),
    ),
    st.builds(lambda name, op_id, day: earn(name, 2, f"earn:{op_id}", day=day), NAMES, IDS, DAYS),
    st.builds(lambda name, op_id: spend(name, 1, f"spend:{op_id}"), NAMES, IDS),
    st.builds(lambda giver, taker, op_id: tip(giver, taker, 1, f"tip:{op_id}"), NAMES, NAMES, IDS),
    st.builds(
        lambda name, op_id, kind, won_z: replace(
            pay(name, 3, kind, "gambling.slots", f"win:{op_id}"), net_z=won_z
        ),
        NAMES,
        IDS,
        st.sampled_from(["gamble_win", "gamble_push"]),
        st.integers(0, 3),
    ),
    st.builds(
        lambda name, op_id, day: replace(
            pay(name, 1, "refund", "spend.queue", f"back:{op_id}"), spent_day=day
        ),
        NAMES,
        IDS,
        st.sampled_from([None, DAY, NEXT_DAY]),
    ),
    st.builds(lambda name, op_id: hold(name, 1, f"h{op_id}", op_id=f"hold:{op_id}"), NAMES, IDS),
    st.builds(lambda op_id: release(f"h{op_id}", f"free:{op_id}"), IDS),
    st.builds(lambda name, op_id: minute(f"minute:{op_id}", present(name)), NAMES, IDS),
    st.builds(lambda name: Ban(key(name), name, "Boss", "", NOW), NAMES),
    st.builds(lambda name: Unban(key(name)), NAMES),
    st.just(PruneHelpers("2030-01-01")),
)
BATCHES = st.lists(
    st.one_of(st.just(RESTART), st.lists(st.one_of(LINES, LINES, LINES, OTHERS), max_size=8)),
    max_size=8,
)


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(BATCHES)
def test_the_books_are_what_they_are_without_a_slate(
    batches: list[list[Request] | None],
) -> None:
    """Any batches, defects, repetitions and restarts in them, equal each request on its own."""
    with tempfile.TemporaryDirectory() as folder:
        together, alone = Path(folder) / "together.db", Path(folder) / "alone.db"
        assert _in_batches(together, batches) == _one_by_one(alone, batches)
        assert _content(together) == _content(alone)
        assert verify(together).ok


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


def test_a_repetition_knows_what_was_said_in_its_batch(books: Books) -> None:
    """Money is told as it was, the rest of the wallet as it is now."""
    books.commit([earn("Al", 9, "e"), earn("Bob", 9), tip("Al", "Bob", 2, "t")])
    said = RecordChat("", key("Al"), "AL", NOW + 1, DAY)
    for again, balance_z in ((earn("Al", 9, "e"), 9), (tip("Al", "Bob", 2, "t"), 7)):
        line, answer = books.commit([said, again])
        assert isinstance(line, ChatRecorded)
        assert isinstance(answer, Posted | Transferred)
        wallet = answer.wallet if isinstance(answer, Posted) else answer.giver
        assert wallet.lifetime_messages == line.wallet.lifetime_messages
        assert (wallet.display_name, wallet.balance_z) == ("AL", balance_z)


def test_a_slate_that_is_full_is_begun_anew(books: Books) -> None:
    """More people than are kept: everybody is counted all the same."""
    crowd = [f"user{number}" for number in range(5000)]
    for _ in range(2):
        books.commit([RecordChat("", key(name), name, NOW, DAY) for name in crowd])
    last = told(books, RecordActivity(key("user7"), "user7", NOW, DAY), Wallet)
    assert last.lifetime_messages == 2


def test_a_line_that_cannot_be_written_costs_itself_only(books: Books) -> None:
    """A defect that shows when the batch is written is found out and left out."""
    lines = [RecordChat("", key(name), name, NOW, DAY) for name in ("Al", "Bob")]
    assert all(isinstance(answer, ChatRecorded) for answer in books.commit(lines))
    wrong = RecordChat("", key("Al"), "Al", -1, "no day")
    answers = books.commit([lines[0], wrong, lines[1]])
    assert [type(answer) for answer in answers] == [ChatRecorded, Failed, ChatRecorded]
    assert told(books, lines[0], ChatRecorded).wallet.lifetime_messages == 3


def test_windows_and_parts_of_coins_survive_a_restart(path: Path) -> None:
    """8.1 and 2.2: two hits of three and half a coin are known to the next process."""
    limit = Window("k", NOW + 9000, 3)
    talked = TriggerAward("al", "chat.long_message", "Talked", 0.75, limit)

    def lines(*op_ids: str) -> list[Request]:
        return [RecordChat(each, key("Al"), "Al", NOW, DAY, awards=(talked,)) for each in op_ids]

    paid = []
    for batch in (lines("a", "b"), lines("c", "d")):
        books = Books.open(path)
        for answer in books.commit(batch):
            assert isinstance(answer, ChatRecorded), answer
            paid.append([each.amount_z for each in answer.paid])
        books.close()
    assert paid == [[0], [1], [1], []]


def _in_batches(path: Path, batches: Sequence[Sequence[Request] | None]) -> list[object]:
    books = Books.open(path)
    answers: list[object] = []
    for batch in batches:
        if batch is RESTART:
            books.close()
            books = Books.open(path)
        else:
            answers += map(_told, books.commit(batch))
    books.close()
    return answers


def _one_by_one(path: Path, batches: Sequence[Sequence[Request] | None]) -> list[object]:
    books = Books.open(path)
    answers: list[object] = []
    for batch in batches:
        for request in batch or ():
            answers += map(_told, books.commit([request]))
            slate: Slate = books._tx.slate
            slate.forget()
    books.close()
    return answers


def _told(answer: Answer | Failed) -> object:
    return Failed if isinstance(answer, Failed) else answer


def _content(path: Path) -> dict[str, list[tuple[object, ...]]]:
    connection = apsw.Connection(str(path), apsw.SQLITE_OPEN_READONLY)
    try:
        names = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if name != "service_metrics"
        ]
        rows = {
            name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr)  # noqa: S608
            for name in names
        }
        counters = "SELECT key, value FROM service_metrics ORDER BY key"
        return rows | {"service_metrics": list(connection.execute(counters))}
    finally:
        connection.close()
