"""The one way to settings: find, read, substitute, override, check.

Start, reload by message and reload by request all call `load`, so that they can't differ
(P-CFG-1). Either the whole configuration can be used, with a warning for everything
that is read otherwise than written, or every fault is listed at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kryten_economy.config.document import read
from kryten_economy.config.environment import apply_overrides
from kryten_economy.config.legacy import modernise
from kryten_economy.config.lenient import read_leniently
from kryten_economy.config.notices import setting_warnings
from kryten_economy.config.problems import ConfigError
from kryten_economy.config.settings import Settings
from kryten_economy.config.substitution import substitute
from kryten_economy.config.unknown import unknown_keys

__all__ = ("SEARCH_ORDER", "Loaded", "find_config", "load")

SEARCH_ORDER: Final = (Path("/etc/kryten/kryten-economy/config.yaml"), Path("config.yaml"))


@dataclass(frozen=True, slots=True)
class Loaded:
    """Good settings, and what the operator should be warned about."""

    settings: Settings
    warnings: tuple[str, ...]


def find_config(explicit: Path | None, search_order: Sequence[Path] = SEARCH_ORDER) -> Path:
    """The file to load: the one asked for, else the first of the search order that exists.

    ConfigError if there is none. A file asked for is not looked at here: `load` says what
    is wrong with it.
    """
    if explicit is not None:
        return explicit
    for candidate in search_order:
        if candidate.is_file():
            return candidate
    tried = " or ".join(map(str, search_order))
    raise ConfigError.of(tried, "no configuration file found; name one with --config")


def load(path: Path, environ: Mapping[str, str]) -> Loaded:
    """Read and check a configuration; ConfigError lists every fault with its place."""
    document = read(path)
    document.change_texts(lambda text: substitute(text, environ))
    problems, unknown = apply_overrides(document, environ)
    more_problems, warnings = modernise(document)
    problems += more_problems
    # Before anything is skipped, so that typos in what is skipped are told as well.
    misspelt = unknown_keys(document)
    read_otherwise = read_leniently(document)
    problems += read_otherwise.problems
    settings = read_otherwise.settings
    warnings = [*unknown, *misspelt, *warnings, *read_otherwise.warnings]
    if problems or settings is None:
        in_order = sorted(problems, key=lambda problem: problem.line or 0)
        raise ConfigError(tuple(in_order), tuple(warnings))
    return Loaded(settings, (*warnings, *setting_warnings(settings, document)))
