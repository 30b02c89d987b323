"""`kryten-economy doctor`: each fault is found by its own line, with what to do, and code 1."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.doctor.installation import HOUR_MS, Installation, now_ms

from economy_actors.context import LiveSettings
from economy_actors.service import open_service
from economy_sandbox import process, queries
from economy_sandbox.catalogue import MediaCmsSite
from economy_sandbox.nats import NatsServer
from economy_sandbox.robot import SimulatedRobot
from kryten_economy.config import load
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.errors import BooksInUse
from kryten_economy.ledger.invariants import verify

pytestmark = pytest.mark.slow

SINCE_NATS = "accounts { A { jetstream: enabled, users: [ {user: robot, password: r}, %s ] } }"


async def test_a_sound_installation(sound: Installation) -> None:
    """All checks pass, in the order in which one mends things, and the exit code is 0."""
    verdict = await sound.doctor()

    assert (verdict.code, verdict.wrong(), verdict.odd()) == (0, set(), set()), verdict.checks
    assert list(verdict.checks) == [
        "config",
        "nats",
        "jetstream",
        f"robot {sound.channel}",
        "userstats",
        "service",
        "mediacms",
        "database",
        "disk",
        "clock",
        "permissions",
        "backups",
    ]


async def test_a_person_reads_a_line_for_each_check(sound: Installation) -> None:
    """Without `--json` each check is one line: verdict, check, what was found, what to do."""
    sound.back_up(age_ms=100 * HOUR_MS)
    done = await sound.run("--config", sound.config, "doctor")
    lines = done.stdout.splitlines()

    assert done.returncode == 1
    assert len(lines) == 12
    assert lines[0].startswith("PASS  config ")
    assert lines[-1].startswith("FAIL  backups ")
    assert "kryten-economy backup" in lines[-1].partition(" -> ")[2]


async def test_beside_the_running_service(
    sound: Installation, site: MediaCmsSite, robot_of: SimulatedRobot
) -> None:
    """It sees the service, leaves the lock to it, and the service goes on taking money."""
    live = LiveSettings(load(sound.config, {}).settings, sound.config)
    async with open_service(live):
        await robot_of.service_started()
        before = sound.books.stat().st_mtime_ns
        verdict = await sound.doctor_apart()

        assert verdict.code == 0, verdict.checks
        assert verdict.line("service").startswith("runs, version ")
        assert sound.books.stat().st_mtime_ns == before
        with pytest.raises(BooksInUse):
            Books.open(sound.books)
        await robot_of.join("carol", 1)
        assert "100" in await robot_of.ask("carol", "balance")
    assert verify(sound.books).ok


async def test_it_announces_nobody(sound: Installation, robot_of: SimulatedRobot) -> None:
    """The robot never hears of another economy service, so nobody is taken for a rival."""
    await sound.doctor()
    await robot_of.settled()

    assert "economy" not in robot_of._registry.names


# Faults


async def test_a_broken_configuration(sound: Installation) -> None:
    """The first fault is told with file, line and key; nothing else is looked at."""
    sound.write(timezone="Mars/Olympus")
    verdict = await sound.doctor()

    assert (verdict.code, set(verdict.checks)) == (1, {"config"})
    assert "timezone: found 'Mars/Olympus'" in verdict.line("config")
    assert "--validate-config" in verdict.line("config")


async def test_a_wrong_password(sound: Installation, tmp_path: Path) -> None:
    """NATS refuses us: the server's own word is told, and not the password."""
    users = "{user: economy, password: right}"
    async with NatsServer(store_dir=tmp_path / "n", config=SINCE_NATS % users) as server:
        sound.write(nats={"servers": [server.url], "user": "economy", "password": "wr0ng"})
        verdict = await sound.doctor()

    assert (verdict.code, verdict.wrong()) == (1, {"nats"})
    assert "Authorization Violation" in verdict.line("nats")
    assert "wr0ng" not in str(verdict.checks)


async def test_no_nats_at_all(sound: Installation) -> None:
    """Nobody listens there: what hangs on NATS is not known, and what does not is checked."""
    sound.write(nats={"servers": ["nats://someone:secret@127.0.0.1:1"]})
    verdict = await sound.doctor()

    assert (verdict.code, verdict.wrong()) == (1, {"nats"})
    assert {"jetstream", f"robot {sound.channel}"} <= verdict.odd()
    assert verdict.checks["database"]["status"] == "PASS"
    assert "secret" not in str(verdict.checks)


async def test_an_account_without_rights(sound: Installation, tmp_path: Path) -> None:
    """What our account may not do is named, subject by subject."""
    users = (
        "{user: economy, password: e, permissions: {"
        ' publish: {allow: ["kryten.economy.command", "$JS.API.>"]},'
        ' subscribe: {allow: ["_INBOX.>", "kryten.economy.command", "kryten.lifecycle.>"]}}}'
    )
    async with NatsServer(store_dir=tmp_path / "n", config=SINCE_NATS % users) as server:
        sound.write(nats={"servers": [server.url], "user": "economy", "password": "e"})
        verdict = await sound.doctor()

    assert "nats" in verdict.wrong()
    line = verdict.line("nats")
    assert "publish to kryten.robot.command" in line
    assert f"subscribe to kryten.events.cytube.{sound.channel.lower()}.>" in line
    assert "ops/nats-permissions.conf" in line


async def test_no_jetstream(sound: Installation, tmp_path: Path) -> None:
    """A server without JetStream is told to be started with it."""
    async with NatsServer(store_dir=tmp_path / "n", jetstream=False) as server:
        sound.write(nats={"servers": [server.url]})
        verdict = await sound.doctor()

    assert verdict.code == 1
    assert verdict.wrong() == {"jetstream", f"robot {sound.channel}"}
    assert "-js" in verdict.line("jetstream")


async def test_no_robot(sound: Installation, robot_of: SimulatedRobot) -> None:
    """Nobody answers for the channel."""
    await robot_of.stop()
    verdict = await sound.doctor()

    assert (verdict.code, verdict.wrong()) == (1, {f"robot {sound.channel}"})
    assert "start kryten-robot" in verdict.line(f"robot {sound.channel}")


async def test_a_robot_without_cytube(sound: Installation, robot_of: SimulatedRobot) -> None:
    """A robot that has lost CyTube runs, and is told not to be in its channel."""
    told = queries.second_answer

    def lost(facts: queries.Facts, command: str) -> dict[str, Any] | None:
        answer = told(facts, command)
        return None if answer is None else {**answer, "cytube_connected": False}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "second_answer", lost)
        verdict = await sound.doctor()

    assert (verdict.code, verdict.wrong()) == (1, {f"robot {sound.channel}"})
    assert "not in its channel" in verdict.line(f"robot {sound.channel}")


async def test_a_bot_of_another_name(sound: Installation) -> None:
    """A bot that is missing from the channel's list is told by its name."""
    sound.write(bot={"username": "SomebodyElse"})
    verdict = await sound.doctor()

    assert (verdict.code, verdict.wrong()) == (1, {f"robot {sound.channel}"})
    assert "SomebodyElse is not in the channel" in verdict.line(f"robot {sound.channel}")
    assert "bot.username" in verdict.line(f"robot {sound.channel}")


async def test_a_rank_too_low(sound: Installation, robot_of: SimulatedRobot) -> None:
    """What the rank does not allow is named; whoever switches it off may have the rank."""
    await robot_of.rank_bot(1)
    await robot_of.settled()
    verdict = await sound.doctor()
    line = verdict.line(f"robot {sound.channel}")

    assert (verdict.code, verdict.wrong()) == (1, {f"robot {sound.channel}"})
    assert "rank 1, too low for paid films" in line
    assert "chat colours" in line
    assert "give it rank 3" in line

    sound.write(
        mediacms={"base_url": ""},
        vanity_shop={"chat_color": {"enabled": False}},
        cytube_promotion={"enabled": False},
    )
    assert (await sound.doctor()).code == 0


@pytest.mark.parametrize(
    ("key", "written", "advice"),
    [
        ("domain", "other.test", "write domain: cytube.test"),
        ("channel", "CHAN{}", "write channel: Chan{}"),
    ],
)
async def test_another_place_than_the_robots(
    sound: Installation, key: str, written: str, advice: str
) -> None:
    """A domain or spelling that is not the robot's is told with the one to write."""
    [configured] = sound.settings["channels"]
    number = sound.channel.removeprefix("Chan")
    sound.write(channels=[{**configured, key: written.format(number)}])
    verdict = await sound.doctor()
    [check] = verdict.wrong()

    assert (verdict.code, check.partition(" ")[0]) == (1, "robot")
    assert advice.format(number) in verdict.line(check)


async def test_an_old_robot(sound: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """A robot of before the words we speak is told with its version."""
    monkeypatch.setattr(queries, "VERSION", "1.4.2")
    verdict = await sound.doctor()

    assert (verdict.code, verdict.wrong()) == (1, {f"robot {sound.channel}"})
    assert "kryten-robot 1.4.2 is older than 1.12" in verdict.line(f"robot {sound.channel}")


async def test_a_catalogue_that_is_a_web_page(sound: Installation, site: MediaCmsSite) -> None:
    """HTML with status 200 is no catalogue."""
    site.failure = 200
    verdict = await sound.doctor()

    assert (verdict.code, verdict.wrong()) == (1, {"mediacms"})
    assert "mediacms.base_url" in verdict.line("mediacms")


async def test_a_database_that_is_none(sound: Installation) -> None:
    """A file of something else is named, and left as it is."""
    sound.books.write_bytes(b"Dear diary, " * 1000)
    verdict = await sound.doctor()

    assert (verdict.code, verdict.wrong()) == (1, {"database"})
    assert "damaged or no database" in verdict.line("database")
    assert sound.books.read_bytes() == b"Dear diary, " * 1000


async def test_a_newer_schema(sound: Installation) -> None:
    """Books of a later version tell to run that version."""
    sound.change("PRAGMA user_version = 4711")
    verdict = await sound.doctor()

    assert (verdict.code, verdict.wrong()) == (1, {"database"})
    assert "schema 4711" in verdict.line("database")
    assert "Run that version" in verdict.line("database")


async def test_unbalanced_books(sound: Installation) -> None:
    """Two changes that cancel each other out are found as well: whose, expected and found."""
    sound.change(
        "UPDATE account SET balance_z = balance_z + 5 WHERE name = 'alice';"
        "UPDATE account SET balance_z = balance_z - 5 WHERE kind = 'mint';"
    )
    verdict = await sound.doctor()

    assert (verdict.code, verdict.wrong()) == (1, {"database"})
    assert "do not balance" in verdict.line("database")


async def test_a_channel_that_takes_no_money(sound: Installation) -> None:
    """A read-only channel is named with its reason and the way back."""
    sound.change("UPDATE channel SET read_only_reason = 'odd sum', read_only_since_ms = 1")
    verdict = await sound.doctor()

    assert (verdict.code, verdict.wrong()) == (1, {"database"})
    assert f"{sound.channel} takes no money: odd sum" in verdict.line("database")
    assert "--reopen" in verdict.line("database")


async def test_rescued_books(sound: Installation) -> None:
    """Books that were taken away and saved wait for a decision, which is told."""
    shutil.copy(sound.books, f"{sound.books}.rescued-1")
    verdict = await sound.doctor()

    assert (verdict.code, verdict.wrong()) == (1, {"database"})
    assert "rescued-1" in verdict.line("database")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few megabytes."""
    place = tmp_path / "small"
    place.mkdir(mode=0o700)
    command = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", str(place)]
    if subprocess.run(command, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


async def test_a_full_disk(sound: Installation, small_disk: Path) -> None:
    """A disk on which the books could not grow is told with what is left on it."""
    sound.books = small_disk / "economy.db"
    sound.write(database={"path": str(sound.books)})
    sound.pay()
    sound.back_up()
    verdict = await sound.doctor()

    assert (verdict.code, verdict.wrong()) == (1, {"disk"})
    assert str(small_disk) in verdict.line("disk")
    assert "make room" in verdict.line("disk")


async def test_a_robot_in_another_hour(sound: Installation, robot_of: SimulatedRobot) -> None:
    """Whose clock is off, and by how much and in which direction, is told."""
    robot_of.clock = lambda: now_ms() / 1000 - 3600
    verdict = await sound.doctor()

    assert (verdict.code, verdict.wrong()) == (1, {"clock"})
    assert f"the robot of {sound.channel} is 3,600 s behind" in verdict.line("clock")


async def test_a_clock_that_was_set_back(sound: Installation) -> None:
    """Entries of the books that are still to come say that this machine's clock is wrong."""
    sound.pay(2, now_ms() + 48 * HOUR_MS)
    verdict = await sound.doctor()

    assert (verdict.code, verdict.wrong()) == (1, {"clock"})
    assert "the last entry of the books is 172,7" in verdict.line("clock")


async def test_a_directory_that_cannot_be_written_to(sound: Installation) -> None:
    """Asked by root it is judged for the owner of the books, who is named."""
    backups = sound.backups
    if os.geteuid() == 0:
        for path in (
            sound.folder,
            sound.config,
            backups,
            sound.books.parent,
            *sound.books.parent.iterdir(),
        ):
            os.chown(path, 65534, 65534)
    backups.chmod(0o500)
    try:
        verdict = await sound.doctor()
    finally:
        backups.chmod(0o700)

    assert (verdict.code, verdict.wrong()) == (1, {"permissions"})
    assert f"{backups} can't be written to" in verdict.line("permissions")


async def test_books_of_somebody_else(sound: Installation) -> None:
    """A log that another user has left beside the books is named."""
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    sound.give_to(65534)
    lock = sound.books.with_name("economy.db.lock")
    os.chown(lock, 0, 0)
    lock.chmod(0o600)
    verdict = await sound.doctor()

    assert (verdict.code, verdict.wrong()) == (1, {"permissions"})
    assert f"{lock} can't be read and written" in verdict.line("permissions")


async def test_a_place_that_can_not_be_looked_at(sound: Installation) -> None:
    """What the system says of a path becomes a line like any other, and the rest is checked."""
    sound.write(database={"path": f"{sound.folder}/{'x' * 300}.db", "backup_directory": ""})
    verdict = await sound.doctor()

    assert verdict.code == 1
    assert "File name too long" in verdict.line("database")
    assert verdict.checks["nats"]["status"] == "PASS"
    assert len(verdict.checks) == 12


async def test_an_old_backup(sound: Installation) -> None:
    """A backup older than the settings promise is told with its age."""
    sound.back_up(age_ms=27 * HOUR_MS)
    verdict = await sound.doctor()

    assert (verdict.code, verdict.wrong()) == (1, {"backups"})
    assert "27 h old, one is due every 24" in verdict.line("backups")


async def test_no_backup_of_old_books(sound: Installation) -> None:
    """None at all fails where the books are old enough, and is told where they are young."""
    shutil.rmtree(sound.backups)
    young = await sound.doctor()
    sound.books.unlink()
    sound.pay(1, now_ms() - 100 * HOUR_MS)
    old = await sound.doctor()

    assert (young.code, young.odd()) == (0, {"backups"})
    assert (old.code, old.wrong()) == (1, {"backups"})


async def test_what_is_only_odd(sound: Installation, nats_server: NatsServer) -> None:
    """New books, and backups that somebody else makes, are told and fail nothing."""
    shutil.rmtree(sound.books.parent)
    sound.books.parent.mkdir(mode=0o700)
    sound.write(database={"backup_interval_hours": 0})
    verdict = await sound.doctor()

    assert (verdict.code, verdict.odd()) == (0, {"database", "backups"})
    assert list(sound.books.parent.iterdir()) == []
