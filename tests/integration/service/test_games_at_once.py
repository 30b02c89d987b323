"""64 messages of one user at once, through the real bus.

Each acts as often as the limits allow, each is answered, and the books balance afterwards.
"""

from collections.abc import Mapping
from typing import Any

import pytest
from tests.integration.service.house import House, OpenHouse

MANY = 64
BANK_Z = 10_000
BUSY = "did nothing"
"""What is said in the channel is chat as well, so more may come than a session keeps waiting."""
LOST = [{"symbols": "loss", "multiplier": 0, "probability": 1}]
STAKES = """
    SELECT count(*), coalesce(sum(stake_z), 0) FROM game_stake
    JOIN account ON account.id = account_id WHERE name = 'alice'
"""
GAMBLING: dict[str, Any] = {
    "min_account_age_minutes": 0,
    "spectacle_cooldown_seconds": 0,
    "spin": {"cooldown_seconds": 0, "daily_limit": 5, "payouts": LOST},
    "flip": {"cooldown_seconds": 0, "daily_limit": 12},
    "heist": {"enabled": True, "join_window_seconds": 600, "cooldown_seconds": 0},
    "race": {"betting_window_seconds": 600},
    "blackjack": {"cooldown_seconds": 0, "daily_limit": 3},
    "raffle": {"max_tickets": 7},
    "prediction": {"max_wager": 500},
}


async def rich(make_house: OpenHouse, **gambling: Mapping[str, Any]) -> House:
    """Alice and Bob with 10,000 Z each, and games without pauses."""
    house = await make_house(gambling=GAMBLING | gambling)
    for name in ("alice", "Bob"):
        await house.data("balance.set", username=name, amount=BANK_Z)
    return house


def told(replies: list[str], *parts: str) -> int:
    """How many of the replies say one of these."""
    return sum(any(part in each for part in parts) for each in replies)


def held(house: House) -> tuple[int, int]:
    """How many stakes of whomever wait, and how much they are."""
    [(count, amount_z)] = house.rows(
        "SELECT count(*), coalesce(sum(amount_z), 0) FROM hold WHERE state = 'open'"
    )
    return count, amount_z


# Games of one move


async def test_many_spins_at_once_act_as_the_limits_allow(make_house: OpenHouse) -> None:
    """64 spins in one burst: five are played as the day allows, and each is settled once."""
    house = await rich(make_house)
    replies = await house.at_once("alice", "spin 10")
    assert (told(replies, "are gone"), told(replies, "today's limit")) == (5, MANY - 5)
    assert len(replies) == MANY
    assert house.rows(STAKES) == [(5, 50)]
    assert house.balance("alice") == BANK_Z - 50
    house.balanced()


async def test_one_spin_in_the_time_of_its_cooldown(make_house: OpenHouse) -> None:
    """The others are told how long it takes, and the free spin comes once as well."""
    house = await rich(make_house, spin={"cooldown_seconds": 30, "payouts": LOST})
    replies = await house.at_once("alice", "spin 10", "spin")
    assert (told(replies, "are gone"), told(replies, "cooling down")) == (1, MANY // 2 - 1)
    assert told(replies, "has cost nothing") == 1
    assert told(replies, "had your free spin") == MANY // 2 - 1
    assert house.rows(STAKES) == [(2, 10)]
    assert house.balance("alice") == BANK_Z - 10
    house.balanced()


async def test_flips_up_to_the_limit_of_the_day(make_house: OpenHouse) -> None:
    """Each of the twelve takes its stake and pays what its coin says."""
    house = await rich(make_house)
    replies = await house.at_once("alice", "flip 100")
    won, lost = told(replies, "Heads"), told(replies, "Tails")
    assert (won + lost, told(replies, "today's limit")) == (12, MANY - 12)
    assert len(replies) == MANY
    assert house.rows(STAKES) == [(12, 1200)]
    assert house.balance("alice") == BANK_Z + 100 * (won - lost)
    house.balanced()


async def test_what_one_has_is_staked_once(make_house: OpenHouse) -> None:
    """64 times all there is: nobody plays with money that is gone."""
    house = await rich(make_house, flip={"cooldown_seconds": 0, "max_wager": 50_000})
    await house.data("balance.set", username="alice", amount=10)
    replies = await house.at_once("alice", "flip 10")
    won, lost = told(replies, "Heads"), told(replies, "Tails")
    assert len(replies) == MANY
    assert house.balance("alice") == 10 + 10 * (won - lost)
    assert won - lost >= -1
    assert house.rows(STAKES) == [(won + lost, 10 * (won + lost))]
    house.balanced()


async def test_hands_one_at_a_time(make_house: OpenHouse) -> None:
    """Deals and stands mixed: each hand is staked once and settled once."""
    house = await rich(make_house)
    replies = await house.at_once("alice", "blackjack 100", "stand")
    await house.ask("alice", "stand")
    assert len(replies) == MANY
    [(hands, staked_z)] = house.rows(STAKES)
    assert 1 <= hands <= 3
    assert staked_z == 100 * hands
    [(paid_z,)] = house.rows("SELECT sum(payout_z) FROM game_stake")
    assert house.balance("alice") == BANK_Z - staked_z + paid_z
    assert house.rows("SELECT rounds, staked_z FROM game_stats") == [(hands, staked_z)]
    assert held(house) == (0, 0)
    house.balanced()


# Games of several


@pytest.mark.parametrize("ways", [("heist join",), ("!heist join",), ("heist join", "!heist join")])
async def test_joins_of_a_heist(make_house: OpenHouse, ways: tuple[str, ...]) -> None:
    """In private, in the channel or both: one is in, and the others are told so."""
    house = await rich(make_house)
    await house.ask("Bob", "heist 100")
    replies = await house.at_once("alice", *ways)
    assert told(replies, "You're in for 100 Z") == 1
    assert told(replies, "You are in already", BUSY) == MANY - 1
    assert len(replies) == MANY
    assert house.balance("alice") == house.balance("Bob") == BANK_Z - 100
    assert held(house) == (2, 200)
    await house.stop()
    assert house.balance("alice") == house.balance("Bob") == BANK_Z
    house.balanced()


async def test_starts_of_a_heist(make_house: OpenHouse) -> None:
    """One begins; for the others the stage is taken, and they pay nothing."""
    house = await rich(make_house)
    replies = await house.at_once("alice", "heist 100")
    assert told(replies, "You stake 100 Z") == 1
    assert len(replies) == MANY
    assert held(house) == (1, 100)
    assert house.balance("alice") == BANK_Z - 100
    house.balanced()


async def test_bets_on_a_race(make_house: OpenHouse) -> None:
    """By PM and in the channel, on this colour and that: one counts, told where it was made."""
    house = await rich(make_house)
    await house.ask("Bob", "race")
    ways = ("race 100 blue", "!race 100 red", "race 100 red", "!race 100 🔵")
    replies = await house.at_once("alice", *ways, unanswered=1)
    if told(replies, "Balance: 9,900 Z") == 0:
        await house.robot.wait_chat("alice bets 100 Z")
    assert told(replies, "Balance: 9,900 Z") + told(house.robot.chat_lines, "alice bets") == 1
    assert told(replies, "in already", BUSY) == MANY - 1
    assert held(house) == (1, 100)
    assert house.balance("alice") == BANK_Z - 100
    frame = (await house.data("race.state"))["frame"]
    assert (frame["pool"], frame["bettor_count"]) == (100, 1)
    house.balanced()


async def test_tickets_of_a_raffle(make_house: OpenHouse) -> None:
    """As many as one may have, by PM and in the channel, each paid once."""
    house = await rich(make_house)
    await house.ask("boss", "raffle open 10 50")
    replies = await house.at_once("alice", "raffle 1", "!raffle 1")
    assert told(replies, "At most 7 tickets each; you have 7.", BUSY) == MANY - 7
    assert len(replies) == MANY
    assert held(house) == (1, 350)
    assert house.balance("alice") == BANK_Z - 350
    state = await house.data("raffle.state")
    assert (state["tickets"], state["participants"], state["pot"]) == (7, 1, 350)
    await house.ask("boss", "raffle cancel")
    assert house.balance("alice") == BANK_Z
    house.balanced()


async def test_bids_in_an_auction(make_house: OpenHouse) -> None:
    """Raising bids of one user in any order: the highest is held, and no other one."""
    house = await rich(make_house)
    await house.ask("boss", 'auction open 10 100 "A walk in the rain"')
    bids = [100 + 10 * number for number in range(MANY)]
    replies = await house.at_once("alice", *(f"bid {each}" for each in reversed(bids)))
    assert len(replies) == MANY
    assert told(replies, "Yours is the highest bid") + told(replies, "too little") == MANY
    assert held(house) == (1, bids[-1])
    assert house.balance("alice") == BANK_Z - bids[-1]
    state = await house.data("auction.state")
    assert (state["highest_bid"], state["highest_bidder"]) == (bids[-1], "alice")
    house.balanced()


async def test_equal_bids_in_an_auction(make_house: OpenHouse) -> None:
    """By PM and in the channel: the first stands, since the others are no higher."""
    house = await rich(make_house)
    await house.ask("boss", 'auction open 10 100 "A walk in the rain"')
    replies = await house.at_once("alice", "bid 100", "!bid 100")
    assert told(replies, "Yours is the highest bid") == 1
    assert told(replies, "too little", BUSY) == MANY - 1
    assert held(house) == (1, 100)
    assert house.balance("alice") == BANK_Z - 100
    house.balanced()


async def test_bets_on_a_prediction(make_house: OpenHouse) -> None:
    """One outcome, raised up to the most there may be; the other outcome is refused."""
    house = await rich(make_house)
    await house.ask("boss", 'predict open 10 "Will it rain?" Yes | No')
    replies = await house.at_once("alice", "predict 20 1", "!predict 20 1")
    assert told(replies, "520 Z is too much: the maximum is 500 Z", BUSY) == MANY - 25
    assert len(replies) == MANY
    assert held(house) == (1, 500)
    replies = await house.at_once("alice", "predict 20 2")
    assert told(replies, "you can only raise that") == MANY
    assert held(house) == (1, 500)
    assert house.balance("alice") == BANK_Z - 500
    await house.ask("boss", "predict void")
    assert house.balance("alice") == BANK_Z
    house.balanced()
