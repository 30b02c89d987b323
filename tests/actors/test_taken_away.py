"""The book file is removed or replaced under the running service."""

from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs
from tests.actors.house import CHANNEL, House, house
from tests.faults.vfs import Fault, FaultyDisk, faulty_disk

from economy_actors.exporter import check_health
from economy_actors.messages.ledger import OutcomeUnknown
from kryten_economy.features.money.operations import Credit
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.invariants import verify
from kryten_economy.users import UserKey

REASON = "the book file was removed or replaced, see the log"


def _take_away(path: Path, *, replaced: bool) -> None:
    path.rename(path.with_name("elsewhere.db"))
    if replaced:
        other = path.with_name("other.db")
        Books.open(other).close()
        other.rename(path)


def _give_back(path: Path) -> Path:
    """Put the saved file where the house looks whether its books balance."""
    [saved] = path.parent.glob("economy.db.rescued-*")
    assert verify(saved).ok
    for each in path.parent.glob("economy.db-*"):
        each.unlink()
    return saved.rename(path)


def _rescued(path: Path) -> int:
    return len(list(path.parent.glob("economy.db.rescued-*")))


@pytest.mark.parametrize("replaced", [False, True])
async def test_a_loss_is_noticed_within_a_minute_of_silence(tmp_path: Path, replaced: bool) -> None:
    """Nobody asks for anything, and still the newest is saved, told once and seen in /health."""
    path = tmp_path / "economy.db"
    async with house(path) as home:
        await home.join("Alice")
        _take_away(path, replaced=replaced)
        with capture_logs() as logged:
            await anyio.sleep(59)
            assert _rescued(path) == 1
            await anyio.sleep(300)
            health = await check_health(home.context)
        told = [line for line in logged if line["log_level"] == "critical"]
        assert [line["event"] for line in told] == ["the book file was removed or replaced"]
        assert "economy.db.rescued-" in told[0]["reason"]
        assert (health.status, REASON in health.problems) == ("error", True)
        _give_back(path)
        assert home.balance("Alice") == 100


async def test_nothing_is_acknowledged_after_a_loss(tmp_path: Path) -> None:
    """Who asks hears that nobody knows; what was asked of the books is kept for the operator."""
    path = tmp_path / "economy.db"
    async with house(path) as home:
        await home.join("Boss")
        await home.rank("Boss", 4)
        await home.join("Alice")
        _take_away(path, replaced=True)
        [answer] = await home.pm("Boss", "grant alice 7")
        assert "try again" in answer.lower(), answer
        who, day = UserKey.of(CHANNEL, "Alice"), home.context.live.calendar.day(home.now_ms)
        gift = Credit("gift", who, 5, "admin_grant", "admin.grant", "Gift", home.now_ms, day)
        with pytest.raises(OutcomeUnknown):
            await home.commit(gift)
        await home.system.stop(9)
        _give_back(path)
        assert home.balance("Alice") == 105


async def test_a_broken_disk_makes_no_new_books_at_the_lost_place(tmp_path: Path) -> None:
    """A failed commit opens the books again, but never others than before."""
    path = tmp_path / "economy.db"
    with faulty_disk() as disk:
        async with house(path, books=lambda at: Books.open(at, vfs=disk.name)) as home:
            await home.join("Alice")
            _take_away(path, replaced=False)
            await _ask_while_broken(home, disk)
            assert not path.exists()
            assert _rescued(path) == 1
            await home.system.stop(9)
            _give_back(path)
            assert home.balance("Alice") == 100


async def _ask_while_broken(home: House, disk: FaultyDisk) -> None:
    disk.breaks(Fault(at=1, operations=frozenset({"write"})))
    await home.pm("Alice", "balance")
    disk.mend()
    await home.pm("Alice", "balance")
