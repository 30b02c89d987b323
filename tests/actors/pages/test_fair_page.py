"""Fair dice on a page: what is told when, and that anybody can check it without us."""

import json
import re
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from tests.actors.games.test_instant import DAY_S, DOCS, TODAY, games
from tests.actors.house import CHANNEL
from tests.actors.pages.browser import Browser, Pages, pages

from economy_actors.pages.fair import program
from kryten_economy.features.games.fairness import hash_of

SECTIONS = {
    "gambling": games().gambling,
    "onboarding": {"welcome_wallet": 1000},
    "commands": {"rate_limit_per_minute": 1000},
}


async def _played(here: Pages, *words: str) -> None:
    for name in ("Alice", "Bob"):
        await here.house.join(name)
    for each in words or ("flip 100", "spin 20"):
        await here.house.pm("Alice", each)


async def test_the_hash_is_told_before_and_the_seed_after_the_day(tmp_path: Path) -> None:
    """The hash of the PM, and of the seed that is told on the next day."""
    async with pages(tmp_path / "e.db", sections=SECTIONS) as here, here.browser() as browser:
        await _played(here)
        [told] = await here.house.pm("Alice", "fair")
        page = await browser.get("/fair")
        [seed_hash] = set(re.findall("<code>([0-9a-f]{64})</code>", page.text))
        assert seed_hash in told
        await anyio.sleep(DAY_S)
        page = await browser.get("/fair")
        shown = re.findall("<code>([0-9a-f]{64})</code>", page.text)
        seed = shown[shown.index(seed_hash) + 1]
        assert hash_of(seed) == seed_hash


async def test_a_round_is_worked_out_on_the_page(tmp_path: Path) -> None:
    """On its day its seed is secret; afterwards the page says what `verify` says, and why."""
    async with pages(tmp_path / "e.db", sections=SECTIONS) as here, here.browser() as browser:
        await _played(here)
        await browser.get("/fair?round=1")
        assert "The seed is not told yet" in browser.text
        assert (await browser.get("/fair/round/1")).status_code == 404
        await anyio.sleep(DAY_S)
        [told] = await here.house.pm("Alice", "verify 1")
        await browser.get("/fair?round=%231")
        assert "The dice were fair" in browser.text
        for line in told.splitlines():
            assert line in browser.text
        assert "Won if draw 0 is below" in browser.text
        assert f"{CHANNEL.lower()}/1:0" in browser.text


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        ("x", 422, "A round is a whole number"),
        ("", 422, "A round is a whole number"),
        ("-1", 422, "A round is a whole number"),
        ("9" * 30, 422, "A round is a whole number"),
        ("<script>alert(1)</script>", 422, "A round is a whole number"),
        ("999", 404, "There is no round 999"),
    ],
)
async def test_a_wrong_number_is_told(tmp_path: Path, typed: str, status: int, said: str) -> None:
    """What was typed stays in the field, as text."""
    async with pages(tmp_path / "e.db", sections=SECTIONS) as here, here.browser() as browser:
        page = await browser.get("/fair", params={"round": typed})
        assert page.status_code == status
        assert said in browser.text
        assert "<script>alert" not in page.text


async def test_the_rounds_of_another_channel_are_not_known_here(tmp_path: Path) -> None:
    """Neither the round nor its data."""
    channels = (CHANNEL, "Other")
    async with (
        pages(tmp_path / "e.db", sections=SECTIONS, channels=channels) as here,
        here.browser() as browser,
    ):
        await _played(here)
        await anyio.sleep(DAY_S)
        elsewhere = Browser(here.house, browser.client, "Other")
        assert (await browser.get("/fair/round/1")).status_code == 200
        assert (await elsewhere.get("/fair/round/1")).status_code == 404
        assert (await elsewhere.get("/fair?round=1")).status_code == 404
        assert (await browser.get(f"/fair/round/{'9' * 40}")).status_code == 404


async def test_anybody_checks_a_round_by_the_shown_program(tmp_path: Path) -> None:
    """It is the one of the documentation, and says so of a changed outcome too."""
    assert f"```python\n{program()}```" in DOCS.read_text("utf-8")
    async with pages(tmp_path / "e.db", sections=SECTIONS) as here, here.browser() as browser:
        await _played(here, "flip 100", "spin 20")
        await anyio.sleep(DAY_S)
        await browser.get("/fair")
        assert program() in browser.text
        file = tmp_path / "check.py"
        file.write_text(program())
        for number in (1, 2):
            page = await browser.get(f"/fair/round/{number}")
            assert page.headers["content-disposition"].endswith(f'"round-{number}.json"')
            assert "alice" not in page.text.lower()
            day = page.json()
            assert day["day"] == TODAY
            assert _run(file, tmp_path, day) == f"{number} ok\n"
            day["rounds"][0]["outcome"] = {"payout_z": 1}
            assert _run(file, tmp_path, day) == f"{number} WRONG\n"


async def test_of_a_raffle_the_winner_alone_is_named(tmp_path: Path) -> None:
    """The tickets of the others are enough to check it."""
    async with pages(tmp_path / "e.db", sections=SECTIONS) as here, here.browser() as browser:
        await here.house.join("Boss", 5)
        await _played(here, "help")
        await here.house.pm("Boss", "raffle open 1 10")
        for name in ("Alice", "Bob"):
            await here.house.pm(name, "raffle 2")
        await anyio.sleep(DAY_S)
        page = await browser.get("/fair/round/1")
        won = page.json()["rounds"][0]["outcome"]["winner"]
        (other,) = {"alice", "bob"} - {won}
        assert other not in page.text
        file = tmp_path / "check.py"
        file.write_text(program())
        assert _run(file, tmp_path, page.json()) == "1 ok\n"


def _run(file: Path, folder: Path, day: object) -> str:
    (folder / "round.json").write_text(json.dumps(day))
    done = subprocess.run(
        [sys.executable, str(file), str(folder / "round.json")],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
