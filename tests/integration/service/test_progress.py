"""From a chat line over an achievement and a rank to a CyTube level, through the real bus."""

import pytest
from tests.integration.service.house import OpenHouse, until

from economy_actors.channel import owed, progress

WAIT_S = 20.0

TIERS = [
    {"name": "Extra", "min_lifetime_earned": 0},
    {"name": "Grip", "min_lifetime_earned": 50, "cytube_level_promotion": 2},
]
HELLO = {
    "id": "hello",
    "description": "Said hello",
    "condition": {"type": "lifetime_messages", "threshold": 1},
    "reward": 50,
}


async def test_a_line_wins_a_rank_and_cytube_confirms_its_level(
    make_house: OpenHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The level is asked of the robot without a check, and counts when CyTube has told it."""
    monkeypatch.setattr(progress, "LEVEL_WAIT_S", 0.05)
    monkeypatch.setattr(owed, "COLLECT_S", 0.05)
    house = await make_house(
        ranks={"tiers": TIERS}, cytube_promotion={"min_rank": "Grip"}, achievements=[HELLO]
    )

    def told() -> str:
        # Notices of one moment may be one PM.
        return "\n".join([*house.robot.pms_to("alice"), *house.robot.chat_lines])

    await house.say("alice", "hello")
    await until(lambda: "CyTube level 2" in told(), within_s=WAIT_S, what="level")
    await until(lambda: "alice is now a Grip" in told(), within_s=WAIT_S, what="public line")
    assert "Said hello (+50 Z)" in told()
    assert "promoted to Grip" in told()
    assert house.robot.room.accounts["alice"].rank == 2
    assert house.balance("alice") == 50
    assert house.rows("SELECT cytube_level FROM account WHERE name = 'alice'") == [(2,)]
