"""What an import has found and done, in lines for people.

Every row of the source is accounted for: it was taken over, or it stands here why not.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from kryten_economy.text.templates import plural, thousands

__all__ = ("ChannelTotals", "Difference", "ImportFailed", "Report", "lines_of")

SHOWN = 10
"""So many of what happened to single rows are shown where there is not room for all."""

HISTORY = ("race_results", "race_bets", "economy_snapshots")
"""Tables of which nothing is kept but what is summed up elsewhere."""


class ImportFailed(Exception):  # noqa: N818 - it is read in an except clause
    """What was built is not what the source holds, or can't be; nothing was put in place."""


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much the old ledger of an account missed its balance; ``booked_z`` mends that."""

    channel: str
    name: str
    balance_z: int
    ledger_z: int

    @property
    def booked_z(self) -> int:
        """What the transfer ``migration.opening`` moves."""
        return self.balance_z - self.ledger_z


@dataclass(frozen=True, slots=True)
class ChannelTotals:
    """A channel after the import."""

    name: str
    accounts: int
    total_z: int
    configured: bool


@dataclass(slots=True)
class Report:
    """Filled while the import goes on."""

    source: str
    read: Counter[str] = field(default_factory=Counter)
    """Rows by table of the source."""
    written: Counter[str] = field(default_factory=Counter)
    """Rows by what they became."""
    odd: dict[str, list[str]] = field(default_factory=dict)
    """What was not as it should be: the kind, and a line for each case."""
    passed_over: Counter[str] = field(default_factory=Counter)
    """The same for what happens to many rows alike: the kind and how often."""
    differences: list[Difference] = field(default_factory=list)
    channels: list[ChannelTotals] = field(default_factory=list)

    def tell(self, kind: str, case: str) -> None:
        """Something odd about one row."""
        self.odd.setdefault(kind, []).append(case)

    def pass_over(self, kind: str, count: int = 1) -> None:
        """Something odd about rows that nobody needs to look at one by one."""
        if count:
            self.passed_over[kind] += count


def lines_of(report: Report, *, shown: int | None = SHOWN) -> Iterator[str]:
    """The report; ``shown`` None shows every single case."""
    yield f"Source: {report.source}"
    yield "Read:"
    for table, count in report.read.items():
        note = " (only what is summed up elsewhere)" if table in HISTORY else ""
        if count:
            yield f"  {table}: {plural(count, 'row')}{note}"
    empty = sorted(table for table, count in report.read.items() if not count)
    if empty:
        yield f"  Empty or not there: {', '.join(empty)}"
    yield "Becomes:"
    for what, count in report.written.items():
        if count:
            yield f"  {what}: {thousands(count)}"
    for each in report.channels:
        note = "" if each.configured else ", which the configuration does not name"
        accounts = plural(each.accounts, "account")
        yield f"Channel {each.name}: {accounts} with {thousands(each.total_z)}{note}"
    yield from _odd(report, shown)
    yield from _differences(report.differences, shown)


def _odd(report: Report, shown: int | None) -> Iterator[str]:
    if not report.odd and not report.passed_over:
        yield "Nothing odd was found."
        return
    yield "Odd:"
    for kind, count in report.passed_over.items():
        yield f"  {kind}: {thousands(count)}"
    for kind, cases in report.odd.items():
        yield f"  {kind}: {thousands(len(cases))}"
        yield from _some([f"    {case}" for case in cases], shown, "    ")


def _differences(differences: Sequence[Difference], shown: int | None) -> Iterator[str]:
    if not differences:
        yield "The old ledger adds up for every account."
        return
    over = sum(-each.booked_z for each in differences if each.booked_z < 0)
    short = sum(each.booked_z for each in differences if each.booked_z > 0)
    yield (
        f"The old ledger does not add up for {plural(len(differences), 'account')}: it has"
        f" {thousands(over)} too much and {thousands(short)} too little. Balances stay as they"
        " are; the difference becomes a transfer 'migration.opening' of each account:"
    )
    largest = sorted(differences, key=lambda each: (-abs(each.booked_z), each.channel, each.name))
    lines = [
        f"  {each.channel}/{each.name}: balance {thousands(each.balance_z)}, old ledger"
        f" {thousands(each.ledger_z)}, booked {each.booked_z:+,}"
        for each in largest
    ]
    yield from _some(lines, shown, "  ")


def _some(lines: Sequence[str], shown: int | None, indent: str) -> Iterable[str]:
    if shown is None or len(lines) <= shown:
        return lines
    return [*lines[:shown], f"{indent}... and {len(lines) - shown} more (--report FILE has all)"]
