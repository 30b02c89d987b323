"""The outcome of a replay in rows: the same ones for the terminal and for the page."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from kryten_economy.config import Settings
from kryten_economy.text.templates import thousands
from kryten_economy.whatif.differences import Difference, Treatment, differences, untraced
from kryten_economy.whatif.outcome import Outcome

__all__ = ("Report", "Row", "Table", "plain", "report_of", "table_text")


class Row(NamedTuple):
    """A figure before and after, in words, and by how much it is more."""

    name: str
    before: str
    after: str
    change: str


class Table(NamedTuple):
    """Rows under a title."""

    title: str
    rows: tuple[Row, ...]


class Report(NamedTuple):
    """What is told of one channel; ``outcome`` is what charts are drawn from."""

    title: str
    differences: tuple[Difference, ...]
    warnings: tuple[str, ...]
    tables: tuple[Table, ...]
    outcome: Outcome
    symbol: str


_PERCENT_MIN = 0.0005


def report_of(outcome: Outcome, before: Settings, after: Settings) -> Report:
    """Everything that is to be told of a replay."""
    symbol = before.currency.symbol
    title = f"{outcome.channel}, {outcome.first_day} to {outcome.last_day}"
    tables = (
        Table("In the end", tuple(_ends(outcome))),
        Table("Into wallets", tuple(_flow(outcome.inflow))),
        Table("Out of wallets", tuple(_flow(outcome.outflow))),
        Table("Prices for the lowest rank", tuple(_flow(outcome.prices, total=False))),
    )
    changed = differences(before, after)
    warnings = tuple(_warnings(outcome, before, after, changed, symbol))
    shown = tuple(each for each in tables if each.rows)
    return Report(title, changed, warnings, shown, outcome, symbol)


def _ends(outcome: Outcome) -> Iterable[Row]:
    yield _coins("supply (wallets and holds)", *outcome.supply)
    mint, sink = outcome.system["mint"], outcome.system["sink"]
    yield _coins("made by the mint, ever", -mint[0], -mint[1])
    yield _coins("gone for good, ever", *sink)
    yield _coins("won by the house, ever", *outcome.system["house"])
    yield _coins("median wallet", *outcome.median)
    for name, part in (("richest 1 %", 0.01), ("richest 10 %", 0.1)):
        was, now = outcome.top_share(part)
        change = f"{(now - was) * 100:+.1f} points" if abs(now - was) >= _PERCENT_MIN else "="
        yield Row(f"share of the {name}", f"{was:.1%}", f"{now:.1%}", change)


def _flow(flow: Mapping[str, tuple[int, int]], *, total: bool = True) -> Iterable[Row]:
    for name, (was, now) in flow.items():
        yield _coins(name, was, now)
    if total and flow:
        was, now = (sum(pair[place] for pair in flow.values()) for place in (0, 1))
        yield _coins("all", was, now)


def _coins(name: str, was: float, now: float) -> Row:
    return Row(name, thousands(round(was)), thousands(round(now)), _change(was, now))


def _change(was: float, now: float) -> str:
    if was == now:
        return "="
    told = f"{round(now - was):+,}"
    return f"{told} ({(now - was) / abs(was):+.1%})" if was else told


def _warnings(
    outcome: Outcome,
    before: Settings,
    after: Settings,
    changed: Sequence[Difference],
    symbol: str,
) -> Iterable[str]:
    if not changed:
        yield "The two configurations say the same."
    unknown = [each.text for each in changed if each.treatment is Treatment.UNKNOWN]
    if unknown:
        yield f"Not replayed, since the books don't tell: {'; '.join(unknown)}."
    new = untraced(before, after)
    if new:
        yield f"Paid nothing before, so the books don't know whom: {', '.join(new)}."
    if outcome.explained < 1:
        yield (
            f"The present configuration accounts for {outcome.explained:.2%} of what was earned;"
            " the rest was paid under another one, and is changed in proportion."
        )
    if outcome.skipped:
        many = f"{thousands(outcome.skipped)} payments of {thousands(outcome.skipped_z)} {symbol}"
        yield f"{many} were not made: the wallet had too little."


def plain(report: Report) -> dict[str, Any]:
    """The report as JSON can hold it: what is told, and the figures that charts are drawn from."""
    outcome = report.outcome
    return {
        "title": report.title,
        "channel": outcome.channel,
        "seed": outcome.seed,
        "differences": [[each.text, each.treatment.value] for each in report.differences],
        "warnings": list(report.warnings),
        "tables": [[each.title, [list(row) for row in each.rows]] for each in report.tables],
        "days": [list(each) for each in outcome.days],
        "inflow": {name: list(pair) for name, pair in outcome.inflow.items()},
        "outflow": {name: list(pair) for name, pair in outcome.outflow.items()},
        "prices": {name: list(pair) for name, pair in outcome.prices.items()},
    }


def table_text(report: Report) -> str:
    """The report for a terminal, without the plot."""
    lines = [f"What if: {report.title}", ""]
    if report.differences:
        lines.append("Changed:")
        lines += [f"  {each.text}  [{each.treatment.value}]" for each in report.differences]
        lines.append("")
    for table in report.tables:
        lines += [*_lines(table), ""]
    lines += report.warnings
    return "\n".join(lines).rstrip()


def _lines(table: Table) -> Iterable[str]:
    rows = (Row(table.title, "before", "after", "change"), *table.rows)
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for place, row in enumerate(rows):
        cells = [row.name.ljust(widths[0])]
        cells += [row[column].rjust(widths[column]) for column in (1, 2, 3)]
        yield "  ".join(cells).rstrip()
        if place == 0:
            yield "-" * (sum(widths) + 6)
