"""Whatever the disk does: every acknowledged operation is there exactly once."""

from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import apsw
import pytest
from tests.faults.vfs import Fault, FaultyDisk, faulty_disk
from tests.unit.ledger.acts import (
    DAY,
    capture,
    earn,
    hold,
    minute,
    present,
    release,
    spend,
    tip,
)

from kryten_economy.features.money.operations import Posted
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger import opening
from kryten_economy.ledger.backup import backup
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.errors import CommitUnknown, UnwritableBooks
from kryten_economy.ledger.invariants import verify
from kryten_economy.ledger.operation import Act, Failed
from kryten_economy.refusals import Refusal

OPENING_OPERATIONS = 60


def script(seed: int, batches: int = 12) -> list[list[Act[Any]]]:
    """A reproducible run of batches; each request has an id of its own."""
    random = Random(seed)
    held: list[str] = []
    run: list[list[Act[Any]]] = []
    for number in range(batches):
        batch: list[Act[Any]] = [
            earn("Bob", 20, f"{number}-bob"),
            earn("Eve", 5, f"{number}-e"),
        ]
        parts = range(random.randint(1, 5))
        batch += [one_of_many(random, f"{number}-{part}", held) for part in parts]
        run.append(batch)
    return run


def one_of_many(random: Random, op_id: str, held: list[str]) -> Act[Any]:
    choice = random.randrange(6)
    if choice == 0:
        return tip("Bob", "Eve", random.randint(1, 9), op_id)
    if choice == 1:
        return spend("Bob", random.randint(1, 30), op_id)
    if choice == 2 and held:
        return release(random.choice(held), op_id)
    if choice == 3 and held:
        return capture(random.choice(held), random.randint(0, 9), op_id)
    if choice == 4:
        return minute(op_id, present("Bob", 2), present("Zoe", 1))
    held.append(f"hold-{op_id}")
    return hold("Eve", random.randint(1, 9), held[-1], op_id=op_id)


@dataclass
class Customer:
    """Opens the books, asks, and after each fault reopens and asks the same again."""

    path: Path
    disk: FaultyDisk
    answers: dict[str, object] = field(default_factory=dict)
    faults: int = 0
    books: Books | None = None

    def open(self) -> Books:
        while self.books is None:
            try:
                self.books = Books.open(self.path, vfs=self.disk.name)
                # Small, so that a short run meets faults while the log is copied back.
                self.books._connection.wal_autocheckpoint(20)
            except (UnwritableBooks, CommitUnknown):
                self.trouble()
        return self.books

    def trouble(self) -> None:
        self.faults += 1
        assert self.faults < 20, "it never gets better"
        if self.books is not None:
            self.books.close()
            self.books = None
        self.disk.mend()

    def ask(self, batch: list[Act[Any]]) -> None:
        while True:
            try:
                answers = self.open().commit(batch).answers
            except CommitUnknown:
                self.trouble()
                continue
            for request, answer in zip(batch, answers, strict=True):
                assert not isinstance(answer, Failed), answer
                self.answers[request.op_id] = answer
            return

    def close(self) -> None:
        if self.books is not None:
            self.books.close()
            self.books = None


def outcome(path: Path) -> tuple[dict[str, int], list[tuple[str, int, str]]]:
    """Balances and the rows of everybody, whatever their ids are."""
    reports = Reports.open(path)
    wallets = reports.wallets("Lounge", DAY)
    rows = [
        (row.username, row.amount_z, row.type) for row in reversed(reports.recent("Lounge", 500))
    ]
    reports.close()
    return {name: wallet.balance_z for name, wallet in wallets.items()}, rows


def expected(tmp_path: Path, run: list[list[Act[Any]]]) -> object:
    """What the same run leaves on a sound disk."""
    path = tmp_path / "sound.db"
    books = Books.open(path)
    for batch in run:
        books.commit(batch)
    books.close()
    return outcome(path)


def run_with(path: Path, fault: Fault, run: list[list[Act[Any]]], *, early: bool) -> int:
    """Do the run with one fault; answers how often the disk broke."""
    with faulty_disk() as disk:
        customer = Customer(path, disk)
        if not early:
            customer.open()
        disk.breaks(fault)
        hits = 0
        for batch in run:
            customer.ask(batch)
            hits = max(hits, disk.hits, customer.faults)
        customer.disk.mend()
        answers = dict(customer.answers)
        for batch in run:
            for request in batch:
                if not isinstance(answers[request.op_id], Refusal):
                    [again] = customer.open().commit([request]).answers
                    assert getattr(again, "replayed", False), again
        customer.close()
    return hits


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ioerr", "full"])
@pytest.mark.parametrize(("operation", "stride"), [("write", 4), ("sync", 1)])
@pytest.mark.parametrize("torn", [False, True])
def test_every_single_fault_is_survived(
    tmp_path: Path, kind: str, operation: str, stride: int, torn: bool
) -> None:
    """The n-th write or sync fails, over a whole run: the outcome is that of a sound disk."""
    run = script(seed=7, batches=5)
    sound = expected(tmp_path, run)
    for at in count(1, stride):
        path = tmp_path / f"{at}.db"
        fault = Fault(at, kind, frozenset({operation}), torn=torn)
        hits = run_with(path, fault, run, early=False)
        assert outcome(path) == sound, at
        assert verify(path).ok, at
        if not hits:
            break
    assert at > 5, "the run must meet its faults"


@pytest.mark.parametrize("kind", ["ioerr", "full"])
def test_a_fault_while_the_books_are_made(tmp_path: Path, kind: str) -> None:
    """A disk that breaks while the schema is written leaves books that open afterwards."""
    run = script(seed=3, batches=2)
    sound = expected(tmp_path, run)
    for at in range(1, OPENING_OPERATIONS, 3):
        path = tmp_path / f"{at}.db"
        run_with(path, Fault(at, kind), run, early=True)
        assert outcome(path) == sound, at


def test_a_disk_that_stays_broken_acknowledges_nothing(tmp_path: Path) -> None:
    """While the disk is broken every batch is Unknown; mended and reopened, all is repeated."""
    path = tmp_path / "books.db"
    with faulty_disk() as disk:
        books = Books.open(path, vfs=disk.name)
        books.commit([earn("Bob", 5, "first")])
        disk.breaks(Fault(1, "full", sticky=True))
        for _ in range(3):
            with pytest.raises(CommitUnknown, match="repeat it by id"):
                books.commit([earn("Bob", 7, "second")])
        books.close()
        disk.mend()
    books = Books.open(path)
    first, second = books.commit([earn("Bob", 5, "first"), earn("Bob", 7, "second")]).answers
    assert isinstance(first, Posted)
    assert isinstance(second, Posted)
    assert first.replayed
    assert second.wallet.balance_z == 12
    books.close()
    assert len(outcome(path)[1]) == 2


@pytest.mark.parametrize("seed", range(6))
def test_a_power_cut_loses_nothing_acknowledged(tmp_path: Path, seed: int) -> None:
    """After each answer, a disk that keeps only what was synced holds all that was answered."""
    print(f"seed {seed}")
    path = tmp_path / "books.db"
    with faulty_disk() as disk:
        books = Books.open(path, vfs=disk.name)
        # Odd seeds rely on the log alone, even ones on copying it back all the time.
        books._connection.wal_autocheckpoint(1000 if seed % 2 else 3 + seed)
        for number, batch in enumerate(script(seed)):
            books.commit(batch)
            left = disk.power_cut(tmp_path / f"cut-{number}") / "books.db"
            balances, rows = outcome(path)
            survivor = Books.open(left)
            survivor.close()
            assert verify(left).ok
            assert outcome(left) == (balances, rows)
        books.close()


def test_a_backup_on_a_full_disk_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup that can't be written is an error and leaves nothing half-written."""
    path, folder = tmp_path / "books.db", tmp_path / "backups"
    books = Books.open(path)
    books.commit([earn("Bob", 5)])
    books.close()
    with faulty_disk() as disk:

        def on_faulty_disk(file: Path, flags: int, _: str | None = None) -> apsw.Connection:
            vfs = disk.name if file.suffix == ".part" else None
            return apsw.Connection(str(file), flags=flags, vfs=vfs)

        monkeypatch.setattr(opening, "connect", on_faulty_disk)
        disk.breaks(Fault(2, "full", sticky=True))
        with pytest.raises(UnwritableBooks):
            backup(path, folder, 1, keep=1)
    assert list(folder.iterdir()) == []
    assert verify(path).ok
