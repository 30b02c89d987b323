"""What plays, what the bot says and what CyTube refuses, over the real bus."""

import json

import pytest
from tests.actors.house import NO_TRIGGERS
from tests.integration.service.house import MINUTE_MS, House, OpenHouse, until

from economy_actors.channel import progress
from economy_sandbox.media import Media

WAIT_S = 20.0
BEFORE = Media("before", "What Was On", 600)
FILM = Media("film", "A Film", 600)
NEXT = Media("next", "The Next", 600)
LAST = Media("last", "The Last", 600)
TIERS = [
    {"name": "Extra", "min_lifetime_earned": 0},
    {"name": "Grip", "min_lifetime_earned": 2, "cytube_level_promotion": 2},
]


def paid(house: House, name: str, trigger_id: str) -> list[int]:
    """What a trigger has paid a user, row by row."""
    rows = house.rows(
        "SELECT amount FROM transactions WHERE username = ? AND trigger_id = ?", name, trigger_id
    )
    return [amount for (amount,) in rows]


def switched_on(section: str, *triggers: str) -> dict[str, object]:
    """Only these triggers of a section pay."""
    return {section: NO_TRIGGERS[section] | {name: {"enabled": True} for name in triggers}}


async def test_a_film_from_its_first_line_to_its_end(make_house: OpenHouse) -> None:
    """The first to speak after the change and all who stay to the end are paid, once each."""
    house = await make_house(
        start=False,
        **switched_on("content_triggers", "first_after_media_change", "survived_full_media"),
    )
    await house.robot.change_media(BEFORE)
    await house.start()
    # The room is read at the start; a change in that very moment passes for what was playing.
    while "Nothing is playing" in await house.ask("boss", "like", timeout_s=WAIT_S):
        pass
    await house.robot.change_media(FILM)
    await house.settled()
    house.tick(20_000)
    await house.say("alice", "here we go")
    await house.say("Bob", "shh")
    await until(
        lambda: paid(house, "alice", "content.first_after_media_change") == [3],
        within_s=WAIT_S,
        what="the first line",
    )
    await house.robot.join("carol")
    await house.settled()

    await house.minutes(9)
    await house.robot.change_media(NEXT)
    await until(
        lambda: all(
            paid(house, name, "content.survived_full_media") == [5]
            for name in ("boss", "alice", "Bob", "Dr_Z_oid")
        ),
        within_s=WAIT_S,
        what="those who stayed",
    )
    house.tick(60_000)
    await house.robot.change_media(LAST)
    await house.say("Bob", "skipped!")
    await until(
        lambda: paid(house, "Bob", "content.first_after_media_change") == [3],
        within_s=WAIT_S,
        what="the first line of the last film",
    )
    await house.settled()

    assert paid(house, "alice", "content.survived_full_media") == [5]
    assert paid(house, "carol", "content.survived_full_media") == []
    house.balanced()


async def test_only_lines_of_another_service_are_an_answer_of_the_bot(
    make_house: OpenHouse,
) -> None:
    """P-EARN-6: what this service says itself pays nobody, though it names the speaker."""
    house = await make_house(**switched_on("social_triggers", "bot_interaction"))
    await house.say("alice", "ZCoinBot what is on tonight")
    await until(lambda: house.activity("alice", "messages_sent") == 1, within_s=WAIT_S)

    await house.data("announce", message="alice has been heard")
    await house.robot.wait_chat("has been heard", timeout_s=WAIT_S)
    await house.settled()
    assert house.activity("alice", "bot_interactions") == 0

    await house.client.send_chat(house.channel, "A Film, at eight")
    await until(
        lambda: paid(house, "alice", "social.bot_interaction") == [2],
        within_s=WAIT_S,
        what="the answer of the other service",
    )
    assert house.activity("alice", "bot_interactions") == 1
    house.tick(5 * MINUTE_MS)
    await house.client.send_chat(house.channel, "Popcorn is ready")
    await house.robot.wait_chat("Popcorn", timeout_s=WAIT_S)
    await house.settled()
    assert house.activity("alice", "bot_interactions") == 1


async def test_a_level_that_cytube_refuses_is_asked_for_at_the_next_arrival(
    make_house: OpenHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the bot may not give ranks nothing is stored or told; at the next arrival it is."""
    monkeypatch.setattr(progress, "LEVEL_WAIT_S", 0.05)
    house = await make_house(ranks={"tiers": TIERS}, cytube_promotion={"min_rank": "Grip"})
    asked: set[str] = set()
    inbox = await house.client._nats.subscribe("kryten.robot.command")
    house.robot.room.bot.account.rank = 2

    await house.minutes(2)
    while asked != {"alice", "Bob", "Dr_Z_oid"}:
        body = json.loads((await inbox.next_msg(timeout=WAIT_S)).data)
        asked |= {body["args"]["username"]} if body.get("command") == "setChannelRank" else set()
    await house.settled()
    assert house.robot.room.accounts["alice"].rank == 1
    assert house.rows("SELECT max(cytube_level) FROM account") == [(1,)]

    house.robot.room.bot.account.rank = 4
    await house.robot.leave("alice")
    await house.present("boss", "Bob", "Dr_Z_oid")
    house.tick(10 * MINUTE_MS)
    await house.robot.join("alice")
    await until(
        lambda: "CyTube level 2" in "\n".join(house.robot.pms_to("alice")),
        within_s=WAIT_S,
        what="the level",
    )
    assert house.robot.room.accounts["alice"].rank == 2
    assert house.rows("SELECT cytube_level FROM account WHERE name = 'alice'") == [(2,)]
    assert house.rows("SELECT cytube_level FROM account WHERE name = 'bob'") == [(1,)]
