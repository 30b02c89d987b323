"""How far an import has come: a bar at a terminal, else a line for each part."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TextIO, TypeVar

from kryten_economy.text.templates import bar, thousands

__all__ = ("Progress",)

_EVERY = 2_000
"""Rows between two looks at the clock."""
_EVERY_S = 0.2
_WIDTH = 24

T = TypeVar("T")


class Progress:
    """Tells of one part after another; a source of 0 rows is passed over in silence."""

    def __init__(
        self, out: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._out = out if out is not None else sys.stderr
        self._clock = clock
        self._is_terminal = self._out.isatty()

    def over(self, what: str, rows: Iterable[T], total: int) -> Iterator[T]:
        """The same rows, told of while they pass."""
        began = shown = self._clock()
        count = 0
        for count, row in enumerate(rows, start=1):
            if self._is_terminal and count % _EVERY == 0:
                now = self._clock()
                if now - shown >= _EVERY_S:
                    shown = now
                    self._show(what, count, total, now - began)
            yield row
        self._end(what, count, self._clock() - began)

    def doing(self, what: str) -> None:
        """A part that can't be counted."""
        if self._is_terminal:
            self._out.write(f"\r\x1b[K{what} ...")
        else:
            self._out.write(f"{what} ...\n")
        self._out.flush()

    def clear(self) -> None:
        """Leave an empty line at a terminal."""
        if self._is_terminal:
            self._out.write("\r\x1b[K")
            self._out.flush()

    def _show(self, what: str, count: int, total: int, spent_s: float) -> None:
        whole = max(total, count)
        left_s = round(spent_s * (whole - count) / count)
        self._out.write(
            f"\r\x1b[K{bar(count, whole, _WIDTH)} {count * 100 // whole} % of {what}:"
            f" {thousands(count)} of {thousands(whole)}, {left_s // 60}:{left_s % 60:02} left"
        )
        self._out.flush()

    def _end(self, what: str, count: int, spent_s: float) -> None:
        if count and not self._is_terminal:
            self._out.write(f"{what}: {thousands(count)} in {spent_s:.1f} s\n")
            self._out.flush()
        self.clear()
