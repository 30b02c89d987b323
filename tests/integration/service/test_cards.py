"""Hands and challenges over the bus: many messages of one user at the same time act once."""

import pytest
from tests.integration.service.house import House, OpenHouse, until


@pytest.fixture
async def house(make_house: OpenHouse) -> House:
    """Alice and Bob may play."""
    house = await make_house(gambling={"min_account_age_minutes": 0})
    for name in ("alice", "bob"):
        await house.give(name, 1_000)
    return house


async def test_64_stands_settle_one_hand(house: House) -> None:
    """One stake, one settlement, nothing held (P-MON-7)."""
    before = house.balance("alice")
    assert before is not None
    await house.ask("alice", "blackjack 100")
    assert len(await house.at_once("alice", "stand")) == 64
    await until(lambda: house.rows("SELECT 1 FROM game_round WHERE state = 'settled'"), what="end")
    [(paid_z,)] = house.rows("SELECT payout_z FROM game_stake")
    assert house.balance("alice") == before - 100 + paid_z
    assert house.rows("SELECT rounds, staked_z FROM game_stats") == [(1, 100)]
    assert house.rows("SELECT 1 FROM hold WHERE state = 'open'") == []


async def test_64_accepts_play_one_challenge(house: House) -> None:
    """The pot is paid once, less the rake (P-MON-5)."""
    before = (house.balance("alice") or 0) + (house.balance("bob") or 0)
    await house.ask("alice", "challenge @bob 200")
    assert len(await house.at_once("bob", "accept")) >= 64
    await until(lambda: house.rows("SELECT 1 FROM game_round WHERE state = 'settled'"), what="end")
    assert (house.balance("alice") or 0) + (house.balance("bob") or 0) == before - 20
    assert house.rows("SELECT sum(rounds), sum(staked_z) FROM game_stats") == [(2, 400)]
    assert house.rows("SELECT 1 FROM hold WHERE state = 'open'") == []
