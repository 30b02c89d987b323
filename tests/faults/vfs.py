"""A disk that breaks on purpose: an APSW file system over the real one.

`FaultyDisk` fails the n-th write or sync with an error of the chosen kind, once or from
then on, tears the failing write in half if told, and remembers what a power cut would
leave: of each file the content at its last sync.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import apsw

ERRORS: dict[str, type[apsw.Error]] = {"ioerr": apsw.IOError, "full": apsw.FullError}

_names = count(1)


@dataclass(slots=True)
class Fault:
    """Which operation fails (counted from 1; 0: none), how, and on which files."""

    at: int = 0
    kind: str = "ioerr"
    operations: frozenset[str] = frozenset({"write", "sync"})
    sticky: bool = False
    torn: bool = False


class FaultyDisk(apsw.VFS):
    """Registered under ``name`` while it lives; only the main file and its log can fail."""

    def __init__(self) -> None:
        self.name = f"faulty-{next(_names)}"
        self.fault = Fault()
        self.seen = 0
        self.hits = 0
        self.synced: dict[str, bytes] = {}
        super().__init__(self.name, "")

    def xOpen(  # noqa: N802 - SQLite's name
        self, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> "FaultyFile":
        return FaultyFile(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802 - SQLite's name
        super().xDelete(filename, syncdir)
        self.synced.pop(filename, None)

    def breaks(self, fault: Fault) -> None:
        """From now on count towards this fault."""
        self.fault, self.seen, self.hits = fault, 0, 0

    def mend(self) -> None:
        """No more faults."""
        self.breaks(Fault())

    def due(self, operation: str) -> bool:
        """Whether this operation fails."""
        if operation not in self.fault.operations or not self.fault.at:
            return False
        self.seen += 1
        hit = self.seen == self.fault.at or (self.fault.sticky and self.seen > self.fault.at)
        self.hits += hit
        return hit

    def power_cut(self, folder: Path) -> Path:
        """What the disk holds after losing everything that was not synced."""
        folder.mkdir()
        for name, content in self.synced.items():
            (folder / Path(name).name).write_bytes(content)
        return folder


class FaultyFile(apsw.VFSFile):
    """One open file of the disk."""

    def __init__(
        self, disk: FaultyDisk, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> None:
        self._disk = disk
        self._path = name.filename() if isinstance(name, apsw.URIFilename) else name
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        if self._disk.due("write"):
            if self._disk.fault.torn:
                super().xWrite(bytes(data[: len(data) // 2]), offset)
            raise ERRORS[self._disk.fault.kind]("the disk broke on purpose")
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        if self._disk.due("sync"):
            raise ERRORS[self._disk.fault.kind]("the disk broke on purpose")
        super().xSync(flags)
        if self._path is not None:
            # Read through SQLite's own descriptor: closing another one of the same file
            # would drop every lock this process holds on it.
            self._disk.synced[self._path] = super().xRead(super().xFileSize(), 0)


@contextmanager
def faulty_disk() -> Iterator[FaultyDisk]:
    """A disk that is sound until told otherwise."""
    disk = FaultyDisk()
    try:
        yield disk
    finally:
        disk.unregister()
