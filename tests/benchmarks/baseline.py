"""kryten-economy 0.13.0 from PyPI, in an environment of its own.

The environment never holds anything but that release and what it depends on. Two lines are
mended there and the report says so: the wait of 2 s after each PM becomes 0, and on Python 3.11,
where the release does not even compile, one f-string loses its backslash.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.subjects import BASELINE, Subject

__all__ = ("Baseline", "BaselineError", "install_baseline")

RELEASE = "kryten-economy==0.13.0"
_INSTALL_S = 300
_PM_WAIT = ("pm_handler.py", "_PM_SEND_INTERVAL: float = 2.0", "_PM_SEND_INTERVAL: float = 0.0")
_F_STRING = ("rank_engine.py", "{' \\u00b7 '.join(parts)}", "{' · '.join(parts)}")
_FACTS = (
    "import sys, kryten_economy, importlib.metadata as m;"
    "print(kryten_economy.__path__[0]);"
    "print(sys.version.split()[0], m.version('kryten-py'))"
)


class BaselineError(Exception):
    """The old release can't be installed here; the rest of the benchmark runs without it."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The installed old release, and in words how it differs from what is on PyPI."""

    subject: Subject
    remark: str


def install_baseline(home: Path) -> Baseline:
    """Install the release into ``home`` unless it is there already, and mend it.

    Raises:
        BaselineError: with what pip or Python said.
    """
    python = home / "bin" / "python"
    program = home / "bin" / "kryten-economy"
    if not program.exists():
        _run([_interpreter(), "-m", "venv", str(home)])
        _run([str(python), "-m", "pip", "install", "--quiet", RELEASE])
    package, versions = _run([str(python), "-c", _FACTS]).split("\n")[:2]
    python_version, library_version = versions.split()
    remark = f"{RELEASE} on Python {python_version} with kryten-py {library_version}"
    _mend(Path(package), *_PM_WAIT)
    remark += "; its wait of 2 s after each PM set to 0"
    if python_version.startswith("3.11."):
        _mend(Path(package), *_F_STRING)
        remark += "; one f-string mended, since it does not start on 3.11 as published"
    command = (str(program), "--log-level", "WARNING")
    subject = Subject(BASELINE, command, has_api=True, chat_chunk=40, users_max=400)
    return Baseline(subject, remark)


def _mend(package: Path, file: str, old: str, new: str) -> None:
    source = package / file
    text = source.read_text(encoding="utf-8")
    if old not in text and new not in text:
        raise BaselineError(f"{file} has not the line to be mended: {old}")
    source.write_text(text.replace(old, new), encoding="utf-8")


def _interpreter() -> str:
    """A Python of 3.12 or newer if one is found, else the one running this."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    installed = [str(path) for path in sorted(pyenv.glob("3.1[2-9]*/bin/python"))]
    named = [shutil.which(f"python3.{minor}") for minor in (12, 13, 14)]
    for candidate in [sys.executable, *installed, *named]:
        if candidate is not None and _is_new_enough(candidate):
            return candidate
    return sys.executable


def _is_new_enough(python: str) -> bool:
    asked = [python, "-c", "import sys; sys.exit(sys.version_info < (3, 12))"]
    return subprocess.run(asked, check=False, capture_output=True).returncode == 0


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=_INSTALL_S
        )
    except subprocess.CalledProcessError as failure:
        said = (failure.stderr or "").strip().splitlines()[-1:]
        raise BaselineError(" ".join([command[0], *command[2:4], *said])) from failure
    except (OSError, subprocess.TimeoutExpired) as failure:
        raise BaselineError(str(failure)) from failure
    return done.stdout
