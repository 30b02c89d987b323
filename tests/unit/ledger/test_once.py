"""An id is done once; its repetition answers alike and moves nothing (design section 6)."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.ledger.acts import (
    CHANNEL,
    DAY,
    NEXT_DAY,
    NOW,
    ask,
    capture,
    earn,
    hold,
    key,
    look,
    minute,
    present,
    release,
    spend,
    tip,
    win,
)

from kryten_economy.features.money.operations import Posted, SetBalance
from kryten_economy.features.presence.milestones import ClaimMilestone
from kryten_economy.features.presence.operations import Arrive, PresencePaid
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.streaks.operations import QualifyDay
from kryten_economy.ledger import MoneyRequest
from kryten_economy.ledger.books import Books
from kryten_economy.refusals import Conflict, Insufficient

ACTS: list[tuple[str, list[MoneyRequest], MoneyRequest]] = [
    ("credit", [], earn("Bob", 5, "act")),
    ("debit", [earn("Bob", 5)], spend("Bob", 5, "act")),
    ("transfer", [earn("Bob", 5), earn("Eve", 1)], tip("Bob", "Eve", 5, "act")),
    ("set", [earn("Bob", 5)], SetBalance("act", key("Bob"), 9, "Mended", "Boss", NOW, DAY)),
    ("arrive", [], Arrive("act", key("Bob"), "Bob", NOW, DAY, True, 100)),
    ("hold", [earn("Bob", 5)], hold("Bob", 5, "h", op_id="act")),
    ("capture", [earn("Bob", 5), hold("Bob", 5, "h")], capture("h", 3, "act")),
    ("release", [earn("Bob", 5), hold("Bob", 5, "h")], release("h", "act")),
    (
        "win",
        [earn("Bob", 5), earn("Eve", 1), hold("Bob", 5, "h", type_name="gamble_stake")],
        win("h", 5, "Eve", "act"),
    ),
    ("milestone", [earn("Bob", 5)], ClaimMilestone("act", key("Bob"), NOW, DAY, 3, 30)),
    ("day", [earn("Bob", 5)], QualifyDay("act", key("Bob"), NOW, DAY, None, 500)),
    ("presence", [earn("Bob", 5)], minute("act", present("Bob", 2), present("Eve", 0))),
]
IDS = [name for name, _, _ in ACTS]


def renew(request: MoneyRequest, op_id: str) -> MoneyRequest:
    return replace(request, op_id=op_id)


def prepare(books: Books, before: list[MoneyRequest]) -> None:
    for number, request in enumerate(before):
        books.commit([renew(request, f"before-{number}")])


@pytest.mark.parametrize(("before", "act"), [row[1:] for row in ACTS], ids=IDS)
def test_a_repetition_answers_the_same(
    books: Books, reports: Reports, before: list[MoneyRequest], act: MoneyRequest
) -> None:
    """The same id again, in a later batch or the same one, answers alike and moves nothing."""
    prepare(books, before)
    first, at_once = books.commit([act, act]).answers
    rows = reports.recent(CHANNEL)
    later = ask(books, replace(act, at_ms=NOW + 1, day=act.day))
    assert at_once == replace(first, replayed=True)  # type: ignore[type-var]
    assert later == at_once
    assert reports.recent(CHANNEL) == rows


@pytest.mark.parametrize(("before", "act"), [row[1:] for row in ACTS], ids=IDS)
def test_a_repetition_survives_a_restart(
    path: Path, before: list[MoneyRequest], act: MoneyRequest
) -> None:
    """What was done is known after closing and opening."""
    books = Books.open(path)
    prepare(books, before)
    first = ask(books, act)
    books.close()
    books = Books.open(path)
    assert ask(books, act) == replace(first, replayed=True)  # type: ignore[type-var]
    books.close()


@pytest.mark.parametrize(("before", "act"), [row[1:] for row in ACTS], ids=IDS)
def test_the_same_id_for_something_else_conflicts(
    books: Books, before: list[MoneyRequest], act: MoneyRequest
) -> None:
    """An id that was used for other content, or by another kind of act, is a conflict."""
    prepare(books, [*before, earn("Zoe", 3)])
    ask(books, act)
    assert ask(books, spend("Zoe", 2, "act")) == Conflict("act")
    assert look(books, "Zoe").balance_z == 3


def test_other_amount_conflicts(books: Books) -> None:
    """The amount is content; the time of the attempt is not."""
    books.commit([earn("Bob", 5, "a")])
    assert ask(books, earn("Bob", 6, "a")) == Conflict("a")
    assert isinstance(ask(books, earn("Bob", 5, "a", day=NEXT_DAY)), Posted)
    assert look(books, "Bob").balance_z == 5


def test_a_repetition_tells_the_money_of_then(books: Books) -> None:
    """Later movements do not change what a repetition answers about money."""
    first = ask(books, earn("Bob", 5, "a"))
    books.commit([earn("Bob", 7), spend("Bob", 2)])
    assert ask(books, earn("Bob", 5, "a")) == replace(first, replayed=True)  # type: ignore[type-var]


def test_presence_tells_the_credits_of_then(books: Books) -> None:
    """A repeated tick tells what it paid and which balance that made, and counts no minute."""
    tick = minute("m1", present("Bob", 2))
    ask(books, tick)
    ask(books, minute("m2", present("Bob", 2)))
    again = ask(books, tick)
    assert isinstance(again, PresencePaid)
    assert [(fact.credited_z, fact.balance_z) for fact in again.paid] == [(2, 2)]
    assert look(books, "Bob").minutes_today == 2


def test_a_refused_id_stays_free(books: Books) -> None:
    """What was refused did not happen: the same request may succeed later."""
    books.commit([earn("Bob", 3)])
    assert ask(books, spend("Bob", 5, "a")) == Insufficient(3, 2)
    books.commit([earn("Bob", 3)])
    assert isinstance(ask(books, spend("Bob", 5, "a")), Posted)
