"""A commit that fails costs nobody who happens to be in its batch anything."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import pytest
from tests.actors.chat.test_chat_triggers import only
from tests.actors.house import MINUTE_MS, House
from tests.actors.tree import TWO, open_tree, restarts
from tests.faults.vfs import Fault, FaultyDisk, faulty_disk

from economy_actors.messages.channel import Joined, MinutePassed, Said
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.errors import UnwritableBooks

LINE = "x" * 30

SYNC = frozenset({"sync"})
FAULTS = {
    "write": Fault(),
    "sync": Fault(operations=SYNC),
    "torn": Fault(torn=True),
    "broken": Fault(sticky=True),
    "broken at the sync": Fault(sticky=True, operations=SYNC),
    "full": Fault(kind="full", sticky=True),
}
"""Where it is sticky the books can't be opened again either, so the ledger restarts."""


async def _until_the_session_ends(h: House) -> None:
    """Ann has left, and the next minute ends her session."""
    for name in ("Ann", "Bob"):
        await h.join(name)
        await h.chat(name, "hello")
    await h.leave("Ann")
    debounce = h.context.live.settings.presence.join_debounce_minutes
    await h.minutes(debounce)
    assert {"ann", "bob"} <= _sessions(h)


def _open(disk: FaultyDisk, path: Path) -> Books:
    if disk.fault.sticky and disk.hits:
        raise UnwritableBooks("the disk broke on purpose")
    return Books.open(path, vfs=disk.name)


def _sessions(h: House) -> set[str]:
    return {cell.path.rpartition("/")[2] for cell in h.system.live if cell.kind == "session"}


async def _break(h: House, disk: FaultyDisk, fault: Fault) -> None:
    """All at once: a line, the minute that ends a session, and a return; then the commit fails."""
    due_ms = (h.now_ms // MINUTE_MS + 1) * MINUTE_MS
    await anyio.sleep((due_ms - h.now_ms) / 1000)
    disk.breaks(fault)
    for _ in range(3):
        h.channel.tell(Said("Bob", LINE, due_ms))
    h.channel.tell(MinutePassed(due_ms))
    h.channel.tell(Joined("Ann", 1, False, due_ms))
    h.channel.tell(Said("Ann", LINE, due_ms))
    await h.settle()
    assert disk.hits


@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_failed_commit_beside_an_ending_session_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, at: int
) -> None:
    """Lines and minute of the other user are paid, once, however and wherever the disk failed.

    Also what is said before the restarted channel knows who is here.
    """
    with faulty_disk() as disk:
        async with open_tree(
            tmp_path / "e.db",
            monkeypatch,
            books=partial(_open, disk),
            settings=only("long_message", channels=TWO),
        ) as (h, _):
            await _until_the_session_ends(h)
            before = [h.balance(name) for name in ("Ann", "Bob")]
            await _break(h, disk, replace(FAULTS[fault], at=at))
            await anyio.sleep(0.2)
            disk.mend()
            h.channel.tell(Said("Bob", LINE, h.now_ms))
            await anyio.sleep(20)
            await h.userlist(("Ann", 1), ("Bob", 1), stored=True)
            assert ("ledger" in restarts(h.observer)) == FAULTS[fault].sticky
            assert [h.balance(name) for name in ("Ann", "Bob")] == [before[0] + 1, before[1] + 5]
