"""What the parts of an import have in common."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kryten_economy.config import Settings
from kryten_economy.migration.people import People, Person
from kryten_economy.migration.progress import Progress
from kryten_economy.migration.report import Report
from kryten_economy.migration.source import Source
from kryten_economy.migration.target import Target
from kryten_economy.migration.values import Cell

__all__ = ("Work",)


@dataclass(frozen=True, slots=True)
class Work:
    """One import: from where, to where, whose, and what is told of it."""

    source: Source
    target: Target
    people: People
    report: Report
    progress: Progress
    settings: Settings
    now_ms: int

    def rows(
        self,
        table: str,
        columns: Sequence[str],
        *,
        user: str = "username",
        order: str = "id",
        told: bool = True,
    ) -> Iterator[tuple[Person, tuple[Cell, ...]]]:
        """The rows of a table with the person each belongs to.

        Rows of people without an account are passed over: the old pruner left them behind.
        ``told`` False: another reading of the table tells of them.
        """
        lost = 0
        find, total = self.people.find, self.source.count(table)
        self.report.read[table] = total
        rows = self.source.rows(table, (user, "channel", *columns), order)
        for username, channel, *cells in self.progress.over(table, rows, total):
            person = find(username, channel)
            if person is None:
                lost += 1
            else:
                yield person, tuple(cells)
        if told:
            self.report.pass_over(f"rows of {table} whose account is gone", lost)
