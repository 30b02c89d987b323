"""What other services charge: set aside, capped by the day, counted and logged with it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw
import pytest
from tests.unit.ledger.acts import CHANNEL, DAY, NEXT_DAY, NOW, ask, earn, key, look, op, told

from kryten_economy.features.bans import Ban
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.wallets.operations import (
    Finalize,
    Finalized,
    Release,
    ReleasedReservation,
    Reserve,
    Reserved,
)
from kryten_economy.features.wallets.queries import charged_in_all, usage_of, wallet_states
from kryten_economy.features.wallets.rules import Caps, WalletState
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.expiry import ExpireHolds, ReleaseOrphans, resumes
from kryten_economy.refusals import (
    AlreadySettled,
    Banned,
    Conflict,
    Insufficient,
    NoAccount,
    NoHold,
    OverCap,
)

TTL_MS = 300_000
NO_CAPS = Caps()


def wanted(
    name: str,
    budget_z: int,
    op_id: str = "",
    *,
    service: str = "chatbot",
    partial: bool = False,
    caps: Caps = NO_CAPS,
    at_ms: int = NOW,
    day: str = DAY,
) -> Reserve:
    """A reservation of five minutes."""
    expires_at_ms = at_ms + TTL_MS
    who = (key(name), service, budget_z, partial, caps)
    return Reserve(op_id or op(), *who, expires_at_ms, at_ms, day)


def reserved(books: Books, name: str, budget_z: int, **more: Any) -> str:
    """The id of a reservation that must be granted."""
    return told(books, wanted(name, budget_z, **more), Reserved).reservation_id


def cost(
    reservation_id: str,
    cost_z: int,
    op_id: str = "",
    *,
    service: str = "chatbot",
    caps: Caps = NO_CAPS,
    at_ms: int = NOW + 1,
    day: str = DAY,
) -> Finalize:
    """What it did cost."""
    what = (CHANNEL, service, reservation_id, cost_z, caps)
    return Finalize(op_id or op(), *what, at_ms, day, 120, 45)


def let_go(reservation_id: str, op_id: str = "", service: str = "chatbot") -> Release:
    return Release(op_id or op(), CHANNEL, service, reservation_id, NOW + 1, DAY)


def state(reports: Reports, name: str, day: str = DAY) -> WalletState:
    (found,) = wallet_states(reports, CHANNEL, [name.lower()], day)
    return found


@pytest.fixture(autouse=True)
def _bob_has_100(books: Books) -> None:
    books.commit([earn("Bob", 100), earn("Eve", 100)])


def test_a_reservation_sets_money_aside(books: Books, reports: Reports) -> None:
    """The budget leaves the wallet, and nothing is spent yet."""
    answer = told(books, wanted("Bob", 60), Reserved)
    assert (answer.reserved_z, answer.wallet.balance_z, answer.left_z) == (60, 40, None)
    now = state(reports, "Bob")
    assert (now.balance_z, now.reserved, now.spent) == (40, {"chatbot": 60}, {})


def test_a_charge_takes_the_cost_and_returns_the_rest(books: Books, reports: Reports) -> None:
    """The cost stays with the sink, the rest is back, the day's row and the log know of it."""
    reservation = reserved(books, "Bob", 60)
    answer = told(books, cost(reservation, 25), Finalized)
    assert (answer.amount_z, answer.capped, answer.spent_z) == (25, None, 25)
    assert answer.adds_up
    now = state(reports, "Bob")
    assert (now.balance_z, now.reserved, now.spent) == (75, {}, {"chatbot": 25})
    (used,) = usage_of(reports, key("Bob"))
    assert (used.service, used.units_in, used.units_out) == ("chatbot", 120, 45)
    assert (used.reserved_z, used.cost_z, used.amount_z) == (60, 25, 25)
    assert (used.reservation_id, used.adds_up, used.day) == (reservation, True, DAY)
    wallet = look(books, "Bob")
    assert (wallet.lifetime_spent_z, wallet.balance_z) == (25, 75)
    reasons = [row.reason for row in reports.transactions(key("Bob"))][:2]
    assert reasons == [
        "chatbot: charged 25 of 60, the rest is back",
        "chatbot: set aside for a charge",
    ]


@pytest.mark.parametrize(("asked_z", "taken_z"), [(61, 60), (10**9, 60), (60, 60), (0, 0)])
def test_a_cost_above_the_reservation_is_capped(
    books: Books, reports: Reports, asked_z: int, taken_z: int
) -> None:
    """More than was set aside is never taken; nothing is taken for nothing."""
    answer = told(books, cost(reserved(books, "Bob", 60), asked_z), Finalized)
    assert answer.amount_z == taken_z
    assert answer.capped == ("reserved" if asked_z > 60 else None)
    assert state(reports, "Bob").balance_z == 100 - taken_z


def test_a_charge_of_all_that_was_reserved_is_told(books: Books) -> None:
    """Whoever follows the facts hears of the user also where nothing went back."""
    reservation = reserved(books, "Bob", 60)
    (facts,) = books.commit([cost(reservation, 60)]).facts
    assert facts.wallets["bob"].balance_z == 40


def test_a_release_returns_all(books: Books, reports: Reports) -> None:
    """Nothing was charged, so nothing was spent, and no usage is logged."""
    answer = told(books, let_go(reserved(books, "Bob", 60)), ReleasedReservation)
    assert (answer.returned_z, answer.wallet.balance_z) == (60, 100)
    assert state(reports, "Bob").spent == {}
    assert usage_of(reports, key("Bob")) == ()
    assert look(books, "Bob").lifetime_spent_z == 0


def test_more_than_there_is_is_refused_with_numbers(books: Books) -> None:
    """Without ``partial`` it is all or nothing; with it what there is."""
    assert ask(books, wanted("Bob", 130)) == Insufficient(100, 30)
    capped = Caps(service_z=70)
    assert ask(books, wanted("Bob", 90, caps=capped)) == OverCap("chatbot", 90, 70, 70, "service")
    partly = told(books, wanted("Bob", 130, partial=True, caps=capped), Reserved)
    assert (partly.reserved_z, partly.left_z, partly.wallet.balance_z) == (70, 0, 30)
    assert ask(books, wanted("Bob", 1, partial=True, caps=capped)) == OverCap(
        "chatbot", 1, 0, 70, "service"
    )
    books.commit([wanted("Bob", 30, service="bingo")])
    assert ask(books, wanted("Bob", 5, service="bingo", partial=True)) == Insufficient(0, 5)


@pytest.mark.parametrize("caps", [Caps(user_z=50), Caps(service_z=50), Caps(total_z=50)])
def test_open_reservations_count_toward_each_cap(books: Books, caps: Caps) -> None:
    """However they are spread over batches: together they never exceed the cap."""
    requests = [wanted("Bob", 7, caps=caps) for _ in range(32)]
    answers = list(books.commit(requests).answers)
    answers += [ask(books, wanted("Bob", 7, caps=caps)) for _ in range(3)]
    assert [type(each) for each in answers].count(Reserved) == 7
    assert {type(each) for each in answers[7:]} == {OverCap}


def test_the_cap_of_a_user_is_over_all_services(books: Books) -> None:
    """What one service took is not there for the next one."""
    caps = Caps(user_z=50)
    books.commit([cost(reserved(books, "Bob", 30), 30)])
    left = ask(books, wanted("Bob", 30, service="bingo", caps=caps))
    assert left == OverCap("bingo", 30, 20, 50, "user")
    assert isinstance(ask(books, wanted("Eve", 30, caps=caps)), Reserved)


def test_the_cap_of_a_service_is_over_all_users(books: Books, reports: Reports) -> None:
    """What it has taken or set aside of others counts too."""
    caps = Caps(total_z=50)
    books.commit([cost(reserved(books, "Bob", 30), 30), wanted("Eve", 15)])
    assert charged_in_all(reports, CHANNEL, DAY, "chatbot") == 45
    assert ask(books, wanted("Eve", 6, caps=caps)) == OverCap("chatbot", 6, 5, 50, "total")


def test_a_charge_is_capped_to_the_day_and_never_refused(books: Books, reports: Reports) -> None:
    """A cap that was lowered since, or a new day's charges, limit it; the rest is back."""
    first, second = reserved(books, "Bob", 40), reserved(books, "Bob", 40)
    caps = Caps(service_z=50)
    books.commit([cost(first, 40, caps=caps)])
    answer = told(books, cost(second, 40, caps=caps), Finalized)
    assert (answer.amount_z, answer.capped, answer.left_z) == (10, "daily", 0)
    assert state(reports, "Bob").balance_z == 50


def test_over_midnight_the_day_of_the_charge_counts(books: Books, reports: Reports) -> None:
    """The reservation of yesterday takes of today's allowance, in the row and in the statistics."""
    caps = Caps(service_z=50)
    books.commit([cost(reserved(books, "Bob", 45), 45, caps=caps)])
    late = reserved(books, "Eve", 40)
    answer = told(books, cost(late, 35, caps=caps, day=NEXT_DAY), Finalized)
    assert (answer.amount_z, answer.spent_z, answer.left_z) == (35, 35, 15)
    assert state(reports, "Eve", DAY).spent == {}
    assert state(reports, "Eve", NEXT_DAY).spent == {"chatbot": 35}
    spent = [
        sum(row[0] for row in reports.sql.rows(_SPENT_ON, day, "eve")) for day in (DAY, NEXT_DAY)
    ]
    assert spent == [0, 35]


_SPENT_ON = """
    SELECT z_spent FROM daily_activity JOIN account ON account.id = account_id
    WHERE day = ? AND name = ?
"""


def test_a_reservation_of_yesterday_counts_toward_today(books: Books) -> None:
    """It may still be charged today, so today's caps leave room for it."""
    caps = Caps(service_z=50)
    reserved(books, "Bob", 40)
    again = ask(books, wanted("Bob", 20, caps=caps, day=NEXT_DAY))
    assert again == OverCap("chatbot", 20, 10, 50, "service")


def test_a_reservation_runs_out_once(books: Books, reports: Reports) -> None:
    """The money is back with a line in the audit log, and nothing can be charged any more."""
    reservation = reserved(books, "Bob", 60)
    at_ms = NOW + TTL_MS
    assert ask(books, cost(reservation, 5, at_ms=at_ms)) == AlreadySettled(reservation, "expired")
    (told_back,) = ask(books, ExpireHolds(at_ms, DAY)).released
    assert (told_back.amount_z, told_back.balance_z) == (60, 100)
    assert ask(books, ExpireHolds(at_ms, DAY)).released == ()
    (line,) = reports.audit()
    assert (line.admin, line.command, line.channel) == ("chatbot", "wallet.expire", CHANNEL)
    assert json.loads(line.arguments) == {
        "service": "chatbot",
        "username": "bob",
        "reservation_id": reservation,
        "amount": 60,
    }
    for late in (cost(reservation, 5), let_go(reservation)):
        assert ask(books, late) == AlreadySettled(reservation, "expired")
    assert state(reports, "Bob").balance_z == 100
    assert reports.transactions(key("Bob"))[0].reason.startswith("chatbot: nothing charged in time")


def test_a_reservation_is_settled_once(books: Books, reports: Reports) -> None:
    """Whoever comes second learns how it ended."""
    reservation = reserved(books, "Bob", 60)
    books.commit([cost(reservation, 10)])
    assert ask(books, cost(reservation, 10)) == AlreadySettled(reservation, "captured")
    assert ask(books, let_go(reservation)) == AlreadySettled(reservation, "captured")
    assert state(reports, "Bob").balance_z == 90


def test_a_service_settles_only_its_own(books: Books, reports: Reports) -> None:
    """Another's reservation is as good as none."""
    reservation = reserved(books, "Bob", 60)
    assert ask(books, cost(reservation, 5, service="bingo")) == NoHold(reservation)
    assert ask(books, let_go(reservation, service="bingo")) == NoHold(reservation)
    assert ask(books, let_go("wallet:other")) == NoHold("wallet:other")
    assert state(reports, "Bob").reserved == {"chatbot": 60}


def test_who_may_not_be_charged(books: Books) -> None:
    """Unknown and banned users; a ban does not keep from paying for what was served before."""
    reservation = reserved(books, "Bob", 10)
    assert ask(books, wanted("Zoe", 5)) == NoAccount(key("Zoe"))
    books.commit([Ban(key("Bob"), "Bob", "Boss", "", NOW, DAY)])
    assert ask(books, wanted("Bob", 5)) == Banned(key("Bob"))
    assert told(books, cost(reservation, 5), Finalized).amount_z == 5


def test_equal_requests_are_done_once(books: Books, reports: Reports) -> None:
    """64 with one id answer alike and move money once; other content is a conflict."""
    request = wanted("Bob", 60, "r")
    answers = books.commit([request] * 64).answers
    assert {each.reservation_id for each in answers if isinstance(each, Reserved)} == {"wallet:r"}
    assert state(reports, "Bob").reserved == {"chatbot": 60}
    finals = books.commit([cost("wallet:r", 25, "f")] * 64).answers
    assert {each.amount_z for each in finals if isinstance(each, Finalized)} == {25}
    assert (state(reports, "Bob").balance_z, len(usage_of(reports, key("Bob")))) == (75, 1)
    assert ask(books, wanted("Bob", 61, "r")) == Conflict("r")
    assert ask(books, cost("wallet:r", 26, "f")) == Conflict("f")
    assert ask(books, wanted("Bob", 60, "f")) == Conflict("f")
    assert isinstance(ask(books, wanted("Bob", 60, "r", caps=Caps(1, 1, 1))), Reserved)


def test_a_reservation_outlives_a_restart(path: Path, books: Books) -> None:
    """It is not given back at the start, and counts and settles as before."""
    caps = Caps(service_z=50)
    reservation = reserved(books, "Bob", 40)
    books.close()
    opened = Books.open(path)
    try:
        assert resumes("wallet")
        assert ask(opened, ReleaseOrphans(("queue",), "service restarted", NOW, DAY)).released == ()
        assert isinstance(ask(opened, wanted("Bob", 20, caps=caps)), OverCap)
        assert told(opened, cost(reservation, 30, caps=caps), Finalized).amount_z == 30
        assert isinstance(ask(opened, wanted("Bob", 21, caps=caps)), OverCap)
        assert isinstance(ask(opened, wanted("Bob", 20, caps=caps)), Reserved)
    finally:
        opened.close()


@pytest.mark.parametrize(
    "statement", ["UPDATE wallet_usage SET amount_z = 0", "DELETE FROM wallet_usage"]
)
def test_the_usage_log_is_never_changed(path: Path, books: Books, statement: str) -> None:
    """Not even by hand."""
    books.commit([cost(reserved(books, "Bob", 60), 5)])
    connection = apsw.Connection(str(path))
    with pytest.raises(apsw.ConstraintError, match="what was used is never"):
        connection.execute(statement)
    connection.close()


def test_states_are_of_those_asked_for(books: Books, reports: Reports) -> None:
    """By name; unknown ones are passed over, and the number is that of the last transfer."""
    found: Sequence[WalletState] = wallet_states(reports, CHANNEL, ["eve", "zoe", "bob"], DAY)
    assert [each.display_name for each in found] == ["Bob", "Eve"]
    before = found[0].number
    reserved(books, "Bob", 5)
    assert state(reports, "Eve").number == before + 1
