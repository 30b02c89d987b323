"""Some hundred requests of strangers over the real bus, many at once."""

import json
from typing import Any

import anyio
import pytest
from tests.actors.api.strangers import Strangers, check
from tests.integration.service.house import SUBJECT, House

SEED = 20_261_129
REQUESTS = 400
AT_ONCE = 20


@pytest.mark.slow
async def test_random_requests_over_the_bus(house: House) -> None:
    """Each body is answered once, in a shape and with a code that are documented; the service goes
    on, and its books add up (the house looks when it closes)."""
    strangers = Strangers(SEED, house.channel)
    await house.give("alice", 10_000)
    answers: list[dict[str, Any]] = []

    async def ask(body: bytes) -> None:
        reply = await house.client._nats.request(SUBJECT, body, timeout=30)
        answers.append(json.loads(reply.data))

    for _ in range(REQUESTS // AT_ONCE):
        async with anyio.create_task_group() as tasks:
            for _ in range(AT_ONCE):
                tasks.start_soon(ask, strangers.body())
        for answer in answers[-AT_ONCE:]:
            check(answer)
            strangers.learn(answer)
    assert len(answers) == REQUESTS
    assert sum(answer["success"] for answer in answers) > REQUESTS / 5
    assert house.metric("economy_errors_total", component="admin") == 0
    assert house.metric("economy_errors_total", component="gateway") == 0
    assert (await house.data("system.ping"))["pong"] is True
