"""Random sequences of business acts keep every invariant of the books."""

import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)
from tests.unit.ledger.acts import (
    CHANNEL,
    DAY,
    NEXT_DAY,
    NOW,
    capture,
    earn,
    hold,
    key,
    minute,
    op,
    pay,
    present,
    release,
    spend,
    tip,
    win,
)
from tests.unit.ledger.minting import minted

from kryten_economy.features.achievements import Award
from kryten_economy.features.bans import Ban, Unban
from kryten_economy.features.money.operations import (
    Credit,
    Debit,
    Posted,
    SetBalance,
)
from kryten_economy.features.presence.operations import Arrive
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.tips import Tip, Tipped
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.expiry import ExpireHolds, ReleaseOrphans
from kryten_economy.ledger.invariants import ConservationGuard
from kryten_economy.ledger.operation import Act, Failed, Request
from kryten_economy.refusals import AlreadySettled, Conflict, Refusal

NAMES = st.sampled_from(["Al", "Bob", "Cy", "Dee"])
AMOUNTS = st.integers(min_value=-1, max_value=40)
HOLD_TYPES = st.sampled_from(["spend", "gamble_stake", "bounty_create"])


class BooksMachine(RuleBasedStateMachine):
    """A channel with four people, a model of their balances, and every kind of act."""

    done = Bundle("done")
    holds = Bundle("holds")

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "books.db"
        self.books = Books.open(self.path)
        self.reports = Reports.open(self.path)
        self.guard = ConservationGuard(self.reports.connection)
        self.answers: dict[str, object] = {}
        self.earned_z: Counter[str] = Counter()
        self.banned: set[str] = set()

    def teardown(self) -> None:
        if hasattr(self, "books"):
            self.reports.close()
            self.books.close()
            self.folder.cleanup()

    def do(self, request: Act[Any]) -> Act[Any]:
        (answer,) = self.books.commit([request]).answers
        assert not isinstance(answer, Failed), answer
        self.answers[request.op_id] = answer
        self.earned_z.update(minted(request, answer, self.banned))
        return request

    @rule(target=done, name=NAMES, amount_z=AMOUNTS)
    def earns(self, name: str, amount_z: int) -> Act[Any]:
        return self.do(earn(name, amount_z))

    @rule(target=done, name=NAMES, amount_z=AMOUNTS)
    def spends(self, name: str, amount_z: int) -> Act[Any]:
        return self.do(spend(name, amount_z))

    @rule(target=done, name=NAMES, amount_z=AMOUNTS)
    def is_refunded(self, name: str, amount_z: int) -> Act[Any]:
        return self.do(pay(name, amount_z, "refund", "refund.gif_rejected"))

    @rule(target=done, giver=NAMES, taker=NAMES, amount_z=AMOUNTS)
    def tips(self, giver: str, taker: str, amount_z: int) -> Act[Any]:
        return self.do(tip(giver, taker, amount_z))

    @rule(target=done, name=NAMES, amount_z=AMOUNTS)
    def is_set(self, name: str, amount_z: int) -> Act[Any]:
        return self.do(SetBalance(op(), key(name), amount_z, "", "Boss", NOW, DAY))

    @rule(target=done, name=NAMES, wallet_z=st.integers(0, 30), genuine=st.booleans())
    def arrives(self, name: str, wallet_z: int, genuine: bool) -> Act[Any]:
        window_ms = 0 if genuine else 1
        return self.do(Arrive(op(), key(name), name, NOW, DAY, wallet_z, window_ms=window_ms))

    @rule(target=done, name=NAMES, net_z=st.integers(0, 9), stake_z=st.integers(1, 9))
    def wins_of_the_house(self, name: str, net_z: int, stake_z: int) -> Act[Any]:
        won = pay(name, net_z + stake_z, "gamble_win", "gambling.spin")
        return self.do(replace(won, net_z=net_z))

    @rule(target=done, name=NAMES, goal=st.sampled_from("abc"), reward_z=st.integers(0, 9))
    def achieves(self, name: str, goal: str, reward_z: int) -> Act[Any]:
        return self.do(Award(op(), key(name), goal, "Goal", reward_z, 0, NOW, DAY))

    @rule(target=done, credits_z=st.dictionaries(NAMES, st.integers(0, 9)))
    def minute_passes(self, credits_z: dict[str, int]) -> Act[Any]:
        entries = (present(name, credit_z) for name, credit_z in credits_z.items())
        return self.do(minute(op(), *entries))

    @rule(target=holds, name=NAMES, amount_z=AMOUNTS, type_name=HOLD_TYPES, due=st.integers(1, 9))
    def holds_money(self, name: str, amount_z: int, type_name: str, due: int) -> str:
        request = hold(name, amount_z, op(), type_name=type_name, expires_at_ms=NOW + due)
        self.do(request)
        return request.hold_id

    @rule(target=done, hold_id=holds)
    def releases(self, hold_id: str) -> Act[Any]:
        return self.do(release(hold_id, day=NEXT_DAY))

    @rule(target=done, hold_id=holds, amount_z=AMOUNTS)
    def captures(self, hold_id: str, amount_z: int) -> Act[Any]:
        return self.do(capture(hold_id, amount_z, day=NEXT_DAY))

    @rule(target=done, hold_id=holds, amount_z=AMOUNTS, winner=NAMES)
    def wins(self, hold_id: str, amount_z: int, winner: str) -> Act[Any]:
        return self.do(win(hold_id, amount_z, winner))

    @rule(after=st.integers(0, 9))
    def time_passes(self, after: int) -> None:
        self.books.commit([ExpireHolds(NOW + after, NEXT_DAY)])

    @rule(purpose=st.sampled_from(["queue", "nothing"]))
    def orphans_are_released(self, purpose: str) -> None:
        self.books.commit([ReleaseOrphans((purpose,), "Restarted", NOW, NEXT_DAY)])

    @rule(name=NAMES, banned=st.booleans())
    def is_banned_or_not(self, name: str, banned: bool) -> None:
        ban = Ban(key(name), name, "Boss", "", NOW)
        self.books.commit([ban if banned else Unban(key(name))])
        (self.banned.add if banned else self.banned.discard)(key(name).name)

    @rule(request=done)
    def is_repeated(self, request: Act[Any]) -> None:
        before = self.reports.recent(CHANNEL, 1)
        (answer,) = self.books.commit([request]).answers
        first = self.answers[request.op_id]
        if getattr(answer, "replayed", False):
            assert self.reports.recent(CHANNEL, 1) == before
            assert type(answer) is type(first)
        else:
            assert isinstance(first, Refusal)
            self.answers[request.op_id] = answer
            self.earned_z.update(minted(request, answer, self.banned))

    @rule(request=done, amount_z=st.integers(41, 50))
    def is_repeated_with_other_content(self, request: Act[Any], amount_z: int) -> None:
        moved = isinstance(self.answers[request.op_id], Posted | Tipped)
        if moved and isinstance(request, Credit | Debit | Tip):
            other = replace(request, amount_z=amount_z)
            assert self.books.commit([other]).answers == (Conflict(request.op_id),)

    @rule(target=done, names=st.lists(NAMES, min_size=2, max_size=6), broken=st.integers(0, 5))
    def batch_with_a_defect(self, names: list[str], broken: int) -> object:
        requests: list[Request[Any]] = [earn(name, 2) for name in names]
        place = broken % len(names)
        requests[place] = pay(names[place], 2, "no_such_type", "x")
        answers = self.books.commit(requests).answers
        assert [isinstance(answer, Failed) for answer in answers].count(True) == 1
        for request, answer in zip(requests, answers, strict=True):
            self.earned_z.update(minted(request, answer, self.banned))
        return multiple()

    @rule()
    def is_restarted(self) -> None:
        self.books.close()
        self.books = Books.open(self.path)

    @invariant()
    def books_balance(self) -> None:
        if hasattr(self, "guard"):
            assert self.guard.check() == ()
            assert not self.guard.behind

    @invariant()
    def only_minting_is_earned(self) -> None:
        if hasattr(self, "reports"):
            for name, wallet in self.reports.wallets(CHANNEL, DAY).items():
                assert wallet.lifetime_earned_z == self.earned_z[name]


BooksMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=30)
TestBooks = BooksMachine.TestCase


def asker(kind: str, amount_z: int) -> Request[Any]:
    match kind:
        case "d":
            return spend("Bob", amount_z)
        case "t":
            return tip("Bob", "Eve", amount_z)
        case _:
            return hold("Bob", amount_z, op())


@settings(max_examples=40)
@given(
    st.integers(0, 60),
    st.lists(st.tuples(st.sampled_from("dth"), st.integers(1, 9)), min_size=64, max_size=64),
)
def test_many_askers_take_exactly_what_there_is(
    balance_z: int, asks: list[tuple[str, int]]
) -> None:
    """Sixty-four askers on one account never take more than it holds."""
    with tempfile.TemporaryDirectory() as folder:
        books = Books.open(Path(folder) / "books.db")
        books.commit([earn("Bob", balance_z + 1), earn("Eve", 1)])
        requests = [asker(kind, amount_z) for kind, amount_z in asks]
        answers = books.commit(requests).answers
        taken_z = sum(
            amount_z
            for (_, amount_z), answer in zip(asks, answers, strict=True)
            if not isinstance(answer, Refusal)
        )
        assert taken_z <= balance_z + 1
        refused = [
            amount_z
            for (_, amount_z), answer in zip(asks, answers, strict=True)
            if isinstance(answer, Refusal)
        ]
        assert all(amount_z > balance_z + 1 - taken_z for amount_z in refused)
        assert not [answer for answer in answers if isinstance(answer, AlreadySettled)]
        books.close()
