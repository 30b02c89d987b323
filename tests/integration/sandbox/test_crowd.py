"""The demo's crowd: lively, lawful, and the same for the same seed."""

from random import Random

import pytest
from tests.integration.conftest import MakeRobot

from economy_sandbox.crowd import Crowd, dress_channel
from economy_sandbox.past import PAST
from economy_sandbox.people import MUDDLES, PERSONAS
from economy_sandbox.robot import SimulatedRobot
from kryten_economy.users import is_name


async def _evening(robot: SimulatedRobot, seed: int, steps: int) -> list[tuple[str, str]]:
    crowd = Crowd(robot, Random(seed))
    await dress_channel(robot)
    await crowd.arrive()
    pauses = [await crowd.step() for _ in range(steps)]
    assert all(0 < pause < 30 for pause in pauses)
    return [(heard.sender, heard.text) for heard in robot.heard]


async def test_seed_repeats_an_evening(make_robot: MakeRobot) -> None:
    """The same seed gives the same lines from the same people; another seed others."""

    async def evening(channel: str, seed: int) -> list[tuple[str, str]]:
        # On a clock that stands still: what plays must not end by how busy the machine is.
        robot = await make_robot(channel=channel, clock=lambda: 1_772_625_610.0)
        return await _evening(robot, seed, 300)

    first, again = await evening("CrowdA", 7), await evening("CrowdB", 7)
    other = await evening("CrowdC", 8)
    assert first == again
    assert first != other


async def test_evening_has_a_bit_of_everything(robot: SimulatedRobot) -> None:
    """Greetings, laughs, kudos, links, emotes, mentions and PMs to the bot all happen."""
    heard = await _evening(robot, 1, 1500)
    chat = [h.text for h in robot.heard if h.to is None]
    orders = [h.text for h in robot.heard if h.to == robot.bot]
    for part in ("hi ", "lol", "++", "https://", ":kappa:", "@"):
        assert any(part in text for text in chat), part
    for part in ("balance", "help", "history", "tip @", "spin"):
        assert any(part in text for text in orders), part
    assert set(orders) & set(MUDDLES)
    assert len({sender for sender, _ in heard}) > 12


async def test_invitation_is_followed(robot: SimulatedRobot) -> None:
    """When the bot calls for a heist somebody says join."""
    crowd = Crowd(robot, Random(3))
    await crowd.arrive()
    line = "A heist is forming! Say join to be in the crew."
    await robot.act(robot.room.chat(robot.bot, line), typed=line)
    for _ in range(20):
        await crowd.step()
    assert "join" in [heard.text for heard in robot.heard]


async def test_who_speaks_to_the_bot_is_answered(robot: SimulatedRobot) -> None:
    """Another service answers by the bot's account, once, and names whom it answers."""
    crowd = Crowd(robot, Random(3))
    await robot.join("Kim")
    await crowd.arrive()
    await robot.chat("Kim", f"hello {robot.bot}")
    await crowd.step()
    await crowd.step()
    assert ["@Kim" in heard.text for heard in robot.heard if heard.sender == robot.bot] == [True]


async def test_who_was_missed_comes_first(robot: SimulatedRobot) -> None:
    """Who has a past here and is away comes back before anybody new comes."""
    crowd = Crowd(robot, Random(3))
    await crowd.arrive()
    early = set(crowd.names)
    while len(set(crowd.names) - early) < 2:
        await crowd.step()
    assert set(crowd.names) - early == {stay.name for stay in PAST} - early


async def test_who_is_thrown_out_may_return(robot: SimulatedRobot) -> None:
    """A kicked persona is no longer made to talk, and an emptied room fills again."""
    crowd = Crowd(robot, Random(3))
    await crowd.arrive()
    for name in crowd.names:
        await robot.kick(name)
    for _ in range(30):
        await crowd.step()
    assert set(crowd.names) <= {person.name for person in robot.room.people.values()}
    assert crowd.names


async def test_a_taken_name_is_not_of_the_crowd(robot: SimulatedRobot) -> None:
    """Who comes under a persona's name is not made to talk."""
    await robot.join("mara")
    crowd = Crowd(robot, Random(3), without="mara")
    await crowd.arrive()
    for _ in range(100):
        await crowd.step()
    assert "mara" not in {heard.sender.lower() for heard in robot.heard}


async def test_run_keeps_its_pace(robot: SimulatedRobot) -> None:
    """Pauses are divided by the speed, and a crowd that is off does nothing."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        crowd.is_active = False
        if len(slept) == 3:
            raise InterruptedError

    crowd = Crowd(robot, Random(3), speed=10)
    await crowd.arrive()
    heard = len(robot.heard)
    with pytest.raises(InterruptedError):
        await crowd.run(sleep)
    assert slept[1:] == [0.6, 0.6]
    assert len(robot.heard) <= heard + 1


def test_crowd_is_of_the_right_size_and_well_named() -> None:
    """Twelve to twenty personas with names CyTube allows, some there from the beginning."""
    assert 12 <= len(PERSONAS) <= 20
    assert all(is_name(persona.name) for persona in PERSONAS)
    assert len({persona.name.lower() for persona in PERSONAS}) == len(PERSONAS)
    assert 5 <= sum(persona.is_early for persona in PERSONAS) <= 12
