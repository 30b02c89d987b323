"""What a channel has beside its people: emotes, films, second names (`earning.md` 1, 8)."""

import pytest
from tests.integration.service.house import MINUTE_MS, House, OpenHouse, until

from economy_sandbox.media import Media
from economy_sandbox.nats import NatsServer
from economy_sandbox.robot import SimulatedUserstats

FILM, OTHER, THIRD = (Media(f"m{n}", f"Film {n}", 600, "yt") for n in (1, 2, 3))
SURVIVED = "SELECT count(*) FROM transactions WHERE trigger_id = 'content.survived_full_media'"
TRIES = 100


async def uses(house: House, text: str, distinct: int) -> None:
    """Alice says this until it has brought her so many distinct emotes of the day.

    What the service reads from the store, nobody outside can see arrive.
    """
    for _ in range(TRIES):
        await house.say("alice", text)
        await house.settled()
        if house.activity("alice", "unique_emotes_used") == distinct:
            return
    raise AssertionError(house.activity("alice", "unique_emotes_used"))


async def like(house: House, name: str = "alice") -> str:
    """The answer to a like, as soon as the service knows what plays."""
    for _ in range(TRIES):
        answer = await house.ask(name, "like")
        if "Nothing is playing" not in answer:
            return answer
    raise AssertionError(answer)


async def test_emotes(make_house: OpenHouse) -> None:
    """Names from the store, from the next service on too, and from the events in between."""
    collector = {
        "id": "collector",
        "description": "Three emotes",
        "condition": {"type": "unique_emotes_used_lifetime", "threshold": 3},
        "reward": 7,
    }
    house = await make_house(start=False, achievements=[collector])
    dressing = house.robot.dressing
    await house.robot.act([dressing.update_emote(":kappa:", "https://example.com/k.png")])
    await house.start()
    await uses(house, "so :kappa: and /pepe and :kappa:", 1)

    await house.robot.act([dressing.update_emote("/pepe", "https://example.com/p.png")])
    await uses(house, "now /pepe", 2)
    await house.robot.act(dressing.remove_emote(":kappa:"))
    await house.restart()
    await house.robot.act([dressing.update_emote("_x_", "https://example.com/x.png")])
    await uses(house, ":kappa: /pepe _x_", 3)
    await house.robot.wait_pm("alice", "Three emotes", timeout_s=20)
    assert house.balance("alice") == 7
    house.balanced()


async def test_the_film_at_the_start(make_house: OpenHouse) -> None:
    """A like outlives a restart of service and robot; an unseen start is survived by nobody."""
    house = await make_house(
        start=False, content_triggers={"survived_full_media": {"enabled": True}}
    )
    await house.robot.change_media(FILM)
    house.tick(MINUTE_MS)
    await house.start()
    await house.minutes(1)  # Films open no account.
    assert "You like 'Film 1'" in await like(house)
    await house.restart()
    assert "already liked 'Film 1'" in await like(house)
    await house.robot.restart()
    await house.settled()
    assert "already liked 'Film 1'" in await like(house)

    house.tick(10 * MINUTE_MS)
    await house.robot.change_media(OTHER)
    await house.settled()
    assert "You like 'Film 2'" in await like(house)
    assert house.rows(SURVIVED) == [(0,)]

    house.tick(10 * MINUTE_MS)
    await house.robot.change_media(THIRD)
    await until(lambda: house.rows(SURVIVED) == [(4,)], within_s=20, what="all have seen it")
    house.balanced()


@pytest.mark.parametrize("is_known", [True, False])
async def test_aliases(make_house: OpenHouse, nats_server: NatsServer, is_known: bool) -> None:
    """Whom userstats knows by two names can't thank themselves; without userstats they can."""
    house = await make_house(chat_triggers={"kudos_received": {"enabled": True}})
    await house.minutes(1)  # Kudos open no account.
    if is_known:
        async with SimulatedUserstats(nats_server.url) as stats:
            stats.add("alice", "Bob")
            await house.say("Bob", "alice++ boss++")
            await until(lambda: house.balance("boss") == 4, within_s=20)
            assert {each["command"] for each in stats.asked} == {"alias.find"}
            assert {each["alias"] for each in stats.asked} == {"bob", "alice", "boss"}
    else:
        await house.say("Bob", "alice++ boss++")
        await until(lambda: house.balance("boss") == 4, within_s=20)
    assert house.balance("alice") == (1 if is_known else 4)
    house.balanced()
