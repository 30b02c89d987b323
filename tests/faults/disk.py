"""The same crowd on a disk that breaks on purpose, and on one whose power is cut.

In this process, so that the file system under SQLite can be ours. Each round breaks writes and
syncs at random (once, for a while, half a write, or as a full disk) while the crowd asks; the
ledger answers that the outcome is unknown, opens the books again, and the askers ask again by
id. Some rounds end in a power cut: the next one finds only what was synced.
"""

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import anyio
import apsw
from tests.faults.audit import Audit
from tests.faults.crowd import LAST_STEPS, Rig, run_crowd
from tests.faults.load import Crowd
from tests.faults.vfs import Fault, FaultyDisk, faulty_disk

from economy_actors.ledger import ThreadExecutor, reports_at
from economy_actors.runtime import RootFailed
from kryten_economy.ledger.books import Books

__all__ = ("ROUNDS_OF_A_FILE", "run_life")

ROUNDS_OF_A_FILE = 5

_STEPS = 48
_WEAR = ("-wal", "")

_LOG_PAGES = (20, 1000)
"""After how many pages the log is copied back: also while the disk breaks, or hardly ever."""


def run_life(folder: Path, seed: int, rounds: int = ROUNDS_OF_A_FILE) -> Counter[str]:
    """One file through ``rounds`` faulty runs and a sound one; answers what was seen, by name."""
    folder.mkdir(parents=True)
    dice, audit, path = Random(seed), Audit(retries=True), folder / "books.db"
    seen: Counter[str] = Counter()
    for generation in range(rounds + 1):
        last = generation == rounds
        crowd, replays = Crowd(seed, generation, dict(audit.numbers)), audit.replays()
        with faulty_disk() as disk:
            _remember(disk, path)
            rig = Rig(
                partial(_books_on, disk, path, dice.choice(_LOG_PAGES)),
                partial(reports_at, path),
                crowd,
                replays,
                LAST_STEPS if last else _STEPS,
                in_peace=last,
            )
            gremlin = Gremlin(disk, dice)
            heard = anyio.run(_run, rig, None if last else gremlin)
        seen.update(gremlin.done)
        seen["unknown answers"] += rig.unknowns
        audit.witness(crowd, replays, heard, rig.steps)
        if gremlin.left is not None:
            _power_is_back(path, gremlin.left)
        audit.examine(path, folder / "copy", generation, doubtful=rig.unknowns, last=last)
    assert not audit.unanswered_but_done(), audit.unanswered_but_done()
    seen.update(audit.summary())
    return seen


@dataclass(slots=True)
class Gremlin:
    """Breaks the disk every few milliseconds, and may cut the power."""

    disk: FaultyDisk
    dice: Random
    left: dict[str, bytes] | None = None
    """What was on the disk when the power went."""
    done: Counter[str] = field(default_factory=Counter)

    async def haunt(self) -> None:
        """Work until cancelled, or until the power is cut."""
        cut_after = self.dice.randint(1, 6) if self.dice.random() < 0.5 else None
        for number in range(1, 10**9):
            await anyio.sleep(self.dice.uniform(0.005, 0.1))
            if number == cut_after:
                self.left = dict(self.disk.synced)
                self.done["power cuts"] += 1
                return
            self.disk.breaks(self._fault())
            await anyio.sleep(self.dice.uniform(0.01, 0.08))
            self.done["faults"] += self.disk.hits > 0
            self.disk.mend()

    def _fault(self) -> Fault:
        operations = self.dice.choice(({"write"}, {"sync"}, {"write", "sync"}))
        return Fault(
            at=self.dice.choice((1, 1, 2, 3, 5, 8, 13, 40)),
            kind=self.dice.choice(("ioerr", "full")),
            operations=frozenset(operations),
            sticky=self.dice.random() < 0.3,
            torn=self.dice.random() < 0.5,
        )


async def _run(rig: Rig, gremlin: Gremlin | None) -> list[Any]:
    """What the askers heard until they were done, the tree gave up, or the power went."""
    heard: list[Any] = []
    deaf: list[Any] | None = None

    async def haunt(haunted: Gremlin) -> None:
        nonlocal deaf
        await haunted.haunt()
        # Nobody hears anything after the power is gone.
        deaf = list(heard)
        tasks.cancel_scope.cancel()

    try:
        async with anyio.create_task_group() as tasks:
            if gremlin is not None:
                tasks.start_soon(haunt, gremlin)
            await run_crowd(rig, heard.append)
            tasks.cancel_scope.cancel()
    except* RootFailed:
        # A disk that stays broken ends the tree; systemd would start the process again.
        assert gremlin is not None, "a sound disk"
        gremlin.done["failed trees"] += 1
    return heard if deaf is None else deaf


def _books_on(disk: FaultyDisk, path: Path, pages: int) -> ThreadExecutor[Books]:
    """The writing connection in its own thread, on the faulty file system."""
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
    return ThreadExecutor(Path(f"file:{path}?vfs={disk.name}"), flags, partial(_move_in, pages))


def _move_in(pages: int, connection: apsw.Connection) -> Books:
    books = Books.on(connection)
    connection.wal_autocheckpoint(pages)
    return books


def _remember(disk: FaultyDisk, path: Path) -> None:
    """What earlier runs left is on the disk already."""
    for end in _WEAR:
        file = Path(f"{path}{end}")
        if file.exists():
            disk.synced[str(file)] = file.read_bytes()


def _power_is_back(path: Path, left: dict[str, bytes]) -> None:
    # A machine without power holds no locks; here a thread of the life before may still do so.
    Path(f"{path}.lock").unlink(missing_ok=True)
    for end in (*_WEAR, "-shm"):
        Path(f"{path}{end}").unlink(missing_ok=True)
    for name, content in left.items():
        Path(name).write_bytes(content)
