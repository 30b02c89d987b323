"""Reading the configuration again while the service runs (`config.md` 1.2).

The file is read in a thread, so these tests run on real time.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.actors.api.helpers import Api, api
from tests.actors.house import CHANNEL

from economy_actors.context import LiveSettings
from economy_actors.handlers import reloading as reload_module
from economy_actors.outbox.protocol import SettingsChanged
from kryten_economy.config import Loaded, load
from kryten_economy.features.games.rules import warnings as game_warnings

GOOD = """
nats:
  servers: ["nats://127.0.0.1:4222"]
  password: ${NATS_SECRET:-hidden-secret}
channels:
  - {domain: cytube.test, channel: TestChan}
currency: {symbol: "${SYMBOL:-Z}"}
"""


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Real time."""
    return request.param


async def wait_for_replies(it: Api, text: str) -> str:
    """A command of the owner and its reply, which here may take real time."""
    before = len(it.house.pms("boss"))
    await it.house.pm("Boss", text)
    while len(it.house.pms("boss")) == before:
        await it.house.settle()
    return it.house.pms("boss")[-1]


def in_force(it: Api, path: Path, text: str) -> LiveSettings:
    """Start from what a file says."""
    path.write_text(text)
    it.house.context.live.path = path
    return it.house.context.live


async def test_a_reload_changes_what_everybody_reads(tmp_path: Path) -> None:
    """P-CFG-2: one swap; the next reply, outboxes and channels work by the new settings."""
    async with api(tmp_path) as it:
        await it.house.join("Boss", rank=5)
        path = tmp_path / "config.yaml"
        in_force(it, path, GOOD)
        path.write_text(
            GOOD.replace('symbol: "${SYMBOL:-Z}"', "symbol: Coins")
            + "messages: {max_length: 100}\n"
            + "announcements: {rain_drop: false, max_per_minute: 3}\n"
            + "chat_min_delay: 0\nchat_jitter: 0\n"
            + "commands: {rate_limit_per_minute: 1}\nignored_users: [Carl]\n"
        )
        answer = await it.data("config.reload", admin="Zed")
        assert answer["reloaded"] is True
        assert answer["channels"] == [CHANNEL]
        reply = await wait_for_replies(it, "grant boss 5")
        assert "5 Coins" in reply
        (told,) = [m for m in it.house.heard if isinstance(m, SettingsChanged)]
        assert told.limits.max_units == 100
        assert told.limits.lines_per_minute == 3
        assert told.limits.closed_gates == {"rain_drop"}
        assert told.pace.unpaced
        assert it.house.context.live.ignores("CARL")
        await it.house.join("Alice")
        replies = [await it.house.pm("Alice", "unquiet") for _ in range(2)]
        assert "Slow down" in replies[1][0]
        first = it.audit()[0]
        assert (first.admin, first.command) == ("Zed", "config.reload")


async def test_what_needs_a_restart_is_reported_and_kept(tmp_path: Path) -> None:
    """Bus, channels, data file and the bot's name stay until a restart; the rest applies."""
    async with api(tmp_path) as it:
        await it.house.join("Boss", rank=5)
        path = tmp_path / "config.yaml"
        live = in_force(it, path, GOOD)
        await reload_module.reload_settings(it.house.context)
        more = "  - {domain: cytube.test, channel: Second}\ncurrency"
        path.write_text(
            GOOD.replace("currency", more).replace("4222", "4333").replace(":-Z}", ":-Y}")
            + "bot: {username: Other}\ndatabase: {path: other.db}\n"
        )
        answer = await it.data("config.reload")
        assert set(answer["restart_required"]) == {
            "nats", "channels", "database.path", "bot.username",
        }  # fmt: skip
        assert answer["channels"] == [CHANNEL]
        assert live.settings.bot.username == "ZCoinBot"
        assert live.settings.nats.servers == ("nats://127.0.0.1:4222",)
        assert live.settings.currency.symbol == "Y"
        outcome = await reload_module.reload_settings(it.house.context)
        assert isinstance(outcome, reload_module.Reloaded)
        assert outcome.changed == ()
        reply = await wait_for_replies(it, "reload")
        assert "restart" in reply
        assert "bot.username" in reply


async def test_a_bad_file_changes_nothing(tmp_path: Path) -> None:
    """The error names the line and key, not directories or secrets; the old settings stay."""
    async with api(tmp_path) as it:
        await it.house.join("Boss", rank=5)
        path = tmp_path / "config.yaml"
        live = in_force(it, path, GOOD)
        before = live.settings
        path.write_text(GOOD + "rain: {max_amount: lots}\n")
        code, text = await it.refused("config.reload", admin="Zed")
        assert code == "rejected"
        assert "config.yaml:8: rain.max_amount" in text
        assert str(tmp_path) not in text
        assert "hidden-secret" not in text
        reply = await wait_for_replies(it, "reload")
        assert "rain.max_amount" in reply
        assert str(tmp_path) not in reply
        path.unlink()
        code, text = await it.refused("config.reload")
        assert (code, "config.yaml" in text) == ("rejected", True)
        assert live.settings is before
        assert not [m for m in it.house.heard if isinstance(m, SettingsChanged)]


async def test_a_reload_reads_as_the_start_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P-CFG-1: substitution and overrides from the environment hold on this path too."""
    async with api(tmp_path) as it:
        live = in_force(it, tmp_path / "config.yaml", GOOD)
        monkeypatch.setenv("SYMBOL", "Ducats")
        monkeypatch.setenv("KRYTEN_ECONOMY__CURRENCY__NAME", "Ducat")
        await it.data("config.reload")
        assert (live.settings.currency.symbol, live.settings.currency.name) == ("Ducats", "Ducat")


async def test_who_is_overtaken_reads_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two reloads at once the one with the older reading does not undo the newer."""
    async with api(tmp_path) as it:
        path = tmp_path / "config.yaml"
        live = in_force(it, path, GOOD)
        readings: list[Loaded] = []

        def overtaken(path: Path, environ: Mapping[str, str]) -> Loaded:
            readings.append(load(path, environ))
            if len(readings) == 1:
                path.write_text(GOOD.replace(":-Z}", ":-Y}"))
                live.swap(load(path, environ).settings)
            return readings[-1]

        monkeypatch.setattr(reload_module, "load", overtaken)
        assert (await it.data("config.reload"))["reloaded"] is True
        assert len(readings) == 2
        assert live.settings.currency.symbol == "Y"


async def test_a_reload_warns_of_what_pays_more_than_it_takes(tmp_path: Path) -> None:
    """As loudly as the start does, of tables and of games that can't be read off a table."""
    async with api(tmp_path) as it:
        path = tmp_path / "config.yaml"
        in_force(it, path, GOOD)
        path.write_text(
            GOOD
            + "gambling:\n"
            + "  spin: {payouts: [{symbols: WIN, multiplier: 3, probability: 0.5}]}\n"
            + "  blackjack: {blackjack_payout: 5}\n"
        )
        with capture_logs() as logged:
            assert (await it.data("config.reload"))["reloaded"] is True
        told = {str(line["warning"]) for line in logged if "warning" in line}
        loud = {each for each in told if "THE PLAYERS WIN AGAINST THE HOUSE" in each}
        assert [each for each in loud if "spin returns 150 %" in each]
        assert [each for each in loud if "blackjack" in each]
        settings = load(path, {})
        at_the_start = {*settings.warnings, *game_warnings(settings.settings)}
        assert loud == {each for each in at_the_start if "THE PLAYERS WIN" in each}
