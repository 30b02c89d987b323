"""Tables on a phone: each value of a wide one stands behind the name of its column."""

from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.actors.pages.operator import operating
from tests.actors.pages.scripts import PEPPER

from economy_actors.handlers.api_keys import PEPPER_NAME
from economy_actors.pages.assets import assets
from kryten_economy.config.web import Web


class _Tables(HTMLParser):
    """Every table with its headings, and the label of each cell by its column."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: list[tuple[bool, list[str], list[list[str | None]]]] = []
        self._in_heading = False
        self._in_head = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "table":
            self.tables.append(("stacked" in (given.get("class") or ""), [], []))
        elif tag == "thead":
            self._in_head = True
        elif tag == "th" and self._in_head:
            self._in_heading = True
            self.tables[-1][1].append("")
        elif tag == "tr" and not self._in_head:
            self.tables[-1][2].append([])
        elif tag in {"td", "th"} and "colspan" not in given:
            self.tables[-1][2][-1].append(given.get("data-label"))

    def handle_endtag(self, tag: str) -> None:
        if tag == "thead":
            self._in_head = False
        elif tag == "th":
            self._in_heading = False

    def handle_data(self, data: str) -> None:
        if self._in_heading:
            self.tables[-1][1][-1] += data.strip()


@pytest.mark.parametrize(
    "path",
    [
        "/op/",
        "/op/users",
        "/op/user/Bob",
        "/op/audit",
        "/op/shop",
        "/op/games",
        "/op/triggers",
        "/op/health",
        "/op/config",
        "/op/events",
        "/op/keys",
        "/me/statement",
        "/me/sessions",
        "/me/wagers",
        "/supply",
        "/fair",
    ],
)
async def test_a_wide_table_is_stacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """None of four columns or more scrolls sideways; a label is the heading of its own column."""
    monkeypatch.setenv(PEPPER_NAME, PEPPER)
    item = {"id": "lamp", "name": "Lamp", "price": 10, "effect": "announce", "text": "{user}"}
    sections = {
        "shop": {"items": [item]},
        "gambling": {"min_account_age_minutes": 0},
        "web": Web(),
    }
    async with operating(tmp_path, sections=sections) as (here, browser):
        await here.house.pm("Boss", "grant @Bob 50 for fun")
        await here.house.pm("Boss", "event start 2 30 Happy hour")
        await here.house.pm("Boss", "ban @Ghost too loud")
        await here.house.pm("Boss", "flip 20")
        await here.house.pm("Boss", "key add @Boss read")
        page = await browser.get(path)
        assert page.status_code == 200
        tables = _Tables(page.text).tables
        assert tables
        for is_stacked, headings, rows in tables:
            assert is_stacked or len(headings) < 4, headings
            for row in rows if is_stacked else []:
                assert not row or len(row) == len(headings), (headings, row)
                labels = {(label, heading) for label, heading in zip(row, headings, strict=False)}
                assert all(label in {None, heading} for label, heading in labels), labels


def test_a_time_stands_on_one_line() -> None:
    """On every page, however narrow."""
    assert b"\ntime { white-space: nowrap; }\n" in assets()["pages.css"].content
