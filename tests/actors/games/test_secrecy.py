"""A seed is known to nobody before its time, and nobody plays by one that was not announced."""

import io
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.api.helpers import Api, api
from tests.actors.games.day import every_game, play_every_game, rounds_by_game
from tests.actors.house import CHANNEL, House, house
from tests.faults.vfs import Fault, FaultyDisk, faulty_disk

from economy_actors import logs
from economy_actors.handlers.registry import REQUESTS
from kryten_economy.cli.main import main
from kryten_economy.features.games.fairness import hash_of
from kryten_economy.features.games.rounds import EnsureSeeds
from kryten_economy.features.games.verifying import Verdict
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.operation import Request

pytestmark = pytest.mark.anyio

TODAY, TOMORROW, AFTER = "2026-11-20", "2026-11-21", "2026-11-22"
DAY_S = 86_400
WHAT_PEOPLE_ASK = (
    *("fair", f"fair {TODAY}", f"fair {TOMORROW}", "odds", "stats", "gambling", "limit", "race"),
    *("history", "profile", "econ:gambling", "econ:stats", "econ:health", "help", "blackjack"),
)
FIELDS: dict[str, Any] = {
    "username": "Alice", "round": 1, "day": TODAY, "limit": 100, "after": 0, "channel": CHANNEL
}  # fmt: skip


def seeds(h: House) -> dict[str, str]:
    """As somebody reads them who has the file in their hands."""
    sql = "SELECT day, seed FROM fair_seed"
    return dict(h.report(lambda reports: reports.sql.rows(sql)))


async def all_that_is_told(a: Api, capsys: pytest.CaptureFixture[str], log: io.StringIO) -> str:
    """Messages, lines, log, metrics page, what commands and requests and the command line say."""
    h = a.house
    rounds = range(1, sum(rounds_by_game(h).values()) + 1)
    for text in (*WHAT_PEOPLE_ASK, *(f"verify {number}" for number in rounds)):
        await h.pm("Boss", text)
    asked = 0
    for spec in REQUESTS:
        if not spec.mutating:
            await a.raw({"command": spec.name} | FIELDS)
            asked += 1
    assert asked > 20
    for number in rounds:
        await a.raw({"command": "fair.verify"} | FIELDS | {"round": number})
    page = h.context.metrics.render().decode()
    return "\n".join(
        [repr(h.heard), json.dumps(a.bus.answers), page, log.getvalue(), _backed_up(h, capsys)]
    )


def _backed_up(h: House, capsys: pytest.CaptureFixture[str]) -> str:
    """What is said of backups when one is made, shown and checked, and what they are called."""
    folder = h.path.parent / "backups"
    config = h.path.parent / "config.yaml"
    config.write_text(
        "nats: {servers: ['nats://127.0.0.1:4222']}\n"
        f"channels: [{{domain: cytube.test, channel: {CHANNEL}}}]\n"
        f"database: {{path: {h.path}, backup_directory: {folder}}}\n"
    )
    capsys.readouterr()
    assert main(["--config", str(config), "backup"]) == 0
    made = sorted(each.name for each in folder.iterdir())
    assert main(["--config", str(config), "restore", str(folder / made[-1])]) == 0
    assert main(["--config", str(config), "verify"]) == 0
    said = capsys.readouterr()
    assert "verified" in said.out
    return "\n".join([*made, said.out, said.err])


def none_of(told: str, *secrets: str) -> None:
    """Neither whole nor in part, as digits of either case or as bytes are shown."""
    for seed in secrets:
        assert seed[:16] not in told.lower()
        assert seed[-16:] not in told.lower()
        assert repr(bytes.fromhex(seed))[2:-1] not in told


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_a_seed_is_told_nowhere_before_its_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Through a day of every game, with everything logged; afterwards the day's seed alone is."""
    log = io.StringIO()
    logs.configure("DEBUG", log, as_json=True)
    async with api(tmp_path, every_game(), scheduled=True) as a:
        await play_every_game(a.house, 2)
        secret = seeds(a.house)
        assert set(secret) == {TODAY, TOMORROW}
        told = await all_that_is_told(a, capsys, log)
        assert hash_of(secret[TODAY]) in told
        assert hash_of(secret[TOMORROW]) not in told
        assert logging.getLogger().isEnabledFor(logging.DEBUG)
        none_of(told, *secret.values())
        await anyio.sleep(DAY_S)
        secret = seeds(a.house)
        assert set(secret) == {TODAY, TOMORROW, AFTER}
        told = await all_that_is_told(a, capsys, log)
        assert secret[TODAY] in told
        none_of(told, secret[TOMORROW], secret[AFTER])
        assert secret[TODAY] not in log.getvalue()
        verdicts = [
            (await a.data("fair.verify", round=number))["verdict"]
            for number in range(1, sum(rounds_by_game(a.house).values()) + 1)
        ]
        assert set(verdicts) == {Verdict.TRUE}


@dataclass
class SeedlessBooks:
    """Books on a disk that fails whenever they are to take a seed, as long as it ``fails``."""

    disk: FaultyDisk
    fails: bool = True
    failed: int = 0
    opened: list[Books] = field(default_factory=list)

    def open(self, path: Path) -> Books:
        books = Books.open(path, vfs=self.disk.name)
        sound = books.commit

        def commit(batch: Sequence[Request[Any]]) -> Any:
            if self.fails and any(isinstance(each, EnsureSeeds) for each in batch):
                self.failed += 1
                self.disk.breaks(Fault(at=1))
            try:
                return sound(batch)
            finally:
                self.disk.mend()

        books.commit = commit  # type: ignore[method-assign]
        self.opened.append(books)
        return books


STARTS = (
    *("spin", "spin 20", "flip 20", "blackjack 20", "challenge Alice 50", "heist 20", "race"),
    *("trivia 20", "raffle open 2 10", 'predict open 2 "Rain?" yes | no', "auction open 2 10 Hat"),
)


@pytest.mark.timeout(120)
async def test_nobody_plays_before_a_seed_is_announced(tmp_path: Path) -> None:
    """A disk that takes no seed stops all games, with their money; a minute after it is mended
    the seed is there, its hash is told, and everything goes on."""
    with faulty_disk() as disk:
        books = SeedlessBooks(disk)
        async with house(tmp_path / "e.db", every_game(), scheduled=True, books=books.open) as h:
            for name, rank in (("Boss", 5), ("Alice", 1)):
                await h.join(name, rank)
            await anyio.sleep(1)
            assert books.failed
            before = h.balance("Boss")
            for text in STARTS:
                # What comes of joining may be told late, since its books have failed as well.
                told = await h.pm("Boss", text)
                assert any("try again" in reply.lower() for reply in told), (text, told)
            assert h.balance("Boss") == before
            assert _count(h, "game_round") == _count(h, "fair_seed") == _count(h, "hold") == 0
            assert "economy_fair_seed_info{" not in h.context.metrics.render().decode()
            books.fails = False
            await anyio.sleep(61)
            seed = seeds(h)[TODAY]
            assert hash_of(seed) in h.context.metrics.render().decode()
            assert any("Balance" in reply for reply in await h.pm("Boss", "flip 20"))
            assert _count(h, "game_round") == 1


@pytest.mark.timeout(120)
async def test_who_plays_first_has_the_seed_announced(tmp_path: Path) -> None:
    """Where the first try has failed a player need not wait for the next one."""
    with faulty_disk() as disk:
        books = SeedlessBooks(disk)
        async with house(tmp_path / "e.db", every_game(), scheduled=True, books=books.open) as h:
            await h.join("Boss", 5)
            assert books.failed
            books.fails = False
            # A win may bring an achievement, which is told as well.
            assert any("Balance" in reply for reply in await h.pm("Boss", "flip 20"))
            told = h.context.metrics.render().decode()
            assert hash_of(seeds(h)[TODAY]) in told


def _count(h: House, table: str) -> int:
    query: Callable[[Any], Any] = lambda r: r.sql.only(f"SELECT count(*) FROM {table}")  # noqa: E731, S608
    [found] = h.report(query)
    return int(found)
