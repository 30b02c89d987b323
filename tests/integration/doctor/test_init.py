"""`kryten-economy init`: what it asks, what it finds, what it writes."""

import io
import json
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import anyio
import pytest
from tests.integration.doctor.installation import Installation

from economy_sandbox.nats import NatsServer
from economy_sandbox.robot import SimulatedRobot
from kryten_economy.cli import main
from kryten_economy.cli.run import check_config
from kryten_economy.config import load

NOWHERE = "nats://127.0.0.1:1"


class Done(NamedTuple):
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: object, folder: Path, typed: str = "") -> Done:
    """Run the command in this process; ``typed`` is what somebody answers, "" that nobody does."""
    out, err = io.StringIO(), io.StringIO()
    with (
        chdir(folder),
        redirect_stdout(out),
        redirect_stderr(err),
        pytest.MonkeyPatch.context() as m,
    ):
        m.setattr(sys, "stdin", io.StringIO(typed))
        code = main([*map(str, arguments)])
    return Done(code, out.getvalue(), err.getvalue())


async def beside(*arguments: object, folder: Path, typed: str = "") -> Done:
    """The same while the bus goes on."""
    return await anyio.to_thread.run_sync(lambda: run(*arguments, folder=folder, typed=typed))


async def test_flags_write_a_file_that_the_doctor_accepts(
    nats_server: NatsServer, channel: str, robot: SimulatedRobot, tmp_path: Path
) -> None:
    """With NATS, the robot and the owner there, all is told as found, and the file is valid."""
    await robot.join("boss", 5)
    await robot.settled()
    done = await beside(
        "init", "--yes", "--channel", channel, "--domain", robot.domain, "--bot", robot.bot,
        "--owner", "Boss", "--nats", nats_server.url, "--output", "mine.yaml",
        folder=tmp_path,
    )  # fmt: skip
    path = tmp_path / "mine.yaml"

    assert done.returncode == 0, done.stderr
    assert "FAIL" not in done.stdout
    assert "Boss has rank 5 and may give admin commands" in done.stdout
    assert "mine.yaml doctor" in done.stdout
    assert path.stat().st_mode & 0o777 == 0o600
    assert "Boss has 5" in path.read_text()
    assert check_config(path, strict=True) == 0
    settings = load(path, {}).settings
    assert settings.nats.servers == (nats_server.url,)
    assert [(each.domain, each.channel) for each in settings.channels] == [(robot.domain, channel)]
    seen = await beside("--config", path, "doctor", "--json", folder=tmp_path)
    assert seen.returncode == 0, seen.stdout


async def test_questions(
    nats_server: NatsServer, channel: str, robot: SimulatedRobot, tmp_path: Path
) -> None:
    """What no flag gives is asked; Return takes the default, and a page's address is a host."""
    typed = f"\n{channel}\nhttps://cytube.test/r/{channel}\n\n\n{nats_server.url}\n"
    done = await beside("init", folder=tmp_path, typed=typed)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "exact case" in done.stdout
    assert "[ZCoinBot]" in done.stdout
    [place] = load(tmp_path / "config.yaml", {}).settings.channels
    assert (place.domain, place.channel) == ("cytube.test", channel)


@pytest.mark.parametrize(("said", "code"), [("n\n", 1), ("\n", 1), ("y\n", 0)])
def test_nobody_is_reached(tmp_path: Path, said: str, code: int) -> None:
    """What is missing is told, and whether to write all the same is asked."""
    flags = ("--channel", "c", "--domain", "d.test", "--bot", "b", "--owner", "o", "--nats")
    done = run("init", *flags, NOWHERE, folder=tmp_path, typed=said)

    assert done.returncode == code
    assert "FAIL  nats" in done.stdout
    assert "Write it all the same? [y/N]" in done.stdout
    assert (tmp_path / "config.yaml").exists() is (code == 0)


def test_yes_goes_on_with_a_warning(tmp_path: Path) -> None:
    """`--yes` writes in any case and says what is to be mended."""
    done = run("init", "--yes", "--channel", "c", "--nats", NOWHERE, folder=tmp_path)

    assert done.returncode == 0
    assert "FAIL  nats" in done.stdout
    assert "warning: written all the same" in done.stderr
    assert load(tmp_path / "config.yaml", {}).settings.channels[0].domain == "cytu.be"


def test_a_file_that_exists_is_left_alone(tmp_path: Path) -> None:
    """Nothing is overwritten without --force, and nothing is asked before that is said."""
    path = tmp_path / "config.yaml"
    path.write_text("mine")
    flags = ("init", "--yes", "--channel", "c", "--nats", NOWHERE)
    refused = run(*flags, folder=tmp_path)

    assert refused.returncode == 1
    assert "--force" in refused.stderr
    assert path.read_text() == "mine"
    assert run(*flags, "--force", folder=tmp_path).returncode == 0
    assert load(path, {}).settings.channels[0].channel == "c"
    assert [each.name for each in tmp_path.iterdir()] == ["config.yaml"]


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--yes",), "please give --channel"),
        ((), "please give flags and --yes"),
        (("--yes", "--channel", "c", "--nats", "ftp://x"), "nats://localhost:4222"),
    ],
)
def test_what_can_not_be_used(tmp_path: Path, flags: tuple[str, ...], told: str) -> None:
    """A missing or impossible answer is told with what is allowed, and nothing is written."""
    done = run("init", *flags, folder=tmp_path)

    assert done.returncode == 1
    assert told in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_names_that_yaml_would_read_otherwise(tmp_path: Path) -> None:
    """Whatever somebody is called, the service reads it as it was given."""
    output = tmp_path / "odd.yaml"
    names = ("--channel", 'a"b: {c} # x', "--domain", "null", "--bot", "007")
    run("init", "--yes", *names, "--nats", NOWHERE, "--output", output, folder=tmp_path)
    settings = load(output, {}).settings

    assert settings.channels[0].channel == 'a"b: {c} # x'
    assert settings.channels[0].domain == "null"
    assert settings.bot.username == "007"


def test_the_place_of_the_file_is_not_there(tmp_path: Path) -> None:
    """A directory that does not exist is told by its name."""
    output = tmp_path / "none" / "c.yaml"
    flags = ("--yes", "--channel", "c", "--nats", NOWHERE, "--output", output)
    done = run("init", *flags, folder=tmp_path)

    assert done.returncode == 1
    assert str(output) in done.stderr


async def test_the_owner_has_too_low_a_rank(sound: Installation, robot_of: SimulatedRobot) -> None:
    """An owner who could not give admin commands is warned about it."""
    await robot_of.join("carol", 2)
    await robot_of.settled()
    url = json.loads(sound.config.read_text())["nats"]["servers"][0]
    done = await beside(
        "init", "--yes", "--channel", sound.channel, "--domain", robot_of.domain, "--nats", url,
        "--owner", "carol", "--output", "new.yaml", folder=sound.folder,
    )  # fmt: skip

    assert done.returncode == 0
    assert "WARN  owner" in done.stdout
    assert "carol has rank 2; admin commands need 4" in done.stdout
