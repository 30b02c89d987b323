"""A reload, by PM and by request: all at once or nothing (`config.md` 1.2, P-CFG-2)."""

import pytest
from tests.integration.service.house import House


async def reload(house: House, way: str) -> str:
    """Have the file read again; what the admin or the caller is told."""
    if way == "pm":
        return await house.ask("boss", "reload")
    return str(await house.api("config.reload"))


@pytest.mark.parametrize("way", ["pm", "api"])
async def test_new_settings_count_at_once(house: House, way: str) -> None:
    """Symbol, base rate and ignored users change with the reload, without a restart."""
    await house.minutes(1)
    house.write_config(
        currency={"symbol": "¤", "name": "Taler"},
        presence={"base_rate_per_minute": 10},
        ignored_users=["bob"],
    )
    told = await reload(house, way)
    assert "reloaded" in told

    assert "1 ¤ (Taler)" in await house.ask("alice", "balance")
    await house.minutes(1)
    assert house.balance("alice") == 11
    await house.robot.pm("Bob", "balance")
    await house.say("Bob", "hello?")
    await house.settled()
    assert house.robot.pms_to("Bob") == []
    assert house.dropped("ignored") >= 2


async def test_ignored_users_earn_no_more(house: House) -> None:
    """A user put on the list earns nothing from the reload on, though still in the channel."""
    await house.minutes(1)
    house.write_config(ignored_users=["BOB"])
    await house.ask("boss", "reload")
    await house.minutes(2)

    assert house.balance("alice") == 3
    assert house.balance("Bob") == 1


async def test_who_is_ignored_no_more(house: House) -> None:
    """A name taken off the list is answered and earns, without leaving and coming back."""
    house.write_config(ignored_users=["Bob"])
    await house.restart()
    house.write_config(ignored_users=[])
    await house.ask("boss", "reload")

    await house.present("boss", "alice", "Bob", "Dr_Z_oid")
    await house.minutes(1)
    assert house.balance("Bob") == 1


async def test_a_new_lowest_rank(house: House) -> None:
    """Who is below a raised `min_cytube_rank` earns no more, and again when it is lowered."""
    house.write_config(presence={"min_cytube_rank": 2})
    await house.ask("boss", "reload")
    await house.minutes(1)
    assert house.accounts() == {"boss": 1}
    assert "Guests" in await house.ask("alice", "balance")

    house.write_config(presence={"min_cytube_rank": 1})
    await house.ask("boss", "reload")
    await house.present("boss", "alice", "Bob", "Dr_Z_oid")
    assert "Balance" in await house.ask("alice", "balance")


async def test_a_new_rate_limit(house: House) -> None:
    """The limit of commands per minute holds from the reload on."""
    house.write_config(commands={"rate_limit_per_minute": 2})
    assert "rate_limit_per_minute" in await house.ask("boss", "reload")

    for _ in range(2):
        assert "all notices" in await house.ask("alice", "unquiet")
    assert "at most 2 commands" in await house.ask("alice", "unquiet")
    house.write_config(commands={"rate_limit_per_minute": 50})
    await house.ask("boss", "reload")
    assert "up 0h" in await house.ask("alice", "about")


async def test_new_lengths(house: House) -> None:
    """The length of messages changes with the reload."""
    house.write_config(messages={"max_length": 80})
    await house.ask("boss", "reload")
    await house.whole("alice", "help", "Topics:")

    assert max(map(len, house.robot.pms_to("alice"))) <= 80


async def test_rights_follow_the_file(house: House) -> None:
    """A raised owner level takes rights away at once."""
    house.write_config(admin={"owner_level": 255})
    await house.ask("boss", "reload")

    assert "needs admin rights" in await house.ask("boss", "reload")


async def test_what_changed_is_told(house: House) -> None:
    """The reply names what is in force now, and what waits for a restart."""
    house.write_config(
        currency={"symbol": "¤"}, timezone="Europe/Berlin", database={"path": "elsewhere.db"}
    )

    reply = await house.whole("boss", "reload", "restart")

    assert "currency.symbol" in reply.partition("restart")[0]
    assert "timezone" in reply.partition("restart")[2]
    assert "database.path" in reply.partition("restart")[2]
    assert "elsewhere" not in reply
    answer = await house.data("config.reload")
    assert answer["channels"] == [house.channel]
    assert set(answer["restart_required"]) == {"timezone", "database.path"}


async def test_nothing_has_changed(house: House) -> None:
    """A reload of the same file says so."""
    assert "nothing has changed" in await house.ask("boss", "reload")
    assert (await house.data("config.reload"))["restart_required"] == []


@pytest.mark.parametrize("way", ["pm", "api"])
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("nats: [", "config.yaml"),
        ("", "config.yaml"),
        ('{"nats": {"servers": ["x"]}, "channels": [], "currency": {"symbol": 5}}', "channels"),
        ("\x00\x01", "config.yaml"),
    ],
)
async def test_a_broken_file(house: House, way: str, text: str, wanted: str) -> None:
    """A file with a fault changes nothing; the reply says what is wrong and shows no directory."""
    house.config.write_text(text, encoding="utf-8")

    told = await house.whole("boss", "reload", wanted) if way == "pm" else await reload(house, way)

    assert wanted in told
    assert "not reloaded" in told
    assert str(house.folder) not in told
    assert "0 Z (Z-Coin)" in await house.ask("alice", "balance")
    await house.minutes(1)
    assert house.balance("alice") == 1


async def test_several_faults_at_once(house: House) -> None:
    """All faults of the file are told, with their keys, not only the first."""
    house.write_config(
        currency={"symbol": 5}, presence={"base_rate_per_minute": "many"}, timezone="Mars/Olympus"
    )

    answer = await house.api("config.reload")

    assert answer["error_code"] == "rejected"
    for key in ("currency.symbol", "presence.base_rate_per_minute", "timezone"):
        assert key in answer["error"]


async def test_a_missing_file(house: House) -> None:
    """A file that has gone changes nothing."""
    house.config.unlink()

    assert "not reloaded" in await house.ask("boss", "reload")
    assert "Balance" in await house.ask("alice", "balance")


async def test_variables_are_replaced(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reload reads ``${NAME}`` from the environment as the start does (P-CFG-1)."""
    monkeypatch.setenv("ECONOMY_TEST_SYMBOL", "₿")
    house.write_config(currency={"symbol": "${ECONOMY_TEST_SYMBOL}"})
    await house.ask("boss", "reload")

    assert "0 ₿" in await house.ask("alice", "balance")


async def test_reloads_at_once(house: House) -> None:
    """Many reloads at the same time all succeed."""
    for number in range(5):
        house.write_config(presence={"base_rate_per_minute": number + 1})
        await house.client.publish("kryten.economy.command", {"command": "config.reload"})
    assert (await house.data("config.reload"))["reloaded"]
    await house.minutes(1)

    assert house.balance("alice") == 5


async def test_each_start_and_reload_that_changes_something_is_kept(house: House) -> None:
    """With its time, author and what it changed; a restart with the same file keeps nothing."""
    house.write_config(rain={"max_amount": 40})
    await house.ask("boss", "reload")
    await house.restart()
    history = (await house.data("config.history"))["versions"]
    assert [(each["how"], each["by"]) for each in history] == [("pm", "boss"), ("start", "")]
    assert history[0]["changes"] == [{"key": "rain.max_amount", "before": 25, "after": 40}]
