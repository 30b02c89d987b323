"""What everybody may ask by PM, from the channel to the channel (`commands.md` 6)."""

import pytest
from tests.integration.service.house import House, OpenHouse, until

from kryten_economy import __version__


@pytest.fixture
async def limited(make_house: OpenHouse) -> House:
    """A service with the rate limit it has by default."""
    return await make_house(commands={"rate_limit_per_minute": 10})


async def test_balance_opens_an_account(house: House) -> None:
    """The first `balance` opens an account under the name as registered, with nothing in it."""
    reply = await house.ask("Bob", "balance")

    assert "0 Z" in reply
    assert "Z-Coin" in reply
    assert house.accounts() == {"Bob": 0}


@pytest.mark.parametrize("text", ["balance", "bal", "!balance", "/bal", "  BALANCE  ", "! Bal now"])
async def test_ways_to_write_a_command(house: House, text: str) -> None:
    """Alias, leading ``!`` or ``/``, casing and spaces make no difference."""
    await house.ask("alice", "balance")
    await house.give("alice", 1234)
    await house.robot.wait_pm("alice", "1,234")
    await house.robot.wait_pm("alice", "promoted")

    assert "1,234 Z" in await house.ask("alice", text)


async def test_balance_shows_rank_and_streak(house: House) -> None:
    """`balance` names the rank that the lifetime earnings give, and the streak."""
    await house.ask("alice", "balance")

    reply = await house.ask("alice", "balance")

    assert "Rank:" in reply
    assert "Streak: 0 days" in reply


async def test_history(house: House) -> None:
    """`history` lists movements newest first, with reasons; a number limits the lines."""
    assert "No movements yet" in await house.ask("alice", "history")
    for reason in ("old", "middle", "young"):
        await house.data("balance.adjust", username="alice", amount=5, reason=reason)
        house.tick()
    await house.robot.wait_pm("alice", "young")

    everything = await house.ask("alice", "history")
    newest = await house.ask("alice", "history 1")

    assert everything.index("young") < everything.index("middle") < everything.index("old")
    assert "young" in newest
    assert "middle" not in newest


async def test_history_counts_minutes_by_the_hour(house: House) -> None:
    """Minutes present share one line per hour."""
    await house.minutes(3)

    reply = await house.ask("alice", "history")

    assert "+3 Z | present, 3 min" in reply
    assert reply.count("present") == 1


async def test_about(house: House) -> None:
    """`about` tells name, version and uptime."""
    reply = await house.ask("alice", "about")

    assert f"kryten-economy {__version__}" in reply
    assert "up 0h 0m" in reply


async def test_help_shows_the_admin_section_to_admins_only(house: House) -> None:
    """Everybody is told what they can do; only admins see `grant`."""
    assert "grant" not in await house.whole("alice", "help", "Topics:")
    assert "no help on 'admin'" in (await house.ask("alice", "help admin"))
    assert "balance" in await house.whole("boss", "help", "Topics:")
    assert "grant @user" in await house.ask("boss", "help grant")


async def test_every_command_of_the_help_is_understood(house: House) -> None:
    """No command that `help` names is unknown, for users and for admins."""
    words = await house.whole("boss", "help", "Topics:")
    named = [
        word.strip()
        for line in words.splitlines()
        if ": " in line and not line.startswith("More")
        for word in line.partition(": ")[2].split(",")
        if word.strip()
    ]
    assert len(named) > 8
    for word in named:
        assert "don't know the command" not in await house.ask("boss", f"help {word}")
        assert "There is no help" not in await house.ask("boss", f"help {word}")


async def test_quiet_and_back(house: House) -> None:
    """`quiet` lists what is muted and how to undo it; the books remember it; `unmute` undoes it."""
    reply = await house.whole("alice", "mute", "PM 'unquiet'")

    assert "Quiet mode is on" in reply
    assert "streaks" in reply
    assert house.rows("SELECT quiet FROM account WHERE name = 'alice'") == [(1,)]
    assert "was on already" in await house.whole("alice", "quiet", "PM 'unquiet'")
    assert "is off" in await house.ask("alice", "unmute")
    assert house.rows("SELECT quiet FROM account WHERE name = 'alice'") == [(0,)]


async def test_quiet_does_not_mute_what_an_admin_did(house: House) -> None:
    """A grant is told also in quiet mode (`commands.md` 5)."""
    await house.whole("alice", "quiet", "PM 'unquiet'")

    await house.ask("boss", "grant alice 10")

    assert "gave you 10 Z" in await house.robot.wait_pm("alice", "gave you")


async def test_unknown_command(house: House) -> None:
    """An unknown word is answered with the nearest command and the way to help."""
    reply = await house.ask("alice", "balanse")

    assert "'balanse'" in reply
    assert "Did you mean 'balance'?" in reply
    assert "help" in reply
    assert house.metric("economy_pm_commands_total", command="unknown", result="refused") == 1


async def test_commands_are_counted_per_day(house: House) -> None:
    """A command marks its sender as active today."""
    await house.ask("alice", "balance")
    await house.ask("alice", "history")

    assert house.activity("alice", "commands_used") == 2
    assert house.metric("economy_pm_commands_total", command="balance", result="ok") == 1


async def test_replies_keep_their_order(house: House) -> None:
    """Ten commands at once are answered in the order in which they were asked."""
    for number in range(10):
        house.tick()
        await house.robot.pm("alice", f"nosuch{number}")
    for number in range(10):
        assert f"'nosuch{number}'" in await house.robot.wait_pm("alice", "nosuch")
    assert len(house.robot.pms_to("alice")) == 10


async def test_the_rate_limit_is_told_once(limited: House) -> None:
    """Eleven commands in a minute: ten replies, one request to slow down, then silence."""
    for _ in range(14):
        limited.tick()
        await limited.robot.pm("alice", "unquiet")
    await until(lambda: len(limited.robot.pms_to("alice")) >= 11)
    await limited.settled()

    got = limited.robot.pms_to("alice")
    assert sum("all notices" in text for text in got) == 10
    assert sum("Slow down" in text for text in got) == 1
    assert len(got) == 11


async def test_admins_are_not_limited(limited: House) -> None:
    """The rate limit does not hold for admins."""
    for _ in range(14):
        assert "up 0h" in await limited.ask("boss", "about")
