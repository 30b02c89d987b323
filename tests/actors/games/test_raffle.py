"""Raffles from the first message to the winner's balance (`gambling.md` 14)."""

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.api.helpers import api
from tests.actors.games.crowd import (
    acts,
    at_once,
    crowd,
    killed,
    public,
    rounds_open,
    social_settings,
    worth,
)
from tests.actors.house import House, house

from kryten_economy.features.games.fairness import FairDice

OPEN = "raffle open 5 50"


async def tickets(h: House, opening: str = OPEN) -> None:
    """Boss opens one; Alice buys two tickets by PM, Bob three in the channel."""
    await h.pm("Boss", opening)
    await h.pm("Alice", "raffle 2")
    await anyio.sleep(1)
    await h.chat("Bob", "!raffle 3")


def seed_of(h: House) -> str:
    """What is told when the day is over."""
    seed: str = h.report(lambda reports: reports.sql.only("SELECT seed FROM fair_seed")[0])
    return seed


async def test_a_raffle_is_announced(tmp_path: Path) -> None:
    """One line: the price, what there is to win, how and until when; an audit line."""
    async with crowd(tmp_path) as h:
        assert await h.pm("Boss", OPEN) == ["✅ Raffle 1 is open for 5m."]
        [line] = public(h)
        assert line == (
            "🎟️ Raffle by Boss! One winner takes the pot. A ticket is 50 Z:"
            " say '!raffle <tickets>' within 5m."
        )
        assert acts(h) == [("Boss", "raffle", "open 5 50")]


async def test_the_dice_say_who_takes_the_pot(tmp_path: Path) -> None:
    """Anybody can count the tickets from the revealed seed; everybody reads their own result."""
    async with crowd(tmp_path) as h:
        await tickets(h)
        assert worth(h) == [900, 850, 1000, 1000]
        [shown] = await h.pm("Cy", "raffle")
        assert "The winner gets 250 Z as it stands. 5 tickets of 2 users, you have 0." in shown
        await anyio.sleep(310)
        ticket = FairDice(seed_of(h), "testchan/1").between(1, 5)
        winner, loser = ("Alice", "Bob") if ticket <= 2 else ("Bob", "Alice")
        [_, line] = public(h)
        assert line == f"🎟️ Ticket {ticket} of 5 wins: {winner} takes 250 Z! (Round 1)"
        assert sum(worth(h)) == 4000
        assert worth(h, winner) == [1150 if winner == "Alice" else 1100]
        assert "You have won 250 Z" in h.pms(winner)[-1]
        assert f"{winner} has won" in h.pms(loser)[-1]
        assert rounds_open(h) == []


async def test_the_outcome_is_kept_with_its_tickets(tmp_path: Path) -> None:
    """Ticket, tickets and winner are stored with the round, and the stakes with their tickets."""
    async with crowd(tmp_path) as h:
        await tickets(h)
        await anyio.sleep(310)
        [outcome] = h.report(lambda r: r.sql.only("SELECT outcome FROM game_round"))
        drawn = json.loads(outcome)
        assert (drawn["tickets"], drawn["winner"]) in [(5, "alice"), (5, "bob")]
        rows = h.report(lambda r: r.sql.rows("SELECT stake_z, data FROM game_stake ORDER BY 1"))
        assert [tuple(row) for row in rows] == [(100, '{"tickets":2}'), (150, '{"tickets":3}')]


async def test_a_prize_on_top(tmp_path: Path) -> None:
    """The opener's own money is set aside at the start and goes to the winner."""
    async with crowd(tmp_path) as h:
        await h.pm("Dan", "raffle open 5 50 prize 400")
        assert worth(h, "Dan") == [600]
        assert "the pot and 400 Z on top" in public(h)[0]
        await h.pm("Alice", "raffle 2")
        await h.pm("Bob", "raffle 2")
        await anyio.sleep(310)
        assert sorted(worth(h, "Alice", "Bob")) == [900, 1500]
        assert worth(h, "Dan") == [600]


async def test_the_rake_stays_with_the_house(tmp_path: Path) -> None:
    """A percentage of what the tickets brought, not of the prize."""
    async with crowd(tmp_path, social_settings({"raffle": {"rake_percent": 10}})) as h:
        await h.pm("Boss", OPEN)
        await h.pm("Alice", "raffle 2")
        await h.pm("Bob", "raffle 2")
        await anyio.sleep(310)
        assert sorted(worth(h, "Alice", "Bob")) == [900, 1080]


async def test_too_few_have_everything_back(tmp_path: Path) -> None:
    """Tickets and the prize; everybody is told, the opener too."""
    async with crowd(tmp_path) as h:
        await h.pm("Dan", "raffle open 5 50 prize 400")
        await h.pm("Alice", "raffle 2")
        await anyio.sleep(310)
        assert worth(h) == [1000] * 4
        assert public(h)[-1] == (
            "🎟️ The raffle is off: it takes 2 and there were 1. Everything is back."
        )
        assert "your 100 Z are back" in h.pms("Alice")[-1]
        assert "your prize of 400 Z is back" in h.pms("Dan")[-1]


async def test_a_raffle_can_be_called_off(tmp_path: Path) -> None:
    """By whoever has opened it, or an admin, and by nobody else."""
    async with crowd(tmp_path) as h:
        await tickets(h, "raffle open 5 50 prize 400")
        assert "Only whoever has opened" in (await h.pm("Alice", "raffle cancel"))[0]
        told, answer = await h.pm("Boss", "raffle cancel")
        assert "your prize of 400 Z is back" in told
        assert answer == "✅ The raffle was called off, and 2 users had their money back."
        assert worth(h, "Boss", "Alice", "Bob") == [1000] * 3
        assert rounds_open(h) == []


async def test_without_tickets_nobody_is_said_to_have_money_back(tmp_path: Path) -> None:
    """Whoever calls off what nobody has joined is told so."""
    async with crowd(tmp_path) as h:
        await h.pm("Boss", "raffle open 5 50")
        [answer] = await h.pm("Boss", "raffle cancel")
        assert answer == "✅ The raffle was called off. Nobody had a stake in it."


async def test_sixty_four_tickets_at_once(tmp_path: Path) -> None:
    """As many as the limit allows, and no more, each paid once."""
    async with crowd(tmp_path, social_settings({"raffle": {"max_tickets": 7}})) as h:
        await h.pm("Boss", OPEN)
        await at_once(h, "Bob", "raffle 1")
        assert worth(h, "Bob") == [650]
        assert h.pms("Bob")[-1] == "At most 7 tickets each; you have 7."


async def test_a_ban_gives_the_tickets_back(tmp_path: Path) -> None:
    """The others' tickets are drawn."""
    async with crowd(tmp_path) as h:
        await tickets(h)
        await h.pm("Cy", "raffle 1")
        await h.pm("Boss", "ban Bob")
        assert worth(h, "Bob") == [1000]
        await anyio.sleep(310)
        assert "of 3 wins" in public(h)[-1]
        assert sum(worth(h)) == 4000


async def test_a_banned_opener_has_promised_the_prize(tmp_path: Path) -> None:
    """The raffle goes on with it."""
    async with crowd(tmp_path) as h:
        await h.pm("Dan", "raffle open 5 50 prize 400")
        await h.pm("Alice", "raffle 1")
        await h.pm("Bob", "raffle 1")
        await h.pm("Boss", "ban Dan")
        await anyio.sleep(310)
        assert sorted(worth(h, "Alice", "Bob")) == [950, 1450]


# Restarts


async def test_a_raffle_survives_a_crash(tmp_path: Path) -> None:
    """Tickets are sold on after it, and the draw comes when it would have come."""
    async with crowd(tmp_path) as h:
        await tickets(h, "raffle open 5 50 prize 100")
        path, at_ms = killed(h, tmp_path), h.now_ms
    async with house(path, social_settings(), start_ms=at_ms + 100_000) as h:
        await h.join("Cy")
        assert "You have 2 tickets for 100 Z" in (await h.pm("Cy", "raffle 2"))[0]
        await anyio.sleep(150)
        assert public(h) == []
        await anyio.sleep(60)
        assert "of 7 wins" in public(h)[-1]
        assert sum(worth(h, "Alice", "Bob", "Cy", "Boss")) == 4000


async def test_a_clean_stop_and_a_late_start(tmp_path: Path) -> None:
    """What should have been drawn meanwhile is drawn at the start, once."""
    async with crowd(tmp_path) as h:
        await tickets(h)
        at_ms = h.now_ms
    for _ in range(2):
        at_ms += 3_600_000
        async with house(tmp_path / "e.db", social_settings(), start_ms=at_ms) as h:
            await h.settle()
            assert sum(worth(h)) == 4000
            assert min(worth(h, "Alice", "Bob")) < 1000
            assert rounds_open(h) == []


# Refusals


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("raffle 1", "No raffle is open right now."),
        ("raffle", "No raffle is open right now."),
        ("raffle cancel", "No raffle is open right now."),
        ("raffle open", "Usage"),
        ("raffle open 5", "Usage"),
        ("raffle open 5 free", "'free' is not an amount"),
        ("raffle open 2000 50", "The time is 1 to 1,440 minutes."),
        ("raffle open 5 5000", "A ticket costs 1 to 1,000 Z."),
        ("raffle open 5 50 prize 5000", "short"),
        ("raffle open 5 50 prize nothing", "'nothing' is not an amount"),
        ("raffle open 5 50 for 5", "Usage"),
    ],
)
async def test_what_is_wrong_is_told(tmp_path: Path, text: str, words: str) -> None:
    """Each mistake gets its sentence, and nothing is opened."""
    async with crowd(tmp_path) as h:
        [answer] = await h.pm("Alice", text)
        assert words in answer
        assert rounds_open(h) == []
        assert worth(h) == [1000] * 4


async def test_limits_of_play_hold_for_tickets(tmp_path: Path) -> None:
    """Tickets are stakes of the day (G14)."""
    limits: dict[str, Any] = {"limits": {"daily_stakes": 120}}
    async with crowd(tmp_path, social_settings(limits)) as h:
        await h.pm("Boss", OPEN)
        await h.pm("Alice", "raffle 2")
        assert "today's limit" in (await h.pm("Alice", "raffle 1"))[0]
        assert worth(h, "Alice") == [900]


async def test_only_members_of_the_rank_open(tmp_path: Path) -> None:
    """Others are told which."""
    async with crowd(tmp_path, social_settings({"raffle": {"member_rank": 2}})) as h:
        assert "from the rank Key Grip on can open raffles" in (await h.pm("Alice", OPEN))[0]


# Requests


async def test_by_request(tmp_path: Path) -> None:
    """Open, read, call off; once per request_id, with audit lines."""
    async with api(tmp_path, social_settings()) as it:
        await it.house.join("Alice")
        assert (await it.data("raffle.state"))["open"] is False
        for _ in range(2):
            opened = await it.data("raffle.open", minutes=5, price=50, admin="Zed", request_id="a")
            assert opened["round"] == 1
        await it.house.pm("Alice", "raffle 3")
        state = await it.data("raffle.state")
        assert {key: state[key] for key in ("pot", "tickets", "participants", "price")} == {
            "pot": 150,
            "tickets": 3,
            "participants": 1,
            "price": 50,
        }
        assert (await it.data("raffle.cancel", admin="Zed"))["returned"] == 1
        assert worth(it.house, "Alice") == [1000]
        assert (await it.refused("raffle.cancel"))[0] == "not_found"
        code, _ = await it.refused("raffle.open", minutes=5, price=9999)
        assert code == "invalid_request"
        assert {row.command for row in it.audit()} == {"raffle.open", "raffle.cancel"}
