"""The example, broken in many harmless ways at once, loads with a warning for each line."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.config.samples import NO_ENVIRONMENT

from kryten_economy.config import load

EXAMPLE: Final = Path(__file__).parents[3] / "config.example.yaml"
NUMBER = re.compile(r"^( +)([a-z_]+): ([0-9.]+)( .*)?$")
CHANCE = re.compile(r"(win_chance|probability): [0-9.]+(?=[ ,])")
TEXT = re.compile(r'^( +)(message|queue|jackpot|rain|streak|rank_up): (".*"|\'.*\')$')
LENIENT = {"reward", "cooldown_seconds", "daily_limit", "win_chance", "probability", "max_wager"}


def _breakages() -> list[tuple[int, str]]:
    """Every line of the example that can be broken harmlessly, and what it is broken into."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    found: list[tuple[int, str]] = []
    for index, line in enumerate(lines):
        number = NUMBER.match(line)
        if number is not None and number[2] in LENIENT:
            found.append((index, f"{number[1]}{number[2]}: -1"))
        row = CHANCE.search(line)
        if row is not None:
            found.append((index, line.replace(row[0], f"{row[1]}: 1.5")))
        text = TEXT.match(line)
        if text is not None:
            found.append((index, f'{text[1]}{text[2]}: "{{nobody}} {{symbol:>9}}"'))
    return found


BREAKAGES = _breakages()


@given(st.lists(st.sampled_from(BREAKAGES), min_size=1, max_size=8, unique_by=lambda each: each[0]))
def test_any_harmless_breakage_loads(chosen: list[tuple[int, str]]) -> None:
    """However often the example is broken harmlessly, it loads and each line is warned about."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    for index, broken in chosen:
        lines[index] = broken
    with TemporaryDirectory() as folder:
        path = Path(folder, "config.yaml")
        path.write_text("\n".join(lines), encoding="utf-8")
        told = {warning.split(": ")[0] for warning in load(path, NO_ENVIRONMENT).warnings}
    assert told >= {f"{path}:{index + 1}" for index, _ in chosen}


def test_there_is_much_to_break() -> None:
    """The breakages are of each kind."""
    broken = "\n".join(text for _, text in BREAKAGES)
    assert all(kind in broken for kind in (": -1", "win_chance: 1.5", "{nobody}"))
    assert len(BREAKAGES) > 50
