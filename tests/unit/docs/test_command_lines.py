"""Every command line of the pages is one that our programs take."""

import re
import shlex
from argparse import ArgumentParser

import pytest
from tests.unit.docs.pages import DOCS, ROOT, command_lines

from kryten_economy.cli.main import _parser
from kryten_economy.cli.prune import _parser as _prune_parser

PAGES = (ROOT / "README.md", *sorted(DOCS.rglob("*.md")))

_PARSERS: dict[str, ArgumentParser] = {
    "kryten-economy": _parser(),
    "kryten-economy-prune": _prune_parser(),
}
_STANDS_FOR = {
    "--log-level …": "--log-level INFO",
    "--days …": "--days 30",
    "completion SHELL": "completion bash",
    "COMMAND --help": "verify --help",
    "verify-round <round>": "verify-round 17",
    "…": "file",
}
"""Words of a page for what a reader puts in their place; capitals are taken as they are."""


def _told() -> list[str]:
    lines = {line for path in PAGES for line in command_lines(path.read_text(encoding="utf-8"))}
    return sorted(lines)


def _words(line: str) -> list[str]:
    """The words that the program would get, all that may be left out with them."""
    for told, meant in _STANDS_FOR.items():
        line = line.replace(told, meant)
    line = re.sub(r"<[^>]+>", "file", line)
    line = re.sub(r"[\[\]]", "", line)
    words = shlex.split(line, comments=True)
    return words[: next((n for n, word in enumerate(words) if word in {">", "|"}), len(words))]


def _exit_code(program: str, words: list[str]) -> object:
    """How the program would end over its arguments; 0 too where it would go on."""
    try:
        _PARSERS[program].parse_args(words)
    except SystemExit as ended:
        return ended.code
    return 0


def _commands() -> set[str]:
    [commands] = [
        each.choices
        for each in _PARSERS["kryten-economy"]._subparsers._group_actions  # type: ignore[union-attr]
    ]
    return set(commands or ())


@pytest.mark.parametrize("line", _told())
def test_the_program_takes_the_line(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A name alone names a command that there is; with arguments it is a line to be typed."""
    program, *words = _words(line)
    if not words:
        return  # the program is spoken of
    if len(words) == 1 and not words[0].startswith("-"):
        assert words[0] in _commands(), line
        return
    assert _exit_code(program, words) == 0, capsys.readouterr().err


def test_lines_are_found_and_bad_ones_are_noticed() -> None:
    """The pages have many; one with a flag that there is not would fail."""
    assert len(_told()) > 40
    for bad in ("kryten-economy verify --all", "kryten-economy restore --yes"):
        assert _exit_code("kryten-economy", _words(bad)[1:]) == 2


def test_every_command_is_on_a_page() -> None:
    """Whoever reads the pages learns of each command there is."""
    told = {word for line in _told() for word in _words(line)[1:]}
    assert _commands() - told == set()
