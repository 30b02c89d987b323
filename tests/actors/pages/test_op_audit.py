"""The audit log on a page: filtered, paged, undone and downloaded."""

import csv
import io
import json
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.house import CHANNEL
from tests.actors.pages.browser import Browser, Pages
from tests.actors.pages.operator import operating

from economy_actors.pages import op_audit
from economy_actors.pages.app import pages_app
from economy_actors.pages.security import COOKIE
from kryten_economy.features.audit.queries import entries
from kryten_economy.features.gifts import AdminRain
from kryten_economy.ledger.audit import Line, OnRecord
from kryten_economy.users import Present


def _numbers(here: Pages) -> list[int]:
    return [each.id for each in here.house.report(lambda r: entries(r, CHANNEL, limit=99))]


async def _elsewhere(here: Pages) -> int:
    """An act in another channel of the same books; its number."""
    now_ms = here.house.now_ms
    rain = AdminRain("r", "Elsewhere", (Present("oli", "Oli"),), 5, "Oz", now_ms, "2026-11-20")
    line = Line(now_ms, "2026-11-20", "Oz", "pm", "Elsewhere", "rain", "5", "elsewhere")
    acted = await here.house.commit(OnRecord(rain, line))
    number: int = acted.audit_id
    return number


async def test_the_log_tells_who_did_what_to_whom_and_what_that_changed(tmp_path: Path) -> None:
    """With the balance before and after, and a way to undo it; texts of users are texts."""
    async with operating(tmp_path) as (here, browser):
        bob = here.house.balance("Bob")
        await here.house.pm("Boss", "grant @Bob 50 <script>alert(1)</script>")
        await browser.get("/op/audit")
        assert f"balance: {bob} → {bob + 50}" in browser.text
        assert "<script>alert" not in browser.page.text
        assert "<script>alert(1)</script>" in browser.text
        assert "Undo…" in browser.text
        assert '<time datetime="2026-11-20T10:00:' in browser.page.text


async def test_the_log_is_filtered_and_paged(tmp_path: Path) -> None:
    """By whom, what, about whom, and by days of the channel; a day that is none is told."""
    async with operating(tmp_path) as (here, browser):
        await here.house.join("Chief", 5)
        for n in range(55):
            await here.house.pm("Boss" if n else "Chief", f"grant @Bob {n + 1}")
        await here.house.pm("Boss", "ban @Nemo spam")
        await browser.get("/op/audit?who=chief")
        assert "grant @Bob 1 " in browser.text
        assert "grant @Bob 2 " not in browser.text
        await browser.get("/op/audit?what=BAN&user=@nemo&from=2026-11-20&to=2026-11-20")
        assert "ban @Nemo" in browser.text
        assert "grant" not in browser.text.partition("State")[2]
        await browser.get("/op/audit?from=2026-11-21")
        assert "Nothing fits" in browser.text
        await browser.get("/op/audit?user=bob")
        assert "grant @Bob 55 " in browser.text
        older = browser.page.text.partition('rel="next" href="')[2].partition('"')[0]
        await browser.get(older.removeprefix("/c/TestChan").replace("&amp;", "&"))
        assert "grant @Bob 5 " in browser.text
        assert "grant @Bob 6 " not in browser.text
        assert "grant @Bob 1 " in browser.text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from=yesterday", "days like 2026-03-31"),
        ("to=2026-02-30", "days like 2026-03-31"),
        ("from=2026-11-20&to=2026-11-19", "no later than"),
        ("user=a%20b", "a name has"),
    ],
)
async def test_a_filter_that_can_not_be_is_told(tmp_path: Path, query: str, said: str) -> None:
    """On the page and for a download."""
    async with operating(tmp_path) as (_, browser):
        assert (await browser.get(f"/op/audit?{query}")).status_code == 422
        assert said in browser.text
        assert "Nothing fits" not in browser.text
        for kind in ("csv", "jsonl"):
            assert (await browser.get(f"/op/audit.{kind}?{query}")).status_code == 400
            assert said in browser.text


async def test_an_undo_is_done_once_by_its_button(tmp_path: Path) -> None:
    """It says what it moves before; the page says afterwards by what it was undone."""
    async with operating(tmp_path) as (here, browser):
        bob = here.house.balance("Bob")
        await here.house.pm("Boss", "grant @Bob 50 oops")
        [number] = _numbers(here)
        await browser.get(f"/op/audit/{number}")
        assert "Bob: -50 Z" in browser.text
        fields = browser.form(f"/op/audit/{number}/undo").fields
        await browser.send(f"/op/audit/{number}/undo")
        assert browser.page.status_code == 200, browser.text
        assert here.house.balance("Bob") == bob
        await browser.post(f"/op/audit/{number}/undo", fields)
        assert here.house.balance("Bob") == bob
        undoing, *_ = _numbers(here)
        await browser.get(f"/op/audit/{number}")
        assert f"It was undone by #{undoing}" in " ".join(browser.text.split()).replace("# ", "#")
        assert f"#{number} was undone already" in browser.text
        await browser.get(f"/op/audit/{undoing}")
        assert "Bob: +50 Z" in browser.text


async def test_who_would_go_below_zero_is_shown_before(tmp_path: Path) -> None:
    """Nothing is done unless what there is may be taken."""
    async with operating(tmp_path) as (here, browser):
        await here.house.pm("Boss", "grant @Bob 50")
        await here.house.pm("Bob", "tip @Boss 140")
        [number] = _numbers(here)
        await browser.get(f"/op/audit/{number}")
        assert "Bob would go below zero: 50 Z are to be taken, they have 10 Z" in browser.text
        await browser.send(f"/op/audit/{number}/undo")
        assert browser.page.status_code == 422
        assert here.house.balance("Bob") == 10
        await browser.get(f"/op/audit/{number}")
        await browser.send(f"/op/audit/{number}/undo", partial="yes")
        assert browser.page.status_code == 200, browser.text
        assert here.house.balance("Bob") == 0


async def test_an_undo_for_several_asks_for_its_code(tmp_path: Path) -> None:
    """As the PM does, with the form of the code on the page."""
    async with operating(tmp_path) as (here, browser):
        before = here.house.balance("Bob")
        await here.house.pm("Boss", "rain 20")
        [number] = _numbers(here)
        await browser.get(f"/op/audit/{number}")
        assert "asked for a code" in browser.text
        await browser.send(f"/op/audit/{number}/undo")
        assert here.house.balance("Bob") == before + 10
        code = browser.said.partition("confirms it: ")[2][:4]
        await browser.send("/me/answer", code=code)
        assert browser.page.status_code == 200, browser.text
        assert here.house.balance("Bob") == before


async def test_another_channels_acts_are_not_there(tmp_path: Path) -> None:
    """Neither to see, nor to undo, nor in a download; numbers of any size."""
    async with operating(tmp_path) as (here, browser):
        number = await _elsewhere(here)
        await here.house.pm("Boss", "grant @Bob 50")
        assert (await browser.get(f"/op/audit/{number}")).status_code == 404
        assert (await browser.get("/op/audit/99999999999999999999999")).status_code == 404
        assert (await browser.get("/op/audit/0")).status_code == 404
        await browser.get(f"/op/audit/{number + 1}")
        fields = browser.form(f"/op/audit/{number + 1}/undo").fields
        assert (await browser.post(f"/op/audit/{number}/undo", fields)).status_code == 404
        for path in ("/op/audit", "/op/audit.csv", "/op/audit.jsonl"):
            assert "Oz" not in (await browser.get(path)).text


async def test_downloads_hold_the_rows_of_the_filter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest first, in as many parts as it takes; nothing in a table is a formula."""
    monkeypatch.setattr(op_audit, "DOWNLOADED_AT_ONCE", 3)
    async with operating(tmp_path) as (here, browser):
        for n in range(7):
            await here.house.pm("Boss", f'grant @Bob {n + 1} "=1+1, ""x"""')
        await here.house.pm("Boss", "ban @Nemo")
        page = await browser.get("/op/audit.jsonl?what=grant&from=2026-11-20")
        assert page.headers["content-type"] == "application/x-ndjson"
        assert 'filename="audit-2026-11-20.jsonl"' in page.headers["content-disposition"]
        rows = [json.loads(each) for each in page.text.splitlines()]
        assert [each["after"]["balance"] - each["before"]["balance"] for each in rows] == [
            *range(1, 8)
        ]
        page = await browser.get("/op/audit.csv")
        table = list(csv.DictReader(io.StringIO(page.text)))
        assert [each["command"] for each in table] == ["grant"] * 7 + ["ban"]
        assert json.loads(table[0]["before"]) == rows[0]["before"]
        assert not [cell for row in table for cell in row.values() if cell[:1] in {"=", "+", "@"}]
        assert table[-1]["user"] == "nemo"
        page = await browser.get("/op/audit.csv?from=2027-01-01")
        assert page.text.count("\n") == 1


async def test_a_download_reads_no_further_than_it_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What happens while nobody takes the rest is in the rest, and the books are free meanwhile."""
    monkeypatch.setattr(op_audit, "DOWNLOADED_AT_ONCE", 2)
    async with operating(tmp_path) as (here, browser):
        for n in range(8):
            await here.house.pm("Boss", f"grant @Bob {n + 1}")
        *_, first = _numbers(here)
        taken: list[bytes] = []
        full, goes_on = anyio.Event(), anyio.Event()

        async def receive() -> dict[str, Any]:
            await anyio.sleep_forever()
            raise AssertionError

        async def send(message: MutableMapping[str, Any]) -> None:
            taken.append(message.get("body", b""))
            if b'"command": "grant"' in taken[-1] and not goes_on.is_set():
                full.set()
                await goes_on.wait()

        async def download() -> None:
            await pages_app(here.site)(_scope(browser), receive, send)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(download)
            await full.wait()
            await anyio.sleep(0.01)
            await here.house.pm("Boss", f"undo {first + 6}")
            goes_on.set()
        rows = [json.loads(each) for each in b"".join(taken).decode().splitlines()]
        assert [each["id"] for each in rows] == list(range(first, first + 8))
        assert [each["id"] for each in rows if each["undone_by"] is not None] == [first + 6]


def _scope(browser: Browser) -> dict[str, Any]:
    cookie = f"{COOKIE}={browser.client.cookies[COOKIE]}".encode()
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": browser.url("/op/audit.jsonl"),
        "raw_path": browser.url("/op/audit.jsonl").encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"pages.test"), (b"cookie", cookie)],
        "client": ("127.0.0.1", 1),
        "server": ("pages.test", 80),
    }
