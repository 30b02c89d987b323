"""What the doctor says of this machine's disk."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from kryten_economy.cli import machine

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("books_mib", "free_mib", "status"),
    [(1, 63, "FAIL"), (1, 64, "PASS"), (70, 69, "FAIL"), (70, 209, "WARN"), (70, 210, "PASS")],
)
def test_room_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, books_mib: int, free_mib: int, status: str
) -> None:
    """Less than 64 MiB or than the books take fails; less than three times the books is told."""
    path = tmp_path / "economy.db"
    with path.open("wb") as books:
        books.truncate(books_mib * MIB)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free_mib * MIB))
    found = machine.disk(machine.Places(tmp_path / "c.yaml", path, tmp_path / "backups"))

    assert (found.check, found.status) == ("disk", status)
    assert f"{free_mib} MiB free" in found.found
