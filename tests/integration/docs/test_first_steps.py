"""The commands of the guides, taken from the pages and typed into a shell, one after the other.

The operator's first day and the day of moving, each on a bus and in a folder of its own. Only the
address of NATS, the channel and the port of /health are others than on the page.
"""

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread
import pytest
from tests.integration.conftest import MakeRobot
from tests.integration.service.house import free_port
from tests.unit.docs.pages import blocks, command_lines, page, section
from tests.unit.migration.old import CHANNEL as OLD_CHANNEL
from tests.unit.migration.old import Old

from economy_sandbox.nats import NatsServer
from economy_sandbox.robot import SimulatedRobot, SimulatedUserstats

pytestmark = pytest.mark.timeout(120)

PORT_ON_THE_PAGE: Final = "28286"
SERVICE: Final = "kryten-economy --config config.yaml"
STOPS_WITHIN_S: Final = 15.0


class Shell:
    """A terminal in a folder, with our programs in its path and nothing of this test in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._environ = {
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "KRYTEN_ECONOMY__METRICS__PORT": str(self.port),
        }

    async def type(self, line: str, answers: str = "") -> str:
        """A line with what is answered to its questions; what it has printed. It succeeds."""
        line = line.replace(PORT_ON_THE_PAGE, str(self.port))
        done = await anyio.to_thread.run_sync(
            lambda: subprocess.run(
                ["bash", "-c", line],
                cwd=self.folder, env=self._environ, input=answers,
                capture_output=True, text=True, timeout=60, check=False,
            )
        )  # fmt: skip
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    @asynccontextmanager
    async def running(self, line: str) -> AsyncIterator[None]:
        """The service, until the block ends; it then stops as systemd would have it."""
        with (self.folder / "service.log").open("w") as log:
            process = await anyio.open_process(
                ["bash", "-c", f"exec {line}"],
                cwd=self.folder, env=self._environ, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            yield
        finally:
            process.terminate()
            with anyio.fail_after(STOPS_WITHIN_S, shield=True):
                code = await process.wait()
        assert code == 0, (self.folder / "service.log").read_text(encoding="utf-8")


async def _healthy(shell: Shell, line: str) -> str:
    """What the page's line says of the service, once it serves."""
    with anyio.fail_after(30):
        while True:
            told = await shell.type(f"{line} || true")
            if '"healthy"' in told and '"active_sessions": 0' not in told:
                return told
            await anyio.sleep(0.2)


async def test_the_operators_first_day(
    nats_server: NatsServer, channel: str, robot: SimulatedRobot, tmp_path: Path
) -> None:
    """A first configuration, its check, the service, its health, backup and proof: as it stands."""
    before, beside = blocks(section(page("operators-guide.md"), "## The first day"))
    *checks, service = before
    shell = Shell(tmp_path)
    assert service == SERVICE
    assert [line.split()[-1] for line in checks] == ["config.yaml", "--validate-config", "doctor"]
    await robot.join("boss", rank=4)
    async with SimulatedUserstats(nats_server.url):
        init, *rest = checks
        answers = f"{channel}\n{robot.domain}\n{robot.bot}\nboss\n{nats_server.url}\n"
        told = await shell.type(init, answers)
        assert "boss has rank 4 and may give admin commands" in told
        for line in rest:
            told = await shell.type(line)
            assert "FAIL" not in told
        async with shell.running(service):
            health, *others = beside
            await _healthy(shell, health)
            await robot.pm("boss", "grant @boss 500")
            await robot.wait_pm("boss", "Granted 500")
            printed = {line.split()[3]: await shell.type(line) for line in others}
    assert printed["jobs"].startswith("No job is due. Tonight")
    assert "verified" in printed["backup"]
    assert "the books balance" in printed["verify"]
    assert re.search(r"PASS  service +runs", printed["doctor"])
    assert "FAIL" not in printed["doctor"]
    [kept] = (tmp_path / "backups").glob("*.db")
    assert str(kept) in printed["backup"]


def _moved_settings(text: str) -> str:
    """The section `database` of the configuration, as the page's second step has it."""
    backend = re.search(r"`database\.backend: (\w+)`", text)
    path = re.search(r"`database\.path: (\S+)`", text)
    assert backend is not None, text
    assert path is not None, text
    return f"database: {{backend: {backend[1]}, path: {path[1]}}}"


async def test_the_day_of_moving(
    nats_server: NatsServer, make_robot: MakeRobot, tmp_path: Path
) -> None:
    """The old accounts are in the new books, the old file is as it was, and the bot knows them."""
    old = Old(tmp_path / "economy.db")
    for name, balance_z in (("Alice", 1_500), ("bob", 700), ("BOB", 30)):
        old.account(name, balance_z, lifetime_earned=balance_z)
        old.moves(name, balance_z, trigger_id="presence.base")
    before = (tmp_path / "economy.db").read_bytes()
    steps = section(page("migration.md"), "## A day of moving")
    validate, try_it, do_it, prove, service = command_lines(steps)
    shell, books = Shell(tmp_path), tmp_path / "books.db"
    robot = await make_robot(channel=OLD_CHANNEL)
    config = (
        f'nats: {{servers: ["{nats_server.url}"]}}\n'
        f"channels: [{{domain: {robot.domain}, channel: {OLD_CHANNEL}}}]\n"
        f"{_moved_settings(steps)}\n"
        "presence: {base_rate_per_minute: 0}\n"  # a minute may end while the bot is asked
        "balance_maintenance: {mode: none}\n"
    )
    (tmp_path / "config.yaml").write_text(config, encoding="utf-8")

    assert "config.yaml: valid" in await shell.type(validate)
    assert "Nothing was changed" in await shell.type(try_it)
    assert not books.exists()
    assert "imported" in await shell.type(do_it, "yes\n")
    assert "the books balance: 2 accounts" in await shell.type(prove)
    assert service == SERVICE
    await robot.join("Alice")
    async with shell.running(service):
        await _healthy(shell, f"curl -s http://127.0.0.1:{PORT_ON_THE_PAGE}/health")
        await robot.pm("Alice", "balance")
        await robot.wait_pm("Alice", "Balance: 1,500 Z")
    assert (tmp_path / "economy.db").read_bytes() == before
    connection = sqlite3.connect(books)
    wallets = connection.execute(
        "SELECT name, balance_z FROM account WHERE kind = 'wallet' ORDER BY name"
    ).fetchall()
    connection.close()
    assert wallets == [("alice", 1_500), ("bob", 730)]
