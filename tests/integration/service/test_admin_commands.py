"""What admins do by PM, and what becomes of it (`commands.md` 4 and 8)."""

import json
from typing import Any

import pytest
from tests.integration.service.house import House, OpenHouse

ADMIN_COMMANDS = (
    "grant alice 10",
    "deduct alice 10",
    "set_balance alice 10",
    "ban alice",
    "unban alice",
    "reload",
    "announce hello",
)


def audit(house: House) -> list[tuple[Any, ...]]:
    """Who did what, from the books."""
    return house.rows("SELECT admin, channel, command, arguments, result FROM audit_log")


async def test_grant(house: House) -> None:
    """A grant is one row of its own type; admin and user are told amount, reason and balance."""
    await house.ask("alice", "balance")

    reply = await house.ask("boss", "grant @Alice, 1,000 for the pizza")

    assert "Granted 1,000 Z to alice" in reply
    assert "New balance: 1,000 Z" in reply
    notice = await house.robot.wait_pm("alice", "gave you")
    assert "1,000 Z: for the pizza." in notice
    assert house.balance("alice") == 1000
    sql = "SELECT type, trigger_id, amount, reason, metadata FROM transactions"
    [(kind, trigger, amount_z, reason, metadata)] = house.rows(sql)
    assert (kind, trigger, amount_z) == ("admin_grant", "admin.grant", 1000)
    assert reason == "for the pizza"
    assert json.loads(metadata) == {"by": "boss"}


async def test_grant_to_a_name_that_filters_have_marked(house: House) -> None:
    """`grant @Dr_Z_oid 10` arrives as HTML with `<em>` and still pays Dr_Z_oid."""
    assert "to Dr_Z_oid" in await house.ask("boss", "grant @Dr_Z_oid 10")

    await house.robot.wait_pm("Dr_Z_oid", "gave you 10 Z")
    assert house.balance("Dr_Z_oid") == 10


@pytest.mark.parametrize("reason", ["*well* _done_", "~~2~~ < 3 & `code`", "[sp]secret[/sp]"])
async def test_a_reason_survives_the_filters(house: House, reason: str) -> None:
    """What the chat filters turned into HTML is booked as it was typed."""
    await house.ask("boss", f"grant alice 10 {reason}")

    assert house.rows("SELECT reason FROM transactions") == [(reason,)]


async def test_only_grant_opens_accounts(house: House) -> None:
    """By a grant everybody gets one, as by request; no other command opens any (P-MON-12)."""
    assert (await house.ask("boss", "grant bOB 7")).endswith("New balance: 7 Z.")
    assert "no such account: it was opened" in await house.ask("boss", "grant Bobb 7")
    for command in ("deduct Alicce 7", "set_balance Alicce 7", "set_rank Alicce Grip"):
        assert "don't know anyone called Alicce" in await house.ask("boss", command)

    assert house.accounts() == {"Bob": 7, "Bobb": 7, "boss": 0}


async def test_absent_users_can_be_paid(house: House) -> None:
    """Who has an account may be granted, deducted and set while away."""
    await house.ask("alice", "balance")
    await house.robot.leave("alice")
    await house.present("boss", "Bob", "Dr_Z_oid")

    assert "New balance: 50 Z" in await house.ask("boss", "grant ALICE 50")
    assert "New balance: 30 Z" in await house.ask("boss", "deduct aLiCe 20")
    assert "30 Z before, 5 Z now" in await house.ask("boss", "set_balance alice 5")
    assert house.accounts()["alice"] == 5


async def test_deduct_takes_all_or_nothing(house: House) -> None:
    """More than the balance is refused, and the balance stays."""
    await house.ask("boss", "grant alice 30")

    refused = await house.ask("boss", "deduct alice 31")
    done = await house.ask("boss", "deduct alice 30 for fun")

    assert "has only 30 Z" in refused
    assert "Nothing was changed" in refused
    assert "New balance: 0 Z" in done
    assert "deducted 30 Z" in await house.robot.wait_pm("alice", "deducted")
    assert "don't know" in await house.ask("boss", "deduct Nobody 1")
    assert house.balance("Nobody") is None


async def test_set_balance(house: House) -> None:
    """It needs an existing account, books the difference, and leaves lifetime earnings alone."""
    assert "don't know" in await house.ask("boss", "set_balance alice 10")
    await house.ask("alice", "balance")

    reply = await house.ask("boss", "set_balance @alice 500")

    assert "0 Z before, 500 Z now" in reply
    assert "to 500 Z (it was 0 Z)" in await house.robot.wait_pm("alice", "set your balance")
    assert "500 Z before, 0 Z now" in await house.ask("boss", "setbalance alice 0")
    amounts = house.rows("SELECT amount FROM transactions ORDER BY id")
    assert amounts == [(500,), (-500,)]
    house.balanced()


async def test_ban_and_unban(house: House) -> None:
    """A banned user is told so at each command but the exempt ones, and earns nothing."""
    await house.ask("alice", "balance")
    assert "alice is banned" in await house.ask("boss", "ban @ALICE being loud")
    assert "suspended by an admin: being loud." in await house.robot.wait_pm("alice", "suspended")

    assert "access to the economy is suspended" in await house.ask("alice", "balance")
    assert "up 0h" in await house.ask("alice", "about")
    assert "Basics" in await house.ask("alice", "help")
    await house.whole("alice", "quiet", "PM 'unquiet'")
    await house.minutes(2)
    assert house.balance("alice") == 0
    assert house.balance("Bob") == 2
    assert house.activity("alice", "minutes_present") == 2

    assert "already banned" in await house.ask("boss", "ban alice")
    assert "alice may use the economy again" in await house.ask("boss", "unban alice")
    await house.robot.wait_pm("alice", "restored")
    assert "not banned" in await house.ask("boss", "unban alice")
    assert "Balance: 0 Z" in await house.ask("alice", "balance")


async def test_a_grant_reaches_a_banned_user(house: House) -> None:
    """Admin grants and set balances are not held up by a ban (`earning.md` 1)."""
    await house.ask("alice", "balance")
    await house.ask("boss", "ban alice")

    assert "New balance: 5 Z" in await house.ask("boss", "grant alice 5")
    assert "5 Z before, 9 Z now" in await house.ask("boss", "set_balance alice 9")


async def test_ban_of_a_name_without_account(house: House) -> None:
    """A name may be banned before it ever came; it then finds itself suspended."""
    assert "Newcomer is banned" in await house.ask("boss", "ban Newcomer")

    await house.robot.join("newcomer")
    await house.present("boss", "alice", "Bob", "Dr_Z_oid", "newcomer")

    assert "suspended" in await house.ask("newcomer", "balance")
    assert not house.balance("newcomer")


async def test_a_banned_admin_is_still_an_admin(house: House) -> None:
    """An admin who is banned keeps the admin commands and loses the others."""
    await house.data("user.ban", username="boss", admin="ops")

    assert "New balance: 5 Z" in await house.ask("boss", "grant alice 5")
    assert "suspended" in await house.ask("boss", "balance")


async def test_admins_act_on_themselves(house: House) -> None:
    """Admins may pay themselves; the audit log knows."""
    assert "to boss" in await house.whole("boss", "grant boss 5", "Granted")

    await house.row("SELECT 1 FROM audit_log WHERE admin = 'boss' AND command = 'grant'")
    assert house.balance("boss") == 5


@pytest.mark.parametrize("command", ADMIN_COMMANDS)
async def test_nobody_else_may(house: House, command: str) -> None:
    """An admin command by somebody else is refused, and nothing happens."""
    await house.ask("alice", "balance")

    assert "needs admin rights" in await house.ask("Bob", command)

    await house.settled()
    assert house.balance("alice") == 0
    assert not audit(house)
    assert not house.robot.chat_lines
    assert not house.rows("SELECT * FROM banned_users")


async def test_everything_is_in_the_audit_log(house: House) -> None:
    """Each admin command leaves a line with who, where, what and how it ended, also a bad one."""
    for command in ("grant alice 10 gift", "deduct alice 99", "ban nosuch", "grant alice -5"):
        await house.ask("boss", command)

    await house.row("SELECT 1 FROM audit_log WHERE arguments = 'alice -5'")
    found = audit(house)
    assert [row[:4] for row in found] == [
        ("boss", house.channel, "grant", "alice 10 gift"),
        ("boss", house.channel, "deduct", "alice 99"),
        ("boss", house.channel, "ban", "nosuch"),
        ("boss", house.channel, "grant", "alice -5"),
    ]
    assert "Granted 10 Z" in found[0][4]
    assert "has only 10 Z" in found[1][4]
    assert "Usage: grant" in found[3][4]


async def test_the_same_message_twice_pays_once(house: House) -> None:
    """A PM that the bus delivers twice is one grant."""
    payload = {"username": "boss", "msg": "grant alice 10", "meta": {}, "to": "ZCoinBot"}
    for _ in range(3):
        await house.robot.raw_event(
            "pm", {**payload, "time": house.robot.room.now_ms}, correlation_id="same-id"
        )
    await house.settled()

    assert house.balance("alice") == 10
    assert house.dropped("duplicate") == 2


class TestWhoIsAdmin:
    """Rights come from this channel's ranks only (`commands.md` 4, P-MSG-12)."""

    async def test_by_the_list_at_the_start(self, house: House) -> None:
        """The rank in the stored user list counts: boss was there before the service."""
        assert "Granted" in await house.ask("boss", "grant alice 1")

    async def test_by_the_rank_told_after_the_join(self, house: House) -> None:
        """An owner who joins later is known by the rank event, not by the global rank 1."""
        await house.robot.join("carol", rank=4)
        await house.present("boss", "alice", "Bob", "Dr_Z_oid", "carol")
        await house.settled()

        assert "Granted" in await house.ask("carol", "grant alice 1")

    async def test_by_promotion_and_demotion(self, house: House) -> None:
        """A rank change counts at once, in both directions."""
        assert "needs admin rights" in await house.ask("alice", "grant alice 1")
        await house.robot.set_rank("alice", 4)
        assert "Granted" in await house.ask("alice", "grant alice 1")
        await house.robot.wait_pm("alice", "gave you")
        await house.robot.set_rank("alice", 3)
        assert "needs admin rights" in await house.ask("alice", "grant alice 1")

    async def test_no_right_outlives_the_stay(self, house: House) -> None:
        """Who leaves as owner and comes back before the rank event is nobody special."""
        await house.robot.leave("boss")
        await house.present("alice", "Bob", "Dr_Z_oid")
        user = {"name": "boss", "rank": 1, "profile": {}, "meta": {"afk": False}}
        await house.robot.raw_event("addUser", user)
        house.robot.room.join("boss")

        assert "needs admin rights" in await house.ask("boss", "grant alice 1")

    async def test_not_by_a_site_wide_rank_of_a_pm(self, house: House) -> None:
        """A rank inside a PM event is not believed."""
        payload = {"username": "alice", "msg": "grant alice 99", "rank": 255, "meta": {}}
        await house.robot.raw_event("pm", {**payload, "time": house.robot.room.now_ms})

        assert "needs admin rights" in await house.robot.wait_pm("alice")

    async def test_not_by_the_rank_of_another_channel(
        self, make_house: OpenHouse, channel: str
    ) -> None:
        """The owner of one channel is nobody in the other channel of the same service."""
        other = f"{channel}-other"
        places = [{"domain": "cytube.test", "channel": name} for name in (channel, other)]
        house = await make_house(channels=places)
        await house.robot.raw_event("setUserRank", {"name": "alice", "rank": 5}, channel=other)

        assert "needs admin rights" in await house.ask("alice", "grant alice 99")

    async def test_by_the_configured_level(self, make_house: OpenHouse) -> None:
        """`admin.owner_level` decides which rank is needed."""
        house = await make_house(admin={"owner_level": 2})
        await house.robot.set_rank("Bob", 2)

        assert "Granted" in await house.ask("Bob", "grant alice 1")
