"""What is told of a channel agrees, to the coin, with the sums of its single movements.

A Saturday on which everything is used, a Sunday, the night in which the Saturday's minutes are
folded, and a Monday that ends with rounds and holds still open. Then all figures are asked for, by
message, by request, on the page of the metrics, in the last snapshot and in both digests, and each
is worked out anew from the transfers. A figure that is falsified in the file must be found.
"""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from pprint import pformat
from typing import Any

import anyio
import apsw
import pytest
from tests.actors.api.helpers import Api, Replies, spawn
from tests.actors.games.day import NAMES, every_game, play_every_game
from tests.actors.house import CHANNEL, START_MS, House, house
from tests.actors.reports.sums import Sums, read, week_before

from economy_actors.api import Api as ApiActor
from economy_actors.exporter import Exporter
from economy_actors.outbox.message import Pm, Priority
from kryten_economy.features.reports.snapshots import Snapshot, last_snapshot
from kryten_economy.transaction_types import kind_of_spend

SATURDAY_MS = START_MS + 26 * 3_600_000
"""2026-11-21 12:00 UTC."""
SUNDAY, MONDAY = "2026-11-22", "2026-11-23"
EVERYBODY = ("Boss", *NAMES, "Lurker")
ASKS_NOTHING = {"Lurker"}
HOUR_S = 3600

Figures = dict[str, object]


@asynccontextmanager
async def lively(path: Path) -> AsyncIterator[Api]:
    """The channel with its API and its metrics."""
    settings = every_game(
        tipping={"min_account_age_minutes": 0},
        rain={"enabled": True},
        chat_triggers={"long_message": {"min_chars": 30}},
        spending={"queue_cooldown_minutes": 0},
        vanity_shop={"custom_title": {"cost": 60}, "channel_gif": {"cost": 70}},
    )
    async with house(path / "e.db", settings, scheduled=True, start_ms=SATURDAY_MS) as h:
        bus = Replies()
        yield Api(h, bus, spawn(h, "api", lambda: ApiActor(h.context, bus)))


async def use_everything(it: Api, day: str) -> None:
    """What people do who have money, and what operators do to it."""
    h = it.house
    for name, text in (
        *(("Alice", "tip Bob 20"), ("Bob", "tip Alice 5"), ("Cy", "tip Bob 7")),
        *(("Alice", f'buy title "Of {day}"'), ("Bob", "fortune"), ("Dan", "free")),
        *(("Alice", 'bounty 50 "Sing"'), ("Boss", "grant Cy 40 thanks"), ("Boss", "deduct Dan 9")),
        *(("Boss", "set_balance Dan 400"), ("Boss", "rain 60")),
    ):
        assert await h.pm(name, text), text
    await h.chat("Bob", "a long line of which somebody laughs, or not")
    spend = {"username": "Bob", "duration_sec": 300, "tier": "queue"}
    await it.data("balance.adjust", username="Bob", amount=6_000, admin="Boss")
    await it.data("spending.queue", **spend, request_id=f"kept-{day}")
    await it.data("spending.queue", **spend, request_id=f"back-{day}")
    await it.data(
        "spending.queue_refund", username="Bob", request_id=f"back-{day}", reason="add_failed"
    )


async def live(it: Api) -> None:
    """Until Monday at noon, with a forming heist, an open prediction and a GIF that waits."""
    h = it.house
    await play_every_game(h, 2)
    await h.join("Lurker")
    await use_everything(it, "2026-11-21")
    await h.pm("Boss", "claim_bounty 1 Bob")
    await anyio.sleep(24 * HOUR_S)
    for name, text in (("Alice", "spin 10"), ("Bob", "flip 12"), ("Cy", "tip Dan 3")):
        assert await h.pm(name, text), text
    await anyio.sleep(19 * HOUR_S)
    await use_everything(it, MONDAY)
    for name, text in (("Alice", "spin"), ("Bob", "flip 30"), ("Dan", "bj 20"), ("Dan", "stand")):
        assert await h.pm(name, text), text
    await h.pm("Boss", 'predict open 600 "Will it rain?" yes | no')
    await h.pm("Bob", "predict 40 yes")
    await h.pm("Cy", "buy gif https://x.test/a.gif")
    noon_ms = SATURDAY_MS + 48 * 3_600_000
    await anyio.sleep((noon_ms - h.now_ms) / 1000 - 20)
    await h.pm("Alice", "heist 20")
    await anyio.sleep(30)


# What is told


def digest(h: House, name: str, beginning: str) -> str:
    """The last one somebody was sent."""
    return [
        each.text
        for each in h.heard
        if isinstance(each, Pm)
        and each.priority is Priority.DIGEST
        and each.to == name
        and each.text.startswith(beginning)
    ][-1]


async def told(it: Api) -> Figures:
    """All figures, as everybody sees them."""
    h = it.house
    told: Figures = {
        command: "\n".join(await h.pm("Boss", command))
        for command in ("econ:stats", "econ:health", "econ:triggers", "econ:user Alice")
    }
    gambling = "\n".join(await h.pm("Boss", "econ:gambling"))
    told["econ:gambling"] = (gambling.splitlines()[0], gambling.splitlines()[-1])
    for command in ("stats.health", "stats.float"):
        told[command] = await it.data(command)
    games = _only(
        await it.data("gambling.stats"),
        *("total_in", "total_out", "active_gamblers", "total_games"),
    )
    summary = told["stats.summary"] = await it.data("stats.summary")
    summary["gambling"] = _only(summary["gambling"], *games)
    told["gambling.stats"] = games
    rows = (await it.data("triggers.stats"))["triggers"]
    told["triggers.stats"] = {
        row["trigger_id"]: (row["unique_users"], row["total_z_awarded"]) for row in rows
    }
    detail = (await it.data("user.detail", username="Alice"))["account"]
    told["user.detail"] = _only(
        detail,
        *("balance", "lifetime_earned", "lifetime_spent"),
        *("lifetime_gambled_in", "lifetime_gambled_out"),
    )
    told["snapshot"] = h.report(lambda reports: last_snapshot(reports, CHANNEL))
    told["metrics"] = await page(h)
    told["user digest"] = digest(h, "Alice", "📊 Daily").splitlines()[1]
    told["admin digest"] = digest(h, "Boss", "📊 Week").splitlines()
    return told


def _only(data: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: data[name] for name in names}


GAUGES = (
    *("total_accounts", "total_circulation", "median_balance", "participation_rate"),
    *("daily_z_earned", "daily_z_spent", "daily_z_gambled_in", "daily_z_gambled_out"),
    *("daily_active_economy_users", "escrow_held_z", "gambling_lifetime_wagered"),
    *("gambling_lifetime_won", "gambling_active_gamblers", "gambling_total_games"),
)
COUNTERS = (
    *("z_earned_total", "z_spent_total", "tips_total", "tips_z_total"),
    *("gambling_z_wagered_total", "gambling_z_won_total", "refunds_z_total"),
)


async def page(h: House) -> dict[str, float | None]:
    """The gauges as they are when they are read anew, and the counters of a life."""
    asking = spawn(h, f"exporter-{h.now_ms}", lambda: Exporter(h.context))
    await h.settle()
    asking._cell.stop()  # type: ignore[attr-defined]
    sample = h.context.metrics.registry.get_sample_value
    return {name: sample(f"economy_{name}", {"channel": CHANNEL}) for name in GAUGES} | {
        name: sample(f"economy_{name}") for name in COUNTERS
    }


# What it must be


def due(h: House) -> Figures:
    """The same from the movements."""
    found: Sums = h.report(read)
    day, week = MONDAY, [*week_before(MONDAY)[1:], MONDAY]
    last: Snapshot = h.report(lambda reports: last_snapshot(reports, CHANNEL))
    rate = 100 * len(found.here(day) - ASKS_NOTHING) / len(found.here(day))
    expected: Figures = {
        **_messages(found, day, rate, last.total_z_circulation),
        **_requests(found, day, week, rate),
        "user.detail": {
            "balance": found.balances["Alice"],
            "lifetime_earned": found.earned_ever_z("Alice"),
            "lifetime_spent": found.spent_ever_z("Alice"),
            "lifetime_gambled_in": found.staked_z(user="Alice"),
            "lifetime_gambled_out": found.paid_z(user="Alice"),
        },
        "snapshot": _snapshot(found, day, last, rate),
        "metrics": _metrics(found, day, rate),
        "admin digest": _week(h, found),
    }
    then = found.at(SATURDAY_MS + 40 * 3_600_000 + 5_000)
    expected["user digest"] = (
        f"Earned: {then.earned_z(SUNDAY, user='Alice'):,} Z | Spent:"
        f" {then.spent_z(SUNDAY, user='Alice'):,} | Balance: {then.balances['Alice']:,}"
    )
    return expected


def _messages(found: Sums, day: str, rate: float, before_z: int) -> Figures:
    earned_z, spent_z = found.earned_z(day), found.spent_z(day)
    staked_z, paid_z = found.staked_z(day), found.paid_z(day)
    net_z, flow_z = paid_z - staked_z, earned_z - spent_z + paid_z - staked_z
    here = len(found.here(day))
    stats = (
        f"📊 Accounts {len(found.balances)} | Here now {len(EVERYBODY)}"
        f" | Active today {found.active(day)}\n"
        f"In circulation: {found.circulation_z:,} Z (set aside: {found.held_z:,})\n"
        f"Today ({day}): earned {earned_z:,}, spent {spent_z:,}\n"
        f"Games today: staked {staked_z:,}, paid {paid_z:,}, net {net_z:+,}"
    )
    health = (
        f"🩺 In circulation: {found.circulation_z:,} Z ({found.circulation_z - before_z:+,} since"
        f" {day} 12:00) | Median balance {found.median_z:,}\n"
        f"Participation today: {rate:.2f} % ({here - len(ASKS_NOTHING)} of {here} who were here)\n"
        f"Today: earned {earned_z:,}, spent {spent_z:,}, games net {net_z:+,}\n"
        f"Net flow: {flow_z:+,} Z, {'inflationary' if flow_z > 0 else 'deflationary'}"
    )
    hits = sorted(found.triggers(day).items(), key=lambda each: (-each[1][0], each[0]))
    sent, received = found.tips("Alice")
    house_z = found.staked_z() - found.paid_z()
    return {
        "econ:stats": stats,
        "econ:health": health,
        "econ:triggers": [f"{name}: {count} {users} {z}" for name, (count, users, z) in hits],
        "econ:user Alice": {
            "balance": found.balances["Alice"],
            "ever": (found.earned_ever_z("Alice"), found.spent_ever_z("Alice")),
            "games": (
                found.rounds(user="Alice"),
                found.paid_z(user="Alice") - found.staked_z(user="Alice"),
            ),
            "tips": (sum(sent), len(sent), sum(received), len(received)),
        },
        "econ:gambling": (
            f"🎲 Staked {found.staked_z():,} Z | Paid {found.paid_z():,} Z | House {house_z:+,} Z",
            f"{found.gamblers} gamblers, {found.rounds()} games",
        ),
    }


def _requests(found: Sums, day: str, week: list[str], rate: float) -> Figures:
    games = {
        "total_in": found.staked_z(),
        "total_out": found.paid_z(),
        "active_gamblers": found.gamblers,
        "total_games": found.rounds(),
    }
    net_z = found.earned_z(day) - found.spent_z(day)
    return {
        "gambling.stats": games,
        "stats.float": {
            "channel": CHANNEL,
            "float": found.circulation_z,
            "accounts": len(found.balances),
        },
        "stats.summary": {
            "channel": CHANNEL,
            "date": day,
            "float": found.circulation_z,
            "accounts": len(found.balances),
            "totals": _totals(found, day),
            "gambling": games,
            "net_flow_today": net_z,
        },
        "stats.health": {
            "channel": CHANNEL,
            "date": day,
            "circulation": found.circulation_z,
            "median_balance": found.median_z,
            "accounts": len(found.balances),
            "active_today": found.active(day),
            "daily": _totals(found, day),
            "weekly": _totals(found, *week),
            "daily_net": net_z,
            "participation_rate": round(rate, 2),
        },
        "triggers.stats": {
            name: (users, total_z) for name, (_, users, total_z) in found.triggers(*week).items()
        },
    }


def _totals(found: Sums, *days: str) -> dict[str, int]:
    return {
        "z_earned": found.earned_z(*days),
        "z_spent": found.spent_z(*days),
        "z_gambled_in": found.staked_z(*days),
        "z_gambled_out": found.paid_z(*days),
    }


def _snapshot(found: Sums, day: str, last: Snapshot, rate: float) -> Snapshot:
    """Nothing was moved since but what the heist has begun with, which was set aside before."""
    then = found.at(last.taken_at_ms)
    return Snapshot(
        taken_at_ms=SATURDAY_MS + 48 * 3_600_000 + 5_000,
        total_accounts=len(then.balances),
        total_z_circulation=then.circulation_z,
        active_economy_users_today=then.active(day),
        z_earned_today=then.earned_z(day),
        z_spent_today=then.spent_z(day),
        z_gambled_net_today=found.paid_z(day) - found.staked_z(day),
        median_balance=then.median_z,
        participation_rate=round(rate, 2),
        inflation_multiplier=1.0,
    )


def _metrics(found: Sums, day: str, rate: float) -> dict[str, float]:
    sent = [-each.amount_z for each in found.rows if each.type == "tip_send"]
    given_back = {"refund", "bounty_expired_refund", "gamble_refund"}
    return {
        "total_accounts": len(found.balances),
        "total_circulation": found.circulation_z,
        "median_balance": found.median_z,
        "participation_rate": round(rate, 2),
        "daily_z_earned": found.earned_z(day),
        "daily_z_spent": found.spent_z(day),
        "daily_z_gambled_in": found.staked_z(day),
        "daily_z_gambled_out": found.paid_z(day),
        "daily_active_economy_users": found.active(day),
        "escrow_held_z": found.held_z,
        "gambling_lifetime_wagered": found.staked_z(),
        "gambling_lifetime_won": found.paid_z(),
        "gambling_active_gamblers": found.gamblers,
        "gambling_total_games": found.rounds(),
        "z_earned_total": found.earned_z(),
        "z_spent_total": found.spent_gross_z(),
        "tips_total": len(sent),
        "tips_z_total": sum(sent),
        "gambling_z_wagered_total": found.staked_z(),
        "gambling_z_won_total": found.paid_z(),
        "refunds_z_total": sum(each.amount_z for each in found.rows if each.type in given_back),
    }


def _week(h: House, found: Sums) -> list[str]:
    """The digest of five o'clock; who has risen and what is dead is taken as it is told."""
    then = found.at(SATURDAY_MS + 41 * 3_600_000 + 5_000)
    days = week_before(MONDAY)
    told = digest(h, "Boss", "📊 Week").splitlines()
    snapshots = h.report(
        lambda reports: reports.sql.rows("SELECT taken_at_ms FROM economy_snapshots ORDER BY id")
    )
    first, *_, last = [ms for (ms,) in snapshots if ms <= SATURDAY_MS + 41 * 3_600_000]
    change_z = found.at(last).circulation_z - found.at(first).circulation_z
    bought: dict[str, int] = {}
    for trigger, z in then.bought(*days).items():
        bought[kind_of_spend(trigger)] = bought.get(kind_of_spend(trigger), 0) + z
    spends = sorted(bought.items(), key=lambda each: (-each[1], each[0]))
    rates = [100 * len(asked & then.here(day)) / len(then.here(day)) for day, asked in WHO_ASKED]
    staked_z, paid_z = then.staked_z(*days), then.paid_z(*days)
    jackpots = sum(
        each.type == "gamble_win" and each.trigger == "gambling.spin" and each.amount_z >= 500
        for each in then.rows
    )
    return [
        f"📊 Week {days[0]} to {days[-1]}",
        f"Minted {then.earned_z(*days):,} | Spent {then.spent_z(*days):,} | Gambled {staked_z:,}",
        f"In circulation: {then.circulation_z:,} Z ({change_z:+,} between its snapshots)",
        f"Participation: {sum(rates) / len(rates):.2f} % a day (the week before: nobody was here)",
        f"🏆 Top earners: {_listed(then.top(days, then.earned_z))}",
        f"💸 Top spenders: {_listed(then.top(days, then.spent_z))}",
        f"🛒 Spent on: {_listed(spends)}",
        told[7],
        told[8],
        (
            f"🎲 {then.rounds(*days)} games, paid {paid_z:,} | Actual edge"
            f" {100 * (staked_z - paid_z) / staked_z:.2f} % | Slots as configured 25.00 %"
        ),
        re.sub(r"^⭐ \d+ jackpots?", f"⭐ {jackpots} jackpots", told[10]),
    ]


WHO_ASKED = (
    ("2026-11-21", {*EVERYBODY} - ASKS_NOTHING),
    (SUNDAY, {"Alice", "Bob", "Cy"}),
)
"""Who has used the economy: they were spoken for above."""


def _listed(rows: list[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {z:,}" for name, z in rows)


def as_figures(found: Figures) -> Figures:
    """Of texts that tell more than sums, the sums."""
    user = str(found["econ:user Alice"]).replace(",", "")
    picked = {
        "balance": int(_in(user, r"Balance (\d+) Z")[0]),
        "ever": tuple(map(int, _in(user, r"Earned (\d+) spent (\d+) ever"))),
        "games": tuple(map(int, _in(user, r"(\d+) games? net ([+-]\d+) Z"))),
        "tips": (
            *map(int, _in(user, r"sent (\d+) Z in (\d+)")),
            *map(int, _in(user, r"received (\d+) Z in (\d+)")),
        ),
    }
    lines = str(found["econ:triggers"]).replace(",", "").splitlines()[1:-1]
    rows = [" ".join(_in(line, r"(\S+): (\d+) hits? (\d+) users? (\d+) Z")) for line in lines]
    told = [re.sub(r"^(\S+) ", r"\1: ", row) for row in rows]
    return found | {"econ:user Alice": picked, "econ:triggers": told}


def _in(text: str, pattern: str) -> tuple[str, ...]:
    match = re.search(pattern, text)
    assert match is not None, (pattern, text)
    return match.groups()


async def unequal(it: Api) -> dict[str, tuple[object, object]]:
    """What is told and must be, where the two differ."""
    found, expected = as_figures(await told(it)), due(it.house)
    assert set(found) == set(expected)
    return {name: (found[name], expected[name]) for name in found if found[name] != expected[name]}


def minutes_kept(h: House, day: str) -> int:
    """Rows of presence; far fewer than minutes where they are folded."""
    found: Sums = h.report(read)
    return sum(each.day == day and each.trigger == "presence.base" for each in found.rows)


FALSIFIED = {
    "a sum of a day": (
        (
            "UPDATE daily_activity SET z_spent = z_spent {} 1 WHERE day = '2026-11-23'"
            " AND account_id = (SELECT id FROM account WHERE name = 'lurker')"
        ),
        {"econ:stats", "econ:health", "stats.summary", "stats.health", "metrics"},
    ),
    "a stake of a life": (
        (
            "UPDATE account SET lifetime_gambled_in_z = lifetime_gambled_in_z {} 1"
            " WHERE name = 'lurker'"
        ),
        {"econ:gambling", "gambling.stats", "stats.summary", "metrics"},
    ),
    "earnings of a life": (
        "UPDATE account SET lifetime_earned_z = lifetime_earned_z {} 1 WHERE name = 'alice'",
        {"econ:user Alice", "user.detail"},
    ),
    "rounds of a player": (
        (
            "UPDATE game_stats SET rounds = rounds {} 1 WHERE game = 'spin' AND account_id ="
            " (SELECT id FROM account WHERE name = 'alice')"
        ),
        {"econ:user Alice", "econ:gambling", "gambling.stats", "stats.summary", "metrics"},
    ),
    "what a trigger has paid": (
        (
            "UPDATE trigger_analytics SET total_z_awarded = total_z_awarded {} 1"
            " WHERE trigger_id = 'presence.base' AND day = '2026-11-23'"
        ),
        {"econ:triggers", "triggers.stats"},
    ),
    "a snapshot": (
        (
            "UPDATE economy_snapshots SET z_earned_today = z_earned_today {} 1"
            " WHERE id = (SELECT max(id) FROM economy_snapshots)"
        ),
        {"snapshot"},
    ),
    "a balance": (
        "UPDATE account SET balance_z = balance_z {} 1 WHERE name = 'lurker'",
        {"econ:stats", "econ:health", "stats.float", "stats.summary", "stats.health", "metrics"},
    ),
}


def change(h: House, statement: str) -> None:
    """What somebody does to the file with a tool of their own."""
    connection = apsw.Connection(str(h.path))
    try:
        connection.set_busy_timeout(5_000)
        connection.execute(statement)
        assert connection.changes() == 1, statement
    finally:
        connection.close()


@pytest.mark.timeout(400)
async def test_all_figures_agree_with_the_movements(tmp_path: Path) -> None:
    """Each as told is the sum of its transfers; what is falsified is found where it shows."""
    async with lively(tmp_path) as it:
        await live(it)
        assert minutes_kept(it.house, "2026-11-21") < 200 < minutes_kept(it.house, SUNDAY)
        found = await unequal(it)
        assert not found, pformat(found, width=160)
        for what, (statement, where) in FALSIFIED.items():
            change(it.house, statement.format("+"))
            assert set(await unequal(it)) == where, what
            change(it.house, statement.format("-"))
        assert await unequal(it) == {}
