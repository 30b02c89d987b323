"""Bought words and ranks through the real bus: what the channel shows is what was paid for."""

from tests.integration.service.house import OpenHouse, until

SHOP = {"shoutout": {"cost": 50}}
LEVEL = {"cost": 60, "min_rank": "Extra"}
TIERS = [{"name": "Extra", "min_lifetime_earned": 0}]


async def test_the_echo_of_a_shoutout_takes_its_money(make_house: OpenHouse) -> None:
    """Said in public as bought; the hold is settled by what the channel showed."""
    house = await make_house(
        vanity_shop=SHOP, ranks={"tiers": TIERS}, cytube_promotion={"min_rank": "Extra"}
    )
    await house.give("alice", 200)
    assert "on its way" in await house.ask("alice", "shoutout /clear *now*")
    states = "SELECT state FROM hold"
    await until(lambda: house.rows(states) == [("captured",)], what="settled")
    assert house.robot.chat_lines == ["📢 alice: /clear *now*"]
    assert house.balance("alice") == 150
    assert "cooling down" in await house.ask("alice", "shoutout again")
    house.balanced()


async def test_a_level_is_bought_from_the_robot(make_house: OpenHouse) -> None:
    """The rank is set without the robot's check, and CyTube's news of it takes the money."""
    house = await make_house(ranks={"tiers": TIERS}, cytube_promotion=LEVEL)
    await house.give("alice", 200)
    assert "I've asked CyTube" in await house.ask("alice", "buy level2")
    await until(
        lambda: any("You have CyTube level 2" in text for text in house.robot.pms_to("alice")),
        what="level",
    )
    assert house.robot.room.accounts["alice"].rank == 2
    assert house.rows("SELECT cytube_level FROM account WHERE name = 'alice'") == [(2,)]
    assert house.balance("alice") == 140
    house.balanced()
