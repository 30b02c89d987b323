"""Files that an operator asked for: nobody else may read them, and none is overwritten."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

__all__ = ("writing",)


@contextmanager
def writing(path: Path | None, *, go_on: bool = False) -> Iterator[TextIO]:
    """A new file, or the standard output without one; with ``go_on`` the end of one there is.

    Raises FileExistsError rather than write over a file.
    """
    if path is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    flags = os.O_APPEND if go_on else os.O_EXCL
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | flags, 0o600)
    with open(descriptor, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 - opened so
        yield file
