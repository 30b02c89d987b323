"""A disk that hangs: what is written to it arrives only when it goes on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import apsw

__all__ = ("HangingDisk", "hanging_disk")

_names = count(1)


class HangingDisk(apsw.VFS):
    """SQLite's file system while it lives; each sync waits until the disk goes on."""

    def __init__(self) -> None:
        self._goes_on = threading.Event()
        self._goes_on.set()
        # By its name: without one the base would be the default, which is this one from now on.
        self._base = apsw.vfs_names()[0]
        super().__init__(f"hanging-{next(_names)}", self._base, makedefault=True)

    def xOpen(  # noqa: N802 - SQLite's name
        self, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> "HangingFile":
        return HangingFile(self._base, self._goes_on, name, flags)

    def hang(self) -> None:
        """From now on nothing arrives."""
        self._goes_on.clear()

    def go_on(self) -> None:
        """What was waiting arrives."""
        self._goes_on.set()


class HangingFile(apsw.VFSFile):
    """One open file of the disk."""

    def __init__(
        self,
        base: str,
        goes_on: threading.Event,
        name: str | apsw.URIFilename | None,
        flags: list[int],
    ) -> None:
        self._goes_on = goes_on
        super().__init__(base, name, flags)

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        self._goes_on.wait()
        super().xSync(flags)


@contextmanager
def hanging_disk() -> Iterator[HangingDisk]:
    """Whatever this process opens meanwhile lies on the disk."""
    disk = HangingDisk()
    try:
        yield disk
    finally:
        disk.go_on()
        disk.unregister()
