"""Auctions from the first message to what was paid (`gambling.md` 15)."""

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

OPEN = 'auction open 5 100 "A walk in the rain"'


async def bidding(h: House, seller: str = "Dan") -> None:
    """Somebody sells; Alice bids 100 by PM and Bob 150 in the channel."""
    await h.pm(seller, OPEN)
    await h.pm("Alice", "bid 100")
    await h.chat("Bob", "!bid 150")


async def test_an_auction_is_announced(tmp_path: Path) -> None:
    """One line: what, from how much, how and until when; an audit line."""
    async with crowd(tmp_path) as h:
        assert await h.pm("Dan", OPEN) == ["✅ Auction 1 is open for 5m."]
        [line] = public(h)
        assert line == (
            "🔨 Auction by Dan: A walk in the rain. From 100 Z: say '!bid <amount>' within 5m."
        )
        assert acts(h) == [("Dan", "auction", 'open 5 100 "A walk in the rain"')]


async def test_the_outbid_have_their_money_back_at_once(tmp_path: Path) -> None:
    """And a PM that says so, with what the next bid takes."""
    async with crowd(tmp_path) as h:
        await bidding(h)
        assert worth(h) == [1000, 850, 1000, 1000]
        assert h.pms("Alice")[-1] == (
            "🔨 You were outbid with 150 Z: your 100 Z are back. Next bid: from 160 Z."
            " Balance: 1,000 Z."
        )
        assert "Yours is the highest bid: 150 Z." in h.pms("Bob")[-1]
        [shown] = await h.pm("Cy", "auction")
        assert "Bob bids 150 Z. Next bid: from 160 Z." in shown


async def test_a_member_is_paid_by_the_winner(tmp_path: Path) -> None:
    """Both are told, and the channel."""
    async with crowd(tmp_path) as h:
        await bidding(h)
        await anyio.sleep(310)
        assert worth(h) == [1000, 850, 1000, 1150]
        assert public(h)[-1] == "🔨 Sold to Bob for 150 Z: A walk in the rain. (Round 1)"
        assert "It is yours for 150 Z" in h.pms("Bob")[-1]
        assert "Dan was paid" in h.pms("Bob")[-1]
        assert "Bob has paid you 150 Z" in h.pms("Dan")[-1]
        assert rounds_open(h) == []


async def test_what_an_admin_sells_goes_to_the_sink(tmp_path: Path) -> None:
    """Nobody has the money afterwards."""
    async with crowd(tmp_path) as h:
        await bidding(h, "Boss")
        await anyio.sleep(310)
        assert worth(h, "Boss", *("Alice", "Bob", "Cy", "Dan")) == [1000, 1000, 850, 1000, 1000]
        assert "It is yours" in h.pms("Bob")[-1]
        assert "was paid" not in h.pms("Bob")[-1]


async def test_many_bids_are_few_lines(tmp_path: Path) -> None:
    """The first bid is told at once, then the highest one every 15 s."""
    async with crowd(tmp_path) as h:
        await h.pm("Dan", OPEN)
        for amount_z in range(100, 400, 20):
            await h.pm("Alice" if amount_z % 40 else "Bob", f"bid {amount_z}")
        assert len([line for line in public(h) if " bids " in line]) == 1
        await anyio.sleep(20)
        assert [line for line in public(h) if " bids 380 Z" in line]
        assert len(public(h)) == 3


async def test_a_late_bid_extends_the_end(tmp_path: Path) -> None:
    """By half a minute, so that the others can answer."""
    async with crowd(tmp_path) as h:
        await h.pm("Dan", OPEN)
        await anyio.sleep(290)
        assert "(extended)" in (await h.pm("Alice", "bid 100"))[0]
        await anyio.sleep(20)
        assert len(rounds_open(h)) == 1
        assert "Yours is" in (await h.pm("Bob", "bid 200"))[0]
        await anyio.sleep(60)
        assert worth(h, "Alice", "Bob", "Dan") == [1000, 800, 1200]


async def test_without_bids_nothing_is_sold(tmp_path: Path) -> None:
    """A line says so."""
    async with crowd(tmp_path) as h:
        await h.pm("Dan", OPEN)
        await anyio.sleep(310)
        assert public(h)[-1] == "🔨 The auction is over, and nothing was sold: A walk in the rain."
        assert worth(h) == [1000] * 4


async def test_an_auction_can_be_called_off(tmp_path: Path) -> None:
    """By whoever sells, or an admin; the highest bid goes back."""
    async with crowd(tmp_path) as h:
        await bidding(h)
        assert "Only whoever has opened" in (await h.pm("Alice", "auction cancel"))[0]
        assert "1 user had their money back" in (await h.pm("Dan", "auction cancel"))[0]
        assert worth(h) == [1000] * 4
        assert "your 150 Z are back" in h.pms("Bob")[-1]
        assert ("Dan", "auction", "cancel") in acts(h)


async def test_sixty_four_bids_at_once(tmp_path: Path) -> None:
    """The first one stands, all others are no higher."""
    async with crowd(tmp_path) as h:
        await h.pm("Dan", OPEN)
        await at_once(h, "Bob", "bid 300")
        assert worth(h, "Bob") == [700]
        assert "the minimum is 310 Z" in h.pms("Bob")[-1]


async def test_a_banned_bidder_is_out(tmp_path: Path) -> None:
    """Their money is back, and the auction goes on from the start."""
    async with crowd(tmp_path) as h:
        await bidding(h)
        await h.pm("Boss", "ban Bob")
        assert worth(h, "Bob") == [1000]
        await h.pm("Alice", "bid 120")
        await anyio.sleep(310)
        assert worth(h, "Alice", "Bob", "Dan") == [880, 1000, 1120]


async def test_a_banned_seller_is_not_paid(tmp_path: Path) -> None:
    """The buyer has their money back."""
    async with crowd(tmp_path) as h:
        await bidding(h)
        await h.pm("Boss", "ban Dan")
        await anyio.sleep(310)
        assert worth(h) == [1000] * 4
        assert "Nothing was sold: your bid of 150 Z is back." in h.pms("Bob")[-1]


# Restarts


async def test_an_auction_survives_a_crash(tmp_path: Path) -> None:
    """The bid stands, the extended end too."""
    async with crowd(tmp_path) as h:
        await h.pm("Dan", OPEN)
        await anyio.sleep(290)
        await h.pm("Alice", "bid 100")
        path, at_ms = killed(h, tmp_path), h.now_ms
    async with house(path, social_settings(), start_ms=at_ms + 12_000) as h:
        await h.join("Cy")
        assert "Yours is" in (await h.pm("Cy", "bid 200"))[0]
        assert "your 100 Z are back" in h.pms("Alice")[-1]
        await anyio.sleep(70)
        assert worth(h) == [1000, 1000, 800, 1200]


async def test_a_clean_stop_and_a_late_start(tmp_path: Path) -> None:
    """What has ended meanwhile is sold at the start, once."""
    async with crowd(tmp_path) as h:
        await bidding(h)
        at_ms = h.now_ms
    for _ in range(2):
        at_ms += 3_600_000
        async with house(tmp_path / "e.db", social_settings(), start_ms=at_ms) as h:
            await h.settle()
            assert worth(h) == [1000, 850, 1000, 1150]
            assert rounds_open(h) == []


# Refusals


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("bid 100", "No auction is open right now."),
        ("auction", "No auction is open right now."),
        ("auction cancel", "No auction is open right now."),
        ("bid", "Usage: bid <amount>"),
        ("auction open 5 100", "Usage"),
        ("auction open 2000 100 hat", "The time is 1 to 1,440 minutes."),
        ("auction open 5 cheap hat", "'cheap' is not an amount"),
        ("auction open 5 2000000 hat", "The minimum is at most 1,000,000 Z."),
        (f"auction open 5 10 {'x' * 101}", "What is sold needs 1 to 100 characters."),
    ],
)
async def test_what_is_wrong_is_told(tmp_path: Path, text: str, words: str) -> None:
    """Each mistake gets its sentence, and nothing is opened."""
    async with crowd(tmp_path) as h:
        [answer] = await h.pm("Alice", text)
        assert words in answer
        assert rounds_open(h) == []


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("Alice", "bid 50", "the minimum is 100 Z"),
        ("Alice", "bid 2000", "1,000 Z short"),
        ("Alice", "bid 9999999", "the maximum is 1,000,000 Z"),
        ("Alice", "bid high", "not an amount"),
        ("Dan", "bid 100", "You can't bid on what you sell yourself."),
    ],
)
async def test_a_refused_bid_is_told_why(tmp_path: Path, name: str, text: str, words: str) -> None:
    """Nothing moves."""
    async with crowd(tmp_path) as h:
        await h.pm("Dan", OPEN)
        assert words in (await h.pm(name, text))[0]
        assert worth(h) == [1000] * 4


async def test_only_members_of_the_rank_open(tmp_path: Path) -> None:
    """Others are told which."""
    off: dict[str, Any] = {"auction": {"member_rank": 2}}
    async with crowd(tmp_path, social_settings(off)) as h:
        assert "from the rank Key Grip on can open auctions" in (await h.pm("Alice", OPEN))[0]


# Requests


async def test_by_request(tmp_path: Path) -> None:
    """Open, read, call off; once per request_id, with audit lines."""
    async with api(tmp_path, social_settings()) as it:
        await it.house.join("Alice")
        assert (await it.data("auction.state"))["open"] is False
        fields: dict[str, Any] = {"minutes": 5, "minimum": 100, "thing": "A hat"}
        for _ in range(2):
            opened = await it.data("auction.open", **fields, admin="Zed", request_id="a")
            assert opened["round"] == 1
        await it.house.pm("Alice", "bid 100")
        state = await it.data("auction.state")
        assert (state["thing"], state["highest_bid"], state["highest_bidder"]) == (
            "A hat",
            100,
            "Alice",
        )
        assert (state["next_bid"], state["seller"]) == (110, None)
        assert (await it.data("auction.cancel", admin="Zed"))["returned"] == 1
        assert worth(it.house, "Alice") == [1000]
        assert (await it.refused("auction.cancel"))[0] == "not_found"
        assert {row.command for row in it.audit()} == {"auction.open", "auction.cancel"}
