"""Trivia on a real bus, with questions from a real server: answered by many at once, paid once."""

from collections.abc import AsyncIterator

import anyio
import pytest
from tests.integration.catalogue.library import silent
from tests.integration.service.house import House, OpenHouse, until
from tests.integration.trivia.quizmaster import Quizmaster, question, quizmaster, told

PLAYERS = ("alice", "Bob", "Dr_Z_oid")


@pytest.fixture
async def server() -> AsyncIterator[Quizmaster]:
    async with quizmaster() as here:
        here.will(told(*(question(number) for number in range(1, 21))))
        yield here


async def rich(make_house: OpenHouse, server: Quizmaster, answers_s: int = 20) -> House:
    """Three with 1,000 Z each, and easy questions, which pay one and a half times."""
    trivia = {
        "api_url": server.url,
        "difficulty": "easy",
        "betting_window_seconds": 3,
        "answer_window_seconds": answers_s,
    }
    house = await make_house(gambling={"min_account_age_minutes": 0, "trivia": trivia})
    for name in PLAYERS:
        await house.ask("boss", f"grant @{name} 1000")
    return house


def balances(house: House) -> list[int | None]:
    return [house.balance(name) for name in PLAYERS]


async def test_sixty_four_bets_and_answers_at_once(
    make_house: OpenHouse, server: Quizmaster
) -> None:
    """Through the bus, in the channel and by PM: one stake, one answer and one payout each."""
    house = await rich(make_house, server)
    # The token and then the questions take five seconds, in which nobody waits for anything.
    assert "You bet 100 Z" in await house.ask("alice", "trivia 100")
    await house.robot.wait_chat("Science & Nature (easy)")
    async with anyio.create_task_group() as tasks:
        for _ in range(32):
            tasks.start_soon(house.say, "Bob", "!trivia 100")
            tasks.start_soon(house.robot.pm, "Bob", "trivia 100")
    assert "You bet 50 Z" in await house.ask("Dr_Z_oid", "trivia 50")
    await house.robot.wait_chat("name?", timeout_s=20)
    assert balances(house) == [900, 900, 950]
    async with anyio.create_task_group() as tasks:
        for _ in range(32):
            tasks.start_soon(house.say, "Bob", "right")
            tasks.start_soon(house.robot.pm, "Bob", "Right")
    await house.say("alice", "Not at all")
    await house.robot.wait_pm("alice", "Your answer: ")
    await house.robot.pm("Dr_Z_oid", "RIGHT")
    await house.robot.wait_chat("Right: Bob +50 Z, Dr_Z_oid +25 Z.", timeout_s=20)
    assert balances(house) == [900, 1050, 1025]
    for name, net in zip(PLAYERS, ("-100", "+50", "+25"), strict=True):
        await house.robot.wait_pm(name, f"({net} Z)", timeout_s=20)


async def test_a_stop_with_the_question_out(make_house: OpenHouse, server: Quizmaster) -> None:
    """Every stake is back, answered or not, and a server that says nothing delays no stop."""
    server.will(silent)
    house = await rich(make_house, server)
    await house.ask("alice", "trivia 100")
    await house.say("Bob", "!trivia 100")
    await until(lambda: any("You bet" in text for text in house.robot.pms_to("Bob")))
    await house.robot.wait_chat("❓", timeout_s=20)
    await house.say("alice", "a")
    await house.robot.wait_pm("alice", "Your answer: ")
    began_s = anyio.current_time()
    await house.stop()
    assert anyio.current_time() - began_s < 10
    await house.start()
    assert balances(house) == [1000] * 3
