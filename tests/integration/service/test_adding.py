"""A toy of every kind, in the places that `architecture.md` 2 names, from the bus to the books.

What is registered here is nothing but the files under ``tests/toys``: a topic lies beside the
topics, a feature beside the features, and a section in its group of the settings.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from tests.integration.service.house import House, OpenHouse, until
from tests.toys.config import ToySettings

from economy_actors import handlers
from economy_actors.handlers.registry import COMMANDS, REQUESTS
from kryten_economy import features
from kryten_economy.config import environment, lenient, unknown
from kryten_economy.features.chat import triggers
from kryten_economy.features.chat.triggers import TRIGGERS

TOYS = Path(__file__).parents[2] / "toys"
HANDLERS = "economy_actors.handlers"
FEATURES = "kryten_economy.features"


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The toys lie among the topics, features and settings for the time of a test."""
    handlers.load()
    triggers.load()
    before = set(sys.modules)
    tables: list[tuple[Any, tuple[str, ...]]] = [
        (COMMANDS, ("_handlers", "_specs", "_by_word")),
        (REQUESTS, ("_by_name",)),
        (TRIGGERS, ("_by_id", "_rules")),
    ]
    for table, names in tables:
        for name in names:
            monkeypatch.setattr(table, name, dict(getattr(table, name)))
    monkeypatch.setattr(handlers, "__path__", [*handlers.__path__, str(TOYS / "handlers")])
    monkeypatch.setattr(features, "__path__", [*features.__path__, str(TOYS / "features")])
    for module in (environment, lenient, unknown):
        monkeypatch.setattr(module, "Settings", ToySettings)
    triggers.load.cache_clear()
    handlers.load()
    yield
    for name in set(sys.modules) - before:
        parent, _, short = name.rpartition(".")
        if parent in {HANDLERS, FEATURES} or parent.startswith(f"{FEATURES}."):
            del sys.modules[name]
            if parent in sys.modules:
                delattr(cast("Any", sys.modules[parent]), short)


async def page(house: House) -> str:
    """The metrics page."""
    assert house.service is not None
    return house.service.world.metrics.render().decode()


async def test_a_toy_operation_command_and_request(toys: None, make_house: OpenHouse) -> None:
    """One module and one topic: by PM and by request the same act, done once per cause."""
    house = await make_house()
    assert await house.ask("alice", "treat") == "Here you are: 3"
    first = await house.data("toy.treat", username="alice", request_id="r1")
    again = await house.data("toy.treat", username="alice", request_id="r1")
    assert (first, again) == ({"balance": 6, "again": False}, {"balance": 6, "again": True})
    assert await house.code("toy.treat", username="nobody") == "not_found"
    assert "treat" in await house.whole("alice", "help", "balance")
    assert house.balance("alice") == 6
    assert [each["trigger_id"] for each in await history(house, "alice")] == ["toy.treat"] * 2
    assert house.metric("economy_pm_commands_total", command="treat", result="ok") == 1
    assert house.metric("economy_api_requests_total", command="toy.treat", result="ok") == 2
    labels = {"channel": house.channel, "trigger": "toy.treat"}
    assert house.metric("economy_trigger_z_total", **labels) == 6
    house.balanced()


async def test_a_toy_trigger(toys: None, make_house: OpenHouse) -> None:
    """A rule with its registration and a section: the line pays, and all that lists triggers knows.

    Its limit, its settings in the file and its words in ``rewards`` and ``why`` need nothing else.
    """
    house = await make_house(chat_triggers={"shout": {"reward": 5, "hidden": False}})
    labels = {"channel": house.channel, "trigger": "chat.shout"}
    assert "chat.shout" in await page(house), "it is on the page before it pays"
    for _ in range(3):
        await house.say("alice", "psst")
        await house.say("alice", "TO MYSELF")
        await house.say("Bob", "WHAT IS IT")
    await house.settled()
    await until(lambda: house.balance("Bob") == 10, what="two of three are paid")
    assert house.balance("alice") in {None, 0}
    rows = await history(house, "Bob")
    wanted = {"trigger_id": "chat.shout", "type": "earn", "amount": 5, "related_user": "alice"}
    assert [{key: row[key] for key in wanted} for row in rows] == [wanted, wanted]
    assert "5 Z" in await house.whole("Bob", "rewards", "shouting when somebody whispers")
    assert "shouting when somebody whispers" in await house.whole("Bob", "why", "whispers")
    assert "Shouted back" in await house.whole("Bob", "history", "Shouted back")
    assert house.metric("economy_trigger_hits_total", **labels) == 2
    stats = (await house.data("triggers.stats"))["triggers"]
    assert [row["total_z_awarded"] for row in stats if row["trigger_id"] == "chat.shout"] == [10]
    house.balanced()


async def test_a_toy_game(toys: None, make_house: OpenHouse) -> None:
    """A module of rules and operation, and a topic: stake and payout are one act of the books."""
    house = await make_house()
    await house.give("alice", 500)
    await until(lambda: house.balance("alice") == 500, what="the first coins")
    balance_z, said = 500, set[str]()
    while len(said) < 2:
        line = await house.ask("alice", "toss 10 heads")
        balance_z += {"heads: you win 20": 10, "tails: you lose 10": -10}[line]
        said.add(line)
        assert house.balance("alice") == balance_z
    assert "Usage: toss <stake> heads|tails" in await house.ask("alice", "toss 10 edge")
    assert "999" in await house.ask("alice", f"toss {balance_z + 999} heads")
    assert house.balance("alice") == balance_z
    rounds = house.rows(
        "SELECT operation, sum(type = 'gamble_stake'), sum(type = 'gamble_win')"
        " FROM (SELECT operation, coalesce(debit_type, credit_type) AS type FROM transfer)"
        " WHERE type LIKE 'gamble%' GROUP BY operation"
    )
    assert {(stakes, wins) for _, stakes, wins in rounds} == {(1, 1), (1, 0)}
    assert house.activity("alice", "z_gambled_in") == 10 * len(rounds)
    assert house.activity("alice", "z_gambled_out") == 20 * sum(wins for *_, wins in rounds)
    assert await house.whole("alice", "history", "A toss")
    assert house.metric("economy_pm_commands_total", command="toss", result="ok") == len(rounds)
    house.balanced()


async def history(house: House, name: str) -> list[dict[str, Any]]:
    """What moved a user's money, the newest first."""
    data = await house.data("transactions.list", username=name)
    rows: list[dict[str, Any]] = data["transactions"]
    return rows
