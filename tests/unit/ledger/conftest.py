"""Books on a real file; after each test everything in them must add up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.invariants import verify


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "books.db"


@pytest.fixture
def books(path: Path) -> Iterator[Books]:
    opened = Books.open(path)
    yield opened
    opened.close()
    report = verify(path)
    assert report.ok, report


@pytest.fixture
def reports(books: Books, path: Path) -> Iterator[Reports]:
    opened = Reports.open(path)
    yield opened
    opened.close()
