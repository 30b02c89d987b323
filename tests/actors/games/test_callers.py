"""Games as other programs see them: the gateway asks, the web queue and its pages read.

The reading is done here as these programs do it, with what they do where a field is missing.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.api.helpers import Api, api
from tests.actors.house import CHANNEL, settings_with

from kryten_economy.config import Settings

ACTIVE_S, IDLE_S = 1.5, 4.0
"""How often the poller of the web queue asks."""
COLORS = {"Blue", "Red", "Green", "Yellow", "Purple", "Orange", "Brown", "White"}
SURE = [
    {
        "racers": [
            {"color": "Blue", "emoji": "🔵", "win_chance": 0.999999, "speed_base": 1},
            {"color": "Red", "emoji": "🔴", "win_chance": 0.000001, "speed_base": 1},
        ]
    }
]
RACE_S = 80.0
"""A race from its first bet until its picture is gone."""


def with_games(**gambling: Any) -> Settings:
    return settings_with(
        gambling={"min_account_age_minutes": 0, "spectacle_cooldown_seconds": 0, **gambling},
        onboarding={"welcome_wallet": 10_000},
    )


@asynccontextmanager
async def asked(tmp_path: Path, settings: Settings, *names: str) -> AsyncIterator[Api]:
    """A channel with people who have 10,000 Z each, and whoever asks of it."""
    async with api(tmp_path, settings) as a:
        for name in names:
            await a.house.join(name)
        yield a


async def gateway(a: Api, command: str, **payload: object) -> dict[str, Any]:
    """The body of the gateway's answer: it knows the channel by its own spelling of it."""
    envelope = await a.raw({"command": command, "channel": CHANNEL.lower(), **payload})
    assert envelope.get("success") is True, envelope
    data = envelope.get("data")
    return data if isinstance(data, dict) else {}


# The page of the race


@dataclass
class RacePage:
    """The poller and the page behind it: lanes by race, one timeline for each race."""

    frames: int = 0
    phases: list[str] = field(default_factory=list)
    races: list[str] = field(default_factory=list)
    timeline: dict[str, Any] | None = None
    timeline_at_s: float = 0.0
    columns: list[str] = field(default_factory=list)
    result: str | None = None
    paid: list[tuple[str, int]] = field(default_factory=list)

    async def watch(self, a: Api, for_s: float) -> None:
        """Ask as the poller does, and draw what it passes on."""
        with anyio.move_on_after(for_s):
            while True:
                state = await gateway(a, "race.state")
                is_active = bool(state.get("active")) and state.get("frame") is not None
                if is_active:
                    self.draw(state["frame"], anyio.current_time())
                await anyio.sleep(ACTIVE_S if is_active else IDLE_S)

    def draw(self, frame: Mapping[str, Any], now_s: float) -> None:
        """One frame; a missing field is what the page makes of it."""
        self.frames += 1
        if frame["race_id"] not in self.races:
            self.races.append(frame["race_id"])
            self.timeline, self.columns = None, [each["color"] for each in frame["racers"]]
        if self.phases[-1:] != [frame["phase"]]:
            self.phases.append(frame["phase"])
        assert frame["phase"] in {"betting", "racing", "finished"}
        assert [each["color"] for each in frame["racers"]] == self.columns
        assert set(self.columns) <= COLORS
        for color, on in frame.get("bets_by_color", {}).items():
            assert color in COLORS
            assert on["amount"] > 0
        for name in ("pool", "bettor_count", "min_bet", "betting_closes_in"):
            assert frame[name] >= 0, name
        for racer in frame["racers"]:
            assert isinstance(racer["name"], str)
            assert isinstance(racer["odds"], str)
        assert isinstance(frame["symbol"], str)
        if frame["phase"] == "racing" and (run := frame.get("timeline")) is not None:
            self._run(run, now_s)
        if (winner := frame.get("winner")) is not None:
            assert frame["phase"] == "finished"
            self.result = winner["color"]
            assert isinstance(winner["name"], str)
            self.paid = [(each["username"], each["net"]) for each in frame["payouts"][:6]]

    def _run(self, run: Mapping[str, Any], now_s: float) -> None:
        """The first timeline of a race is kept; later ones only tell how far it is."""
        if self.timeline is None:
            assert run["frame_dt"] > 0
            assert run["duration"] > 0
            assert {len(row) for row in run["frames"]} == {len(self.columns)}
            times = [line["t"] for line in run["commentary"]]
            assert times == sorted(times)
            assert all(isinstance(line["text"], str) for line in run["commentary"])
            self.timeline, self.timeline_at_s = dict(run), now_s - run["elapsed"]
        same = {**run, "elapsed": 0}
        assert same == {**self.timeline, "elapsed": 0}
        # The page jumps where it is off by more; an even race never makes it jump.
        assert abs(min(now_s - self.timeline_at_s, run["duration"]) - run["elapsed"]) < 1.2

    @property
    def first(self) -> str:
        """Whoever is first in the last row of the timeline."""
        assert self.timeline is not None
        last: list[float] = self.timeline["frames"][-1]
        return self.columns[last.index(max(last))]


@pytest.mark.parametrize("live", [True, False])
async def test_the_page_shows_two_races(tmp_path: Path, live: bool) -> None:
    """Every phase with all that is read of it, lanes and timeline of each race by itself."""
    race = {"live_betting": {"enabled": live}}
    async with asked(tmp_path, with_games(race=race), "Ann", "Bob") as a:
        page = RacePage()
        for number in (1, 2):
            await a.house.pm("Ann", "race")
            await a.house.pm("Ann", "race 100 blue")
            await a.house.chat("Bob", "!race 100 red")
            page.phases.clear()
            await page.watch(a, RACE_S)
            assert len(page.races) == number
            assert page.phases == ["betting", "racing", "finished"]
            assert page.result == page.first
        assert page.frames > 60
        assert await gateway(a, "race.state") == {"active": False, "frame": None}


async def test_the_page_tells_who_was_paid(tmp_path: Path) -> None:
    """The highest gain first, and as much as they were told by private message."""
    race = {"odds_profiles": SURE}
    names = [f"Fan{number}" for number in range(8)]
    async with asked(tmp_path, with_games(race=race), *names, "Red") as a:
        await a.house.pm("Red", "race")
        for place, name in enumerate(names):
            await a.house.pm(name, f"race {100 + 10 * place} blue")
        await a.house.pm("Red", "race 1000 red")
        page = RacePage()
        await page.watch(a, RACE_S)
        assert page.result == "Blue"
        assert [name for name, _ in page.paid] == list(reversed(names))[:6]
        assert [net_z for _, net_z in page.paid] == sorted(
            (net_z for _, net_z in page.paid), reverse=True
        )
        for name, net_z in page.paid:
            assert f"net +{net_z} Z" in a.house.pms(name)[-1]
            assert a.house.balance(name) == 10_000 + net_z


async def test_nobody_is_told_who_wins_while_bets_are_taken(tmp_path: Path) -> None:
    """Not by the picture nor by any other request or command, though the books know (P-GAM-13)."""
    race = {"odds_profiles": SURE, "betting_window_seconds": 20}
    async with asked(tmp_path, with_games(race=race), "Ann", "Bob") as a:
        h = a.house
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 red")
        [number] = h.report(lambda reports: reports.sql.only("SELECT max(id) FROM game_round"))
        seed = "SELECT seed FROM fair_seed"
        for state in ("open", "drawn"):
            known = h.report(
                lambda reports: reports.sql.only("SELECT state, outcome FROM game_round")
            )
            assert known[0] == state
            told = await gateway(a, "fair.verify", round=number)
            assert told["verdict"] in {"waiting", "secret"}
            assert (told["outcome"], told["worked_out"], told["terms"]) == (None, None, None)
            assert told["stakes"] == []
            heard = [
                told,
                await gateway(a, "fair.seeds"),
                await gateway(a, "gambling.stats"),
                await gateway(a, "transactions.list", username="Ann", limit=100, offset=0),
                await gateway(a, "account.summary", username="Ann"),
                *[await h.pm("Bob", text) for text in (f"verify {number}", "fair", "race odds")],
            ]
            frame = (await gateway(a, "race.state"))["frame"]
            assert "timeline" not in frame
            assert (frame["winner"], frame["payouts"]) == (None, [])
            # That of the next day is there shortly before midnight.
            secrets = [secret for (secret,) in h.report(lambda reports: reports.sql.rows(seed))]
            assert secrets
            assert not any(secret in json.dumps([*heard, frame]) for secret in secrets)
            assert '"winner"' not in json.dumps(heard)
            if state == "open":
                await anyio.sleep(21)
        # A bet is still taken: it would have been worth something to know.
        assert "Balance" in (await h.pm("Bob", "race 100 red"))[0]


# What one has played, on the dashboard


def title(row: Mapping[str, Any]) -> str:
    """What the dashboard takes for the title of a row."""
    trigger = str(row["trigger_id"]).lower()
    if trigger.startswith("gambling."):
        return "Gambling"
    return str(row["reason"] or row["type"].replace(".", " ").replace("_", " "))


async def test_the_dashboard_lists_what_was_played(tmp_path: Path) -> None:
    """Stakes are debits, winnings and returns credits, and all of them are of gambling."""
    lost = [{"symbols": "loss", "multiplier": 0, "probability": 1}]
    settings = with_games(
        spin={"payouts": lost}, flip={"win_chance": 1.0}, race={"odds_profiles": SURE}
    )
    async with asked(tmp_path, settings, "Ann", "Bob") as a:
        h = a.house
        before = (await gateway(a, "account.summary", username="Ann"))["balance"]
        await h.pm("Ann", "spin 40")
        await h.pm("Ann", "flip 50")
        await h.pm("Ann", "challenge @Bob 60")
        held = await gateway(a, "account.summary", username="ann")
        assert held["balance"] == before - 40 + 50 - 60
        await h.pm("Bob", "decline")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 70 red")
        await anyio.sleep(RACE_S)
        page = await gateway(a, "transactions.list", username="Ann", limit=50, offset=0)
        rows = [row for row in page["transactions"] if row["trigger_id"].startswith("gambling.")]
        assert [(row["trigger_id"], row["amount"]) for row in reversed(rows)] == [
            ("gambling.spin", -40),
            ("gambling.flip", -50),
            ("gambling.flip", 100),
            ("gambling.challenge", -60),
            ("gambling.challenge.refund", 60),
            ("gambling.race", -70),
        ]
        for row in rows:
            assert title(row) == "Gambling"
            assert row["reason"]
            assert datetime.fromisoformat(row["created_at"]).year == 2026
        summary = await gateway(a, "account.summary", username="Ann")
        assert summary["balance"] == before + sum(row["amount"] for row in rows)
        assert summary["balance"] == (await gateway(a, "balance.get", username="ANN"))["balance"]


async def test_numbers_of_all_games(tmp_path: Path) -> None:
    """The four numbers of `gambling.stats`, before anybody has played and afterwards."""
    async with asked(tmp_path, with_games(flip={"win_chance": 1.0}), "Ann", "Bob") as a:
        names = ("total_in", "total_out", "active_gamblers", "total_games")
        stats = await gateway(a, "gambling.stats")
        assert [stats[name] for name in names] == [0, 0, 0, 0]
        await a.house.pm("Ann", "flip 50")
        await a.house.pm("Bob", "flip 20")
        stats = await gateway(a, "gambling.stats")
        assert [stats[name] for name in names] == [70, 140, 2, 2]
        detail = await gateway(a, "user.detail", username="Ann")
        assert detail["gambling"] == {"total_games": 1, "net_profit": 50}
