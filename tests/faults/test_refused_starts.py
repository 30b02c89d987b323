"""A service that can't start says why in one line, exits with 1, and leaves all as it was."""

import json
import socket
from pathlib import Path

import apsw
import pytest
from tests.faults.process import run_once, write_config
from tests.integration.service.house import free_port

from kryten_economy.ledger.books import Books

pytestmark = pytest.mark.slow


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path, f"nats://127.0.0.1:{free_port()}", "Lounge")


def refused(config: Path) -> str:
    """The one line that a refused start prints."""
    ended = run_once(config)
    assert ended.returncode == 1, ended
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    [line] = ended.stderr.splitlines()
    assert line.startswith("kryten-economy: ")
    return line


def sound_books(path: Path) -> None:
    Books.open(path).close()


def test_damaged_books_are_refused_and_kept(config: Path, tmp_path: Path) -> None:
    """A damaged file is not written to: what is left of it may be needed."""
    path = tmp_path / "economy.db"
    sound_books(path)
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)
    assert "damaged or no database" in refused(config)
    assert path.read_bytes() == content


def test_a_file_that_is_no_database_is_refused_and_kept(config: Path, tmp_path: Path) -> None:
    """Whatever stands where the books should be is not overwritten."""
    path = tmp_path / "economy.db"
    path.write_text("dear diary\n" * 1000)
    assert "damaged or no database" in refused(config)
    assert path.read_text() == "dear diary\n" * 1000


def test_another_programs_database_is_refused_and_kept(config: Path, tmp_path: Path) -> None:
    """The file of the service before is imported, never opened as books."""
    path = tmp_path / "economy.db"
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE accounts (username TEXT)")
    connection.close()
    before = path.read_bytes()
    assert "another program" in refused(config)
    assert path.read_bytes() == before


def test_books_of_a_newer_version_are_refused_and_kept(config: Path, tmp_path: Path) -> None:
    """An older service does not guess what a newer one wrote."""
    path = tmp_path / "economy.db"
    sound_books(path)
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 9999)
    connection.close()
    before = path.read_bytes()
    assert "newer version" in refused(config)
    assert path.read_bytes() == before


def test_a_folder_in_place_of_the_books_is_refused(config: Path, tmp_path: Path) -> None:
    """What can't be opened is told as a matter of the disk."""
    (tmp_path / "economy.db").mkdir()
    assert "can't be written" in refused(config)


@pytest.mark.parametrize("place", ["/proc/economy.db", "/proc/made/economy.db", "/dev/null/e.db"])
def test_a_place_that_takes_no_files_is_refused(tmp_path: Path, place: str) -> None:
    """A folder that can't be made or written to is told, also to the superuser."""
    config = write_config(
        tmp_path, f"nats://127.0.0.1:{free_port()}", "Lounge", database={"path": place}
    )
    assert place.rpartition("/")[0] in refused(config)


def test_a_second_service_on_the_same_books_is_refused(config: Path, tmp_path: Path) -> None:
    """Two writers would each believe in balances of their own."""
    path = tmp_path / "economy.db"
    books = Books.open(path)
    try:
        assert "Another process" in refused(config)
    finally:
        books.close()


def test_a_taken_port_is_told(config: Path) -> None:
    """Without its health page nobody would know how the service is."""
    port = json.loads(config.read_text())["metrics"]["port"]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        ended = run_once(config)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    [line] = [each for each in ended.stderr.splitlines() if each.startswith("kryten-economy: ")]
    assert str(port) in line


def test_every_fault_of_a_configuration_is_listed_at_once(tmp_path: Path) -> None:
    """One start shows all that is wrong, each with its place; nothing is begun."""
    path = tmp_path / "config.yaml"
    path.write_text(
        "nats:\n  servers: []\n"
        "channels:\n  - domain: cytube.test\n"
        "timezone: Mars/Olympus\n"
        f"database:\n  path: {tmp_path}/economy.db\n"
        "presence:\n  base_rate_per_minute: lots\n"
    )
    ended = run_once(path)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    for key in ("nats.servers", "channel", "timezone", "presence.base_rate_per_minute"):
        assert key in ended.stderr
    assert not (tmp_path / "economy.db").exists()


def test_a_missing_configuration_is_told(tmp_path: Path) -> None:
    """The path that was looked for is named."""
    ended = run_once(tmp_path / "nothing.yaml")
    assert ended.returncode == 1
    assert "nothing.yaml" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_check_of_the_configuration_starts_nothing(config: Path, tmp_path: Path) -> None:
    """``--validate-config`` neither makes books nor looks for a bus."""
    ended = run_once(config, "--validate-config")
    assert ended.returncode == 0
    assert "valid" in ended.stdout
    assert not (tmp_path / "economy.db").exists()
