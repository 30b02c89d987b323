"""What goes out with a release: the metadata, and what is in each archive."""

import email
import re
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from pathlib import Path

import pytest

from kryten_economy import __version__

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The source archive, and the wheel that is built from nothing but it."""
    folder = tmp_path_factory.mktemp("release")
    build(ROOT, "sdist", folder)
    [source] = folder.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        archive.extractall(folder, filter="data")
    build(folder / source.name.removesuffix(".tar.gz"), "wheel", folder)
    [wheel] = folder.glob("*.whl")
    return source, wheel


def build(tree: Path, target: str, folder: Path) -> None:
    """Build as an index would have it; the back end refuses classifiers that do not exist."""
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)],
        cwd=tree, capture_output=True, text=True, timeout=55, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def metadata(wheel: Path) -> Message:
    """What the index shows."""
    with zipfile.ZipFile(wheel) as archive:
        [path] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return email.message_from_bytes(archive.read(path))


def test_the_index_can_show_it(archives: tuple[Path, Path]) -> None:
    """Name, version, licence, texts, classifiers and addresses are all there."""
    told = metadata(archives[1])
    urls = dict(each.split(", ", 1) for each in told.get_all("Project-URL", []))
    classifiers = told.get_all("Classifier", [])

    assert (told["Name"], told["Version"]) == ("kryten-economy", __version__)
    assert (told["License-Expression"], told["License-File"]) == ("MIT", "LICENSE")
    assert told["Description-Content-Type"] == "text/markdown"
    assert "# kryten-economy" in str(told.get_payload())
    assert 20 < len(told["Summary"]) < 200
    assert {"Homepage", "Documentation", "Changelog", "Issues"} <= set(urls)
    assert all(url.startswith("https://") for url in urls.values())
    assert urls["Changelog"].endswith("/CHANGELOG.md")
    assert {each.partition(" :: ")[0] for each in classifiers} >= {
        "Development Status", "Environment", "Intended Audience", "Operating System",
        "Programming Language", "Topic", "Typing",
    }  # fmt: skip
    assert not [each for each in classifiers if each.startswith("License ::")]


def test_the_pythons_are_those_that_it_runs_on(archives: tuple[Path, Path]) -> None:
    """The oldest Python asked for is the oldest that is named."""
    told = metadata(archives[1])
    named = re.findall(r"Python :: 3\.(\d+)", " ".join(told.get_all("Classifier", [])))

    assert told["Requires-Python"] == f">=3.{min(map(int, named))}"


def test_the_change_log_tells_of_this_version() -> None:
    """The newest entry is that of the version that is built."""
    entries = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert entries[0] == __version__


def test_the_source_archive_is_whole(archives: tuple[Path, Path]) -> None:
    """Sources, tests, pages, what operators need, licence and lock file are in it; no books."""
    source, _ = archives
    with tarfile.open(source) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    expected = {
        path.relative_to(ROOT).as_posix()
        for folder in ("src", "actors", "ops", "docs")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert expected <= held
    assert {
        "LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml", "config.example.yaml",
        "constraints.txt", "justfile", "ops/Containerfile", "ops/compose.yaml",
        "tests/unit/cli/test_jobs.py", ".dockerignore",
    } <= held  # fmt: skip
    assert not [name for name in held if name.endswith((".pyc", ".db", ".db-wal"))]


def test_the_wheel_of_the_source_archive(archives: tuple[Path, Path]) -> None:
    """It holds every module with the schema and the mark that it is typed, licence and command."""
    with zipfile.ZipFile(archives[1]) as archive:
        held = set(archive.namelist())
        [entries] = [name for name in held if name.endswith("entry_points.txt")]
        commands = archive.read(entries).decode()
    tables = {path.name for path in (ROOT / "src/kryten_economy/ledger/sql").glob("*.sql")}

    assert "kryten_economy/py.typed" in held
    assert {f"kryten_economy/ledger/sql/{name}" for name in tables} <= held
    assert {"economy_actors/service.py", "economy_sandbox/demo.py"} <= held
    assert [name for name in held if name.endswith(".dist-info/licenses/LICENSE")]
    assert "kryten-economy = kryten_economy.cli:main" in commands
