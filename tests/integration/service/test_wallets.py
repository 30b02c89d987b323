"""Another service charges users over NATS with the real client, and reads what they have."""

from typing import Any

import anyio
import pytest
from tests.integration.service.house import House, OpenHouse, until

from kryten_economy.client import Balance, EconomyRefusal, WalletReader, Wallets


@pytest.fixture
async def house(make_house: OpenHouse, channel: str) -> House:
    """A channel in which the chatbot may take 500 Z a day from each user."""
    wallets = {
        "enabled": True,
        "bucket": f"wallets_{channel}",
        "services": [{"name": "chatbot", "daily_cap": 500}],
    }
    house = await make_house(wallets=wallets)
    await house.give("alice", 1_000)
    return house


def reader(house: House) -> WalletReader:
    bucket = house.settings["wallets"]["bucket"]
    return WalletReader(house.client, house.channel, bucket=bucket, now_ms=house.clock.now_ms)


async def by_bucket(house: House, **wanted: Any) -> Balance:
    """What the bucket tells, as soon as it tells this."""
    found: list[Balance] = []

    async def look() -> bool:
        read = await reader(house).balance("alice")
        assert read is not None
        found.append(read)
        return read.source == "bucket" and all(
            getattr(read, key) == value for key, value in wanted.items()
        )

    with anyio.fail_after(30):
        while not await look():  # noqa: ASYNC110 - seen from outside, nobody signals it
            await anyio.sleep(0.05)
    return found[-1]


async def same_as_by_request(house: House, told: Balance) -> None:
    data = await house.data("wallet.get", username="alice")
    numbers = (data["balance"], data["reserved"], data["spent_today"])
    assert (told.balance, told.reserved, told.spent_today) == numbers


async def test_a_service_charges_and_all_readers_agree(house: House) -> None:
    """Balance, what is set aside and what was spent: bucket, request and books tell the same."""
    await by_bucket(house, balance=house.balance("alice"))
    before = house.balance("alice") or 0
    chatbot = Wallets(house.client, house.channel, "chatbot")
    async with chatbot.charge("alice", 200, reason="an answer") as charge:
        told = await by_bucket(house, reserved=200)
        assert told.balance == before - 200
        await same_as_by_request(house, told)
        charge.cost, charge.units_in = 80, 1_200
    assert charge.done is not None
    assert (charge.done.charged, charge.done.balance) == (80, before - 80)
    told = await by_bucket(house, balance=before - 80, reserved=0)
    assert told.spent_today == {"chatbot": 80}
    await same_as_by_request(house, told)
    assert await house.robot.wait_pm("alice", "chatbot charged you 80 Z for an answer.")
    assert house.rows("SELECT amount_z, units_in, adds_up FROM wallet_usage") == [(80, 1_200, 1)]
    house.balanced()


async def test_without_the_bucket_the_number_is_the_same(house: House) -> None:
    """Deleted under our hands: the request answers, and soon the bucket does again."""
    before = (await by_bucket(house)).balance
    js = house.client._nats.jetstream()
    await js.delete_key_value(house.settings["wallets"]["bucket"])
    told = await reader(house).balance("alice")
    assert told is not None
    assert told.balance == before == house.balance("alice")
    await house.give("alice", 5)
    told = await by_bucket(house, balance=before + 5)
    await same_as_by_request(house, told)


async def test_caps_hold_at_once_and_over_a_restart(house: House) -> None:
    """64 reservations at once never exceed the cap, and what is open is open after a restart."""
    chatbot = Wallets(house.client, house.channel, "chatbot")
    granted: list[str] = []
    codes: list[str] = []

    async def ask() -> None:
        try:
            granted.append((await chatbot.reserve("alice", 30)).id)
        except EconomyRefusal as refusal:
            codes.append(refusal.code)

    async with anyio.create_task_group() as group:
        for _ in range(64):
            group.start_soon(ask)
    assert (len(granted), set(codes)) == (16, {"daily_limit_reached"})
    before = house.balance("alice") or 0
    await house.restart()
    assert house.balance("alice") == before
    with pytest.raises(EconomyRefusal, match="20 Z are left"):
        await chatbot.reserve("alice", 21)
    for each in granted[:8]:
        await chatbot.finalize(each, 1_000)
    for each in granted[8:]:
        assert await chatbot.release(each) == 30
    told = await by_bucket(house, reserved=0)
    assert told.spent_today == {"chatbot": 240}
    await same_as_by_request(house, told)
    await until(lambda: house.balance("alice") == before + 240)
    house.balanced()
