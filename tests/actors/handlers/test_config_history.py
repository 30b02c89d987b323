"""Each configuration that was read is kept, told, explained and can be gone back to.

The file is read in a thread, so these tests run on real time.
"""

from pathlib import Path
from typing import Any

import apsw
import pytest
from tests.actors.api.helpers import Api, Refuser, api, spawn
from tests.actors.house import house

from economy_actors.handlers.reloading import note_settings, reload_settings
from economy_actors.runtime import AskFailed
from kryten_economy.config import load

GOOD = """\
# Ours.
nats:
  servers: ["nats://127.0.0.1:4222"]
  password: ${NATS_SECRET:-hidden-secret}
channels:
  - {domain: cytube.test, channel: TestChan}
currency: {symbol: "${SYMBOL:-Z}"}  # as the env says
rain: {max_amount: 30}
"""


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Real time."""
    return request.param


async def boss(it: Api, text: str) -> str:
    """A command of the owner and its reply, which here may take real time."""
    before = len(it.house.pms("boss"))
    await it.house.pm("Boss", text)
    while len(it.house.pms("boss")) == before:
        await it.house.settle()
    return it.house.pms("boss")[-1]


def _files(folder: Path, pattern: str) -> list[Path]:
    return [*folder.glob(pattern)]


async def begin(it: Api, tmp_path: Path, text: str = GOOD) -> Path:
    """Start from what a file says."""
    path = tmp_path / "config.yaml"
    path.write_text(text)
    loaded = load(path, {})
    it.house.context.live.path = path
    it.house.context.live.swap(loaded.settings, loaded)
    await note_settings(it.house.context, "start")
    await it.house.join("Boss", rank=5)
    return path


async def test_what_was_changed_is_kept_and_told(tmp_path: Path) -> None:
    """Time, author and each key before and after; what changes nothing leaves nothing."""
    async with api(tmp_path) as it:
        path = await begin(it, tmp_path)
        await boss(it, "reload")
        assert (await it.data("config.history"))["total"] == 1
        path.write_text(GOOD.replace("30", "40"))
        await boss(it, "reload")
        path.write_text(GOOD.replace("30", "50") + "ignored_users: [Carl]\n")
        await it.data("config.reload", admin="Zed")
        await it.data("config.reload", admin="Zed")
        path.write_text(path.read_text().replace("# Ours.", "# Ours, still."))
        await reload_settings(it.house.context)
        history = await it.data("config.history")
        told = [(each["how"], each["by"]) for each in history["versions"]]
        assert told == [("signal", ""), ("api", "Zed"), ("pm", "Boss"), ("start", "")]
        assert history["total"] == 4
        signal, by_api, by_pm, start = (each["changes"] for each in history["versions"])
        assert (signal, start) == ([], [])
        assert by_pm == [{"key": "rain.max_amount", "before": 30, "after": 40}]
        assert {"key": "ignored_users", "before": [], "after": ["Carl"]} in by_api
        reply = await boss(it, "config history")
        assert "rain.max_amount: 30 -> 40" in reply
        assert "Boss by PM" in reply
        assert (await it.data("config.history", limit=1, offset=1))["versions"][0]["by"] == "Zed"


async def test_no_secret_reaches_the_books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by what is kept, nor by what is shown; that a secret has changed is told all the same."""
    async with api(tmp_path) as it:
        path = await begin(it, tmp_path)
        monkeypatch.setenv("SYMBOL", "Ducats")
        monkeypatch.setenv("NATS_SECRET", "quite-another-secret")
        await boss(it, "reload")
        (last, _) = (await it.data("config.history"))["versions"]
        changed = {each["key"]: each["after"] for each in last["changes"]}
        assert changed == {
            "currency.symbol": "(from SYMBOL)",
            "nats.password": "(from NATS_SECRET)",
        }
        assert (
            await boss(it, "config show nats.password")
            == (
                "nats.password is set, from config.yaml:4, with NATS_SECRET of the environment."
                " A change needs a restart."
            )
            or "needs a restart" in it.house.pms("boss")[-1]
        )
        assert "Ducats" in await boss(it, "config show currency.symbol")
        path.write_text(GOOD + "mediacms: {api_token: tok-en-tok-en}\n")
        await boss(it, "reload")
        await it.house.settle()
    raw = b"".join(each.read_bytes() for each in _files(tmp_path, "economy.db*"))
    for secret in (b"hidden-secret", b"quite-another-secret", b"Ducats", b"tok-en-tok-en"):
        assert secret not in raw, secret


async def test_a_setting_is_explained(tmp_path: Path) -> None:
    """What holds, the default and the place; a typo gets a suggestion."""
    async with api(tmp_path) as it:
        path = await begin(it, tmp_path)
        told = await boss(it, "config show rain.max_amount")
        assert told == "rain.max_amount is 30 (default 25), from config.yaml:8."
        assert "default" in await boss(it, "config show rain.min_amount")
        assert "rain has enabled" in await boss(it, "config show rain")
        assert "Did you mean rain.max_amount?" in await boss(it, "config show rain.max_amonut")
        path.write_text(GOOD + "bot: {username: Other}\n")
        await boss(it, "reload")
        assert "needs a restart" in await boss(it, "config show bot.username")
        found = await it.data("config.show", key="rain.max_amount")
        assert (found["value"], found["default"], found["source"], found["line"]) == (
            30, 25, "file", 8,
        )  # fmt: skip
        secret = await it.data("config.show", key="nats.password")
        assert (secret["secret"], secret["set"], secret["value"]) == (True, True, None)
        assert (await it.data("config.show", key="bot.username"))["waits_for_restart"] is True
        assert (await it.refused("config.show", key="rain.nothing"))[0] == "not_found"
        assert (await it.refused("config.show"))[0] == "invalid_request"


async def test_back_to_a_version(tmp_path: Path) -> None:
    """After a preview and a YES the file is the old one, with the secrets of now, and in force."""
    async with api(tmp_path) as it:
        path = await begin(it, tmp_path)
        newer = GOOD.replace("30", "40").replace(":-hidden-secret", ":-newer-secret")
        path.write_text(newer)
        await boss(it, "reload")
        asked = await boss(it, "config revert 1")
        assert "rain.max_amount: 40 -> 30" in asked
        assert path.read_text() == newer
        done = await boss(it, "yes")
        assert "version 1 again" in done
        assert it.house.context.live.settings.rain.max_amount == 30
        assert "newer-secret" in path.read_text()
        assert "# Ours." in path.read_text()
        (backup,) = _files(tmp_path, "config.yaml.*.bak")
        assert backup.read_text() == newer
        answer = await it.data("config.revert", version=2, admin="Zed")
        assert answer["reverted"] is True
        assert "rain.max_amount" in answer["changed"]
        assert it.house.context.live.settings.rain.max_amount == 40
        last = (await it.data("config.history"))["versions"][0]
        assert (last["how"], last["by"]) == ("revert", "Zed")
        assert [each.command for each in it.audit()][-1] == "config.revert"


async def test_what_can_t_be_reverted_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No such version, a lost secret, and a file that can't be written are told."""
    async with api(tmp_path) as it:
        path = await begin(it, tmp_path)
        assert (await it.refused("config.revert", version=7))[0] == "not_found"
        for command in ("config", "config revert", "config revert x", "config history 0"):
            assert "config history [page]" in await boss(it, command), command
        assert "only 1 pages" in await boss(it, "config history 9")
        path.write_text(GOOD.replace("  password: ${NATS_SECRET:-hidden-secret}\n", ""))
        await boss(it, "reload")
        before = path.read_text()
        code, text = await it.refused("config.revert", version=1)
        assert (code, "nats.password" in text) == ("rejected", True)
        path.write_text(GOOD)
        monkeypatch.setattr("tempfile.mkstemp", _no_room)
        code, text = await it.refused("config.revert", version=1)
        assert (code, "can't be written: Read-only file system" in text) == ("rejected", True)
        assert path.read_text() == GOOD != before
        assert not _files(tmp_path, "*.bak")


def _no_room(**_: object) -> tuple[int, str]:
    raise OSError(30, "Read-only file system")


async def test_without_a_file_there_is_no_history(tmp_path: Path) -> None:
    """A service that was started from settings says so."""
    async with house(tmp_path / "economy.db") as home:
        await home.join("Boss", rank=5)
        assert "without a file" in (await home.pm("Boss", "config history"))[0]


async def test_a_start_with_the_same_file_keeps_nothing(tmp_path: Path) -> None:
    """Nor does one with another secret, which is in nobody's history."""
    for secret in ("hidden-secret", "hidden-secret", "other-secret"):
        async with api(tmp_path) as it:
            await begin(it, tmp_path, GOOD.replace("hidden-secret", secret))
            await it.house.settle()
    connection = apsw.Connection(str(tmp_path / "economy.db"))
    assert connection.execute("SELECT count(*) FROM config_version").fetchall() == [(1,)]
    connection.close()


async def test_reading_and_going_back_are_written_down_before_they_are_done(tmp_path: Path) -> None:
    """A kill in between leaves the row of an attempt; by the end it says what came of it."""
    async with api(tmp_path) as it:
        path = await begin(it, tmp_path)
        path.write_text(GOOD.replace("30", "40"))
        await it.data("config.reload", admin="Zed")
        await boss(it, "config revert 1")
        await boss(it, "YES")
        rows = [(row.admin, row.command, row.result.split()[0]) for row in it.audit()]
        assert rows[0] == ("Zed", "config.reload", "ok")
        assert rows[-1] == ("Boss", "config", "⏪")
        it.kill_before_the_log()
        path.write_text(GOOD.replace("30", "50"))
        await it.data("config.reload", admin="Zed")
        await boss(it, "config revert 1")
        await boss(it, "YES")
        begun = [(row.admin, row.command, row.result) for row in it.audit()[len(rows) :]]
        assert begun == [("Zed", "config.reload", "attempt"), ("Boss", "config", "attempt")]
        assert it.house.context.live.settings.rain.max_amount == 30


async def test_what_cannot_be_written_down_is_not_read(tmp_path: Path) -> None:
    """Without books a reload that somebody asks for changes nothing, and they are told."""
    async with api(tmp_path) as it:
        path = await begin(it, tmp_path)
        path.write_text(GOOD.replace("30", "40"))
        fault = AskFailed("no books")
        it.house.context.ledger = spawn(it.house, "broken", lambda: Refuser(fault, []))
        assert (await it.refused("config.reload"))[0] == "unavailable"
        assert it.house.context.live.settings.rain.max_amount == 30
