"""`docs/rules.md` names a test for each rule, and each of them exists."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]
TABLE = TESTS.parent / "docs" / "rules.md"

_TEST = re.compile(r"`([\w/]+\.py)::(test_\w+)`", re.ASCII)

PITFALLS = (
    *(f"P-PRES-{number}" for number in range(1, 10)),
    *(f"P-EARN-{number}" for number in range(1, 19)),
    *(f"P-USR-{number}" for number in range(1, 13)),
)
NOT_OFFERED = {"P-EARN-16", "P-USR-5"}
SECTIONS = (
    *(
        "1",
        "2.1",
        "2.2",
        "2.3",
        "2.4",
        "2.5",
        "3.1",
        "3.2",
        "3.3",
        "3.4",
        "3.5",
        "4",
        "5",
        "6",
        "7",
    ),
    *("8", "8.1", "8.2", "8.3", "8.4", "8.5", "8.6", "9.1", "9.2", "9.3", "9.4", "9.5", "10", "11"),
    *("P1", "P1.1", "P2", "P3"),
)


@cache
def rows() -> tuple[tuple[str, str], ...]:
    """The rule and the tests of each line of the tables."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    cells = [line.split("|")[1:-1] for line in lines if line.startswith("| ")]
    assert all(len(each) == 2 for each in cells), "a line of a table has two cells"
    return tuple((rule.strip(), tests) for rule, tests in cells if rule.strip() != "Rule")


@cache
def functions_in(path: str) -> frozenset[str]:
    """The names of the functions of a file, those in classes included."""
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(each.name for each in ast.walk(tree) if isinstance(each, kinds))


def test_each_rule_has_its_line() -> None:
    """Every pitfall that concerns what is offered stands in the table once, others in its text."""
    named = Counter(rule.split()[0] for rule, _ in rows())
    missing = [each for each in PITFALLS if named[each] != (each not in NOT_OFFERED)]
    assert missing == []
    text = TABLE.read_text(encoding="utf-8")
    assert [each for each in NOT_OFFERED if each not in text] == []
    assert [each for each in SECTIONS if not named[each]] == []
    assert set(named) <= {*PITFALLS, *SECTIONS}, "a line begins with the number of its rule"


def test_no_rule_stands_twice() -> None:
    """A rule has one line, with all its tests."""
    assert [rule for rule, count in Counter(rule for rule, _ in rows()).items() if count > 1] == []


def test_the_tests_of_each_rule_exist() -> None:
    """Each line names tests by path and name, nothing else, and they are there."""
    for rule, cell in rows():
        named = _TEST.findall(cell)
        assert named, rule
        assert _TEST.sub("", cell).strip() == "", rule
        assert [name for path, name in named if name not in functions_in(path)] == [], rule
