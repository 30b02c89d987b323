"""Why the money is what it is, and how things stand, end to end."""

import re

from tests.integration.service.house import House, OpenHouse

CROWD = {"enabled": True, "min_users": 1, "multiplier": 1.25}
NIGHT = {"enabled": True, "hours": [12], "multiplier": 2}


async def _number(house: House, name: str) -> str:
    found = re.search(r"#([0-9]+) ", await house.ask(name, "history 1"))
    assert found is not None
    return found[1]


async def test_a_minute_is_explained(make_house: OpenHouse) -> None:
    """`history` gives the number; its owner reads what may be seen, others nothing, services all.

    Nothing that a user is sent names the crowd or what it makes of a coin (P-EARN-15).
    """
    house = await make_house(
        presence={"night_watch": NIGHT}, multipliers={"high_population": CROWD}
    )
    await house.minutes(1)
    number = await _number(house, "alice")

    told = await house.whole("alice", f"why #{number}", "night_watch.multiplier")
    assert "Base: 1 Z" in told
    assert "night watch 2x" in told
    assert "crowd" not in told
    assert "1.25" not in told
    assert "2.5" not in told
    assert f"no movement #{number}" in await house.ask("Bob", f"why {number}")

    answer = await house.data("transactions.explain", transaction_id=int(number))
    assert answer["multiplier"] == 2.5
    assert answer["carried"] == 0.5
    assert [each["hidden"] for each in answer["sources"]] == [False, True]
    assert await house.code("transactions.explain", transaction_id=999_999) == "not_found"


async def test_how_things_stand(house: House) -> None:
    """`status` and `streak` answer in one message each."""
    status = await house.ask("alice", "status")
    assert "4 users here" in status
    assert "base rate" in status
    await house.minutes(2)
    assert "Today: 2 of 15 minutes" in await house.ask("alice", "streak")


async def test_nobody_is_put_on_show(house: House) -> None:
    """After `quiet top` neither others nor services find the name, also after a restart."""
    await house.minutes(2)
    assert "on no leaderboard now" in await house.ask("alice", "quiet top")
    await house.restart()
    rows = (await house.data("leaderboard", category="rich"))["rows"]
    assert "alice" not in [row["username"] for row in rows]
    assert "alice" not in await house.ask("Bob", "top rich")
    assert "alice: 2 Z" in await house.ask("alice", "top rich")


async def test_rain_falls_once_per_request(house: House) -> None:
    """A service that repeats its request is told what was done, and nobody is paid again."""
    first = await house.data("rain", total_amount=8, request_id="rain-1")
    again = await house.data("rain", total_amount=8, request_id="rain-1")
    assert again == first | {"idempotent_replay": True}
    assert sum(house.accounts().values()) == 8
    assert await house.code("rain", total_amount=9, request_id="rain-1") == "request_id_conflict"
    house.balanced()
