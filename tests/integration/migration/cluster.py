"""A PostgreSQL server of its own for tests, in a folder that goes away with it."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

__all__ = ("binaries", "cluster")

_DEBIAN = Path("/usr/lib/postgresql")
_START_S = 60


def binaries() -> Path | None:
    """The folder with initdb and postgres: Debian keeps one of each version out of the path."""
    versions = sorted(_DEBIAN.glob("*/bin"), key=lambda each: each.parent.name)
    found = shutil.which("initdb")
    folders = [*reversed(versions), *([Path(found).resolve().parent] if found else [])]
    return next((each for each in folders if (each / "postgres").exists()), None)


def _user() -> str | None:
    """Whom the server runs as: it refuses to be root."""
    if os.geteuid() != 0:
        return None
    known = {each.pw_name for each in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """A running server; the DSN of its empty database. It listens in its folder only."""
    user = _user()
    # The folders of tests are closed to other users, and a socket's path must be short.
    home = Path(mkdtemp(prefix="pg-"))
    try:
        if user is not None:
            shutil.chown(home, user)
        data = home / "data"
        initdb: list[Path | str] = [
            folder / "initdb",
            "-D",
            data,
            "-A",
            "trust",
            "-U",
            "econ",
            "--no-sync",
        ]
        _run(initdb, user)
        options = f"-k {home} -c listen_addresses='' -c fsync=off"
        server: list[Path | str] = [folder / "pg_ctl", "-D", data, "-w", "-t", str(_START_S)]
        _run([*server, "-l", home / "log", "-o", options, "start"], user)
        try:
            yield f"host={home} user=econ dbname=postgres"
        finally:
            _run([*server, "-m", "immediate", "stop"], user)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _run(command: Sequence[Path | str], user: str | None) -> None:
    done = subprocess.run(
        command,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        user=user,
        cwd="/",
        timeout=2 * _START_S,
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
    )
    assert done.returncode == 0, f"{command[0]}: {done.stdout}"
