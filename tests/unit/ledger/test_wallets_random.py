"""Random reservations, charges, releases, expiries and midnights keep every cap and every coin."""

import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from tests.unit.ledger.acts import CHANNEL, NOW, earn, key, op

from kryten_economy.calendar import Calendar
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.wallets.operations import (
    Finalize,
    Finalized,
    Release,
    ReleasedReservation,
    Reserve,
    Reserved,
)
from kryten_economy.features.wallets.queries import usage_of, wallet_states
from kryten_economy.features.wallets.rules import Caps
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.expiry import ExpireHolds
from kryten_economy.ledger.invariants import ConservationGuard, verify
from kryten_economy.ledger.operation import Failed, Request
from kryten_economy.refusals import AlreadySettled

NAMES = st.sampled_from(["al", "bob"])
SERVICES = st.sampled_from(["chatbot", "bingo"])
AMOUNTS = st.integers(min_value=0, max_value=60)
START_Z = 1_000
CAPS = Caps(user_z=150, service_z=100, total_z=170)
CALENDAR = Calendar("Europe/Berlin")


class WalletsMachine(RuleBasedStateMachine):
    """Two users, two services, and a model of what was charged on which day."""

    reservations = Bundle("reservations")

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "books.db"
        self.books = Books.open(self.path)
        self.reports = Reports.open(self.path)
        self.guard = ConservationGuard(self.reports.connection)
        self.now_ms = NOW
        self.charged: Counter[tuple[str, str, str]] = Counter()
        self.open_z: dict[str, tuple[str, int]] = {}
        self.charges: Counter[str] = Counter()
        self.books.commit([earn("al", START_Z), earn("bob", START_Z)])

    def teardown(self) -> None:
        if hasattr(self, "books"):
            self.reports.close()
            self.books.close()
            assert verify(self.path).ok
            self.folder.cleanup()

    @property
    def day(self) -> str:
        return CALENDAR.day(self.now_ms)

    def do(self, request: Request[object]) -> object:
        (answer,) = self.books.commit([request]).answers
        assert not isinstance(answer, Failed), answer
        return answer

    @rule(
        target=reservations,
        name=NAMES,
        service=SERVICES,
        budget_z=st.integers(1, 60),
        partial=st.booleans(),
        minutes=st.integers(1, 600),
    )
    def reserves(
        self, name: str, service: str, budget_z: int, partial: bool, minutes: int
    ) -> tuple[str, str, str]:
        ends_ms = self.now_ms + minutes * 60_000
        what = (key(name), service, budget_z, partial, CAPS)
        answer = self.do(Reserve(op(), *what, ends_ms, self.now_ms, self.day))
        if not isinstance(answer, Reserved):
            return name, service, "wallet:none"
        assert 0 < answer.reserved_z <= budget_z
        assert partial or answer.reserved_z == budget_z
        self.open_z[answer.reservation_id] = (name, answer.reserved_z)
        return name, service, answer.reservation_id

    @rule(which=reservations, cost_z=AMOUNTS)
    def charges_it(self, which: tuple[str, str, str], cost_z: int) -> None:
        name, service, reservation = which
        what = (CHANNEL, service, reservation, cost_z, CAPS)
        answer = self.do(Finalize(op(), *what, self.now_ms, self.day))
        if not isinstance(answer, Finalized):
            return
        assert answer.adds_up
        _, reserved_z = self.open_z.pop(reservation)
        assert answer.amount_z <= min(cost_z, reserved_z)
        assert (answer.capped is None) == (answer.amount_z == cost_z)
        self.charged[name, service, self.day] += answer.amount_z
        self.charges[name] += 1

    @rule(which=reservations)
    def releases(self, which: tuple[str, str, str]) -> None:
        _, service, reservation = which
        answer = self.do(Release(op(), CHANNEL, service, reservation, self.now_ms, self.day))
        if isinstance(answer, ReleasedReservation):
            self.open_z.pop(reservation)
        elif isinstance(answer, AlreadySettled):
            assert reservation not in self.open_z

    @rule(hours=st.sampled_from([0, 1, 5, 13]))
    def time_passes(self, hours: int) -> None:
        self.now_ms += hours * 3_600_000 + 60_000
        answer = self.books.commit([ExpireHolds(self.now_ms, self.day)]).answers[0]
        for each in answer.released:  # type: ignore[attr-defined]
            self.open_z.pop(each.hold_id)

    @rule()
    def restarts(self) -> None:
        self.books.close()
        self.books = Books.open(self.path)

    @invariant()
    def caps_hold(self) -> None:
        if not hasattr(self, "books"):
            return
        for day in {day for _, _, day in self.charged}:
            of_day = {each: z for each, z in self.charged.items() if each[2] == day}
            for name in ("al", "bob"):
                assert sum(z for each, z in of_day.items() if each[0] == name) <= CAPS.user_z
            for service in ("chatbot", "bingo"):
                assert sum(z for each, z in of_day.items() if each[1] == service) <= CAPS.total_z
            assert max(of_day.values(), default=0) <= CAPS.service_z

    @invariant()
    def nothing_is_lost(self) -> None:
        if not hasattr(self, "books"):
            return
        assert self.guard.check() == ()
        for state in wallet_states(self.reports, CHANNEL, ["al", "bob"], self.day):
            charged_z = sum(z for each, z in self.charged.items() if each[0] == state.name)
            open_z = sum(z for name, z in self.open_z.values() if name == state.name)
            assert sum(state.reserved.values()) == open_z
            assert state.balance_z == START_Z - charged_z - open_z
            today = {
                service: z
                for (name, service, day), z in self.charged.items()
                if (name, day) == (state.name, self.day)
            }
            assert state.spent == today
            used = usage_of(self.reports, key(state.name), 10_000)
            assert (len(used), sum(each.amount_z for each in used)) == (
                self.charges[state.name],
                charged_z,
            )


TestWallets = WalletsMachine.TestCase
TestWallets.settings = settings(max_examples=20, stateful_step_count=40, deadline=None)
