"""Prices follow the coins in circulation (`spending.md` 2)."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from structlog.testing import capture_logs
from tests.actors.api.helpers import Api, Refuser, api, spawn
from tests.actors.house import CHANNEL, settings_with

from economy_actors.messages.workers import PricesDue
from economy_actors.runtime import AskExpired
from kryten_economy.config import Settings

OTHER = "OtherChan"
COST = "custom_greeting"


def _settings(*, enabled: bool = True, anchor: int = 100_000, interval_s: int = 600) -> Settings:
    return settings_with(
        channels=[
            {"domain": "cytube.test", "channel": CHANNEL},
            {"domain": "cytube.test", "channel": OTHER},
        ],
        onboarding={"welcome_wallet": 0},
        inflation={
            "enabled": enabled,
            "anchor_float": anchor,
            "update_interval_seconds": interval_s,
        },
        vanity_shop={"custom_greeting": {"cost": 10_000}},
    )


async def _price(it: Api) -> int:
    """What the web page shows for a greeting, before the discount of the rank."""
    costs: dict[str, int] = (await it.data("account.summary", username="Alice"))["vanity_costs"]
    return costs[COST]


def _gauge(it: Api, channel: str = CHANNEL) -> float | None:
    registry = it.house.context.metrics.registry
    return registry.get_sample_value("economy_inflation_multiplier", {"channel": channel})


async def _refresh(it: Api) -> None:
    it.house.context.prices.tell(PricesDue())
    await it.house.settle()


async def test_prices_follow_the_float_in_the_interval_and_not_before(tmp_path: Path) -> None:
    """A new float changes prices at the next reading; no purchase asks the books for it."""
    async with api(tmp_path, _settings()) as it:
        await it.account("Alice", 200_000)
        before = await _price(it)
        assert before == 2_500, "nothing was in circulation at the start: the lowest factor"
        await anyio.sleep(599)
        assert await _price(it) == before
        await anyio.sleep(2)
        await it.house.settle()
        assert await _price(it) == 20_000
        assert _gauge(it) == 2
        told = await it.data("stats.inflation")
        assert (told["enabled"], told["multiplier"], told["current_float"]) == (True, 2, 200_000)
        assert (told["anchor_float"], told["min_multiplier"], told["max_multiplier"]) == (
            100_000,
            0.25,
            8,
        )


async def test_prices_are_known_before_anything_is_sold(tmp_path: Path) -> None:
    """After a restart the first price is that of the float in the books."""
    async with api(tmp_path, _settings()) as it:
        await it.account("Alice", 300_000)
    async with api(tmp_path, _settings()) as it:
        assert it.house.context.floats == {CHANNEL: 300_000}
        assert await _price(it) == 30_000


async def test_each_channel_has_its_own_factor(tmp_path: Path) -> None:
    """P-SHOP-2: what circulates in one channel moves no price of another."""
    async with api(tmp_path, _settings(), channels=(CHANNEL, OTHER)) as it:
        await it.account("Alice", 400_000)
        await _refresh(it)
        here = await it.data("stats.inflation")
        there = await it.data("stats.inflation", channel=OTHER)
        assert (here["multiplier"], there["multiplier"]) == (4, 0.25)
        assert (_gauge(it), _gauge(it, OTHER)) == (4, 0.25)


async def test_a_channel_must_be_named_where_there_are_several(tmp_path: Path) -> None:
    """With one channel `stats.inflation` needs no name, with two it does."""
    async with api(tmp_path, _settings()) as it:
        answer = await it.raw({"command": "stats.inflation"})
        assert answer["data"]["channel"] == CHANNEL
    async with api(tmp_path, _settings(), channels=(CHANNEL, OTHER)) as it:
        answer = await it.raw({"command": "stats.inflation"})
        assert answer["error_code"] == "invalid_request"
        assert "channel" in answer["error"]


async def test_new_terms_apply_at_once_to_the_float_that_is_known(tmp_path: Path) -> None:
    """P-CFG-2, P-CFG-3: a reload moves prices, also when it only then turns inflation on."""
    async with api(tmp_path, _settings(enabled=False)) as it:
        await it.account("Alice", 200_000)
        await _refresh(it)
        live = it.house.context.live
        assert await _price(it) == 10_000
        live.swap(_settings(enabled=True))
        assert await _price(it) == 20_000
        live.swap(_settings(enabled=True, anchor=50_000))
        assert await _price(it) == 40_000
        await _refresh(it)
        assert _gauge(it) == 4
        live.swap(_settings(enabled=False))
        await _refresh(it)
        assert _gauge(it) == 1


async def test_switched_off_the_factor_is_1_and_the_float_is_told(tmp_path: Path) -> None:
    """`stats.inflation` tells the float of this moment, though no price follows it."""
    async with api(tmp_path, _settings(enabled=False)) as it:
        await it.account("Alice", 200_000)
        told = await it.data("stats.inflation")
        assert (told["enabled"], told["multiplier"], told["current_float"]) == (False, 1, 200_000)


async def test_a_reading_that_fails_leaves_the_price_and_a_warning(tmp_path: Path) -> None:
    """The last float stays in force, and the log says so."""
    async with api(tmp_path, _settings()) as it:
        await it.account("Alice", 200_000)
        await _refresh(it)
        context = it.house.context
        reader = context.reader
        context.reader = spawn(it.house, "broken", lambda: Refuser(AskExpired("reader", 1), []))
        with capture_logs() as logs:
            await _refresh(it)
        context.reader = reader
        assert [each["log_level"] for each in logs if each.get("channel") == CHANNEL] == ["warning"]
        assert await _price(it) == 20_000
        await it.account("Bob", 200_000)
        await anyio.sleep(601)
        await it.house.settle()
        assert await _price(it) == 40_000, "it goes on in its interval"


async def test_a_float_that_was_never_read_is_asked_for_again_soon(tmp_path: Path) -> None:
    """Without any float prices are base prices, and the next minute tries again."""
    async with api(tmp_path, _settings()) as it:
        await it.account("Alice", 200_000)
        context = it.house.context
        reader = context.reader
        context.floats.clear()
        context.reader = spawn(it.house, "broken", lambda: Refuser(AskExpired("reader", 1), []))
        await _refresh(it)
        context.reader = reader
        assert await _price(it) == 10_000
        await anyio.sleep(61)
        await it.house.settle()
        assert await _price(it) == 20_000


async def test_operators_are_told_what_prices_follow(tmp_path: Path) -> None:
    """PM `inflation`: float, anchor, factor and what a 10,000 Z thing costs; or that it is off."""
    async with api(tmp_path, _settings()) as it:
        await it.account("Alice", 250_000)
        await it.house.join("Boss", rank=5)
        await _refresh(it)
        (reply,) = await it.house.pm("Boss", "inflation")
        for part in ("2.500 times", "costs 25,000 Z", "250,000 Z", "100,000 Z"):
            assert part in reply
        it.house.context.live.swap(_settings(enabled=False))
        (reply,) = await it.house.pm("Boss", "inflation")
        assert "off" in reply
        assert "250,000 Z" in reply
        await it.house.join("Alice")
        (reply,) = await it.house.pm("Alice", "inflation")
        assert "admin" in reply


class TestByAReload:
    """The file is read in a thread, so these run on real time."""

    @pytest.fixture(params=["asyncio", "trio"])
    def anyio_backend(self, request: pytest.FixtureRequest) -> Any:
        return request.param

    async def test_a_reload_reads_the_float_anew(self, tmp_path: Path) -> None:
        """Enabling inflation in the file moves prices to the float of that moment."""
        async with api(tmp_path, settings_with(onboarding={"welcome_wallet": 0})) as it:
            await it.account("Alice", 500_000)
            path = tmp_path / "config.yaml"
            it.house.context.live.path = path
            path.write_text(
                'nats: {servers: ["nats://127.0.0.1:4222"]}\n'
                "channels: [{domain: cytube.test, channel: TestChan}]\n"
                "inflation: {enabled: true, anchor_float: 100000}\n"
                "vanity_shop: {custom_greeting: {cost: 10000}}\n"
            )
            await it.data("config.reload")
            with anyio.fail_after(10):
                while _gauge(it) != 5:
                    await it.house.settle()
            assert await _price(it) == 50_000
