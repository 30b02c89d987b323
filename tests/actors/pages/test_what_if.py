"""What-if at the page of operators: the real replay, in a process of its own, beside the house."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from structlog.testing import capture_logs
from tests.actors.house import CHANNEL, NO_TRIGGERS, settings_with
from tests.actors.pages.browser import Browser, Pages
from tests.actors.pages.operator import operating

from economy_actors.messages.what_if import CancelTry, LookAtTries, StartTry, Tries, Wish
from economy_actors.pages import what_if
from economy_actors.pages.op_what_if import COMMON, TEXT_BYTES_MAX
from kryten_economy.config.origins import Source, kept_values

PAYS: dict[str, Any] = {
    "chat_triggers": {**NO_TRIGGERS["chat_triggers"], "kudos_received": {"reward": 3}},
    "onboarding": {"welcome_wallet": 100},
    "mediacms": {"base_url": "https://media.test", "api_token": "very-secret"},
}
PAGE = "/op/what-if"
START = f"{PAGE}/start"


@pytest.fixture
def anyio_backend() -> str:
    """Real time: other processes keep to no other."""
    return "asyncio"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files stand."""
    made = tmp_path / "temporary"
    made.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(made))
    return made


@asynccontextmanager
async def talked(path: Path, **options: Any) -> AsyncIterator[tuple[Pages, Browser]]:
    """Boss is at the page; Bob has praised them three times."""
    sections = PAYS | {"database": {"path": str(path / "e.db")}}
    async with operating(path, sections=sections, **options) as (here, browser):
        for _ in range(3):
            await here.house.chat("Bob", "boss++ well said")
        await browser.get(PAGE)
        yield here, browser


async def ended(browser: Browser) -> str:
    """Look at the page until nothing is under way; its text."""
    with anyio.fail_after(60):
        while True:
            await browser.get(PAGE)
            if "Under way" not in browser.text:
                return browser.text
            await anyio.sleep(0.2)


def left(folder: Path) -> list[Path]:
    """What stands in a folder."""
    return list(folder.iterdir())


def replays() -> list[int]:
    """The processes that replay something for this one."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            said = (each / "cmdline").read_bytes()
            parent = (each / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if b"kryten_economy.cli.child" in said and int(parent) == os.getpid():
            found.append(int(each.name))
    return found


async def begun() -> int:
    """The process of the replay that has just begun."""
    with anyio.fail_after(20):
        while not (found := replays()):  # noqa: ASYNC110 - a process sets no event
            await anyio.sleep(0.01)
    return found[0]


async def gone(process: int) -> None:
    """Wait until a process has ended."""
    with anyio.fail_after(20):
        while process in replays():  # noqa: ASYNC110 - likewise
            await anyio.sleep(0.02)


def without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A replay that waits for ever, with the environment and limits of a real one."""
    waits = [
        sys.executable,
        "-c",
        "import time; time.sleep(600)",
        "kryten_economy.cli.child",
    ]
    monkeypatch.setattr(what_if, "_command", lambda _wish, _database: waits)


async def test_a_key_of_the_list_is_tried(tmp_path: Path, folder: Path) -> None:
    """Kudos pay 10 instead of 3: three of them make 21 more, PMs are answered meanwhile, no coin
    moves, and nothing is left of what the process was given."""
    async with talked(tmp_path) as (here, browser):
        assert "chat_triggers.kudos_received.reward (now 3)" in browser.text
        supply_z = here.house.report(lambda reports: reports.float_of(CHANNEL)).float_z
        with capture_logs() as logged:
            await browser.send(START, key="chat_triggers.kudos_received.reward", value="10")
            assert "Under way" in browser.text
            assert '<noscript><meta http-equiv="refresh"' in browser.page.text
            assert await here.house.pm("Bob", "balance")
            told = " ".join((await ended(browser)).split())
        assert "chat_triggers.kudos_received.reward: 3 -> 10 (exact)" in told
        assert f"supply (wallets and holds) {supply_z:,} {supply_z + 21:,} +21" in told
        assert "median wallet" in told
        assert "share of the richest 10 %" in told
        assert "chat.kudos_received 9 30 +21" in told
        assert "Prices for the lowest rank" in told
        assert browser.page.text.count("<svg") >= 2
        assert "style=" not in browser.page.text
        assert "very-secret" not in browser.page.text
        assert here.house.report(lambda reports: reports.float_of(CHANNEL)).float_z == supply_z
        assert left(folder) == []
    events = [(each["event"], each["by"]) for each in logged if each["event"].startswith("a what")]
    assert events == [("a what-if was begun", "boss"), ("a what-if has ended", "boss")]


async def test_several_keys_and_a_whole_file_are_tried(tmp_path: Path) -> None:
    """Keys are laid over what holds, and what can't be replayed is named; a whole file stands for
    itself, with the defaults of what it leaves out."""
    several = "onboarding:\n  welcome_wallet: 150\ntipping:\n  min_amount: 5\n"
    async with talked(tmp_path) as (_, browser):
        await browser.send(START, changes=several, days="1")
        told = await ended(browser)
        assert "onboarding.welcome_wallet: 100 -> 150" in told
        assert "tipping.min_amount" in told
        assert "not replayed: the books don't tell" in told
        assert "kudos_received.reward: 3 ->" not in told
        assert "welcome_wallet: 150" in browser.page.text  # stands in the form again
        whole = "nats: {servers: [nats://other:1]}\nchannels: [{domain: a.test, channel: Other}]\n"
        await browser.send(START, changes=whole + "rain: {enabled: false}\n", kind="whole")
        told = await ended(browser)
        assert "onboarding.welcome_wallet: 100 ->" not in told
        assert "No answer" not in told


async def test_no_secret_comes_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the environment, by ``${NAME}``, nor a hidden setting can be read from the page."""
    monkeypatch.setenv("KRYTEN_TEST_SECRET", "from-the-environment")
    monkeypatch.setenv("KRYTEN_ECONOMY__RAIN__MIN_AMOUNT", "7")
    text = (
        "currency: {symbol: '${KRYTEN_TEST_SECRET:-Q}'}\n"
        "mediacms: {api_token: other-secret}\nrain: {min_amount: 4}\n"
    )
    async with talked(tmp_path) as (_, browser):
        await browser.send(START, changes=text)
        told = await ended(browser)
        assert "currency.symbol: Z -> Q" in told
        assert "rain.min_amount: 5 -> 4" in told
        assert "mediacms.api_token: (hidden) -> (hidden)" in told
        assert "from-the-environment" not in browser.page.text
        assert "very-secret" not in browser.page.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rain:\n  max_amount: many\n", "line:2: rain.max_amount"),
        ("rain: [", "line:1: is no valid YAML"),
        ("just words", "must be a mapping of sections at the top level"),
        ("rain: !!python/object:os.system {}\n", "rain: has a tag that is not allowed"),
        ("timezone: Nowhere/Land\n", "must be an IANA time zone"),
        ("x: &a [1, *a]\nrain: {min_amount: <script>}\n", "line:2: rain.min_amount"),
    ],
)
async def test_wrong_yaml_is_told_as_the_loader_tells_it(
    tmp_path: Path, text: str, said: str
) -> None:
    """With line, key and what is allowed; the text stays in the form, and script stays text."""
    async with talked(tmp_path) as (_, browser):
        await browser.send(START, changes=text)
        told = await ended(browser)
        assert "No answer" in told
        assert said in told
        assert text.splitlines()[0] in told
        assert "<script>}" not in browser.page.text


async def test_a_key_that_is_none_is_told(tmp_path: Path) -> None:
    """It is left out as in the real file, with the name that was perhaps meant."""
    async with talked(tmp_path) as (_, browser):
        await browser.send(START, changes="rain:\n  max_amuont: 5\n")
        told = await ended(browser)
        assert "did you mean" in told
        assert "max_amuont" in told
        assert "The two configurations say the same." in told


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"days": "0", "changes": "rain: {}"}, "from 1 to 30"),
        ({"days": "31", "changes": "rain: {}"}, "from 1 to 30"),
        ({"days": "<b>", "changes": "rain: {}"}, "from 1 to 30"),
        ({}, "Choose a key with its new value"),
        ({"key": "rain.max_amount", "value": "5", "changes": "rain: {}"}, "not both"),
        ({"key": "rain.max_amount", "value": ""}, "Choose a key of the list"),
        ({"key": "rain.max_amount", "value": "5\nbot: x"}, "Choose a key of the list"),
        ({"key": "nats.password", "value": "x"}, "Choose a key of the list"),
        ({"changes": "#" * (TEXT_BYTES_MAX + 1)}, "more than 16 KB of text"),
        ({"changes": "#" * 70_000}, "more than a form can hold (64 KB)"),
    ],
)
async def test_what_can_not_be_tried_begins_nothing(
    tmp_path: Path, fields: dict[str, str], said: str
) -> None:
    """Each is answered with what is allowed, and no process is started."""
    async with talked(tmp_path) as (_, browser):
        await browser.send(START, **fields)
        assert browser.page.status_code in {413, 422}
        assert said in browser.text
        assert replays() == []


async def test_one_at_a_time_and_cancelled_by_its_channel_alone(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second one is refused; Cancel ends the process and leaves no file; then there is room."""
    without_end(monkeypatch)
    async with talked(tmp_path) as (here, browser):
        await browser.send(START, changes="rain: {max_amount: 9}")
        process = await begun()
        [private] = left(folder)
        assert private.stat().st_mode & 0o077 == 0
        written = "".join(each.read_text() for each in left(private))
        assert "max_amount: 9" in written
        assert "very-secret" not in written
        await browser.post(
            START, browser.form(f"{PAGE}/cancel").fields | {"changes": "rain: {}", "days": "2"}
        )
        assert browser.page.status_code == 422
        assert "Another replay is under way" in browser.text
        site = here.site.what_if
        wish = Wish("Other", "eve", 3, "rain: {}")
        has_begun: bool = await site.ask(lambda reply: StartTry(wish, reply), timeout_s=5)
        was_there: bool = await site.ask(
            lambda reply: CancelTry("Other", "eve", reply), timeout_s=5
        )
        assert (has_begun, was_there) == (False, False)
        assert await here.house.pm("Bob", "balance")
        assert replays() == [process]
        await browser.send(f"{PAGE}/cancel")
        assert "boss has cancelled it." in await ended(browser)
        await gone(process)
        assert left(folder) == []
        await browser.send(START, changes="rain: {max_amount: 9}")
        await begun()
        assert "Under way" in browser.text


async def test_another_channel_sees_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the text, the name or the result: only that there is no room now."""
    without_end(monkeypatch)
    async with talked(tmp_path) as (here, browser):
        await browser.send(START, changes="rain: {max_amount: 9}")
        await begun()
        seen: Tries = await here.site.what_if.ask(
            lambda reply: LookAtTries("Other", reply), timeout_s=5
        )
        assert seen == Tries(None, None, is_taken=True)
        async with here.browser() as other:
            await other.sign_in("bob")
            assert (await other.get(PAGE)).status_code == 403
            answer = await other.post(f"{PAGE}/cancel", {"token": "x"})
            assert answer.status_code == 403
        assert len(replays()) == 1


async def test_two_channels_have_a_page_each(tmp_path: Path) -> None:
    """What an operator of one has found is not on the page of the other's operator."""
    channels = ("TestChan", "Second")
    async with talked(tmp_path, channels=channels) as (here, browser), here.browser("Second") as b:
        await browser.send(START, changes="onboarding: {welcome_wallet: 777}")
        assert "777" in await ended(browser)
        house = here.house
        house.channel = house.context.channels["Second"]
        await house.join("Chief", 5)
        await b.sign_in("Chief")
        await b.get(PAGE)
        assert b.page.status_code == 200
        assert "777" not in b.page.text
        assert "boss" not in b.text.lower()


async def test_it_ends_with_the_service(tmp_path: Path, folder: Path) -> None:
    """A stop in the middle leaves neither process nor file."""
    with pytest.MonkeyPatch.context() as patch:
        without_end(patch)
        async with talked(tmp_path) as (_, browser):
            await browser.send(START, changes="rain: {max_amount: 9}")
            process = await begun()
    await gone(process)
    assert left(folder) == []


async def test_it_takes_no_longer_than_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it is ended and the page says so."""
    without_end(monkeypatch)
    monkeypatch.setattr(what_if.WhatIf.__init__, "__defaults__", (0.3,))
    async with talked(tmp_path) as (_, browser):
        await browser.send(START, changes="rain: {max_amount: 9}")
        assert "Try fewer days" in await ended(browser)
        assert replays() == []


async def test_a_defect_is_logged_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the process said stands in the log; the next replay is another matter."""
    broken = [sys.executable, "-c", "raise SystemExit(print('its innards') or 70)"]
    monkeypatch.setattr(what_if, "_command", lambda _wish, _database: broken)
    async with talked(tmp_path) as (_, browser):
        with capture_logs() as logged:
            await browser.send(START, changes="rain: {max_amount: 9}")
            assert "The replay has failed" in await ended(browser)
        assert "its innards" not in browser.text
        assert [each["code"] for each in logged if each["event"] == "a what-if has failed"] == [70]


async def test_where_no_process_can_be_started_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full or missing disk costs that replay, and the next one is another matter."""
    async with talked(tmp_path) as (here, browser):
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
        await browser.send(START, changes="rain: {max_amount: 9}")
        assert "It could not be started: No such file or directory." in await ended(browser)
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        await browser.send(START, changes="rain: {max_amount: 9}")
        assert "rain.max_amount: 25 -> 9" in await ended(browser)
        assert here.house.observer.stats("what_if").restarts == 0


def test_the_keys_of_the_list_exist() -> None:
    """Whatever is offered is a setting of this version."""
    assert set(COMMON) <= set(kept_values(settings_with(), Source()))
