"""The statement: every movement, what it was for, and one's own data to take along."""

import csv
import io
import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.games.cards import seed_for
from tests.actors.house import CHANNEL, START_MS
from tests.actors.pages.browser import Browser, Pages, pages
from tests.actors.pages.test_own_pages import GAMES, SCRIPT

from economy_actors.pages.view import DOWNLOAD_EVERY_MS
from kryten_economy.features.money.operations import Credit, Debit
from kryten_economy.features.people.exporting import about
from kryten_economy.users import UserKey

DAY_S = 86_400
DAY_MS = DAY_S * 1000


async def _ready(here: Pages, browser: Browser) -> None:
    await here.house.join("Alice")
    await here.house.join("Bob")
    await browser.sign_in("alice")


async def _given(here: Pages, amount_z: int, number: int, reason: str = "A long message") -> None:
    await here.house.commit(
        Credit(
            op_id=f"test:{number}",
            user=UserKey(CHANNEL, "alice"),
            amount_z=amount_z,
            type="earn",
            trigger_id="chat.long_message",
            reason=reason,
            at_ms=here.house.now_ms,
            day="2026-11-20",
        )
    )


def _rows(browser: Browser) -> list[tuple[str, str, int, int]]:
    """Time, what for, amount and balance of each line."""
    found = re.findall(
        r'<time datetime="(.*?)">.*?<summary>(.*?)</summary>.*?'
        r'<td[^>]* class="number (?:up|down)">([-+\d,]+) Z</td>\s*'
        r'<td[^>]* class="number">([\d,]+) Z</td>',
        browser.page.text,
        re.DOTALL,
    )
    return [
        (when, what, int(amount.replace(",", "")), int(balance.replace(",", "")))
        for when, what, amount, balance in found
    ]


async def test_each_line_has_its_balance_and_its_reason(tmp_path: Path) -> None:
    """The newest first; each balance is the one below and the amount; `why` word for word."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _ready(here, browser)
        await _given(here, 12, 1)
        await here.house.pm("Alice", "tip @bob 5")
        await here.house.minutes(3)
        [why] = await here.house.pm("Alice", "why")
        await browser.get("/me/statement")
        rows = _rows(browser)
        assert rows[0][1] == "Being here, minute by minute: 3 minutes"
        assert rows[1][1:3] == ("A tip given to Bob", -5)
        assert rows[0][3] == here.house.balance("Alice")
        assert all(newer[3] == older[3] + newer[2] for newer, older in pairwise(rows))
        assert rows[-1][2] == rows[-1][3]
        assert why.partition("\n")[2] in browser.text


async def test_the_pages_hold_every_movement_once(tmp_path: Path) -> None:
    """Also while more comes in."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _ready(here, browser)
        for number in range(90):
            await _given(here, number + 1, number)
        seen: list[int] = []
        path = "/me/statement"
        for _ in range(3):
            await browser.get(path)
            seen += [amount for _, what, amount, _ in _rows(browser) if "long" in what]
            await _given(here, 1000, 1000 + len(seen))
            older = re.search(r'rel="next" href="/c/TestChan([^"]+)"', browser.page.text)
            path = "" if older is None else older[1].replace("&amp;", "&")
        assert path == ""
        assert seen == list(range(90, 0, -1))


@pytest.mark.parametrize(
    ("query", "amounts"),
    [
        ("kind=tips", [-5]),
        ("kind=earned", [30, 12]),
        ("direction=out", [-20, -5]),
        ("kind=staff", [-20]),
        ("kind=games", []),
        ("from=2026-11-21", [-20, 30]),
        ("to=2026-11-20&kind=earned", [12]),
        ("from=2026-11-21&to=2026-11-21&direction=in", [30]),
    ],
)
async def test_what_is_shown_can_be_chosen(tmp_path: Path, query: str, amounts: list[int]) -> None:
    """By kind, direction and days of the configured zone; choices go on to the next page."""
    sections = {"onboarding": {"welcome_wallet": 0}}
    async with pages(tmp_path / "e.db", sections=sections) as here, here.browser() as browser:
        await _ready(here, browser)
        await _given(here, 12, 1)
        await here.house.pm("Alice", "tip @bob 5")
        await here.house.leave("Alice")
        await anyio.sleep((START_MS + DAY_MS - here.house.now_ms) / 1000)
        await _given(here, 30, 2)
        await anyio.sleep(1)
        await here.house.commit(
            Debit(
                op_id="test:d",
                user=UserKey(CHANNEL, "alice"),
                amount_z=20,
                type="admin_deduct",
                trigger_id="admin.deduct",
                reason="x",
                at_ms=here.house.now_ms,
                day="2026-11-21",
            )
        )
        await browser.get(f"/me/statement?{query}")
        assert [amount for _, what, amount, _ in _rows(browser) if "here" not in what] == amounts
        if not amounts:
            assert "Nothing like that has moved." in browser.text


async def test_nothing_has_moved_yet(tmp_path: Path) -> None:
    """An empty statement says what brings the first coin."""
    sections = {"onboarding": {"welcome_wallet": 0}}
    async with pages(tmp_path / "e.db", sections=sections) as here, here.browser() as browser:
        await _ready(here, browser)
        await browser.get("/me/statement")
        assert "No coin has moved yet." in browser.text


@pytest.mark.parametrize(
    "query",
    ["from=yesterday", "to=2026-13-01", "from=2026-11-21&to=2026-11-20", "kind=x", f"kind={SCRIPT}",
     "direction=up", "from=9999-99-99"],
)  # fmt: skip
async def test_a_choice_that_is_none(tmp_path: Path, query: str) -> None:
    """A sentence that says what is wrong, and no script."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _ready(here, browser)
        assert (await browser.get(f"/me/statement?{query}")).status_code == 422
        assert browser.said
        assert SCRIPT not in browser.page.text


async def test_the_last_days_of_the_calendar(tmp_path: Path) -> None:
    """Days far away are days: nothing is found, and nothing breaks."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _ready(here, browser)
        for query in ("from=9999-12-31", "to=9999-12-31", "to=0001-01-01", "from=0001-01-01"):
            assert (await browser.get(f"/me/statement?{query}")).status_code in {200, 422}


async def test_texts_of_others_are_texts(tmp_path: Path) -> None:
    """A reason that holds a script is shown and not run."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _ready(here, browser)
        await _given(here, 12, 1, SCRIPT)
        await browser.get("/me/statement")
        assert SCRIPT not in browser.page.text
        assert "&lt;script&gt;" in browser.page.text


async def test_the_movements_of_others_are_no_way_in(tmp_path: Path) -> None:
    """Neither another's number, nor the other side of one's own, nor one of another channel."""
    channels = (CHANNEL, "Other")
    async with pages(tmp_path / "e.db", channels=channels) as here, here.browser() as browser:
        await _ready(here, browser)
        await here.house.pm("Alice", "tip @bob 5")
        await here.house.commit(
            Credit(
                op_id="elsewhere",
                user=UserKey("Other", "alice"),
                amount_z=9,
                type="earn",
                trigger_id="chat.long_message",
                reason="x",
                at_ms=here.house.now_ms,
                day="2026-11-20",
                create=True,
                display_name="Alice",
            )
        )
        numbers = here.house.report(
            lambda reports: reports.sql.rows(
                "SELECT id, channel, username FROM transactions ORDER BY id"
            )
        )
        assert len(numbers) > 3
        for number, channel, name in numbers:
            is_own = (channel, name) == (CHANNEL, "Alice")
            page = await browser.get(f"/me/statement?before={number}")
            assert page.status_code == (200 if is_own else 404)
        for before in ("0", "-1", "x", "9" * 30, "99999", ""):
            assert (await browser.get(f"/me/statement?before={before}")).status_code == 404


async def test_hidden_factors_stay_hidden(tmp_path: Path) -> None:
    """Neither statement nor data tell of a hidden factor, or of parts of coins (P-EARN-15)."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _ready(here, browser)
        metadata = {
            "base": 5,
            "multiplier": 2.4,
            "sources": [{"source": "secret", "mult": 2.4, "hidden": True}],
            "carried": 0.25,
        }
        await here.house.commit(
            Credit("h", UserKey(CHANNEL, "alice"), 12, "earn", "chat.long_message", "A long one",
                   here.house.now_ms, "2026-11-20", metadata=json.dumps(metadata))
        )  # fmt: skip
        for path in ("/me/statement", "/me/data.json"):
            text = (await browser.get(path)).text
            assert "A long one" in text
            assert "2.4" not in text
            assert "secret" not in text
            assert "0.25" not in text


async def test_ones_own_data_as_json_and_csv(tmp_path: Path) -> None:
    """Row by row what `export --user` writes of one's own account, in both forms the same."""
    async with pages(tmp_path / "e.db", sections=GAMES) as here, here.browser() as browser:
        await _ready(here, browser)
        await here.house.pm("Alice", "tip @bob 5")
        await here.house.pm("Alice", "flip 10")
        await here.house.pm("Bob", "flip 33")
        page = await browser.get("/me/data.json")
        assert page.headers["content-disposition"].startswith('attachment; filename="economy-alice')
        told = json.loads(page.text)
        assert told["user"] == "alice"
        expected: dict[str, list[Any]] = {}
        for row in here.house.report(lambda reports: list(about(reports, "alice", CHANNEL) or ())):
            expected.setdefault(row.table, []).append(row.values)
        taken = told["tables"]
        assert taken["account"] == expected["account"]
        assert taken["game_stake"] == expected["game_stake"]
        assert len(taken["game_stake"]) == 1
        assert [row["id"] for row in taken["transfer"]] == [
            row["id"] for row in expected["transfer"]
        ]
        assert set(taken) <= set(expected)
        assert "token_hash" not in taken["page_session"][0]
        await anyio.sleep(DOWNLOAD_EVERY_MS / 1000)
        lines = list(csv.reader(io.StringIO((await browser.get("/me/data.csv")).text)))
        assert lines[0] == ["table", "row", "column", "value"]
        counted = {(line[0], line[1]) for line in lines[1:]}
        # Meanwhile a notice was told that had waited.
        del taken["notice_due"]
        assert {each for each in counted if each[0] != "notice_due"} == {
            (table, str(number))
            for table, rows in taken.items()
            for number in range(1, len(rows) + 1)
        }


async def test_data_tell_nothing_of_others_or_of_what_is_to_come(tmp_path: Path) -> None:
    """No row that only has one's name in it, no configuration, no card of a hand that plays."""
    seed = seed_for("stand", "win", "lose")
    async with pages(tmp_path / "e.db", sections=GAMES) as here, here.browser() as browser:
        here.house.context.fresh_seed = lambda: seed
        await _ready(here, browser)
        await here.house.commit(
            Credit("b", UserKey(CHANNEL, "bob"), 12, "earn", "chat.x", "for alice: private",
                   here.house.now_ms, "2026-11-20")
        )  # fmt: skip
        await here.house.pm("Alice", "blackjack 100")
        text = (await browser.get("/me/data.json")).text
        assert "private" not in text
        assert seed not in text
        [played] = json.loads(text)["tables"]["game_round"]
        assert played["terms"] is None
        assert played["outcome"] is None
        assert "config_version" not in json.loads(text)["tables"]


async def test_data_are_put_together_for_one_at_a_time(tmp_path: Path) -> None:
    """Who asks again at once is told to wait, and so is who comes while another's are made."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _ready(here, browser)
        assert (await browser.get("/me/data.json")).status_code == 200
        assert (await browser.get("/me/data.csv")).status_code == 429
        await anyio.sleep(DOWNLOAD_EVERY_MS / 1000)
        here.site.downloads.is_busy = True
        assert (await browser.get("/me/data.csv")).status_code == 503
        here.site.downloads.is_busy = False
        assert (await browser.get("/me/data.csv")).status_code == 200


async def test_a_statement_of_presence_is_short(tmp_path: Path) -> None:
    """Minutes that follow each other within an hour share a line."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _ready(here, browser)
        await here.house.minutes(90)
        await browser.get("/me/statement?kind=here")
        assert sum(amount for _, _, amount, _ in _rows(browser)) == 90
        assert len(_rows(browser)) == 2
