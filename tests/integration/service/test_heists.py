"""A heist on a real bus, with a story from a real server: joined by many at once, paid once."""

import json
from collections.abc import AsyncIterator

import anyio
import pytest
from tests.integration.catalogue.library import silent
from tests.integration.llm.model import Model, model, says
from tests.integration.service.house import House, OpenHouse, until

PLAYERS = ("alice", "Bob", "Dr_Z_oid")
STORY = {
    "scenario": "At dawn {user} arrives.",
    "win": "Hooray, {payout} {symbol} each!",
    "lose": "Oh no.",
}


@pytest.fixture
async def author() -> AsyncIterator[Model]:
    async with model() as here:
        here.will(says(f"```json\n{json.dumps(STORY)}\n```"))
        yield here


async def rich(make_house: OpenHouse, author: Model, *, window_s: int = 6) -> House:
    """Three with 1,000 Z each, and heists that always succeed.

    ``window_s`` passes by itself, so it must be long enough for a busy machine to join in.
    """
    heist = {
        "enabled": True,
        "join_window_seconds": window_s,
        "success_chance": 1.0,
        "push_chance": 0.0,
        "narrative": {
            "mode": "llm",
            "llm": {"endpoint": f"{author.url}/v1/chat/completions", "timeout_seconds": 60},
        },
    }
    house = await make_house(gambling={"min_account_age_minutes": 0, "heist": heist})
    for name in PLAYERS:
        await house.ask("boss", f"grant @{name} 1000")
    return house


def balances(house: House) -> list[int | None]:
    return [house.balance(name) for name in PLAYERS]


async def test_sixty_four_joins_at_once(make_house: OpenHouse, author: Model) -> None:
    """Through the bus, in the channel and by PM: one stake each, one payout each, one story."""
    house = await rich(make_house, author)
    assert "You stake 100 Z" in await house.ask("alice", "heist 100")
    await house.robot.wait_chat("plans a heist")
    async with anyio.create_task_group() as tasks:
        for _ in range(32):
            tasks.start_soon(house.say, "Bob", "join")
            tasks.start_soon(house.robot.pm, "Bob", "heist join")
    await house.say("Dr_Z_oid", "Join")
    await house.robot.wait_pm("Dr_Z_oid", "You're in for 100 Z")
    assert house.balance("Bob") == 900
    await house.robot.wait_chat("At dawn alice arrives.", timeout_s=20)
    assert balances(house) == [1100] * 3
    await house.robot.wait_chat("Hooray, 200 Z each!", timeout_s=20)
    await house.robot.wait_chat("Crew of 3: 300 Z became 600 Z", timeout_s=20)
    for name in PLAYERS:
        await house.robot.wait_pm(name, "The heist worked", timeout_s=20)
    assert len(author.asked) == 1


async def test_a_model_that_says_nothing(make_house: OpenHouse, author: Model) -> None:
    """All are paid in time, another story is told, and a stop waits for nobody."""
    author.will(silent)
    house = await rich(make_house, author)
    await house.ask("alice", "heist 100")
    # A bare word means something from the moment on that the channel is told so.
    await house.robot.wait_chat("plans a heist")
    for name in PLAYERS[1:]:
        await house.say(name, "join")
    await house.robot.wait_pm("Bob", "The heist worked", timeout_s=30)
    assert balances(house) == [1100] * 3
    began_s = anyio.current_time()
    await house.stop()
    assert anyio.current_time() - began_s < 10


async def test_a_stop_while_a_crew_forms(make_house: OpenHouse, author: Model) -> None:
    """Every stake is back before the service has ended, and the next start finds nothing."""
    house = await rich(make_house, author, window_s=60)
    await house.ask("alice", "heist 100")
    await house.robot.wait_chat("plans a heist")
    await house.say("Bob", "join")
    await until(lambda: any("You're in" in text for text in house.robot.pms_to("Bob")))
    await house.restart()
    assert balances(house) == [1000] * 3
    assert "You stake 100 Z" in await house.ask("Bob", "heist 100")
