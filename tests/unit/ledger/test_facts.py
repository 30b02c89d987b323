"""What a commit tells of itself: everything it has moved, once, and nothing it has not."""

import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.ledger.acts import CHANNEL, DAY, earn, hold, key, look, pay, release, spend, tip
from tests.unit.ledger.anything import KINDS, TALK

from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.facts import Committed, Posting, TriggerHits
from kryten_economy.ledger.operation import Failed, Request
from kryten_economy.ledger.records import SaveCounters

# Counters of others, which the books only keep.
MOVING = [each for kind, each in KINDS.items() if kind is not SaveCounters]


def _moved(done: Committed) -> Counter[str]:
    moved_z: Counter[str] = Counter()
    for facts in done.facts:
        for posting in facts.postings:
            moved_z[posting.user.name] += posting.delta_z
    return moved_z


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(st.one_of(TALK, *MOVING), max_size=8), max_size=6))
def test_facts_explain_every_change(batches: list[list[Request[Any]]]) -> None:
    """Postings are the change of each balance; told wallets and counters those that are stored."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "books.db"
        books, reports = Books.open(path), Reports.open(path)
        for batch in batches:
            before, counted = reports.wallets(CHANNEL, DAY), Counter(reports.counters())
            done = books.commit(batch)
            after, moved_z = reports.wallets(CHANNEL, DAY), _moved(done)
            told = {name: each for facts in done.facts for name, each in facts.wallets.items()}
            for name, wallet in after.items():
                was_z = before[name].balance_z if name in before else 0
                assert wallet.balance_z - was_z == moved_z[name]
                if name not in told:
                    assert wallet == before[name]
                    continue
                elsewhen = {"day": "", "minutes_today": 0, "streak_days": 0}
                assert told[name]._replace(**elsewhen) == wallet._replace(**elsewhen)  # type: ignore[arg-type]
            assert Counter(reports.counters()) == counted + Counter(done.counts)
        reports.close()
        books.close()


def test_a_tip_is_two_postings_of_one_transfer(books: Books) -> None:
    """Each wallet's side stands for itself; what comes from another user is not earned."""
    books.commit([earn("Al", 9), earn("Bob", 1)])
    [facts] = books.commit([tip("Al", "Bob", 4)]).facts
    paid, got = facts.postings
    assert paid == Posting(paid.transfer_id, key("Al"), -4, "tip_send", "spend.tip", 0)
    assert got == Posting(paid.transfer_id, key("Bob"), 4, "tip_receive", "earn.tip", 0)
    assert {name: each.balance_z for name, each in facts.wallets.items()} == {"al": 5, "bob": 5}


def test_what_is_earned_is_told_with_its_trigger(books: Books) -> None:
    """Hits and amounts of a batch are summed by trigger, the lifetime counters by their keys."""
    done = books.commit([earn("Al", 9), earn("Bob", 1), spend("Al", 2)])
    [facts] = done.facts
    assert [(each.delta_z, each.earned_z) for each in facts.postings] == [(9, 9), (1, 1), (-2, 0)]
    assert facts.hits == {"chat.long_message": TriggerHits(2, 10)}
    assert done.counts == {"z_earned_total": 10, "z_spent_total": 2}


def test_a_repetition_has_no_facts(books: Books) -> None:
    """What was done before is answered and moves, counts and tells nothing."""
    acts = [earn("Al", 9, "a"), hold("Al", 4, "h", op_id="b"), release("h", "c")]
    first = books.commit(acts)
    assert len(first.facts[0].postings) == 3
    again = books.commit(acts)
    assert all(getattr(answer, "replayed", False) for answer in again.answers)
    assert (again.facts, again.counts) == ((), {})


def test_a_refusal_has_no_facts(books: Books) -> None:
    """Who can't pay has not changed."""
    books.commit([earn("Al", 3)])
    done = books.commit([spend("Al", 5), tip("Al", "Ghost", 1)])
    assert (done.facts, done.counts) == ((), {})


def test_a_mere_question_has_no_facts(books: Books) -> None:
    """Looking at a wallet tells nobody anything new."""
    books.commit([earn("Al", 3)])
    look(books, "Al")
    assert books.commit([]).facts == ()


def test_what_failed_is_told_nowhere(books: Books, reports: Reports) -> None:
    """The facts of a batch with a defect are those of its other requests."""
    books.commit([earn("Al", 9)])
    half = pay("Al", 5, "earn", "chat.kudos")
    wrong = pay("Al", 3, "earn", None)  # type: ignore[arg-type]  # can't be written
    done = books.commit([spend("Al", 2), wrong, half])
    assert [isinstance(each, Failed) for each in done.answers] == [False, True, False]
    [facts] = done.facts
    assert [each.delta_z for each in facts.postings] == [-2, 5]
    assert facts.hits == {"chat.kudos": TriggerHits(1, 5)}
    assert facts.wallets == reports.wallets(CHANNEL, DAY)
    assert done.counts == {"z_spent_total": 2, "z_earned_total": 5}
    assert reports.counters() == {"z_spent_total": 2, "z_earned_total": 14}


def test_the_last_one_to_fail_does_not_spoil_a_wallet(books: Books, reports: Reports) -> None:
    """A wallet is told as it was committed, whatever a later request has tried with it."""
    wrong = pay("Al", 3, "earn", None)  # type: ignore[arg-type]  # can't be written
    [facts] = books.commit([earn("Al", 9), wrong]).facts
    assert facts.wallets["al"].balance_z == 9
    assert facts.wallets == reports.wallets(CHANNEL, DAY)


def test_each_channel_has_facts_of_its_own(books: Books) -> None:
    """Who is of the same name elsewhere is somebody else."""
    elsewhere = replace(earn("Al", 4), user=key("Al", "Cellar"))
    facts = {each.channel: each for each in books.commit([earn("Al", 9), elsewhere]).facts}
    balances = {channel: each.wallets["al"].balance_z for channel, each in facts.items()}
    assert balances == {CHANNEL: 9, "Cellar": 4}
