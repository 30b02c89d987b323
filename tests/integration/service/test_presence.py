"""Who is here and what a minute of it earns, from the channel's events (`earning.md` 3)."""

from tests.integration.service.house import MINUTE_MS, House, OpenHouse, until

HERE = ("boss", "alice", "Bob", "Dr_Z_oid")


async def test_minutes_are_paid(house: House) -> None:
    """Everybody present gets the base rate per minute, in one operation, counted by the day."""
    await house.minutes(3)

    assert house.accounts() == dict.fromkeys(HERE, 3)
    assert house.activity("alice", "minutes_present") == 3
    assert house.rows("SELECT count(*) FROM operation WHERE kind = 'PresenceMinute'") != [(0,)]
    kinds = house.rows("SELECT DISTINCT type, trigger_id FROM transactions")
    assert kinds == [("earn", "presence.base")]
    house.balanced()


async def test_minutes_count_at_rate_zero(make_house: OpenHouse) -> None:
    """At a rate of 0 nothing is paid and minutes are counted all the same (P-PRES-6)."""
    house = await make_house(presence={"base_rate_per_minute": 0})
    await house.minutes(2)

    assert house.activity("alice", "minutes_present") == 2
    assert not house.balance("alice")


async def test_a_stall_is_paid_up_to_five_minutes(house: House) -> None:
    """After an hour in which nothing ticked, five minutes are paid."""
    house.tick(60 * MINUTE_MS)
    await house.row("SELECT 1 FROM operation WHERE id = ?", house.minute_id())

    assert house.balance("alice") == 5


async def test_active_minutes(make_house: OpenHouse) -> None:
    """Who is AFK gets the base rate, who is not the bonus too; AFK never costs the base."""
    house = await make_house(presence={"active_bonus_per_minute": 2})
    await house.robot.afk("Bob")
    await house.settled()
    await house.minutes(2)

    assert house.balance("Bob") == 2
    assert house.balance("alice") == 6
    await house.say("Bob", "back")
    await until(lambda: house.activity("Bob", "messages_sent") == 1)
    await house.minutes(1)
    assert house.balance("Bob") == 5


async def test_a_long_silence_is_afk(make_house: OpenHouse) -> None:
    """Without chat for the threshold a user counts as AFK."""
    house = await make_house(
        presence={
            "active_bonus_per_minute": 1,
            "afk_threshold_minutes": 3,
            "base_rate_per_minute": 0,
        }
    )
    await house.minutes(10)

    assert 2 <= house.activity("alice", "minutes_active") <= 4
    assert house.activity("alice", "minutes_present") == 10


async def test_a_newcomer_gets_the_welcome_wallet_once(make_house: OpenHouse) -> None:
    """A genuine arrival is welcomed by PM; coming back tomorrow is not an arrival of a stranger."""
    house = await make_house(onboarding={"welcome_delay_seconds": 0})
    await house.robot.join("carol")

    assert "100 Z-Coin" in await house.robot.wait_pm("carol", "Welcome")
    assert house.balance("carol") == 100
    await house.robot.leave("carol")
    await house.present(*HERE)
    house.tick(24 * 60 * MINUTE_MS)
    await house.robot.join("carol")
    await house.present(*HERE, "carol")
    await house.settled()
    assert house.rows("SELECT count(*) FROM transactions WHERE type = 'welcome_wallet'") == [(1,)]
    assert len(house.robot.pms_to("carol")) == 1


async def test_those_found_at_the_start_are_not_welcomed(make_house: OpenHouse) -> None:
    """Whoever was there before the service is no arrival."""
    house = await make_house(onboarding={"welcome_delay_seconds": 0})
    await house.minutes(1)
    await house.settled()

    assert house.accounts() == dict.fromkeys(HERE, 1)
    assert not house.robot.pms_to("alice")


async def test_ten_bounces(house: House) -> None:
    """Leaving and coming back ten times within the window is one visit (P-PRES-1)."""
    await house.robot.join("carol")
    for _ in range(10):
        await house.robot.leave("carol")
        house.tick(1000)
        await house.robot.join("carol")
        house.tick(1000)
    await house.present(*HERE, "carol")
    await house.settled()
    house.clock.move_to(house.clock.now_ms() // MINUTE_MS * MINUTE_MS + MINUTE_MS - 1)
    await house.minutes(6)

    assert house.rows("SELECT count(*) FROM operation WHERE id LIKE 'arrive:%'") == [(1,)]
    assert house.balance("carol") == 100 + 6


async def test_minutes_of_a_bounce_are_paid_at_the_return(house: House) -> None:
    """Two minutes away within the window are held back, and paid when the user returns."""
    await house.minutes(1)
    await house.robot.leave("alice")
    await house.present("boss", "Bob", "Dr_Z_oid")
    await house.minutes(2)
    assert house.balance("alice") == 1

    await house.robot.join("alice")
    await house.present(*HERE)
    await house.minutes(1)

    assert house.balance("alice") == 4
    assert house.balance("Bob") == 4


async def test_who_leaves_earns_no_more(house: House) -> None:
    """After the window the visit is over: nothing was paid, and the departure is the leave."""
    await house.minutes(1)
    left_ms = house.clock.now_ms()
    await house.robot.leave("alice")
    await house.present("boss", "Bob", "Dr_Z_oid")
    await house.minutes(8)

    assert house.balance("alice") == 1
    assert house.balance("Bob") == 9
    sql = "SELECT last_departure_ms FROM account WHERE name = 'alice'"
    assert house.rows(sql) == [(left_ms,)]


async def test_a_user_list_is_the_truth(house: House) -> None:
    """What changed while the robot was away shows in its list: no leave and no join was seen."""
    await house.robot.join("carol")
    await house.present(*HERE, "carol")
    await house.robot.stop()
    house.robot.room.leave("alice")
    house.robot.room.leave("carol")
    house.robot.room.join("dave")
    house.tick(1000)
    await house.robot.start()

    await house.present("boss", "Bob", "Dr_Z_oid", "dave")
    await house.minutes(2)

    assert not house.balance("alice")
    assert house.balance("dave") == 102
    assert house.balance("Bob") == 2
    assert "Balance: 102 Z" in await house.ask("dave", "balance")


async def test_ghosts_of_the_store(house: House) -> None:
    """A rank change for somebody absent puts nobody into the channel (`wire.md` 0.9)."""
    house.robot.room.account("helen")
    await house.robot.act(house.robot.room.set_channel_rank("helen", 2))
    await house.settled()
    await house.minutes(1)

    assert house.metric("economy_active_users", channel=house.channel) == 4
    assert house.balance("helen") is None


async def test_guests_hold_no_money(house: House) -> None:
    """A guest is told why and gets no account and no minutes; a gift waits for the account."""
    await house.robot.join("Visitor", rank=0)

    assert "Guests can't hold money" in await house.ask("Visitor", "balance")
    await house.minutes(2)
    assert house.balance("Visitor") is None
    assert house.metric("economy_active_users", channel=house.channel) == 4

    assert "There was no such account" in await house.ask("boss", "grant Visitor 5")
    assert "Guests can't hold money" in await house.ask("Visitor", "balance")
    assert house.balance("Visitor") == 5


async def test_ignored_users_do_not_exist(make_house: OpenHouse) -> None:
    """Other bots, in any casing, are neither counted nor paid nor answered."""
    house = await make_house(ignored_users=["ALICE", "OtherBot"])
    await house.robot.join("otherbot")
    await house.say("alice", "hello")
    await house.robot.pm("alice", "balance")
    await house.robot.pm("otherbot", "balance")
    await house.minutes(2)
    await house.settled()

    assert set(house.accounts()) == {"boss", "Bob", "Dr_Z_oid"}
    assert house.dropped("ignored") >= 4
    assert not house.robot.pms_to("alice")
    assert not house.robot.pms_to("otherbot")
    assert "ignored" in await house.ask("boss", "grant alice 5")


async def test_shadow_muted_chat_does_not_count(house: House) -> None:
    """The chat of a shadow-muted user is dropped; presence goes on (P-USR-12)."""
    await house.robot.shadow_mute("alice")
    await house.say("alice", "can anybody see me?")
    await house.minutes(1)
    await house.settled()

    assert house.dropped("shadow") == 1
    assert house.activity("alice", "messages_sent") == 0
    assert house.balance("alice") == 1


async def test_shadowed_messages_are_not_answered(house: House) -> None:
    """A PM that carries the shadow flag is dropped like a line that does."""
    now_ms = house.robot.room.now_ms
    payload = {"username": "alice", "msg": "balance", "meta": {"shadow": True}, "time": now_ms}
    await house.robot.raw_event("pm", payload)
    await house.settled()

    assert house.dropped("shadow") == 1
    assert house.balance("alice") is None
    assert not house.robot.pms_to("alice")


async def test_muted_users_may_ask(house: House) -> None:
    """A muted user's PMs still come through and are answered."""
    await house.robot.mute("alice")

    assert "Balance" in await house.ask("alice", "balance")


async def test_chat_is_counted(house: House) -> None:
    """Lines and long lines are counted by the day, in characters as typed."""
    await house.say("alice", "short")
    await house.say("alice", "x" * 29)
    await house.say("alice", "<" * 30)

    await until(lambda: house.activity("alice", "messages_sent") == 3)
    assert house.activity("alice", "long_messages") == 1


async def test_lines_of_the_server_and_the_bot_are_nobodys(house: House) -> None:
    """`[server]` notices and the bot's own lines count for nobody and are not answered."""
    await house.robot.join("carol")
    await house.robot.kick("carol")
    await house.ask("boss", "announce balance")
    await house.robot.wait_chat("balance")
    await house.settled()

    assert house.dropped("server_line") >= 2
    assert house.rows("SELECT coalesce(sum(messages_sent), 0) FROM daily_activity") == [(0,)]
    assert house.balance("ZCoinBot") is None
    assert house.metric("economy_active_users", channel=house.channel) == 4


async def test_replayed_chat_counts_once(house: House) -> None:
    """Every robot start repeats the last 15 lines; each is counted once, those missed too."""
    for number in range(5):
        await house.say("alice", f"line {number}")
    await until(lambda: house.activity("alice", "messages_sent") == 5)

    await house.robot.restart()
    await house.robot.stop(kill=True)
    house.tick(5000)
    house.robot.room.chat("alice", "while the robot was away")
    house.tick(5000)
    await house.robot.start()
    await until(lambda: house.activity("alice", "messages_sent") == 6)
    await house.robot.restart()
    await house.settled()

    assert house.activity("alice", "messages_sent") == 6
    assert house.dropped("replayed") == 5 + 5 + 6


async def test_old_chat_before_the_service_does_not_count(make_house: OpenHouse) -> None:
    """What was said before the service came up is history, also when the robot repeats it."""
    house = await make_house(start=False)
    for number in range(5):
        await house.say("alice", f"before {number}")
    house.tick(30_000)
    await house.start()
    await house.robot.restart()
    await house.settled()

    assert house.activity("alice", "messages_sent") == 0


async def test_names_in_other_casing(house: House) -> None:
    """The registered spelling is kept, whoever types which."""
    await house.robot.join("CaRoL")
    await house.present(*HERE, "CaRoL")
    await house.ask("boss", "grant @carol 1")
    await house.ask("boss", "grant CAROL 1")

    assert house.accounts()["CaRoL"] == 102
    assert set(house.accounts()) == {"CaRoL", "boss"}
