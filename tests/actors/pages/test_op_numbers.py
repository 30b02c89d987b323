"""The operator's pages of figures: what they tell, to whom, and what they do with wrong input."""

from pathlib import Path

import pytest
from tests.actors.house import CHANNEL
from tests.actors.pages.browser import Browser, Pages, pages

from economy_actors.messages.channel import Joined, PrivateMessage
from kryten_economy.features.config_versions import NoteConfig
from kryten_economy.features.reports.snapshots import KeepSnapshot, Snapshot

FIGURES = ("/op/", "/op/triggers", "/op/games", "/op/health", "/op/config", "/op/config/history")


async def _operator(here: Pages, browser: Browser) -> None:
    await here.house.join("Boss", rank=5)
    await browser.sign_in("boss")


@pytest.mark.parametrize("path", FIGURES)
async def test_figures_are_for_operators_alone(tmp_path: Path, path: str) -> None:
    """A member without the rank sees none of them, an operator does, and also with no past yet."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await here.house.join("Alice")
        await browser.sign_in("alice")
        assert (await browser.get(path)).status_code == 403
        async with here.browser() as other:
            await _operator(here, other)
            assert (await other.get(path)).status_code == 200, other.text
            assert "style=" not in other.page.text
            await here.house.rank("Boss", 1)
            assert (await other.get(path)).status_code == 403


async def test_the_overview_tells_what_the_pm_tells(tmp_path: Path) -> None:
    """Supply and where it came from, also after coins were given away and spent."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _operator(here, browser)
        await here.house.join("Bob")
        await here.house.pm("Boss", "grant @Bob 1234 for the test")
        supply = here.house.report(lambda reports: reports.float_of(CHANNEL)).float_z
        await browser.get("/op/")
        assert f"{supply:,} Z" in browser.text
        assert "admin.grant" in browser.text
        assert "1,234 Z" in browser.text
        assert "<svg" in browser.page.text
        assert "<script>" not in browser.page.text
        [told] = await here.house.pm("Boss", "econ:stats")
        assert f"{supply:,}" in told


async def test_wrong_periods_are_the_usual_one(tmp_path: Path) -> None:
    """Whatever the address asks for, what is read is bounded."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _operator(here, browser)
        for asked in ("-1", "99999999999", "x", "<script>", ""):
            for path in ("/op/", "/op/triggers"):
                assert (await browser.get(path, params={"days": asked})).status_code == 200
                assert "<script>alert" not in browser.page.text


async def test_a_forecast_follows_the_course_of_the_supply(tmp_path: Path) -> None:
    """After days of more and more coins the page tells what it comes to in 30 days."""
    sections = {"inflation": {"enabled": True, "anchor_float": 10_000}}
    async with pages(tmp_path / "e.db", sections=sections) as here, here.browser() as browser:
        await _operator(here, browser)
        await browser.get("/op/")
        assert "A forecast takes figures of two days" in browser.text
        day_ms = 86_400_000
        now_ms = here.house.now_ms
        for back in (3, 2, 1):
            snapshot = Snapshot(
                now_ms - back * day_ms, 2, 4_000 - 1_000 * back, 1, 0, 0, 0, 1, 0.0, 1.0
            )
            await here.house.commit(KeepSnapshot(CHANNEL, snapshot))
        await browser.get("/op/")
        assert "in 30 days" in browser.text
        assert "Supply at the end of each day" in browser.page.text


async def test_triggers_that_paid_are_told(tmp_path: Path) -> None:
    """Presence pays by the minute, and the page says how often and how much."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _operator(here, browser)
        await here.house.minutes(3)
        await browser.get("/op/triggers", params={"days": "1"})
        assert "presence.base" in browser.text
        assert "has never paid" in browser.text


async def test_games_tell_expected_and_observed(tmp_path: Path) -> None:
    """A flip shows with its stake and what is expected of it."""
    sections = {"gambling": {"min_account_age_minutes": 0}}
    async with pages(tmp_path / "e.db", sections=sections) as here, here.browser() as browser:
        await _operator(here, browser)
        await browser.get("/op/games")
        assert "Nobody has played yet" in browser.text
        await here.house.pm("Boss", "grant @Boss 1000 to play")
        await here.house.pm("Boss", "flip 10")
        await browser.get("/op/games")
        assert "too few rounds to compare" in browser.text
        assert "<svg" in browser.page.text


async def test_health_tells_the_parts(tmp_path: Path) -> None:
    """Version, books, queues, the robot of each channel."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _operator(here, browser)
        await browser.get("/op/health")
        assert here.house.context.version in browser.text
        assert "take commits" in browser.text
        assert CHANNEL in browser.text
        assert "Last backup" in browser.text


async def test_health_tells_what_is_stopped_here(tmp_path: Path) -> None:
    """With who did it and why; of other channels it tells nobody's name and no reason."""
    async with (
        pages(tmp_path / "e.db", channels=(CHANNEL, "Elsewhere")) as here,
        here.browser() as browser,
    ):
        await _operator(here, browser)
        elsewhere = here.house.context.channels["Elsewhere"]
        elsewhere.tell(Joined("Chief", 5, False, here.house.now_ms))
        elsewhere.tell(PrivateMessage("Chief", "freeze @zed 1h a secret", here.house.now_ms))
        await here.house.pm("Boss", "freeze @bob 1h too loud")
        await browser.get("/op/health")
        assert "bob is frozen until" in browser.text
        assert "too loud" in browser.text
        assert "zed" not in browser.text
        assert "a secret" not in browser.text


async def test_settings_are_found_by_key_and_hide_secrets(tmp_path: Path) -> None:
    """The filter is a part of a key; one setting in full is told as the PM tells it."""
    sections = {"mediacms": {"base_url": "https://media.test", "api_token": "very-secret"}}
    async with pages(tmp_path / "e.db", sections=sections) as here, here.browser() as browser:
        await _operator(here, browser)
        await browser.get("/op/config", params={"key": "rain.max_amount"})
        assert "rain.max_amount is " in browser.text
        assert "rain.min_amount" not in browser.text
        assert ">the default</td>" in browser.page.text
        await browser.get("/op/config", params={"key": "api_token"})
        assert "mediacms.api_token" in browser.text
        assert "very-secret" not in browser.page.text
        await browser.get("/op/config", params={"key": "mediacms.api_token"})
        assert "mediacms.api_token is set" in browser.text
        assert "very-secret" not in browser.page.text
        await browser.get("/op/config", params={"key": "<script>alert(1)</script>"})
        assert "No setting has that in its key" in browser.text
        assert "<script>alert" not in browser.page.text
        await browser.get("/op/config", params={"page": "2"})
        assert "page 2" in browser.text


async def test_versions_show_what_they_changed(tmp_path: Path) -> None:
    """Also where a value holds script; what is no version is told, and back is asked first."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _operator(here, browser)
        old, new = '{"a.b": 1}', '{"a.b": "<script>alert(1)</script>"}'
        for at_ms, text, values in ((1, "a: 1", old), (2, "a: <script>alert(1)</script>", new)):
            await here.house.commit(NoteConfig(at_ms, "pm", "<i>Eve</i>", text, values))
        await browser.get("/op/config/history")
        assert "<i>Eve" not in browser.page.text
        assert "a.b: 1 -> " in browser.text
        await browser.get("/op/config/version/2")
        assert "<script>alert" not in browser.page.text
        assert "This is the version in force" in browser.text
        assert (await browser.get("/op/config/version/99")).status_code == 404
        assert (await browser.get("/op/config/version/99999999999999999999")).status_code == 404
        await browser.get("/op/config/version/1")
        await browser.send("/op/config/revert")
        assert "Write version 1 over the config file" in browser.text
        assert browser.form("/me/answer").buttons


async def test_a_reload_without_a_file_is_refused(tmp_path: Path) -> None:
    """The answer is the PM's, and a page without a file has no button for it."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _operator(here, browser)
        await browser.get("/op/config")
        assert "there is nothing to read again" in browser.text
        fields = browser.forms[0].fields
        await browser.post("/op/config/reload", fields)
        assert browser.page.status_code == 422
        assert "without a configuration file" in browser.text
        await browser.post("/op/config/revert", fields | {"version": "1 x"})
        assert browser.page.status_code == 422
