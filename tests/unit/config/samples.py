"""Configuration texts for tests, and short ways to load them."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from kryten_economy.config import ConfigError, Loaded, Settings, load

NO_ENVIRONMENT: Mapping[str, str] = MappingProxyType({})
MINIMAL = """\
nats:
  servers: [nats://localhost:4222]
channels:
  - domain: cytu.be
    channel: Lounge
"""
# The first line after MINIMAL.
NEXT = MINIMAL.count("\n") + 1


def written(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def loaded(folder: Path, more: str = "", environ: Mapping[str, str] = NO_ENVIRONMENT) -> Loaded:
    return load(written(folder, MINIMAL + more), environ)


def settings(folder: Path, more: str = "", environ: Mapping[str, str] = NO_ENVIRONMENT) -> Settings:
    return loaded(folder, more, environ).settings


def faults(
    folder: Path, more: str, environ: Mapping[str, str] = NO_ENVIRONMENT, *, start: str = MINIMAL
) -> list[str]:
    """The problems as printed, with the folder cut from the file name."""
    path = written(folder, start + more)
    try:
        load(path, environ)
    except ConfigError as error:
        return [str(problem).replace(f"{folder}/", "") for problem in error.problems]
    return []


def warnings(folder: Path, more: str, environ: Mapping[str, str] = NO_ENVIRONMENT) -> list[str]:
    return [text.replace(f"{folder}/", "") for text in loaded(folder, more, environ).warnings]
