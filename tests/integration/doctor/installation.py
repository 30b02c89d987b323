"""A sound installation on this machine, in which tests break one thing at a time."""

import io
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from tests.integration.service.house import DOMAIN, merged

from economy_sandbox.catalogue import MediaCmsSite
from economy_sandbox.nats import NatsServer
from economy_sandbox.robot import SimulatedRobot, SimulatedUserstats
from kryten_economy.cli import main
from kryten_economy.features.money.operations import Credit
from kryten_economy.ledger.backup import backup
from kryten_economy.ledger.books import Books
from kryten_economy.users import UserKey

HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Verdict:
    """What the doctor has said: the exit code, and each line by its check."""

    code: int
    checks: Mapping[str, Mapping[str, str]]

    def wrong(self) -> set[str]:
        """The checks that failed."""
        return {name for name, each in self.checks.items() if each["status"] == "FAIL"}

    def odd(self) -> set[str]:
        """The checks with a warning."""
        return {name for name, each in self.checks.items() if each["status"] == "WARN"}

    def line(self, check: str) -> str:
        """What was found, and what to do."""
        return f"{self.checks[check]['found']} -> {self.checks[check]['to_do']}"


def now_ms() -> int:
    """The time of this machine."""
    return time.time_ns() // 1_000_000


class Installation:
    """A configuration, books with money in them and a backup; the rest is on the bus."""

    def __init__(self, folder: Path, url: str, channel: str, catalogue: str) -> None:
        self.folder = folder
        self.channel = channel
        self.books = folder / "books" / "economy.db"
        self.backups = folder / "backups"
        self.config = folder / "config.yaml"
        self.settings: dict[str, Any] = {
            "nats": {"servers": [url], "connect_timeout": 1, "reconnect_time_wait": 1},
            "channels": [{"domain": DOMAIN, "channel": channel}],
            "database": {"path": str(self.books), "backup_directory": str(self.backups)},
            "metrics": {"enabled": False},
            "mediacms": {"base_url": catalogue, "web_queue_redirect": False},
            "multipliers": {
                key: {"enabled": False} for key in ("off_peak", "high_population", "holidays")
            },
        }
        self.write()

    def write(self, **changes: Any) -> None:
        """Write the configuration, with changes that stay."""
        self.settings = merged(self.settings, changes)
        self.config.write_text(json.dumps(self.settings), encoding="utf-8")
        self.config.chmod(0o600)

    def pay(self, number: int = 1, at_ms: int | None = None) -> None:
        """A coin for alice, and the books if there are none."""
        self.books.parent.mkdir(exist_ok=True, mode=0o700)
        with closing(Books.open(self.books)) as books:
            books.commit(
                [
                    Credit(
                        op_id=f"gift:{number}",
                        user=UserKey.of(self.channel, "alice"),
                        amount_z=1,
                        type="admin_grant",
                        trigger_id="admin.grant",
                        reason="gift",
                        at_ms=at_ms or now_ms(),
                        day="2026-03-04",
                        create=True,
                        display_name="alice",
                    )
                ]
            )

    def back_up(self, age_ms: int = 0) -> None:
        """A verified backup of such an age, and no younger one."""
        for each in self.backups.glob("*"):
            each.unlink()
        backup(self.books, self.backups, now_ms() - age_ms, 7)

    def change(self, sql: str) -> None:
        """Write into the books as another program might."""
        with closing(sqlite3.connect(self.books)) as books, books:
            books.executescript(sql)

    def give_to(self, uid: int) -> None:
        """Make another user the owner of everything."""
        for path in (self.folder, *self.folder.rglob("*")):
            os.chown(path, uid, uid)

    async def doctor(self) -> Verdict:
        """Ask the command, in a thread of this process, which begins much sooner than another."""
        out = io.StringIO()
        with redirect_stdout(out):
            code = await anyio.to_thread.run_sync(
                main, ["doctor", "--json", "--config", str(self.config)]
            )
        return _verdict(code, out.getvalue())

    async def doctor_apart(self) -> Verdict:
        """Ask the command as a process of its own."""
        done = await self.run("doctor", "--json", "--config", self.config)
        return _verdict(done.returncode, done.stdout)

    async def run(self, *arguments: object, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end while the bus goes on."""
        program = str(Path(sys.executable).parent / "kryten-economy")
        return await anyio.to_thread.run_sync(
            lambda: subprocess.run(
                [program, *map(str, arguments)],
                cwd=self.folder, env={**os.environ, **environ},
                capture_output=True, text=True, timeout=50, check=False,
            )
        )  # fmt: skip


def _verdict(code: int, printed: str) -> Verdict:
    told = json.loads(printed)
    assert told["ok"] is (code == 0), told
    return Verdict(code, {each["check"]: each for each in told["checks"]})


@asynccontextmanager
async def others(server: NatsServer, robot: SimulatedRobot) -> AsyncIterator[MediaCmsSite]:
    """Whoever the economy talks to, all well."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(robot)
        await stack.enter_async_context(SimulatedUserstats(server.url))
        yield await stack.enter_async_context(MediaCmsSite())
