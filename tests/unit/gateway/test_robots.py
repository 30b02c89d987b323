"""When a robot counts as away, by what it says and by its silence."""

import anyio
import pytest
from tests.actors.conftest import VirtualLoop
from tests.unit.gateway.helpers import settings

from economy_actors.clock import SteppedClock
from economy_actors.context import Context, LiveSettings
from economy_actors.gateway.robots import LEAVING_S, SILENCES_MAX, Robots
from economy_actors.messages.channel import RobotPresence
from economy_actors.metrics.metrics import Metrics
from kryten_economy.dice import Dice

pytestmark = pytest.mark.anyio
CHANNEL = "testchan"


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": VirtualLoop}


class Told:
    """Stands where channel and outbox stand and keeps what it is told."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def offer(self, message: object) -> bool:
        self.heard.append(message)
        return True


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def robots(told: Told) -> Robots:
    context = Context(
        LiveSettings(settings()), SteppedClock(0), Metrics(channels=[CHANNEL]), Dice(1), "1"
    )
    context.channels[CHANNEL] = told  # type: ignore[assignment]  # all that is used of a Ref
    context.outboxes[CHANNEL] = Told()  # type: ignore[assignment]  # likewise
    context.playlists[CHANNEL] = Told()  # type: ignore[assignment]  # likewise
    robots = Robots(context)
    robots.back(CHANNEL)
    told.heard.clear()
    return robots


async def test_one_silence_is_none_but_something_may_be_missed(robots: Robots, told: Told) -> None:
    """A robot that misses one question is there; its next answer wants a list to be read."""
    assert not robots.answered(CHANNEL)
    robots.silent(CHANNEL, anyio.current_time())
    assert robots.answered(CHANNEL)
    assert not robots.answered(CHANNEL)
    assert not told.heard


async def test_silences_in_a_row(robots: Robots, told: Told) -> None:
    """Silence after silence the robot is away, which is told once; its answer brings it back."""
    for _ in range(SILENCES_MAX + 3):
        robots.silent(CHANNEL, anyio.current_time())
    assert (robots.away(), told.heard) == ((CHANNEL,), [RobotPresence(here=False)])
    robots.answered(CHANNEL)
    assert (robots.away(), told.heard[1:]) == ((), [RobotPresence(here=True)])


async def test_an_event_breaks_the_silence(robots: Robots, told: Told) -> None:
    """Who tells something after it was asked is there, with or without an answer."""
    for _ in range(SILENCES_MAX + 3):
        asked_at_s = anyio.current_time()
        await anyio.sleep(1)
        robots.heard(CHANNEL)
        robots.silent(CHANNEL, asked_at_s)
    assert not told.heard


async def test_a_robot_that_is_leaving_still_answers(robots: Robots) -> None:
    """After its goodbye an answer is believed only when it can't be a last one."""
    robots.gone(CHANNEL)
    robots.answered(CHANNEL)
    assert robots.away() == (CHANNEL,)
    await anyio.sleep(LEAVING_S)
    robots.answered(CHANNEL)
    assert robots.away() == ()
