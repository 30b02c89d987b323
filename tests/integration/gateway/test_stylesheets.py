"""A stylesheet over a real bus: read to the byte, written with proof, and never below the rank."""

from collections.abc import AsyncIterator

import pytest
from tests.integration.conftest import MakeRobot
from tests.integration.gateway.house import House, open_house, settings_for, until

from economy_actors.messages.colours import (
    Overtaken,
    ReadStylesheet,
    StylesheetMessage,
    WriteStylesheet,
    Written,
)
from economy_actors.runtime import Ref
from economy_actors.stylesheet import Stylesheet
from economy_sandbox.nats import NatsServer
from economy_sandbox.robot import SimulatedRobot
from kryten_economy.features.colours.rules import NotShown

pytestmark = pytest.mark.anyio

CSS = "body { background: url('https://x.test/ä💰.png') }\r\n\n\n.a{b:c}\t"


@pytest.fixture
async def robot(make_robot: MakeRobot) -> SimulatedRobot:
    robot = await make_robot()
    await robot.dress(CSS)
    return robot


@pytest.fixture
async def home(
    nats_server: NatsServer, robot: SimulatedRobot, channel: str
) -> AsyncIterator[House]:
    async with open_house(settings_for(nats_server.url, channel)) as opened:
        assert opened.system is not None
        root = opened.system._root
        assert root is not None
        opened.context.stylesheets[channel] = root.spawn(
            "stylesheet", lambda: Stylesheet(channel, opened.context, opened.bus), capacity=64
        ).ref
        await until(lambda: channel in opened.context.bot_ranks)
        yield opened


def sheet(home: House, channel: str) -> Ref[StylesheetMessage]:
    return home.context.stylesheets[channel]


async def read(home: House, channel: str) -> str | NotShown:
    return await sheet(home, channel).ask(ReadStylesheet, timeout_s=10)


async def write(home: House, channel: str, css: str, over: str) -> Written | Overtaken | NotShown:
    return await sheet(home, channel).ask(
        lambda reply: WriteStylesheet(css, over, 2.0, reply), timeout_s=10
    )


async def test_the_bots_rank_is_known(home: House, robot: SimulatedRobot, channel: str) -> None:
    """From the stored list at a start, then from CyTube's news; unknown while the robot is away."""
    ranks = home.context.bot_ranks
    assert ranks == {channel: 4}
    await robot.set_rank(robot.bot, 2)
    await until(lambda: ranks.get(channel) == 2)
    await robot.join("Bob", rank=3)
    await robot.stop()
    await until(lambda: channel not in ranks)
    await robot.start()
    await until(lambda: ranks.get(channel) == 2)


async def test_reading_and_writing(home: House, robot: SimulatedRobot, channel: str) -> None:
    """What the owner saved is read to the byte; what is written counts when CyTube tells it."""
    assert await read(home, channel) == CSS
    new = CSS + "\n.d{e:f}"
    assert await write(home, channel, new, CSS) == Written()
    assert robot.dressing.css == new
    assert await read(home, channel) == new
    await robot.dress("by { hand: 1 }")
    await until(lambda: robot.dressing.css == "by { hand: 1 }")
    assert await read(home, channel) == "by { hand: 1 }"
    assert [each.name for each in robot.commands].count("setChannelCSS") == 1


async def test_a_write_over_something_else(
    home: House, robot: SimulatedRobot, channel: str
) -> None:
    """A text made of an old one is not sent."""
    await robot.dress("newer { }")
    await until(lambda: bool(home.context.bot_ranks))
    assert await read(home, channel) == "newer { }"
    assert await write(home, channel, "x", CSS) == Overtaken("newer { }", "newer { }")
    assert robot.dressing.css == "newer { }"


async def test_below_the_rank_the_robot_is_not_asked(
    home: House, robot: SimulatedRobot, channel: str
) -> None:
    """So it is not thrown out."""
    await robot.set_rank(robot.bot, 2)
    await until(lambda: home.context.bot_ranks.get(channel) == 2)
    assert await write(home, channel, "x", CSS) is NotShown.RANK_TOO_LOW
    assert robot.is_in_channel
    assert robot.dressing.css == CSS
    assert "setChannelCSS" not in [each.name for each in robot.commands]


async def test_while_the_robot_is_away(home: House, robot: SimulatedRobot, channel: str) -> None:
    """Its store outlives it, and is not believed."""
    await robot.stop()
    await until(lambda: channel in home.context.robots_away())
    assert await read(home, channel) is NotShown.ROBOT_AWAY
    assert await write(home, channel, "x", CSS) is NotShown.ROBOT_AWAY


async def test_a_stylesheet_that_was_never_saved(
    nats_server: NatsServer, make_robot: MakeRobot, channel: str
) -> None:
    """An empty value in the store is no stylesheet to write over."""
    await make_robot()
    async with open_house(settings_for(nats_server.url, channel)) as home:
        assert home.system is not None
        root = home.system._root
        assert root is not None
        await until(lambda: channel in home.context.bot_ranks)
        home.context.stylesheets[channel] = root.spawn(
            "stylesheet", lambda: Stylesheet(channel, home.context, home.bus), capacity=64
        ).ref
        assert not await home.bus.stored_css(channel)
        assert await home.bus.stored_css("NoSuchChannel") is None
        assert await read(home, channel) is NotShown.UNREADABLE
