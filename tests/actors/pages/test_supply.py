"""The supply of money over time, as a drawing and as a table."""

import re
from pathlib import Path

import pytest
from tests.actors.house import CHANNEL, START_MS
from tests.actors.pages.browser import Pages, pages

from kryten_economy.features.reports.snapshots import KeepSnapshot, Snapshot

HOUR_MS = 3_600_000
SECTIONS = {"onboarding": {"welcome_wallet": 500}}
_ROW = re.compile(r"<tr><th scope=\"row\"><time.*?>(.*?)</time></th>(.*?)</tr>", re.DOTALL)


async def _keep(here: Pages, *hours_ago: int) -> None:
    for hours in hours_ago:
        total = 100_000 - hours
        kept = Snapshot(START_MS - hours * HOUR_MS, 40, total, 3, 0, 0, 0, 77, 50.0, 1.0)
        await here.house.commit(KeepSnapshot(CHANNEL, kept))


async def test_the_table_has_the_figures_of_the_drawing(tmp_path: Path) -> None:
    """The newest first, each as the books have kept it, and the last as it is now; no names."""
    async with pages(tmp_path / "e.db", sections=SECTIONS) as here, here.browser() as browser:
        await here.house.join("Alice")
        await _keep(here, 30, 24, 18)
        page = await browser.get("/supply?days=7")
        rows = [(when, re.findall(r">([0-9,]+)", rest)) for when, rest in _ROW.findall(page.text)]
        assert [figures for _, figures in rows] == [
            ["500", "1", "500"],
            ["99,982", "40", "77"],
            ["99,976", "40", "77"],
            ["99,970", "40", "77"],
        ]
        assert rows[1][0] == "2026-11-19 16:00"
        assert page.text.count("<svg") == 3
        assert "From 99,970 on 2026-11-19 04:00 to 500 on" in page.text
        assert "Alice" not in page.text
        assert "style=" not in page.text
        assert "<script>" not in page.text


async def test_long_times_are_shown_by_few_figures(tmp_path: Path) -> None:
    """One a day over a month, the last of each day."""
    async with pages(tmp_path / "e.db", sections=SECTIONS) as here, here.browser() as browser:
        await _keep(here, *range(240, 10, -6))
        page = await browser.get("/supply?days=30")
        days = [when[:10] for when, _ in _ROW.findall(page.text)][1:]
        assert len(days) == len(set(days)) == 10
        page = await browser.get("/supply?days=365")
        assert len(_ROW.findall(page.text)) < 5


@pytest.mark.parametrize("days", ["x", "0", "-1", "99999", "<script>"])
async def test_a_time_there_is_none_of_is_a_month(tmp_path: Path, days: str) -> None:
    """And what was asked for is not repeated."""
    async with pages(tmp_path / "e.db", sections=SECTIONS) as here, here.browser() as browser:
        page = await browser.get("/supply", params={"days": days})
        assert page.status_code == 200
        assert "over 30 days" in page.text
