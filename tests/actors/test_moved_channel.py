"""A channel that was moved here from the old service, as its people and operators find it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.api.helpers import api
from tests.actors.house import CHANNEL, START_MS, House, house, settings_with
from tests.actors.queue.test_buying import cinema
from tests.unit.migration.old import Old, config_at, run_import

from kryten_economy.config import Settings
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.folding import ClosedDay, Folded, fold_presence
from kryten_economy.ledger.invariants import verify
from kryten_economy.ledger.statements import Sql

Move = Callable[[Path], None]

SPEND = "7d3f0a52-5f3c-4a6e-9d6e-0c7c9b3f1a2b"


@pytest.fixture
def old(tmp_path: Path) -> Old:
    return Old(tmp_path / "old.db", channel=CHANNEL)


@pytest.fixture
def move(tmp_path: Path, old: Old, monkeypatch: pytest.MonkeyPatch) -> Move:
    """Import at the time at which the house opens."""

    def go(books: Path) -> None:
        monkeypatch.setattr("time.time", lambda: START_MS / 1000)
        config = config_at(
            tmp_path,
            channels=[{"domain": "cytube.test", "channel": CHANNEL}],
            database={"path": str(books)},
        )
        assert run_import(config, old.path, "--yes") == 0

    return go


def _settings(**sections: Any) -> Settings:
    return settings_with(
        presence={"base_rate_per_minute": 0, "hourly_milestones": {}},
        onboarding={"welcome_wallet": 0},
        commands={"rate_limit_per_minute": 999},
        **sections,
    )


def _held(h: House) -> int:
    held: int = h.report(lambda r: r.sql.only("SELECT balance_z FROM account WHERE kind='escrow'"))[
        0
    ]
    return held


async def test_balance_history_and_games_are_those_of_before(
    tmp_path: Path, old: Old, move: Move
) -> None:
    """Somebody who writes to the bot finds their money, what it came from, and their games."""
    old.account("Alice", 130, lifetime_earned=900, lifetime_gambled_in=40, welcome_wallet_claimed=1)
    old.moves("Alice", 150, trigger_id="presence.base", reason="Presence")
    old.moves("Alice", 20, type_="gamble_win", trigger_id="gambling.spin", reason="Spin: ⭐⭐⭐")
    old.add(
        "gambling_stats",
        username="Alice",
        total_spins=4,
        biggest_win=15,
        biggest_loss=10,
        net_gambling=-20,
    )
    move(tmp_path / "h.db")
    async with house(tmp_path / "h.db", _settings()) as h:
        await h.join("Alice")
        assert "130 Z" in (await h.pm("Alice", "balance"))[0]
        history = "\n".join(await h.pm("Alice", "history"))
        assert "+20" in history
        assert "-40" in history
        [games] = await h.pm("Alice", "gambling")
        assert "Biggest win: 15 Z | Biggest loss: 10 Z | Net: -20 Z" in games
        why = "\n".join(await h.pm("Alice", "why"))
        assert "ledger before this one" in why
        assert h.balance("Alice") == 130


async def test_an_open_challenge_goes_on(tmp_path: Path, old: Old, move: Move) -> None:
    """The target accepts it here; the stake that was taken there is in the pot."""
    for name in ("Alice", "Bob"):
        old.account(name, 800)
    old.add(
        "pending_challenges",
        id=7,
        challenger="Alice",
        target="bob",
        wager=200,
        expires_at="2026-11-20T10:05:00+00:00",
    )
    move(tmp_path / "h.db")
    async with house(tmp_path / "h.db", _settings()) as h:
        for name in ("Alice", "Bob"):
            await h.join(name)
        assert (h.balance("Alice"), _held(h)) == (800, 200)
        await h.pm("Bob", "accept")
        assert (h.balance("Alice"), h.balance("Bob")) in {(1180, 600), (800, 980)}
        assert _held(h) == 0
    assert verify(tmp_path / "h.db").ok


async def test_an_overdue_challenge_is_given_back(tmp_path: Path, old: Old, move: Move) -> None:
    """What ran out while nobody served the channel comes back by itself."""
    for name in ("Alice", "Bob"):
        old.account(name, 800)
    old.add(
        "pending_challenges",
        challenger="Alice",
        target="Bob",
        wager=200,
        expires_at="2026-11-20 09:00:00",
    )
    move(tmp_path / "h.db")
    async with house(tmp_path / "h.db", _settings(), scheduled=True) as h:
        await h.join("Alice")
        await anyio.sleep(120)
        await h.settle()
        assert (h.balance("Alice"), _held(h)) == (1000, 0)


async def test_an_open_bounty_is_won_under_its_number(tmp_path: Path, old: Old, move: Move) -> None:
    """It is listed, paid whole to its winner, and no number comes twice."""
    old.account("Alice", 500)
    old.account("Bob", 0)
    old.account("Boss", 0)
    old.moves("Alice", -500, type_="bounty_create", trigger_id="bounty.create")
    old.add(
        "bounties",
        id=41,
        creator="Alice",
        description="first to sing",
        amount=500,
        expires_at="2026-12-01 00:00:00",
    )
    old.add("bounties", id=42, creator="Bob", description="x", amount=9, status="claimed")
    move(tmp_path / "h.db")
    async with house(tmp_path / "h.db", _settings()) as h:
        await h.join("Boss", 4)
        for name in ("Alice", "Bob"):
            await h.join(name)
        assert "#41 500 Z | first to sing | Alice" in (await h.pm("Bob", "bounties"))[0]
        await h.pm("Boss", "claim_bounty 41 @Bob")
        assert (h.balance("Alice"), h.balance("Bob"), _held(h)) == (500, 500, 0)
        assert "#43 is out" in (await h.pm("Alice", 'bounty 200 "dance"'))[0]


async def test_a_pending_gif_is_approved_or_paid_back(tmp_path: Path, old: Old, move: Move) -> None:
    """An operator decides on what was asked for there, under its number."""
    for number, name in ((5, "Alice"), (6, "Bob")):
        old.account(name, 100)
        url = f"https://x.test/{name}.gif"
        data = json.dumps({"gif_url": url})
        old.add(
            "pending_approvals",
            id=number,
            username=name,
            type="channel_gif",
            data=data,
            cost=300,
        )
    move(tmp_path / "economy.db")
    async with api(tmp_path, _settings()) as it:
        await it.data("approval.resolve", approval_id=5, approved=True, resolved_by="Boss")
        answer = await it.data(
            "approval.resolve", approval_id=6, approved=False, resolved_by="Boss"
        )
        assert answer["refund"] == 300
        alice = (await it.data("user.detail", username="alice"))["account"]
        assert alice["channel_gif_url"] == "https://x.test/Alice.gif"
        assert (it.house.balance("Alice"), it.house.balance("Bob")) == (100, 400)


async def test_a_film_that_waited_for_an_operator_is_forced_in(
    tmp_path: Path, old: Old, move: Move
) -> None:
    """They allow it here, and it goes on the playlist."""
    old.account("Alice", 10)
    old.account("Boss", 0)
    data = {"media_id": "t0k", "title": "Metropolis", "media_type": "cm"}
    old.add(
        "pending_approvals",
        id=3,
        username="Alice",
        type="force_play",
        data=json.dumps(data | {"media_ext_id": "https://media.test/m.json"}),
        cost=1_000,
    )
    move(tmp_path / "e.db")
    async with cinema(tmp_path) as c:
        await c.house.join("Alice")
        await c.house.join("Boss", 4)
        assert (await c.pm("Boss", "approve_force #3")).startswith('✅ "Metropolis" of Alice')
        await c.later("Alice")
        assert c.added == ["https://media.test/m.json"]
        assert (c.house.balance("Alice"), _held(c.house)) == (10, 0)


async def test_a_charge_of_the_web_queue_is_refunded_once(
    tmp_path: Path, old: Old, move: Move
) -> None:
    """What was charged there is given back here, once, to whom it was taken from (P-MON-9)."""
    old.account("Alice", 0)
    old.moves("Alice", -100, type_="spend", trigger_id=f"spend.queue.{SPEND}", id=9)
    old.add(
        "queue_spend_requests",
        request_id=SPEND,
        username="Alice",
        cost_z=100,
        tier="Movie",
        transaction_id=9,
    )
    move(tmp_path / "economy.db")
    async with api(tmp_path, _settings()) as it:
        for _ in range(2):
            await it.raw(
                {
                    "command": "spending.queue_refund",
                    "channel": CHANNEL,
                    "request_id": SPEND,
                    "username": "Alice",
                    "reason": "gone",
                }
            )
        assert it.house.balance("Alice") == 100


async def test_achievements_that_were_due_are_awarded(tmp_path: Path, old: Old, move: Move) -> None:
    """The old service awarded none: whoever has done it there gets it with their next act, once."""
    old.account("Alice", 50)
    old.account("Bob", 50)
    old.add("daily_activity", username="Alice", date="2026-11-01", messages_sent=40)
    old.add("achievements", username="Bob", achievement_id="talker")
    old.add("daily_activity", username="Bob", date="2026-11-01", messages_sent=40)
    talker = {
        "id": "talker",
        "description": "Said something",
        "condition": {"type": "lifetime_messages", "threshold": 3},
        "reward": 7,
    }
    move(tmp_path / "h.db")
    async with house(tmp_path / "h.db", _settings(achievements=[talker])) as h:
        for name in ("Alice", "Bob"):
            await h.join(name)
        for _ in range(2):
            for name in ("Alice", "Bob"):
                await h.chat(name, "hello")
                await h.settle()
        assert (h.balance("Alice"), h.balance("Bob")) == (57, 50)


async def test_nobody_is_paid_twice_for_a_day(tmp_path: Path, old: Old, move: Move) -> None:
    """Interest and prizes that the old service has paid are not paid again."""
    old.account("Alice", 100_000)
    old.moves("Alice", 100_000, created_at="2026-11-20 09:30:00")
    old.add("daily_activity", username="Alice", date="2026-11-19", z_earned=500)
    prize = {
        "id": "top",
        "description": "Most",
        "condition": {"type": "daily_top", "field": "z_earned"},
        "reward": 40,
    }
    settings = _settings(balance_maintenance={"mode": "interest"}, daily_competitions=[prize])
    move(tmp_path / "h.db")
    async with house(tmp_path / "h.db", settings, scheduled=True) as h:
        await anyio.sleep(300)
        await h.settle()
        assert h.balance("Alice") == 100_000


async def test_the_minutes_of_before_are_folded_like_ours(
    tmp_path: Path, old: Old, move: Move
) -> None:
    """Presence rows of closed days become few, and the books still add up."""
    old.account("Alice", 30)
    for minute in range(30):
        at = f"2026-06-01 12:{minute:02}:00"
        old.moves("Alice", 1, trigger_id="presence.base", reason="Presence", created_at=at)
    move(tmp_path / "h.db")
    books = Books.open(tmp_path / "h.db")
    try:
        sql = Sql(books._connection)
        day = ClosedDay("2026-06-01", 1_780_272_000_000, 1_780_358_400_000)
        sql.run("BEGIN IMMEDIATE")
        folded = fold_presence(sql, 1, day, START_MS)
        sql.run("COMMIT")
    finally:
        books.close()
    assert folded == Folded("2026-06-01", 30, 1, True)
    reports = Reports.open(tmp_path / "h.db")
    try:
        assert [row[0] for row in reports.sql.rows("SELECT amount FROM transactions")] == [30]
    finally:
        reports.close()
    assert verify(tmp_path / "h.db").ok
