"""The container's build file and the compose file fit the program, and each other."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from tests.unit.ops.tools import OPS, checked_by, run

from kryten_economy import __version__
from kryten_economy.config import load
from kryten_economy.config.loading import SEARCH_ORDER

ROOT = OPS.parent
CONTAINERFILE = OPS / "Containerfile"
COMPOSE = OPS / "compose.yaml"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def steps(keyword: str) -> list[str]:
    """What follows this keyword, each on one line."""
    whole = CONTAINERFILE.read_text().replace("\\\n", " ")
    found = (line.partition(" ") for line in whole.splitlines() if not line.startswith("#"))
    return [" ".join(rest.split()) for word, _, rest in found if word == keyword]


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load(COMPOSE)
    return loaded


def copied() -> set[str]:
    """What is copied from the source tree."""
    froms = [each.split()[:-1] for each in steps("COPY") if not each.startswith("--from")]
    return {path for sources in froms for path in sources}


def test_only_known_steps() -> None:
    """Each line begins with a keyword of the format, and an image is named first."""
    known = "ARG|FROM|WORKDIR|COPY|RUN|ENV|USER|VOLUME|EXPOSE|STOPSIGNAL|HEALTHCHECK|ENTRYPOINT|CMD"
    lines = CONTAINERFILE.read_text().replace("\\\n", " ").splitlines()
    odd = [each for each in lines if each and not re.match(rf"#|({known}) \S", each)]

    assert odd == []
    assert [each.split()[0] for each in steps("FROM")] == ["${BASE}", "${BASE}"]
    assert steps("ARG")[0].startswith("BASE=docker.io/library/python:3.")


def test_what_is_copied_is_there_and_let_in() -> None:
    """All that the build needs is copied, exists, and is not kept out of the build's context."""
    needed = {"pyproject.toml", PROJECT["readme"], *PROJECT["license-files"], "src", "actors"}
    ignored = (ROOT / ".dockerignore").read_text()

    assert {each.removeprefix("./") for each in copied()} == needed | {"constraints.txt"}
    assert all((ROOT / each).exists() for each in copied())
    assert {each[1:] for each in ignored.splitlines() if each.startswith("!")} == copied()


def test_the_program_is_the_packages() -> None:
    """The container runs the installed command on the file where the service looks for it."""
    [entry], [arguments] = map(json.loads, steps("ENTRYPOINT")), map(json.loads, steps("CMD"))
    mounts = [each.split(":")[1] for each in compose()["services"]["economy"]["volumes"]]

    assert set(entry) <= set(PROJECT["scripts"])
    assert arguments == ["--config", str(SEARCH_ORDER[0])]
    assert str(SEARCH_ORDER[0]) in mounts


def test_the_books_outlive_the_container() -> None:
    """The directory that a relative path lies in is a volume that nobody but the service reads."""
    [*_, home] = steps("WORKDIR")
    [volumes] = map(json.loads, steps("VOLUME"))

    assert volumes == [home]
    assert any(f"-o kryten -g kryten -m 0700 {home}" in each for each in steps("RUN"))
    assert f"books:{home}" in compose()["services"]["economy"]["volumes"]
    assert set(compose()["volumes"]) == {"books", "nats"}


def test_nobody_is_root_in_it() -> None:
    """The service runs as a user of its own."""
    assert steps("USER") == ["kryten"]


def test_ports_and_health_are_the_services(tmp_path: Path) -> None:
    """Port and path that are asked are those of the settings that the container runs with."""
    economy = compose()["services"]["economy"]
    config = tmp_path / "config.yaml"
    config.write_text("nats: {servers: [x]}\nchannels: [{domain: d, channel: c}]\n")
    settings = load(config, economy["environment"]).settings
    port, path = settings.metrics.port, settings.metrics.health_path

    assert steps("EXPOSE") == [str(port)]
    assert f"http://127.0.0.1:{port}{path}" in steps("HEALTHCHECK")[0]
    assert economy["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert settings.metrics.host == "0.0.0.0"  # noqa: S104 - within the container
    assert settings.nats.servers == ("nats://nats:4222",)


def test_the_pages_are_closed_until_they_are_asked_for(tmp_path: Path) -> None:
    """No port of the pages is open by default; with the two lines of the compose file that are
    commented out they are on, reachable in the container, and published on the loopback address."""
    as_it_is = compose()["services"]["economy"]
    text = re.sub(r"# (?=KRYTEN_ECONOMY__WEB|- \"127)", "", COMPOSE.read_text())
    opened = YAML(typ="safe").load(text)["services"]["economy"]
    config = tmp_path / "config.yaml"
    config.write_text("nats: {servers: [x]}\nchannels: [{domain: d, channel: c}]\n")
    web = load(config, opened["environment"]).settings.web

    assert load(config, as_it_is["environment"]).settings.web is None
    assert web is not None
    assert web.host == "0.0.0.0"  # noqa: S104 - within the container
    assert opened["ports"][1:] == [f"127.0.0.1:{web.port}:{web.port}"]
    assert f"\n# EXPOSE {web.port}\n" in CONTAINERFILE.read_text()


def test_compose_starts_nats_with_jetstream() -> None:
    """NATS has JetStream and a place to keep it, and no port that strangers reach."""
    nats = compose()["services"]["nats"]

    assert "--jetstream" in nats["command"]
    assert nats["volumes"] == [f"nats:{nats['command'][-1]}"]
    assert all(each.startswith("127.0.0.1:") for each in nats["ports"])
    assert compose()["services"]["economy"]["depends_on"] == ["nats"]


def test_compose_builds_this_containerfile() -> None:
    """The build's context is the repository, seen from the file's own place."""
    build = compose()["services"]["economy"]["build"]
    context = (COMPOSE.parent / build["context"]).resolve()

    assert context == ROOT.resolve()
    assert (context / build["dockerfile"]).resolve() == CONTAINERFILE.resolve()


def test_compose_has_only_keys_of_compose() -> None:
    """The schema of Compose itself finds no fault."""
    checker = shutil.which("check-jsonschema", path=str(Path(sys.executable).parent))
    assert checker is not None, "check-jsonschema is part of the extra dev"
    run([checker, "--builtin-schema", "vendor.compose-spec", COMPOSE])


@pytest.mark.slow
def test_a_compose_tool_reads_it() -> None:
    """Where Compose is installed, it takes the file as it is."""
    tool = checked_by("docker-compose", required_in_ci=False)
    run([tool, "-f", COMPOSE, "config", "-q"])


def engine() -> str:
    """A container tool that works here and has the base image; without one the test is skipped."""
    base = steps("ARG")[0].partition("=")[2]
    for name in ("podman", "docker"):
        tool = shutil.which(name)
        if tool is None:
            continue
        command = [tool, "run", "--rm", "--pull=never", base, "python3", "--version"]
        if subprocess.run(command, check=False, capture_output=True, timeout=50).returncode == 0:
            return tool
    pytest.skip("no container tool works here, or none has the base image")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_it_is_built_and_runs() -> None:
    """Where a container tool is at hand, the image is built, and the command in it answers."""
    tool = engine()
    tag = "kryten-economy-test"
    for command in (
        [tool, "build", "-f", str(CONTAINERFILE), "-t", tag, str(ROOT)],
        [tool, "run", "--rm", tag, "--version"],
    ):
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=800)
        assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"kryten-economy {__version__}"
