"""Many messages of one user at once, through the real bus: each limit holds."""

import anyio
from tests.integration.service.house import OpenHouse, until


async def test_many_spins_at_once_act_as_the_limits_allow(make_house: OpenHouse) -> None:
    """64 spins in one burst: five are played as the day allows, and each is settled once."""
    payouts = [{"symbols": "loss", "multiplier": 0, "probability": 1}]
    house = await make_house(
        gambling={
            "min_account_age_minutes": 0,
            "spin": {"cooldown_seconds": 0, "daily_limit": 5, "payouts": payouts},
        }
    )
    await house.give("alice", 1000)
    before = len(house.robot.pms_to("alice"))
    async with anyio.create_task_group() as tasks:
        for _ in range(64):
            tasks.start_soon(house.robot.pm, "alice", "spin 10")

    def replies() -> list[str]:
        return [text for text in house.robot.pms_to("alice")[before:] if "pin" in text]

    await until(lambda: len(replies()) >= 5, what="replies")
    await house.settled()
    assert house.rows("SELECT count(*), sum(stake_z) FROM game_stake") == [(5, 50)]
    assert house.balance("alice") == 950
    house.balanced()
