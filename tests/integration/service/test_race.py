"""A race over the real bus: bets in public and in private, its picture, and what it pays."""

from typing import Any

import anyio
from tests.integration.service.house import OpenHouse

BLUE_WINS = [
    {
        "racers": [
            {"color": "Blue", "win_chance": 0.999999, "speed_base": 1},
            {"color": "Red", "win_chance": 0.000001, "speed_base": 1},
        ]
    }
]
GAMBLING: dict[str, Any] = {
    "min_account_age_minutes": 0,
    "race": {
        "betting_window_seconds": 4,
        "target_duration_seconds": 1,
        "frame_interval_seconds": 0.1,
        "live_betting": {"enabled": False},
        "odds_profiles": BLUE_WINS,
    },
}


async def test_sixty_four_bets_at_once_are_one(make_house: OpenHouse) -> None:
    """By PM and in the channel, of one user: one stake is held, told once, and paid once."""
    house = await make_house(gambling=GAMBLING)
    for name in ("alice", "Bob"):
        await house.data("balance.set", username=name, amount=1000)
    assert "Bets are open" in await house.ask("alice", "race")
    assert "Balance: 900 Z" in await house.ask("Bob", "race 100 red")
    async with anyio.create_task_group() as group:
        for number in range(32):
            house.tick()
            group.start_soon(house.robot.pm, "alice", f"race 5{number % 10} blue")
            group.start_soon(house.robot.chat, "alice", f"!race 5{number % 10} 🔵")
    told = await house.robot.wait_pm("alice", "won the race")
    [(stakes, held_z)] = house.rows(
        "SELECT count(*), sum(stake_z) FROM game_stake JOIN account ON account.id = account_id"
        " WHERE name = 'alice'"
    )
    assert stakes == 1
    # The rake is a twentieth of the pool, rounded down.
    kept_z = 100 - (100 + held_z) // 20
    assert f"net +{kept_z} Z" in told
    assert house.balance("alice") == 1000 + kept_z
    assert house.balance("bob") == 900
    await house.robot.wait_chat("Blue")
    frame = (await house.data("race.state"))["frame"]
    assert (frame["pool"], frame["bettor_count"]) == (100 + held_z, 2)
    assert frame["winner"]["color"] == "Blue"
    assert frame["payouts"] == [{"username": "alice", "net": kept_z}]
    house.balanced()
