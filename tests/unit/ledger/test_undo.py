"""Taking back acts of operators: the difference goes, everything else stays."""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
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
    on_record,
    op,
    pay,
    spend,
    tip,
    told,
    undoing,
)
from tests.unit.ledger.test_items import LAMP

from kryten_economy.config.ranks import Tier
from kryten_economy.features.approvals import ResolveApproval
from kryten_economy.features.audit.operations import Undone
from kryten_economy.features.audit.queries import entries, entry_of, preview
from kryten_economy.features.audit.rules import Preview, Share
from kryten_economy.features.bans import Ban, Unban
from kryten_economy.features.events.adhoc import StartAdHoc, StopAdHoc
from kryten_economy.features.gifts import AdminRain
from kryten_economy.features.money.operations import Credit, Debit, SetBalance
from kryten_economy.features.money.resetting import ResetBalances, reset_preview
from kryten_economy.features.ranks.operations import SetRank, StoreRank
from kryten_economy.features.ranks.rules import Ladder
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.shop.operations import BuyShopItem, DefineItem, RemoveItem, SetStock
from kryten_economy.features.shop.queries import defined_by_hand, stock_of
from kryten_economy.ledger.audit import Acted
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.invariants import verify
from kryten_economy.ledger.operation import Request
from kryten_economy.refusals import NotUndoable
from kryten_economy.users import Present

TIERS = (("Extra", 0), ("Grip", 100), ("Gaffer", 300), ("Star", 1_000))
LADDER = Ladder([Tier(name=name, min_lifetime_earned=from_z) for name, from_z in TIERS])


def grant(name: str, amount_z: int) -> Credit:
    return replace(
        pay(name, amount_z, "admin_grant", "admin.grant"), create=True, display_name=name
    )


def deduct(name: str, amount_z: int) -> Debit:
    return spend(name, amount_z, type_name="admin_deduct")


def set_to(name: str, amount_z: int) -> SetBalance:
    return SetBalance(op(), key(name), amount_z, "Set by Boss", "Boss", NOW, DAY, True, name)


def rain(total_z: int, *names: str) -> AdminRain:
    present = tuple(Present(each.lower(), each) for each in names)
    return AdminRain(op(), CHANNEL, present, total_z, "Boss", NOW, DAY)


def reset(amount_z: int) -> ResetBalances:
    return ResetBalances(op(), CHANNEL, amount_z, "Reset by Boss", "Boss", (), NOW, DAY)


def act(books: Books, request: Request[Any], by: str = "Boss") -> int:
    """Do what an operator asks for; the number of its row."""
    acted = told(books, on_record(request, by=by), Acted)
    assert acted.audit_id is not None, acted
    return acted.audit_id


def undo(books: Books, number: int | None, *, partial: bool = False, by: str = "Boss") -> Undone:
    request = undoing(number, by=by, partial=partial, tiers=TIERS)
    done = told(books, request, Undone)
    assert ask(books, request) == replace(done, replayed=True), "an undo is done once"
    return done


def refused(books: Books, number: int | None, *, partial: bool = False) -> NotUndoable:
    return told(books, undoing(number, partial=partial, tiers=TIERS), NotUndoable)


def money(books: Books, name: str) -> tuple[int, int]:
    """Balance and lifetime."""
    wallet = look(books, name)
    return wallet.balance_z, wallet.lifetime_earned_z


# What is written down


def test_an_act_has_one_row_with_all_about_it(books: Books, reports: Reports) -> None:
    """Who, from where, what, whom, before, after, why; a repetition adds none."""
    books.commit([earn("Bob", 5)])
    request = on_record(replace(grant("Bob", 30), reason="for the party"))
    first = told(books, request, Acted)
    assert told(books, request, Acted).audit_id == first.audit_id
    (row,) = entries(reports, CHANNEL, limit=10)
    assert (row.id, row.admin, row.origin, row.command) == (first.audit_id, "Boss", "pm", "command")
    assert (row.about, row.reason, row.done) == ("bob", "for the party", 1)
    assert (row.was, row.became) == ({"balance": 5}, {"balance": 35})
    assert row.can_be_undone


def test_no_act_without_its_row_and_no_row_without_its_act(
    books: Books, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the row can't be written, the money does not move; what is refused has no row."""
    books.commit([earn("Bob", 5)])
    assert told(books, on_record(deduct("Bob", 6)), Acted).audit_id is None
    assert entries(reports, CHANNEL, limit=10) == ()
    broken = on_record(grant("Bob", 30))
    broken = replace(broken, line=replace(broken.line, origin="nowhere"))
    (failed,) = books.commit([broken]).answers
    assert type(failed).__name__ == "Failed"
    assert money(books, "Bob") == (5, 5)


def test_what_changes_nothing_is_no_act(books: Books, reports: Reports) -> None:
    """A ban of somebody banned, a balance that is so already."""
    books.commit([earn("Bob", 5)])
    act(books, Ban(key("Bob"), "Bob", "Boss", "rude", NOW))
    again = Ban(key("Bob"), "Bob", "Boss", "ruder", NOW)
    assert told(books, on_record(again), Acted).audit_id is None
    assert told(books, on_record(set_to("Bob", 5)), Acted).audit_id is None
    assert len(entries(reports, CHANNEL, limit=10)) == 1


def test_the_log_is_asked_by_user_and_by_admin(books: Books, reports: Reports) -> None:
    """Also of what happened to many at once."""
    first = act(books, grant("Bob", 5), by="Ann")
    second = act(books, rain(10, "Bob", "Eve"))
    ban = act(books, Ban(key("Ghost"), "Ghost", "Boss", "", NOW))
    found = entries(reports, CHANNEL, limit=10, user="BOB")
    assert [each.id for each in found] == [second, first]
    assert [each.id for each in entries(reports, CHANNEL, limit=10, user="ghost")] == [ban]
    assert [each.id for each in entries(reports, CHANNEL, limit=10, admin="ann")] == [first]
    assert [each.id for each in entries(reports, CHANNEL, limit=1, offset=1)] == [second]
    many = entry_of(reports, CHANNEL, second)
    assert many is not None
    assert many.became == {"accounts": 2, "total_balance": 15}
    assert entry_of(reports, "Other", second) is None


# Money


@pytest.mark.parametrize(
    ("request_", "balance_z", "lifetime_z"),
    [
        (lambda: grant("Bob", 30), 57, 57),
        (lambda: deduct("Bob", 30), 57, 57),
        (lambda: set_to("Bob", 500), 57, 57),
        (lambda: set_to("Bob", 0), 57, 57),
        (lambda: rain(31, "Bob", "Eve"), 57, 57),
        (lambda: reset(0), 57, 57),
        (lambda: reset(200), 57, 57),
    ],
    ids=["grant", "deduct", "set up", "set down", "rain", "reset", "reset up"],
)
def test_the_difference_is_reversed_and_what_was_earned_since_stays(
    books: Books, request_: Callable[[], Request[Any]], balance_z: int, lifetime_z: int
) -> None:
    """Balance, lifetime and the day's counter are as if the act had not been."""
    books.commit([earn("Bob", 50), earn("Eve", 40)])
    number = act(books, request_())
    books.commit([earn("Bob", 7)])
    undo(books, number)
    assert money(books, "Bob") == (balance_z, lifetime_z)
    assert money(books, "Eve") == (40, 40)
    assert look(books, "Bob").balance_z == balance_z


def test_the_counters_are_those_of_the_day_of_the_act(books: Books, reports: Reports) -> None:
    """What is undone on another day was not earned on that of the act."""
    number = act(books, grant("Bob", 30))
    books.commit([earn("Bob", 9, day=NEXT_DAY)])
    ask(books, replace(undoing(number, tiers=TIERS), day=NEXT_DAY))
    earned = {each: reports.daily_totals(CHANNEL, each).earned_z for each in (DAY, NEXT_DAY)}
    assert earned == {DAY: 0, NEXT_DAY: 9}


def test_what_goes_below_zero_is_refused_and_partial_takes_what_is_there(books: Books) -> None:
    """The names of those who lack it, what is needed and what they have."""
    number = act(books, rain(100, "Bob", "Eve"))
    books.commit([tip("Bob", "Eve", 30)])
    why = refused(books, number)
    assert (why.why, why.short, why.first) == ("short", 1, (("Bob", 50, 20),))
    assert (money(books, "Bob"), money(books, "Eve")) == ((20, 50), (80, 50))
    done = undo(books, number, partial=True)
    assert (done.accounts, done.total_z, done.missing_z) == (2, 70, 30)
    assert (money(books, "Bob"), money(books, "Eve")) == ((0, 30), (30, 0))
    undo(books, done.audit_id)
    assert (money(books, "Bob"), money(books, "Eve")) == ((20, 50), (80, 50))


def test_where_nothing_is_left_partial_is_refused_too(books: Books) -> None:
    """An undo that moves nothing would only use the act up."""
    number = act(books, grant("Bob", 30))
    books.commit([spend("Bob", 30)])
    assert refused(books, number, partial=True).why == "short"
    books.commit([earn("Bob", 30)])
    undo(books, number)
    assert money(books, "Bob") == (0, 30)


def test_an_act_is_undone_once_and_an_undo_can_be_undone(books: Books) -> None:
    """Back and forth, always the newest of the chain."""
    number = act(books, grant("Bob", 30))
    first = undo(books, number)
    assert refused(books, number) == NotUndoable(number, "undone", by_id=first.audit_id)
    second = undo(books, first.audit_id)
    assert (second.stands, money(books, "Bob")) == (True, (30, 30))
    assert refused(books, first.audit_id).why == "undone"
    third = undo(books, number)
    assert (third.stands, money(books, "Bob")) == (False, (0, 0))
    assert refused(books, second.audit_id).why == "undone"
    fourth = undo(books, third.audit_id)
    fifth = undo(books, fourth.audit_id)
    assert (fifth.stands, money(books, "Bob")) == (False, (0, 0))


def test_last_is_the_last_act_of_the_one_who_asks(books: Books) -> None:
    """Undos are passed over, so twice `last` goes back twice."""
    act(books, grant("Bob", 1))
    act(books, grant("Bob", 20))
    act(books, grant("Bob", 300), by="Ann")
    assert undo(books, None).total_z == 20
    assert undo(books, None).total_z == 1
    assert refused(books, None) == NotUndoable(None, "unknown")
    assert money(books, "Bob") == (300, 300)


def test_what_is_no_act_of_this_channel_is_unknown(books: Books) -> None:
    """A number that does not exist, or is another channel's."""
    number = act(books, grant("Bob", 1))
    assert refused(books, number + 1).why == "unknown"
    elsewhere = replace(undoing(number, tiers=TIERS), channel="Elsewhere")
    assert told(books, elsewhere, NotUndoable).why == "unknown"


def test_a_decision_says_why_it_is_final(books: Books) -> None:
    """An approval can't be undone, and the operator reads what to do instead."""
    item = replace(LAMP, effect="approval")
    books.commit([earn("Bob", 50), BuyShopItem(op(), key("Bob"), "lamp", "", item, 7, NOW, DAY)])
    number = act(books, ResolveApproval(op(), CHANNEL, 1, False, "Boss", "No", NOW, DAY))
    why = refused(books, number)
    assert (why.why, "grant or deduct" in why.rule) == ("final", True)


def test_a_preview_tells_what_an_undo_would_do(books: Books, reports: Reports) -> None:
    """How many, how much, the largest parts and who lacks it; nothing is changed."""
    books.commit([earn("Bob", 9), earn("Eve", 4), earn("Zoe", 1)])
    assert reset_preview(reports, CHANNEL, 4)[:4] == (2, 10, 3, 5)
    number = act(books, reset(4))
    assert preview(reports, CHANNEL, None, "boss") == Preview(
        number, "command", 2, 8, (Share("Bob", 5), Share("Zoe", -3)), 0
    )
    books.commit([spend("Zoe", 2)])
    shown = preview(reports, CHANNEL, number, "")
    assert isinstance(shown, Preview)
    assert shown.short == 1


# Ranks, bans, events, the shop


def step(books: Books, name: str) -> None:
    """What the session does after each change: store what was reached."""
    wallet = look(books, name)
    due = LADDER.step(wallet.rank_name, wallet.lifetime_earned_z, wallet.rank_held_from_z)
    if due is not None:
        was = (wallet.rank_name, wallet.rank_held_from_z)
        ask(books, StoreRank(key(name), due.name, *was, due.promoted, NOW, DAY))


def rank(books: Books, name: str) -> str:
    wallet = look(books, name)
    return LADDER.shown(wallet.rank_name, wallet.lifetime_earned_z, wallet.rank_held_from_z)


def test_a_rank_falls_with_the_grant_that_raised_it(books: Books) -> None:
    """To what is otherwise earned; and comes again with the undo of the undo."""
    books.commit([earn("Bob", 120)])
    number = act(books, grant("Bob", 900))
    step(books, "Bob")
    assert rank(books, "Bob") == "Star"
    done = undo(books, number)
    assert rank(books, "Bob") == "Grip"
    undo(books, done.audit_id)
    assert rank(books, "Bob") == "Star"


def test_a_promotion_that_was_under_way_does_not_outlive_the_undo(books: Books) -> None:
    """It was reached with earnings that are no more."""
    number = act(books, grant("Bob", 400))
    late = StoreRank(key("Bob"), "Gaffer", "", None, True, NOW, DAY, earned_z=400)
    undo(books, number)
    ask(books, late)
    assert rank(books, "Bob") == "Extra"


def test_a_rank_set_by_hand_goes_and_the_one_below_it_holds_again(books: Books) -> None:
    """Whichever of two settings is undone, the other one stands."""
    books.commit([earn("Bob", 120)])
    step(books, "Bob")
    first = act(books, SetRank(key("Bob"), "Star", True, DAY))
    second = act(books, SetRank(key("Bob"), "Extra", True, DAY))
    undo(books, second)
    assert rank(books, "Bob") == "Star"
    undo(books, first)
    assert rank(books, "Bob") == "Grip"


def test_a_rank_set_beside_a_grant_holds_from_what_is_left(books: Books) -> None:
    """It is outgrown by the next threshold above the earnings without the grant."""
    number = act(books, grant("Bob", 400))
    step(books, "Bob")
    act(books, SetRank(key("Bob"), "Extra", True, DAY))
    undo(books, number)
    books.commit([earn("Bob", 150)])
    step(books, "Bob")
    assert rank(books, "Bob") == "Grip"


def test_what_a_grant_had_raised_does_not_come_back_with_a_rank_undone_after_it(
    books: Books,
) -> None:
    """The rank before one set by hand was made by earnings: it goes with them."""
    books.commit([earn("Bob", 21)])
    raised = act(books, grant("Bob", 90))
    step(books, "Bob")
    assert rank(books, "Bob") == "Grip"
    lowered = act(books, SetRank(key("Bob"), "Extra", True, DAY))
    again = undo(books, raised).audit_id
    undo(books, lowered)
    assert rank(books, "Bob") == "Extra"
    undo(books, again)
    assert rank(books, "Bob") == "Grip"


def test_a_setting_that_a_grant_had_outgrown_holds_again(books: Books) -> None:
    """As if the grant had not been."""
    books.commit([earn("Bob", 1)])
    act(books, SetRank(key("Bob"), "Extra", True, DAY))
    number = act(books, grant("Bob", 400))
    step(books, "Bob")
    assert rank(books, "Bob") == "Gaffer"
    undo(books, number)
    books.commit([earn("Bob", 50)])
    step(books, "Bob")
    assert rank(books, "Bob") == "Extra"


def test_bans_are_what_the_acts_that_stand_make_them(books: Books, reports: Reports) -> None:
    """With the reason of then; a ban that is lifted otherwise is not put back."""
    first = act(books, Ban(key("Bob"), "Bob", "Boss", "rude", NOW))
    lifted = act(books, Unban(key("Bob")))
    undo(books, lifted)
    (ban,) = reports.bans(CHANNEL)
    assert (ban.reason, ban.by) == ("rude", "Boss")
    undo(books, first)
    assert reports.bans(CHANNEL) == ()
    third = act(books, Ban(key("Bob"), "Bob", "Boss", "again", NOW))
    books.commit([Unban(key("Bob"))])
    done = undo(books, third)
    assert [each.before == each.after for each in done.restored] == [True]


def _event(reports: Reports) -> list[tuple[str, int]]:
    return [(each.name, each.ends_at_ms - NOW) for each in reports.running_events(CHANNEL)]


def test_events_end_and_come_back_for_what_is_left_of_them(books: Books, reports: Reports) -> None:
    """A start is undone by an end, an end by a new start; what is over by now stays over."""
    start = act(books, StartAdHoc(CHANNEL, "Gala", Fraction(2), NOW + 9_000, NOW))
    assert _event(reports) == [("Gala", 9_000)]
    done = undo(books, start)
    assert _event(reports) == []
    undo(books, done.audit_id)
    assert _event(reports) == [("Gala", 9_000)]
    stop = act(books, StopAdHoc(CHANNEL, NOW))
    late = replace(undoing(stop, tiers=TIERS), at_ms=NOW + 9_001)
    told(books, late, Undone)
    assert _event(reports) == []


def test_the_shop_is_put_back_with_what_is_left(books: Books, reports: Reports) -> None:
    """Removed items are sold again; what was bought meanwhile is still off the stock."""
    lamp = replace(LAMP, by_hand=True, stock=5, effect="title", text="Lit")
    added = act(books, DefineItem(CHANNEL, lamp, "Boss", NOW))
    counted = act(books, SetStock(CHANNEL, lamp, 2))
    books.commit([earn("Bob", 50), BuyShopItem(op(), key("Bob"), "lamp", "", lamp, 7, NOW, DAY)])
    undo(books, counted)
    assert stock_of(reports, CHANNEL, [lamp]) == {"lamp": 4}
    gone = act(books, RemoveItem(CHANNEL, "lamp"))
    assert defined_by_hand(reports, CHANNEL) == ()
    undo(books, gone)
    assert [each.id for each in defined_by_hand(reports, CHANNEL)] == ["lamp"]
    assert stock_of(reports, CHANNEL, [lamp]) == {"lamp": 4}
    undo(books, added)
    assert defined_by_hand(reports, CHANNEL) == ()


# Any acts and undos


NAMES = ("Al", "Bob")


@dataclass
class Fate:
    """What one user is by an account of its own, from what they earned and the acts that stand."""

    balance_z: int = 0
    lifetime_z: int = 0
    rank: str = ""
    held_from_z: int | None = None
    banned: bool = False

    def step(self) -> None:
        """The rank that is stored after a change."""
        due = LADDER.step(self.rank, self.lifetime_z, self.held_from_z)
        if due is not None:
            self.rank, self.held_from_z = due.name, None

    @property
    def shown(self) -> tuple[int, int, str, bool]:
        rank = LADDER.shown(self.rank, self.lifetime_z, self.held_from_z)
        return self.balance_z, self.lifetime_z, rank, self.banned


@dataclass
class Story:
    """What happened, in order: each a change of the users' fates, under the act's number or 0."""

    happened: list[tuple[int, Callable[[dict[str, Fate]], None]]] = field(default_factory=list)
    stands: dict[int, bool] = field(default_factory=dict)
    newest: dict[int, int] = field(default_factory=dict)
    """Of each act and undo that may be undone now, the act at the beginning."""

    def fates(self) -> dict[str, Fate]:
        fates = {name: Fate() for name in NAMES}
        for number, change in self.happened:
            if not number or self.stands[number]:
                change(fates)
                for fate in fates.values():
                    fate.step()
        return fates


def _moves(deltas: dict[str, int], *, earned: bool) -> Callable[[dict[str, Fate]], None]:
    def change(fates: dict[str, Fate]) -> None:
        for name, delta_z in deltas.items():
            fates[name].balance_z += delta_z
            fates[name].lifetime_z += delta_z if earned else 0

    return change


def _ranked(name: str, to: str | None) -> Callable[[dict[str, Fate]], None]:
    def change(fates: dict[str, Fate]) -> None:
        fate = fates[name]
        computed = LADDER.names[LADDER.computed(fate.lifetime_z)]
        fate.rank = computed if to is None else to
        fate.held_from_z = None if to is None else fate.lifetime_z

    return change


def _banned(name: str, *, banned: bool) -> Callable[[dict[str, Fate]], None]:
    def change(fates: dict[str, Fate]) -> None:
        fates[name].banned = banned

    return change


AMOUNTS = st.sampled_from([20, 90, 150, 210, 400])
WHO = st.sampled_from(NAMES)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("earn"), WHO, AMOUNTS),
        st.tuples(st.just("grant"), WHO, AMOUNTS),
        st.tuples(st.just("deduct"), WHO, AMOUNTS),
        st.tuples(st.just("set"), WHO, AMOUNTS),
        st.tuples(st.just("rain"), WHO, AMOUNTS),
        st.tuples(st.just("reset"), WHO, AMOUNTS),
        st.tuples(st.just("rank"), WHO, st.sampled_from([None, *LADDER.names])),
        st.tuples(st.just("rank"), WHO, st.sampled_from(LADDER.names[:2])),
        st.tuples(st.just("ban"), WHO, st.booleans()),
        st.tuples(st.just("undo"), st.integers(0, 30), st.none()),
        st.tuples(st.just("undo"), st.integers(0, 30), st.none()),
    ),
    min_size=6,
    max_size=25,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_the_books_are_what_the_acts_that_stand_would_have_made(
    steps: list[tuple[str, Any, Any]],
) -> None:
    """In any order of acts and undos, with all that was earned in between."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "books.db"
        books, story = Books.open(path), Story()
        for name in NAMES:
            books.commit([earn(name, 1)])
            story.happened.append((0, _moves({name: 1}, earned=True)))
        for what, who, much in steps:
            if what == "undo":
                _undo_any(books, story, who)
            else:
                _do_any(books, story, what, who, much)
            for name in NAMES:
                step(books, name)
            found = {
                name: (*money(books, name), rank(books, name), look(books, name).banned)
                for name in NAMES
            }
            assert found == {name: fate.shown for name, fate in story.fates().items()}
        books.close()
        assert verify(path).ok


def _do_any(books: Books, story: Story, what: str, name: str, much: Any) -> None:
    before = {each: look(books, each) for each in NAMES}
    if what == "earn":
        if not before[name].banned:
            books.commit([earn(name, much)])
            story.happened.append((0, _moves({name: much}, earned=True)))
        return
    requests: dict[str, Callable[[], Request[Any]]] = {
        "grant": lambda: grant(name, much),
        "deduct": lambda: deduct(name, much),
        "set": lambda: set_to(name, much),
        "rain": lambda: rain(much, *NAMES),
        "reset": lambda: reset(much),
        "rank": lambda: SetRank(
            key(name),
            LADDER.names[LADDER.computed(before[name].lifetime_earned_z)] if much is None else much,
            much is not None,
            DAY,
        ),
        "ban": lambda: Ban(key(name), name, "Boss", "", NOW) if much else Unban(key(name)),
    }
    acted = told(books, on_record(requests[what]()), Acted)
    if acted.audit_id is None:
        return
    deltas = {each: look(books, each).balance_z - before[each].balance_z for each in NAMES}
    match what:
        case "rank":
            change = _ranked(name, much)
        case "ban":
            change = _banned(name, banned=much)
        case _:
            change = _moves(deltas, earned=what in {"grant", "rain"})
    story.happened.append((acted.audit_id, change))
    story.stands[acted.audit_id] = True
    story.newest[acted.audit_id] = acted.audit_id


def _undo_any(books: Books, story: Story, pick: int) -> None:
    """Undo one of all that can be undone; what would go below zero is refused and stays."""
    if not story.newest:
        return
    number = sorted(story.newest)[pick % len(story.newest)]
    root = story.newest[number]
    answer = ask(books, undoing(number, tiers=TIERS))
    if isinstance(answer, NotUndoable):
        assert answer.why == "short"
        return
    assert isinstance(answer, Undone), answer
    for each in [each for each, of in story.newest.items() if of == root]:
        del story.newest[each]
    story.stands[root] = not story.stands[root]
    assert answer.stands is story.stands[root]
    story.newest[answer.audit_id] = root
    if answer.stands:
        story.newest[root] = root


def test_rows_say_what_undid_what(books: Books, reports: Reports) -> None:
    """The act names its undo, the undo what it undid, with before and after."""
    number = act(books, grant("Bob", 30))
    done = undo(books, number)
    first, second = (entry_of(reports, CHANNEL, each) for each in (number, done.audit_id))
    assert first is not None
    assert second is not None
    assert (first.undone_by, first.can_be_undone) == (second.id, False)
    assert (second.undoes, second.about, second.can_be_undone) == (first.id, "bob", True)
    assert (json.dumps(second.was), json.dumps(second.became)) == (
        '{"balance": 30}',
        '{"balance": 0}',
    )
