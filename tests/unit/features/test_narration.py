"""Lines of stories: whatever a template or a name holds, a line comes out that can be said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kryten_economy.dice import Dice
from kryten_economy.features.games import heist_texts as texts
from kryten_economy.features.narration import LINE_UNITS_MAX, told
from kryten_economy.text.markup import units
from kryten_economy.text.templates import variables

VALUES = {"user": "Ann", "payout": "1,250", "symbol": "Z"}


@pytest.mark.parametrize(
    ("pool", "most", "allowed"),
    [
        (texts.SCENARIOS, 20, {"user"}),
        (texts.WIN_LINES, 10, {"user", "payout", "symbol"}),
        (texts.LOSE_LINES, 10, {"user", "symbol"}),
        (texts.PUSH_LINES, 10, {"user", "symbol"}),
        (texts.JOIN_LINES, 10, {"user"}),
    ],
)
def test_the_built_in_pools(pool: tuple[str, ...], most: int, allowed: set[str]) -> None:
    """Enough of each kind, all different, all sound, short enough, none begins with a name."""
    assert len(set(pool)) == len(pool) >= most
    for line in pool:
        assert variables(line) <= allowed, line
        assert not line.startswith("{"), line
        assert units(line) <= 150, line


def test_every_win_says_what_it_pays() -> None:
    """And every join line says who."""
    assert all({"payout", "symbol"} <= variables(line) for line in texts.WIN_LINES)
    assert all("user" in variables(line) for line in (*texts.JOIN_LINES, *texts.SCENARIOS))


def test_unknown_placeholders_are_empty() -> None:
    """No raw name is ever shown (P-TXT-1)."""
    assert told(Dice(1), VALUES, ("Look, {name} and {user}!",)) == "Look, and Ann!"


@pytest.mark.parametrize("broken", ["a {user", "b } c", "{0}", "{user.name}", "{nobody}", "", " "])
def test_a_broken_template_is_another_line(broken: str) -> None:
    """It breaks nothing but itself (P-TXT-2), be it configured or written by a model."""
    assert told(Dice(1), VALUES, (broken,), ("sound",)) == "sound"
    assert told(Dice(1), VALUES, (broken, "sound")) == "sound"


def test_names_are_never_templates() -> None:
    """Values go in last (P-TXT-8), and none begins a line."""
    line = told(Dice(1), {"user": "{payout}", "payout": "7"}, ("{user} got {payout}",))
    assert line == "» {payout} got 7"


@given(st.text(max_size=400), st.text(max_size=60))
def test_any_template_and_any_name_make_one_line(template: str, name: str) -> None:
    """Whatever they hold: one line, not empty, not too long."""
    line = told(Dice(1), {"user": name}, (template,), ("sound",))
    assert line
    assert "\n" not in line
    assert units(line) <= LINE_UNITS_MAX
