"""The command line as a process of its own: exit codes, and what it says."""

import json
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.integration.service.house import connected_client, free_port, get, settings_of, until

from economy_sandbox.nats import NatsServer
from economy_sandbox.robot import SimulatedRobot
from kryten_economy import __version__
from kryten_economy.cli.run import RESTART_EXIT_CODE
from kryten_economy.features.money.operations import Credit
from kryten_economy.ledger.books import Books
from kryten_economy.users import UserKey

NOON_MS = 1_772_625_610_000


def run(*arguments: object, folder: Path, module: bool = False) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    script = [str(Path(sys.executable).parent / "kryten-economy")]
    command = [sys.executable, "-m", "kryten_economy"] if module else script
    return subprocess.run(
        [*command, *map(str, arguments)],
        cwd=folder, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


async def beside(*arguments: object, folder: Path) -> subprocess.CompletedProcess[str]:
    """The same while other things go on."""
    return await anyio.to_thread.run_sync(lambda: run(*arguments, folder=folder))


def written(folder: Path, **changes: Any) -> Path:
    """A configuration file whose books lie beside it."""
    settings = settings_of(folder, "nats://127.0.0.1:1", "somewhere", **changes)
    path = folder / "config.yaml"
    path.write_text(json.dumps(settings), encoding="utf-8")
    return path


def pay(folder: Path, *amounts_z: int) -> None:
    """Books with some movements in them."""
    with closing(Books.open(folder / "economy.db")) as books:
        for number, amount_z in enumerate(amounts_z):
            books.commit(
                [
                    Credit(
                        op_id=f"gift:{amount_z}:{number}",
                        user=UserKey.of("somewhere", "alice"),
                        amount_z=amount_z,
                        type="admin_grant",
                        trigger_id="admin.grant",
                        reason="gift",
                        at_ms=NOON_MS + number,
                        day="2026-03-04",
                        create=True,
                        display_name="alice",
                    )
                ]
            )


def wallet(path: Path) -> int:
    """Alice's balance, read by another program than the service."""
    with closing(sqlite3.connect(path)) as books:
        sql = "SELECT balance_z FROM account WHERE name = 'alice'"
        return int(books.execute(sql).fetchone()[0])


@pytest.mark.parametrize("module", [False, True])
def test_version(tmp_path: Path, module: bool) -> None:
    """`--version` tells name and version, by script and as a module."""
    done = run("--version", folder=tmp_path, module=module)

    assert done.returncode == 0
    assert done.stdout.strip() == f"kryten-economy {__version__}"


def test_a_good_configuration(tmp_path: Path) -> None:
    """`--validate-config` says valid, exits 0 and makes no books."""
    path = written(tmp_path)
    done = run("--config", path, "--validate-config", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"{path}: valid\n")
    assert not (tmp_path / "economy.db").exists()


def test_a_bad_configuration(tmp_path: Path) -> None:
    """`--validate-config` lists all faults with file and key at once, and exits 1."""
    path = written(
        tmp_path,
        currency={"symbol": 5},
        presence={"base_rate_per_minute": -1, "hourly_milestones": {"25": 1}},
        timezone="Mars/Olympus",
    )
    done = run("--config", path, "--validate-config", folder=tmp_path)

    assert done.returncode == 1
    keys = ("currency.symbol", "presence.base_rate_per_minute", "hourly_milestones", "timezone")
    for key in keys:
        assert key in done.stderr
    assert done.stderr.count("config.yaml") >= len(keys)
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_an_unknown_key(tmp_path: Path) -> None:
    """A key nobody knows is a warning with the nearest one, not a fault."""
    path = written(tmp_path, curency={"symbol": "Z"})
    done = run("--config", path, "--validate-config", folder=tmp_path)

    assert done.returncode == 0
    assert "curency" in done.stderr
    assert "currency" in done.stderr


def test_warnings_count_when_strict(tmp_path: Path) -> None:
    """`--strict` has a file with warnings exit 1, and one without them exit 0."""
    path = written(tmp_path, curency={"symbol": "Z"}, inflation={"max_multiplier": 0.9})
    lenient = run("--config", path, "--validate-config", folder=tmp_path)
    strict = run("--config", path, "--validate-config", "--strict", folder=tmp_path)
    clean = run("--config", written(tmp_path), "--validate-config", "--strict", folder=tmp_path)

    assert lenient.returncode == 0, lenient.stderr
    assert lenient.stdout.endswith(f"{path}: valid, with 2 warnings\n")
    assert strict.returncode == 1
    assert strict.stdout == ""
    assert "2 warnings, and --strict allows none" in strict.stderr
    for key in ("curency", "inflation.max_multiplier"):
        assert key in strict.stderr
        assert key in lenient.stderr
    assert clean.returncode == 0, clean.stderr
    assert clean.stdout.endswith(f"{path}: valid\n")


@pytest.mark.parametrize("command", [(), ("verify",)])
def test_strict_without_a_check(tmp_path: Path, command: tuple[str, ...]) -> None:
    """`--strict` without `--validate-config` is misuse: nothing starts and nothing is made."""
    done = run("--config", written(tmp_path), "--strict", *command, folder=tmp_path)

    assert done.returncode == 2
    assert "--strict goes with --validate-config only" in done.stderr
    assert not (tmp_path / "economy.db").exists()


@pytest.mark.parametrize("address", ["nats//localhost", "http://me:hunter2@localhost"])
def test_an_address_that_is_none(tmp_path: Path, address: str) -> None:
    """`--validate-config` refuses a server that can't be reached, and shows no password of it."""
    path = written(tmp_path, nats={"servers": [address]})
    done = run("--config", path, "--validate-config", folder=tmp_path)

    assert done.returncode == 1
    assert "nats.servers[0]: found" in done.stderr
    assert "must be an address such as nats://localhost:4222" in done.stderr
    assert "hunter2" not in done.stderr


def test_books_in_another_database(tmp_path: Path) -> None:
    """A file whose books are in PostgreSQL is refused, and says how to bring them over."""
    path = written(tmp_path, database={"backend": "postgres", "path": "economy.db"})
    done = run("--config", path, folder=tmp_path)

    assert done.returncode == 1
    assert "kryten-economy import with this file as its source" in done.stderr
    assert "docs/migration.md" in done.stderr
    assert (Path(__file__).parents[3] / "docs/migration.md").is_file()
    assert not (tmp_path / "economy.db").exists()


@pytest.mark.parametrize("arguments", [("--config", "nowhere.yaml"), ()])
def test_no_configuration(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """A missing file is one clear line and exit code 1."""
    done = run(*arguments, folder=tmp_path, module=True)

    assert done.returncode == 1
    assert "config" in done.stderr
    assert "Traceback" not in done.stderr


def test_misuse(tmp_path: Path) -> None:
    """What the command line does not know is exit code 2."""
    assert run("no-such-command", folder=tmp_path).returncode == 2


def test_verify(tmp_path: Path) -> None:
    """Good books balance; tampered ones are told with account and amounts, and exit code 2."""
    path = written(tmp_path)
    pay(tmp_path, 10, 20)
    good = run("--config", path, "verify", folder=tmp_path)
    with closing(sqlite3.connect(tmp_path / "economy.db")) as books, books:
        books.execute("UPDATE account SET balance_z = 1000030 WHERE name = 'alice'")
    bad = run("--config", path, "verify", folder=tmp_path)

    assert good.returncode == 0, good.stderr
    assert "the books balance" in good.stdout
    assert "2 transfers" in good.stdout
    assert bad.returncode == 2
    assert "do NOT balance" in bad.stderr
    assert "alice" in bad.stderr
    assert "Traceback" not in bad.stderr


@pytest.mark.parametrize("content", [None, b"", b"not a database at all, " * 400])
def test_verify_without_books(tmp_path: Path, content: bytes | None) -> None:
    """No file, an empty one and a foreign one are told in a line and never made into books."""
    path = written(tmp_path)
    if content is not None:
        (tmp_path / "economy.db").write_bytes(content)
    done = run("--config", path, "verify", folder=tmp_path)

    assert done.returncode in {1, 2}
    assert "economy.db" in done.stderr
    assert "Traceback" not in done.stderr
    if content is None:
        assert not (tmp_path / "economy.db").exists()
    else:
        assert (tmp_path / "economy.db").read_bytes() == content


def test_backup_and_restore(tmp_path: Path) -> None:
    """A backup is verified; restore shows first what would change, and does it with --yes."""
    path = written(tmp_path)
    pay(tmp_path, 10)
    made = run("--config", path, "backup", "--directory", tmp_path / "copies", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    assert "verified" in made.stdout
    [copy] = (tmp_path / "copies").glob("*.db*")
    pay(tmp_path, 20, 30)
    assert wallet(tmp_path / "economy.db") == 60

    preview = run("--config", path, "restore", copy, folder=tmp_path)
    assert preview.returncode == 0, preview.stderr
    assert "2 transfers newer than the backup would be lost" in preview.stdout
    assert "Nothing was changed" in preview.stdout
    assert wallet(tmp_path / "economy.db") == 60

    done = run("--config", path, "restore", copy, "--yes", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert wallet(tmp_path / "economy.db") == 10
    kept = [each for each in tmp_path.iterdir() if each.name in done.stdout and each.suffix != ""]
    assert any(wallet(each) == 60 for each in kept if each.name != "economy.db")


def test_restore_of_a_broken_backup(tmp_path: Path) -> None:
    """A backup that is none is refused and the books stay."""
    path = written(tmp_path)
    pay(tmp_path, 10)
    (tmp_path / "copy.db").write_bytes(b"rubbish" * 1000)
    done = run("--config", path, "restore", tmp_path / "copy.db", "--yes", folder=tmp_path)

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert wallet(tmp_path / "economy.db") == 10


def test_a_backup_that_does_not_add_up(tmp_path: Path) -> None:
    """It is refused when it is shown already, with what is wrong, and the books stay."""
    path = written(tmp_path)
    pay(tmp_path, 10)
    copy = tmp_path / "copy.db"
    with closing(sqlite3.connect(tmp_path / "economy.db")) as books:
        books.execute("VACUUM INTO ?", (str(copy),))
    with closing(sqlite3.connect(copy)) as books, books:
        books.execute("UPDATE account SET balance_z = 1000030 WHERE name = 'alice'")
    for more in ((), ("--yes",)):
        done = run("--config", path, "restore", copy, *more, folder=tmp_path)
        assert done.returncode == 1
        assert str(copy) in done.stderr
        assert "1000030" in done.stderr
        assert "--yes" not in done.stdout
        assert "Traceback" not in done.stderr
    assert wallet(tmp_path / "economy.db") == 10


def test_a_relative_place_from_another_directory(tmp_path: Path) -> None:
    """Commands name the file they mean; new books are made where that is asked for, only."""
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    for folder in (home, elsewhere):
        folder.mkdir()
    path = written(home, database={"path": "economy.db"})
    pay(home, 10)
    here = str(home / "economy.db")
    copied = run("--config", path, "backup", "--directory", "copies", folder=home)
    [copy] = (home / "copies").glob("*.db")
    assert copied.stdout.startswith(f"{copy}: ")
    assert run("--config", path, "verify", folder=home).stdout.startswith(f"{here}: ")
    shown = run("--config", path, "restore", f"copies/{copy.name}", folder=home).stdout
    assert str(copy) in shown
    assert here in shown

    there = elsewhere / "economy.db"
    shown = run("--config", path, "restore", copy, folder=elsewhere).stdout
    assert str(there) in shown
    assert "Add --yes --new" in shown
    for command in (("restore", copy, "--yes"), ("verify",), ("backup",)):
        done = run("--config", path, *command, folder=elsewhere)
        assert done.returncode == 1, command
        assert "There are no books at this place" in done.stderr
        assert str(there) in done.stderr
        assert list(elsewhere.iterdir()) == []
    done = run("--config", path, "restore", copy, "--yes", "--new", folder=elsewhere)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"{there}: restored"
    assert wallet(there) == wallet(home / "economy.db") == 10


@pytest.mark.parametrize("link", ["symbolic", "hard"])
def test_a_second_process_through_another_name(tmp_path: Path, link: str) -> None:
    """Whatever the file is called there, a second process ends with its sentence."""
    pay(tmp_path, 10)
    books, other = tmp_path / "economy.db", tmp_path / "other.db"
    if link == "symbolic":
        other.symlink_to(books)
    else:
        other.hardlink_to(books)
    path = written(tmp_path, database={"path": str(other)})
    copied = run("--config", path, "backup", folder=tmp_path)
    assert copied.returncode == 0, copied.stderr
    [copy] = (other.parent / "backups").glob("*.db")
    with closing(Books.open(books)):
        for command in ((), ("restore", copy, "--yes"), ("verify", "--reopen", "somewhere")):
            done = run("--config", path, *command, folder=tmp_path)
            assert done.returncode == 1, command
            [line] = [each for each in done.stderr.splitlines() if "{" not in each[:5]]
            assert line.startswith("kryten-economy: Another process has these books open.")
            assert "Traceback" not in done.stderr
    assert wallet(books) == 10


ODD = """\
nats: {servers: ["nats://127.0.0.1:1"], connect_timeout: 1}
channels: [{domain: cytube.test, channel: somewhere}]
metrics: {enabled: false}
database: {path: economy.db}
curency: {symbol: Z}
inflation: {max_multiplier: 0.9}
balance_maintenance: {mode: "off"}
presence:
  hourly_milestones: {48: 5}
streaks:
  daily:
    rewards: {1: 5}
spending:
  queue_tiers: []
"""


async def test_a_start_with_an_odd_file(tmp_path: Path) -> None:
    """The service runs with it, and its log has each finding once with file, line and key."""
    path = tmp_path / "config.yaml"
    path.write_text(ODD, encoding="utf-8")
    log = tmp_path / "service.log"
    process = started(path, log, folder=tmp_path)
    try:
        await until(lambda: "service started" in log.read_text())
        process.send_signal(signal.SIGTERM)
        assert await left(process) == 0
    finally:
        process.kill()
        process.wait()
    lines = log.read_text().splitlines()
    for number, key in (
        (5, "curency"),
        (6, "inflation"),
        (9, "presence.hourly_milestones"),
        (12, "streaks.daily.rewards"),
        (14, "spending.queue_tiers"),
    ):
        [told] = [line for line in lines if f"config.yaml:{number}:" in line]
        assert key in told
        assert '"level": "warning"' in told


def test_a_folder_made_for_the_books(tmp_path: Path) -> None:
    """Nobody else can look into it, nor read what a start has put there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        books = tmp_path / "new" / "books" / "economy.db"
        path = written(
            tmp_path,
            database={"path": str(books)},
            metrics={"enabled": True, "port": port},
        )
        assert run("--config", path, folder=tmp_path).returncode == 1
    assert books.parent.stat().st_mode & 0o777 == 0o700
    assert books.exists()
    for each in books.parent.iterdir():
        assert each.stat().st_mode & 0o077 == 0, each


def test_a_used_port(tmp_path: Path) -> None:
    """A metrics port that somebody else holds is told in one line, exit code 1."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        path = written(tmp_path, metrics={"enabled": True, "port": port})
        done = run("--config", path, folder=tmp_path)

    assert done.returncode == 1
    assert str(port) in done.stderr
    assert "Traceback" not in done.stderr


async def test_the_running_service(nats_server: NatsServer, channel: str, tmp_path: Path) -> None:
    """The module serves the channel, keeps others off its books, and ends on SIGTERM with 0."""
    port = free_port()
    path = written(
        tmp_path,
        nats={"servers": [nats_server.url]},
        channels=[{"domain": "cytube.test", "channel": channel}],
        metrics={"enabled": True, "port": port},
    )
    robot = SimulatedRobot(nats_server.url, "cytube.test", channel)
    robot.room.account("boss", rank=5)
    robot.room.join("boss")
    log = tmp_path / "service.log"
    async with robot:
        process = started(path, log)
        try:
            await robot.service_started(timeout_s=20)
            await until(lambda: "present=1" in log.read_text() or '"present": 1' in log.read_text())
            assert "Granted 5 Z to boss" in await granted(robot)
            assert (await get(f"http://127.0.0.1:{port}/health"))[0] == 200
            copied = await beside("--config", path, "backup", folder=tmp_path)
            assert copied.returncode == 0, copied.stderr
            [copy] = (tmp_path / "backups").glob("*.db*")
            refused = await beside("--config", path, "restore", copy, "--yes", folder=tmp_path)
            assert refused.returncode == 1
            again = await beside("--config", path, folder=tmp_path)
            assert again.returncode == 1
            assert "Traceback" not in again.stderr
            process.send_signal(signal.SIGTERM)
            with anyio.fail_after(30):
                while process.poll() is None:  # noqa: ASYNC110  # a process sets no event
                    await anyio.sleep(0.02)
        finally:
            process.kill()
            process.wait()
    assert process.returncode == 0
    assert "Traceback" not in log.read_text()
    assert (await beside("--config", path, "verify", folder=tmp_path)).returncode == 0


def started(path: Path, log: Path, folder: Path | None = None) -> subprocess.Popen[bytes]:
    """The service as a process."""
    command = [sys.executable, "-m", "kryten_economy", "--config", str(path)]
    with log.open("wb") as stderr:
        return subprocess.Popen(command, stderr=stderr, cwd=folder)


async def granted(robot: SimulatedRobot) -> str:
    """The reply to a grant."""
    await robot.pm("boss", "grant boss 5")
    return await robot.wait_pm("boss", "Granted", timeout_s=20)


async def left(process: subprocess.Popen[bytes]) -> int:
    """The exit code."""
    with anyio.fail_after(30):
        while (code := process.poll()) is None:  # noqa: ASYNC110  # a process sets no event
            await anyio.sleep(0.02)
    return code


async def test_signals(nats_server: NatsServer, channel: str, tmp_path: Path) -> None:
    """SIGHUP reads the settings again, SIGUSR1 and SIGUSR2 do nothing, SIGQUIT drains."""
    here = {"channels": [{"domain": "cytube.test", "channel": channel}]}
    path = written(tmp_path, nats={"servers": [nats_server.url]}, **here)
    log = tmp_path / "service.log"
    process = started(path, log)
    try:
        await until(lambda: "service started" in log.read_text())
        for number in (signal.SIGUSR1, signal.SIGUSR2):
            process.send_signal(number)
        written(tmp_path, nats={"servers": [nats_server.url]}, currency={"symbol": "Q"}, **here)
        process.send_signal(signal.SIGHUP)
        await until(lambda: "configuration reloaded" in log.read_text())
        assert "currency.symbol" in log.read_text()
        path.write_text("currency: [", encoding="utf-8")
        process.send_signal(signal.SIGHUP)
        await until(lambda: "configuration not reloaded" in log.read_text())
        assert process.poll() is None
        process.send_signal(signal.SIGQUIT)
        assert await left(process) == 0
        assert "drained" in log.read_text()
    finally:
        process.kill()
        process.wait()


async def test_a_group_restart_wants_a_new_start(
    nats_server: NatsServer, channel: str, tmp_path: Path
) -> None:
    """The notice ends the process with the code by which systemd starts it again."""
    path = written(
        tmp_path,
        nats={"servers": [nats_server.url]},
        channels=[{"domain": "cytube.test", "channel": channel}],
        service={"name": f"economy-{channel}".lower()},
    )
    log = tmp_path / "service.log"
    process = started(path, log)
    try:
        await until(lambda: "the bus carries our messages" in log.read_text())
        async with connected_client(nats_server.url, channel) as client:
            notice = {"initiator": "ops", "reason": "update", "delay_seconds": 0}
            await client.publish("kryten.lifecycle.group.restart", notice)
            assert await left(process) == RESTART_EXIT_CODE != 0
        unit = (Path(__file__).parents[3] / "ops/kryten-economy.service").read_text()
        assert f"RestartForceExitStatus={RESTART_EXIT_CODE}" in unit
    finally:
        process.kill()
        process.wait()
