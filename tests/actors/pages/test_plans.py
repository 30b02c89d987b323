"""How pages find in the books what they show: by an index, however long the past is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import apsw
from tests.actors.pages.browser import Browser, pages
from tests.unit.ledger.test_plans import scans

from economy_actors.ledger import Executor, InlineExecutor
from economy_actors.pages.registry import PAGES, Who
from economy_actors.pages.view import DOWNLOAD_EVERY_MS
from kryten_economy.features.reports.queries import Reports

PLACES = {"{name}": "alice", "{item}": "beer", "{number:int}": "1"}

FILTERED = {
    "/boards": ("board=earners", "board=lifetime", "board=ranks", "page=9"),
    "/fair": ("page=2", "round=1"),
    "/me/": ("days=365",),
    "/me/statement": ("kind=games&direction=out", "kind=here&from=2026-10-01&to=2026-11-01"),
    "/me/wagers": ("before=9",),
    "/op/": ("days=365",),
    "/op/audit": (
        "who=boss",
        "what=grant",
        "user=alice",
        "who=boss&what=grant&user=alice",
        "from=2026-10-01&to=2026-11-01",
    ),
    "/op/config": ("key=gamb",),
    "/op/triggers": ("days=30",),
    "/op/user/{name}": ("before=9",),
    "/op/users": ("q=al", "behind=alice"),
    "/supply": ("days=365",),
}
"""What visitors may ask of a page beside its path."""

_DOWNLOADED = {"/c/TestChan/me/data.json", "/c/TestChan/me/data.csv"}
"""They read whole tables that no page does; tests/unit/ledger/test_plans.py says which not."""


class Traced:
    """What all reading connections were asked for which page, each statement with its values."""

    def __init__(self) -> None:
        self.seen: dict[str, tuple[str, Any]] = {}
        self.path = ""

    def open(self, path: Path) -> Executor[Reports]:
        def opened() -> Reports:
            reports = Reports.open(path)
            reports.connection.exec_trace = self._note
            return reports

        return InlineExecutor(opened)

    def _note(self, _cursor: apsw.Cursor, statement: str, values: Any) -> bool:
        if self.path and statement.lstrip().startswith(("SELECT", "WITH")):
            self.seen[statement.strip()] = (self.path, values)
        return True


def _asked(channel: str) -> Iterator[tuple[Who, str]]:
    for spec in PAGES:
        if spec.posts or spec.path == "/live":
            continue
        path = spec.route.replace("{channel}", channel)
        for place, value in PLACES.items():
            path = path.replace(place, value)
        yield spec.who, path
        yield from ((spec.who, f"{path}?{each}") for each in FILTERED.get(spec.path, ()))


def _goes_through_everybody(connection: apsw.Connection, statement: str, values: Any) -> bool:
    plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
    return any(str(step[3]).endswith("sqlite_autoindex_account_1 (channel_id=?)") for step in plan)


async def _get(browser: Browser, path: str) -> None:
    page = await browser.client.get(path)
    if page.status_code == 429:
        # Own data are taken along in one form at a time, and nobody asks too fast.
        await anyio.sleep(DOWNLOAD_EVERY_MS / 1000)
        page = await browser.client.get(path)
    assert page.status_code in {200, 404, 422}, (path, page.text)


async def test_no_page_reads_a_growing_table_from_end_to_end(tmp_path: Path) -> None:
    """What any page asks of the books costs no more with every year, whatever is filtered.

    And what a member is shown of themself is found without going through everybody.
    """
    traced = Traced()
    sections = {"gambling": {"min_account_age_minutes": 0}}
    async with pages(tmp_path / "e.db", sections=sections, reports=traced.open) as here:
        await here.house.join("Alice")
        await here.house.join("Boss", rank=5)
        await here.house.minutes(1)
        await here.house.pm("Boss", "grant alice 500 for testing")
        assert "Round 1" in (await here.house.pm("Alice", "flip 10"))[0]
        async with here.browser() as alice, here.browser() as boss:
            await alice.sign_in("Alice")
            await boss.sign_in("Boss")
            for who, path in _asked(alice.channel):
                traced.path = path
                await _get(boss if who is Who.OPERATOR else alice, path)
        traced.path = ""
        explained = Reports.open(here.house.path).connection
        read = {
            (path, statement): found
            for statement, (path, values) in traced.seen.items()
            if path not in _DOWNLOADED and (found := scans(explained, statement, values))
        }
        crowds = {
            (path, statement)
            for statement, (path, values) in traced.seen.items()
            if "/me/" in path and _goes_through_everybody(explained, statement, values)
        }
        explained.close()
    assert len(traced.seen) > 50
    assert read == {}
    assert crowds == set()
