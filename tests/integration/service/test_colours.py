"""A chat colour from a private message to the channel's stylesheet and the books, over the bus."""

from tests.integration.service.house import House, until

OWNERS = "body { background: #111 } /* ä */\r\n.chat-msg-boss { color: gold }"
BEGIN = "/* BEGIN kryten-economy vanity colors — auto-managed, do not edit */"


async def _rich(house: House, *names: str) -> None:
    for name in names:
        await house.ask(name, "balance")
        await house.give(name, 20_000)


async def test_bought_by_pm_and_by_request(house: House) -> None:
    """Both colours stand below the owner's own lines, which stay byte by byte."""
    await house.robot.dress(OWNERS)
    await _rich(house, "alice", "Bob")

    await house.robot.pm("alice", "buy color #FFD700")
    receipt = await house.robot.wait_pm("alice", "Your name is #FFD700 now")
    data = await house.data("vanity.set_color", username="bob", value="#50c878")

    css = house.robot.dressing.css
    assert css.startswith(f"{OWNERS}\n\n{BEGIN}\n")
    assert ".chat-msg-alice { color: #FFD700; }\n.chat-msg-Bob { color: #50C878; }\n" in css
    assert "Charged: " in receipt
    assert data["value"] == "#50C878"
    assert data["new_balance"] == house.balance("Bob") == 20_000 - data["charged"]
    house.balanced()


async def test_a_channel_that_was_never_dressed(house: House) -> None:
    """Nothing can be read, so nothing is written, and nobody pays."""
    await _rich(house, "alice")

    assert await house.code("vanity.set_color", username="alice", value="#FFD700") == "unavailable"

    assert house.robot.dressing.css == ""
    assert "setChannelCSS" not in [each.name for each in house.robot.commands]
    assert house.balance("alice") == 20_000


async def test_a_bot_that_lost_its_rank_stays(house: House) -> None:
    """CyTube throws out who writes without the rank: it is not tried, also after a restart."""
    await house.robot.dress(OWNERS)
    await _rich(house, "alice")
    await house.robot.set_rank(house.robot.bot, 2)
    await house.settled()

    for _ in range(2):
        answer = await house.api("vanity.set_color", username="alice", value="#FFD700")
        assert "takes rank 3" in answer["error"]
        await house.restart()

    assert house.robot.is_in_channel
    assert (house.robot.dressing.css, house.balance("alice")) == (OWNERS, 20_000)
    await house.robot.set_rank(house.robot.bot, 3)
    await house.settled()
    await house.data("vanity.set_color", username="alice", value="#FFD700")
    assert ".chat-msg-alice" in house.robot.dressing.css


async def test_a_robot_that_comes_back(house: House) -> None:
    """While it is away nobody is charged; what the owner saved meanwhile is built on."""
    await house.robot.dress(OWNERS)
    await _rich(house, "alice")
    await house.robot.stop()
    await until(lambda: house.robots_away() == (house.channel,))
    assert await house.code("vanity.set_color", username="alice", value="#FFD700") == "unavailable"
    assert house.balance("alice") == 20_000

    house.robot.dressing.set_css("#new { }")
    await house.robot.start()
    await house.settled()
    await until(lambda: not house.robots_away())
    await house.data("vanity.set_color", username="alice", value="#FFD700")

    assert house.robot.dressing.css.startswith(f"#new {{ }}\n\n{BEGIN}\n.chat-msg-alice")
    house.balanced()
