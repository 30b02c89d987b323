"""The wheel: what is in it, what it asks for, and that it works where only it is (P-CFG-9)."""

import ast
import email
import importlib.metadata
import os
import re
import subprocess
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
OWN = {"kryten_economy", "economy_actors", "economy_sandbox"}
PINNED = {"pydantic-core": "pydantic"}
"""Parts of a library that it asks for in exactly its own version, and documents as its own."""
ON_EXTRAS = (
    (ROOT / "actors" / "economy_sandbox", "demo"),
    (ROOT / "src" / "kryten_economy" / "migration" / "postgres.py", "import"),
    (ROOT / "src" / "kryten_economy" / "whatif" / "charts.py", "what-if"),
)
"""Which files need what only an extra brings."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this source tree without the network."""
    folder = tmp_path_factory.mktemp("dist")
    pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder), str(ROOT))
    [built] = folder.glob("*.whl")
    return built


def pip(*arguments: str) -> None:
    """Run pip; its output is shown when it fails."""
    command = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=55, check=False)
    assert done.returncode == 0, done.stderr


def normal(name: str) -> str:
    """A distribution's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def required(wheel: Path) -> tuple[set[str], dict[str, set[str]]]:
    """The distributions that are always installed, and those of each extra."""
    with zipfile.ZipFile(wheel) as archive:
        [path] = [name for name in archive.namelist() if name.endswith("METADATA")]
        metadata = email.message_from_bytes(archive.read(path))
    always: set[str] = set()
    extras: dict[str, set[str]] = defaultdict(set)
    for line in metadata.get_all("Requires-Dist", []):
        name = re.match(r"[\w.-]+", line)
        assert name is not None, line
        extra = re.search(r"extra == ['\"]([\w-]+)", line)
        (always if extra is None else extras[extra[1]]).add(normal(name[0]))
    return always, extras


def imported(path: Path) -> set[str]:
    """The top-level modules a source file imports that are neither Python's nor ours."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import():
                names |= {alias.name.partition(".")[0] for alias in node.names}
            case ast.ImportFrom(module=str(module), level=0):
                names.add(module.partition(".")[0])
            case _:
                pass
    return names - OWN - sys.stdlib_module_names


def sources() -> Iterator[Path]:
    """All source files of both packages."""
    yield from (ROOT / "src").rglob("*.py")
    yield from (ROOT / "actors").rglob("*.py")


def test_the_wheel_holds_every_source_file(wheel: Path) -> None:
    """Both packages are in it whole, with the schema, and nothing but them."""
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = {
        path.relative_to(room).as_posix()
        for room in (ROOT / "src", ROOT / "actors")
        for pattern in ("*.py", "*.sql", "py.typed")
        for path in room.rglob(pattern)
    }

    assert expected <= held
    assert {name.partition("/")[0] for name in held} == OWN
    assert len([name for name in held if name.endswith(".sql")]) >= 4
    assert not [name for name in held if name.endswith((".pyc", ".db"))]


def test_the_wheel_asks_for_all_it_imports(wheel: Path) -> None:
    """Every imported distribution is a requirement; only two places may lean on their extra."""
    always, extras = required(wheel)
    providers = importlib.metadata.packages_distributions()
    missing: set[tuple[str, str]] = set()
    for path in sources():
        allowed = always.union(
            *(extras[extra] for place, extra in ON_EXTRAS if path.is_relative_to(place))
        )
        for module in imported(path):
            names = {normal(name) for name in providers.get(module, ())}
            if not {PINNED.get(name, name) for name in names} & allowed:
                missing.add((path.relative_to(ROOT).as_posix(), module))

    assert not missing


def test_nothing_is_asked_for_in_vain(wheel: Path) -> None:
    """Every requirement is imported somewhere, but for data that a library looks for."""
    always, _ = required(wheel)
    providers = importlib.metadata.packages_distributions()
    used = {
        normal(name)
        for path in sources()
        for module in imported(path)
        for name in providers.get(module, ())
    }

    assert always - used <= {"tzdata"}


def test_the_wheel_works(wheel: Path, tmp_path: Path) -> None:
    """Installed from the wheel alone, the command opens new books and verifies them."""
    target = tmp_path / "site"
    pip("install", "--no-deps", "--no-index", "--target", str(target), str(wheel))
    config = tmp_path / "config.yaml"
    config.write_text(
        "nats: {servers: ['nats://127.0.0.1:1']}\n"
        "channels: [{domain: cytube.test, channel: c}]\n"
        "metrics: {enabled: false}\n"
        f"database: {{path: '{tmp_path / 'economy.db'}'}}\n",
        encoding="utf-8",
    )
    program = (
        "import sys, kryten_economy, economy_actors\n"
        "from pathlib import Path\n"
        "from kryten_economy.ledger.books import Books\n"
        "print(kryten_economy.__file__, economy_actors.__file__)\n"
        f"Books.open(Path({str(tmp_path / 'economy.db')!r})).close()\n"
        "from kryten_economy.cli import main\n"
        f"sys.exit(main(['--config', {str(config)!r}, 'verify']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(target)},
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert done.stdout.count(str(target)) == 2
    assert "the books balance" in done.stdout
