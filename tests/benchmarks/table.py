"""the table of `performance.md`: one row per number, with ratios and whether the target is met."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.benchmarks.spread import Spread
from tests.benchmarks.subjects import BASELINE, FLOOR, OURS

__all__ = ("Cells", "Row", "markdown")

Cells = Mapping[str, Spread]
_NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Row:
    """One measured number.

    Attributes:
        work: what was measured, with its unit.
        cells: the spread by service; a service that was not measured is absent.
        target: the target in words, empty if there is none.
        is_met: judges the cells; raises KeyError where a needed service is absent.
        digits: decimals shown.
    """

    work: str
    cells: Cells
    target: str = ""
    is_met: Callable[[Cells], bool] | None = None
    digits: int = 0

    def verdict(self) -> bool | None:
        """Whether the target is met; None without target or without the numbers for it."""
        try:
            return None if self.is_met is None else self.is_met(self.cells)
        except KeyError:
            return None

    def ratio(self, above: str, below: str) -> float | None:
        """The medians of two services divided; None where one is absent or zero."""
        if above not in self.cells or below not in self.cells:
            return None
        divisor = self.cells[below].median
        return self.cells[above].median / divisor if divisor else None


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table: medians, with least and greatest round in brackets."""
    head = ["Work", FLOOR, BASELINE, OURS]
    head += [f"{BASELINE} ÷ {FLOOR}", f"{OURS} ÷ {FLOOR}", f"{OURS} ÷ {BASELINE}", "Target"]
    lines = [head, ["---", *["---:"] * 6, "---"]]
    for row in rows:
        numbers = [_cell(row.cells.get(name), row.digits) for name in (FLOOR, BASELINE, OURS)]
        pairs = [(BASELINE, FLOOR), (OURS, FLOOR), (OURS, BASELINE)]
        ratios = [_ratio(row.ratio(*pair)) for pair in pairs]
        lines.append([row.work, *numbers, *ratios, _target(row)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(found: Spread | None, digits: int) -> str:
    if found is None or math.isnan(found.median):
        return _NOTHING
    median = f"{found.median:,.{digits}f}"
    if found.rounds == 1:
        return median
    return f"{median} ({found.least:,.{digits}f} to {found.greatest:,.{digits}f})"


def _ratio(found: float | None) -> str:
    return _NOTHING if found is None or math.isnan(found) else f"{found:.3g}"


def _target(row: Row) -> str:
    words = {True: ": **met**", False: ": **missed**", None: ""}
    return (row.target + words[row.verdict()]) or _NOTHING
