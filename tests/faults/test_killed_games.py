"""Games killed at each of their steps: each stake is paid with its prize, or back, exactly once.

Every game with its books, its floor and its tables; and the whole service on a real bus, killed as
soon as a step stands in the books.
"""

import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import apsw
import pytest
from tests.faults.process import ServiceProcess, run_once, write_config
from tests.faults.scripts import SCRIPTS

from economy_sandbox.nats import NatsServer
from economy_sandbox.robot import SimulatedRobot
from kryten_economy.features.games.tables import Drawn, DrawRound
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.invariants import verify

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PROJECT = Path(__file__).parents[2]
CHANNEL = "Faults"
WEALTH_Z = 1_000
PLAYERS = ("Ann", "Bob")

HEIST = {
    "enabled": True,
    "min_participants": 2,
    "join_window_seconds": 4,
    "cooldown_seconds": 0,
    "push_chance": 0.0,
    "success_chance": 1.0,
}
RACE = {
    "betting_window_seconds": 5,
    "target_duration_seconds": 3,
    "live_betting": {"enabled": False},
    "odds_profiles": [
        {
            "racers": [
                {"color": "Blue", "win_chance": 0.999999, "speed_base": 1},
                {"color": "Red", "win_chance": 0.000001, "speed_base": 1},
            ]
        }
    ],
}


@pytest.mark.parametrize("game", SCRIPTS)
def test_each_step_of_a_round(game: str) -> None:
    """Killed after each act and during it: what was drawn is paid as drawn, the rest is back."""
    # In a process of its own: this one may have threads, and then must not fork.
    command = [sys.executable, "-m", "tests.faults.scripts", game]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PROJECT)
    assert ended.returncode == 0, ended.stderr
    assert f"{2 * len(SCRIPTS[game]())} kills" in ended.stdout


@pytest.fixture
def anyio_backend() -> str:
    """The bus library lives on asyncio only."""
    return "asyncio"


@pytest.fixture
async def nats_server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    async with NatsServer(store_dir=tmp_path / "nats") as server:
        yield server


@pytest.fixture
async def robot(nats_server: NatsServer) -> AsyncIterator[SimulatedRobot]:
    robot = SimulatedRobot(nats_server.url, channel=CHANNEL, is_throttled=False)
    robot.room.account("boss", rank=5)
    for name in ("boss", *PLAYERS):
        robot.room.join(name)
    async with robot:
        yield robot


@dataclass
class Victim:
    """A service that is killed again and again, its books as seen from outside, and its users."""

    config: Path
    robot: SimulatedRobot

    @property
    def books(self) -> Path:
        return ServiceProcess(self.config).books

    def rows(self, sql: str) -> Sequence[Any]:
        reports = Reports.open(self.books)
        try:
            return list(reports.connection.execute(sql))
        finally:
            reports.close()

    async def until(self, sql: str, wanted: object) -> None:
        """Wait until the books say so."""
        with anyio.fail_after(40):
            while self.rows(sql) != [(wanted,)]:  # noqa: ASYNC110 - a file gives no event
                await anyio.sleep(0.005)

    async def ended(self, number: int, state: str) -> None:
        """Wait until a round has ended so."""
        await self.until(f"SELECT state FROM game_round WHERE id = {number}", state)  # noqa: S608

    async def staked(self, number: int, count: int) -> None:
        """Wait for so many stakes in a round."""
        await self.until(
            f"SELECT count(*) FROM game_stake WHERE round_id = {number}",  # noqa: S608
            count,
        )

    async def rich(self) -> None:
        """Everybody starts with the same."""
        for name in PLAYERS:
            await self.robot.ask(name, "balance")
            told = await self.robot.ask("boss", f"set_balance {name} {WEALTH_Z}")
            assert f"{WEALTH_Z:,} Z" in told

    def balances(self) -> list[int]:
        sql = "SELECT balance_z FROM account WHERE name IN ('ann', 'bob') ORDER BY name"
        return [balance_z for (balance_z,) in self.rows(sql)]

    def draw(self, number: int, said: str = "") -> str:
        """Draw as a table does; the service died before it could do anything else."""
        at_ms = time.time_ns() // 1_000_000
        books = Books.open(self.books)
        try:
            op_id = f"draw:{CHANNEL}:{number}"
            day = self.rows(f"SELECT day FROM game_round WHERE id = {number}")[0][0]  # noqa: S608
            request = DrawRound(op_id, CHANNEL, number, at_ms, day, said)
            [answer] = books.commit([request]).answers
        finally:
            books.close()
        assert isinstance(answer, Drawn), answer
        return answer.outcome

    def time_passes(self, number: int) -> None:
        """While nothing runs, the end of a round comes."""
        connection = apsw.Connection(str(self.books))
        at_ms = time.time_ns() // 1_000_000
        connection.execute("UPDATE game_round SET ends_at_ms = ? WHERE id = ?", (at_ms, number))
        connection.close()

    def outcome(self, number: int) -> object:
        [(outcome,)] = self.rows(f"SELECT outcome FROM game_round WHERE id = {number}")  # noqa: S608
        return json.loads(outcome)

    def is_clean(self) -> None:
        """Nothing is held, nobody has lost a coin, and `verify` agrees."""
        report = verify(self.books)
        assert report.ok, report
        assert not report.open_holds, report
        checked = run_once(self.config, "verify")
        assert checked.returncode == 0, checked.stdout + checked.stderr
        stakes = "SELECT coalesce(sum(s.payout_z - s.stake_z), 0) FROM game_stake AS s"
        [(won_z,)] = self.rows(
            f"{stakes} JOIN game_round AS r ON r.id = s.round_id"
            " WHERE r.state = 'settled' AND r.game <> 'auction'"
        )
        sold = "SELECT coalesce(sum(captured_z), 0) FROM hold WHERE trigger_id = 'gambling.auction'"
        [(sold_z,)] = self.rows(sold)
        assert sum(self.balances()) == WEALTH_Z * len(PLAYERS) + won_z - sold_z
        apart = (
            "SELECT r.game, r.state, h.state, h.amount_z, h.captured_z FROM game_stake AS s"
            " JOIN game_round AS r ON r.id = s.round_id JOIN hold AS h ON h.id = s.hold_id"
            " WHERE (h.state, h.captured_z) IS NOT (CASE r.state WHEN 'settled' THEN 'captured'"
            " ELSE 'released' END, iif(r.state = 'settled', h.amount_z, 0))"
            # Whoever was outbid has their money back before the auction ends.
            " AND (r.game <> 'auction' OR h.state <> 'released')"
        )
        assert not self.rows(apart)


@pytest.fixture
def victim(tmp_path: Path, nats_server: NatsServer, robot: SimulatedRobot) -> Victim:
    config = write_config(
        tmp_path,
        nats_server.url,
        CHANNEL,
        presence={"base_rate_per_minute": 0},
        gambling={
            "min_account_age_minutes": 0,
            "spectacle_cooldown_seconds": 0,
            "heist": HEIST,
            "race": RACE,
        },
    )
    return Victim(config, robot)


async def _heist(victim: Victim, number: int, crew: int) -> None:
    await victim.robot.pm("Ann", "heist 100")
    await victim.staked(number, 1)
    if crew > 1:
        await victim.robot.pm("Bob", "heist join")
        await victim.staked(number, crew)


async def test_a_heist_is_killed_at_each_step(victim: Victim) -> None:
    """Before the draw all is back; behind it everybody is paid once, and hears of it."""
    async with ServiceProcess(victim.config) as service:
        await service.until_health(200)
        await victim.rich()
        await _heist(victim, 1, 1)
        await service.kill()
    async with ServiceProcess(victim.config) as service:
        await victim.ended(1, "cancelled")
        assert victim.balances() == [1000, 1000]
        await service.until_health(200)
        await _heist(victim, 2, 2)
        await service.kill()
    drawn = victim.draw(2)
    async with ServiceProcess(victim.config) as service:
        await victim.ended(2, "settled")
        assert victim.outcome(2) == json.loads(drawn)
        assert victim.balances() == [1075, 1075]
        await service.until_health(200)
        await victim.robot.wait_pm("Bob", "1,075")
        await _heist(victim, 3, 2)
        await victim.until(
            "SELECT count(*) FROM game_round WHERE id = 3 AND state IN ('drawn', 'settled')", 1
        )
        await service.kill()
    async with ServiceProcess(victim.config) as service:
        await victim.ended(3, "settled")
        assert victim.balances() == [1150, 1150]
        await service.kill()
    victim.is_clean()


async def _race(victim: Victim, number: int) -> None:
    await victim.robot.pm("Ann", "race")
    await victim.until("SELECT count(*) FROM game_round", number)
    # The table takes bets a moment after the round stands in the books.
    with anyio.fail_after(5):
        while "Blue" not in await victim.robot.ask("Ann", "race odds"):
            pass
    await victim.robot.pm("Ann", "race 100 blue")
    await victim.staked(number, 1)
    await victim.robot.pm("Bob", "race 100 red")
    await victim.staked(number, 2)


async def test_a_race_is_killed_at_each_step(victim: Victim) -> None:
    """While bets are open, on its way, and when it is paid but nobody was told."""
    async with ServiceProcess(victim.config) as service:
        await service.until_health(200)
        await victim.rich()
        await _race(victim, 1)
        await service.kill()
    async with ServiceProcess(victim.config) as service:
        await victim.ended(1, "cancelled")
        assert victim.balances() == [1000, 1000]
        await service.until_health(200)
        await _race(victim, 2)
        await victim.ended(2, "drawn")
        await service.kill()
    drawn = victim.outcome(2)
    async with ServiceProcess(victim.config) as service:
        await victim.ended(2, "settled")
        assert victim.outcome(2) == drawn
        assert victim.balances() == [1090, 900]
        await service.until_health(200)
        await _race(victim, 3)
        await victim.ended(3, "settled")
        await service.kill()
    async with ServiceProcess(victim.config) as service:
        await service.until_health(200)
        assert "1,180" in await victim.robot.ask("Ann", "balance")
        await service.kill()
    victim.is_clean()


async def _open_hand(victim: Victim, number: int) -> int:
    """Deal until a hand does not end at once; answers its number."""
    while True:
        await victim.robot.ask("Ann", "blackjack 20")
        await victim.staked(number, 1)
        [(state,)] = victim.rows(f"SELECT state FROM game_round WHERE id = {number}")  # noqa: S608
        if state == "open":
            return number
        number += 1


async def test_what_lasts_goes_on_after_a_kill(victim: Victim) -> None:
    """An auction, a raffle, a prediction, a challenge and a hand, killed twice at once."""
    robot = victim.robot
    async with ServiceProcess(victim.config) as service:
        await service.until_health(200)
        await victim.rich()
        await robot.ask("boss", 'auction open 5 100 "A lamp"')
        await robot.ask("boss", "raffle open 5 50")
        await robot.ask("boss", 'predict open 5 "Will it rain?" yes | no')
        for name, bid, outcome in (("Ann", 100, "yes"), ("Bob", 150, "no")):
            await robot.ask(name, f"bid {bid}")
            await robot.ask(name, "raffle 2")
            await robot.ask(name, f"predict 100 {outcome}")
        await robot.pm("Ann", "challenge @Bob 50")
        await victim.staked(4, 1)
        hand = await _open_hand(victim, 5)
        await service.kill()
    async with ServiceProcess(victim.config) as service:
        await victim.ended(hand, "cancelled")
        await victim.until("SELECT count(*) FROM game_round WHERE state = 'open'", 4)
        await service.until_health(200)
        await robot.pm("boss", "predict settle yes")
        await victim.until(
            "SELECT count(*) FROM game_round WHERE id = 3 AND state IN ('drawn', 'settled')", 1
        )
        await service.kill()
    drawn = victim.draw(2)
    victim.time_passes(1)
    async with ServiceProcess(victim.config) as service:
        for each in (1, 2, 3):
            await victim.ended(each, "settled")
        assert victim.outcome(2) == json.loads(drawn)
        await service.until_health(200)
        await robot.pm("Bob", "accept")
        await victim.ended(4, "settled")
        await service.kill()
    victim.is_clean()
